"""Periods, cursors and words of the history (HIS-1, 2, 3)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.history.model import (
    ACTIONS,
    DETAIL_CHARACTERS_MAX,
    OPERATORS,
    SERVICES,
    Cursor,
    Range,
    detail_of,
    oldest_ms,
    range_of,
    read_cursor,
)
from portal.wire.history import Action, HistoryQuery, Operator, Service
from portal.wire.moments import day_of, start_of
from portal.wire.problems import Problem

NOW = start_of(date(2026, 11, 23)) + 9 * 3_600_000
DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))


def test_everything_has_its_words() -> None:
    assert set(SERVICES) == set(Service)
    assert set(ACTIONS) == set(Action)
    assert set(OPERATORS) == set(Operator)


@pytest.mark.requirement("HIS-3")
@pytest.mark.parametrize(
    ("today", "oldest"),
    [
        (date(2026, 11, 23), date(2025, 8, 23)),
        (date(2026, 5, 31), date(2025, 2, 28)),
        (date(2025, 5, 31), date(2024, 2, 29)),
        (date(2026, 3, 1), date(2024, 12, 1)),
    ],
)
def test_fifteen_months(today: date, oldest: date) -> None:
    assert day_of(oldest_ms(start_of(today))) == oldest


@pytest.mark.requirement("HIS-1")
@given(start=st.none() | DAYS, end=st.none() | DAYS)
def test_a_period_holds_both_its_days_and_nothing_that_is_gone(start: date | None, end: date | None) -> None:
    within = range_of(HistoryQuery(start, end), NOW)
    if start is not None and end is not None and end < start:
        assert isinstance(within, Problem) and within.field == "$.end"
        return

    assert isinstance(within, Range)
    assert within.start_ms >= oldest_ms(NOW) and within.end_ms <= NOW + 1
    for day in (start, end):
        if day is None or not (oldest_ms(NOW) <= start_of(day) and start_of(day) + 86_400_000 <= NOW):
            continue
        assert (within.start_ms <= start_of(day)) or day != start
        assert (within.end_ms > start_of(day) + 86_399_999) or day != end


@given(st.integers(0, 1 << 50), st.sampled_from(list(Service)), st.sampled_from(list(Action)), st.text())
def test_a_cursor_comes_back(at_ms: int, service: Service, action: Action, about: str) -> None:
    cursor = Cursor(at_ms, str(service), str(action), about)
    assert read_cursor(cursor.text()) == cursor


@given(st.text())
def test_any_text_is_a_cursor_or_none(text: str) -> None:
    found = read_cursor(text)
    assert found is None or found.at_ms >= 0


def test_a_title_without_end_is_cut() -> None:
    said = detail_of("長" * 1000, "送" * 1000, "x" * 1000)
    assert said.startswith("「長") and "…」（送" in said and len(said) < 3 * DETAIL_CHARACTERS_MAX + 10
