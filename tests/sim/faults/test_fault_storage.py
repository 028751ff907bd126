"""The disk that can go wrong: refusals, slowness, and death before or after any operation; nothing half-written, ever."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import pytest
import trio
from trio.testing import MockClock

from portal.store.sqlite import SimulatedStore
from portal.store.store import Op, Query, Schema, StorageRefused, StoreOverloaded
from sim.faults.storage import Disk, Opened


class _Row(NamedTuple):
    n: int


ROWS = Query("SELECT n FROM numbers ORDER BY n", _Row)
SCHEMA = Schema("numbers", ("CREATE TABLE numbers (n INTEGER PRIMARY KEY)",))


def insert(number: int) -> list[Op]:
    return [Op("INSERT INTO numbers VALUES (:n)", {"n": number})]


class Process:
    """A process with a disk, which can die."""

    def __init__(self) -> None:
        self.store = SimulatedStore([SCHEMA])
        self.disk = Disk(self.store, trio.sleep)
        self.scope = trio.CancelScope()
        self.opened = Opened(self.disk)
        self.heard: list[int] = []

    def die(self) -> bool:
        self.opened.gone(1)
        self.scope.cancel()
        return True

    async def run(self, work: Callable[[], Awaitable[None]]) -> None:
        with self.scope:
            await work()

    async def write(self, number: int) -> None:
        await self.opened.write(insert(number))
        self.heard.append(number)

    async def rows(self) -> list[int]:
        return [row.n for row in await self.store.read(ROWS)]


@pytest.mark.parametrize("after_write", [False, True])
@pytest.mark.parametrize("at", range(5))
async def test_death_at_any_operation_leaves_what_was_acknowledged(at: int, after_write: bool) -> None:
    process = Process()
    process.disk.die_after(at, process.die, after_write=after_write)

    async def work() -> None:
        for number in range(4):
            await process.write(number)

    await process.run(work)

    rows = await process.rows()
    assert rows[: len(process.heard)] == process.heard
    assert len(rows) - len(process.heard) == (1 if after_write and process.scope.cancelled_caught else 0)
    assert rows == list(range(len(rows)))


async def test_writes_on_their_way_are_lost_or_the_last_of_them_is(autojump_clock: MockClock) -> None:
    process = Process()
    process.disk.commit_ms = 100

    async def work() -> None:
        async with trio.open_nursery() as nursery:
            for number in range(3):
                nursery.start_soon(process.write, number)
                await trio.sleep(0.001)
            process.die()

    await process.run(work)

    assert process.heard == []
    assert await process.rows() == [0]
    assert process.opened.lost == 3


async def test_slow_writes_keep_their_order(autojump_clock: MockClock) -> None:
    process = Process()
    process.disk.commit_ms = 50
    async with trio.open_nursery() as nursery:
        for number in range(3):
            nursery.start_soon(process.write, number)
            await trio.sleep(0.001)
        process.disk.commit_ms = 0
        nursery.start_soon(process.write, 3)

    assert process.heard == [0, 1, 2, 3]


async def test_a_full_disk_takes_what_does_not_grow() -> None:
    process = Process()
    await process.write(1)
    process.disk.is_full = True

    with pytest.raises(StorageRefused, match="full"):
        await process.write(2)
    await process.opened.write([Op("DELETE FROM numbers", {}, None)])

    assert await process.rows() == []


async def test_refusals_and_a_crowd_are_told() -> None:
    process = Process()
    process.disk.refuses = True
    with pytest.raises(StorageRefused):
        await process.write(1)
    process.disk.refuses = False
    process.disk.waiting_max = 0
    with pytest.raises(StoreOverloaded):
        await process.write(1)


async def test_who_is_gone_does_nothing_more() -> None:
    process = Process()
    process.opened.gone()

    with pytest.raises(StorageRefused, match="gone"):
        await process.write(1)
    assert await process.rows() == []
