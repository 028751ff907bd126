"""The two tables, tested cell by cell: the life of a PIN and the security state of a session (CARD.md 1.3, 1.4)."""

from __future__ import annotations

import itertools

import pytest

from cards.chip.pin_life import PIN_LIFE, Counter, PinEvent, PinOutcome, PinStage, live, stage
from cards.chip.session import SESSION, Rights, Session, SessionEvent, SessionStage
from cards.issuing import CounterOutcome, set_pin
from cards.pins import CHOSEN_BY_HOLDER, TRIES_MAX, PinName, well_formed
from cards.state import CardState


def test_tables_are_complete() -> None:
    assert set(PIN_LIFE) == set(itertools.product(PinStage, PinEvent))
    assert set(SESSION) == set(itertools.product(SessionStage, SessionEvent))


@pytest.mark.requirement("ACC-1")
@pytest.mark.parametrize("name", [each for each in PinName if TRIES_MAX[each]])
@pytest.mark.parametrize("event", PinEvent)
def test_every_cell_with_every_counter(name: PinName, event: PinEvent) -> None:
    seen = set()
    for left in range(TRIES_MAX[name] + 1):
        state = CardState.fresh()
        state.tries_left[name] = left
        before = stage(state, name)
        seen.add(before)
        step = PIN_LIFE[before, event]
        assert live(state, name, event) is step.outcome
        after = state.tries_left[name]
        assert stage(state, name) in step.then
        assert (
            after == {Counter.KEEP: left, Counter.LESS: left - 1, Counter.FULL: TRIES_MAX[name]}[step.counter]
        )
        assert (state.revision > 0) == (after != left)
        # What must hold of every cell, said a second time and not by the table.
        if event is PinEvent.ASKED:
            assert after == left
        if event is PinEvent.WRONG:
            assert after == max(0, left - 1)
        if left == 0 and event is not PinEvent.UNBLOCKED:
            assert after == 0
            assert step.outcome in (PinOutcome.BLOCKED, PinOutcome.EXHAUSTED)
    assert seen == set(PinStage)


@pytest.mark.parametrize("before", SessionStage)
@pytest.mark.parametrize("event", SessionEvent)
def test_every_cell_of_the_session(before: SessionStage, event: SessionEvent) -> None:
    session = Session()
    session.stage = before
    session.granted = frozenset({PinName.AUTH, PinName.SIGN})
    step = SESSION[before, event]
    if step is None:
        with pytest.raises(AssertionError):
            session.happen(event, PinName.AUTH)
        return
    session.happen(event, PinName.AUTH)
    assert session.stage is step.then
    expected = {
        Rights.KEEP: {PinName.AUTH, PinName.SIGN},
        Rights.CLEAR: set(),
        Rights.GRANT: {PinName.AUTH, PinName.SIGN},
        Rights.WITHDRAW: {PinName.SIGN},
    }[step.rights]
    assert session.granted == expected
    # Only a right PIN grants anything.
    assert (step.rights is Rights.GRANT) == (event is SessionEvent.PIN_RIGHT)


@pytest.mark.parametrize("name", CHOSEN_BY_HOLDER)
def test_the_counter_unblocks(name: PinName) -> None:
    state = CardState.fresh()
    state.tries_left[name] = 0
    new = "NEW4567" if name is PinName.SIGN else "4567"
    assert set_pin(state, name, "?") is CounterOutcome.WRONG_FORM
    assert state.tries_left[name] == 0
    assert set_pin(state, name, new) is CounterOutcome.DONE
    assert (state.values[name], state.tries_left[name]) == (new, TRIES_MAX[name])


def test_the_counter_refuses_what_is_not_chosen_or_not_there() -> None:
    child = CardState.fresh(sign_pin=None)
    assert set_pin(child, PinName.SIGN, "ABC123") is CounterOutcome.NOT_ISSUED
    assert child.tries_left[PinName.SIGN] == 0
    assert set_pin(child, PinName.SURFACE_CODE_A, "1234") is CounterOutcome.NOT_CHOSEN


@pytest.mark.parametrize(
    ("name", "value", "good"),
    [
        (PinName.AUTH, b"0000", True),
        (PinName.AUTH, b"123", False),
        (PinName.AUTH, b"12345", False),
        (PinName.AUTH, b"12a4", False),
        (PinName.SIGN, b"ABC123", True),
        (PinName.SIGN, b"ABCDEFGHIJKLMNO1", True),
        (PinName.SIGN, b"ABCDEFGHIJKLMNOP1", False),
        (PinName.SIGN, b"AB123", False),
        (PinName.SIGN, b"ABCDEF", False),
        (PinName.SIGN, b"123456", False),
        (PinName.SIGN, b"abc123", False),
        (PinName.SIGN, b"ABC12!", False),
        (PinName.TEXT_CODE_A, b"1234", False),
    ],
)
def test_forms_of_pins(name: PinName, value: bytes, *, good: bool) -> None:
    assert well_formed(name, value) is good


def test_state_survives_saving() -> None:
    state = CardState.fresh(auth_pin="4321", sign_pin="PASS1234")
    live(state, PinName.AUTH, PinEvent.WRONG)
    assert CardState.from_json(state.to_json()) == state


@pytest.mark.parametrize("damage", [b'"auth":4', b'"auth":-1'])
def test_a_damaged_state_is_refused(damage: bytes) -> None:
    saved = CardState.fresh().to_json().replace(b'"auth":3', damage)
    with pytest.raises(ValueError, match="auth"):
        CardState.from_json(saved)


def test_fresh_refuses_malformed_pins() -> None:
    with pytest.raises(ValueError, match="sign"):
        CardState.fresh(sign_pin="short")
