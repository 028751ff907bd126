"""Tasks that are lent out: a coroutine begins at once, in the middle of somebody else's step, and may still wait.

Most operations answer without waiting for anything. A task of Trio for each would cost more than they do, and a
coroutine that was begun outside a task can't be given to one once it waits: it has already told others in whose name
it waits (the store's writer, a cancel scope, a nursery). So it is begun in the name of a task that exists and is
parked. If it comes to its end, the task was never touched. If it waits, that task is the one that waits, exactly as if
it had called the coroutine itself; cancellation, deadlines and nurseries are Trio's own.

This needs three things that are private to Trio: which task is the current one, a task's abort function, and the
delivery of a cancellation to it. :func:`can_lend` tries them at each start; where they are not as expected, or with
``at_once=False``, each coroutine begins in its task's own step, a loop pass later.
"""

import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Final

import trio
import trio.lowlevel

IDLE_MAX = 64
"""Parked tasks that are kept for the next ones who wait."""
IDLE_MIN = 8

Later = Callable[[Any, BaseException | None], None]
"""Is told the outcome of a coroutine that had to wait, in its task: the value, or what it raised."""
LATER: Final = object()
"""The coroutine waits; its outcome will be told."""

_RUN: Any = trio._core._run
_NOW = trio.lowlevel.Abort


def _first_trap(coroutine: Coroutine[Any, Any, Any]) -> Any:
    trap = coroutine.send(None)
    coroutine.close()
    return trap


# The traps themselves are wanted, so nothing is awaited.
_WAIT: Final = type(_first_trap(trio.lowlevel.wait_task_rescheduled(lambda _: _NOW.SUCCEEDED)))  # noqa: ASYNC105
_CHECKPOINT: Final = _first_trap(trio.lowlevel.cancel_shielded_checkpoint())  # noqa: ASYNC105


@types.coroutine
def _trapped(trap: Any) -> Generator[Any, Any, Any]:
    return (yield trap)


@types.coroutine
def _carried_on(coroutine: Coroutine[Any, Any, Any], resumed: Any) -> Generator[Any, Any, Any]:
    """The rest of a coroutine, which goes on with *resumed*; what it yields goes to Trio, and what Trio says to it."""
    step: Callable[[Any], Any] = coroutine.send
    while True:
        try:
            trap = step(resumed)
        except StopIteration as stop:
            return stop.value
        try:
            resumed = yield trap
            step = coroutine.send
        except BaseException as thrown:
            resumed = thrown
            step = coroutine.throw


class _Lent:
    """One task, parked until somebody waits in its name."""

    __slots__ = ("_lender", "cancelled", "later", "parked", "task", "work")

    def __init__(self, lender: "Lender") -> None:
        self._lender = lender
        self.task: Any = None
        self.work: Any = None
        self.later: Later | None = None
        self.cancelled = self._cancelled
        """The task's abort function, made once."""
        self.parked = _first_trap(trio.lowlevel.wait_task_rescheduled(self.cancelled))  # noqa: ASYNC105

    def _cancelled(self, _: Any) -> trio.lowlevel.Abort:
        self._lender.idle.remove(self)
        return _NOW.SUCCEEDED

    async def live(self) -> None:
        """The task: first what it was spawned for, if anything, then whatever waits in its name."""
        self.task = trio.lowlevel.current_task()
        resumed: Any = None
        while True:
            if self.work is None:
                if len(self._lender.idle) >= IDLE_MAX:
                    return
                self._lender.idle.append(self)
                resumed = await _trapped(self.parked)
                if self.later is None:
                    # Nobody's work: it was cancelled while parked.
                    resumed.unwrap()
                if not self._lender.at_once:
                    resumed = None
            await self._finish(resumed)

    async def _finish(self, resumed: Any) -> None:
        work, later = self.work, self.later
        assert work is not None and later is not None
        value, error = None, None
        try:
            value = await _carried_on(work, resumed)
        except Exception as raised:
            error = raised
        except BaseException as ended:
            later(None, ended)
            raise
        finally:
            self.work = self.later = None
        later(value, error)


