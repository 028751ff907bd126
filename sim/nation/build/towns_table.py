"""towns.csv: some towns (町名) of each municipality with their postal codes, for addresses that read true.

One line a municipality: five-digit code, then `postal code + flag + ward + town` fields; the flag is `c` where
the town is numbered in 丁目, else `-`.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from pathlib import Path

from sim.nation.build.designated import city_of_ward
from sim.nation.build.sources import postal_areas

__all__ = ["TOWNS_PER_AREA", "write"]

TOWNS_PER_AREA = 24
TOWNS_PER_WARD = 12
_PLAIN = re.compile(r"[^（）()「」、〜~・0-9０-９]{1,12}")


def write(path: Path) -> None:
    areas: dict[str, set[str]] = defaultdict(set)
    wards: dict[str, str] = {}
    whole: dict[str, str] = {}  # where no town is named, the municipality's own postal code
    for area in postal_areas():
        town = area["neighborhood"]
        code = area["jisx0402"]
        if not town:
            whole[code] = f"{area['postal_code']}-"
            continue
        is_building = "階" in (area["note"] or "") or town.endswith("階")
        if area["multiline"] or is_building or not _PLAIN.fullmatch(town):
            continue
        parent = city_of_ward(code)
        wards[code] = area["city"].split("市", 1)[1] if parent else ""
        areas[code].add(f"{area['postal_code']}{'c' if area['chome'] else '-'}{wards[code]}{town}")
    lines: dict[str, list[str]] = defaultdict(list)
    for code, area_of_whole in whole.items():
        if code not in areas and city_of_ward(code) is None:
            areas[code].add(area_of_whole)
    for code in sorted(areas):
        parent = city_of_ward(code)
        lines[parent or code] += _spread(sorted(areas[code]), TOWNS_PER_WARD if parent else TOWNS_PER_AREA)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for code in sorted(lines):
            writer.writerow([code, *lines[code]])


def _spread(items: list[str], count: int) -> list[str]:
    """At most `count` of them, evenly spaced, so that all parts of the place are there."""
    if len(items) <= count:
        return items
    return [items[i * len(items) // count] for i in range(count)]
