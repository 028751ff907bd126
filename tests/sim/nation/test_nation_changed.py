"""Copies of residents whom life has changed: computed from how they live now, the rest as it was."""

from datetime import date

import pytest

from sim.nation.blocks import Role
from sim.nation.changed import Changed, changed_circumstances
from sim.nation.circumstances import circumstances
from sim.nation.copies import copy_for, duplicate_copy
from sim.nation.holdings import HEALTH_INSURANCE, LATE_ELDERLY, RESIDENCE, TAX, holders
from sim.nation.nation import Nation, UnknownResident
from sim.nation.organisations import Kind, national_body, of_municipality, of_prefecture
from sim.nation.person import Address, Member, Person

SAPPORO = "011002"
MOVED = date(2026, 7, 1)


def moved(nation: Nation, person: Person, **more: object) -> Changed:
    whole: dict[str, object] = {
        "n": person.n,
        "since": MOVED,
        "address": Address(SAPPORO, "0600000", "北海道札幌市中央区"),
        "household": person.household,
        "members": tuple(nation.members(person)),
        "moved_from": person.municipality_code,
        "moved_on": MOVED,
        **more,
    }
    return Changed(**whole)  # type: ignore[arg-type]


@pytest.mark.requirement("SELF-3")
def test_the_new_municipality_holds_and_the_old_one_keeps_a_little(nation: Nation) -> None:
    person = nation.examples()[0]
    here, there = of_municipality(person.municipality_code), of_municipality(SAPPORO)
    life = changed_circumstances(nation, moved(nation, person))

    assert holders(life, RESIDENCE) == [there]
    assert holders(life, TAX) == [there, here]
    copy = copy_for(nation, there, life, RESIDENCE)
    assert copy is not None and copy.as_of == MOVED
    assert dict(copy.items)["住民となった年月日"] == "2026年7月1日"
    kept = copy_for(nation, here, life, TAX)
    assert kept is not None and kept.as_of == MOVED
    assert copy_for(nation, here, life, RESIDENCE) is None
    assert duplicate_copy(nation, here, person, RESIDENCE) is not None, "the computed nation is as it was"


def test_insurance_goes_along_where_a_municipality_or_a_prefecture_insures(nation: Nation) -> None:
    people = [nation.person(n) for n in range(3_000)]
    of_kind = {circumstances(nation, p).insurer.kind: p for p in people}
    for kind, person in of_kind.items():
        (before,) = [circumstances(nation, person).insurer]
        after = changed_circumstances(nation, moved(nation, person)).insurer
        expected = {
            Kind.MUNICIPALITY: of_municipality(SAPPORO),
            Kind.WIDE_AREA_UNION: of_prefecture(Kind.WIDE_AREA_UNION, SAPPORO),
        }.get(kind, before)
        assert after == expected, kind
    assert {Kind.MUNICIPALITY, Kind.WIDE_AREA_UNION, Kind.HEALTH_ASSOCIATION} <= set(of_kind)
    assert LATE_ELDERLY


def test_a_job_brings_another_insurer(nation: Nation) -> None:
    person, insurer = nation.examples()[0], national_body(Kind.HEALTH_ASSOCIATION)
    life = changed_circumstances(nation, moved(nation, person, insurer=insurer))

    assert holders(life, HEALTH_INSURANCE) == [insurer]


def test_a_household_as_it_is_now(nation: Nation) -> None:
    person = nation.examples()[0]
    child = Member(nation.size + 1, nation.size + 1, date(2026, 6, 1), 2, Role.CHILD)
    life = changed_circumstances(nation, moved(nation, person, members=(*nation.members(person), child)))
    copy = copy_for(nation, of_municipality(SAPPORO), life, RESIDENCE)

    assert copy is not None
    assert dict(copy.items)["世帯人員"] == f"{len(nation.members(person)) + 1}人"


def test_a_move_within_the_municipality_moves_no_copy(nation: Nation) -> None:
    person = nation.examples()[0]
    address = Address(person.municipality_code, "1000000", "東京都千代田区丸の内")
    life = changed_circumstances(nation, moved(nation, person, address=address))

    assert holders(life, RESIDENCE) == [of_municipality(person.municipality_code)]
    assert life.moved_from == circumstances(nation, person).moved_from


def test_who_was_born_since_has_no_circumstances(nation: Nation) -> None:
    person = nation.examples()[0]
    with pytest.raises(UnknownResident):
        changed_circumstances(nation, moved(nation, person, n=nation.size))
