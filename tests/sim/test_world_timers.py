"""Timers: many waits shared by one sleeper, as exact as Trio's own."""

import trio
from hypothesis import given
from hypothesis import strategies as st

from sim.world.determinism import run_deterministic
from sim.world.timers import Timers

waits = st.lists(st.integers(0, 50), min_size=1, max_size=40)


@given(waits)
def test_everyone_wakes_at_the_moment_asked_for(milliseconds: list[int]) -> None:
    async def main() -> list[tuple[int, float]]:
        timers, woken = Timers(), []

        async def wait(ms: int) -> None:
            began = trio.current_time()
            await timers.sleep(ms / 1000)
            woken.append((ms, trio.current_time() - began))

        async with trio.open_nursery() as nursery:
            await nursery.start(timers.run)
            async with trio.open_nursery() as waiting:
                for ms in milliseconds:
                    waiting.start_soon(wait, ms)
            nursery.cancel_scope.cancel()
        return woken

    woken = run_deterministic(1, main)

    assert sorted(ms for ms, _ in woken) == sorted(milliseconds)
    assert [ms for ms, _ in woken] == sorted(milliseconds)
    assert all(abs(took - ms / 1000) < 1e-6 for ms, took in woken)


@given(waits, st.sets(st.integers(0, 39)))
def test_who_was_cancelled_is_not_woken_and_keeps_nobody(milliseconds: list[int], leaving: set[int]) -> None:
    async def main() -> tuple[int, int]:
        timers = Timers()
        woken = 0

        async def wait(number: int, ms: int) -> None:
            nonlocal woken
            with trio.move_on_after(0.0005 if number in leaving else 1000):
                await timers.sleep(1 + ms / 1000)
                woken += 1

        async with trio.open_nursery() as nursery:
            await nursery.start(timers.run)
            async with trio.open_nursery() as waiting:
                for number, ms in enumerate(milliseconds):
                    waiting.start_soon(wait, number, ms)
            await timers.sleep(2)
            nursery.cancel_scope.cancel()
        return woken, len(timers._left)

    stayed = len([n for n in range(len(milliseconds)) if n not in leaving])
    assert run_deterministic(1, main) == (stayed, 0)
