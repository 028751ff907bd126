"""The table of municipalities: complete, coded right, and near the census when the census is there."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from sim.nation.check_digits import is_municipality_code
from sim.nation.municipalities import (
    MUNICIPALITIES,
    PREFECTURES,
    ConnectionPattern,
    UnknownMunicipality,
    municipality,
)

CENSUS = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "municipalities_pop2020.csv"
needs_census = pytest.mark.skipif(not CENSUS.exists(), reason="the census table is not beside the project")


def census() -> dict[str, dict[str, str]]:
    with CENSUS.open(encoding="utf-8", newline="") as file:
        return {row["lgcode"]: row for row in csv.DictReader(file)}


def test_all_of_them() -> None:
    kinds = Counter(
        "区" if m.prefecture == "東京都" and m.name[-1] == "区" else m.name[-1] for m in MUNICIPALITIES
    )

    assert kinds == {"市": 792, "町": 743, "村": 183, "区": 23}
    assert len({m.code for m in MUNICIPALITIES}) == 1741
    assert all(is_municipality_code(m.code) for m in MUNICIPALITIES)
    assert [m.index for m in MUNICIPALITIES] == list(range(1741))
    assert len(PREFECTURES) == 47
    assert (PREFECTURES[12].code, PREFECTURES[12].name) == ("130001", "東京都")


def test_each_has_its_own_words() -> None:
    for m in MUNICIPALITIES:
        assert m.name
        assert all("ァ" <= c <= "ー" for c in m.kana), m
        assert m.population_weight > 0
        assert -80 <= m.ageing <= 80
        assert m.county == "" or m.name[-1] in "町村"
    assert {m.pattern for m in MUNICIPALITIES} == set(ConnectionPattern)


def test_by_code() -> None:
    assert municipality("131016").full_name == "東京都千代田区"
    assert municipality("013030").full_name == "北海道石狩郡当別町"
    assert municipality("103454").kana == "ヨシオカマチ"


@pytest.mark.parametrize("code", ["", "131017", "13101", "999999", "011011"])
def test_unknown_code(code: str) -> None:
    with pytest.raises(UnknownMunicipality, match="市区町村"):
        municipality(code)


@needs_census
def test_names_and_codes_are_the_censuss() -> None:
    rows = census()

    assert {m.code for m in MUNICIPALITIES} == set(rows)
    differing = [m.code for m in MUNICIPALITIES if not (rows[m.code]["name"].endswith(m.name) and m.name)]
    assert differing == ["403440"]  # 須惠町: the post writes the old form of the character


@needs_census
def test_prefectures_match_the_census_within_one_percent() -> None:
    rows = census()
    ours: Counter[str] = Counter()
    theirs: Counter[str] = Counter()
    for m in MUNICIPALITIES:
        ours[m.prefecture] += m.population_weight
        theirs[m.prefecture] += int(rows[m.code]["pop2020"])

    assert sum(ours.values()) == sum(theirs.values()) == 126_146_099
    for prefecture, people in theirs.items():
        assert abs(ours[prefecture] / people - 1) < 0.01, prefecture


@needs_census
def test_most_people_live_where_the_census_says() -> None:
    rows = census()
    misplaced = sum(abs(m.population_weight - int(rows[m.code]["pop2020"])) for m in MUNICIPALITIES) / 2

    assert misplaced / 126_146_099 < 0.03
