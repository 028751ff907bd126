"""The outbox: what was promised is done, at least once, whatever happens between."""

import math
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st
from store_tables import SCHEMA, add, drop, put, things

import portal
from portal.seams.clock import Clock, LiveClock
from portal.store import claims
from portal.store import outbox as outbox_module
from portal.store.outbox import (
    AT_ONCE_MAX,
    BACK_OFF_SECONDS,
    LOOK_SECONDS_MAX,
    ROWS_READ_MAX,
    Again,
    Finished,
    Outbox,
    Row,
    back_off_ms,
)
from portal.store.postgres import open_postgres
from portal.store.sqlite import SimulatedStore, open_sqlite
from portal.store.store import Query, StorageRefused, StoreOverloaded

START_MS = 1_900_000_000_000


class TrialClock(Clock):
    """The trial's own time, which the mock clock moves."""

    def _unmoved_ms(self) -> int:
        return START_MS + math.floor(trio.current_time() * 1000 + 0.5)


ROWS = Query("SELECT kind, key, due_ms, attempts, put_ms FROM outbox ORDER BY kind, key", Row)


@pytest.fixture
def store():
    store = SimulatedStore([SCHEMA, outbox_module.SCHEMA])
    yield store
    store.close()


@pytest.fixture
def clock():
    return TrialClock()


class Worker:
    """Work that notes when it was asked to do what, and answers as it is told."""

    def __init__(self, clock: Clock, *answers: Finished | Again | Exception) -> None:
        self._clock = clock
        self._answers = list(answers)
        self.asked: list[tuple[str, int, int]] = []

    async def __call__(self, row: Row) -> Finished | Again:
        self.asked.append((row.key, row.attempts, self._clock.now_ms() - START_MS))
        answer = self._answers.pop(0) if self._answers else Finished()
        if isinstance(answer, Exception):
            raise answer
        return answer


async def promise(store, clock, key, *, kind="letter", in_ms=0):
    now = clock.now_ms()
    await store.write([outbox_module.put(kind, key, due_ms=now + in_ms, now_ms=now)])


async def until_empty(store, every_s=0.5):
    while await store.read(ROWS):  # noqa: ASYNC110 - the store has no events
        await trio.sleep(every_s)


def test_the_waits_grow_to_a_limit():
    waits = [back_off_ms(attempts) for attempts in range(1, 20)]

    assert waits[: len(BACK_OFF_SECONDS)] == [1000 * seconds for seconds in BACK_OFF_SECONDS]
    assert set(waits[len(BACK_OFF_SECONDS) :]) == {1000 * BACK_OFF_SECONDS[-1]}
    assert waits == sorted(waits)
    assert waits[0] > 0


async def test_work_that_is_due_is_done_and_its_row_goes_with_what_it_leaves(
    store, clock, autojump_clock, nursery
):
    worker = Worker(clock, Finished((put("done"),)))
    await promise(store, clock, "a")

    await nursery.start(Outbox(store, clock, {"letter": worker}).run)
    await until_empty(store)

    assert worker.asked == [("a", 0, 0)]
    assert await things(store) == {"done": 0}


async def test_promising_twice_is_promising_once(store, clock, autojump_clock, nursery):
    worker = Worker(clock)
    await promise(store, clock, "a", in_ms=500)
    await promise(store, clock, "a", in_ms=9_000)

    await nursery.start(Outbox(store, clock, {"letter": worker}).run)
    await until_empty(store)

    assert worker.asked == [("a", 0, 500)]


async def test_a_removed_promise_is_not_done(store, clock, autojump_clock, nursery):
    worker = Worker(clock)
    await promise(store, clock, "a", in_ms=500)
    await nursery.start(Outbox(store, clock, {"letter": worker}).run)

    await store.write([outbox_module.remove("letter", "a")])
    await trio.sleep(100)

    assert worker.asked == []


async def test_work_is_done_when_it_falls_due_and_not_before(store, clock, autojump_clock, nursery):
    worker = Worker(clock)
    for key, in_ms in (("c", 30_000), ("a", 0), ("b", 1_500)):
        await promise(store, clock, key, in_ms=in_ms)

    await nursery.start(Outbox(store, clock, {"letter": worker}).run)
    await until_empty(store)

    assert worker.asked == [("a", 0, 0), ("b", 0, 1_500), ("c", 0, 30_000)]


