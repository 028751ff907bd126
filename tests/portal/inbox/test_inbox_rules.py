"""The list of everything: where a page ends, what a period and words mean."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.inbox.model import Cursor, Place, Wanted, read_cursor, says, wanted_of, words_of
from portal.wire.inbox import InboxKind, ListInbox
from portal.wire.moments import LAST_MS, start_of
from portal.wire.problems import Problem, ProblemCode

names = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0189-_", max_size=64)
places = st.builds(Place, st.integers(0, LAST_MS), names)


@given(st.builds(Cursor, st.integers(0, LAST_MS), st.integers(0, 10**18 - 1), places, places))
def test_a_cursor_comes_back_as_it_was_said(cursor: Cursor) -> None:
    assert read_cursor(cursor.text()) == cursor


@given(st.text(max_size=60))
def test_what_nobody_said_is_no_cursor_or_a_harmless_one(text: str) -> None:
    cursor = read_cursor(text)
    assert cursor is None or cursor.requests.at_ms >= 0


@pytest.mark.requirement("FLD-5")
def test_both_days_of_a_period_are_included() -> None:
    day = date(2026, 4, 1)
    wanted = wanted_of(ListInbox(InboxKind.NOTICE, True, day, day))
    assert wanted == Wanted(InboxKind.NOTICE, True, start_of(day), start_of(date(2026, 4, 2)))
    assert wanted_of(ListInbox()) == Wanted(None, False, 0, LAST_MS)
    refused = wanted_of(ListInbox(start=date(2026, 4, 2), end=day))
    assert isinstance(refused, Problem) and refused.code is ProblemCode.PERIOD_REFUSED
    assert refused.field == "$.end"


@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_first_and_the_last_day_there_are(day: date) -> None:
    assert isinstance(wanted_of(ListInbox(start=day, end=day)), Wanted)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("予防接種", True),
        ("ＰＤＦ", True),
        ("pdf 千代田", True),
        ("予防接種　千代田", True),
        ("ﾖﾎﾞｳ", True),
        ("港区", False),
        ("予防接種 港区", False),
        ("　 ", True),
        ("", True),
    ],
)
def test_words_are_found_however_they_are_typed(text: str, found: bool) -> None:
    assert says(words_of(text), "予防接種のお知らせ（PDF）ヨボウ", "東京都千代田区") is found
