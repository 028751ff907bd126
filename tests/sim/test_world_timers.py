"""The clock that jumps: as exact as Trio's own, for those who wait by it and for those who wait by Trio."""

import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from sim.world.determinism import run_deterministic
from sim.world.timers import JumpingClock, sleep_here

waits = st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=40)


@given(waits)
def test_everyone_wakes_at_the_moment_asked_for(sleepers: list[tuple[int, bool]]) -> None:
    """By the clock's own sleep or by Trio's, in any mixture."""

    async def main() -> list[tuple[int, float]]:
        sleep, woken = sleep_here(), []

        async def wait(ms: int, by_trio: bool) -> None:
            await (trio.sleep if by_trio else sleep)(ms / 1000)
            woken.append((ms, trio.current_time()))

        async with trio.open_nursery() as nursery:
            for sleeper in sleepers:
                nursery.start_soon(wait, *sleeper)
        return woken

    woken = run_deterministic(1, main)

    assert [ms for ms, _ in woken] == sorted(ms for ms, _ in sleepers)
    assert all(abs(at - ms / 1000) < 1e-6 for ms, at in woken)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40), st.sets(st.integers(0, 39)))
def test_who_was_cancelled_is_not_woken_and_keeps_nobody(milliseconds: list[int], leaving: set[int]) -> None:
    async def main() -> tuple[int, float, str]:
        clock = trio.lowlevel.current_clock()
        assert isinstance(clock, JumpingClock)
        woken = 0

        async def wait(number: int, ms: int) -> None:
            nonlocal woken
            with trio.move_on_after(0.0005 if number in leaving else 1000):
                await clock.sleep(1 + ms / 1000)
                woken += 1

        async with trio.open_nursery() as waiting:
            for number, ms in enumerate(milliseconds):
                waiting.start_soon(wait, number, ms)
        await clock.sleep(2)
        return woken, trio.current_time(), repr(clock).partition(": ")[2]

    staying = [ms for number, ms in enumerate(milliseconds) if number not in leaving]
    woken, at, waiting = run_deterministic(1, main)

    assert woken == len(staying)
    assert abs(at - (3 + max(staying) / 1000 if staying else 2.0005)) < 1e-6
    assert waiting == "0 waiting>"


def test_messages_that_are_due_together_share_a_pass_of_the_loop() -> None:
    """What it is for; a moment that was reached by many steps is the same as one reached by few."""

    class Passes(trio.abc.Instrument):
        def __init__(self) -> None:
            self.count = 0

        def before_io_wait(self, timeout: float) -> None:
            self.count += 1

    async def main() -> int:
        sleep, passes = sleep_here(), Passes()

        async def wait(steps: int) -> None:
            for _ in range(steps):
                await sleep(0.3 / steps)

        async with trio.open_nursery() as nursery:
            for _ in range(50):
                for steps in (1, 2, 3):
                    nursery.start_soon(wait, steps)
            await trio.lowlevel.checkpoint()
            trio.lowlevel.add_instrument(passes)
        trio.lowlevel.remove_instrument(passes)
        return passes.count

    # 0.1, 0.15, 0.2, 0.3 s.
    assert run_deterministic(1, main) <= 4 + 2


def test_waiting_for_everybody_else_comes_before_a_jump() -> None:
    async def main() -> tuple[float, float]:
        async def wait() -> None:
            await sleep_here()(5)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            blocked_at = trio.current_time()
        return blocked_at, trio.current_time()

    assert run_deterministic(1, main) == (0.0, 5.0)


async def test_under_another_clock_it_is_trios_own_sleep() -> None:
    assert sleep_here() is trio.sleep


class Steps(trio.abc.Instrument):
    """How often tasks were left and gone on with."""

    def __init__(self) -> None:
        self.count = 0

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.count += 1


def test_who_would_wait_alone_does_not_leave_the_task() -> None:
    async def main() -> tuple[int, float]:
        clock, steps = trio.lowlevel.current_clock(), Steps()
        assert isinstance(clock, JumpingClock)
        await trio.testing.wait_all_tasks_blocked()
        trio.lowlevel.add_instrument(steps)
        with trio.move_on_after(1000):
            for _ in range(100):
                await clock.sleep(1)
        trio.lowlevel.remove_instrument(steps)
        return steps.count, trio.current_time()

    assert run_deterministic(1, main) == (0, 100.0)


