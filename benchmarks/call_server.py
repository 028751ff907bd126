"""A system that answers one operation, for the clients of ``benchmarks.calls``: prints its address, serves until ended."""

import sys
from functools import partial

import trio

from portal.links.credentials import SystemKeys
from portal.seams.clock import LiveClock
from portal.serving.dispatcher import Dispatcher
from portal.serving.front import Front
from portal.serving.guards import Peers
from portal.serving.listen import bind, serve
from portal.wire.disclosure import Named
from portal.wire.network import FIND_HOLDERS, FindHolders, HeldInformation, Holders
from portal.wire.systems import System

SECRET = bytes(32)
_ANSWER = Holders((HeldInformation("TM00000000000002", Named("1" * 16, "模擬市")),))


async def _answer(_: FindHolders, __: object) -> Holders:
    return _ANSWER


async def main() -> None:
    dispatcher = Dispatcher(System.NETWORK)
    dispatcher.add(FIND_HOLDERS, Peers(SystemKeys(SECRET)), _answer)
    bound = bind("127.0.0.1", 0)
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(serve, Front(dispatcher, None), bound, LiveClock()))
        sys.stdout.write(bound.url + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    trio.run(main)
