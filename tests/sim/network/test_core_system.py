"""The core system through its dispatcher: codes, and records disclosed at once and later."""

from datetime import date
from typing import Any

import pytest
import trio
from linkage_world import DAY_SECONDS, PERIOD, LinkageWorld
from sim_wiring import code_of
from trio.testing import MockClock

from portal.wire.controls import Mode
from portal.wire.deliveries import DeliveredRecords
from portal.wire.network import (
    ACQUIRE_CODE,
    BROKER_SELF_INFORMATION,
    DISCLOSE_RECORDS,
    AcquireCode,
    AcquiredCode,
    DiscloseRecords,
    RecordsAnswer,
    RecordsOutcome,
)
from portal.wire.problems import ProblemCode, problem
from portal.wire.systems import System
from sim.jpki.serials import Kind
from sim.nation.holdings import TAX
from sim.nation.nation import Nation

LATE_SECONDS = 90


def test_one_code_for_each_of_the_nation(nation: Nation) -> None:
    assert nation.size < 1 << 27


# 符号


@pytest.mark.requirement("ACC-2")
async def test_acquires_the_portals_code_once_for_each_number(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    serial = str(up.serials.serial_of(up.person.n, 0, Kind.AUTH))
    asked = AcquireCode(serial, "number-1")

    assert await up.ask(ACQUIRE_CODE, asked) == AcquiredCode(up.code)
    assert await up.ask(ACQUIRE_CODE, asked) == AcquiredCode(up.code), "the same request, the same answer"
    renewed = str(up.serials.serial_of(up.person.n, 1, Kind.AUTH))
    other = await up.ask(ACQUIRE_CODE, AcquireCode(renewed, "number-1"))
    assert code_of(other) is ProblemCode.UNPROCESSABLE, "used once"
    again = await up.ask(ACQUIRE_CODE, AcquireCode(renewed, "number-2"))
    assert again == AcquiredCode(up.code), "one person, one code, whatever the certificate"


async def test_the_acquisition_number_is_erased(up: LinkageWorld, autojump_clock: MockClock) -> None:
    serial = str(up.serials.serial_of(up.person.n, 0, Kind.AUTH))
    await up.ask(ACQUIRE_CODE, AcquireCode(serial, "number-to-erase"))

    assert not any("number-to-erase" in line for line in up.wiring.stores[System.NETWORK].dump())


async def test_a_used_number_is_still_known_after_a_crash(
    world: LinkageWorld, autojump_clock: MockClock
) -> None:
    serial = str(world.serials.serial_of(world.person.n, 0, Kind.AUTH))
    async with world.wiring.running(world.registry()), world.wiring.running(world.core()):
        await world.ask(ACQUIRE_CODE, AcquireCode(serial, "number-1"))
    async with world.wiring.running(world.core()):
        # The registry is not asked again: it isn't even there.
        assert await world.ask(ACQUIRE_CODE, AcquireCode(serial, "number-1")) == AcquiredCode(world.code)
        gone = await world.ask(ACQUIRE_CODE, AcquireCode(serial, "number-2"))
    assert code_of(gone) is ProblemCode.UPSTREAM_UNAVAILABLE


async def test_no_code_for_a_serial_that_nobody_has(up: LinkageWorld, autojump_clock: MockClock) -> None:
    assert code_of(await up.ask(ACQUIRE_CODE, AcquireCode("12345", "number-1"))) is ProblemCode.NOT_FOUND


# 情報提供等記録


@pytest.mark.requirement("REC-1", "REC-2")
async def test_answers_with_the_records_of_the_period(up: LinkageWorld, autojump_clock: MockClock) -> None:
    answer = await up.ask(DISCLOSE_RECORDS, up.disclosure())

    assert isinstance(answer, RecordsAnswer)
    assert answer.outcome is RecordsOutcome.ANSWERED
    assert answer.records
    assert len({record.record_id for record in answer.records}) == len(answer.records)
    days = [record.requested_at.date() for record in answer.records]
    assert days == sorted(days, reverse=True)
    assert PERIOD["start"] <= days[-1] and days[0] <= PERIOD["end"]
    assert await up.ask(DISCLOSE_RECORDS, up.disclosure()) == answer


@pytest.mark.requirement("REC-2")
async def test_says_nothing_of_the_future(up: LinkageWorld, autojump_clock: MockClock) -> None:
    answer = await up.ask(DISCLOSE_RECORDS, up.disclosure(start=date(2030, 1, 1), end=date(2031, 1, 1)))

    assert answer == RecordsAnswer(RecordsOutcome.ANSWERED)


@pytest.mark.requirement("REC-3")
async def test_late_answers_come_by_push_once(up: LinkageWorld, autojump_clock: MockClock) -> None:
    at_once = await up.ask(DISCLOSE_RECORDS, up.disclosure("r0"))
    assert isinstance(at_once, RecordsAnswer)
    await up.wiring.set(System.NETWORK, Mode.LATE, late_seconds=LATE_SECONDS)

    later = RecordsAnswer(RecordsOutcome.LATER)
    assert await up.ask(DISCLOSE_RECORDS, up.disclosure()) == later
    assert await up.ask(DISCLOSE_RECORDS, up.disclosure()) == later, "the same request, the same promise"
    await trio.sleep(LATE_SECONDS - 1)
    assert up.portal.got == []
    await trio.sleep(2)
    assert up.portal.got == [DeliveredRecords("r1", at_once.records)]
    await trio.sleep(DAY_SECONDS)
    assert len(up.portal.got) == 1


@pytest.mark.requirement("REC-3")
async def test_a_promise_outlives_the_process(world: LinkageWorld, autojump_clock: MockClock) -> None:
    async with world.wiring.running(world.core()):
        await world.wiring.set(System.NETWORK, Mode.LATE, late_seconds=LATE_SECONDS)
        await world.ask(DISCLOSE_RECORDS, world.disclosure())
    await trio.sleep(3 * LATE_SECONDS)
    async with world.wiring.running(world.portal.built()), world.wiring.running(world.core()):
        await trio.sleep(1)
        assert [got.request_id for got in world.portal.got] == ["r1"]


@pytest.mark.requirement("REC-3")
async def test_pushes_until_the_portal_takes_it(up: LinkageWorld, autojump_clock: MockClock) -> None:
    await up.wiring.set(System.NETWORK, Mode.LATE, late_seconds=1)
    refusal = problem(ProblemCode.STORAGE_REFUSED, "いっぱいです。")
    up.portal.answer = lambda _: refusal
    await up.ask(DISCLOSE_RECORDS, up.disclosure())
    await trio.sleep(600)
    assert up.portal.got == []

    up.portal.answer = None
    await trio.sleep(600)

    assert [got.request_id for got in up.portal.got] == ["r1"]


async def test_stops_pushing_when_the_portal_does_not_know_the_request(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    await up.wiring.set(System.NETWORK, Mode.LATE, late_seconds=1)
    asked = 0

    def not_found(_: object) -> object:
        nonlocal asked
        asked += 1
        return problem(ProblemCode.NOT_FOUND, "ありません。")

    up.portal.answer = not_found
    await up.ask(DISCLOSE_RECORDS, up.disclosure())
    await trio.sleep(DAY_SECONDS)

    assert asked == 1


async def test_gives_up_after_a_month(up: LinkageWorld, autojump_clock: MockClock) -> None:
    await up.wiring.set(System.NETWORK, Mode.LATE, late_seconds=1)
    refusal = problem(ProblemCode.STORAGE_REFUSED, "いっぱいです。")
    up.portal.answer = lambda _: refusal
    await up.ask(DISCLOSE_RECORDS, up.disclosure())
    await trio.sleep(10)
    up.wiring.clock.move(31 * DAY_SECONDS * 1000)
    await trio.sleep(600)
    up.portal.answer = None
    await trio.sleep(DAY_SECONDS)

    assert up.portal.got == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"start": date(2026, 1, 2), "end": date(2026, 1, 1)}, "$.end"),
        ({"code": "0" * 32}, "$.code"),
        ({"code": "not a code"}, "$.code"),
        ({"request_id": ""}, "$.request_id"),
    ],
)
async def test_refuses_bad_disclosures(
    up: LinkageWorld, autojump_clock: MockClock, change: dict[str, Any], field: str
) -> None:
    wanted = {"request_id": "r1", "code": up.code, **PERIOD, **change}
    answer = await up.ask(DISCLOSE_RECORDS, DiscloseRecords(**wanted))

    assert code_of(answer) is ProblemCode.UNPROCESSABLE
    assert getattr(answer, "field", None) == field


async def test_a_request_id_is_not_used_twice_for_different_things(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    await up.wiring.set(System.NETWORK, Mode.LATE)
    await up.ask(DISCLOSE_RECORDS, up.disclosure())
    await up.ask(BROKER_SELF_INFORMATION, up.provision())

    other = await up.ask(DISCLOSE_RECORDS, up.disclosure(end=date(2026, 1, 1)))
    assert code_of(other) is ProblemCode.UNPROCESSABLE
    other_kind = await up.ask(BROKER_SELF_INFORMATION, up.provision(information=TAX))
    assert code_of(other_kind) is ProblemCode.UNPROCESSABLE
