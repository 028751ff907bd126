"""The 1,741 municipalities (市区町村) with real codes and names.

The shipped table is derived by `sim.nation.build`: codes and names from the postal code data, people from GeoNames and
the census totals of the prefectures. `pattern` and `ageing` are assumptions of ours.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from importlib.resources import files
from types import MappingProxyType

from sim.nation.check_digits import municipality_check_digit

__all__ = [
    "MUNICIPALITIES",
    "MUNICIPALITY_PEOPLE_MAX",
    "PREFECTURES",
    "ConnectionPattern",
    "Municipality",
    "Prefecture",
    "UnknownMunicipality",
    "municipality",
]

# A resident is numbered inside a municipality in 22 bits; 横浜市, the largest, has 3.8 million people.
MUNICIPALITY_PEOPLE_MAX = 1 << 22


class ConnectionPattern(IntEnum):
    """How a municipality is connected to the portal (requirements NET-1 to NET-5)."""

    LGWAN_ASP_NEW = 1
    LGWAN_ASP_EXISTING = 2
    PRIVATE_DELIVERY = 3
    INTERNET_PC = 4
    EXISTING_SYSTEM_VPN = 5


class UnknownMunicipality(LookupError):
    """No municipality has this code."""


@dataclass(frozen=True, slots=True)
class Municipality:
    """市区町村: a city, special ward, town or village."""

    index: int  # 0 … 1,740, by code
    code: str  # 全国地方公共団体コード, six digits with check digit
    name: str
    kana: str  # katakana
    prefecture: str
    county: str  # 郡 or island of a town or village; else empty
    population_weight: int  # people, fitted to the prefecture's census total of 2020
    ageing: int  # leaning to older (+) or younger (-) households, percent
    pattern: ConnectionPattern

    @property
    def full_name(self) -> str:
        """As an address begins: prefecture, county, name."""
        return f"{self.prefecture}{self.county}{self.name}"

    @property
    def is_designated_city(self) -> bool:
        """政令指定都市: the codes of the twenty lie from 100 to 199 within their prefecture, outside 東京都."""
        return self.prefecture != "東京都" and self.code[2] == "1"


@dataclass(frozen=True, slots=True)
class Prefecture:
    """都道府県."""

    code: str  # six digits with check digit
    name: str


def _load() -> tuple[Municipality, ...]:
    text = (files("sim.nation") / "data" / "municipalities.csv").read_text(encoding="utf-8")
    return tuple(
        Municipality(
            index=index,
            code=row["code"],
            name=row["name"],
            kana=row["kana"],
            prefecture=row["prefecture"],
            county=row["county"],
            population_weight=int(row["people"]),
            ageing=int(row["ageing"]),
            pattern=ConnectionPattern(int(row["pattern"])),
        )
        for index, row in enumerate(csv.DictReader(text.splitlines()))
    )


def _prefectures() -> tuple[Prefecture, ...]:
    names = dict.fromkeys(m.prefecture for m in MUNICIPALITIES)
    bodies = [f"{number:02d}000" for number in range(1, len(names) + 1)]
    return tuple(
        Prefecture(b + municipality_check_digit(b), name) for b, name in zip(bodies, names, strict=True)
    )


MUNICIPALITIES: tuple[Municipality, ...] = _load()
PREFECTURES: tuple[Prefecture, ...] = _prefectures()
_BY_CODE: Mapping[str, Municipality] = MappingProxyType({m.code: m for m in MUNICIPALITIES})


def municipality(code: str) -> Municipality:
    """The municipality of a six-digit code. Raises `UnknownMunicipality`, with a message for people."""
    try:
        return _BY_CODE[code]
    except KeyError:
        raise UnknownMunicipality(
            f"市区町村コード「{code}」の市区町村はありません。検査数字を含む6桁で指定してください(例: 131016)。"
        ) from None
