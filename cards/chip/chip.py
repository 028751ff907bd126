"""What commands work on: the contents, the remembered state, the session, what is selected."""

from __future__ import annotations

from collections.abc import Callable

from cards.chip.files import Application, File, Guard, TransparentFile
from cards.chip.session import Session, SessionEvent
from cards.chip.status import SW
from cards.contents import CardContents
from cards.pins import CHOSEN_BY_HOLDER, PinName
from cards.state import CardState

Chance = Callable[[int], bytes]
"""Gives this many random bytes: the world's own source, so that a simulated world repeats."""


class Chip:
    """One card's chip. `file` is the current EF. File images are made when first read and kept until the power goes."""

    __slots__ = (
        "_images",
        "application",
        "applications",
        "chance",
        "contents",
        "file",
        "manager",
        "session",
        "state",
    )

    def __init__(
        self,
        contents: CardContents,
        state: CardState,
        chance: Chance,
        applications: dict[bytes, Application],
        manager: Application,
    ) -> None:
        self.contents = contents
        self.state = state
        self.chance = chance
        self.applications = applications
        self.manager = manager
        self.application = manager
        self.file: File | None = None
        self.session = Session()
        self._images: dict[TransparentFile, bytes] | None = None

    def power_on(self) -> None:
        """Cold or warm reset."""
        self.session.happen(SessionEvent.POWER_ON)
        self.application = self.manager
        self.file = None

    def power_off(self) -> None:
        """Everything but the state is forgotten."""
        self.session.happen(SessionEvent.POWER_OFF)
        self.application = self.manager
        self.file = None
        self._images = None

    def select(self, aid: bytes) -> bool:
        """Select an application by its whole AID. A real card also takes a prefix; that is not copied (CARD.md 1.4)."""
        found = self.applications.get(aid)
        if found is None:
            self.session.happen(SessionEvent.SELECTION_FAILED)
            return False
        self.session.happen(
            SessionEvent.CARD_MANAGER_SELECTED if found is self.manager else SessionEvent.APPLICATION_SELECTED
        )
        self.application = found
        self.file = None
        return True

    def opened(self, guard: Guard) -> bool:
        """Whether what the session was granted satisfies the guard."""
        return guard is None or not guard.isdisjoint(self.session.granted)

    def image(self, file: TransparentFile) -> bytes:
        """The bytes of a transparent file."""
        images = self._images
        if images is None:
            images = self._images = {}
        image = images.get(file)
        if image is None:
            image = images[file] = file.image(self.contents)
        return image

    def referred(self, reference: int) -> File | SW:
        """The file that a P2 of 80 (the current one) or 80|SFI means; an SFI makes it the current file."""
        if reference & 0x60:
            return SW.WRONG_P1_P2
        short = reference & 0x1F
        if short == 0:
            return self.file if self.file is not None else SW.NO_CURRENT_FILE
        if short == 0x1F:
            return SW.WRONG_P1_P2
        found = self.application.files.get(short)
        if found is None:
            return SW.FILE_NOT_FOUND
        self.file = found
        return found

    def secret(self, name: PinName) -> bytes | None:
        """The value that VERIFY compares with; None when there is none (it is then always blocked)."""
        if name in CHOSEN_BY_HOLDER:
            value = self.state.values.get(name)
            return None if value is None else value.encode()
        match name:
            case PinName.TEXT_CODE_A | PinName.SURFACE_CODE_A:
                return self.contents.code_a.encode()
            case PinName.TEXT_CODE_B | PinName.SURFACE_CODE_B:
                return self.contents.code_b.encode()
            case PinName.SURFACE_BIRTH:
                return self.contents.code_b[:6].encode()
            case _:
                return None