async def test_each_failure_waits_longer_and_counts(store, clock, autojump_clock, nursery):
    failures = len(BACK_OFF_SECONDS) + 1
    worker = Worker(clock, *[Again("no answer")] * failures)
    await promise(store, clock, "a")

    await nursery.start(Outbox(store, clock, {"letter": worker}).run)
    await until_empty(store)

    waits = [0, *BACK_OFF_SECONDS, BACK_OFF_SECONDS[-1]]
    assert worker.asked == [("a", n, int(1000 * sum(waits[: n + 1]))) for n in range(failures + 1)]


async def test_work_that_fails_by_accident_is_tried_again(store, clock, autojump_clock, nursery):
    worker = Worker(clock, ValueError("a mistake"), KeyError("another"))
    await promise(store, clock, "a")

    await nursery.start(Outbox(store, clock, {"letter": worker}).run)
    await until_empty(store)

    assert worker.asked == [("a", 0, 0), ("a", 1, 1_000), ("a", 2, 3_000)]


async def test_a_kind_that_nobody_knows_waits_for_a_version_that_does(store, clock, autojump_clock):
    await promise(store, clock, "a", kind="parcel")
    await promise(store, clock, "a", kind="letter")
    worker = Worker(clock)
    async with trio.open_nursery() as nursery:
        await nursery.start(Outbox(store, clock, {"letter": worker}).run)
        await trio.sleep(10)
        nursery.cancel_scope.cancel()

    (row,) = await store.read(ROWS)
    assert (row.kind, row.attempts) == ("parcel", 4)
    assert len(worker.asked) == 1

    async with trio.open_nursery() as nursery:
        await nursery.start(Outbox(store, clock, {"parcel": worker}).run)
        await until_empty(store)
        nursery.cancel_scope.cancel()
    assert len(worker.asked) == 2


async def test_waking_makes_it_look_at_once(store, clock, autojump_clock, nursery):
    worker = Worker(clock)
    outbox = Outbox(store, clock, {"letter": worker})
    await nursery.start(outbox.run)
    await trio.sleep(7)

    await promise(store, clock, "a")
    outbox.wake()
    await trio.testing.wait_all_tasks_blocked()

    assert worker.asked == [("a", 0, 7_000)]


async def test_without_waking_it_looks_now_and_then(store, clock, autojump_clock, nursery):
    worker = Worker(clock)
    await nursery.start(Outbox(store, clock, {"letter": worker}).run)
    await trio.sleep(7)

    await promise(store, clock, "a")
    await until_empty(store)

    assert worker.asked == [("a", 0, int(LOOK_SECONDS_MAX * 1000))]


async def test_hurry_brings_the_next_try_forward(store, clock, autojump_clock, nursery):
    worker = Worker(clock, *[Again("no answer")] * 9)
    outbox = Outbox(store, clock, {"letter": worker})
    await promise(store, clock, "a")
    await nursery.start(outbox.run)
    await trio.sleep(70)
    asked = len(worker.asked)

    await store.write([outbox_module.hurry("letter", "a", now_ms=clock.now_ms())])
    outbox.wake()
    await trio.testing.wait_all_tasks_blocked()

    assert worker.asked[asked:] == [("a", asked, 70_000)]


async def test_a_moved_clock_makes_things_due(store, clock, autojump_clock, nursery):
    worker = Worker(clock)
    outbox = Outbox(store, clock, {"letter": worker})
    await promise(store, clock, "a", in_ms=365 * 86_400_000)
    await nursery.start(outbox.run)
    await trio.testing.wait_all_tasks_blocked()

    clock.offset_ms += 366 * 86_400_000
    await trio.sleep(LOOK_SECONDS_MAX + 1)

    assert [key for key, _, _ in worker.asked] == ["a"]


