"""The nation: any resident, any order, unique numbers, clear refusals."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.nation.blocks import Role
from sim.nation.check_digits import is_my_number
from sim.nation.municipalities import MUNICIPALITIES, UnknownMunicipality, municipality
from sim.nation.nation import REFERENCE_DATE, Nation, UnknownResident

NATION = Nation(1)
VALID = Nation(1, valid_my_numbers=True)
residents = st.integers(0, NATION.size - 1)


def test_size_is_the_censuss() -> None:
    assert NATION.size == 126_146_099


@given(residents)
def test_a_resident_is_a_pure_function_of_seed_and_number(n: int) -> None:
    person = NATION.person(n)

    assert person == Nation(1).person(n)
    assert person.n == n
    assert NATION.resident(person.resident_id) == person
    assert municipality(person.municipality_code).full_name in person.address.text
    assert person.n in NATION.residents_of(person.municipality_code)


@given(residents)
def test_numbers_lead_back_to_their_resident(n: int) -> None:
    person = NATION.person(n)

    assert NATION.by_my_number(person.my_number) == n
    assert NATION.by_resident_code(person.resident_code) == n
    assert VALID.by_my_number(VALID.person(n).my_number) == n


@given(residents)
def test_my_numbers_are_wrong_on_purpose_unless_asked(n: int) -> None:
    ours, valid = NATION.person(n).my_number, VALID.person(n).my_number

    assert not is_my_number(ours)
    assert is_my_number(valid)
    assert ours[:11] == valid[:11]
    assert (int(valid[11]) + 1) % 10 == int(ours[11])


@given(st.text("0123456789", min_size=12, max_size=12))
def test_strangers_numbers_belong_to_nobody(number: str) -> None:
    n = NATION.by_my_number(number)

    assert n is None or NATION.person(n).my_number == number


@pytest.mark.parametrize(
    "number", ["", "12345678901", "1234567890123", "１２３４５６７８９０１２", "abcdefghijkl"]
)
def test_what_is_no_my_number_belongs_to_nobody(number: str) -> None:
    assert NATION.by_my_number(number) is None
    assert NATION.by_resident_code(number[:11]) is None


def test_seeds_make_different_nations() -> None:
    assert [Nation(2).person(n).my_number for n in range(20)] != [
        NATION.person(n).my_number for n in range(20)
    ]


@pytest.mark.parametrize(
    "resident_id",
    [
        "",
        "131016",
        "131016-",
        "131016-0",
        "131016-99999999",
        "131017-1",
        "999999-1",
        "131016-x",
        "131016--1",
        "131016-１",
    ],
)
def test_unknown_residents_are_refused_in_japanese(resident_id: str) -> None:
    with pytest.raises(UnknownResident, match=r"番号|市区町村"):
        NATION.resident(resident_id)


@pytest.mark.parametrize("n", [-1, 126_146_099, 10**12])
def test_numbers_beyond_the_nation_are_refused(n: int) -> None:
    with pytest.raises(UnknownResident, match="126146098"):
        NATION.person(n)


@given(residents)
def test_dates_hold_together(n: int) -> None:
    person = NATION.person(n)
    card = person.card

    assert date(1900, 1, 1) < person.birth_date <= REFERENCE_DATE
    assert person.birth_date <= card.issued <= REFERENCE_DATE < card.certificates_expire <= card.expires
    assert card.expires - card.issued < timedelta(days=3654)
    assert (card.expires.month, card.expires.day) == (person.birth_date.month, person.birth_date.day) or (
        person.birth_date.month,
        person.birth_date.day,
    ) == (2, 29)
    assert card.signature == (person.age(REFERENCE_DATE) >= 15)


@given(residents)
@settings(max_examples=200)
def test_households_hang_together(n: int) -> None:
    person = NATION.person(n)
    members = NATION.household(person)
    by_role = {role: [m for m in members if m.role == role] for role in Role}

    assert person in members
    short = [(m.n, m.birth_date, m.sex, m.role, m.identity) for m in NATION.members(person)]
    assert short == [(m.n, m.birth_date, m.sex, m.role, NATION.identity(m)) for m in members]
    assert [m.n for m in members] == list(range(person.household, person.household + len(members)))
    assert {m.family for m in members} == {person.family}
    assert {m.address for m in members} == {person.address}
    (head,) = by_role[Role.HEAD]
    assert head.age(REFERENCE_DATE) >= 18
    assert len(by_role[Role.SPOUSE]) <= 1
    for child in by_role[Role.CHILD]:
        for parent in (head, *by_role[Role.SPOUSE]):
            assert child.birth_date.year - parent.birth_date.year >= 17
    for grandparent in by_role[Role.PARENT]:
        assert head.birth_date.year - grandparent.birth_date.year >= 17
    births = sorted(child.birth_date for child in by_role[Role.CHILD])
    assert all(later - earlier > timedelta(days=280) for earlier, later in pairwise(births))


def test_every_municipality_has_a_first_and_a_last_resident() -> None:
    for place in MUNICIPALITIES:
        numbers = NATION.residents_of(place.code)
        assert NATION.person(numbers[0]).resident_id == f"{place.code}-1"
        last = NATION.person(numbers[-1])
        assert last.resident_id == f"{place.code}-{len(numbers)}"
        assert last in NATION.household(last)


def test_examples_are_fit_to_show() -> None:
    examples = NATION.examples()

    assert len({p.municipality_code for p in examples}) == 5
    assert all(p.age(REFERENCE_DATE) >= 20 and p.holds_card for p in examples)
    assert any(NATION.children(p) for p in examples)
    assert examples == NATION.examples()


def test_census_numbers_change_nobody_else() -> None:
    grown = Nation(1, populations={"011002": 1_973_395, "075469": 0})

    assert grown.size == NATION.size + 1_973_395 + 0 - sum(
        municipality(code).population_weight for code in ("011002", "075469")
    )
    ours, theirs = NATION.resident("131016-12"), grown.resident("131016-12")
    assert (ours.name, ours.my_number, ours.birth_date) == (theirs.name, theirs.my_number, theirs.birth_date)
    assert grown.by_my_number(theirs.my_number) == theirs.n
    with pytest.raises(UnknownResident):
        grown.resident("075469-1")


def test_impossible_populations_are_refused() -> None:
    with pytest.raises(ValueError, match="札幌市"):
        Nation(1, populations={"011002": 1 << 22})
    with pytest.raises(UnknownMunicipality):
        Nation(1, populations={"000000": 1})
