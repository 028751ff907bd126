"""The SQLite store: WAL, ``synchronous=FULL``, group commit; short reads in the loop.

Live, one writer thread commits what has gathered while the last commit was on its way to the disk. In simulated
time the same transactions are committed in the loop, without a thread, so that a run is deterministic.
"""

import contextlib
import functools
import sqlite3
import threading
from collections import deque
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import trio

from portal.store.store import (
    COMMITTED,
    WRITES_WAITING_MAX,
    Committed,
    Conflict,
    Op,
    Params,
    Query,
    Row,
    Schema,
    StorageRefused,
    StoreOverloaded,
    StoreTooNew,
)

COMMIT_BATCH_MAX = 1_000
"""Transactions in one commit: bounds how long the first of them waits for the last."""
STATEMENTS_CACHED = 512
BUSY_MILLISECONDS = 5_000
"""How long a commit waits for another process (a backup, an inspecting sqlite3) to let go."""


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=STATEMENTS_CACHED,
        timeout=BUSY_MILLISECONDS / 1000,
    )  # fmt: skip
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    # What is deleted is overwritten, not only forgotten: the key of a closed account must not be left in a free page.
    connection.execute("PRAGMA secure_delete=ON")
    return connection


def _migrate(connection: sqlite3.Connection, schemas: Sequence[Schema]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_version (part TEXT PRIMARY KEY, version INTEGER NOT NULL)"
        )
        known = dict(connection.execute("SELECT part, version FROM schema_version").fetchall())
        for part, steps in schemas:
            version = known.get(part, 0)
            if version > len(steps):
                raise StoreTooNew(
                    f"保管データの「{part}」は版{version}で、このプログラムが知る版{len(steps)}より新しいものです。"
                    "新しいプログラムを使うか、mynasim reset で空にしてください。"
                )
            for step in steps[version:]:
                for statement in filter(str.strip, step.split(";")):
                    connection.execute(statement)
            connection.execute(
                "INSERT INTO schema_version VALUES (?, ?) ON CONFLICT (part) DO UPDATE SET version = excluded.version",
                (part, len(steps)),
            )
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


_Outcome = Committed | Conflict | Exception


def _is_refusal(error: sqlite3.Error) -> bool:
    """Whether the disk or the file is the reason; otherwise the statement or its parameters are."""
    if isinstance(error, (sqlite3.ProgrammingError, sqlite3.NotSupportedError, sqlite3.DataError)):
        return False
    if not isinstance(error, sqlite3.DatabaseError):
        return False
    return error.sqlite_errorcode != sqlite3.SQLITE_ERROR


def _apply(cursor: sqlite3.Cursor, ops: Sequence[Op]) -> _Outcome:
    """One transaction inside the open one. Raises ``sqlite3.Error`` when the disk refuses.

    What is wrong with one caller's statement is that caller's exception; its neighbours in the commit don't feel it.
    """
    savepoint = not _atomic(ops)
    if savepoint:
        cursor.execute("SAVEPOINT one")
    outcome = _execute(cursor, ops)
    if savepoint:
        if outcome is not COMMITTED:
            cursor.execute("ROLLBACK TO one")
        cursor.execute("RELEASE one")
    return outcome


def _atomic(ops: Sequence[Op]) -> bool:
    """Whether this is all or nothing by itself: a lone statement, unless its number of changes can undo it."""
    return len(ops) == 1 and ops[0].changes is None


def _execute(cursor: sqlite3.Cursor, ops: Sequence[Op]) -> _Outcome:
    """One statement after the other, up to the first that does not hold; undoing is the caller's."""
    for index, (sql, params, changes) in enumerate(ops):
        try:
            changed = cursor.execute(sql, params).rowcount
        except sqlite3.IntegrityError:
            return Conflict(index)
        except Exception as error:
            if isinstance(error, sqlite3.Error) and _is_refusal(error):
                raise
            return error
        if changes is not None and changed != changes:
            return Conflict(index)
    return COMMITTED


def _commit(cursor: sqlite3.Cursor, transactions: Sequence[Sequence[Op]]) -> list[_Outcome]:
    """All these transactions in one commit; when the disk refuses, none of them."""
    try:
        cursor.execute("BEGIN IMMEDIATE")
        outcomes = [_apply(cursor, ops) for ops in transactions]
        cursor.execute("COMMIT")
    except sqlite3.Error as error:
        with contextlib.suppress(sqlite3.Error):
            cursor.execute("ROLLBACK")
        # One exception for each: a shared one would gather everybody's traceback.
        return [StorageRefused(str(error)) for _ in transactions]
    return outcomes


def _commit_alone(cursor: sqlite3.Cursor, ops: Sequence[Op]) -> _Outcome:
    """One transaction in a commit of its own: the same outcomes with half the statements, as nobody shares it."""
    try:
        if len(ops) == 1 and ops[0].changes is None:
            # All or nothing by itself.
            return _execute(cursor, ops)
        cursor.execute("BEGIN")
        outcome = _execute(cursor, ops)
        cursor.execute("COMMIT" if outcome is COMMITTED else "ROLLBACK")
    except sqlite3.Error as error:
        if cursor.connection.in_transaction:
            cursor.execute("ROLLBACK")
        return StorageRefused(str(error))
    return outcome


