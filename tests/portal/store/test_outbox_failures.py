"""The outbox when work fails, hangs or is cut off, and when the store refuses."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st
from outbox_work import ROWS, START_MS, TrialClock, Worker, promise, until_empty
from store_tables import SCHEMA, add, drop, put, things

import portal
from portal.store import outbox as outbox_module
from portal.store.outbox import (
    LOOK_SECONDS_MAX,
    Again,
    Finished,
    Outbox,
)
from portal.store.sqlite import SimulatedStore, open_sqlite
from portal.store.store import StorageRefused, StoreOverloaded


async def test_one_that_hangs_does_not_stop_the_others(store, clock, autojump_clock, nursery):
    worker = Worker(clock)

    async def hang(row):
        await trio.sleep_forever()

    await promise(store, clock, "a", kind="endless")
    await nursery.start(Outbox(store, clock, {"endless": hang, "letter": worker}).run)
    for number in range(5):
        await promise(store, clock, f"{number}")
    await trio.sleep(LOOK_SECONDS_MAX + 1)

    assert len(worker.asked) == 5


async def test_a_conflict_at_the_end_is_tried_again_after_a_wait(store, clock, autojump_clock, nursery):
    worker = Worker(clock, Finished((put("done"), drop("not there"))))
    await promise(store, clock, "a")

    await nursery.start(Outbox(store, clock, {"letter": worker}).run)
    await until_empty(store)

    assert worker.asked == [("a", 0, 0), ("a", 1, 1_000)]
    assert await things(store) == {}


async def test_a_mistake_in_what_work_leaves_does_not_end_the_outbox(store, clock, autojump_clock, nursery):
    worker = Worker(clock, Finished((put("huge", 2**70),)))
    await promise(store, clock, "a")

    await nursery.start(Outbox(store, clock, {"letter": worker}).run)
    await until_empty(store)

    assert worker.asked == [("a", 0, 0), ("a", 1, 1_000)]


async def test_a_store_that_refuses_in_between_delays_and_loses_nothing(
    store, clock, autojump_clock, nursery
):
    async def work(row):
        asked.append((row.attempts, clock.now_ms() - START_MS))
        if len(asked) == 1:
            store.refuse = "disk full"
        if len(asked) == 4:
            store.refuse = None
        return Finished((put("done"),))

    asked: list[tuple[int, int]] = []
    await promise(store, clock, "a")
    await nursery.start(Outbox(store, clock, {"letter": work}).run)
    await until_empty(store)

    # At least once: the work was done each time, what it leaves is there once.
    assert asked == [(0, 0), (0, 1_000), (0, 2_000), (0, 3_000)]
    assert await things(store) == {"done": 0}


@pytest.mark.parametrize("failure", [StorageRefused("full"), StoreOverloaded("busy")])
async def test_work_that_meets_a_refusing_store_is_no_failure_of_its_own(
    store, clock, autojump_clock, nursery, failure
):
    worker = Worker(clock, failure)
    await promise(store, clock, "a")

    await nursery.start(Outbox(store, clock, {"letter": worker}).run)
    await until_empty(store)

    assert worker.asked == [("a", 0, 0), ("a", 0, 1_000)]


async def test_an_unreadable_store_is_asked_again(store, clock, autojump_clock, nursery):
    worker = Worker(clock)
    await promise(store, clock, "a")
    unreadable = _UnreadableFor(store, times=3)

    await nursery.start(Outbox(unreadable, clock, {"letter": worker}).run)
    await until_empty(store)

    assert worker.asked == [("a", 0, 3_000)]


class _UnreadableFor:
    """A store behind a disk that can't be read the first times."""

    def __init__(self, store, *, times):
        self._store = store
        self._times = times

    async def read(self, query, params={}):  # noqa: B006 - never written to
        if self._times:
            self._times -= 1
            raise StorageRefused("disk I/O error")
        return await self._store.read(query, params)

    async def write(self, ops):
        return await self._store.write(ops)


async def test_cut_off_between_work_and_removal_it_is_done_again(store, clock, autojump_clock):
    """As a crash does: the work is done, its row is still there."""
    asked = []

    async def work(row):
        asked.append(row.key)
        if len(asked) == 1:
            nursery.cancel_scope.cancel()
            await trio.lowlevel.checkpoint()
        return Finished()

    await promise(store, clock, "a")
    for _ in range(2):
        async with trio.open_nursery() as nursery:
            await nursery.start(Outbox(store, clock, {"letter": work}).run)
            await until_empty(store)
            nursery.cancel_scope.cancel()

    assert asked == ["a", "a"]
    assert await store.read(ROWS) == []


@settings(deadline=None, max_examples=60)
@given(cuts=st.lists(st.integers(0, 40), max_size=6), failures=st.integers(0, 3), count=st.integers(1, 5))
async def test_workers_that_die_at_any_point_lose_nothing(cuts, failures, count):
    """Started, cut off after some steps of the world, started again: each promise is kept at last."""
    store = SimulatedStore([SCHEMA, outbox_module.SCHEMA])
    clock = TrialClock()
    tried: dict[str, int] = {}

    async def work(row):
        await trio.lowlevel.checkpoint()
        tried[row.key] = tried.get(row.key, 0) + 1
        if tried[row.key] <= failures:
            return Again("no way there")
        return Finished((add(row.key, 1),))

    try:
        for number in range(count):
            await store.write(
                [put(f"n{number}"), outbox_module.put("letter", f"n{number}", due_ms=0, now_ms=0)]
            )
        for cut in cuts:
            async with trio.open_nursery() as nursery:
                await nursery.start(Outbox(store, clock, {"letter": work}).run)
                for _ in range(cut):
                    await trio.lowlevel.checkpoint()
                nursery.cancel_scope.cancel()
        async with trio.open_nursery() as nursery:
            outbox = Outbox(store, clock, {"letter": work})
            await nursery.start(outbox.run)
            while await store.read(ROWS):
                clock.offset_ms += 1_000_000
                outbox.wake()
                await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        # Done at least once, and what it leaves in the store exactly once.
        assert await things(store) == {f"n{number}": 1 for number in range(count)}
    finally:
        store.close()


async def test_a_killed_process_does_its_work_after_the_restart(tmp_path):
    path = tmp_path / "outbox.db"

    def run_and_kill():
        with subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "promising_child.py"), str(path)],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(Path(portal.__file__).parents[1])},
        ) as child:
            line = child.stdout.readline()
            child.send_signal(signal.SIGKILL)
        return line

    assert await trio.to_thread.run_sync(run_and_kill) == b"at work on a\n"

    worker = Worker(TrialClock())
    async with open_sqlite(path, [SCHEMA, outbox_module.SCHEMA]) as store, trio.open_nursery() as nursery:
        assert [row.key for row in await store.read(ROWS)] == ["a"]
        await nursery.start(Outbox(store, TrialClock(), {"letter": worker}).run)
        with trio.fail_after(10):
            await until_empty(store, every_s=0.005)
        nursery.cancel_scope.cancel()
    assert [key for key, _, _ in worker.asked] == ["a"]
