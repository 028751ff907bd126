"""The store over a real PostgreSQL server: shared by several processes, many readers and writers, versions."""

import signal
import threading

import psycopg
import pytest
import trio
import trio.testing
from own_postgres import rows
from store_tables import SCHEMA, Thing, add, amount_of, put, things
from test_sqlite_store import FIRST, SECOND, start_child

from portal.store.postgres import open_postgres
from portal.store.store import (
    COMMITTED,
    Committed,
    Conflict,
    Op,
    Query,
    Schema,
    StorageRefused,
    StoreOverloaded,
    StoreTooNew,
)

pytestmark = pytest.mark.real_client("PostgreSQL")


# What is accepted stays


async def test_a_killed_process_loses_nothing_that_it_acknowledged(postgres_url):
    def run_and_kill():
        with start_child("writing_child.py", postgres_url) as child:
            acknowledged = [int(child.stdout.readline()) for _ in range(200)]
            child.send_signal(signal.SIGKILL)
            acknowledged += [int(line) for line in child.stdout if line.endswith(b"\n")]
        return acknowledged

    acknowledged = await trio.to_thread.run_sync(run_and_kill)

    async with open_postgres(postgres_url, [SCHEMA]) as store:
        found = await things(store)
    assert len(acknowledged) >= 200
    assert {f"{part}{number}" for number in acknowledged for part in "ab"} <= set(found)
    # Nothing is there by half either.
    assert {name[1:] for name in found if name[0] == "a"} == {name[1:] for name in found if name[0] == "b"}


# Several at one database


async def test_preconditions_hold_between_processes(own_url):
    outcomes: list[Committed | Conflict] = []
    async with open_postgres(own_url, [SCHEMA]) as one, open_postgres(own_url, [SCHEMA]) as other:
        await one.write([put("cup", 40)])

        async def take(store, number):
            outcomes.append(await store.write([put(f"taken {number:02}"), add("cup", -1)]))

        async with trio.open_nursery() as nursery:
            for number in range(60):
                nursery.start_soon(take, (one, other)[number % 2], number)
                # The same name from the other side: one of the two at most.
                nursery.start_soon(take, (other, one)[number % 2], number)
        found = await things(one)
    taken = [name for name in found if name.startswith("taken")]
    assert found["cup"] == 0
    assert len(taken) == outcomes.count(COMMITTED) == 40
    assert set(outcomes) <= {COMMITTED, Conflict(0), Conflict(1)}


async def test_processes_that_lock_each_other_out_all_come_through(own_url):
    async with open_postgres(own_url, [SCHEMA]) as one, open_postgres(own_url, [SCHEMA]) as other:
        names = [f"n{number}" for number in range(12)]
        await one.write([put(name) for name in names])

        async def move(store, order):
            for _ in range(15):
                assert await store.write([add(name, 1) for name in order]) == COMMITTED

        with trio.fail_after(100):
            async with trio.open_nursery() as nursery:
                for task in range(4):
                    nursery.start_soon(move, one, names[task:] + names[:task])
                    nursery.start_soon(move, other, list(reversed(names[task:] + names[:task])))
        assert await things(other) == dict.fromkeys(names, 120)


async def test_a_write_is_seen_by_the_other_process_as_soon_as_it_returned(own_url):
    async with open_postgres(own_url, [SCHEMA]) as one, open_postgres(own_url, [SCHEMA]) as other:
        await one.write([put("cup")])
        for number in range(1, 50):
            await (one, other)[number % 2].write([add("cup", 1)])
            assert await amount_of((other, one)[number % 2], "cup") == number


# Many readers and writers


async def test_a_wrong_read_does_not_disturb_those_that_share_its_way(postgres_url):
    found: list[int | None] = []
    async with open_postgres(postgres_url, [SCHEMA]) as store:
        await store.write([put("cup", 7)])

        async def read():
            found.append(await amount_of(store, "cup"))

        async def mistaken(sql, error):
            with pytest.raises(error):
                await store.read(Query(sql, Thing), {"name": "cup"})

        for _ in range(3):
            async with trio.open_nursery() as nursery:
                for _ in range(20):
                    nursery.start_soon(read)
                    nursery.start_soon(
                        mistaken,
                        "SELECT name, 1 / (amount - 7) FROM thing WHERE name = :name",
                        psycopg.DataError,
                    )
                    nursery.start_soon(mistaken, "SELECT nothing FROM thing", psycopg.ProgrammingError)
                    nursery.start_soon(mistaken, "SELECT name FROM thing", TypeError)
    assert found == [7] * 60


async def test_a_cancelled_read_is_given_up(postgres_url):
    async with open_postgres(postgres_url, [SCHEMA]) as store:
        with psycopg.connect(postgres_url) as other:
            other.execute("LOCK TABLE thing IN ACCESS EXCLUSIVE MODE")
            with trio.move_on_after(0.05) as scope:
                await things(store)
            assert scope.cancelled_caught
        assert await things(store) == {}


async def test_more_waiting_writes_than_the_limit_are_refused_at_once(postgres_url):
    written, refused = [], []
    async with open_postgres(postgres_url, [SCHEMA], writes_waiting_max=3) as store:

        async def write(name):
            try:
                await store.write([put(name)])
                written.append(name)
            except StoreOverloaded:
                refused.append(name)

        async with trio.open_nursery() as nursery:
            with psycopg.connect(postgres_url) as other:
                other.execute("LOCK TABLE thing IN ACCESS EXCLUSIVE MODE")
                for number in range(10):
                    nursery.start_soon(write, f"n{number}")
                await trio.testing.wait_all_tasks_blocked(0.01)
                # What the writer has taken already does not wait any more.
                assert 4 <= len(refused) <= 7
                assert written == []

        assert sorted(await things(store)) == sorted(written)
        assert await store.write([put("afterwards")]) == COMMITTED


