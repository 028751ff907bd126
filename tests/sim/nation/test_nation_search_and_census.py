"""Finding, writing out, and taking the official populations."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from sim.nation.census_table import CensusTableError, decode, from_csv, from_rows
from sim.nation.municipalities import MUNICIPALITIES, UnknownMunicipality
from sim.nation.nation import REFERENCE_DATE, Nation
from sim.nation.search import EXPORT_COLUMNS, Wanted, csv_lines, export_rows, find, json_lines

Census = dict[str, dict[str, str]]

NATION = Nation(1)
VILLAGE = "473821"  # 与那国町


def test_find_gives_exactly_those_who_fit() -> None:
    numbers = NATION.residents_of(VILLAGE)
    everyone = [NATION.person(n) for n in numbers]
    wanted = Wanted(municipality=VILLAGE, sex=2, age_min=30, age_max=60, holds_card=True)

    expected = [p for p in everyone if p.sex == 2 and 30 <= p.age(REFERENCE_DATE) <= 60 and p.holds_card]
    assert list(find(NATION, wanted)) == expected
    assert list(find(NATION, Wanted(municipality=VILLAGE))) == everyone


def test_find_by_name_in_any_script_and_birth_date() -> None:
    person = NATION.person(NATION.residents_of(VILLAGE)[100])
    hiragana = "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in person.family_kana)
    for family in (person.family, person.family_kana, hiragana, person.family[:1]):
        wanted = Wanted(municipality=VILLAGE, family=family, given=person.given, born=person.birth_date)
        assert person in list(find(NATION, wanted))


def test_find_in_the_whole_nation_gives_the_first_at_once_and_tells_its_progress() -> None:
    seen: list[tuple[int, int]] = []
    people = find(NATION, Wanted(family="佐藤", age_min=100), lambda done, total: seen.append((done, total)))
    person = next(people)

    assert person.family == "佐藤"
    assert person.age(REFERENCE_DATE) >= 100
    assert all(total == NATION.size for _, total in seen)


def test_find_refuses_an_unknown_municipality() -> None:
    with pytest.raises(UnknownMunicipality):
        find(NATION, Wanted(municipality="131017"))


def test_export_reads_back() -> None:
    numbers = NATION.residents_of("131016")[:50]
    seen: list[tuple[int, int]] = []
    text = "".join(csv_lines(export_rows(NATION, numbers, lambda done, total: seen.append((done, total)))))
    rows = list(csv.DictReader(text.splitlines()))
    objects = [json.loads(line) for line in json_lines(export_rows(NATION, numbers))]

    assert rows == objects
    assert tuple(rows[0]) == EXPORT_COLUMNS
    assert seen == [(50, 50)]
    for row, n in zip(rows, numbers, strict=True):
        person = NATION.resident(row["住民番号"])
        assert person.n == n
        assert NATION.resident(row["世帯主の住民番号"]).n == person.household
        assert (row["氏"], row["個人番号"], row["住所"]) == (
            person.family,
            person.my_number,
            person.address.text,
        )


def table(**changes: str) -> list[list[str]]:
    rows = [["令和2年国勢調査"], ["地域名", "面積", "人口"], ["00000_全国", "1", "126146099"]]
    for m in MUNICIPALITIES:
        rows.append([f"{m.code[:5]}_{m.name}", "1.5", changes.get(m.code, f"{m.population_weight:,}")])
    return [*rows, ["01101_札幌市中央区", "1", "248680"]]


def test_a_table_as_the_statistics_bureau_writes_it() -> None:
    found = from_rows(table(c075469="x", **{"011002": "1,973,395", "131016": "-"}))

    assert found.populations["011002"] == 1_973_395
    assert found.populations["131016"] == 0
    assert found.ignored == ("00000", "01101")
    assert Nation(1, populations=found.populations).size == found.people


def test_the_official_table(census: Census, census_file: Path) -> None:
    found = from_csv(decode(census_file.read_bytes()))

    assert found.people == 126_146_099
    assert found.populations == {code: int(row["pop2020"]) for code, row in census.items()}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "1741市区町村"),
        ([["地域", "人口"], ["01100_札幌市", "12"]], "1740市区町村の人口がありません"),
        ([["地域", "ひと"], ["01100_札幌市", "12"]], "2行目までに人口の列の見出し"),
        ([["地域", "人口"], ["01100_札幌市", "多い"]], "2行2列目"),
        ([["地域", "人口"], ["01100_札幌市"]], "2行2列目"),
        ([["地域", "人口"], ["01100_札幌市", "99999999"]], "大きすぎます"),
        ([["地域", "人口"], ["011003", "12"]], "検査数字"),
        ([["地域", "人口"], ["01100", "12"], ["011002", "12"]], "3行目: 北海道札幌市が二度"),
    ],
)
def test_bad_tables_are_refused_with_the_line(rows: list[list[str]], message: str) -> None:
    with pytest.raises(CensusTableError, match=message):
        from_rows(rows)


def test_encodings() -> None:
    assert (
        decode("人口".encode()) == decode("\ufeff人口".encode()) == decode("人口".encode("cp932")) == "人口"
    )
    with pytest.raises(CensusTableError, match="文字コード"):
        decode(b"\x81")
