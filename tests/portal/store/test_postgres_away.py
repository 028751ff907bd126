"""The store while its PostgreSQL server is killed, away, cut off or replaced by a standby."""

import contextlib

import psycopg
import pytest
import trio
import trio.testing
from own_postgres import TERMINATE, rows
from store_tables import SCHEMA, add, amount_of, put, things

from benchmarks.postgres_server import PostgresServer, running_server
from portal.store import postgres_line
from portal.store.postgres import open_postgres
from portal.store.store import (
    COMMITTED,
    Committed,
    Conflict,
    StorageRefused,
)

pytestmark = pytest.mark.real_client("PostgreSQL")


@pytest.mark.parametrize("round_", range(3))
async def test_a_killed_server_loses_nothing_that_was_acknowledged_and_the_store_finds_it_again(
    own_server, own_url, round_
):
    acknowledged: set[str] = set()
    refused: set[str] = set()
    async with open_postgres(own_url, [SCHEMA]) as store:
        done = trio.Event()

        async def write(task):
            number = 0
            while not done.is_set():
                name = f"{task}/{number}"
                number += 1
                try:
                    assert await store.write([put(f"a{name}"), put(f"b{name}")]) == COMMITTED
                except StorageRefused:
                    refused.add(name)
                else:
                    acknowledged.add(name)

        async with trio.open_nursery() as nursery:
            for task in range(20):
                nursery.start_soon(write, task)
            while len(acknowledged) < 500 * (round_ + 1):
                await trio.testing.wait_all_tasks_blocked(0.001)
            await trio.to_thread.run_sync(own_server.kill)
            before = len(acknowledged)
            await trio.to_thread.run_sync(lambda: own_server.start(deadlock_timeout="20ms"))
            with trio.fail_after(30):
                while len(acknowledged) < before + 200:
                    await trio.testing.wait_all_tasks_blocked(0.001)
            done.set()
        found = set(await things(store))

    names = {name[1:] for name in found}
    assert acknowledged <= names
    assert not refused & names
    # All or nothing, and nobody was told nothing: every write is one or the other.
    assert found == {part + name for name in acknowledged for part in "ab"}


async def test_a_commit_whose_answer_got_lost_is_known_to_be_committed(own_server, own_url):
    """The server has it on its disk and waits for a standby that never comes; then the line is cut."""
    outcomes: list[Committed | Conflict] = []
    async with open_postgres(own_url, [SCHEMA]) as store:
        await store.write([put("cup")])
        with psycopg.connect(own_server.url, autocommit=True) as other:
            other.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
            other.execute("SELECT pg_reload_conf()")
            try:
                async with trio.open_nursery() as nursery:
                    waiting: list[tuple[int]] = []

                    async def write():
                        # Until the server has heard of its new setting, and a write hangs.
                        while not waiting:
                            outcomes.append(await store.write([put(f"pot {len(outcomes)}")]))

                    nursery.start_soon(write)
                    while not waiting:
                        await trio.testing.wait_all_tasks_blocked(0.005)
                        waiting = other.execute(
                            "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
                        ).fetchall()
                    before = len(outcomes)
                    other.execute("ALTER SYSTEM RESET synchronous_standby_names")
                    other.execute("SELECT pg_terminate_backend(%s)", waiting[0])
                    other.execute("SELECT pg_reload_conf()")
            finally:
                other.execute("ALTER SYSTEM RESET synchronous_standby_names")
                other.execute("SELECT pg_reload_conf()")
        assert outcomes == [COMMITTED] * (before + 1)
        assert set(await things(store)) == {"cup", *(f"pot {number}" for number in range(before + 1))}


async def test_a_line_cut_before_the_commit_is_made_anew_and_the_write_sent_again(own_server, own_url):
    outcomes: list[Committed | Conflict] = []
    async with open_postgres(own_url, [SCHEMA]) as store:
        await store.write([put("cup")])
        with psycopg.connect(own_url) as other:
            other.execute("UPDATE thing SET amount = 5")
            async with trio.open_nursery() as nursery:

                async def write():
                    outcomes.append(await store.write([put("pot"), add("cup", 1)]))

                nursery.start_soon(write)
                waiting: list[tuple[int]] = []
                while not waiting:
                    await trio.testing.wait_all_tasks_blocked(0.005)
                    waiting = other.execute(
                        "SELECT pid FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"
                    ).fetchall()
                other.execute("SELECT pg_terminate_backend(%s)", waiting[0])
                other.commit()
        assert outcomes == [COMMITTED]
        assert await things(store) == {"cup": 6, "pot": 0}


# The server is away


