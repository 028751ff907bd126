"""A process without the right to write into the store's folder: prints what came of it."""

import os
import sys
from pathlib import Path

import trio
from store_tables import SCHEMA, put

from portal.store.sqlite import open_sqlite
from portal.store.store import StorageRefused

NOBODY = 65534


async def main(path: Path) -> None:
    try:
        async with open_sqlite(path, [SCHEMA]) as store:
            print("opened", flush=True)
            print(await store.write([put("pot")]))
    except* StorageRefused as refusals:
        print(f"refused: {refusals.exceptions[0]}")


if os.getuid() == 0:
    # Root may write anywhere.
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
trio.run(main, Path(sys.argv[1]))
