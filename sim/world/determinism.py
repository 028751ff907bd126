"""The one place that makes Trio deterministic: seeded scheduling under a clock that jumps (STACK.md 12).

Trio shuffles the tasks that are ready; with this flag and a seeded generator of its own it shuffles them the same
way each time. The flag is private to Trio, so a self-test at every start shows that it still does its work.
"""

import gc
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

import trio

from sim.world.timers import JumpingClock

T = TypeVar("T")

SELF_TEST_TASKS = 8
COLLECTED_AFTER = (20_000, 50, 50)
"""Thresholds of the garbage collector during a run: a world makes millions of objects and hardly a cycle among them,
so that Python's own thresholds (700, 10, 10) look through all that is remembered some 5 % of the time."""


@contextmanager
def _collecting_rarely() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(*COLLECTED_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*before)


class NotDeterministic(Exception):
    """This version of Trio does not repeat itself under a seed."""


def _seeded_run(seed: int, function: Callable[..., Awaitable[T]], *arguments: Any) -> T:
    trio_run: Any = trio._core._run
    before = trio_run._ALLOW_DETERMINISTIC_SCHEDULING
    trio_run._ALLOW_DETERMINISTIC_SCHEDULING = True
    clock, dice = JumpingClock(), trio_run._r
    dice.seed(seed)
    # Looked up at each pass of the loop; the class's own is there again afterwards.
    dice.shuffle = clock.noting(dice.shuffle)
    try:
        return trio.run(function, *arguments, clock=clock)
    finally:
        del dice.shuffle
        trio_run._ALLOW_DETERMINISTIC_SCHEDULING = before


async def _order_of_tasks() -> list[int]:
    order: list[int] = []

    async def note(number: int) -> None:
        await trio.sleep(1)
        order.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(SELF_TEST_TASKS):
            nursery.start_soon(note, number)
    return order


@cache
def _self_test() -> None:
    """Once in each process: another version of Trio needs another process."""
    orders = [_seeded_run(seed, _order_of_tasks) for seed in (1, 1, 2, 3, 4)]
    if orders[0] != orders[1] or all(order == orders[0] for order in orders):
        raise NotDeterministic(
            "Trioのこの版では、種からの再現ができません。対応する版のTrioを使ってください。"
        )


def run_deterministic(seed: int, function: Callable[..., Awaitable[T]], *arguments: Any) -> T:
    """``trio.run`` in simulated time, repeatable from its seed. Raises :class:`NotDeterministic`."""
    _self_test()
    with _collecting_rarely():
        return _seeded_run(seed, function, *arguments)
