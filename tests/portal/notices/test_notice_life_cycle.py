"""The life of a notice: every cell of the table, its end, and the drawing in the documentation."""

from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.notices.drawing import DOCUMENT, redrawn
from portal.notices.model import (
    SHOWN_AS,
    TRANSITIONS,
    Event,
    State,
    after,
    kept_until_ms,
    state_of,
)
from portal.wire.moments import to_jst


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_every_cell(state: State, event: Event) -> None:
    following = after(state, event)

    assert (following is None) == ((state, event) not in TRANSITIONS)
    if following is not None:
        assert following in SHOWN_AS or following is State.GONE


@pytest.mark.requirement("FLD-4")
@pytest.mark.parametrize("state", [state for state in State if state is not State.GONE])
def test_retention_and_its_owner_end_it_from_everywhere(state: State) -> None:
    assert after(state, Event.RETENTION_END) is State.GONE
    assert after(state, Event.DELETION) is State.GONE


@pytest.mark.requirement("NOT-6")
def test_what_was_opened_leaves_a_shell_and_what_was_not_leaves_nothing() -> None:
    assert after(State.UNOPENED, Event.CANCELLATION) is State.GONE
    assert after(State.OPENED, Event.CANCELLATION) is State.WITHDRAWN
    assert after(State.ANSWERED, Event.CANCELLATION) is State.WITHDRAWN


@given(st.lists(st.sampled_from(Event), max_size=20))
def test_no_course_of_events_answers_what_is_gone(events: list[Event]) -> None:
    state, opened = State.UNOPENED, False
    for event in events:
        before, following = state, after(state, event)
        if event is Event.ANSWER:
            assert (following is not None) == (before in (State.OPENED, State.ANSWERED))
        state = following or state
        opened = opened or state is not State.UNOPENED
    assert state in State
    assert state is not State.ANSWERED or opened


@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("withdrawn", [False, True])
def test_what_is_stored_has_a_state(opened: bool, answered: bool, withdrawn: bool) -> None:
    state = state_of(opened=opened, answered=answered, withdrawn=withdrawn)

    assert state in SHOWN_AS
    assert (state is State.WITHDRAWN) == withdrawn
    assert (state is State.UNOPENED) == (not opened and not answered and not withdrawn)


@pytest.mark.requirement("NOT-5")
def test_the_last_day_is_whole() -> None:
    assert to_jst(kept_until_ms(date(2026, 4, 30))).isoformat() == "2026-05-01T00:00:00+09:00"


def test_the_drawing_is_the_table() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert redrawn(text) == text