class Lender:
    """Lends the tasks of one nursery."""

    def __init__(self, nursery: trio.Nursery, *, at_once: bool = True) -> None:
        self._nursery = nursery
        self._context = trio.lowlevel.current_task().context
        self.at_once = at_once
        self.idle: list[_Lent] = []
        for _ in range(IDLE_MIN):
            self._spawn(_Lent(self))

    def __repr__(self) -> str:
        return f"<Lender: {len(self.idle)} idle>"

    def _spawn(self, lent: _Lent) -> None:
        self._nursery.start_soon(lent.live)

    def begin(self, work: Coroutine[Any, Any, Any], later: Later) -> Any:
        """What *work* comes to, if it need not wait; raises what it raises. Else :data:`LATER`, and *later* is told."""
        if not self.idle:
            lent = _Lent(self)
            lent.work, lent.later = work, later
            self._spawn(lent)
            return LATER
        lent = self.idle.pop()
        task = lent.task
        # Its own context, as a task of its own would have.
        task.context = self._context.copy()
        if not self.at_once:
            lent.work, lent.later = work, later
            trio.lowlevel.reschedule(task)
            return LATER
        current = _RUN.GLOBAL_RUN_CONTEXT
        here = current.task
        # As a task that is running: nothing to abort.
        task._abort_func = None
        current.task = task
        try:
            trap = task.context.run(work.send, None)
        except StopIteration as stop:
            self.idle.append(lent)
            task._abort_func = lent.cancelled
            if task._cancel_status.effectively_cancelled:
                task._attempt_delivery_of_any_pending_cancel()
            return stop.value
        except BaseException:
            self._take_back(lent)
            raise
        finally:
            current.task = here
        if trap is not _CHECKPOINT and type(trap) is not _WAIT:
            self._take_back(lent)
            work.close()
            raise TypeError(f"a coroutine of another framework than Trio: {trap!r}")
        lent.work, lent.later = work, later
        self._wait(task, trap)
        if not self.idle:
            self._spawn(_Lent(self))
        return LATER

    def _take_back(self, lent: _Lent) -> None:
        self.idle.append(lent)
        lent.task._abort_func = lent.cancelled
        if lent.task._cancel_status.effectively_cancelled:
            lent.task._attempt_delivery_of_any_pending_cancel()

    @staticmethod
    def _wait(task: Any, trap: Any) -> None:
        """What Trio's loop does with a task that yielded this."""
        task._schedule_points += 1
        if trap is _CHECKPOINT:
            trio.lowlevel.reschedule(task)
        else:
            task._cancel_points += 1
            task._abort_func = trap.abort_func
            task._attempt_delivery_of_any_pending_cancel()


async def can_lend() -> bool:
    """Whether this Trio lets tasks be lent: a coroutine that ends, one that waits, and one that is cancelled."""
    told: list[Any] = []
    event = trio.Event()

    async def ends() -> trio.lowlevel.Task:
        return trio.lowlevel.current_task()

    async def waits() -> str:
        with trio.CancelScope() as scope:
            await event.wait()
            scope.cancel()
            await trio.sleep_forever()
        return "waited" if scope.cancelled_caught else ""

    def later(value: Any, error: BaseException | None) -> None:
        told.append(value)

    me = trio.lowlevel.current_task()
    try:
        async with trio.open_nursery() as nursery:
            lender = Lender(nursery)
            while len(lender.idle) < IDLE_MIN:
                await trio.lowlevel.checkpoint()
            name = lender.begin(ends(), later)
            if (
                name in (me, LATER)
                or trio.lowlevel.current_task() is not me
                or lender.begin(waits(), later) is not LATER
            ):
                return False
            event.set()
            with trio.move_on_after(1):
                while not told:
                    await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()
    except (AttributeError, TypeError):
        return False
    return told == ["waited"]
