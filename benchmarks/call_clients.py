"""One client that calls as often as it can: ``python -m benchmarks.call_clients NAME URL SECONDS`` prints calls a second of CPU.

All send the same bytes from so many tasks on so many kept connections and look at the answer: ours decodes and
validates it, as a system must; the others decode JSON.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from time import perf_counter, process_time

import trio

from benchmarks.call_server import SECRET
from portal.links.credentials import authorization_of
from portal.links.http import HttpCarrier
from portal.links.link import Link
from portal.seams.clock import LiveClock
from portal.wire.network import FIND_HOLDERS, FindHolders, Holders
from portal.wire.systems import System

TASKS = 64
WARM_SECONDS = 0.2
_REQUEST = FindHolders("0123456789abcdef" * 2, ("TM00000000000002",))
_CREDENTIAL = authorization_of(SECRET, System.PORTAL)
_WIRE = FIND_HOLDERS.encode_request(_REQUEST, _CREDENTIAL)
_HEADERS = {"authorization": _WIRE.authorization, "content-type": _WIRE.content_type}


async def _caller(call: Callable[[], Awaitable[object]], end: float, count: list[int]) -> None:
    while perf_counter() < end:
        await call()
        count[0] += 1


async def _trio_paced(call: Callable[[], Awaitable[object]], seconds: float) -> float:
    count = [0]
    begun, used = perf_counter(), process_time()
    async with trio.open_nursery() as nursery:
        for _ in range(TASKS):
            nursery.start_soon(_caller, call, begun + seconds, count)
    return count[0] / (process_time() - used)


async def _ours(url: str, seconds: float) -> float:
    carrier = HttpCarrier(url)
    link = Link(System.PORTAL, System.NETWORK, carrier, LiveClock(), authorization=_CREDENTIAL)

    async def call() -> None:
        answer = await link.call(FIND_HOLDERS, _REQUEST)
        assert isinstance(answer, Holders), answer

    await _trio_paced(call, WARM_SECONDS)
    rate = await _trio_paced(call, seconds)
    await carrier.aclose()
    return rate


async def _httpx2(url: str, seconds: float) -> float:
    import httpx2

    limits = httpx2.Limits(max_connections=TASKS, max_keepalive_connections=TASKS)
    async with httpx2.AsyncClient(limits=limits, timeout=60) as client:

        async def call() -> None:
            response = await client.post(url + _WIRE.path, content=_WIRE.body, headers=_HEADERS)
            assert response.status_code == 200
            response.json()

        await _trio_paced(call, WARM_SECONDS)
        return await _trio_paced(call, seconds)


async def _aiohttp(url: str, seconds: float) -> float:
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=TASKS)) as session:

        async def call() -> None:
            async with session.post(url + _WIRE.path, data=_WIRE.body, headers=_HEADERS) as response:
                assert response.status == 200
                await response.json()

        async def paced(for_seconds: float) -> float:
            count = [0]
            begun, used = perf_counter(), process_time()
            await asyncio.gather(*[_caller(call, begun + for_seconds, count) for _ in range(TASKS)])
            return count[0] / (process_time() - used)

        await paced(WARM_SECONDS)
        return await paced(seconds)


def main(name: str, url: str, seconds: str) -> None:
    if name == "aiohttp":
        import uvloop

        rate = uvloop.run(_aiohttp(url, float(seconds)))
    else:
        rate = trio.run({"ours": _ours, "httpx2": _httpx2}[name], url, float(seconds))
    sys.stdout.write(f"{rate}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