async def test_a_cancelled_writer_still_learns_what_became_of_its_write(postgres_url):
    outcomes = []
    async with open_postgres(postgres_url, [SCHEMA]) as store:

        async def write(scope):
            with scope:
                outcomes.append(await store.write([put("cup")]))

        scope = trio.CancelScope()
        async with trio.open_nursery() as nursery:
            with psycopg.connect(postgres_url) as other:
                other.execute("LOCK TABLE thing IN ACCESS EXCLUSIVE MODE")
                nursery.start_soon(write, scope)
                await trio.testing.wait_all_tasks_blocked(0.01)
                scope.cancel()
                await trio.testing.wait_all_tasks_blocked(0.01)
                assert outcomes == []
        assert outcomes == [COMMITTED]
        assert await things(store) == {"cup": 0}


async def test_closing_waits_for_what_was_accepted_and_refuses_the_rest(postgres_url):
    outcomes = []
    async with trio.open_nursery() as nursery:
        async with open_postgres(postgres_url, [SCHEMA]) as store:

            async def write(name):
                outcomes.append(await store.write([put(name)]))

            for number in range(20):
                nursery.start_soon(write, f"n{number}")
            await trio.testing.wait_all_tasks_blocked(0)
        with pytest.raises(StorageRefused, match="閉じられて"):
            await store.write([put("late")])
        with pytest.raises(StorageRefused, match="閉じられて"):
            await things(store)

    assert outcomes == [COMMITTED] * 20
    assert len(rows(postgres_url, "SELECT * FROM thing")) == 20


async def test_many_rows_and_long_ones_come_through(postgres_url):
    """More than the sockets' buffers hold, both ways at once."""
    async with open_postgres(postgres_url, [SCHEMA]) as store:
        long = "長" * 600
        found: list[int] = []

        async def read():
            found.append(sum((await things(store)).values()))

        with trio.fail_after(60):
            async with trio.open_nursery() as nursery:
                for number in range(1000):
                    nursery.start_soon(store.write, [put(f"{number} {long}", number)])
            async with trio.open_nursery() as nursery:
                for _ in range(20):
                    nursery.start_soon(read)
        assert found == [sum(range(1000))] * 20


async def test_a_value_that_is_too_long_for_an_index_is_its_writers_mistake_alone(postgres_url):
    outcomes = []
    async with open_postgres(postgres_url, [SCHEMA]) as store:

        async def write(name):
            outcomes.append(await store.write([put(name)]))

        async with trio.open_nursery() as nursery:
            for number in range(5):
                nursery.start_soon(write, f"{number}")
            with pytest.raises(psycopg.OperationalError):
                await store.write([put("".join(chr(0x4E00 + number) for number in range(9_000)))])
    assert outcomes == [COMMITTED] * 5


# Versions


async def test_steps_run_once_and_rows_stay(postgres_url):
    async with open_postgres(postgres_url, [SCHEMA, Schema("shelves", (FIRST,))]) as store:
        await store.write([Op("INSERT INTO shelf (name) VALUES ('top')", {})])
    for _ in range(2):
        async with open_postgres(postgres_url, [SCHEMA, Schema("shelves", (FIRST, SECOND))]):
            pass
        assert rows(postgres_url, "SELECT * FROM shelf") == [("top", 7)]
        assert rows(postgres_url, "SELECT * FROM schema_version ORDER BY part") == [
            ("shelves", 2),
            ("things", 1),
        ]


async def test_processes_that_start_at_once_make_the_tables_once(postgres_url):
    async def start():
        async with open_postgres(postgres_url, [SCHEMA, Schema("shelves", (FIRST, SECOND))]) as store:
            assert await things(store) == {}

    async with trio.open_nursery() as nursery:
        for _ in range(6):
            nursery.start_soon(start)


async def test_a_newer_state_is_refused_and_left_as_it_is(postgres_url):
    async with open_postgres(postgres_url, [Schema("shelves", (FIRST, SECOND))]):
        pass
    with pytest.raises(StoreTooNew, match=r"「shelves」は版2.*版1より新しい"):
        async with open_postgres(postgres_url, [SCHEMA, Schema("shelves", (FIRST,))]):
            pass  # pragma: no cover
    assert rows(postgres_url, "SELECT * FROM schema_version") == [("shelves", 2)]


async def test_a_step_that_fails_leaves_the_version_before_it(postgres_url):
    async with open_postgres(postgres_url, [Schema("shelves", (FIRST,))]):
        pass
    with pytest.raises(StorageRefused):
        async with open_postgres(
            postgres_url, [Schema("shelves", (FIRST, SECOND, "CREATE TABLE shelf (again TEXT)"))]
        ):
            pass  # pragma: no cover
    assert rows(postgres_url, "SELECT * FROM schema_version") == [("shelves", 1)]


async def test_it_says_which_database_it_is_without_a_password(postgres_url):
    async with open_postgres(postgres_url, [SCHEMA]) as store:
        assert "127.0.0.1" in repr(store)
        assert "mynasim@" not in repr(store)


def test_nothing_of_it_needs_a_thread(own_server, own_url):
    """Not even connecting: a server that takes its time must not stop the loop."""

    async def main():
        async with open_postgres(own_url, [SCHEMA]) as store:
            await store.write([put("cup")])
            await things(store)
            assert threading.active_count() <= before

    before = threading.active_count()
    trio.run(main)
