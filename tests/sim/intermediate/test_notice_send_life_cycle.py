"""The life of a send: every cell of the table, and the drawing in the documentation."""

from itertools import product

import pytest

from portal.wire.notice_sending import SendState
from sim.intermediate.notices.drawing import DOCUMENT, redrawn
from sim.intermediate.notices.model import TRANSITIONS, Event, after, cap_of, sources
from sim.intermediate.profiles import PROFILES


@pytest.mark.parametrize(("state", "event"), list(product(SendState, Event)))
def test_every_cell(state: SendState, event: Event) -> None:
    assert (after(state, event) is None) == ((state, event) not in TRANSITIONS)
    assert (state in sources(event)) == ((state, event) in TRANSITIONS)


@pytest.mark.requirement("NOT-6")
def test_what_ended_does_not_go_out_again() -> None:
    for state in (SendState.REFUSED, SendState.CANCELLED):
        assert all(after(state, event) is None for event in Event)


def test_every_profile_has_a_cap() -> None:
    assert all(cap_of(name) > 0 for name in PROFILES)
    assert cap_of("always") == 1_000_000


def test_the_drawing_is_the_table() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert redrawn(text) == text
