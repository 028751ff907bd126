"""Holidays (国民の祝日・休日), and the days on which offices are open.

The shipped table is derived from jpholiday by `sim.nation.build`, so that nothing has to be worked out here. Beyond its
last year only weekends and the turn of the year are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache, lru_cache
from importlib.resources import files

__all__ = ["holidays", "is_office_day", "office_days"]

_CLOSED_AT_NEW_YEAR = frozenset({(12, 29), (12, 30), (12, 31), (1, 1), (1, 2), (1, 3)})


@cache
def holidays() -> Mapping[date, str]:
    """All known holidays with their names, by day."""
    lines = (files("sim.nation") / "data" / "holidays.csv").read_text(encoding="utf-8").splitlines()[1:]
    return {date.fromisoformat(line[:10]): line[11:] for line in lines}


def is_office_day(day: date) -> bool:
    """Whether public offices are open: not on weekends, holidays, and from 29 December to 3 January."""
    return day.weekday() < 5 and day not in holidays() and (day.month, day.day) not in _CLOSED_AT_NEW_YEAR


@lru_cache(maxsize=1024)
def office_days(year: int, month: int) -> tuple[date, ...]:
    """The office days of a month, the first first."""
    day, days = date(year, month, 1), []
    while day.month == month:
        if is_office_day(day):
            days.append(day)
        day += timedelta(days=1)
    return tuple(days)