class _Reader:
    """Reads on a connection of the loop's own."""

    sole_writer = True
    """The file belongs to one process, which may remember what it read (:mod:`portal.store.remembering`)."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        # One cursor for all: making one costs as much as a point read finds.
        self._cursor = connection.cursor()

    async def read(self, query: Query[Row], params: Params = {}) -> list[Row]:  # noqa: B006 - never written to
        try:
            rows: list[tuple[Any, ...]] = self._cursor.execute(query.sql, params).fetchall()
        except sqlite3.Error as error:
            if _is_refusal(error):
                raise StorageRefused(str(error)) from error
            raise
        return list(map(query.make, rows))


class _Waiting:
    """A transaction on its way to the disk, and the task that waits for it."""

    __slots__ = ("ops", "outcome", "task")

    def __init__(self, ops: Sequence[Op], task: trio.lowlevel.Task) -> None:
        self.ops = ops
        self.task = task
        self.outcome: _Outcome = COMMITTED


class SqliteStore(_Reader):
    """The embedded store of a live system; made by :func:`open_sqlite`."""

    def __init__(self, path: Path, schemas: Sequence[Schema], writes_waiting_max: int) -> None:
        self.path = path
        self._writes_waiting_max = writes_waiting_max
        self._writer = _connect(str(path))
        try:
            self._writer.execute("PRAGMA journal_mode=WAL")
            _migrate(self._writer, schemas)
            super().__init__(_connect(str(path)))
        except BaseException:
            self._writer.close()
            raise
        self._waiting: deque[_Waiting] = deque()
        self._signal = threading.Condition()
        self._closing = False
        self._trio_token = trio.lowlevel.current_trio_token()

    def __repr__(self) -> str:
        return f"SqliteStore({self.path})"

    async def write(self, ops: Sequence[Op]) -> Committed | Conflict:
        if len(self._waiting) >= self._writes_waiting_max:
            raise StoreOverloaded(f"書き込みの待ちが{self._writes_waiting_max}件に達しています。")
        waiting = _Waiting(ops, trio.lowlevel.current_task())
        with self._signal:
            if self._closing:
                raise StorageRefused("保管庫は閉じられています。")
            self._waiting.append(waiting)
            self._signal.notify()
        # The thread may be writing this already: a cancelled caller still learns what became of it.
        await trio.lowlevel.wait_task_rescheduled(lambda _: trio.lowlevel.Abort.FAILED)
        outcome = waiting.outcome
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def run_writer(self) -> None:
        """The writer thread's life: commit whatever waits, until closed and empty."""
        cursor = self._writer.cursor()
        while True:
            with self._signal:
                while not self._waiting and not self._closing:
                    self._signal.wait()
                if not self._waiting:
                    return
                count = min(len(self._waiting), COMMIT_BATCH_MAX)
                batch = [self._waiting.popleft() for _ in range(count)]
            outcomes = _commit(cursor, [waiting.ops for waiting in batch])
            for waiting, outcome in zip(batch, outcomes, strict=True):
                waiting.outcome = outcome
            self._trio_token.run_sync_soon(_wake, batch)

    async def write_until_stopped(self) -> None:
        """Run the writer. Shielded: those who wait for a commit can't be cancelled, so it must be there for them."""
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(self.run_writer)

    def stop_writer(self) -> None:
        with self._signal:
            self._closing = True
            self._signal.notify()

    def close(self) -> None:
        self._connection.close()
        self._writer.close()


def _wake(batch: list[_Waiting]) -> None:
    for waiting in batch:
        trio.lowlevel.reschedule(waiting.task)


@contextlib.asynccontextmanager
async def open_sqlite(
    path: Path, schemas: Sequence[Schema], *, writes_waiting_max: int = WRITES_WAITING_MAX
) -> AsyncIterator[SqliteStore]:
    """The store in this file, made or brought up to the present schema; what was accepted is written on leaving.

    Raises :class:`StoreTooNew`, and :class:`StorageRefused` when the file can't be opened.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        store = SqliteStore(path, schemas, writes_waiting_max)
    except (sqlite3.Error, OSError) as error:
        raise StorageRefused(
            f"{path} を開けません（{error}）。空き容量と書き込みの権限を確かめてください。"
        ) from error
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(store.write_until_stopped)
            try:
                yield store
            finally:
                store.stop_writer()
    finally:
        store.close()


@functools.cache
def _empty(schemas: tuple[Schema, ...]) -> sqlite3.Connection:
    """A store with these tables and nothing in them."""
    connection = _connect(":memory:")
    _migrate(connection, schemas)
    return connection


class SimulatedStore(_Reader):
    """The same store in simulated time: one connection, commits in the loop, no thread.

    It outlives the system that uses it, as a disk outlives a process.
    """

    def __init__(self, schemas: Sequence[Schema]) -> None:
        super().__init__(_connect(":memory:"))
        # Copied page by page from one that was made before: a tenth of what making the tables costs.
        _empty(tuple(schemas)).backup(self._connection)
        self.refuse: str | None = None
        """A fault: every write is refused with this reason (disk full, read-only)."""

    def __repr__(self) -> str:
        return "SimulatedStore()"

    async def write(self, ops: Sequence[Op]) -> Committed | Conflict:
        outcome = self.commit(ops)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def commit(self, ops: Sequence[Op]) -> Committed | Conflict | Exception:
        """The same without waiting; for whoever decides what a dying process left behind."""
        if self.refuse is not None:
            return StorageRefused(self.refuse)
        return _commit_alone(self._cursor, ops)

    def close(self) -> None:
        self._connection.close()

    @property
    def connection(self) -> sqlite3.Connection:
        """For looking through what is kept; nobody writes by it."""
        return self._connection

    def dump(self) -> list[str]:
        """Every table as SQL, for checks of what is kept (FLD-2)."""
        return list(self._connection.iterdump())
