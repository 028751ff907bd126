"""The PostgreSQL twin next to what one does with psycopg and threads; and one portal worker next to two."""

import queue
import statistics
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import psycopg
import trio

from benchmarks.ledger import Row
from benchmarks.live import card_case, live_world
from benchmarks.operations import CONNECTIONS, session_of, target_of
from benchmarks.postgres_server import running_server
from benchmarks.processes import LOAD_CORES, SERVER_CORES, Pace, generator_name, pace
from benchmarks.writes import ROW_BYTES, TASKS, paced
from portal.store.postgres import open_postgres
from portal.store.store import COMMITTED, Op, Query, Schema
from portal.wire.operation import Nothing
from portal.wire.records import LIST_RECORDS_REQUESTS

AIM_WRITES = 5.0
"""Times the rival."""
POOL = 16
RIVAL = f"psycopg, a pool of {POOL} connections in threads"
PRELOADED = 10_000
_SCHEMA = Schema("bench", ("CREATE TABLE rows (key TEXT PRIMARY KEY, content BLOB NOT NULL)",))
_INSERT = "INSERT INTO rows (key, content) VALUES (:key, :content)"
_FILL = "INSERT INTO pool_rows SELECT 'read/' || n, %s FROM generate_series(0, %s - 1) n"


class Found(tuple[bytes]):
    """A row's content."""

    def __new__(cls, content: bytes) -> "Found":
        return super().__new__(cls, (content,))


_ONE = Query("SELECT content FROM rows WHERE key = :key", Found)


class _Pool:
    """Connections that commit each statement by themselves, for threads."""

    def __init__(self, url: str) -> None:
        self._free: queue.SimpleQueue[psycopg.Connection] = queue.SimpleQueue()
        self._all = [psycopg.connect(url, autocommit=True) for _ in range(POOL)]
        for connection in self._all:
            self._free.put(connection)

    def run(self, work: Callable[[psycopg.Connection], None]) -> None:
        connection = self._free.get()
        try:
            work(connection)
        finally:
            self._free.put(connection)

    def close(self) -> None:
        for connection in self._all:
            connection.close()


class _Paces:
    """A second's operations, round by round."""

    def __init__(self) -> None:
        self.writes: list[float] = []
        self.pool_writes: list[float] = []
        self.reads: list[float] = []
        self.pool_reads: list[float] = []


async def _store_paces(url: str, rounds: int, seconds: float) -> _Paces:
    content = bytes(ROW_BYTES)
    limiter = trio.CapacityLimiter(POOL)
    paces = _Paces()
    async with open_postgres(url, [_SCHEMA]) as store:
        pool = _Pool(url)
        try:
            pool.run(
                lambda line: line.execute(
                    "CREATE TABLE pool_rows (key TEXT PRIMARY KEY, content BYTEA NOT NULL)"
                )
            )
            pool.run(lambda line: line.execute(_FILL, (content, PRELOADED)))
            pool.run(lambda line: line.execute("INSERT INTO rows SELECT * FROM pool_rows"))
            pool.run(lambda line: line.execute("VACUUM ANALYZE"))

            async def write(key: str) -> None:
                assert await store.write([Op(_INSERT, {"key": key, "content": content})]) is COMMITTED

            async def read(key: str) -> None:
                assert len(await store.read(_ONE, {"key": _known(key)})) == 1

            async def in_thread(work: Callable[[psycopg.Connection], None]) -> None:
                await trio.to_thread.run_sync(pool.run, work, limiter=limiter)

            async def pool_write(key: str) -> None:
                await in_thread(
                    lambda line: line.execute("INSERT INTO pool_rows VALUES (%s, %s)", (key, content))
                )

            async def pool_read(key: str) -> None:
                await in_thread(
                    lambda line: line.execute(
                        "SELECT content FROM pool_rows WHERE key = %s", (_known(key),)
                    ).fetchone()
                )

            for number in range(rounds):
                paces.writes.append(await paced(write, seconds, f"{number}"))
                paces.pool_writes.append(await paced(pool_write, seconds, f"{number}"))
                paces.reads.append(await paced(read, seconds, f"{number}"))
                paces.pool_reads.append(await paced(pool_read, seconds, f"{number}"))
        finally:
            pool.close()
    return paces


def _known(key: str) -> str:
    """One of the rows that are there."""
    _, task, count = key.split("/")
    return f"read/{(int(task) * 7919 + int(count) * 104_729) % PRELOADED}"


def store(folder: Path, rounds: int, *, seconds: float = 2.0) -> list[Row]:
    with running_server() as server:
        paces = trio.run(_store_paces, server.url, rounds, seconds)
    writes, pool_writes = statistics.median(paces.writes), statistics.median(paces.pool_writes)
    reads, pool_reads = statistics.median(paces.reads), statistics.median(paces.pool_reads)
    what = f"{TASKS} tasks, {ROW_BYTES} bytes, the server on the same two cores, over TCP"
    return [
        Row(
            "postgresql.durable_writes",
            writes,
            "1/s",
            f"{RIVAL}: {pool_writes:,.0f}/s",
            writes / pool_writes,
            aim=AIM_WRITES * pool_writes,
            note=f"{what}; fsync and synchronous_commit on",
        ),
        Row(
            "postgresql.point_reads",
            reads,
            "1/s",
            f"{RIVAL}: {pool_reads:,.0f}/s",
            reads / pool_reads,
            note=what,
        ),
    ]


def workers(
    keys: Path, folder: Path, rounds: int, *, seconds: float = 3.0, connections: int = CONNECTIONS
) -> list[Row]:
    """`records.list` of a signed-in user: SQLite's one process, and one and two workers over PostgreSQL."""
    case = card_case(keys, 1)
    paces: dict[str, list[Pace]] = {}
    everywhere = SERVER_CORES | LOAD_CORES
    with ExitStack() as stack:
        server = stack.enter_context(running_server())
        targets = {}
        for name, settings in (
            ("sqlite", {}),
            ("one", {"store": server.empty_place("one")}),
            ("two", {"store": server.empty_place("two"), "workers": "2"}),
        ):
            live = stack.enter_context(live_world(folder / name, everywhere, **settings))
            session = trio.run(session_of, live, case)
            wire = LIST_RECORDS_REQUESTS.encode_request(Nothing(), f"Bearer {session}")
            targets[name] = target_of(name, live.portal, LIST_RECORDS_REQUESTS, wire)
        for _ in range(rounds):
            for name, target in targets.items():
                paces.setdefault(name, []).append(pace(target, seconds, connections, folder))
    assert not any(each.errors for found in paces.values() for each in found), paces
    sqlite, one, two = (
        statistics.median(each.per_second for each in paces[name]) for name in ("sqlite", "one", "two")
    )
    where = f"both cores shared by the workers, the database and the load; {connections} connections; load by {generator_name()}"
    return [
        Row(
            "portal.two_workers",
            two,
            "1/s",
            f"one worker over PostgreSQL: {one:,.0f}/s",
            two / one,
            note=f"records.list with a session; SQLite in one process {sqlite:,.0f}/s; {where}",
        )
    ]
