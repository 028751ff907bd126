"""A process that writes one row after another and says of each when it is durable; killed from outside."""

import sys
from itertools import count
from pathlib import Path

import trio
from store_tables import SCHEMA, put

from portal.store.opening import URL_BEGINNINGS, open_store


async def main(place: str) -> None:
    url = place if place.startswith(URL_BEGINNINGS) else ""
    async with open_store(url, Path(place), [SCHEMA]) as store, trio.open_nursery() as nursery:
        numbers = count()

        async def write_on() -> None:
            while True:
                number = next(numbers)
                await store.write([put(f"a{number}"), put(f"b{number}")])
                print(number, flush=True)

        for _ in range(8):
            nursery.start_soon(write_on)


trio.run(main, sys.argv[1])
