"""The PostgreSQL twin next to what one does with psycopg and threads; and one portal worker next to two."""

import os
import queue
import statistics
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

import psycopg
import trio

from benchmarks.ledger import Row
from benchmarks.live import card_case, live_world
from benchmarks.operations import CONNECTIONS, session_of, target_of
from benchmarks.postgres_server import PostgresServer, running_server
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
_WORKS = ("write", "pool write", "read", "pool read")
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


class _Pace(NamedTuple):
    per_second: float
    cpu_us: float
    """Of client and server together, for one operation: what it costs, however busy the machine is."""


async def _store_paces(server: PostgresServer, rounds: int, seconds: float) -> dict[str, list[_Pace]]:
    url = server.url
    content = bytes(ROW_BYTES)
    limiter = trio.CapacityLimiter(POOL)
    paces: dict[str, list[_Pace]] = {}
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

            works = {"write": write, "pool write": pool_write, "read": read, "pool read": pool_read}
            for number in range(rounds):
                for name, work in works.items():
                    cpu, began = process_time() + server.cpu_seconds(), perf_counter()
                    rate = await paced(work, seconds, f"{number}")
                    count = rate * (perf_counter() - began)
                    spent = process_time() + server.cpu_seconds() - cpu
                    paces.setdefault(name, []).append(_Pace(rate, spent / count * 1e6))
        finally:
            pool.close()
    return paces


def _known(key: str) -> str:
    """One of the rows that are there."""
    _, task, count = key.split("/")
    return f"read/{(int(task) * 7919 + int(count) * 104_729) % PRELOADED}"


def _busy() -> str:
    """How many others wanted the machine: with many of them, whoever has more processes gets more of it."""
    return f"load average {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores"


def store(folder: Path, rounds: int, *, seconds: float = 2.0) -> list[Row]:
    with running_server() as server:
        paces = trio.run(_store_paces, server, rounds, seconds)
    rates = {name: statistics.median(each.per_second for each in found) for name, found in paces.items()}
    cpu = {name: statistics.median(each.cpu_us for each in found) for name, found in paces.items()}
    writes, pool_writes, reads, pool_reads = (rates[name] for name in _WORKS)
    what = f"{TASKS} tasks, {ROW_BYTES} bytes, the server on the same cores, over TCP; {_busy()}"
    return [
        Row(
            "postgresql.durable_writes",
            writes,
            "1/s",
            f"{RIVAL}: {pool_writes:,.0f}/s",
            writes / pool_writes,
            aim=AIM_WRITES * pool_writes,
            note=f"{what}; fsync and synchronous_commit on; CPU of client and server: "
            f"{cpu['write']:.0f} µs a write, the pool's {cpu['pool write']:.0f} µs",
        ),
        Row(
            "postgresql.point_reads",
            reads,
            "1/s",
            f"{RIVAL}: {pool_reads:,.0f}/s",
            reads / pool_reads,
            note=f"{what}; CPU of client and server: {cpu['read']:.0f} µs a read, the pool's {cpu['pool read']:.0f} µs",
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
    where = (
        f"cores shared by the workers, the database and the load; {connections} connections; "
        f"load by {generator_name()}; {_busy()}"
    )
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
