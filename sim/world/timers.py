"""Many short waits at the price of few: one task sleeps for everybody who waits in a simulated world.

``trio.sleep`` makes a cancel scope and ends by an exception, some 30 µs a wait. Messages of thousands of people fall
due in the same milliseconds; here they share one sleeper and are woken together, in the order in which they came.
"""

from heapq import heappop, heappush
from itertools import count
from math import inf

import trio


class Timers:
    """待ち合わせ: waits until a moment of Trio's clock. :meth:`run` must be running."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, trio.lowlevel.Task]] = []
        self._numbers = count()
        self._left: set[int] = set()
        self._scope: trio.CancelScope | None = None

    def __repr__(self) -> str:
        return f"<Timers: {len(self._waiting)} waiting>"

    async def sleep(self, seconds: float) -> None:
        """Wait so long; can be cancelled."""
        due = trio.current_time() + seconds
        number = next(self._numbers)
        heappush(self._waiting, (due, number, trio.lowlevel.current_task()))
        scope = self._scope
        if scope is not None and due < scope.deadline:
            scope.deadline = due

        def left(_: object) -> trio.lowlevel.Abort:
            self._left.add(number)
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(left)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Wake whoever is due, until cancelled."""
        task_status.started()
        while True:
            next_due = self._waiting[0][0] if self._waiting else inf
            with trio.CancelScope(deadline=next_due) as self._scope:
                await trio.sleep_forever()
            now = trio.current_time()
            while self._waiting and self._waiting[0][0] <= now:
                _, number, task = heappop(self._waiting)
                if number in self._left:
                    self._left.remove(number)
                else:
                    trio.lowlevel.reschedule(task)
