"""Moments inside, Japan's days at the edges."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.wire.moments import (
    DAY,
    HOUR,
    JST,
    MINUTE,
    SECOND,
    add_years,
    day_of,
    start_of,
    to_jst,
    to_ms,
    to_utc,
)

MS = st.integers(-2_000_000_000_000, 7_000_000_000_000)


def test_units():
    assert (SECOND, MINUTE, HOUR, DAY) == (1_000, 60_000, 3_600_000, 86_400_000)


@given(MS)
def test_there_and_back(ms):
    assert to_ms(to_utc(ms)) == to_ms(to_jst(ms)) == ms
    assert to_utc(ms).tzinfo is UTC
    assert to_jst(ms).utcoffset() == timedelta(hours=9)


def test_parts_of_a_millisecond_are_left_out_downwards():
    assert to_ms(datetime(1970, 1, 1, microsecond=1_999, tzinfo=UTC)) == 1
    assert to_ms(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 3, 31, 14, 59, 59, 999_000, tzinfo=UTC), date(2026, 3, 31)),
        (datetime(2026, 3, 31, 15, 0, tzinfo=UTC), date(2026, 4, 1)),
        (datetime(2027, 12, 31, 15, 0, tzinfo=UTC), date(2028, 1, 1)),
    ],
)
def test_a_day_in_japan_begins_at_three_in_the_afternoon_utc(moment, day):
    assert day_of(to_ms(moment)) == day


@given(MS)
def test_a_moment_lies_in_its_day(ms):
    start = start_of(day_of(ms))
    assert start <= ms < start + DAY
    assert day_of(start) == day_of(ms)
    assert day_of(start - 1) == day_of(ms) - timedelta(days=1)


@pytest.mark.parametrize(
    ("before", "years", "after"),
    [
        (datetime(2026, 4, 1, 9, 30, tzinfo=JST), 1, datetime(2027, 4, 1, 9, 30, tzinfo=JST)),
        (datetime(2028, 2, 29, 23, 59, tzinfo=JST), 1, datetime(2029, 2, 28, 23, 59, tzinfo=JST)),
        (datetime(2028, 2, 29, 0, 0, tzinfo=JST), 4, datetime(2032, 2, 29, 0, 0, tzinfo=JST)),
        (datetime(2028, 2, 29, 0, 0, tzinfo=JST), -1, datetime(2027, 2, 28, 0, 0, tzinfo=JST)),
        # In Japan it is the 29th already, by UTC still the 28th.
        (datetime(2028, 2, 28, 16, 0, tzinfo=UTC), 1, datetime(2029, 2, 27, 16, 0, tzinfo=UTC)),
    ],
)
def test_the_same_moment_years_later(before, years, after):
    assert to_utc(add_years(to_ms(before), years)) == after


@given(MS, st.integers(1, 10))
def test_years_later_is_the_same_day_of_the_year(ms, years):
    before, after = to_jst(ms), to_jst(add_years(ms, years))
    assert after.year == before.year + years
    assert (after.month, after.hour, after.minute) == (before.month, before.hour, before.minute)
    assert after.day == before.day or (before.month, before.day, after.day) == (2, 29, 28)


@given(st.one_of(MS, st.sampled_from([2**32 * 1000 + n for n in (-2, -1, 0, 1)])))
def test_japans_time_is_exact(ms):
    assert to_jst(ms) == to_utc(ms)
    assert to_jst(ms).utcoffset() == timedelta(hours=9)
