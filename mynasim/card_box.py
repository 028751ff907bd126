"""The cards of one state folder, as the command line takes them in hand."""

import sys
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

import trio

from cards.card import Card
from cards.contents import CardKind
from cards.pins import PinName
from mynasim import place
from portal.refusal import Refusal
from portal.seams.chance import LiveChance
from portal.seams.clock import LiveClock
from portal.wire.moments import day_of
from sim.cards_desk.memory import CardMemory, KeptCard, open_memory
from sim.nation.nation import UnknownResident
from sim.world.settings import WorldSettings


class NoSuchResident(Refusal):
    """There is no such resident in this world."""


class CardBox(AbstractContextManager["CardBox"]):
    """カード入れ: takes any resident's card out of the state folder's world, which need not be running."""

    def __init__(self, folder: Path, settings: WorldSettings, kind: CardKind) -> None:
        self._folder = folder
        self._settings = settings
        self._kind = kind
        self._chance = LiveChance()
        self._memory: CardMemory | None = None

    def __repr__(self) -> str:
        return f"CardBox({self._folder}, {self._kind.value})"

    def __enter__(self) -> "CardBox":
        """Raises ``StateOfAnotherWorld``, ``StateUnusable``, ``StorageRefused``."""
        try:
            self.facts = place.world_facts(self._folder, self._settings, day_of(LiveClock().now_ms()))
        except OSError as error:
            raise place.StateUnusable(
                f"状態フォルダー {self._folder} に書き込めません（{error.strerror}）。"
                "権限を直すか、--state で別のフォルダーを使ってください。"
            ) from error
        self._memory = trio.run(open_memory, self._folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._memory is not None:
            self._memory.close()

    def number_of(self, resident: str) -> int:
        """Raises :class:`NoSuchResident`."""
        try:
            return self.facts.nation.number_of(resident)
        except UnknownResident as error:
            raise NoSuchResident(str(error)) from error

    def card(self, resident: str) -> KeptCard:
        """This resident's card, with the memory that it has. Raises :class:`NoSuchResident` and as ``CardMemory.card``."""
        assert self._memory is not None, "the box is not open"
        n = self.number_of(resident)
        return self._memory.card(self.facts.wallet, n, self._chance, self._kind, on_trouble=_complain)

    def handed_over_pin(self, resident: str, name: PinName) -> str:
        """The value that this PIN had when the card was handed over."""
        pins = self.facts.wallet.pins(self.number_of(resident))
        return pins.sign if name is PinName.SIGN else pins.auth


def about(resident: str, card: Card) -> str:
    """One line for a list: whose card, and its PINs, which are there to be used."""
    values = card.state.values
    pins = f"暗証番号 {values[PinName.AUTH]}"
    if PinName.SIGN in values:
        pins += f"、署名用 {values[PinName.SIGN]}"
    return f"{resident}　{card.contents.name}　{pins}"


def _complain(what: str) -> None:
    sys.stderr.write(f"mynasim: {what}\n")
