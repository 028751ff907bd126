"""Durable writes of 100 tasks through the store, next to a transaction for each call in a thread."""

import sqlite3
import statistics
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from time import perf_counter

import trio

from benchmarks.ledger import Row
from portal.store.sqlite import open_sqlite
from portal.store.store import COMMITTED, Op, Schema

TASKS = 100
ROW_BYTES = 300
AIM = 20_000.0
_SCHEMA = Schema("bench", ("CREATE TABLE rows (key TEXT PRIMARY KEY, content BLOB NOT NULL)",))
_INSERT = "INSERT INTO rows (key, content) VALUES (:key, :content)"


async def paced(write: Callable[[str], Awaitable[None]], seconds: float, name: str) -> float:
    """Writes a second that were durable, by all tasks together."""
    done = 0
    end = perf_counter() + seconds

    async def writer(number: int) -> None:
        nonlocal done
        count = 0
        while perf_counter() < end:
            await write(f"{name}/{number}/{count}")
            count += 1
        done += count

    begun = perf_counter()
    async with trio.open_nursery() as nursery:
        for number in range(TASKS):
            nursery.start_soon(writer, number)
    return done / (perf_counter() - begun)


async def _both(folder: Path, rounds: int, seconds: float) -> tuple[list[float], list[float]]:
    ours: list[float] = []
    theirs: list[float] = []
    content = bytes(ROW_BYTES)
    limiter = trio.CapacityLimiter(40)  # the usual size of a thread pool
    async with open_sqlite(folder / "ours.sqlite", [_SCHEMA]) as store:
        other = folder / "theirs.sqlite"
        with sqlite3.connect(other) as made:
            made.execute("PRAGMA journal_mode=WAL")
            made.execute(_SCHEMA.steps[0])

        async def write(key: str) -> None:
            outcome = await store.write([Op(_INSERT, {"key": key, "content": content})])
            assert outcome is COMMITTED

        def in_thread(key: str) -> None:
            connection = sqlite3.connect(other, timeout=60)
            try:
                connection.execute("PRAGMA synchronous=FULL")
                with connection:
                    connection.execute(_INSERT, {"key": key, "content": content})
            finally:
                connection.close()

        async def write_in_thread(key: str) -> None:
            await trio.to_thread.run_sync(partial(in_thread, key), limiter=limiter)

        for number in range(rounds):
            ours.append(await paced(write, seconds, f"{number}"))
            theirs.append(await paced(write_in_thread, seconds, f"{number}"))
    return ours, theirs


def rows(folder: Path, rounds: int, *, seconds: float = 2.0) -> list[Row]:
    ours, theirs = trio.run(_both, folder, rounds, seconds)
    rate, other = statistics.median(ours), statistics.median(theirs)
    return [
        Row(
            "store.durable_writes",
            rate,
            "1/s",
            f"sqlite3, a transaction a call in a thread: {other:,.0f}/s",
            rate / other,
            aim=AIM,
            note=f"{TASKS} tasks, {ROW_BYTES} bytes, WAL and synchronous=FULL on both sides; both cores",
        )
    ]
