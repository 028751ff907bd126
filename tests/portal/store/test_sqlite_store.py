"""The live store: its file, its disk, its writer thread."""

import contextlib
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import trio
import trio.testing
from store_tables import SCHEMA, add, put, things

import portal
import portal.store.sqlite as sqlite_store
from portal.store.sqlite import open_sqlite
from portal.store.store import (
    COMMITTED,
    Committed,
    Conflict,
    Op,
    Schema,
    StorageRefused,
    StoreOverloaded,
    StoreTooNew,
)

ROOT = Path(portal.__file__).parents[1]
HERE = Path(__file__).parent


@pytest.fixture
def path(tmp_path):
    return tmp_path / "things.db"


@contextlib.contextmanager
def somebody_writing(path):
    """Another process' transaction: our commits wait for its end."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def start_child(script: str, path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(HERE / script), str(path)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


# What is accepted stays


async def test_a_killed_process_loses_nothing_that_it_acknowledged(path):
    def run_and_kill():
        with start_child("writing_child.py", path) as child:
            acknowledged = [int(child.stdout.readline()) for _ in range(200)]
            child.send_signal(signal.SIGKILL)
            acknowledged += [int(line) for line in child.stdout if line.endswith(b"\n")]
        return acknowledged

    acknowledged = await trio.to_thread.run_sync(run_and_kill)

    async with open_sqlite(path, [SCHEMA]) as store:
        found = await things(store)
    assert len(acknowledged) >= 200
    assert {f"{part}{number}" for number in acknowledged for part in "ab"} <= set(found)
    # Nothing is there by half either.
    assert {name[1:] for name in found if name[0] == "a"} == {name[1:] for name in found if name[0] == "b"}


async def test_another_process_reads_what_was_acknowledged(path):
    async with open_sqlite(path, [SCHEMA]) as store:
        await store.write([put("cup", 1)])
        with contextlib.closing(sqlite3.connect(path)) as other:
            assert other.execute("SELECT name, amount FROM thing").fetchall() == [("cup", 1)]


async def test_what_is_deleted_is_overwritten_in_the_file(path):
    """The key of a closed account is not left in a free page for whoever finds the disk."""
    secret = "wrapped-key-of-a-closed-account" * 20
    async with open_sqlite(path, [SCHEMA]) as store:
        await store.write([put(secret, 1), put("stays", 2)])
        await store.write([Op("DELETE FROM thing WHERE name = :name", {"name": secret})])
    left = [file.name for file in path.parent.iterdir() if secret[:40].encode() in file.read_bytes()]
    assert left == []


async def test_commits_are_written_through_to_the_disk(path):
    async with open_sqlite(path, [SCHEMA]) as store:
        assert (store._writer.execute("PRAGMA synchronous").fetchone(), store.path) == ((2,), path)
        with contextlib.closing(sqlite3.connect(path)) as other:
            assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)


# Many writers


async def test_waiting_writes_are_committed_together_and_each_gets_its_own_outcome(path):
    outcomes: dict[int, Committed | Conflict] = {}
    async with open_sqlite(path, [SCHEMA]) as store:
        await store.write([put("cup")])

        async def write(number):
            ops = [put(f"n{number:03}"), add("cup" if number % 3 else "nothing", 1)]
            outcomes[number] = await store.write(ops)

        async with trio.open_nursery() as nursery:
            with somebody_writing(path):
                for number in range(300):
                    nursery.start_soon(write, number)
                await trio.testing.wait_all_tasks_blocked()
                assert outcomes == {}

        assert outcomes == {n: COMMITTED if n % 3 else Conflict(1) for n in range(300)}
        assert await things(store) == {"cup": 200, **{f"n{n:03}": 0 for n in range(300) if n % 3}}


async def test_more_waiting_writes_than_the_limit_are_refused_at_once(path):
    written, refused = [], []
    async with open_sqlite(path, [SCHEMA], writes_waiting_max=3) as store:

        async def write(name):
            try:
                await store.write([put(name)])
                written.append(name)
            except StoreOverloaded:
                refused.append(name)

        async with trio.open_nursery() as nursery:
            with somebody_writing(path):
                for number in range(10):
                    nursery.start_soon(write, f"n{number}")
                await trio.testing.wait_all_tasks_blocked()
                # The writer thread may hold one more that it took before.
                assert len(refused) in (6, 7)
                assert written == []

        assert sorted(await things(store)) == sorted(written)
        assert len(written) + len(refused) == 10
        assert await store.write([put("afterwards")]) == COMMITTED


async def test_a_cancelled_writer_still_learns_what_became_of_its_write(path):
    outcomes = []
    async with open_sqlite(path, [SCHEMA]) as store:

        async def write(scope):
            with scope:
                outcomes.append(await store.write([put("cup")]))

        scope = trio.CancelScope()
        async with trio.open_nursery() as nursery:
            with somebody_writing(path):
                nursery.start_soon(write, scope)
                await trio.testing.wait_all_tasks_blocked()
                scope.cancel()
                await trio.testing.wait_all_tasks_blocked()
                assert outcomes == []

        assert outcomes == [COMMITTED]
        assert await things(store) == {"cup": 0}


async def test_a_store_opened_under_cancellation_still_writes(path):
    """The writer must be there for those who can't be cancelled; else they would wait for ever."""
    with trio.CancelScope() as scope:
        scope.cancel()
        async with open_sqlite(path, [SCHEMA]) as store:
            assert await store.write([put("cup")]) == COMMITTED


