"""Holidays, and that nobody in an office asked anything on one."""

from __future__ import annotations

from datetime import date

from sim.nation.holidays import holidays, is_office_day, office_days
from sim.nation.nation import Nation
from sim.nation.past import records_of


def test_known_holidays() -> None:
    assert holidays()[date(2019, 5, 1)] == "天皇の即位の日"
    assert holidays()[date(2026, 9, 22)].startswith("国民の休日")
    assert not is_office_day(date(2026, 5, 6))  # a holiday made up for
    assert not is_office_day(date(2025, 12, 30))
    assert not is_office_day(date(2026, 4, 4))
    assert is_office_day(date(2026, 4, 1))


def test_office_days_of_a_month() -> None:
    assert [day.day for day in office_days(2026, 1)] == [
        5,
        6,
        7,
        8,
        9,
        *range(13, 17),
        *range(19, 24),
        *range(26, 31),
    ]
    for year in range(2017, 2060):
        for month in range(1, 13):
            days = office_days(year, month)
            assert len(days) >= 14
            assert all(is_office_day(day) and (day.year, day.month) == (year, month) for day in days)


def test_the_past_keeps_office_days() -> None:
    nation = Nation(1)
    days = set()
    for n in range(0, nation.size, nation.size // 300):
        person = nation.person(n)
        days |= {
            r.requested_at.date() for r in records_of(nation, person, date(2017, 1, 1), date(2026, 3, 31))
        }

    assert len(days) > 1000
    assert all(is_office_day(day) for day in days)