async def test_no_more_at_once_than_the_limit_and_none_twice(store, clock, autojump_clock, nursery):
    now_at_work = most = 0
    done: list[str] = []

    async def work(row):
        nonlocal now_at_work, most
        now_at_work += 1
        most = max(most, now_at_work)
        await trio.sleep(1)
        now_at_work -= 1
        done.append(row.key)
        return Finished()

    count = ROWS_READ_MAX + 3 * AT_ONCE_MAX
    for number in range(count):
        await promise(store, clock, f"{number:03}")
    await nursery.start(Outbox(store, clock, {"letter": work}).run)
    await until_empty(store)

    assert most == AT_ONCE_MAX
    assert sorted(done) == [f"{number:03}" for number in range(count)]


async def test_a_row_at_work_is_not_begun_again_from_an_old_look(store, clock, autojump_clock, nursery):
    """A slow one is at work while the looks go on, and ends while a look waits for a free place."""
    asked: list[str] = []
    seconds = {"slow": 3.0, "later": 5.0}

    async def work(row):
        asked.append(row.key)
        await trio.sleep(seconds.get(row.key, 2.0))
        return Finished()

    outbox = Outbox(store, clock, {"letter": work})
    await promise(store, clock, "slow", in_ms=0)
    for number in range(AT_ONCE_MAX - 1):
        await promise(store, clock, f"other {number}")
    await nursery.start(outbox.run)
    await trio.sleep(1)
    # Due before the others, so a look at the rows comes to them first, and has to wait there.
    now = clock.now_ms() - 10_000
    for number in range(AT_ONCE_MAX):
        await store.write([outbox_module.put("letter", f"more {number}", due_ms=now, now_ms=now)])
    outbox.wake()
    await until_empty(store)

    assert len(asked) == len(set(asked)) == 2 * AT_ONCE_MAX


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


async def test_it_says_what_it_does(store, clock, autojump_clock):
    assert repr(Outbox(store, clock, {"parcel": Worker(clock), "letter": Worker(clock)})) == (
        "Outbox(['letter', 'parcel'])"
    )


class CountingStore:
    """The same store, which counts how often it is read."""

    def __init__(self, store) -> None:
        self._store = store
        self.reads = 0

    async def read(self, query, params={}):  # noqa: B006 - never written to
        self.reads += 1
        return await self._store.read(query, params)

    async def write(self, ops):
        return await self._store.write(ops)


async def put_and_take_up(store, clock, box, key, *, in_ms=0):
    now = clock.now_ms()
    await store.write([outbox_module.put("letter", key, due_ms=now + in_ms, now_ms=now)])
    box.take_up("letter", key, due_ms=now + in_ms, now_ms=now)


async def test_what_is_taken_up_is_done_at_once_without_a_look(store, clock, autojump_clock, nursery):
    worker, counting = Worker(clock, Finished((put("done"),))), CountingStore(store)
    box = Outbox(counting, clock, {"letter": worker})
    await nursery.start(box.run)
    await trio.sleep(0.001)
    before = counting.reads

    await put_and_take_up(store, clock, box, "a")
    await trio.sleep(1)

    assert (worker.asked, await store.read(ROWS)) == ([("a", 0, 1)], [])
    assert counting.reads == before


async def test_what_is_taken_up_before_its_time_is_done_in_its_time(store, clock, autojump_clock, nursery):
    worker = Worker(clock)
    box = Outbox(store, clock, {"letter": worker})
    await nursery.start(box.run)
    await trio.sleep(1)

    await put_and_take_up(store, clock, box, "a", in_ms=7_000)
    await until_empty(store)

    assert worker.asked == [("a", 0, 8_000)]


async def test_what_was_taken_up_and_failed_is_tried_again(store, clock, autojump_clock, nursery):
    worker = Worker(clock, Again("not now"), ValueError("broken"))
    box = Outbox(store, clock, {"letter": worker})
    await nursery.start(box.run)

    await put_and_take_up(store, clock, box, "a")
    await until_empty(store)

    assert worker.asked == [("a", 0, 0), ("a", 1, 1_000), ("a", 2, 3_000)]


