"""Calls from system to system over sockets, client and server in one process on one core, next to httpx2."""

import statistics
from collections.abc import Awaitable, Callable
from functools import partial
from time import perf_counter

import httpx2
import trio

from benchmarks.ledger import Row
from benchmarks.processes import SERVER_CORES, on_core
from portal.links.credentials import SystemKeys, authorization_of
from portal.links.http import HttpCarrier
from portal.links.link import Link
from portal.seams.clock import LiveClock
from portal.serving.dispatcher import Dispatcher
from portal.serving.front import Front
from portal.serving.guards import Peers
from portal.serving.listen import bind, serve
from portal.wire.disclosure import Named
from portal.wire.network import FIND_HOLDERS, FindHolders, HeldInformation, Holders
from portal.wire.systems import System

TASKS = 64
AIM = 5_000.0
_SECRET = bytes(32)
_REQUEST = FindHolders("0123456789abcdef" * 2, ("TM00000000000002",))
_ANSWER = Holders((HeldInformation("TM00000000000002", Named("1" * 16, "模擬市")),))


async def _answer(_: FindHolders, __: object) -> Holders:
    return _ANSWER


async def _paced(call: Callable[[], Awaitable[object]], seconds: float) -> float:
    done = 0
    end = perf_counter() + seconds

    async def caller() -> None:
        nonlocal done
        while perf_counter() < end:
            await call()
            done += 1

    begun = perf_counter()
    async with trio.open_nursery() as nursery:
        for _ in range(TASKS):
            nursery.start_soon(caller)
    return done / (perf_counter() - begun)


async def _both(rounds: int, seconds: float) -> tuple[list[float], list[float]]:
    dispatcher = Dispatcher(System.NETWORK)
    dispatcher.add(FIND_HOLDERS, Peers(SystemKeys(_SECRET)), _answer)
    clock = LiveClock()
    bound = bind("127.0.0.1", 0)
    carrier = HttpCarrier(bound.url)
    credential = authorization_of(_SECRET, System.PORTAL)
    link = Link(System.PORTAL, System.NETWORK, carrier, clock, authorization=credential)
    wire = FIND_HOLDERS.encode_request(_REQUEST, credential)
    headers = {"authorization": wire.authorization, "content-type": wire.content_type}
    ours: list[float] = []
    theirs: list[float] = []

    async def call() -> None:
        answer = await link.call(FIND_HOLDERS, _REQUEST)
        assert isinstance(answer, Holders), answer

    limits = httpx2.Limits(max_connections=TASKS, max_keepalive_connections=TASKS)
    async with trio.open_nursery() as nursery, httpx2.AsyncClient(limits=limits, timeout=60) as client:
        await nursery.start(partial(serve, Front(dispatcher, None), bound, clock))

        async def call_httpx2() -> None:
            response = await client.post(bound.url + wire.path, content=wire.body, headers=headers)
            assert response.status_code == 200
            response.json()

        for _ in range(rounds):
            ours.append(await _paced(call, seconds))
            theirs.append(await _paced(call_httpx2, seconds))
        await carrier.aclose()
        nursery.cancel_scope.cancel()
    return ours, theirs


def rows(rounds: int, *, seconds: float = 2.0) -> list[Row]:
    with on_core(SERVER_CORES):
        ours, theirs = trio.run(_both, rounds, seconds)
    rate, other = statistics.median(ours), statistics.median(theirs)
    return [
        Row(
            "links.calls",
            rate,
            "1/s per core",
            f"httpx2 to the same server: {other:,.0f}/s",
            rate / other,
            aim=AIM,
            note=f"{TASKS} tasks, client and server in one process on one core; signed, validated, recorded",
        )
    ]
