"""The registry through its dispatcher: whose certificate it is, for the core system alone."""

from collections.abc import AsyncIterator

import pytest
from sim_wiring import Wiring, code_of
from trio.testing import MockClock

from portal.wire.controls import Mode
from portal.wire.jpki import OneSerial
from portal.wire.problems import ProblemCode
from portal.wire.registry import IDENTIFY_HOLDER, Holder
from portal.wire.systems import System
from sim.jpki.serials import Kind, Serials
from sim.nation.nation import Nation
from sim.registry import system as registry


@pytest.fixture
async def up(nation: Nation, serials: Serials) -> AsyncIterator[Wiring]:
    wiring = Wiring({System.REGISTRY: registry.SCHEMAS})
    built = registry.build(wiring.surroundings(System.REGISTRY), nation, serials)
    async with wiring.running(built):
        yield wiring


@pytest.mark.requirement("ACC-2")
@pytest.mark.parametrize("generation", [0, 1, 7])
@pytest.mark.parametrize("n", [0, 131_016, 126_146_098])
async def test_whoever_has_the_certificate(
    up: Wiring, serials: Serials, autojump_clock: MockClock, n: int, generation: int
) -> None:
    serial = str(serials.serial_of(n, generation, Kind.AUTH))

    assert await up.ask(IDENTIFY_HOLDER, OneSerial(serial), System.NETWORK) == Holder(n)


async def test_nobody(up: Wiring, serials: Serials, nation: Nation, autojump_clock: MockClock) -> None:
    beyond = serials.serial_of(nation.size, 0, Kind.AUTH)
    for serial in ("1", "0", str(2**62), "9" * 49, str(beyond)):
        answer = await up.ask(IDENTIFY_HOLDER, OneSerial(serial), System.NETWORK)
        assert code_of(answer) is ProblemCode.NOT_FOUND, serial


@pytest.mark.parametrize("serial", ["x", "-1", "1" * 50, "１"])
async def test_what_is_no_serial(up: Wiring, autojump_clock: MockClock, serial: str) -> None:
    answer = await up.ask(IDENTIFY_HOLDER, OneSerial(serial), System.NETWORK)

    assert code_of(answer) is ProblemCode.UNPROCESSABLE


@pytest.mark.parametrize("sender", [System.PORTAL, System.INTERMEDIATE])
async def test_only_for_the_core(up: Wiring, autojump_clock: MockClock, sender: System) -> None:
    assert code_of(await up.ask(IDENTIFY_HOLDER, OneSerial("1"), sender)) is ProblemCode.FORBIDDEN


async def test_stopped(up: Wiring, autojump_clock: MockClock) -> None:
    await up.set(System.REGISTRY, Mode.STOPPED)

    answer = await up.ask(IDENTIFY_HOLDER, OneSerial("1"), System.NETWORK)

    assert code_of(answer) is ProblemCode.STOPPED
