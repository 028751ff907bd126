"""Background traffic follows from its seed, and under it, with everything going wrong, the invariants hold."""

from datetime import date, timedelta

import pytest
import trio
from linkage_world import DAY_SECONDS, ELSEWHERE, LinkageWorld
from trio.testing import MockClock

from portal.links.memory import Passage
from portal.wire.controls import Mode
from portal.wire.disclosure import Named, ProvisionRecord, ProvisionResult
from portal.wire.intermediate_keeping import PROTECT, Protect
from portal.wire.linkage import InquiryState, Place
from portal.wire.moments import DAY, to_utc
from portal.wire.network import DISCLOSE_RECORDS, DiscloseRecords, RecordsAnswer, RecordsOutcome
from portal.wire.systems import Party, System
from sim.nation.nation import Nation
from sim.network.codes import DISCLOSURE_SYSTEM, LinkageCodes
from sim.network.invariants import (
    INVARIANTS,
    Evidence,
    Unended,
    broken,
    codes_differ,
    flagged_not_at_once,
    gather,
    no_my_number,
    permitted,
    requests_end,
    three_records,
)
from sim.network.rates import PEAK_FACTOR, RATES
from sim.network.traffic import AT_ONCE_MAX, Traffic, TrafficPlan


async def evidence_of(world: LinkageWorld, *immediate: RecordsAnswer) -> Evidence:
    stores = world.wiring.stores
    texts = [*stores[System.NETWORK].dump(), *stores[System.INTERMEDIATE].dump()]
    return await gather(
        stores[System.NETWORK],
        stores[System.INTERMEDIATE],
        world.nation,
        world.codes,
        now_ms=world.wiring.clock.now_ms(),
        immediate=immediate,
        texts=texts,
    )


# Traffic


def test_the_rates_are_the_decks(nation: Nation) -> None:
    assert (RATES["actual"], RATES["design"]) == (27, 91)
    assert RATES["actual-peak"] == PEAK_FACTOR * 27
    for rate in (0.3, 27.0, 45.5):
        plan = TrafficPlan(nation, 1, rate)
        assert sum(len(plan.inquiries(second)) for second in range(1000, 1010)) == pytest.approx(
            10 * rate, abs=1
        )


def test_a_second_follows_from_the_seed(nation: Nation) -> None:
    one, same, other = (TrafficPlan(nation, seed, 5).inquiries(1_775_000_000) for seed in (1, 1, 2))

    assert one == same
    assert one != other
    assert len({inquiry.request_id for inquiry in one}) == 5
    with pytest.raises(ValueError):
        TrafficPlan(nation, 1, -1)


@pytest.mark.requirement("REC-2")
async def test_records_appear_while_people_look(up: LinkageWorld, autojump_clock: MockClock) -> None:
    plan = TrafficPlan(up.nation, 1, 27)
    traffic = Traffic(plan, up.wiring.link(Party.OPERATOR, System.INTERMEDIATE), up.wiring.clock)
    second = up.wiring.clock.now_ms() // 1000
    somebody = plan.inquiries(second)[0].person
    asked = DiscloseRecords(
        "r1", up.codes.code_of(somebody, DISCLOSURE_SYSTEM), date(2026, 4, 1), date(2026, 4, 1)
    )
    before = await up.ask(DISCLOSE_RECORDS, asked)
    async with trio.open_nursery() as nursery:
        await nursery.start(traffic.run)
        await trio.sleep(5.5)
        nursery.cancel_scope.cancel()
    await trio.sleep(60)

    made = traffic.counts.taken
    assert 5 * 27 <= made <= 6 * 27
    assert (traffic.counts.refused, traffic.counts.left_out) == (0, 0)
    after = await up.ask(DISCLOSE_RECORDS, asked)
    assert isinstance(before, RecordsAnswer) and isinstance(after, RecordsAnswer)
    assert len(after.records) > len(before.records)
    answer = await up.reconciled()
    assert (answer.inquiries, answer.underway, answer.differences) == (made, 0, ())
    assert broken(await evidence_of(up)) == []


