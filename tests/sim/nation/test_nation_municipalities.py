"""The table of municipalities: complete, coded right, and near the census when the census is there."""

from __future__ import annotations

from collections import Counter

import pytest

from sim.nation.check_digits import is_municipality_code
from sim.nation.municipalities import (
    MUNICIPALITIES,
    PREFECTURES,
    ConnectionPattern,
    UnknownMunicipality,
    municipality,
)

Census = dict[str, dict[str, str]]


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


def test_names_and_codes_are_the_censuss(census: Census) -> None:
    rows = census

    assert {m.code for m in MUNICIPALITIES} == set(rows)
    differing = [m.code for m in MUNICIPALITIES if not (rows[m.code]["name"].endswith(m.name) and m.name)]
    assert differing == ["403440"]  # 須惠町: the post writes the old form of the character


def test_prefectures_match_the_census_within_one_percent(census: Census) -> None:
    rows = census
    ours: Counter[str] = Counter()
    theirs: Counter[str] = Counter()
    for m in MUNICIPALITIES:
        ours[m.prefecture] += m.population_weight
        theirs[m.prefecture] += int(rows[m.code]["pop2020"])

    assert sum(ours.values()) == sum(theirs.values()) == 126_146_099
    for prefecture, people in theirs.items():
        assert abs(ours[prefecture] / people - 1) < 0.01, prefecture


def test_most_people_live_where_the_census_says(census: Census) -> None:
    rows = census
    misplaced = sum(abs(m.population_weight - int(rows[m.code]["pop2020"])) for m in MUNICIPALITIES) / 2

    assert misplaced / 126_146_099 < 0.03
