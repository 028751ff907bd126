"""When things happen: sums that come from sources, offices' hours, everybody's turn; and a heap that holds a day."""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.years import season
from scenarios.years.agenda import Agenda, Entry, What, midnight_ms
from scenarios.years.order import DAYS_A_MONTH, Order, check, from_duration, place_of, populations
from scenarios.years.people import Crowd, Renewals
from sim.nation.holidays import is_office_day
from sim.world.facts import FIRST_DAY, WorldFacts

YEAR = [date(2026, 4, 1) + timedelta(days=number) for number in range(365)]
ORDER = Order(70, 3_000, seed=5, sign_ins=1.0)


@pytest.fixture(scope="module")
def facts() -> WorldFacts:
    return WorldFacts(ORDER.seed, None, populations=populations(ORDER))


def lived(order: Order, facts: WorldFacts) -> tuple[Crowd, list[Entry], int]:
    """All entries of a run whose time passes by itself, and how many there were at once at most."""
    crowd = Crowd(order, facts.nation)
    agenda = Agenda(order, crowd, Renewals(order, facts.nation, facts.wallet))
    agenda.fill(FIRST_DAY)
    entries, most = [], 0
    while len(agenda):
        most = max(most, len(agenda))
        entry = agenda.pop()
        entries.append(entry)
        if entry.what is What.DAY:
            agenda.fill(
                FIRST_DAY + timedelta(days=(entry.moment_ms - midnight_ms(FIRST_DAY)) // season.DAY_MS)
            )
    return crowd, entries, most


def test_a_year_of_inquiries_is_what_the_source_says() -> None:
    whole = sum(season.inquiries_on(day, 27.0) for day in YEAR)

    assert whole == pytest.approx(190e6, rel=0.03)
    assert all(season.inquiries_on(day, 27.0) == 0 for day in YEAR if not is_office_day(day))


def test_a_year_of_sign_ins_is_twelve_months_of_them() -> None:
    assert sum(season.sign_ins_on(day, 1.0) for day in YEAR) == pytest.approx(365, rel=0.02)


@given(st.integers(0, 2**64 - 1))
def test_offices_ask_while_they_are_open_and_people_come_within_the_day(word: int) -> None:
    assert 8.75 * 3_600_000 <= season.office_moment(word) < 17.25 * 3_600_000
    assert 0 <= season.leisure_moment(word) < season.DAY_MS


@given(st.floats(0, 1_000), st.integers(0, 2**32))
def test_whole_numbers_lie_beside_what_is_expected(expected: float, key: int) -> None:
    assert abs(season.whole(expected, key, 0) - expected) <= 1


def test_entries_come_in_order_and_a_day_at_a_time(facts: WorldFacts) -> None:
    crowd, entries, most = lived(ORDER, facts)

    assert entries == sorted(entries)
    visits = [entry for entry in entries if entry.what is What.VISIT]
    assert len(visits) == pytest.approx(3_000 * 70 / DAYS_A_MONTH, rel=0.1)
    assert most < 3 * len(entries) / ORDER.days
    # Everybody comes once before anybody comes again.
    first_round = [entry.who for entry in visits[: len(crowd.users) // 2]]
    in_the_order_drawn = Counter(first_round)
    assert max(in_the_order_drawn.values()) <= 2
    turns = Counter(entry.who for entry in visits)
    assert max(turns.values()) - min(turns[n] for n in crowd.users) <= 1


def test_users_are_grown_up_and_hold_a_card(facts: WorldFacts) -> None:
    crowd = Crowd(ORDER, facts.nation)

    people = [facts.nation.person(n) for n in crowd.users]
    assert len(set(crowd.users)) == len(crowd.users) > 1_000
    assert all(person.holds_card and person.age(FIRST_DAY) >= 18 for person in people)


def test_cards_are_renewed_about_when_they_run_out(facts: WorldFacts) -> None:
    _, entries, _ = lived(ORDER, facts)

    renewals = [entry for entry in entries if entry.what is What.RENEWAL]
    assert renewals
    for entry in renewals:
        day = FIRST_DAY + timedelta(days=(entry.moment_ms - midnight_ms(FIRST_DAY)) // season.DAY_MS)
        expiry = facts.wallet.expires_on(entry.who)
        assert timedelta(days=-61) <= expiry - day <= timedelta(days=91), (expiry, day)


def test_residents_stay_themselves_in_a_nation_of_their_own(facts: WorldFacts) -> None:
    whole = WorldFacts(ORDER.seed, None).nation
    place = place_of(ORDER)

    assert facts.nation.size == ORDER.residents
    assert place.population_weight >= ORDER.residents
    for number in (1, 2, 1_234, 3_000):
        here, there = (nation.resident(f"{place.code}-{number}") for nation in (facts.nation, whole))
        assert (here.name, here.birth_date, here.my_number) == (there.name, there.birth_date, there.my_number)


@pytest.mark.parametrize(("years", "days"), [(2.0, 730), (0.5, 182), (0.0001, 1)])
def test_years_are_days(years: float, days: int) -> None:
    assert from_duration(years, None, None) == days


def test_months_are_those_of_the_calendar() -> None:
    assert [from_duration(None, months, None) for months in (1, 12, 24)] == [30, 365, 731]


def test_the_longest_and_the_largest_can_be_ordered() -> None:
    check(Order(19 * 365, 3_700_000))
