"""What is taken up by the outbox at once, without a look at the store."""

import pytest
import trio
from outbox_work import ROWS, Worker, promise, put_and_take_up, until_empty
from store_tables import put, things

from portal.store import outbox as outbox_module
from portal.store.outbox import (
    AT_ONCE_MAX,
    Again,
    Finished,
    Outbox,
    Row,
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
