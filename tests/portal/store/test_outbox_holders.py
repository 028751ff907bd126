"""Several processes with one outbox: each row has one holder, and a dead one's is done by another."""

from functools import partial

import pytest
import trio
import trio.testing
from outbox_work import ROWS, START_MS, Worker, promise, put_and_take_up, until_empty
from store_tables import SCHEMA, put, things

from portal.seams.clock import LiveClock
from portal.store import claims
from portal.store import outbox as outbox_module
from portal.store.outbox import (
    AT_ONCE_MAX,
    Again,
    Finished,
    Outbox,
)
from portal.store.postgres import open_postgres


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
