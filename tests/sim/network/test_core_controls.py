"""The core's controls: stopped, started again, and by whom; and who may ask it at all."""

from typing import Any

import pytest
import trio
from linkage_world import DAY_SECONDS, LinkageWorld
from sim_wiring import code_of
from trio.testing import MockClock

from portal.wire.controls import Control, Mode, control
from portal.wire.network import (
    ACQUIRE_CODE,
    BROKER_SELF_INFORMATION,
    DISCLOSE_RECORDS,
    FIND_HOLDERS,
    VIEW_CATALOGUE,
    AcquireCode,
    FindHolders,
    RecordsAnswer,
)
from portal.wire.operation import Nothing
from portal.wire.problems import ProblemCode
from portal.wire.systems import Party, System
from sim.nation.holdings import TAX


@pytest.mark.requirement("REC-3")
async def test_stopped_answers_nothing_but_its_controls(up: LinkageWorld, autojump_clock: MockClock) -> None:
    assert (await up.wiring.set(System.NETWORK, Mode.STOPPED)).mode is Mode.STOPPED

    assert code_of(await up.ask(DISCLOSE_RECORDS, up.disclosure())) is ProblemCode.STOPPED
    assert code_of(await up.ask(VIEW_CATALOGUE, Nothing())) is ProblemCode.STOPPED
    await up.wiring.set(System.NETWORK, Mode.NORMAL)
    back = await up.ask(DISCLOSE_RECORDS, up.disclosure())
    assert isinstance(back, RecordsAnswer)


@pytest.mark.requirement("REC-3")
async def test_a_stopped_core_pushes_nothing_and_catches_up_at_once(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    await up.wiring.set(System.NETWORK, Mode.LATE, late_seconds=10)
    await up.ask(DISCLOSE_RECORDS, up.disclosure())
    await up.wiring.set(System.NETWORK, Mode.STOPPED)
    await trio.sleep(DAY_SECONDS)
    assert up.portal.got == []

    await up.wiring.set(System.NETWORK, Mode.NORMAL)
    await trio.sleep(1)

    assert len(up.portal.got) == 1


async def test_a_stopped_system_stays_stopped_over_a_restart(
    world: LinkageWorld, autojump_clock: MockClock
) -> None:
    async with world.wiring.running(world.core()):
        await world.wiring.set(System.NETWORK, Mode.STOPPED)
    async with world.wiring.running(world.core()):
        assert code_of(await world.ask(DISCLOSE_RECORDS, world.disclosure())) is ProblemCode.STOPPED


async def test_a_system_that_has_not_read_its_controls_takes_nothing(
    world: LinkageWorld, autojump_clock: MockClock
) -> None:
    built = world.core()
    world.wiring.slots[System.NETWORK].occupy(built.dispatcher.answer)

    assert code_of(await world.ask(DISCLOSE_RECORDS, world.disclosure())) is ProblemCode.STOPPED


@pytest.mark.parametrize("sender", [System.PORTAL, System.INTERMEDIATE])
async def test_only_the_operator_has_controls(
    up: LinkageWorld, autojump_clock: MockClock, sender: System
) -> None:
    answer = await up.ask(control(System.NETWORK), Control(Mode.STOPPED), sender)

    assert code_of(answer) is ProblemCode.FORBIDDEN


async def test_refuses_controls_that_it_does_not_have(up: LinkageWorld, autojump_clock: MockClock) -> None:
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
    up: LinkageWorld,
    autojump_clock: MockClock,
    sender: System,
    authorization: str | None,
    expected: ProblemCode,
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