async def test_closing_waits_for_what_was_accepted_and_refuses_the_rest(path):
    outcomes = []
    lock = contextlib.ExitStack()
    async with trio.open_nursery() as nursery:

        async def let_go_when_all_wait():
            await trio.testing.wait_all_tasks_blocked()
            assert outcomes == []
            lock.close()

        async with open_sqlite(path, [SCHEMA]) as store:

            async def write(name):
                outcomes.append(await store.write([put(name)]))

            lock.enter_context(somebody_writing(path))
            for number in range(20):
                nursery.start_soon(write, f"n{number}")
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(let_go_when_all_wait)
        with pytest.raises(StorageRefused, match="閉じられて"):
            await store.write([put("late")])

    assert outcomes == [COMMITTED] * 20
    async with open_sqlite(path, [SCHEMA]) as store:
        assert len(await things(store)) == 20


async def test_a_lock_that_nobody_lets_go_is_a_refusal(path, monkeypatch):
    monkeypatch.setattr(sqlite_store, "BUSY_MILLISECONDS", 50)
    async with open_sqlite(path, [SCHEMA]) as store:
        with somebody_writing(path), pytest.raises(StorageRefused, match="locked"):
            await store.write([put("cup")])
        assert await store.write([put("cup")]) == COMMITTED


# The disk


