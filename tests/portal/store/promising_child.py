"""A process that promises something, begins to do it, and is killed there."""

import sys
from pathlib import Path

import trio
from store_tables import SCHEMA

from portal.seams.clock import LiveClock
from portal.store import outbox
from portal.store.outbox import Outbox, Row
from portal.store.sqlite import open_sqlite


async def work(row: Row) -> None:
    print(f"at work on {row.key}", flush=True)
    await trio.sleep_forever()


async def main(path: Path) -> None:
    async with open_sqlite(path, [SCHEMA, outbox.SCHEMA]) as store:
        await store.write([outbox.put("letter", "a", due_ms=0, now_ms=0)])
        await Outbox(store, LiveClock(), {"letter": work}).run()


trio.run(main, Path(sys.argv[1]))
