"""The rules of a delegation, apart from storage (PRX-1…6)."""

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.proxies.drawing import DOCUMENT, redrawn
from portal.proxies.model import (
    TRANSITIONS,
    Delegation,
    Event,
    State,
    after,
    agreed_to,
    check_new_end,
    check_period,
    check_scope,
    end_of,
    last_day_at_most,
)
from portal.wire.limits import PROXY_STARTS_IN_DAYS_MAX
from portal.wire.moments import DAY, start_of
from portal.wire.problems import Problem, ProblemCode
from portal.wire.proxies import DelegationState, Right, Scope, Terms

TODAY = date(2026, 4, 1)
CODE = "TM00000000000001"
days = st.dates(date(2020, 1, 1), date(2060, 1, 1))


def code_of(found: Problem | None) -> ProblemCode | None:
    return None if found is None else found.code


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_every_cell(state: State, event: Event) -> None:
    following = after(state, event)

    assert (following is None) == ((state, event) not in TRANSITIONS)
    if state is not State.GRANTED:
        assert following is None, "what is over stays over"
    elif event is not Event.CHANGE:
        assert following not in (None, State.GRANTED)


@pytest.mark.requirement("PRX-5")
@given(days)
def test_two_years_and_not_a_day_more(start: date) -> None:
    last = last_day_at_most(start)

    assert check_period(start, last, start) is None
    assert code_of(check_period(start, last + timedelta(days=1), start)) is ProblemCode.PERIOD_REFUSED
    assert timedelta(days=728) <= last - start <= timedelta(days=731)


@pytest.mark.requirement("PRX-5")
@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        (TODAY + timedelta(days=30), date(2028, 4, 1), "$.end"),
        (TODAY - timedelta(days=1), TODAY, "$.start"),
        (TODAY + timedelta(days=PROXY_STARTS_IN_DAYS_MAX + 1), TODAY + timedelta(days=365), "$.start"),
        (TODAY, TODAY - timedelta(days=1), "$.end"),
        (TODAY, date(2028, 4, 1), "$.end"),
    ],
)
def test_periods_that_are_refused(start: date, end: date, field: str) -> None:
    found = check_period(start, end, TODAY)
    assert found is not None
    assert (found.code, found.field) == (ProblemCode.PERIOD_REFUSED, field)


@pytest.mark.parametrize("end", [TODAY, date(2028, 3, 31)])
def test_periods_that_are_taken(end: date) -> None:
    assert check_period(TODAY, end, TODAY) is None


@pytest.mark.requirement("PRX-5")
def test_the_two_years_begin_when_it_is_registered() -> None:
    later = TODAY + timedelta(days=60)

    assert check_period(later, last_day_at_most(TODAY), TODAY) is None
    assert code_of(check_period(later, last_day_at_most(later), TODAY)) is ProblemCode.PERIOD_REFUSED


@pytest.mark.requirement("PRX-4")
@pytest.mark.parametrize(
    ("scope", "fits"),
    [
        (Scope((Right.RECORDS,)), True),
        (Scope(tuple(Right), (CODE,)), True),
        (Scope((Right.RECORDS, Right.RECORDS)), False),
        (Scope((Right.SELF_INFORMATION,)), False),
        (Scope((Right.NOTICES,), (CODE,)), False),
        (Scope((Right.SELF_INFORMATION,), (CODE, CODE)), False),
        (Scope((Right.RECORDS,), memo="入院のあいだ\r\nお願いする😀"), True),
        (Scope((Right.RECORDS,), memo="\u202eさかさま"), False),
        (Scope((Right.RECORDS,), memo="\x00"), False),
    ],
)
def test_scopes(scope: Scope, fits: bool) -> None:
    assert (check_scope(scope) is None) == fits


def granted(start: date, end: date) -> Delegation:
    return Delegation("d", "owner", "proxy", State.GRANTED, b"", 0, 0, start_of(start), end_of(end))


@pytest.mark.requirement("PRX-6")
@given(days, st.integers(1, 700), st.integers(1, 365), st.integers(-800 * DAY, 800 * DAY))
def test_over_time(start: date, length: int, warn_days: int, offset: int) -> None:
    end = start + timedelta(days=length - 1)
    one = granted(start, end)
    now = one.start_ms + offset
    scope = Scope((Right.RECORDS,), warn_days=warn_days)

    shown = one.shown_at(now)

    assert one.active_at(now) == (shown is DelegationState.ACTIVE) == (one.start_ms <= now < one.end_ms)
    assert one.ends_soon(now, scope) == (one.end_ms - warn_days * DAY <= now < one.end_ms)
    assert one.last_day == end


@pytest.mark.parametrize("state", [State.ENDED, State.WITHDRAWN, State.EXPIRED])
def test_what_is_over_is_never_active(state: State) -> None:
    one = granted(TODAY, TODAY)._replace(state=state)

    assert not one.active_at(one.start_ms)
    assert one.shown_at(one.start_ms).value == state.value
    assert not one.ends_soon(one.start_ms, Scope((Right.RECORDS,)))


def test_an_end_comes_earlier_and_never_later() -> None:
    one = granted(TODAY, TODAY + timedelta(days=10))
    ahead = [
        offset
        for offset in range(-5, 15)
        if check_new_end(one, TODAY + timedelta(days=offset), TODAY) is None
    ]

    assert ahead == list(range(11))


def test_a_card_agrees_to_these_terms_in_this_session_alone() -> None:
    terms = Terms(Scope((Right.RECORDS,)), TODAY, TODAY)
    others = [
        agreed_to(Terms(Scope((Right.NOTICES,)), TODAY, TODAY), b"one"),
        agreed_to(Terms(Scope((Right.RECORDS,)), TODAY, TODAY + timedelta(days=1)), b"one"),
        agreed_to(terms, b"two"),
    ]

    assert agreed_to(terms, b"one") not in others
    assert len({*others}) == len(others)


def test_the_drawing_is_the_table() -> None:
    document = DOCUMENT.read_text("utf-8")

    assert redrawn(document) == document, "python -m portal.proxies.drawing"
