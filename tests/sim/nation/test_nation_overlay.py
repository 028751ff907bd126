"""Life changes residents: one outcome for a set of events, whatever their order, and households that stay whole."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.nation.blocks import Role
from sim.nation.changes import Unfit
from sim.nation.life import LifeEvent, LifeEventKind, Newborn, life_events
from sim.nation.municipalities import UnknownMunicipality
from sim.nation.nation import REFERENCE_DATE, Nation, UnknownResident
from sim.nation.organisations import Kind, national_body, of_municipality
from sim.nation.overlay import Overlay
from sim.nation.person import Person

NATION = Nation(1)
DAY = REFERENCE_DATE + timedelta(days=30)
CHIYODA = NATION.residents_of("131016")


def a_household(*roles: Role, size: int | None = None) -> list[Person]:
    """The first one in 千代田区 with these roles and grown children only."""
    for n in CHIYODA:
        person = NATION.person(n)
        if person.role is Role.HEAD:
            home = NATION.household(person)
            fits = {m.role for m in home} == set(roles) and (size is None or len(home) == size)
            if fits and all(m.age(DAY) >= 20 for m in home):
                return home
    raise AssertionError(roles)


FAMILY = a_household(Role.HEAD, Role.SPOUSE, Role.CHILD, size=3)
COUPLE = a_household(Role.HEAD, Role.SPOUSE, size=2)
ALONE = a_household(Role.HEAD, size=1)
WIFE = next(m for m in FAMILY if m.sex == 2 and m.role is not Role.CHILD)
CHILD = next(m for m in FAMILY if m.role is Role.CHILD)
BABY = Newborn(NATION.size + 7, "葵", "アオイ", 2, "999999999999", "99999999999")


def event(kind: str, person: Person, days: int = 0, **details: object) -> LifeEvent:
    return LifeEvent(kind=LifeEventKind(kind), day=DAY + timedelta(days=days), n=person.n, **details)  # type: ignore[arg-type]


def move(person: Person, to: str, members: Iterable[Person] = (), days: int = 0) -> LifeEvent:
    return event("move", person, days, municipality=to, members=tuple(m.n for m in members) or (person.n,))


def state(overlay: Overlay, people: Iterable[int]) -> list[object]:
    found: list[object] = [overlay.unfit]
    for n in people:
        try:
            found.append((overlay.resident(n), [p.n for p in overlay.household(n)]))
        except UnknownResident:
            found.append(None)
    return found


def touched(events: Iterable[LifeEvent]) -> set[int]:
    found: set[int] = set()
    for e in events:
        found |= {e.n, *e.members, *([e.partner] if e.partner is not None else [])}
        found |= {e.newborn.n} if e.newborn else set()
    homes = {m.n for n in found if n < NATION.size for m in NATION.household(NATION.person(n))}
    return found | homes


def assert_households_hang_together(overlay: Overlay, people: Iterable[int]) -> None:
    for n in people:
        resident = overlay.resident(n)
        home = overlay.household(n)
        if resident.died is not None:
            assert home == []
            continue
        assert n in [m.n for m in home]
        assert [m.role for m in home].count(Role.HEAD) == 1
        assert home[0].role is Role.HEAD
        assert {m.household for m in home} == {home[0].n}
        assert len({m.address for m in home}) == 1
        assert [m.role for m in home].count(Role.SPOUSE) <= 1


# What each kind does


def test_nothing_told_nothing_changed() -> None:
    overlay = Overlay(NATION)

    assert overlay.person(WIFE.n) == NATION.person(WIFE.n)
    assert overlay.household(CHILD.n) == FAMILY
    assert overlay.resident(WIFE.n).since is None
    assert overlay.apply([]).changes == ()


def test_a_birth() -> None:
    overlay = Overlay(NATION)
    applied = overlay.apply([event("birth", WIFE, newborn=BABY)])
    child = overlay.person(BABY.n)

    assert [(c.n, c.is_born) for c in applied.changes] == [(BABY.n, True)]
    assert (child.family, child.given, child.birth_date, child.sex) == (WIFE.family, "葵", DAY, 2)
    assert (child.address, child.role, child.holds_card) == (WIFE.address, Role.CHILD, False)
    assert child.card.serial not in {m.card.serial for m in FAMILY}
    assert overlay.household(BABY.n) == [*FAMILY, child]
    again = event("birth", COUPLE[1], 1, newborn=BABY)
    assert overlay.apply([again]).unfit == ((again, Unfit.ALREADY_BORN),)
    with pytest.raises(UnknownResident):
        overlay.person(BABY.n + 1)


def test_a_death_makes_the_spouse_head_and_then_a_grown_child() -> None:
    head, spouse = FAMILY[0], FAMILY[1]
    overlay = Overlay(NATION, [event("death", head)])

    assert overlay.resident(head.n).died == DAY
    assert overlay.household(head.n) == []
    assert [(m.n, m.role) for m in overlay.household(CHILD.n)] == [
        (spouse.n, Role.HEAD),
        (CHILD.n, Role.CHILD),
    ]
    overlay.apply([event("death", spouse, 1)])
    assert [(m.n, m.role) for m in overlay.household(CHILD.n)] == [(CHILD.n, Role.HEAD)]
    later = event("job", head, 2, insurer=national_body(Kind.HEALTH_ASSOCIATION))
    assert overlay.apply([later]).unfit == ((later, Unfit.DEAD),)


def test_a_marriage() -> None:
    overlay = Overlay(NATION)
    applied = overlay.apply([event("marriage", ALONE[0], partner=CHILD.n)])
    married = overlay.resident(CHILD.n)

    assert (married.person.family, married.person.family_kana) == (ALONE[0].family, ALONE[0].family_kana)
    assert (married.person.role, married.person.address) == (Role.SPOUSE, ALONE[0].address)
    assert (married.moved_from, married.moved_on, married.spouse) == ("131016", DAY, ALONE[0].n)
    assert [m.n for m in overlay.household(ALONE[0].n)] == [ALONE[0].n, CHILD.n]
    assert [m.n for m in overlay.household(WIFE.n)] == [m.n for m in FAMILY[:2]]
    change = next(c for c in applied.changes if c.n == CHILD.n)
    assert (change.has_moved, change.is_renamed, change.has_died, change.is_born) == (
        True,
        True,
        False,
        False,
    )


def test_who_marries_out_of_the_parents_home_founds_a_household() -> None:
    overlay = Overlay(NATION, [event("marriage", CHILD, partner=ALONE[0].n)])

    assert [(m.n, m.role) for m in overlay.household(CHILD.n)] == [
        (CHILD.n, Role.HEAD),
        (ALONE[0].n, Role.SPOUSE),
    ]
    assert overlay.person(ALONE[0].n).family == CHILD.family
    assert_households_hang_together(overlay, {m.n for m in [*FAMILY, *ALONE]})


@pytest.mark.parametrize(
    ("wedding", "reason"),
    [
        (event("marriage", COUPLE[0], partner=ALONE[0].n), Unfit.NOT_SINGLE),
        (event("marriage", ALONE[0], partner=COUPLE[1].n), Unfit.NOT_SINGLE),
        (event("marriage", CHILD, partner=WIFE.n), Unfit.SAME_HOUSEHOLD),
        (event("marriage", ALONE[0], partner=NATION.size + 1), Unfit.UNKNOWN),
        (event("marriage", ALONE[0]), Unfit.INCOMPLETE),
        (event("birth", WIFE), Unfit.INCOMPLETE),
        (event("move", WIFE), Unfit.INCOMPLETE),
        (event("job", WIFE), Unfit.INCOMPLETE),
    ],
)
def test_what_can_not_be_changes_nothing_and_is_named(wedding: LifeEvent, reason: Unfit) -> None:
    overlay = Overlay(NATION)
    applied = overlay.apply([wedding])

    assert applied.unfit == overlay.unfit == ((wedding, reason),)
    assert applied.changes == ()
    assert overlay.events == (wedding,)


def test_children_do_not_marry() -> None:
    minor = next(p for p in map(NATION.person, CHIYODA) if p.role is Role.CHILD and p.age(DAY) < 17)
    wedding = event("marriage", ALONE[0], partner=minor.n)
    assert Overlay(NATION, [wedding]).unfit == ((wedding, Unfit.UNDER_AGE),)


def test_a_household_moves_with_all_who_live_in_it_by_then() -> None:
    overlay = Overlay(NATION, [event("birth", WIFE, newborn=BABY), move(FAMILY[0], "011002", FAMILY, days=1)])

    for member in (*FAMILY, overlay.person(BABY.n)):
        resident = overlay.resident(member.n)
        assert resident.person.address.municipality == resident.person.municipality_code == "011002"
        assert (resident.moved_from, resident.moved_on) == ("131016", DAY + timedelta(days=1))
        assert resident.person.address.text.startswith("北海道札幌市")
    assert len(overlay.household(BABY.n)) == 4


def test_a_child_leaves_home_and_a_head_leaves_for_work_alone() -> None:
    overlay = Overlay(NATION, [move(CHILD, "271004"), move(FAMILY[0], "011002", [FAMILY[0]], days=1)])

    assert [(m.n, m.role) for m in overlay.household(CHILD.n)] == [(CHILD.n, Role.HEAD)]
    assert [(m.n, m.role) for m in overlay.household(FAMILY[1].n)] == [(FAMILY[1].n, Role.HEAD)]
    assert overlay.person(FAMILY[1].n).address == FAMILY[1].address
    assert overlay.person(FAMILY[0].n).municipality_code == "011002"


def test_who_left_and_married_does_not_leave_the_spouse_behind() -> None:
    overlay = Overlay(
        NATION, [event("marriage", CHILD, partner=ALONE[0].n), move(CHILD, "271004", [CHILD], days=400)]
    )

    assert {m.municipality_code for m in overlay.household(CHILD.n)} == {"271004"}
    assert len(overlay.household(CHILD.n)) == 2


def test_a_job_brings_an_insurer_and_a_municipal_one_follows_a_move() -> None:
    overlay = Overlay(NATION, [event("job", ALONE[0], insurer=of_municipality("131016"))])
    assert overlay.resident(ALONE[0].n).insurer == of_municipality("131016")
    overlay.apply([move(ALONE[0], "011002", days=1)])
    assert overlay.resident(ALONE[0].n).insurer == of_municipality("011002")
    assert overlay.resident(WIFE.n).insurer is None


def test_somebody_on_an_earlier_day() -> None:
    overlay = Overlay(NATION, [move(ALONE[0], "011002", days=5), move(ALONE[0], "271004", days=9)])
    codes = [
        overlay.person(ALONE[0].n, DAY + timedelta(days=days)).municipality_code
        for days in (0, 4, 5, 8, 9, 99)
    ]

    assert codes == ["131016", "131016", "011002", "011002", "271004", "271004"]


def test_a_move_to_nowhere_is_refused_and_nothing_is_taken_in() -> None:
    overlay = Overlay(NATION)
    with pytest.raises(UnknownMunicipality):
        overlay.apply([event("death", WIFE), move(CHILD, "999999", days=1)])
    assert overlay.events == ()


# One outcome for a set


def some_events() -> st.SearchStrategy[list[LifeEvent]]:
    people = st.sampled_from([*FAMILY, *COUPLE, *ALONE])
    days = st.integers(0, 3)
    births = st.builds(
        lambda p, d, k: event("birth", p, d, newborn=Newborn(NATION.size + k, "葵", "アオイ", 1, f"{k}", f"{k}")),
        people, days, st.integers(0, 2),
    )  # fmt: skip
    deaths = st.builds(lambda p, d: event("death", p, d), people, days)
    marriages = st.builds(lambda p, q, d: event("marriage", p, d, partner=q.n), people, people, days)
    moves = st.builds(
        lambda p, d, to, whole: move(p, to, NATION.household(p) if whole else (), d),
        people, days, st.sampled_from(["011002", "131016", "271004"]), st.booleans(),
    )  # fmt: skip
    jobs = st.builds(lambda p, d: event("job", p, d, insurer=of_municipality("131016")), people, days)
    return st.lists(st.one_of(births, deaths, marriages, moves, jobs), max_size=12)


@given(some_events(), st.randoms(use_true_random=False), st.integers(1, 4))
@settings(max_examples=150, deadline=None)
def test_order_portions_and_repetition_do_not_matter(
    events: list[LifeEvent], chance: Random, portion: int
) -> None:
    whole = Overlay(NATION, events)
    people = touched(events) | {m.n for m in FAMILY}
    shuffled = [*events, *events[:3]]
    chance.shuffle(shuffled)
    piecemeal = Overlay(NATION)
    for at in range(0, len(shuffled), portion):
        was = {n: _or_none(piecemeal, n) for n in people}
        applied = piecemeal.apply(shuffled[at : at + portion])
        told = {c.n: (c.before, c.after) for c in applied.changes}
        now = {n: _or_none(piecemeal, n) for n in people}
        assert told == {n: (was[n], now[n]) for n in people if was[n] != now[n]}

    assert piecemeal == whole
    assert state(piecemeal, people) == state(whole, people)
    assert piecemeal.events == whole.events
    born = [n for n in people if _or_none(whole, n) is not None]
    assert_households_hang_together(whole, born)


def _or_none(overlay: Overlay, n: int) -> object:
    try:
        return overlay.resident(n)
    except UnknownResident:
        return None


def test_days_of_the_nation_in_any_order() -> None:
    """Real days, thinned out: what concerns one person in twenty."""
    days = [REFERENCE_DATE + timedelta(days=offset) for offset in (0, 1, 365)]
    per_day = [[e for e in life_events(NATION, day) if e.n % 20 == 0] for day in days]
    forward, backward = Overlay(NATION), Overlay(NATION)
    for events in per_day:
        forward.apply(events)
    for events in reversed(per_day):
        backward.apply(events)
    people = touched([e for events in per_day for e in events])

    assert (
        state(forward, people) == state(backward, people) == state(Overlay(Nation(1), forward.events), people)
    )
    assert_households_hang_together(forward, [n for n in people if _or_none(forward, n) is not None])
    assert len(forward.unfit) < len(forward.events) / 100


def test_newborns_are_numbered_after_the_nation_and_no_two_alike() -> None:
    born = [
        e.newborn
        for offset in (0, 1, 400)
        for e in life_events(NATION, REFERENCE_DATE + timedelta(days=offset))
        if e.newborn
    ]

    assert len({b.n for b in born}) == len({b.my_number for b in born}) == len(born) > 5000
    assert min(b.n for b in born) == NATION.size
    assert date(2026, 4, 1) == REFERENCE_DATE


@given(st.integers(0, 2**32), st.integers(0, 12))
@settings(max_examples=25, deadline=None)
def test_what_is_withdrawn_has_never_been(seed: int, kept: int) -> None:
    chance = Random(seed)
    told = [
        move(FAMILY[0], "011002", FAMILY, chance.randrange(5)),
        move(CHILD, "472018", days=chance.randrange(5)),
        event("death", FAMILY[0], chance.randrange(5)),
        event("birth", WIFE, chance.randrange(5), newborn=BABY),
        event("marriage", ALONE[0], chance.randrange(5), partner=CHILD.n),
        move(COUPLE[0], "131024", COUPLE, chance.randrange(5)),
    ]
    chance.shuffle(told)
    gone = told[kept % len(told) :]
    overlay = Overlay(NATION, told)
    overlay.withdraw([*gone, event("death", ALONE[0], 300)])

    expected = Overlay(NATION, told[: kept % len(told)])
    assert overlay == expected
    assert state(overlay, touched(told)) == state(expected, touched(told))
    assert all(one not in overlay for one in gone)