async def test_what_is_taken_up_while_nobody_works_is_found_later(store, clock, autojump_clock, nursery):
    worker = Worker(clock)
    box = Outbox(store, clock, {"letter": worker})

    await put_and_take_up(store, clock, box, "a")
    assert worker.asked == []
    await nursery.start(box.run)
    await until_empty(store)

    assert worker.asked == [("a", 0, 0)]


async def test_more_than_can_be_carried_at_once_is_taken_up_in_turn(store, clock, autojump_clock, nursery):
    at_once = most = 0
    done = []

    async def work(row):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await trio.sleep(1)
        at_once -= 1
        done.append(row.key)
        return Finished()

    counting = CountingStore(store)
    box = Outbox(counting, clock, {"letter": work})
    await nursery.start(box.run)
    await trio.sleep(0.001)
    before = counting.reads
    for number in range(10 * AT_ONCE_MAX):
        await put_and_take_up(store, clock, box, f"{number:04}")
    # Who can't take a row up tells of it all the same; that is one look, when all hands are free.
    box.wake()
    await until_empty(store)

    assert sorted(done) == [f"{number:04}" for number in range(10 * AT_ONCE_MAX)]
    assert (most, trio.current_time()) == (AT_ONCE_MAX, pytest.approx(10, abs=1))
    assert counting.reads - before <= 4


async def test_what_is_taken_up_during_a_look_is_done_once(store, clock, autojump_clock, nursery):
    """A store that takes its time may show a row which was begun, and even finished, after the look began."""
    worker = Worker(clock)

    class SlowStore(CountingStore):
        async def read(self, query, params={}):  # noqa: B006 - never written to
            rows = await super().read(query, params)
            await trio.sleep(1)
            return rows

    box = Outbox(SlowStore(store), clock, {"letter": worker})
    await promise(store, clock, "before")
    now = clock.now_ms()
    await nursery.start(box.run)
    await trio.sleep(0.5)
    box.take_up("letter", "before", due_ms=now, now_ms=now)
    await trio.sleep(10)

    assert worker.asked == [("before", 0, 500)]


async def test_taken_up_twice_is_looked_for_again(store, clock, autojump_clock, nursery):
    """The second promise came while the first was being kept: whether it was kept with it, only a look can tell."""
    again = []

    async def work(row):
        if not again:
            again.append(row.key)
            await store.write([outbox_module.remove("letter", "a")])
            await put_and_take_up(store, clock, box, "a")
            return Finished((put("first"),))
        return Finished()

    box = Outbox(store, clock, {"letter": work})
    await nursery.start(box.run)
    await put_and_take_up(store, clock, box, "a")
    await until_empty(store)

    assert await things(store) == {"first": 0}


async def test_two_kinds_of_work_about_the_same_come_and_go_together(store, clock):
    now = clock.now_ms()
    put_two = outbox_module.put_two("ask", "end", "a", due_ms=now + 1, due_2_ms=now + 2, now_ms=now)
    await store.write([put_two])
    await store.write([outbox_module.put("end", "b", due_ms=now, now_ms=now), put_two])

    expected = [
        Row("ask", "a", now + 1, 0, now),
        Row("end", "a", now + 2, 0, now),
        Row("end", "b", now, 0, now),
    ]
    assert await store.read(ROWS) == expected

    await store.write([outbox_module.remove_two("ask", "end", "a")])
    assert await store.read(ROWS) == expected[2:]


# Several processes with one outbox


def beside(store, clock, worker, *names):
    return [Outbox(store, clock, {"letter": worker}, name) for name in names]


async def test_of_several_holders_each_row_has_one(store, clock, autojump_clock, nursery):
    asked: list[str] = []

    async def work(row):
        asked.append(row.key)
        await trio.sleep(1)
        return Finished()

    count = 5 * AT_ONCE_MAX
    for number in range(count):
        await promise(store, clock, f"{number:03}")
    for box in beside(store, clock, work, "one", "other"):
        await nursery.start(box.run)
    await until_empty(store)

    assert sorted(asked) == [f"{number:03}" for number in range(count)]
    # Shared out: half of the rounds that one alone would need.
    assert clock.now_ms() - START_MS <= 3_500