@contextlib.contextmanager
def files_at_most(size_max):
    """No file may grow beyond this, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_max, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_is_told_and_forgotten_when_there_is_room_again(path):
    outcomes: dict[int, object] = {}
    async with open_sqlite(path, [SCHEMA]) as store:

        async def write(number):
            try:
                outcomes[number] = await store.write([put(f"{number:04}" + "x" * 4000)])
            except StorageRefused as refusal:
                outcomes[number] = refusal

        with files_at_most(256 * 1024):
            for wave in range(10):
                async with trio.open_nursery() as nursery:
                    for number in range(wave * 20, wave * 20 + 20):
                        nursery.start_soon(write, number)
            refused = {n for n, outcome in outcomes.items() if isinstance(outcome, StorageRefused)}
            assert 50 < len(refused) < 200
            # No false success, and what is there can still be read.
            present = {int(name[:4]) for name in await things(store)}
            assert present == set(range(200)) - refused

        await write(1000)
        assert outcomes[1000] == COMMITTED
        present.add(1000)
        assert {int(name[:4]) for name in await things(store)} == present

    async with open_sqlite(path, [SCHEMA]) as store:
        assert {int(name[:4]) for name in await things(store)} == present


async def test_every_refused_writer_has_an_exception_of_its_own(path):
    refusals = []
    async with open_sqlite(path, [SCHEMA]) as store:

        async def write(number):
            with pytest.raises(StorageRefused) as caught:
                await store.write([put(f"{number}" + "x" * 100_000)])
            refusals.append(caught.value)

        with files_at_most(64 * 1024):
            async with trio.open_nursery() as nursery:
                for number in range(5):
                    nursery.start_soon(write, number)
    assert len({id(refusal) for refusal in refusals}) == 5


async def test_a_store_that_may_not_be_written_says_so():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with open_sqlite(folder / "things.db", [SCHEMA]) as store:
            await store.write([put("cup")])

        def run_without_the_right_to_write():
            (folder / "things.db").chmod(0o444)
            folder.chmod(0o555)
            try:
                with start_child("reading_only_child.py", folder / "things.db") as child:
                    return child.stdout.read().decode()
            finally:
                folder.chmod(0o755)

        printed = await trio.to_thread.run_sync(run_without_the_right_to_write)
        assert "refused: " in printed
        assert "Committed" not in printed


@pytest.mark.parametrize("obstacle", ["folder in its place", "file above it", "not a database"])
async def test_a_file_that_can_not_be_opened_says_what_to_do(tmp_path, obstacle):
    path = tmp_path / "above" / "things.db"
    if obstacle == "folder in its place":
        path.mkdir(parents=True)
    elif obstacle == "file above it":
        path.parent.write_text("")
    else:
        path.parent.mkdir()
        path.write_bytes(b"This is no database, though it is long enough to have a header." * 100)

    with pytest.raises(StorageRefused, match=r"開けません.*権限を確かめて"):
        async with open_sqlite(path, [SCHEMA]):
            pass  # pragma: no cover


async def test_a_damaged_file_is_a_refusal_not_an_accident(path):
    async with open_sqlite(path, [SCHEMA]) as store:
        for number in range(50):
            await store.write([put(f"{number}" + "x" * 3000)])
    pages = [path.read_bytes()[start : start + 4096] for start in range(0, path.stat().st_size, 4096)]
    path.write_bytes(b"".join(b"\xff" * 4096 if b"x" * 3000 in page else page for page in pages))

    async with open_sqlite(path, [SCHEMA]) as store:
        with pytest.raises(StorageRefused):
            await things(store)


# Versions

FIRST = "CREATE TABLE shelf (name TEXT PRIMARY KEY)"
SECOND = "ALTER TABLE shelf ADD COLUMN height INTEGER NOT NULL DEFAULT 7; CREATE INDEX shelf_height ON shelf (height)"


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


async def test_steps_run_once_and_rows_stay(path):
    async with open_sqlite(path, [SCHEMA, Schema("shelves", (FIRST,))]) as store:
        await store.write([put("cup", 1)])
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO shelf VALUES ('top')")
        connection.commit()

    for _ in range(2):
        async with open_sqlite(path, [SCHEMA, Schema("shelves", (FIRST, SECOND))]) as store:
            assert await things(store) == {"cup": 1}
        assert rows(path, "SELECT * FROM shelf") == [("top", 7)]
        assert rows(path, "SELECT * FROM schema_version ORDER BY part") == [("shelves", 2), ("things", 1)]


async def test_a_newer_state_is_refused_and_left_as_it_is(path):
    async with open_sqlite(path, [Schema("shelves", (FIRST, SECOND))]):
        pass

    with pytest.raises(StoreTooNew, match=r"「shelves」は版2.*版1より新しい.*mynasim reset"):
        async with open_sqlite(path, [SCHEMA, Schema("shelves", (FIRST,))]):
            pass  # pragma: no cover

    assert rows(path, "SELECT * FROM schema_version") == [("shelves", 2)]
    assert rows(path, "SELECT name FROM sqlite_master WHERE name = 'thing'") == []


async def test_a_step_that_fails_leaves_the_version_before_it(path):
    async with open_sqlite(path, [Schema("shelves", (FIRST,))]):
        pass

    with pytest.raises(StorageRefused):
        async with open_sqlite(path, [Schema("shelves", (FIRST, SECOND, "CREATE TABLE shelf (again TEXT)"))]):
            pass  # pragma: no cover

    assert rows(path, "SELECT * FROM schema_version") == [("shelves", 1)]
    async with open_sqlite(path, [Schema("shelves", (FIRST, SECOND))]):
        pass
    assert rows(path, "SELECT * FROM schema_version") == [("shelves", 2)]


async def test_it_says_which_file_it_is(path):
    async with open_sqlite(path, [SCHEMA]) as store:
        assert repr(store) == f"SqliteStore({path})"
