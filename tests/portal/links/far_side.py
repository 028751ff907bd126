"""The other end of an HTTP carrier: a socket whose every word the test decides."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import trio

from portal.links.http import HttpCarrier

Script = Callable[["Call"], Awaitable[None]]


class Call:
    """One connection that the carrier opened."""

    def __init__(self, stream: trio.SocketStream, number: int) -> None:
        self.stream = stream
        self.number = number
        self.requests: list[bytes] = []
        self._rest = b""

    async def request(self) -> bytes:
        """The next whole request, head and body; ``EOFError`` when the carrier closes instead."""
        while b"\r\n\r\n" not in self._rest:
            await self._more()
        head, _, _ = self._rest.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        while len(self._rest) < len(head) + 4 + length:
            await self._more()
        whole, self._rest = self._rest[: len(head) + 4 + length], self._rest[len(head) + 4 + length :]
        self.requests.append(whole)
        return whole

    async def _more(self) -> None:
        data = await self.stream.receive_some()
        if not data:
            raise EOFError
        self._rest += bytes(data)

    async def say(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def answer(self, body: bytes = b'{"done":true}', *more_head: str, status: str = "200 OK") -> None:
        lines = [
            f"HTTP/1.1 {status}",
            f"Content-Length: {len(body)}",
            "Content-Type: application/json",
            *more_head,
        ]
        await self.say("\r\n".join([*lines, "", ""]).encode() + body)

    def reset(self) -> None:
        """Not a farewell but a reset."""
        self.stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.stream.socket.close()


class FarSide:
    def __init__(self, url: str) -> None:
        self.url = url
        self.calls: list[Call] = []
        self.carriers: list[HttpCarrier] = []

    def carrier(self, below: str = "", **settings: Any) -> HttpCarrier:
        """A carrier to here, closed at the end."""
        self.carriers.append(HttpCarrier(self.url + below, **settings))
        return self.carriers[-1]

    @property
    def requests(self) -> list[bytes]:
        return [request for call in self.calls for request in call.requests]


@contextlib.asynccontextmanager
async def far_side(script: Script) -> AsyncIterator[FarSide]:
    """Run *script* for each connection; when it returns, the connection is closed."""
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    side = FarSide(f"http://127.0.0.1:{listener.socket.getsockname()[1]}")

    async def handle(stream: trio.SocketStream) -> None:
        call = Call(stream, len(side.calls))
        side.calls.append(call)
        with contextlib.suppress(EOFError, trio.BrokenResourceError, trio.ClosedResourceError):
            await script(call)
            await stream.aclose()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, handle, [listener])
        yield side
        for carrier in side.carriers:
            await carrier.aclose()
        nursery.cancel_scope.cancel()


async def answer_all(call: Call) -> None:
    while True:
        await call.request()
        await call.answer()
