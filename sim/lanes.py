"""順送り: work that must be done in its order, one step after another, in a lane for each sender.

What waits stands in tables of the one who works; a lane only remembers whether somebody is at it. Lanes do not wait
for each other: a send that can't go on holds up nobody but its own sender. A worker may die at any point; when it
comes back it looks up which lanes have something to do, and whoever receives a step again must recognise it.
"""

from collections.abc import Awaitable, Callable, Iterable
from enum import Enum
from typing import Final

import structlog
import trio

from portal.seams.clock import Clock
from portal.store.outbox import back_off_ms
from portal.store.store import StorageRefused, StoreOverloaded

log = structlog.get_logger(__name__)

LANES_AT_WORK_MAX: Final = 16
"""Lanes in which a step is being done at the same time; the others wait for a turn."""


class Step(Enum):
    """What one step came to."""

    DONE = "done"
    """There may be more."""
    NOTHING = "nothing"
    """Nothing waits in this lane."""
    AGAIN = "again"
    """Not now: the same step again, after a while."""


class Lanes:
    """Runs *step* for every lane that has something to do, in order within a lane."""

    def __init__(
        self,
        name: str,
        clock: Clock,
        step: Callable[[str], Awaitable[Step]],
        busy: Callable[[], Awaitable[Iterable[str]]],
    ) -> None:
        """*busy* names the lanes in which something waits, from what is stored."""
        self._name = name
        self._clock = clock
        self._step = step
        self._busy = busy
        self._nursery: trio.Nursery | None = None
        self._called: dict[str, trio.Event] = {}
        """Of each lane that somebody is at: set when there is something new, or time to try again."""
        self._turns = trio.CapacityLimiter(LANES_AT_WORK_MAX)
        clock.on_move(self.hurry)

    def __repr__(self) -> str:
        return f"Lanes({self._name!r}, {sorted(self._called)})"

    def call(self, lane: str) -> None:
        """Something was written down for this lane."""
        if lane in self._called:
            self._called[lane].set()
        elif self._nursery is not None:
            self._called[lane] = trio.Event()
            self._nursery.start_soon(self._work, lane)

    def hurry(self) -> None:
        """Whatever waits for another try is tried now."""
        for event in self._called.values():
            event.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Work until cancelled."""
        async with trio.open_nursery() as self._nursery:
            try:
                lanes: Iterable[str] = await self._busy()
            except StorageRefused as refusal:
                log.error("lanes_unreadable", lanes=self._name, reason=str(refusal))
                lanes = ()
            for lane in lanes:
                self.call(lane)
            task_status.started()
            await trio.sleep_forever()

    async def _work(self, lane: str) -> None:
        tries = 0
        try:
            while True:
                self._called[lane] = called = trio.Event()
                async with self._turns:
                    outcome = await self._attempt(lane)
                if outcome is Step.DONE:
                    tries = 0
                elif outcome is Step.AGAIN:
                    tries += 1
                    with trio.move_on_after(back_off_ms(tries) / 1000):
                        await called.wait()
                elif not called.is_set():
                    return
        finally:
            del self._called[lane]

    async def _attempt(self, lane: str) -> Step:
        try:
            return await self._step(lane)
        except (StorageRefused, StoreOverloaded) as refusal:
            log.error("lane_unwritable", lanes=self._name, reason=str(refusal))
        except Exception:
            log.exception("lane_step_failed", lanes=self._name)
        return Step.AGAIN
