"""A disk that can go wrong: stands between a process and its simulated store.

The store itself is never broken: a write is whole or absent, and what was acknowledged is there after a crash. What can
go wrong is all before that: refusals, slowness, and death between any two operations, before or after the commit.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import trio

from portal.store.sqlite import SimulatedStore
from portal.store.store import (
    WRITES_WAITING_MAX,
    Committed,
    Conflict,
    Op,
    Params,
    Query,
    StorageRefused,
    StoreOverloaded,
)

Row = TypeVar("Row")
REFUSED = "disk I/O error"
FULL = "database or disk is full"
GONE = "the process is gone"


class Disk:
    """保存先 of one system: the store that outlives its processes, and what is wrong with it just now."""

    def __init__(self, store: SimulatedStore, sleep: Callable[[float], Awaitable[None]]) -> None:
        self.store = store
        self.sleep = sleep
        self.refuses = False
        self.is_full = False
        self.commit_ms = 0
        self.waiting_max = WRITES_WAITING_MAX
        self.operations = 0
        """Reads and writes that were begun so far."""
        self._countdown: tuple[int, bool, Callable[[], bool]] | None = None
        self.acknowledged = 0
        """Writes that somebody was told of."""

    def __repr__(self) -> str:
        return f"<Disk: {self.operations} operations>"

    def die_after(self, operations: int, die: Callable[[], bool], *, after_write: bool) -> None:
        """Call *die* when so many more operations were begun; false from it means that it comes to nothing now."""
        self._countdown = self.operations + operations, after_write, die

    def spare(self) -> None:
        """No death is planned any more."""
        self._countdown = None

    def begun(self) -> None:
        self.operations += 1

    def dies(self, *, after_write: bool) -> bool:
        """Whether the process has just died here."""
        if self._countdown is None or self.operations < self._countdown[0]:
            return False
        _, wanted, die = self._countdown
        if after_write is not wanted or not die():
            return False
        self._countdown = None
        return True


class Opened:
    """What one process of a system holds of its disk. When the process is gone it does nothing more."""

    sole_writer = True

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._is_gone = False
        self._on_the_way: deque[tuple[Sequence[Op], trio.CancelScope]] = deque()
        self.lost = 0
        """Writes that were on their way when the process died."""

    def __repr__(self) -> str:
        return f"<Opened {self._disk!r}>"

    def gone(self, torn: int = 0) -> None:
        """The process died. Of what was on its way the first *torn* writes are durable all the same, though nobody hears."""
        self._is_gone = True
        waiting, self._on_the_way = list(self._on_the_way), deque()
        self.lost = len(waiting)
        for _, scope in waiting:
            scope.cancel()
        for ops, _ in waiting[:torn]:
            _ = self._disk.store.commit(ops)

    async def read(self, query: Query[Row], params: Params = {}) -> list[Row]:  # noqa: B006 - never written to
        await self._begin()
        return await self._disk.store.read(query, params)

    async def write(self, ops: Sequence[Op]) -> Committed | Conflict:
        await self._begin()
        disk = self._disk
        if disk.refuses:
            raise StorageRefused(REFUSED)
        if disk.is_full and any(op.sql.startswith("INSERT") for op in ops):
            raise StorageRefused(FULL)
        if len(self._on_the_way) >= disk.waiting_max:
            raise StoreOverloaded(f"書き込みの待ちが{disk.waiting_max}件に達しています。")
        outcome = (
            await self._commit(ops) if disk.commit_ms or self._on_the_way else await disk.store.write(ops)
        )
        if disk.dies(after_write=True):
            await self._end()
        disk.acknowledged += 1
        return outcome

    async def _commit(self, ops: Sequence[Op]) -> Committed | Conflict:
        """In the order in which they came. Who gives up still waits for it, as with a real disk."""
        with trio.CancelScope(shield=True) as scope:
            self._on_the_way.append((ops, scope))
            await self._disk.sleep(self._disk.commit_ms / 1000)
            while self._on_the_way and self._on_the_way[0][1] is not scope:
                await self._disk.sleep(0.001)
            if self._on_the_way:
                self._on_the_way.popleft()
                return await self._disk.store.write(ops)
        await self._end()
        raise AssertionError("who is gone comes to nothing")

    async def _begin(self) -> None:
        if self._is_gone:
            await self._end()
        self._disk.begun()
        if self._disk.dies(after_write=False):
            await self._end()

    async def _end(self) -> None:
        """Everything of this process ends at its next wait, which is here; who is of another process hears nothing."""
        await trio.lowlevel.checkpoint()
        raise StorageRefused(GONE)
