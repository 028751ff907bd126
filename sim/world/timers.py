"""Time that jumps, and many short waits at the price of few.

``trio.testing.MockClock`` jumps in one pass of Trio's loop, wakes its sleepers by cancelling a scope for each in the
next, and reads the real clock whenever it is asked for the time. :class:`JumpingClock` does the same for a simulated
world without those: when every task waits, it jumps to whatever is due next and wakes in the same pass whoever waits
for that moment by :meth:`JumpingClock.sleep`, in the order in which they came. Trio's own deadlines count as ever.

Whoever would wait alone does not even leave its task: when nobody else can run and nothing falls due before, the next
pass of the loop would only jump and come back to it, so the clock jumps on the spot. Nobody can tell the difference.
"""

from collections.abc import Awaitable, Callable, Generator, Sequence
from heapq import heappop, heappush
from itertools import count
from math import inf
from types import coroutine
from typing import Any

import trio
import trio.testing
from trio._core._run import GLOBAL_RUN_CONTEXT
from trio._core._traps import WaitTaskRescheduled

Sleep = Callable[[float], Awaitable[None]]

_MICROSECONDS = 1_000_000
"""Moments are whole microseconds, so that those which are the same on paper are the same as numbers."""


class JumpingClock(trio.abc.Clock):
    """飛ぶ時計: begins at 0, stands still while anybody can run, and then jumps to what is waited for next."""

    def __init__(self) -> None:
        self._now = 0.0
        self._waiting: list[tuple[int, int, trio.lowlevel.Task]] = []
        self._numbers = count()
        self._left: set[int] = set()
        self._runner: Any = None
        self._batch: Sequence[object] = (self,)
        """Who has still to run in this pass of the loop; as if there were somebody until :meth:`noting` knows better."""
        self._must_wait = False

    def __repr__(self) -> str:
        return f"<JumpingClock at {self._now}: {len(self._waiting)} waiting>"

    def current_time(self) -> float:
        return self._now

    @coroutine
    def sleep(self, seconds: float) -> Generator[Any, Any, None]:
        """Wait so long; can be cancelled. To be awaited: it is no coroutine that a nursery could start."""
        due = int((self._now + seconds) * _MICROSECONDS + 0.5)
        # First what is seldom so where many are at work.
        if not self._batch and not self._runner.runq and seconds > 0 and self._is_alone_until(due):
            self._now = max(self._now, due / _MICROSECONDS)
            return
        self._must_wait = False
        number = next(self._numbers)
        heappush(self._waiting, (due, number, GLOBAL_RUN_CONTEXT.task))

        def left(_: object) -> trio.lowlevel.Abort:
            self._left.add(number)
            return trio.lowlevel.Abort.SUCCEEDED

        # What trio.lowlevel.wait_task_rescheduled() does, without two calls more for each message of a world.
        outcome = yield WaitTaskRescheduled(left)
        outcome.unwrap()

    def _is_alone_until(self, due: int) -> bool:
        """Whether nothing but this task's going on can happen before, or at, that moment."""
        runner, waiting = self._runner, self._waiting
        return not (
            self._must_wait
            or (waiting and waiting[0][0] <= due)
            or runner.deadlines.next_deadline() <= due / _MICROSECONDS
            or GLOBAL_RUN_CONTEXT.task._cancel_status.effectively_cancelled
            or runner.waiting_for_idle
            or runner.entry_queue.queue
        )

    def hold(self) -> None:
        """Whoever sleeps next leaves its task: it may have been cut off in a way that only a real wait finds out."""
        self._must_wait = True

    def noting(self, shuffle: Callable[[list[Any]], None]) -> Callable[[list[Any]], None]:
        """What Trio's loop is to use for shuffling those who run in a pass, so that the clock knows who is still to come."""

        def shuffle_noted(batch: list[Any]) -> None:
            self._batch = batch
            if len(batch) > 1:
                shuffle(batch)

        return shuffle_noted

    # What Trio's loop asks of its clock. The jump is no public part of it (trio#1587): the loop wants a MockClock there.

    def start_clock(self) -> None:
        self._runner = GLOBAL_RUN_CONTEXT.runner
        self._runner.clock_autojump_threshold = 0.0

    def deadline_to_sleep_time(self, deadline: float) -> float:
        return max(0.0, deadline - self._now)

    def _autojump(self) -> None:
        """Every task waits: go on to the next moment at which one doesn't."""
        waiting, left = self._waiting, self._left
        while waiting and waiting[0][1] in left:
            left.remove(heappop(waiting)[1])
        due = waiting[0][0] if waiting else None
        deadline: float = self._runner.deadlines.next_deadline()
        if due is None or deadline < due / _MICROSECONDS:
            if deadline != inf:
                self._now = max(self._now, deadline)
            return
        self._now = max(self._now, due / _MICROSECONDS)
        while waiting and waiting[0][0] <= due:
            _, number, task = heappop(waiting)
            if number in left:
                left.remove(number)
            else:
                self._runner.reschedule(task)


trio.testing.MockClock.register(JumpingClock)


def sleep_here() -> Sleep:
    """The cheapest way to wait in this run of Trio."""
    clock = trio.lowlevel.current_clock()
    return clock.sleep if isinstance(clock, JumpingClock) else trio.sleep
