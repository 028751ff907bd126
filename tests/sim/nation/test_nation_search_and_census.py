"""Finding, writing out, and taking the official populations."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from sim.nation.census_table import CensusTableError, decode, from_csv, from_rows
from sim.nation.export import (
    EXPORT_COLUMNS,
    FIELDS,
    UnknownField,
    csv_lines,
    fields_of,
    harmless,
    json_lines,
    rows,
)
from sim.nation.municipalities import MUNICIPALITIES, UnknownMunicipality
from sim.nation.nation import REFERENCE_DATE, Nation
from sim.nation.search import Wanted, find, in_katakana

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


def test_find_by_a_part_of_the_name_across_surname_and_given_name() -> None:
    person = NATION.person(NATION.residents_of(VILLAGE)[77])
    whole = person.family + person.given
    for part in (whole, whole[1:], person.given, f"{person.family} {person.given}", person.name):
        assert person in list(find(NATION, Wanted(municipality=VILLAGE, name=part)))
    misplaced = f"{whole[: len(person.family) + 1]} {whole[len(person.family) + 1 :]}"
    assert person not in list(find(NATION, Wanted(municipality=VILLAGE, name=misplaced)))


@pytest.mark.parametrize("part", ["サト", "さと", "ｻﾄ", "トウ　ハ", "ナカ"])
def test_find_by_reading_agrees_with_looking_at_each(part: str) -> None:
    everyone = [NATION.person(n) for n in NATION.residents_of(VILLAGE)]
    wanted = in_katakana(part)
    if "\u3000" in part or " " in wanted:
        family_end, given_start = wanted.split()
        expected = [
            p for p in everyone if p.family_kana.endswith(family_end) and p.given_kana.startswith(given_start)
        ]
    else:
        expected = [p for p in everyone if wanted in p.family_kana + p.given_kana]

    assert list(find(NATION, Wanted(municipality=VILLAGE, reading=part))) == expected


@pytest.mark.parametrize("years", [1, 6, 18, 70])
@pytest.mark.parametrize("people", [169, 170, 171, 172, 190])
def test_find_parents_also_where_the_municipality_ends_within_a_household(years: int, people: int) -> None:
    nation = Nation(1, populations={VILLAGE: people})
    everyone = [nation.person(n) for n in nation.residents_of(VILLAGE)]
    expected = [p for p in everyone if any(c.age(nation.reference_date) < years for c in nation.children(p))]

    assert list(find(nation, Wanted(municipality=VILLAGE, has_children_under=years))) == expected


def test_scattered_finds_the_same_people_from_everywhere_first() -> None:
    wanted = Wanted(municipality=VILLAGE, sex=2)
    assert {p.n for p in find(NATION, wanted, scattered=True)} == {p.n for p in find(NATION, wanted)}

    first = [p for p, _ in zip(find(NATION, Wanted(), scattered=True), range(470), strict=False)]
    prefectures = {p.municipality_code[:2] for p in first}
    assert len(prefectures) > 40
    assert [p.n for p in first[:3]] == [
        p.n for p, _ in zip(find(Nation(1), Wanted(), scattered=True), range(3), strict=False)
    ]


def test_export_reads_back() -> None:
    people = [NATION.person(n) for n in NATION.residents_of("131016")[:50]]
    text = "".join(csv_lines(EXPORT_COLUMNS, rows(NATION, people)))
    read = list(csv.DictReader(text.splitlines()))
    objects = [json.loads(line) for line in json_lines(EXPORT_COLUMNS, rows(NATION, people))]

    assert read == objects
    assert tuple(read[0]) == EXPORT_COLUMNS
    for row, person in zip(read, people, strict=True):
        assert NATION.resident(row["住民番号"]) == person
        assert NATION.resident(row["世帯主の住民番号"]).n == person.household
        assert (row["氏"], row["個人番号"], row["住所"]) == (
            person.family,
            person.my_number,
            person.address.text,
        )


def test_every_field_can_be_written() -> None:
    people = NATION.examples()
    written = list(rows(NATION, people, tuple(FIELDS)))

    assert len(written) == len(people)
    for row, person in zip(written, people, strict=True):
        found = dict(zip(FIELDS, row, strict=True))
        assert found["氏名"] == f"{found['氏']}\u3000{found['名']}"
        assert found["世帯人数"] == str(len(NATION.household(person)))
        assert found["都道府県"] + found["市区町村"] in found["住所"]
        assert all(found[name] for name in FIELDS if name != "前住所地コード")


def test_unknown_and_repeated_fields_are_refused() -> None:
    assert fields_of(["名", "氏"]) == ("名", "氏")
    with pytest.raises(UnknownField, match="住民番号、氏"):
        fields_of(["なまえ"])
    for names in (["氏", "氏"], []):
        with pytest.raises(UnknownField, match="1つ以上"):
            fields_of(names)


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "＝1+1", "＠x", "\t=1", "\r=1", '=HYPERLINK("x")']
)
def test_what_a_spreadsheet_would_work_out_is_made_harmless(cell: str) -> None:
    (line,) = list(csv.reader(list(csv_lines(["a"], [(cell,)]))[1:]))

    assert line == ["'" + cell]
    assert harmless("佐藤") == "佐藤"
    assert harmless("1-2") == "1-2"
    assert json.loads(next(json_lines(["a"], [(cell,)]))) == {"a": cell}


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