async def test_what_a_dead_holder_had_claimed_is_done_by_another(store, clock, autojump_clock):
    begun: list[tuple[str, int]] = []

    async def hang(row):
        begun.append((row.key, clock.now_ms() - START_MS))
        await trio.sleep_forever()

    worker = Worker(clock)
    (dying,), (living,) = beside(store, clock, hang, "dying"), beside(store, clock, worker, "living")
    await promise(store, clock, "a")
    async with trio.open_nursery() as nursery:
        await nursery.start(dying.run)
        await trio.sleep(2)
        nursery.cancel_scope.cancel()
    async with trio.open_nursery() as nursery:
        await nursery.start(living.run)
        await until_empty(store)
        nursery.cancel_scope.cancel()

    assert begun == [("a", 0)]
    (((key, attempts, at_ms)),) = worker.asked
    assert (key, attempts) == ("a", 0)
    assert claims.CLAIM_MS <= at_ms <= claims.CLAIM_MS + 1000 * claims.LOOK_SECONDS_MAX


async def test_work_that_takes_longer_than_its_claim_is_not_begun_twice_by_its_own_holder(
    store, clock, autojump_clock, nursery
):
    begun: list[str] = []

    async def slow(row):
        begun.append(row.key)
        await trio.sleep(3 * claims.CLAIM_MS / 1000)
        return Finished()

    (box,) = beside(store, clock, slow, "only")
    await promise(store, clock, "a")
    await nursery.start(box.run)
    await until_empty(store)

    assert begun == ["a"]


async def test_rows_of_others_that_were_put_without_a_word_are_found_soon(
    store, clock, autojump_clock, nursery
):
    worker = Worker(clock)
    (box,) = beside(store, clock, worker, "only")
    await nursery.start(box.run)
    await trio.sleep(7)
    await promise(store, clock, "a")
    await until_empty(store)

    (((_, _, at_ms)),) = worker.asked
    assert at_ms <= 7_000 + 1000 * claims.LOOK_SECONDS_MAX


async def test_a_holder_that_fails_tries_again_like_any_other(store, clock, autojump_clock, nursery):
    worker = Worker(clock, Again("no answer"), ValueError("a mistake"))
    (box,) = beside(store, clock, worker, "only")
    await promise(store, clock, "a")
    await nursery.start(box.run)
    await until_empty(store)

    assert worker.asked == [("a", 0, 0), ("a", 1, 1_000), ("a", 2, 3_000)]


async def test_taken_up_with_a_holder_is_claimed_first(store, clock, autojump_clock, nursery):
    worker = Worker(clock)
    one, other = beside(store, clock, worker, "one", "other")
    for box in (one, other):
        await nursery.start(box.run)
    await trio.sleep(1)
    await put_and_take_up(store, clock, one, "a")
    other.wake()
    await until_empty(store)

    assert worker.asked == [("a", 0, 1_000)]


@pytest.mark.real_client("PostgreSQL")
async def test_holders_in_processes_of_their_own_do_each_row_once(postgres_url):
    """Over the real server, where claims meet in the middle of each other."""
    schemas = [SCHEMA, outbox_module.SCHEMA]
    clock = LiveClock()
    async with open_postgres(postgres_url, schemas) as one, open_postgres(postgres_url, schemas) as other:
        count = 300
        async with trio.open_nursery() as nursery:
            for number in range(count):
                nursery.start_soon(partial(promise, one, clock, f"{number:03}"))
        asked: list[tuple[str, str]] = []
        async with trio.open_nursery() as nursery:
            for name, store in (("one", one), ("other", other)):

                async def work(row, name=name):
                    asked.append((name, row.key))
                    return Finished((put(f"done {row.key}"),))

                await nursery.start(Outbox(store, clock, {"letter": work}, name).run)
            with trio.fail_after(60):
                while await one.read(ROWS):
                    await trio.testing.wait_all_tasks_blocked(0.01)
            nursery.cancel_scope.cancel()
        assert sorted(key for _, key in asked) == [f"{number:03}" for number in range(count)]
        assert {name for name, _ in asked} == {"one", "other"}
        assert len(await things(one)) == count
