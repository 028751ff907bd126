"""Names with readings (氏名・フリガナ), as common among residents as they are in the package's counts."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from sim.nation.chance import quantiles

__all__ = ["NameTable", "given_table_of", "name_tables", "traditional_share"]

# Of 256, how many people born in or before a year bear a name of the older generation: men, women. Assumed.
_TRADITIONAL_SHARES: tuple[tuple[int, int, int], ...] = (
    (1955, 245, 235),
    (1965, 230, 205),
    (1975, 205, 150),
    (1985, 160, 85),
    (1995, 90, 45),
    (2005, 45, 20),
    (9999, 25, 10),
)


class NameTable:
    """Names and readings, and a table from a 16-bit draw to one of them."""

    def __init__(self, rows: list[tuple[str, str, int]]) -> None:
        self.kanji: tuple[str, ...] = tuple(row[0] for row in rows)
        self.kana: tuple[str, ...] = tuple(row[1] for row in rows)
        self.quantiles: npt.NDArray[np.uint16] = quantiles([row[2] for row in rows])
        self.by_draw: memoryview = self.quantiles.data


@cache
def name_tables() -> tuple[NameTable, ...]:
    """Surnames; then given names: men older, men younger, women older, women younger."""
    data = json.loads((files("sim.nation") / "data" / "names.json").read_text(encoding="utf-8"))
    order = ("surnames", "men_traditional", "men_modern", "women_traditional", "women_modern")
    return tuple(NameTable([tuple(row) for row in data[key]]) for key in order)


def traditional_share(birth_year: int, sex: int) -> int:
    """Of 256 people born in that year, how many bear a name of the older generation."""
    return next(row[sex] for row in _TRADITIONAL_SHARES if birth_year <= row[0])


def given_table_of(sex: int, *, traditional: bool) -> int:
    """Which of `name_tables` holds the given name."""
    return 2 * sex - (1 if traditional else 0)
