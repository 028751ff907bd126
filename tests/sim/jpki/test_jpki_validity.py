"""How long certificates live, day by day."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.jpki.validity import (
    age_on,
    birthday_in,
    expires_on,
    first_moment,
    last_moment,
    may_sign,
    nth_birthday_after,
    renewal_opens_on,
)

LEAP = date(2004, 2, 29)
births = st.dates(date(1910, 1, 1), date(2025, 12, 31))


@pytest.mark.parametrize(
    ("birth", "issued", "last"),
    [
        (
            date(1980, 2, 17),
            date(2025, 10, 27),
            date(2030, 2, 17),
        ),  # the days of a real test card (CARD.md 0, source 1)
        (
            date(1980, 2, 17),
            date(2025, 2, 16),
            date(2029, 2, 17),
        ),  # the day before a birthday: a year is nearly lost
        (date(1980, 2, 17), date(2025, 2, 17), date(2030, 2, 17)),  # on it: five full years
        (date(1980, 2, 17), date(2025, 2, 18), date(2030, 2, 17)),
        (LEAP, date(2023, 3, 1), date(2028, 2, 29)),
        (LEAP, date(2024, 2, 28), date(2028, 2, 29)),
        (LEAP, date(2024, 2, 29), date(2029, 2, 28)),
        (LEAP, date(2025, 2, 27), date(2029, 2, 28)),
        (LEAP, date(2025, 2, 28), date(2030, 2, 28)),  # its birthday in a common year
        (LEAP, date(2025, 3, 1), date(2030, 2, 28)),
        (date(2025, 4, 1), date(2025, 4, 1), date(2030, 4, 1)),  # issued at birth
    ],
)
def test_until_the_fifth_birthday_after_issue(birth: date, issued: date, last: date) -> None:
    assert expires_on(birth, issued) == last


@pytest.mark.parametrize(
    ("issued", "last"),
    [
        (date(2029, 11, 16), date(2034, 2, 17)),  # a day too early for renewal: counts like any issue
        (date(2029, 11, 17), date(2035, 2, 17)),
        (date(2030, 2, 16), date(2035, 2, 17)),
        (
            date(2030, 2, 17),
            date(2035, 2, 17),
        ),  # on the last day, a birthday: five full years are left anyway
        (date(2030, 2, 18), date(2035, 2, 17)),  # expired: a new one
    ],
)
def test_a_renewal_in_the_last_three_months_loses_nothing(issued: date, last: date) -> None:
    assert expires_on(date(1980, 2, 17), issued, renews=date(2030, 2, 17)) == last


@pytest.mark.parametrize(
    ("expiry", "opens"),
    [
        (date(2030, 2, 17), date(2029, 11, 17)),
        (date(2030, 5, 31), date(2030, 2, 28)),
        (date(2028, 5, 31), date(2028, 2, 29)),
        (date(2030, 3, 1), date(2029, 12, 1)),
    ],
)
def test_renewal_opens_three_months_before(expiry: date, opens: date) -> None:
    assert renewal_opens_on(expiry) == opens


@given(births, st.integers(0, 40_000), st.booleans())
def test_a_certificate_ends_on_a_birthday_between_four_and_six_years_on(
    birth: date, age_days: int, renewed: bool
) -> None:
    issued = birth + timedelta(days=age_days)
    last = expires_on(birth, issued, renews=issued + timedelta(days=60) if renewed else None)

    assert last == birthday_in(last.year, birth)
    assert 4 * 365 <= (last - issued).days <= 6 * 366
    assert nth_birthday_after(birth, last, 1).year == last.year + 1


def test_never_longer_than_the_card_and_never_before_birth() -> None:
    birth, issued = date(1980, 2, 17), date(2025, 10, 27)

    assert expires_on(birth, issued, no_later_than=date(2026, 2, 17)) == date(2026, 2, 17)
    with pytest.raises(ValueError, match="after its last day"):
        expires_on(birth, issued, no_later_than=date(2025, 10, 26))
    with pytest.raises(ValueError, match="before birth"):
        expires_on(birth, date(1980, 2, 16))


@pytest.mark.parametrize(
    ("birth", "day", "allowed"),
    [
        (date(2010, 10, 27), date(2025, 10, 26), False),
        (date(2010, 10, 27), date(2025, 10, 27), True),
        (date(2008, 2, 29), date(2023, 2, 28), False),
        (date(2008, 2, 29), date(2023, 3, 1), True),
    ],
)
def test_signing_from_the_fifteenth_birthday(birth: date, day: date, allowed: bool) -> None:
    assert may_sign(birth, day) is allowed


def test_age() -> None:
    assert [age_on(date(2026, 4, day), date(2000, 4, 2)) for day in (1, 2, 3)] == [25, 26, 26]


def test_a_day_is_a_day_in_japan() -> None:
    assert first_moment(date(2026, 1, 1)) == datetime(2025, 12, 31, 15, tzinfo=UTC)
    assert last_moment(date(2026, 1, 1)) == datetime(2026, 1, 1, 14, 59, 59, tzinfo=UTC)
