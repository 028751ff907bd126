"""The life of a PIN: one table (CARD.md 1.3 and 1.4).

Theory of operation. A PIN has a value and a counter of tries left. A wrong value takes one try away, a right value gives
all of them back, asking costs nothing. At zero the PIN is blocked: the try that empties the counter is answered 63C0, each
later one 6984, right or wrong, and no command that a holder can send brings it back; only the issuer can. Time
changes nothing. The table below is the whole of it; `docs/card.md` is drawn from it.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from cards.pins import TRIES_MAX, PinName
from cards.state import CardState


class PinStage(Enum):
    """Where a PIN stands; follows from its counter alone."""

    ALL_TRIES = "all tries left"
    SOME_TRIES = "some tries left"
    LAST_TRY = "one try left"
    BLOCKED = "blocked"


class PinEvent(Enum):
    """What can happen to a PIN."""

    RIGHT = "right value"
    WRONG = "wrong value"
    ASKED = "asked for tries"
    CHANGED = "new value"
    UNBLOCKED = "issuer sets a new value"


class Counter(Enum):
    """What happens to the counter of tries."""

    KEEP = "keep"
    LESS = "one less"
    FULL = "all back"


class PinOutcome(Enum):
    """What the card says. Closed: every VERIFY ends in one of these."""

    ACCEPTED = "9000"
    COUNTED = "63Cx"
    EXHAUSTED = "63C0"
    BLOCKED = "6984"


class PinStep(NamedTuple):
    """One cell of the table. `then` has more than one stage where the counter decides."""

    counter: Counter
    outcome: PinOutcome
    then: frozenset[PinStage]


_ALL, _SOME, _LAST, _BLOCKED = PinStage
_ACCEPTED = PinStep(Counter.FULL, PinOutcome.ACCEPTED, frozenset({_ALL}))
_STILL_BLOCKED = PinStep(Counter.KEEP, PinOutcome.BLOCKED, frozenset({_BLOCKED}))

PIN_LIFE: dict[tuple[PinStage, PinEvent], PinStep] = {
    (_ALL, PinEvent.RIGHT): _ACCEPTED,
    (_SOME, PinEvent.RIGHT): _ACCEPTED,
    (_LAST, PinEvent.RIGHT): _ACCEPTED,
    (_BLOCKED, PinEvent.RIGHT): _STILL_BLOCKED,
    # No PIN has fewer than three tries, so the first wrong value never leaves only one.
    (_ALL, PinEvent.WRONG): PinStep(Counter.LESS, PinOutcome.COUNTED, frozenset({_SOME})),
    (_SOME, PinEvent.WRONG): PinStep(Counter.LESS, PinOutcome.COUNTED, frozenset({_SOME, _LAST})),
    (_LAST, PinEvent.WRONG): PinStep(Counter.LESS, PinOutcome.EXHAUSTED, frozenset({_BLOCKED})),
    (_BLOCKED, PinEvent.WRONG): _STILL_BLOCKED,
    (_ALL, PinEvent.ASKED): PinStep(Counter.KEEP, PinOutcome.COUNTED, frozenset({_ALL})),
    (_SOME, PinEvent.ASKED): PinStep(Counter.KEEP, PinOutcome.COUNTED, frozenset({_SOME})),
    (_LAST, PinEvent.ASKED): PinStep(Counter.KEEP, PinOutcome.COUNTED, frozenset({_LAST})),
    (_BLOCKED, PinEvent.ASKED): PinStep(Counter.KEEP, PinOutcome.EXHAUSTED, frozenset({_BLOCKED})),
    (_ALL, PinEvent.CHANGED): _ACCEPTED,
    (_SOME, PinEvent.CHANGED): _ACCEPTED,
    (_LAST, PinEvent.CHANGED): _ACCEPTED,
    (_BLOCKED, PinEvent.CHANGED): _STILL_BLOCKED,
    (_ALL, PinEvent.UNBLOCKED): _ACCEPTED,
    (_SOME, PinEvent.UNBLOCKED): _ACCEPTED,
    (_LAST, PinEvent.UNBLOCKED): _ACCEPTED,
    (_BLOCKED, PinEvent.UNBLOCKED): _ACCEPTED,
}


def stage(state: CardState, name: PinName) -> PinStage:
    """Where the PIN stands."""
    left = state.tries_left[name]
    if left == 0:
        return PinStage.BLOCKED
    if left == TRIES_MAX[name]:
        return PinStage.ALL_TRIES
    return PinStage.LAST_TRY if left == 1 else PinStage.SOME_TRIES


def live(state: CardState, name: PinName, event: PinEvent) -> PinOutcome:
    """Let `event` happen to the PIN; the counter in `state` follows the table."""
    step = PIN_LIFE[stage(state, name), event]
    left = state.tries_left[name]
    after = {Counter.KEEP: left, Counter.LESS: left - 1, Counter.FULL: TRIES_MAX[name]}[step.counter]
    if after != left:
        state.tries_left[name] = after
        state.revision += 1
    assert stage(state, name) in step.then
    return step.outcome
