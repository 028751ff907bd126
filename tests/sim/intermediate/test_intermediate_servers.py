"""The intermediate servers through their dispatcher: taken durably, answered from the copy, stopped one by one."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import trio
from sim_wiring import Recipient, Wiring, code_of
from trio.testing import MockClock

from portal.serving.system import BuiltSystem
from portal.wire.controls import Control, Mode, control, view_controls
from portal.wire.deliveries import DELIVER_SELF_INFORMATION
from portal.wire.intermediate import PROVIDE_SELF_INFORMATION, Accepted, ProvideSelfInformation
from portal.wire.operation import Nothing
from portal.wire.problems import ProblemCode, problem
from portal.wire.systems import Party, System
from sim.intermediate import system as intermediate
from sim.nation.holdings import PENSION_INSURANCE, RESIDENCE, SCHOLARSHIP
from sim.nation.nation import Nation
from sim.nation.organisations import Kind, national_body, of_municipality
from sim.network.codes import LinkageCodes

DAY_SECONDS = 86_400


class World:
    def __init__(self, nation: Nation, codes: LinkageCodes) -> None:
        self.nation, self.codes = nation, codes
        self.wiring = Wiring({System.INTERMEDIATE: intermediate.SCHEMAS})
        self.portal = Recipient(self.wiring, [DELIVER_SELF_INFORMATION])
        self.person = nation.examples()[0]
        self.here = of_municipality(self.person.municipality_code).code
        self.pension = national_body(Kind.PENSION_SERVICE).code

    def servers(self) -> BuiltSystem:
        return intermediate.build(self.wiring.surroundings(System.INTERMEDIATE), self.nation, self.codes)

    def provision(self, request_id: str = "p1", **more: Any) -> ProvideSelfInformation:
        organisation = more.get("organisation", self.here)
        whole = {
            "organisation": organisation,
            "information": RESIDENCE,
            **more,
        }
        if "code" not in whole:
            whole["code"] = self.codes.code_of(self.person.n, organisation)
        return ProvideSelfInformation(request_id, **whole)

    async def ask(self, request: ProvideSelfInformation, sender: System = System.NETWORK) -> object:
        return await self.wiring.ask(PROVIDE_SELF_INFORMATION, request, sender)


@pytest.fixture
def world(nation: Nation, codes: LinkageCodes) -> World:
    return World(nation, codes)


@pytest.fixture
async def up(world: World) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        for built in (world.portal.built(), world.servers()):
            await stack.enter_async_context(world.wiring.running(built))
        yield world


@pytest.mark.requirement("SELF-3")
async def test_answers_from_the_copy_once(up: World, autojump_clock: MockClock) -> None:
    for _ in range(3):
        assert await up.ask(up.provision()) == Accepted("p1")
    await trio.sleep(DAY_SECONDS)

    (delivered,) = up.portal.got
    assert delivered.request_id == "p1"
    assert delivered.content.organisation.code == up.here
    assert {item.name for item in delivered.content.items} >= {"世帯人員"}
    assert await up.ask(up.provision()) == Accepted("p1")
    await trio.sleep(DAY_SECONDS)
    assert len(up.portal.got) == 1


async def test_the_copy_says_nothing_that_identifies(up: World, autojump_clock: MockClock) -> None:
    await up.ask(up.provision())
    await trio.sleep(1)

    said = repr(up.portal.got)
    assert up.person.my_number not in said
    assert not any(up.person.my_number in line for line in up.wiring.stores[System.INTERMEDIATE].dump())


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"organisation": "9999999999999999", "code": "0" * 32}, ProblemCode.NOT_FOUND),
        ({"code": "0" * 32}, ProblemCode.NOT_FOUND),
        ({"information": SCHOLARSHIP}, ProblemCode.NOT_FOUND),
        ({"information": "TM99999999999999"}, ProblemCode.NOT_FOUND),
        ({"code": "short"}, ProblemCode.UNPROCESSABLE),
        ({"organisation": "123", "code": "0" * 32}, ProblemCode.UNPROCESSABLE),
    ],
)
async def test_refuses(
    up: World, autojump_clock: MockClock, more: dict[str, Any], expected: ProblemCode
) -> None:
    assert code_of(await up.ask(up.provision(**more))) is expected
    await trio.sleep(60)
    assert up.portal.got == []


async def test_another_organisations_code_is_nobodys(up: World, autojump_clock: MockClock) -> None:
    theirs = up.codes.code_of(up.person.n, up.pension)

    assert code_of(await up.ask(up.provision(code=theirs))) is ProblemCode.NOT_FOUND


async def test_a_request_id_is_for_one_request(up: World, autojump_clock: MockClock) -> None:
    await up.ask(up.provision())
    other = up.provision(organisation=up.pension, information=PENSION_INSURANCE)

    assert code_of(await up.ask(other)) is ProblemCode.UNPROCESSABLE


@pytest.mark.parametrize("sender", [System.PORTAL, System.JPKI])
async def test_only_the_core_may_ask(up: World, autojump_clock: MockClock, sender: System) -> None:
    assert code_of(await up.ask(up.provision(), sender)) is ProblemCode.FORBIDDEN


@pytest.mark.requirement("SELF-6")
async def test_what_was_taken_is_answered_after_a_crash(world: World, autojump_clock: MockClock) -> None:
    async with world.wiring.running(world.servers()):
        await world.ask(world.provision())
    await trio.sleep(DAY_SECONDS)
    async with world.wiring.running(world.portal.built()), world.wiring.running(world.servers()):
        await trio.sleep(1)
        assert [got.request_id for got in world.portal.got] == ["p1"]


@pytest.mark.requirement("SELF-6")
async def test_a_stopped_organisation_stops_nobody_else(up: World, autojump_clock: MockClock) -> None:
    await up.wiring.set(System.INTERMEDIATE, Mode.STOPPED, organisation=up.here)

    assert code_of(await up.ask(up.provision("p1"))) is ProblemCode.STOPPED
    pension = up.provision("p2", organisation=up.pension, information=PENSION_INSURANCE)
    assert await up.ask(pension) == Accepted("p2")
    await trio.sleep(1)
    assert [got.request_id for got in up.portal.got] == ["p2"]
    shown = await up.wiring.ask(view_controls(System.INTERMEDIATE), Nothing(), System.PORTAL)
    assert getattr(shown, "stopped_organisations", None) == (up.here,)
    await up.wiring.set(System.INTERMEDIATE, Mode.NORMAL, organisation=up.here)
    assert await up.ask(up.provision("p1")) == Accepted("p1")


@pytest.mark.requirement("SELF-6")
@pytest.mark.parametrize("by_itself", [True, False])
async def test_what_was_taken_before_the_stop_is_answered_after_it(
    up: World, autojump_clock: MockClock, by_itself: bool
) -> None:
    full = problem(ProblemCode.STORAGE_REFUSED, "いっぱいです。")
    up.portal.answer = lambda _: full
    await up.ask(up.provision())
    await trio.sleep(1)
    more = {"organisation": up.here} if by_itself else {}
    await up.wiring.set(System.INTERMEDIATE, Mode.STOPPED, **more)
    up.portal.answer = None
    await trio.sleep(DAY_SECONDS)
    assert up.portal.got == []

    await up.wiring.set(System.INTERMEDIATE, Mode.NORMAL, **more)
    await trio.sleep(1)

    assert [got.request_id for got in up.portal.got] == ["p1"]


async def test_stopped_organisations_stay_stopped_over_a_restart(
    world: World, autojump_clock: MockClock
) -> None:
    async with world.wiring.running(world.servers()):
        await world.wiring.set(System.INTERMEDIATE, Mode.STOPPED, organisation=world.here)
    async with world.wiring.running(world.servers()):
        assert code_of(await world.ask(world.provision())) is ProblemCode.STOPPED


@pytest.mark.parametrize(
    "wanted",
    [
        Control(Mode.STOPPED, organisation="9999999999999999"),
        Control(Mode.LATE),
        Control(Mode.STOPPED, organisation="x"),
        Control(Mode.NORMAL, late_seconds=-1),
    ],
)
async def test_refuses_controls_that_it_does_not_have(
    up: World, autojump_clock: MockClock, wanted: Control
) -> None:
    answer = await up.wiring.ask(control(System.INTERMEDIATE), wanted, Party.OPERATOR)

    assert code_of(answer) is ProblemCode.UNPROCESSABLE


async def test_a_full_disk_promises_nothing(up: World, autojump_clock: MockClock) -> None:
    store = up.wiring.stores[System.INTERMEDIATE]
    store.refuse = "disk full"
    assert code_of(await up.ask(up.provision())) is ProblemCode.STORAGE_REFUSED
    answer = await up.wiring.ask(control(System.INTERMEDIATE), Control(Mode.STOPPED), Party.OPERATOR)
    assert code_of(answer) is ProblemCode.STORAGE_REFUSED
    store.refuse = None
    await trio.sleep(60)

    assert up.portal.got == []
    assert await up.ask(up.provision()) == Accepted("p1"), "the refused control did not stop it"
