"""The outbox: what was promised is done, at least once, whatever happens between."""

import trio
import trio.testing
from outbox_work import ROWS, Worker, promise, until_empty
from store_tables import put, things

from portal.store import outbox as outbox_module
from portal.store.outbox import (
    AT_ONCE_MAX,
    BACK_OFF_SECONDS,
    LOOK_SECONDS_MAX,
    ROWS_READ_MAX,
    Again,
    Finished,
    Outbox,
    back_off_ms,
)


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


async def test_it_says_what_it_does(store, clock, autojump_clock):
    assert repr(Outbox(store, clock, {"parcel": Worker(clock), "letter": Worker(clock)})) == (
        "Outbox(['letter', 'parcel'])"
    )
