"""`holidays.csv`: the national holidays (国民の祝日・休日), from jpholiday."""

from __future__ import annotations

from pathlib import Path

FIRST_YEAR, LAST_YEAR = 2017, 2050


def write(path: Path) -> None:
    """One row a holiday. Days of the equinoxes to come are as astronomy foresees them; laws to come are not."""
    import jpholiday

    lines = ["day,name\n"]
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        lines += [f"{day.isoformat()},{name}\n" for day, name in sorted(jpholiday.year_holidays(year))]
    path.write_text("".join(lines), encoding="utf-8")