async def test_a_server_that_is_away_is_a_refusal_and_it_is_found_when_it_is_back(
    own_server, own_url, impatient
):
    async with open_postgres(own_url, [SCHEMA]) as store:
        await store.write([put("cup", 1)])
        assert await amount_of(store, "cup") == 1
        await trio.to_thread.run_sync(own_server.kill)
        with trio.fail_after(20):
            with pytest.raises(StorageRefused, match="PostgreSQL"):
                await store.write([put("pot")])
            with pytest.raises(StorageRefused, match="PostgreSQL"):
                await things(store)
        # Now it is known: who comes next isn't kept waiting.
        began = trio.current_time()
        with pytest.raises(StorageRefused):
            await store.write([put("jar")])
        assert trio.current_time() - began < 1

        await trio.to_thread.run_sync(lambda: own_server.start(deadlock_timeout="20ms"))
        with trio.fail_after(20):
            while True:
                with contextlib.suppress(StorageRefused):
                    await store.write([put("bowl")])
                    break
            while True:
                with contextlib.suppress(StorageRefused):
                    assert await things(store) == {"cup": 1, "bowl": 0}
                    break


async def test_a_restart_within_patience_is_not_noticed(own_server, own_url, monkeypatch):
    monkeypatch.setattr(postgres_line, "PATIENCE_SECONDS", 60.0)  # a loaded machine starts it slowly
    async with open_postgres(own_url, [SCHEMA]) as store:
        await store.write([put("cup", 1)])
        await trio.to_thread.run_sync(own_server.kill)

        def start():
            own_server.start(deadlock_timeout="20ms")

        outcomes = []

        async def write():
            outcomes.append(await store.write([put("pot")]))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(write)
            nursery.start_soon(trio.to_thread.run_sync, start)
        assert outcomes == [COMMITTED]
        assert await things(store) == {"cup": 1, "pot": 0}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://mynasim@127.0.0.1:1/postgres", r"ポート1、.*使えません.*確かめて"),
        ("postgresql://mynasim@no-such-host.invalid/postgres", "no-such-host.invalid という名前"),
        ("postgresql://mynasim:secret@127.0.0.1:1/postgres", "使えません"),
        ("postgresql://mynasim:secret@[::1/postgres", "使えません"),
    ],
)
async def test_a_server_that_can_not_be_reached_says_what_to_do(url, said):
    with pytest.raises(StorageRefused, match=said) as refused:
        async with open_postgres(url, [SCHEMA]):
            pass  # pragma: no cover
    assert "secret" not in str(refused.value)


async def test_a_database_that_is_not_there_is_named(postgres_server):
    url = postgres_server.url.replace("/postgres", "/nowhere")
    with pytest.raises(StorageRefused, match="nowhere"):
        async with open_postgres(url, [SCHEMA]):
            pass  # pragma: no cover


async def test_a_server_that_only_reads_is_a_refusal(own_server, own_url):
    async with open_postgres(own_url, [SCHEMA]) as store:
        await store.write([put("cup", 1)])
        rows(own_url, "ALTER ROLE mynasim SET default_transaction_read_only = on")
        try:
            # It still has its old lines, which may write; the next ones may not.
            rows(own_url, TERMINATE)
            with pytest.raises(StorageRefused, match="read-only"):
                await store.write([put("pot")])
            with pytest.raises(StorageRefused, match="read-only"):
                await store.write([put("jar"), put("cup")])
            assert await things(store) == {"cup": 1}
        finally:
            rows(own_url + "%20-cdefault_transaction_read_only%3Doff", "ALTER ROLE mynasim RESET ALL")
        rows(own_url, TERMINATE)
        assert await store.write([put("pot")]) == COMMITTED


# Fail-over


async def test_a_standby_takes_over_with_everything_that_was_acknowledged(tmp_path):
    with running_server() as primary:
        standby = PostgresServer(primary.folder.with_name("standby"))
        standby.make_standby_of(primary)
        standby.start(hot_standby="on")
        try:
            with psycopg.connect(primary.url, autocommit=True) as other:
                other.execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
                other.execute("SELECT pg_reload_conf()")
            url = (
                f"postgresql://mynasim@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/postgres"
                "?target_session_attrs=read-write"
            )
            acknowledged: set[str] = set()
            async with open_postgres(url, [SCHEMA]) as store:
                done = trio.Event()

                async def write(task):
                    number = 0
                    while not done.is_set():
                        with contextlib.suppress(StorageRefused):
                            assert await store.write([put(f"{task}/{number}")]) == COMMITTED
                            acknowledged.add(f"{task}/{number}")
                        number += 1

                async with trio.open_nursery() as nursery:
                    for task in range(10):
                        nursery.start_soon(write, task)
                    while len(acknowledged) < 200:
                        await trio.testing.wait_all_tasks_blocked(0.001)
                    await trio.to_thread.run_sync(primary.kill)
                    await trio.to_thread.run_sync(standby.promote)
                    before = len(acknowledged)
                    with trio.fail_after(30):
                        while len(acknowledged) < before + 100:
                            await trio.testing.wait_all_tasks_blocked(0.001)
                    done.set()
                assert acknowledged <= set(await things(store))
        finally:
            standby.stop()