async def test_a_worker_that_comes_back_asks_nothing_twice(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    taken = 0
    for _ in range(2):
        traffic = Traffic(
            TrafficPlan(up.nation, 1, 5), up.wiring.link(Party.OPERATOR, System.INTERMEDIATE), up.wiring.clock
        )
        async with trio.open_nursery() as nursery:
            await nursery.start(traffic.run)
            await trio.sleep(0.45)
            nursery.cancel_scope.cancel()
        taken += traffic.counts.taken
    await trio.sleep(10)

    assert (taken, (await up.reconciled()).inquiries) == (3 + 5, 5)


async def test_a_world_that_is_slower_than_the_rate_is_not_buried(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    up.wiring.weather.passages["intermediate.make_inquiry"] = Passage(request_delay_s=4)
    traffic = Traffic(
        TrafficPlan(up.nation, 1, 91), up.wiring.link(Party.OPERATOR, System.INTERMEDIATE), up.wiring.clock
    )
    async with trio.open_nursery() as nursery:
        await nursery.start(traffic.run)
        await trio.sleep(1.5)
        nursery.cancel_scope.cancel()

    assert traffic.counts.left_out == pytest.approx(1.5 * 91 - AT_ONCE_MAX, abs=3)


# Invariants


async def test_they_hold_when_everything_goes_wrong(world: LinkageWorld, autojump_clock: MockClock) -> None:
    """Traffic, protected people, lost and doubled messages, crashes, stops; then quiet, and everything has ended."""
    plan = TrafficPlan(world.nation, 3, 6)
    weather = world.wiring.weather.passages
    second = world.wiring.clock.now_ms() // 1000
    crowd = [inquiry for later in range(3) for inquiry in plan.inquiries(second + later)]
    answers: list[RecordsAnswer] = []

    async def look(name: str) -> None:
        for number, inquiry in enumerate(crowd):
            code = world.codes.code_of(inquiry.person, DISCLOSURE_SYSTEM)
            today = date(2026, 4, 1)
            asked = DiscloseRecords(f"{name}{number}", code, today, today + timedelta(days=9))
            answer = await world.ask(DISCLOSE_RECORDS, asked)
            if isinstance(answer, RecordsAnswer):
                answers.append(answer)

    async with world.running(world.portal.built(), world.core(), world.servers()):
        for inquiry in crowd[::3]:
            await world.side(PROTECT, Protect(inquiry.provider, inquiry.person, True))
        for inquiry in crowd[1::3]:
            await world.side(PROTECT, Protect(inquiry.inquirer, inquiry.person, True))
    link = world.wiring.link(Party.OPERATOR, System.INTERMEDIATE)
    traffic = Traffic(plan, link, world.wiring.clock)
    async with trio.open_nursery() as nursery:
        await nursery.start(traffic.run)
        weather["intermediate.notify_provider"] = Passage(lose_reply=True)
        weather["network.report_provision"] = Passage(duplicate=True)
        async with world.running(world.portal.built(), world.core(), world.servers()):
            await trio.sleep(1.7)
            await look("a")
            await world.wiring.set(System.INTERMEDIATE, Mode.STOPPED, organisation=crowd[5].provider)
        weather["network.inquire"] = Passage(reset=True)
        async with world.running(world.portal.built(), world.core(), world.servers()):
            await trio.sleep(1.7)
            await look("b")
        nursery.cancel_scope.cancel()
    weather.clear()
    async with world.running(world.portal.built(), world.core(), world.servers()):
        await trio.sleep(1000)
        await look("c")
        await trio.sleep(10 * DAY_SECONDS)
        await world.wiring.set(System.INTERMEDIATE, Mode.NORMAL, organisation=crowd[5].provider)
        await trio.sleep(60 * DAY_SECONDS)

    evidence = await evidence_of(world, *answers)
    assert traffic.counts.taken > 20
    assert {answer.outcome for answer in answers} == set(RecordsOutcome)
    assert any(row.flagged for row in evidence.kept)
    assert broken(evidence) == []
    states = {row.state for row in evidence.of(Place.CORE)}
    assert InquiryState.PENDING not in states
    assert InquiryState.PROVIDED in states


async def test_each_is_shown_to_find_what_it_is_for(up: LinkageWorld, autojump_clock: MockClock) -> None:
    number = await up.make(withheld=True)
    await trio.sleep(1)
    good = await evidence_of(up)
    assert broken(good) == []
    core = next(row for row in good.kept if row.place == Place.CORE)
    others = [row for row in good.kept if row.place != Place.CORE]

    number_kept = good._replace(texts=[*good.texts, f"INSERT INTO x VALUES('{up.person.my_number}')"])
    assert no_my_number(number_kept)
    assert up.person.my_number not in "".join(no_my_number(number_kept)), "nor does the finding say it"

    class OneCode(LinkageCodes):
        def code_of(self, person: int, organisation: str) -> str:
            return "0" * 32

    assert codes_differ(good._replace(codes=OneCode(b"x")))
    assert permitted(good._replace(kept=[core._replace(procedure="JT90000000000004"), *others]))
    assert permitted(good._replace(kept=[core._replace(provider="9" * 16), *others]))
    refused = await up.make("refused", procedure="JT90000000000004")
    await trio.sleep(1)
    both = await evidence_of(up)
    assert broken(both) == []
    two = [row for row in both.kept if row.number == refused]
    assert {row.place for row in two} == {Place.CORE, Place.INQUIRER}
    for row in two:
        assert three_records(both._replace(kept=[each for each in both.kept if each != row])), row.place
    core_row = next(row for row in two if row.place == Place.CORE)
    extra = core_row._replace(place=str(Place.PROVIDER))
    assert three_records(both._replace(kept=[*both.kept, extra])), "a provider must not know of it"
    for missing in good.kept:
        assert three_records(good._replace(kept=[row for row in good.kept if row != missing])), missing.place
    assert three_records(good._replace(kept=[core._replace(provided_ms=1), *others]))
    shown = ProvisionRecord(number, to_utc(0), None, *(Named("", ""),) * 5, ProvisionResult.PROVIDED)  # type: ignore[misc]
    assert flagged_not_at_once(good._replace(immediate=[RecordsAnswer(RecordsOutcome.ANSWERED, (shown,))]))
    pending = core._replace(state=str(InquiryState.PENDING))
    assert requests_end(good._replace(kept=[pending], now_ms=good.now_ms + 9 * DAY))
    waiting = [Unended("disclosure", "r1", good.now_ms)]
    assert requests_end(good._replace(unended=waiting, now_ms=good.now_ms + 100 * DAY))
    assert not requests_end(good._replace(unended=waiting))


def test_each_has_a_name_and_a_requirement() -> None:
    assert len({invariant.name for invariant in INVARIANTS}) == len(INVARIANTS) == 6
    assert all(invariant.requirement and invariant.check.__doc__ for invariant in INVARIANTS)
    assert ELSEWHERE
