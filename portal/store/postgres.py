"""The PostgreSQL store: for many portal processes, on many machines, over one database.

Writes gather while a commit is on its way and share the next one, as in the embedded store; reads gather too and
share a round trip. While the server is away both wait a little, then they are refused, and the lines try again with
growing pauses; a commit whose answer got lost is looked up by its number, so nobody is told the wrong thing.
"""

import contextlib
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Any

import psycopg
import structlog
import trio
from psycopg.pq.abc import PGresult

from portal.store import postgres_line
from portal.store.postgres_commit import InDoubt, Outcome, TryAgain, commit, is_refusal
from portal.store.postgres_line import Line
from portal.store.postgres_session import (
    ABORTED,
    OK,
    Decoder,
    Lost,
    Session,
    connect,
    described,
    error_of,
    in_one_line,
    sqlstate,
)
from portal.store.postgres_sql import schema_statements, values
from portal.store.store import (
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

log = structlog.get_logger(__name__)

COMMIT_BATCH_MAX = 500
"""Transactions in one commit: bounds how long the first of them waits for the last."""
READ_LINES = 2
READ_BATCH_MAX = 200
"""Reads in one round trip: bounds how long the first of them waits for the last."""
READS_WAITING_MAX = 10_000
DOUBT_SECONDS_MAX = 30.0
"""How long a commit whose answer got lost is looked for."""
TRIES_TOGETHER = 2
"""A commit that others got in the way of so often is taken apart: each transaction for itself holds fewer locks."""
TRIES_ALONE = 10
TRIES_OF_A_LOCK = 5
"""So many tries is one counted that has waited for a lock in vain: others wait meanwhile."""
_MIGRATION_LOCK = b"7081461823456"
"""Two processes that start at once make the tables one after the other."""


class _Pending:
    """A write or a read on its way, and the task that waits for it."""

    __slots__ = ("deadline", "outcome", "task")

    def __init__(self) -> None:
        self.task: trio.lowlevel.Task | None = trio.lowlevel.current_task()
        self.deadline = trio.current_time() + postgres_line.PATIENCE_SECONDS
        self.outcome: Any = None

    def wake(self, outcome: object) -> None:
        """Hand over what it came to, unless that was done or nobody waits any more."""
        task, self.task = self.task, None
        if task is not None:
            self.outcome = outcome
            trio.lowlevel.reschedule(task)


class _Write(_Pending):
    __slots__ = ("ops",)

    def __init__(self, ops: Sequence[Op]) -> None:
        super().__init__()
        self.ops = ops


class _Read(_Pending):
    __slots__ = ("params", "query")

    def __init__(self, query: Query[Any], params: Params) -> None:
        super().__init__()
        self.query = query
        self.params = params


class PostgresStore:
    """The store of a portal process that shares its database; made by :func:`open_postgres`."""

    sole_writer = False

    def __init__(self, url: str, session: Session, writes_waiting_max: int) -> None:
        self.url = url
        self._writes_waiting_max = writes_waiting_max
        self._writes: deque[_Write] = deque()
        self._reads: deque[_Read] = deque()
        self._write_line = Line(url, session)
        self._idle_readers = trio.lowlevel.ParkingLot()
        self._idle_writer = trio.lowlevel.ParkingLot()
        self._closing = False
        self._decoder = Decoder()

    def __repr__(self) -> str:
        return f"PostgresStore({described(self.url)})"

    # For the portal

    async def read(self, query: Query[Row], params: Params = {}) -> list[Row]:  # noqa: B006 - never written to
        if len(self._reads) >= READS_WAITING_MAX:
            raise StoreOverloaded(f"読み出しの待ちが{READS_WAITING_MAX}件に達しています。")
        self._refuse_when_closing()
        read = _Read(query, params)
        self._reads.append(read)
        self._idle_readers.unpark()

        def abort(_: object) -> trio.lowlevel.Abort:
            read.task = None
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(abort)
        outcome = read.outcome
        if isinstance(outcome, Exception):
            raise outcome
        return self._decoder.rows(outcome, query.row)

    async def write(self, ops: Sequence[Op]) -> Committed | Conflict:
        if len(self._writes) >= self._writes_waiting_max:
            raise StoreOverloaded(f"書き込みの待ちが{self._writes_waiting_max}件に達しています。")
        self._refuse_when_closing()
        write = _Write(ops)
        self._writes.append(write)
        self._idle_writer.unpark()
        # It may be on its way already: a cancelled caller still learns what became of it.
        await trio.lowlevel.wait_task_rescheduled(lambda _: trio.lowlevel.Abort.FAILED)
        outcome: Outcome = write.outcome
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _refuse_when_closing(self) -> None:
        if self._closing:
            raise _closed()

    # Writing

    async def _write_on(self) -> None:
        """Commit whatever waits, until closed and empty."""
        line = self._write_line
        batch: list[_Write] = []
        try:
            while True:
                while not self._writes:
                    if self._closing:
                        return
                    await self._idle_writer.park()
                batch = [self._writes.popleft() for _ in range(min(len(self._writes), COMMIT_BATCH_MAX))]
                await self._commit(line, batch)
        finally:
            # Only a mistake of ours leaves any: it ends the process, but those who wait must not keep it.
            self._closing = True
            for write in (*batch, *self._writes):
                write.wake(_closed())
            line.close()

    async def _commit(self, line: Line, batch: list[_Write]) -> None:
        tries = 0
        deadline = batch[0].deadline
        while True:
            try:
                session = await line.session(deadline)
                outcomes = await commit(session, [write.ops for write in batch])
            except StorageRefused as refusal:
                outcomes = [StorageRefused(str(refusal)) for _ in batch]
            except Lost as lost:
                # Nothing was written, so the same can be sent over another line.
                line.drop(str(lost))
                continue
            except InDoubt as doubt:
                line.drop(str(doubt))
                settled = await self._settle(line, doubt)
                if settled is None:
                    continue
                outcomes = settled
            except TryAgain as obstacle:
                tries += TRIES_OF_A_LOCK if obstacle.waited else 1
                if len(batch) > 1 and tries >= TRIES_TOGETHER:
                    for write in batch:
                        await self._commit(line, [write])
                    return
                if tries < TRIES_ALONE:
                    await trio.sleep(
                        postgres_line.RETRY_SECONDS[min(tries, len(postgres_line.RETRY_SECONDS)) - 1]
                    )
                    continue
                outcomes = [StorageRefused(str(obstacle)) for _ in batch]
            for write, outcome in zip(batch, outcomes, strict=True):
                write.wake(outcome)
            return

    async def _settle(self, line: Line, doubt: InDoubt) -> list[Outcome] | None:
        """What became of a commit whose answer got lost; None when nothing of it was written."""
        deadline = trio.current_time() + DOUBT_SECONDS_MAX
        reason = str(doubt)
        while trio.current_time() < deadline:
            try:
                session = await line.session(trio.current_time() + postgres_line.PATIENCE_SECONDS)
                # The server's process may still be at it, if only the network was away.
                await session.ask(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE pid = $1::bigint AND backend_start::text = $2",
                    b"%d" % doubt.backend.pid,
                    doubt.backend.began.encode(),
                )
                ((status,),) = await session.ask("SELECT pg_xact_status($1::xid8)", doubt.number.encode())
            except psycopg.errors.InvalidParameterValue:
                # In the future: this server has never heard of it.
                return None
            except (StorageRefused, Lost, psycopg.Error) as error:
                reason = str(error)
                if not isinstance(error, StorageRefused):
                    line.drop(reason)
                await trio.sleep(postgres_line.RETRY_SECONDS[-1])
                continue
            if status == "committed":
                return doubt.outcomes
            if status == "aborted":
                return None
            await trio.sleep(postgres_line.RETRY_SECONDS[0])
        log.error("commit_in_doubt", transaction=doubt.number, reason=reason)
        return [
            outcome
            if isinstance(outcome, Exception)
            else StorageRefused(f"書き込みの結果を {described(self.url)} に確かめられません（{reason}）。")
            for outcome in doubt.outcomes
        ]

    # Reading

    async def _read_on(self) -> None:
        """Answer whatever is asked, until cancelled."""
        line = Line(self.url)
        try:
            while True:
                while not self._reads:
                    await self._idle_readers.park()
                batch = [self._reads.popleft() for _ in range(min(len(self._reads), READ_BATCH_MAX))]
                await self._answer(line, [read for read in batch if read.task is not None])
        finally:
            line.close()

    async def _answer(self, line: Line, batch: list[_Read]) -> None:
        deadline = max((read.deadline for read in batch), default=0.0)
        try:
            while batch:
                try:
                    session = await line.session(deadline)
                    batch = await _answer_once(session, batch)
                except Lost as lost:
                    line.drop(str(lost))
        except StorageRefused as refusal:
            for read in batch:
                read.wake(StorageRefused(str(refusal)))
        finally:
            for read in batch:
                read.wake(_closed())

    # Ending

    async def run_until_stopped(self) -> None:
        """Run the lines. Shielded: those who wait for a commit can't be cancelled, so it must be there for them."""
        with trio.CancelScope(shield=True):
            async with trio.open_nursery() as readers:
                for _ in range(READ_LINES):
                    readers.start_soon(self._read_on)
                await self._write_on()
                readers.cancel_scope.cancel()
            for read in self._reads:
                read.wake(_closed())
            self._reads.clear()

    def stop(self) -> None:
        """Take nothing more."""
        self._closing = True
        self._idle_writer.unpark_all()


def _closed() -> StorageRefused:
    return StorageRefused("保管庫は閉じられています。")


async def _answer_once(session: Session, batch: list[_Read]) -> list[_Read]:
    """Everything in one round trip; those that must be asked again because another one's statement was wrong."""
    statements = await session.prepare([(read.query.sql, False) for read in batch])
    asked: list[_Read] = []
    for read in batch:
        prepared = statements[read.query.sql, False]
        try:
            if isinstance(prepared, Exception):
                raise prepared
            sent, formats = values(prepared.names, read.params)
        except Exception as error:
            read.wake(error)
        else:
            session.send(prepared, sent, formats)
            asked.append(read)
    again: list[_Read] = []
    for read, result in zip(asked, await session.exchange(), strict=True):
        if result.status in OK:
            read.wake(result)
        elif result.status == ABORTED:
            again.append(read)
        else:
            read.wake(_read_error(result))
    return again


def _read_error(result: PGresult) -> Exception:
    error = error_of(result)
    return StorageRefused(in_one_line(error)) if is_refusal(sqlstate(result)) else error


async def _migrate(session: Session, schemas: Sequence[Schema]) -> None:
    await session.ask("BEGIN")
    try:
        await session.ask("SELECT pg_advisory_xact_lock($1::bigint)", _MIGRATION_LOCK)
        await session.ask(
            "CREATE TABLE IF NOT EXISTS schema_version (part TEXT PRIMARY KEY, version BIGINT NOT NULL)"
        )
        known = dict(await session.ask("SELECT part, version FROM schema_version"))
        for part, steps in schemas:
            version = known.get(part, 0)
            if version > len(steps):
                raise StoreTooNew(
                    f"保管データの「{part}」は版{version}で、このプログラムが知る版{len(steps)}より新しいものです。"
                    "新しいプログラムを使うか、別のデータベースを使ってください。"
                )
            for step in steps[version:]:
                for statement in schema_statements(step):
                    await session.ask(statement)
            await session.ask(
                "INSERT INTO schema_version VALUES ($1, $2::bigint) "
                "ON CONFLICT (part) DO UPDATE SET version = excluded.version",
                part.encode(),
                b"%d" % len(steps),
            )
        await session.ask("COMMIT")
    except BaseException:
        # Leaving undoes it: a line that is closed in a transaction has done nothing.
        session.close()
        raise


@contextlib.asynccontextmanager
async def open_postgres(
    url: str, schemas: Sequence[Schema], *, writes_waiting_max: int = WRITES_WAITING_MAX
) -> AsyncIterator[PostgresStore]:
    """The store in this database, made or brought up to the present schema; what was accepted is written on leaving.

    Raises :class:`StoreTooNew`, and :class:`StorageRefused` when the server does not take us.
    """
    try:
        session = await connect(url)
        await _migrate(session, schemas)
    except (Lost, psycopg.Error) as error:
        raise StorageRefused(
            f"{described(url)} を保管庫として使えません（{in_one_line(error)}）。"
            "サーバーが動いているか、場所・利用者・権限が正しいかを確かめてください。"
        ) from error
    store = PostgresStore(url, session, writes_waiting_max)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.run_until_stopped)
        try:
            yield store
        finally:
            store.stop()
