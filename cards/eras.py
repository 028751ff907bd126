"""和暦: the era year of a date, as 照合番号B has it."""

from __future__ import annotations

from datetime import date

ERAS: tuple[tuple[date, str], ...] = (
    (date(2019, 5, 1), "令和"),
    (date(1989, 1, 8), "平成"),
    (date(1926, 12, 25), "昭和"),
    (date(1912, 7, 30), "大正"),
    (date(1868, 1, 25), "明治"),
)
"""First day of each era, newest first."""


def era_digits(day: date) -> str:
    """`YYMMDD` with the year of the era, without its name: 1980-02-17 is 550217 (昭和55年). Raises before Meiji."""
    for first, _ in ERAS:
        if day >= first:
            return f"{day.year - first.year + 1:02}{day.month:02}{day.day:02}"
    raise ValueError(f"{day} is before the Meiji era")
