"""What organisations hold about a resident, and who asked for it before: plausible, deterministic, lawful."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.wire.linkage import InquiryNumber
from sim.nation.blocks import Role
from sim.nation.catalogue import CURRENT, PROFILE_2016, UnknownCode, catalogue
from sim.nation.circumstances import circumstances
from sim.nation.copies import duplicate_copy
from sim.nation.holdings import CHILD_ALLOWANCE, TAX, VACCINATION, holders, organisations_holding
from sim.nation.nation import Nation
from sim.nation.organisations import of_municipality
from sim.nation.past import NETWORK_OPENED, records_of

NATION = Nation(1)
residents = st.integers(0, NATION.size - 1)
days = st.dates(date(2015, 1, 1), date(2026, 12, 31))


@given(residents)
@settings(max_examples=60)
def test_every_holder_has_a_copy_in_its_layout(n: int) -> None:
    person = NATION.person(n)
    for code, information in catalogue().information.items():
        for organisation in organisations_holding(NATION, person, code):
            assert organisation.kind in information.holders
            copy = duplicate_copy(NATION, organisation, person, code)
            assert copy is not None
            assert copy == duplicate_copy(NATION, organisation, person, code)
            names = [name.rstrip("0123456789") for name, _ in copy.items]
            assert set(names) <= set(information.layout(NATION.reference_date).items)
            if code != VACCINATION:
                assert names == list(information.layout(NATION.reference_date).items)
            assert all(value for _, value in copy.items)
            assert person.my_number not in str(copy)


def test_old_layouts_leave_out_newer_items() -> None:
    person = NATION.examples()[0]
    here = of_municipality(person.municipality_code)
    new, old = (duplicate_copy(NATION, here, person, TAX, version=v) for v in ("0002", "0001"))

    assert new is not None
    assert old is not None
    assert new.items[:-1] == old.items
    with pytest.raises(UnknownCode, match="版"):
        duplicate_copy(NATION, here, person, TAX, version="0099")


def test_others_hold_nothing() -> None:
    person = NATION.examples()[1]

    assert duplicate_copy(NATION, of_municipality("473821"), person, TAX) is None
    with pytest.raises(UnknownCode):
        organisations_holding(NATION, person, "TM00000000000099")
    with pytest.raises(UnknownCode):
        organisations_holding(NATION, person, "TM90000000000002", PROFILE_2016)


@given(residents)
def test_child_allowance_goes_to_one_of_the_household(n: int) -> None:
    person = NATION.person(n)
    members = NATION.household(person)
    payees = [m for m in members if organisations_holding(NATION, m, CHILD_ALLOWANCE)]
    minors = [m for m in members if m.role == Role.CHILD and m.age(NATION.reference_date) < 18]

    assert len(payees) == (1 if minors else 0)


def test_who_moved_in_has_two_tax_offices() -> None:
    mover = NATION.examples()[2]
    life = circumstances(NATION, mover)

    assert life.moved_from is not None
    assert [o.municipality for o in holders(life, TAX)] == [mover.municipality_code, life.moved_from]
    here, there = (duplicate_copy(NATION, o, mover, TAX) for o in holders(life, TAX))
    assert here is not None
    assert there is not None
    assert there.as_of == life.moved_on < here.as_of


@given(residents, days, st.integers(0, 900), st.integers(0, 900))
@settings(max_examples=60)
def test_periods_that_overlap_agree(n: int, start: date, first: int, second: int) -> None:
    person = NATION.person(n)
    middle, end = start + timedelta(days=first), start + timedelta(days=first + second)
    whole = records_of(NATION, person, start, end)

    assert whole == records_of(Nation(1), person, start, end)
    parts = records_of(NATION, person, start, middle)
    parts += records_of(NATION, person, middle + timedelta(days=1), end)
    assert whole == parts
    assert len({r.record_id for r in whole}) == len(whole)


@pytest.mark.requirement("REC-2")
def test_a_records_number_is_a_processing_number_and_does_not_say_whose_it_is() -> None:
    start, end = date(2018, 4, 1), date(2026, 3, 31)
    numbers: set[str] = set()
    total = 0
    for n in range(60_000_000, 60_000_120):
        person = NATION.person(n)
        identity = str(NATION.identity(person))
        for record in records_of(NATION, person, start, end):
            assert msgspec.convert(record.record_id, InquiryNumber) == record.record_id
            assert identity not in record.record_id
            assert f"{record.requested_at:%Y%m}{record.procedure[-4:]}" not in record.record_id
            numbers.add(record.record_id)
            total += 1
    assert total > 1000
    assert len(numbers) == total
    # No place of the number stands still.
    assert all(len({number[place] for number in numbers}) == 10 for place in range(20))
    assert numbers.isdisjoint(
        record.record_id
        for n in range(60_000_000, 60_000_010)
        for record in records_of(Nation(2), Nation(2).person(n), start, end)
    )


def test_no_procedure_outgrows_the_number_of_its_records() -> None:
    for profile in (CURRENT, PROFILE_2016):
        procedures = catalogue(profile).procedures.values()
        assert len({int(each.code[-4:]) for each in procedures}) == len(procedures)
        assert max(len(each.asks) for each in procedures) <= 16


@given(residents, st.sampled_from([CURRENT, PROFILE_2016]))
@settings(max_examples=60)
def test_the_past_is_lawful(n: int, profile: str) -> None:
    person = NATION.person(n)
    for record in records_of(NATION, person, date(2010, 1, 1), date(2026, 3, 31), profile):
        asker, holder = record.inquirer.kind, record.provider.kind
        assert catalogue(profile).is_permitted(
            asker, record.affair, record.procedure, holder, record.information
        )
        assert record.inquirer != record.provider
        assert record.requested_at.date() >= max(NETWORK_OPENED, person.birth_date)
        assert (record.provided_at is not None) == (record.result == "provided")
        assert record.provided_at is None or record.provided_at > record.requested_at
        assert record.requested_at.weekday() < 5
        assert (record.requested_at.month, record.requested_at.day) not in {(12, 31), (1, 1), (1, 2), (1, 3)}


@given(residents, days)
def test_every_word_of_the_catalogue_has_its_rule(n: int, day: date) -> None:
    life = circumstances(NATION, NATION.person(n))

    for procedure in catalogue().procedures.values():
        assert life.has(procedure.when, day) == (procedure.when in life.tags(day))


def test_about_two_to_ten_records_a_year() -> None:
    people = [NATION.person(n) for n in range(7, NATION.size, NATION.size // 400)]
    counts = [len(records_of(NATION, p, date(2025, 4, 1), date(2026, 3, 31))) for p in people]

    assert 2 <= sum(counts) / len(counts) <= 10
    assert max(counts) < 60


def test_no_period_no_records() -> None:
    person = NATION.examples()[0]

    assert records_of(NATION, person, date(2025, 5, 2), date(2025, 5, 1)) == []
    assert records_of(NATION, person, date(2000, 1, 1), date(2017, 11, 12)) == []


def test_the_examples_have_a_past_to_show() -> None:
    for person in NATION.examples():
        assert len(records_of(NATION, person, date(2025, 4, 1), date(2026, 3, 31))) >= 3
