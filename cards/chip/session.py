"""The security state of a session: one table (CARD.md 1.4).

Theory of operation. Without power the card does nothing. With power the card manager is selected; an application is
selected by its AID. A right PIN grants a right that lasts until the power goes, the card is reset, or an application is
selected, also the same one again (whether a real card clears it then is not known; CARD.md recommends it). A wrong
try withdraws the right that the same PIN had granted. Signing uses nothing up: one VERIFY, many signatures.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from cards.pins import PinName


class SessionStage(Enum):
    """What the card is doing."""

    OFF = "no power"
    CARD_MANAGER = "card manager selected"
    APPLICATION = "application selected"


class SessionEvent(Enum):
    """What changes the security state."""

    POWER_ON = "power on or reset"
    POWER_OFF = "power off"
    CARD_MANAGER_SELECTED = "card manager selected"
    APPLICATION_SELECTED = "application selected"
    SELECTION_FAILED = "unknown AID"
    PIN_RIGHT = "right PIN"
    PIN_WRONG = "wrong PIN"


class Rights(Enum):
    """What happens to the rights that PINs have granted."""

    KEEP = "keep"
    CLEAR = "clear all"
    GRANT = "grant this PIN's"
    WITHDRAW = "withdraw this PIN's"


class SessionStep(NamedTuple):
    """One cell of the table."""

    then: SessionStage
    rights: Rights


_OFF, _MANAGER, _APPLICATION = SessionStage

SESSION: dict[tuple[SessionStage, SessionEvent], SessionStep | None] = {
    (_OFF, SessionEvent.POWER_ON): SessionStep(_MANAGER, Rights.CLEAR),
    (_OFF, SessionEvent.POWER_OFF): SessionStep(_OFF, Rights.CLEAR),
    (_OFF, SessionEvent.CARD_MANAGER_SELECTED): None,
    (_OFF, SessionEvent.APPLICATION_SELECTED): None,
    (_OFF, SessionEvent.SELECTION_FAILED): None,
    (_OFF, SessionEvent.PIN_RIGHT): None,
    (_OFF, SessionEvent.PIN_WRONG): None,
    (_MANAGER, SessionEvent.POWER_ON): SessionStep(_MANAGER, Rights.CLEAR),
    (_MANAGER, SessionEvent.POWER_OFF): SessionStep(_OFF, Rights.CLEAR),
    (_MANAGER, SessionEvent.CARD_MANAGER_SELECTED): SessionStep(_MANAGER, Rights.CLEAR),
    (_MANAGER, SessionEvent.APPLICATION_SELECTED): SessionStep(_APPLICATION, Rights.CLEAR),
    (_MANAGER, SessionEvent.SELECTION_FAILED): SessionStep(_MANAGER, Rights.KEEP),
    (_MANAGER, SessionEvent.PIN_RIGHT): None,
    (_MANAGER, SessionEvent.PIN_WRONG): None,
    (_APPLICATION, SessionEvent.POWER_ON): SessionStep(_MANAGER, Rights.CLEAR),
    (_APPLICATION, SessionEvent.POWER_OFF): SessionStep(_OFF, Rights.CLEAR),
    (_APPLICATION, SessionEvent.CARD_MANAGER_SELECTED): SessionStep(_MANAGER, Rights.CLEAR),
    (_APPLICATION, SessionEvent.APPLICATION_SELECTED): SessionStep(_APPLICATION, Rights.CLEAR),
    (_APPLICATION, SessionEvent.SELECTION_FAILED): SessionStep(_APPLICATION, Rights.KEEP),
    (_APPLICATION, SessionEvent.PIN_RIGHT): SessionStep(_APPLICATION, Rights.GRANT),
    (_APPLICATION, SessionEvent.PIN_WRONG): SessionStep(_APPLICATION, Rights.WITHDRAW),
}
"""None: cannot happen (no power, or the card manager, which has no PIN)."""


class Session:
    """Stage and rights, changed by `happen` alone."""

    __slots__ = ("granted", "stage")

    def __init__(self) -> None:
        self.stage = SessionStage.OFF
        self.granted: frozenset[PinName] = frozenset()

    def __repr__(self) -> str:
        return f"Session({self.stage.value}, granted: {', '.join(sorted(self.granted)) or 'nothing'})"

    def happen(self, event: SessionEvent, pin: PinName | None = None) -> None:
        """Follow the table. `pin` is needed by `PIN_RIGHT` and `PIN_WRONG`, and by no other."""
        step = SESSION[self.stage, event]
        assert step is not None, f"{event} cannot happen in {self.stage}"
        self.stage = step.then
        match step.rights:
            case Rights.KEEP:
                pass
            case Rights.CLEAR:
                self.granted = frozenset()
            case Rights.GRANT:
                assert pin is not None
                self.granted |= {pin}
            case Rights.WITHDRAW:
                assert pin is not None
                self.granted -= {pin}
