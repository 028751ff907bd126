"""Life events: at plausible rates, any day in any order, each person once."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from sim.nation.blocks import Role
from sim.nation.life import LifeEventKind, life_events
from sim.nation.municipalities import municipality
from sim.nation.nation import REFERENCE_DATE, Nation

NATION = Nation(1)
DAY = REFERENCE_DATE + timedelta(days=40)
EVENTS = life_events(NATION, DAY)


def of(kind: LifeEventKind) -> list[int]:
    return [event.n for event in EVENTS if event.kind is kind]


def test_rates_of_a_year_are_plausible() -> None:
    a_year = Counter({kind: 365 * len(of(kind)) for kind in LifeEventKind})

    assert 650_000 < a_year[LifeEventKind.BIRTH] < 850_000
    assert 1_400_000 < a_year[LifeEventKind.DEATH] < 1_750_000
    assert 380_000 < a_year[LifeEventKind.MARRIAGE] < 560_000
    assert 2_500_000 < a_year[LifeEventKind.JOB] < 4_500_000
    movers = 365 * sum(len(event.members) for event in EVENTS if event.kind is LifeEventKind.MOVE)
    assert 4_000_000 < movers < 6_000_000


def test_a_day_is_a_pure_function() -> None:
    life_events(NATION, DAY + timedelta(days=400))

    assert life_events(Nation(1), DAY) == EVENTS
    assert life_events(Nation(2), DAY) != EVENTS
    assert life_events(NATION, DAY + timedelta(days=1)) != EVENTS


def test_nobody_has_two_days_in_a_year() -> None:
    tomorrow = {event.n for event in life_events(NATION, DAY + timedelta(days=1))}

    assert tomorrow.isdisjoint(event.n for event in EVENTS)


def test_the_dead_have_no_further_events() -> None:
    dead = set(of(LifeEventKind.DEATH))
    later = set()
    for offset in (364, 365, 366):
        later |= {event.n for event in life_events(NATION, DAY + timedelta(days=offset))}

    assert len(dead) == len(of(LifeEventKind.DEATH))
    assert dead.isdisjoint(later)
    assert dead.isdisjoint(event.n for event in EVENTS if event.kind is not LifeEventKind.DEATH)


def test_each_kind_says_what_its_receivers_need() -> None:
    numbers = set()
    for event in EVENTS:
        person = NATION.person(event.n)
        match event.kind:
            case LifeEventKind.BIRTH:
                assert (person.sex, person.role) == (2, Role.SPOUSE)
                assert event.newborn is not None
                assert NATION.by_my_number(event.newborn.my_number) is None
                numbers.add(event.newborn.my_number)
            case LifeEventKind.MARRIAGE:
                assert event.partner is not None
                partner = NATION.person(event.partner)
                assert {person.sex, partner.sex} == {1, 2}
                assert min(person.age(DAY), partner.age(DAY)) >= 18
            case LifeEventKind.MOVE:
                assert event.municipality is not None
                assert municipality(event.municipality).code != person.municipality_code
                households = {NATION.person(n).household for n in event.members}
                assert event.n in event.members
                assert households == {person.household}
            case LifeEventKind.JOB:
                assert event.insurer is not None
                assert person.age(DAY) >= 15
    assert len(numbers) == len(of(LifeEventKind.BIRTH))


def test_there_is_a_first_and_a_last_day() -> None:
    assert life_events(NATION, REFERENCE_DATE - timedelta(days=1)) == []
    assert life_events(NATION, REFERENCE_DATE)
    with pytest.raises(ValueError, match="20年"):
        life_events(NATION, date(2046, 4, 1))
