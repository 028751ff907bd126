"""What every store does, whichever twin it is."""

import sqlite3

import psycopg
import pytest
import trio
from store_tables import ALL, ONE, SCHEMA, Thing, add, amount_of, drop, put, things

from portal.store.postgres import open_postgres
from portal.store.sqlite import SimulatedStore, open_sqlite
from portal.store.store import COMMITTED, Committed, Conflict, Op, Query, StorageRefused, read_one

POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.real_client("PostgreSQL"))


@pytest.fixture(params=["sqlite", "simulated", POSTGRESQL])
async def store(request, tmp_path):
    if request.param == "sqlite":
        async with open_sqlite(tmp_path / "state" / "things.db", [SCHEMA]) as opened:
            yield opened
    elif request.param == "postgresql":
        async with open_postgres(request.getfixturevalue("postgres_url"), [SCHEMA]) as opened:
            yield opened
    else:
        simulated = SimulatedStore([SCHEMA])
        yield simulated
        simulated.close()


async def test_what_was_written_is_read(store):
    assert await things(store) == {}

    assert await store.write([put("cup", 3), put("pot", 1)]) == COMMITTED

    assert await store.read(ALL) == [Thing("cup", 3), Thing("pot", 1)]
    assert await read_one(store, ONE, {"name": "pot"}) == Thing("pot", 1)
    assert await read_one(store, ONE, {"name": "jar"}) is None


async def test_nothing_to_write_is_committed(store):
    assert await store.write([]) == COMMITTED


async def test_text_and_bytes_come_back_as_they_were(store):
    odd = "髙🍵'; DROP TABLE thing;--\n:name $1 %s\\後\x00\ufdd00\ufdd0\x000"
    await store.write([put(odd, 2**63 - 1)])

    assert await things(store) == {odd: 2**63 - 1}


async def test_a_row_that_is_there_already_is_a_conflict_and_undoes_all(store):
    await store.write([put("cup", 3)])

    assert await store.write([put("pot"), add("cup", 1), put("cup"), put("jar")]) == Conflict(2)

    assert await things(store) == {"cup": 3}


async def test_a_broken_rule_of_the_table_is_a_conflict_and_undoes_all(store):
    await store.write([put("cup", 3)])

    assert await store.write([put("pot"), add("cup", -4)]) == Conflict(1)

    assert await things(store) == {"cup": 3}


@pytest.mark.parametrize("position", [0, 1, 2])
async def test_a_precondition_that_fails_undoes_what_was_done_before_it(store, position):
    await store.write([put("cup", 3)])
    ops = [add("cup", 1), add("cup", 1)]
    ops.insert(position, drop("jar"))

    assert await store.write(ops) == Conflict(position)

    assert await things(store) == {"cup": 3}


async def test_a_lone_operation_with_a_precondition(store):
    assert await store.write([drop("cup")]) == Conflict(0)
    assert await store.write([drop("cup", changes=None)]) == COMMITTED
    assert await store.write([drop("cup", changes=0)]) == COMMITTED

    assert await store.write([put("cup")]) == COMMITTED
    assert await store.write([put("cup")]) == Conflict(0)
    assert await store.write([drop("cup", changes=0)]) == Conflict(0)

    assert await things(store) == {"cup": 0}


async def test_a_lone_operation_that_changes_too_many_rows_is_undone(store):
    await store.write([put("cup", 1), put("pot", 1)])

    assert await store.write([Op("UPDATE thing SET amount = 9", {})]) == Conflict(0)

    assert await things(store) == {"cup": 1, "pot": 1}


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (put("huge", 2**70), OverflowError),
        (
            Op("INSERT INTO thing VALUES (:name, :amount)", {"name": "half"}),
            (sqlite3.ProgrammingError, KeyError),
        ),
        (put("odd", object()), (sqlite3.ProgrammingError, TypeError)),
        (Op("INSERT INTO nowhere VALUES (1)", {}), (sqlite3.OperationalError, psycopg.ProgrammingError)),
        (Op("INSERT INTO", {}), (sqlite3.OperationalError, psycopg.ProgrammingError)),
    ],
)
@pytest.mark.parametrize("alone", [True, False])
async def test_a_mistake_in_a_statement_is_its_callers_and_nobody_elses(store, bad, error, alone):
    ops = [bad] if alone else [put("first"), bad]
    outcomes: dict[str, Committed | Conflict] = {}

    async def write(name):
        outcomes[name] = await store.write([put(name)])

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            for name in ("a", "b", "c"):
                nursery.start_soon(write, name)
            with pytest.raises(error):
                await store.write(ops)

    assert outcomes == dict.fromkeys("abc", COMMITTED)
    assert await things(store) == dict.fromkeys("abc", 0)


async def test_a_mistake_in_a_read_is_no_fault_of_the_disk(store):
    with pytest.raises((sqlite3.OperationalError, psycopg.ProgrammingError)):
        await store.read(Query("SELECT * FROM nowhere", Thing))


async def test_one_transactions_conflict_does_not_touch_its_neighbours(store):
    await store.write([put("cup", 10)])
    outcomes: dict[int, Committed | Conflict] = {}

    async def take(number):
        outcomes[number] = await store.write([put(f"taken {number:02}"), add("cup", -1)])

    async with trio.open_nursery() as nursery:
        for number in range(30):
            nursery.start_soon(take, number)

    taken = sorted(number for number, outcome in outcomes.items() if outcome == COMMITTED)
    assert len(taken) == 10
    assert all(outcomes[number] == Conflict(1) for number in range(30) if number not in taken)
    assert await things(store) == {"cup": 0, **{f"taken {number:02}": 0 for number in taken}}


async def test_a_write_that_returned_is_seen_by_the_next_read(store):
    await store.write([put("cup")])

    async def count(times):
        for _ in range(times):
            before = await amount_of(store, "cup")
            await store.write([add("cup", 1)])
            assert await amount_of(store, "cup") > before

    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(count, 10)

    assert await amount_of(store, "cup") == 100


@pytest.mark.parametrize("store", ["sqlite", "simulated"], indirect=True)
async def test_a_read_does_not_let_other_tasks_run(store):
    """Embedded: what was read is still so until the reader waits for something."""
    ran = False

    async def other():
        nonlocal ran
        ran = True

    async with trio.open_nursery() as nursery:
        nursery.start_soon(other)
        await store.read(ALL)
        assert not ran


async def test_a_refused_simulated_write_changes_nothing_and_the_next_one_is_taken():
    store = SimulatedStore([SCHEMA])
    await store.write([put("cup")])
    store.refuse = "database or disk is full"

    with pytest.raises(StorageRefused, match="disk is full"):
        await store.write([put("pot")])

    assert await things(store) == {"cup": 0}
    store.refuse = None
    assert await store.write([put("pot")]) == COMMITTED
    assert any("'pot'" in line for line in store.dump())
    store.close()