def test_a_deadline_that_comes_first_is_kept() -> None:
    async def main() -> tuple[bool, float, float]:
        clock = trio.lowlevel.current_clock()
        assert isinstance(clock, JumpingClock)
        with trio.move_on_after(5) as limit:
            await clock.sleep(3)
            await clock.sleep(3)
        after = trio.current_time()
        # Who has been cancelled waits for nothing any more.
        with trio.CancelScope() as scope:
            scope.cancel()
            await clock.sleep(3)
        return limit.cancelled_caught and scope.cancelled_caught, after, trio.current_time()

    assert run_deterministic(1, main) == (True, 5.0, 5.0)


def test_what_comes_from_outside_the_loop_is_heard() -> None:
    """Whoever sleeps again and again alone does not keep a signal's or a thread's word from its turn."""

    async def main() -> bool:
        clock = trio.lowlevel.current_clock()
        assert isinstance(clock, JumpingClock)
        token, heard = trio.lowlevel.current_trio_token(), trio.Event()
        token.run_sync_soon(heard.set)
        for _ in range(1000):
            if heard.is_set():
                break
            await clock.sleep(1)
        return heard.is_set()

    assert run_deterministic(1, main)


LIMIT_MS = 40
acts = st.one_of(
    st.tuples(st.just("sleep"), st.integers(0, 20)),
    st.tuples(st.just("trio"), st.integers(0, 20)),
    st.tuples(st.just("within"), st.integers(0, LIMIT_MS)),
    st.tuples(st.just("begin"), st.integers(0, 3)),
    st.tuples(st.just("set"), st.integers(0, 3)),
    st.tuples(st.just("await"), st.integers(0, 3)),
    st.tuples(st.just("yield"), st.just(0)),
)
lives = st.lists(st.lists(acts, max_size=8), min_size=4, max_size=4)


@given(lives, st.integers(0, 3))
def test_nobody_can_tell_whether_who_slept_alone_left_the_task(
    lives: list[list[tuple[str, int]]], seed: int
) -> None:
    """Any mixture of waits, deadlines, tasks begun and words given happens in the same order and at the same moments."""

    async def main(leaving: bool) -> list[tuple[int, int, str, float]]:
        clock, happened = trio.lowlevel.current_clock(), []
        assert isinstance(clock, JumpingClock)
        events = [trio.Event() for _ in lives]
        begun = 0

        async def sleep(ms: int) -> None:
            if leaving:
                clock.hold()
            await clock.sleep(ms / 1000)

        async def live(number: int, who: int, nursery: trio.Nursery) -> None:
            nonlocal begun
            for what, word in lives[who]:
                match what:
                    case "sleep":
                        await sleep(word)
                    case "trio":
                        await trio.sleep(word / 1000)
                    case "within":
                        with trio.move_on_after(word / 1000):
                            await sleep(LIMIT_MS // 2)
                            await events[who].wait()
                    case "begin" if begun < 20:
                        begun += 1
                        nursery.start_soon(live, begun, word, nursery)
                    case "set":
                        events[word].set()
                    case "await":
                        with trio.move_on_after(1):
                            await events[word].wait()
                    case "yield":
                        await trio.lowlevel.checkpoint()
                happened.append((number, who, what, trio.current_time()))

        async with trio.open_nursery() as nursery:
            for who in range(2):
                nursery.start_soon(live, -who, who, nursery)
        return happened

    assert run_deterministic(seed, main, False) == run_deterministic(seed, main, True)


def test_who_was_held_leaves_the_task_once() -> None:
    async def main() -> int:
        clock, steps = trio.lowlevel.current_clock(), Steps()
        assert isinstance(clock, JumpingClock)
        await trio.testing.wait_all_tasks_blocked()
        trio.lowlevel.add_instrument(steps)
        clock.hold()
        await clock.sleep(1)
        await clock.sleep(1)
        trio.lowlevel.remove_instrument(steps)
        return steps.count

    assert run_deterministic(1, main) == 1
