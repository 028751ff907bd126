"""The core system through its dispatcher: codes, disclosure at once and later, brokering, guidance."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import date
from typing import Any

import pytest
import trio
from sim_wiring import Recipient, Wiring, code_of
from trio.testing import MockClock

from portal.links.memory import Passage
from portal.serving.system import BuiltSystem
from portal.wire.controls import Control, Mode, control
from portal.wire.deliveries import DELIVER_RECORDS, DELIVER_SELF_INFORMATION, DeliveredRecords
from portal.wire.network import (
    ACQUIRE_CODE,
    BROKER_SELF_INFORMATION,
    DISCLOSE_RECORDS,
    FIND_HOLDERS,
    VIEW_CATALOGUE,
    AcquireCode,
    AcquiredCode,
    Brokered,
    BrokerOutcome,
    BrokerSelfInformation,
    DiscloseRecords,
    FindHolders,
    Holders,
    RecordsAnswer,
    RecordsOutcome,
)
from portal.wire.operation import Nothing
from portal.wire.problems import ProblemCode, problem
from portal.wire.self_information import Catalogue
from portal.wire.systems import Party, System
from sim.intermediate import system as intermediate
from sim.jpki.serials import Kind, Serials
from sim.nation.holdings import RESIDENCE, TAX
from sim.nation.nation import Nation
from sim.network import system as network
from sim.network.codes import DISCLOSURE_SYSTEM, LinkageCodes
from sim.registry import system as registry

DAY_SECONDS = 86_400
LATE_SECONDS = 90
PERIOD = {"start": date(2025, 4, 1), "end": date(2026, 3, 31)}


class World:
    """Registry, core and intermediate servers, and somebody where the portal is."""

    def __init__(self, nation: Nation, codes: LinkageCodes, serials: Serials) -> None:
        self.nation, self.codes, self.serials = nation, codes, serials
        self.wiring = Wiring(
            {
                System.REGISTRY: registry.SCHEMAS,
                System.NETWORK: network.SCHEMAS,
                System.INTERMEDIATE: intermediate.SCHEMAS,
            }
        )
        self.portal = Recipient(self.wiring, [DELIVER_RECORDS, DELIVER_SELF_INFORMATION])
        self.person = nation.examples()[0]
        self.code = codes.code_of(self.person.n, DISCLOSURE_SYSTEM)
        self.here = f"00001{self.person.municipality_code}00001"
        self.ask = self.wiring.ask

    def core(self, **more: Any) -> BuiltSystem:
        return network.build(self.wiring.surroundings(System.NETWORK), self.nation, self.codes, **more)

    def servers(self) -> BuiltSystem:
        return intermediate.build(self.wiring.surroundings(System.INTERMEDIATE), self.nation, self.codes)

    def registry(self) -> BuiltSystem:
        return registry.build(self.wiring.surroundings(System.REGISTRY), self.nation, self.serials)

    def disclosure(self, request_id: str = "r1", **more: Any) -> DiscloseRecords:
        return DiscloseRecords(request_id=request_id, code=self.code, **{**PERIOD, **more})

    def provision(self, request_id: str = "s1", information: str = RESIDENCE) -> BrokerSelfInformation:
        return BrokerSelfInformation(request_id, self.code, information, self.here)


@pytest.fixture
def world(nation: Nation, codes: LinkageCodes, serials: Serials) -> World:
    return World(nation, codes, serials)


@pytest.fixture
async def up(world: World) -> AsyncIterator[World]:
    """All of them running."""
    async with AsyncExitStack() as stack:
        for built in (world.portal.built(), world.registry(), world.core(), world.servers()):
            await stack.enter_async_context(world.wiring.running(built))
        yield world


def test_one_code_for_each_of_the_nation(nation: Nation) -> None:
    assert nation.size < 1 << 27


# 符号


@pytest.mark.requirement("ACC-2")
async def test_acquires_the_portals_code_once_for_each_number(up: World, autojump_clock: MockClock) -> None:
    serial = str(up.serials.serial_of(up.person.n, 0, Kind.AUTH))
    asked = AcquireCode(serial, "number-1")

    assert await up.ask(ACQUIRE_CODE, asked) == AcquiredCode(up.code)
    assert await up.ask(ACQUIRE_CODE, asked) == AcquiredCode(up.code), "the same request, the same answer"
    renewed = str(up.serials.serial_of(up.person.n, 1, Kind.AUTH))
    other = await up.ask(ACQUIRE_CODE, AcquireCode(renewed, "number-1"))
    assert code_of(other) is ProblemCode.UNPROCESSABLE, "used once"
    again = await up.ask(ACQUIRE_CODE, AcquireCode(renewed, "number-2"))
    assert again == AcquiredCode(up.code), "one person, one code, whatever the certificate"


async def test_the_acquisition_number_is_erased(up: World, autojump_clock: MockClock) -> None:
    serial = str(up.serials.serial_of(up.person.n, 0, Kind.AUTH))
    await up.ask(ACQUIRE_CODE, AcquireCode(serial, "number-to-erase"))

    assert not any("number-to-erase" in line for line in up.wiring.stores[System.NETWORK].dump())


async def test_a_used_number_is_still_known_after_a_crash(world: World, autojump_clock: MockClock) -> None:
    serial = str(world.serials.serial_of(world.person.n, 0, Kind.AUTH))
    async with world.wiring.running(world.registry()), world.wiring.running(world.core()):
        await world.ask(ACQUIRE_CODE, AcquireCode(serial, "number-1"))
    async with world.wiring.running(world.core()):
        # The registry is not asked again: it isn't even there.
        assert await world.ask(ACQUIRE_CODE, AcquireCode(serial, "number-1")) == AcquiredCode(world.code)
        gone = await world.ask(ACQUIRE_CODE, AcquireCode(serial, "number-2"))
    assert code_of(gone) is ProblemCode.UPSTREAM_UNAVAILABLE


async def test_no_code_for_a_serial_that_nobody_has(up: World, autojump_clock: MockClock) -> None:
    assert code_of(await up.ask(ACQUIRE_CODE, AcquireCode("12345", "number-1"))) is ProblemCode.NOT_FOUND


# 情報提供等記録


@pytest.mark.requirement("REC-1", "REC-2")
async def test_answers_with_the_records_of_the_period(up: World, autojump_clock: MockClock) -> None:
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
async def test_says_nothing_of_the_future(up: World, autojump_clock: MockClock) -> None:
    answer = await up.ask(DISCLOSE_RECORDS, up.disclosure(start=date(2030, 1, 1), end=date(2031, 1, 1)))

    assert answer == RecordsAnswer(RecordsOutcome.ANSWERED)


@pytest.mark.requirement("REC-3")
async def test_late_answers_come_by_push_once(up: World, autojump_clock: MockClock) -> None:
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
async def test_a_promise_outlives_the_process(world: World, autojump_clock: MockClock) -> None:
    async with world.wiring.running(world.core()):
        await world.wiring.set(System.NETWORK, Mode.LATE, late_seconds=LATE_SECONDS)
        await world.ask(DISCLOSE_RECORDS, world.disclosure())
    await trio.sleep(3 * LATE_SECONDS)
    async with world.wiring.running(world.portal.built()), world.wiring.running(world.core()):
        await trio.sleep(1)
        assert [got.request_id for got in world.portal.got] == ["r1"]


@pytest.mark.requirement("REC-3")
async def test_pushes_until_the_portal_takes_it(up: World, autojump_clock: MockClock) -> None:
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
    up: World, autojump_clock: MockClock
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


async def test_gives_up_after_a_month(up: World, autojump_clock: MockClock) -> None:
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
    up: World, autojump_clock: MockClock, change: dict[str, Any], field: str
) -> None:
    wanted = {"request_id": "r1", "code": up.code, **PERIOD, **change}
    answer = await up.ask(DISCLOSE_RECORDS, DiscloseRecords(**wanted))

    assert code_of(answer) is ProblemCode.UNPROCESSABLE
    assert getattr(answer, "field", None) == field


async def test_a_request_id_is_not_used_twice_for_different_things(
    up: World, autojump_clock: MockClock
) -> None:
    await up.wiring.set(System.NETWORK, Mode.LATE)
    await up.ask(DISCLOSE_RECORDS, up.disclosure())
    await up.ask(BROKER_SELF_INFORMATION, up.provision())

    other = await up.ask(DISCLOSE_RECORDS, up.disclosure(end=date(2026, 1, 1)))
    assert code_of(other) is ProblemCode.UNPROCESSABLE
    other_kind = await up.ask(BROKER_SELF_INFORMATION, up.provision(information=TAX))
    assert code_of(other_kind) is ProblemCode.UNPROCESSABLE


# 自己情報


@pytest.mark.requirement("SELF-2")
async def test_catalogue(up: World, autojump_clock: MockClock) -> None:
    catalogue = await up.ask(VIEW_CATALOGUE, Nothing())

    assert isinstance(catalogue, Catalogue)
    kinds = {kind.information.code: kind for kind in catalogue.kinds}
    assert (kinds[TAX].information.name, kinds[TAX].field) == ("地方税関係情報", "税")


@pytest.mark.requirement("SELF-3", "SELF-4")
async def test_finds_who_holds_it(up: World, autojump_clock: MockClock) -> None:
    found = await up.ask(FIND_HOLDERS, FindHolders(up.code, (RESIDENCE, TAX)))

    assert isinstance(found, Holders)
    assert {(held.information, held.organisation.code) for held in found.holders} >= {
        (RESIDENCE, up.here),
        (TAX, up.here),
    }
    narrowed = await up.ask(
        FIND_HOLDERS, FindHolders(up.code, (RESIDENCE,), municipality=up.person.municipality_code)
    )
    assert isinstance(narrowed, Holders)
    assert [held.organisation.code for held in narrowed.holders] == [up.here]
    elsewhere = await up.ask(FIND_HOLDERS, FindHolders(up.code, (RESIDENCE,), municipality="011002"))
    assert elsewhere == Holders(())


@pytest.mark.parametrize(
    "change",
    [
        {"information": ("TM99999999999999",)},
        {"municipality": "999999"},
        {"information": ()},
        {"code": "1" * 32},
    ],
)
async def test_refuses_bad_searches(up: World, autojump_clock: MockClock, change: dict[str, Any]) -> None:
    answer = await up.ask(FIND_HOLDERS, FindHolders(**{"code": up.code, "information": (TAX,), **change}))

    assert code_of(answer) is ProblemCode.UNPROCESSABLE


@pytest.mark.requirement("SELF-3")
async def test_self_information_comes_from_the_holder_straight_to_the_portal(
    up: World, autojump_clock: MockClock
) -> None:
    assert await up.ask(BROKER_SELF_INFORMATION, up.provision()) == Brokered(BrokerOutcome.ACCEPTED)
    assert await up.ask(BROKER_SELF_INFORMATION, up.provision()) == Brokered(BrokerOutcome.ACCEPTED)
    await trio.sleep(DAY_SECONDS)

    (delivered,) = up.portal.got
    assert delivered.request_id == "s1"
    assert delivered.content.information.code == RESIDENCE
    assert delivered.content.organisation.code == up.here
    assert delivered.guidance is None


@pytest.mark.requirement("SELF-3")
async def test_is_quick_when_everybody_is_there(up: World, autojump_clock: MockClock) -> None:
    await up.ask(BROKER_SELF_INFORMATION, up.provision())
    await trio.sleep(0.1)

    assert len(up.portal.got) == 1


@pytest.mark.requirement("SELF-3")
async def test_refuses_at_once_what_the_organisation_does_not_hold(
    up: World, autojump_clock: MockClock
) -> None:
    asked = BrokerSelfInformation("s1", up.code, RESIDENCE, "0000101100200001")
    answer = await up.ask(BROKER_SELF_INFORMATION, asked)

    assert isinstance(answer, Brokered)
    assert answer.outcome is BrokerOutcome.REFUSED
    assert answer.guidance


@pytest.mark.requirement("SELF-5")
async def test_guides_to_paper_where_nothing_is_provided_electronically(
    world: World, autojump_clock: MockClock
) -> None:
    core = world.core(paper_only=[world.here])
    async with world.wiring.running(world.portal.built()), world.wiring.running(core):
        assert await world.ask(BROKER_SELF_INFORMATION, world.provision()) == Brokered(BrokerOutcome.ACCEPTED)
        await trio.sleep(1)

    (delivered,) = world.portal.got
    assert delivered.content is None
    assert "書面" in delivered.guidance


@pytest.mark.requirement("SELF-6")
async def test_an_intermediate_server_that_is_down_answers_when_it_is_up(
    world: World, autojump_clock: MockClock
) -> None:
    wiring = world.wiring
    async with wiring.running(world.portal.built()), wiring.running(world.core()):
        await world.ask(BROKER_SELF_INFORMATION, world.provision())
        await trio.sleep(900)
        assert world.portal.got == []
        async with wiring.running(world.servers()):
            await trio.sleep(600)
            assert [got.request_id for got in world.portal.got] == ["s1"]


@pytest.mark.requirement("SELF-6", "SELF-5")
async def test_a_holder_that_never_answers_ends_in_guidance_to_paper(
    world: World, autojump_clock: MockClock
) -> None:
    wiring = world.wiring
    async with wiring.running(world.portal.built()), wiring.running(world.core()):
        await world.ask(BROKER_SELF_INFORMATION, world.provision())
        await trio.sleep(10)
        wiring.clock.move(31 * DAY_SECONDS * 1000)
        await trio.sleep(600)

    (delivered,) = world.portal.got
    assert delivered.content is None
    assert "書面" in delivered.guidance


@pytest.mark.requirement("SELF-6")
async def test_nothing_is_lost_between_acknowledging_and_handing_over(
    world: World, autojump_clock: MockClock
) -> None:
    wiring = world.wiring
    async with wiring.running(world.core()):
        await world.ask(BROKER_SELF_INFORMATION, world.provision())
    async with wiring.running(world.portal.built()), wiring.running(world.servers()):
        await trio.sleep(600)
        assert world.portal.got == []
        async with wiring.running(world.core()):
            await trio.sleep(1)
            assert [got.request_id for got in world.portal.got] == ["s1"]


@pytest.mark.requirement("SELF-6")
@pytest.mark.parametrize("operation", ["intermediate.provide_self_information", "self_information.deliver"])
@pytest.mark.parametrize(
    "fault",
    [Passage(lose_reply=True), Passage(duplicate=True), Passage(reset=True), Passage(lose_request=True)],
)
async def test_lines_that_break_bring_no_doubles_in_the_end(
    up: World, autojump_clock: MockClock, operation: str, fault: Passage
) -> None:
    up.wiring.weather.passages[operation] = fault
    await up.ask(BROKER_SELF_INFORMATION, up.provision())
    await trio.sleep(30)
    del up.wiring.weather.passages[operation]
    await trio.sleep(DAY_SECONDS)

    assert {got.request_id for got in up.portal.got} == {"s1"}
    # What the portal took without our hearing of it comes again; the portal knows it by its request id.
    assert all(got == up.portal.got[0] for got in up.portal.got)


async def test_a_full_disk_promises_nothing(up: World, autojump_clock: MockClock) -> None:
    up.wiring.stores[System.NETWORK].refuse = "disk full"
    refused = await up.ask(BROKER_SELF_INFORMATION, up.provision())
    assert code_of(refused) is ProblemCode.STORAGE_REFUSED
    up.wiring.stores[System.NETWORK].refuse = None
    await trio.sleep(DAY_SECONDS)

    assert up.portal.got == []


# 操作


@pytest.mark.requirement("REC-3")
async def test_stopped_answers_nothing_but_its_controls(up: World, autojump_clock: MockClock) -> None:
    assert (await up.wiring.set(System.NETWORK, Mode.STOPPED)).mode is Mode.STOPPED

    assert code_of(await up.ask(DISCLOSE_RECORDS, up.disclosure())) is ProblemCode.STOPPED
    assert code_of(await up.ask(VIEW_CATALOGUE, Nothing())) is ProblemCode.STOPPED
    await up.wiring.set(System.NETWORK, Mode.NORMAL)
    back = await up.ask(DISCLOSE_RECORDS, up.disclosure())
    assert isinstance(back, RecordsAnswer)


@pytest.mark.requirement("REC-3")
async def test_a_stopped_core_pushes_nothing_and_catches_up_at_once(
    up: World, autojump_clock: MockClock
) -> None:
    await up.wiring.set(System.NETWORK, Mode.LATE, late_seconds=10)
    await up.ask(DISCLOSE_RECORDS, up.disclosure())
    await up.wiring.set(System.NETWORK, Mode.STOPPED)
    await trio.sleep(DAY_SECONDS)
    assert up.portal.got == []

    await up.wiring.set(System.NETWORK, Mode.NORMAL)
    await trio.sleep(1)

    assert len(up.portal.got) == 1


async def test_a_stopped_system_stays_stopped_over_a_restart(world: World, autojump_clock: MockClock) -> None:
    async with world.wiring.running(world.core()):
        await world.wiring.set(System.NETWORK, Mode.STOPPED)
    async with world.wiring.running(world.core()):
        assert code_of(await world.ask(DISCLOSE_RECORDS, world.disclosure())) is ProblemCode.STOPPED


async def test_a_system_that_has_not_read_its_controls_takes_nothing(
    world: World, autojump_clock: MockClock
) -> None:
    built = world.core()
    world.wiring.slots[System.NETWORK].occupy(built.dispatcher.answer)

    assert code_of(await world.ask(DISCLOSE_RECORDS, world.disclosure())) is ProblemCode.STOPPED


@pytest.mark.parametrize("sender", [System.PORTAL, System.INTERMEDIATE])
async def test_only_the_operator_has_controls(up: World, autojump_clock: MockClock, sender: System) -> None:
    answer = await up.ask(control(System.NETWORK), Control(Mode.STOPPED), sender)

    assert code_of(answer) is ProblemCode.FORBIDDEN


async def test_refuses_controls_that_it_does_not_have(up: World, autojump_clock: MockClock) -> None:
    wanted = Control(Mode.STOPPED, organisation=up.here)

    answer = await up.ask(control(System.NETWORK), wanted, Party.OPERATOR)

    assert code_of(answer) is ProblemCode.UNPROCESSABLE


@pytest.mark.parametrize(
    ("sender", "authorization", "expected"),
    [
        (System.INTERMEDIATE, None, ProblemCode.FORBIDDEN),
        (System.PORTAL, "System portal 00", ProblemCode.NOT_SIGNED_IN),
        (System.PORTAL, "", ProblemCode.NOT_SIGNED_IN),
    ],
)
async def test_only_the_portal_may_ask(
    up: World, autojump_clock: MockClock, sender: System, authorization: str | None, expected: ProblemCode
) -> None:
    asks: list[tuple[Any, Any]] = [
        (DISCLOSE_RECORDS, up.disclosure()),
        (FIND_HOLDERS, FindHolders(up.code, (TAX,))),
        (BROKER_SELF_INFORMATION, up.provision()),
        (ACQUIRE_CODE, AcquireCode("1", "number-1")),
    ]
    for operation, request in asks:
        answer = await up.ask(operation, request, sender, authorization)
        assert code_of(answer) is expected, operation
