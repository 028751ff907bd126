"""What only the issuer's counter can do with a card: unblock and set PINs (統合端末 at a municipality).

A real counter does it with the issuer's key over a protected channel, whose commands are not public; on the card
those commands answer 6982 to everybody else. Here the counter is handed the state itself.
"""

from __future__ import annotations

from enum import Enum

from cards.chip.pin_life import PinEvent, live
from cards.pins import CHOSEN_BY_HOLDER, PinName, well_formed
from cards.state import CardState


class CounterOutcome(Enum):
    """What the counter's terminal says."""

    DONE = "set, all tries back"
    WRONG_FORM = "the new PIN has the wrong form"
    NOT_CHOSEN = "this one follows from the card's face and cannot be set"
    NOT_ISSUED = "the card has no such PIN (no signature certificate)"


def set_pin(state: CardState, name: PinName, value: str) -> CounterOutcome:
    """Give a PIN a new value and all its tries back, blocked or not.

    For a card without a signature certificate the signature PIN stays blocked.
    """
    if name not in CHOSEN_BY_HOLDER:
        return CounterOutcome.NOT_CHOSEN
    if name not in state.values:
        return CounterOutcome.NOT_ISSUED
    if not well_formed(name, value.encode("utf-8")):
        return CounterOutcome.WRONG_FORM
    live(state, name, PinEvent.UNBLOCKED)
    state.values[name] = value
    state.revision += 1
    return CounterOutcome.DONE
