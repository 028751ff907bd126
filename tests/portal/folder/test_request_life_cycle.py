"""The life of a disclosure request: every cell of the table, and the drawing in the documentation."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.folder.drawing import DOCUMENT, redrawn
from portal.folder.model import (
    OPEN_STATES,
    SHOWN_AS,
    TRANSITIONS,
    Event,
    State,
    Treatment,
    after,
    kept_until_ms,
    sources,
    treatment,
)
from portal.wire.moments import to_jst, to_ms
from portal.wire.problems import TABLE, ProblemCode


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_every_cell(state: State, event: Event) -> None:
    following = after(state, event)

    assert (following is None) == ((state, event) not in TRANSITIONS)
    if following is not None:
        assert state in sources(event)
        assert following is State.HANDED_OVER or following not in OPEN_STATES


def test_what_was_answered_stays_answered() -> None:
    assert all(after(State.ANSWERED, event) is None for event in Event)


@given(st.lists(st.sampled_from(Event), max_size=20))
def test_no_course_of_events_leaves_the_table(events: list[Event]) -> None:
    state = State.ASKING
    for event in events:
        state = after(state, event) or state
        assert state in SHOWN_AS
    if Event.ANSWER in events and Event.REFUSAL not in events:
        assert state is State.ANSWERED


def test_every_problem_has_its_treatment() -> None:
    assert {treatment(code) for code in TABLE} == set(Treatment)
    assert treatment(ProblemCode.NOT_PERMITTED) is Treatment.REFUSED
    assert treatment(ProblemCode.STOPPED) is Treatment.AGAIN


@pytest.mark.requirement("FLD-3")
def test_unread_is_kept_a_year() -> None:
    came = to_ms(to_jst(1_775_000_000_000))
    until = to_jst(kept_until_ms(came))
    assert (until.year, until.month, until.day) == (
        to_jst(came).year + 1,
        to_jst(came).month,
        to_jst(came).day,
    )


def test_the_drawing_is_the_table() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert redrawn(text) == text
