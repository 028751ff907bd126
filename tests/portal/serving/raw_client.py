"""A client that sends any bytes, and reads answers with h11, which is none of ours."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, NamedTuple

import h11
import trio

from portal.seams.clock import LiveClock
from portal.serving.limits import DEFAULTS, ServingLimits
from portal.serving.listen import Bound, bind, serve

ANSWER_SECONDS_MAX = 10.0


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes
    interim: tuple[int, ...] = ()


def asking(method: str, target: str, body: bytes | None = None, **headers: str) -> bytes:
    """A plain HTTP/1.1 request; header names are written with underscores."""
    lines = [f"{method} {target} HTTP/1.1", "Host: here"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


class Client:
    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self._rest = b""

    async def send(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def answer(self, method: str = "GET", within_s: float = ANSWER_SECONDS_MAX) -> Answer:
        """The next answer; raises ``EOFError`` when the server closes instead."""
        parser = h11.Connection(h11.CLIENT)
        parser.send(h11.Request(method=method, target="/", headers=[("host", "here")]))
        parser.send(h11.EndOfMessage())
        if self._rest:
            parser.receive_data(self._rest)
        interim: list[int] = []
        head: h11.Response | None = None
        body = bytearray()
        with trio.fail_after(within_s):
            while True:
                event = parser.next_event()
                if event is h11.NEED_DATA:
                    data = await self.stream.receive_some()
                    if not data and head is None:
                        raise EOFError
                    parser.receive_data(bytes(data))
                elif isinstance(event, h11.InformationalResponse):
                    interim.append(event.status_code)
                elif isinstance(event, h11.Response):
                    head = event
                elif isinstance(event, h11.Data):
                    body += event.data
                elif isinstance(event, h11.EndOfMessage):
                    break
                else:
                    raise EOFError(repr(event))
        self._rest = parser.trailing_data[0]
        assert head is not None
        headers = {name.decode(): value.decode("latin-1") for name, value in head.headers}
        return Answer(head.status_code, headers, bytes(body), tuple(interim))

    async def ask(self, method: str, target: str, body: bytes | None = None, **headers: str) -> Answer:
        await self.send(asking(method, target, body, **headers))
        return await self.answer(method)

    async def rest(self, within_s: float = ANSWER_SECONDS_MAX) -> bytes:
        """All that comes until the server closes; raises ``trio.TooSlowError`` when it doesn't."""
        with trio.fail_after(within_s):
            while data := await self.stream.receive_some():
                self._rest += bytes(data)
        return self._rest

    async def closed(self, within_s: float = ANSWER_SECONDS_MAX) -> bool:
        """Whether the server closes without another word."""
        try:
            return await self.rest(within_s) == b""
        except trio.BrokenResourceError:
            return True

    async def aclose(self) -> None:
        await self.stream.aclose()


class Running(NamedTuple):
    bound: Bound
    stop: trio.CancelScope
    stopped: trio.Event

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        async with await trio.open_tcp_stream(self.bound.host, self.bound.port) as stream:
            yield Client(stream)


def with_lifespan(app: Any) -> Any:
    """A bare function that knows requests only, as a whole ASGI app."""

    async def whole(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        kind = ""
        while kind != "lifespan.shutdown":
            kind = (await receive())["type"]
            await send({"type": f"{kind}.complete"})

    return whole


@contextlib.asynccontextmanager
async def running(app: Any, *, lane: bool = True, limits: ServingLimits = DEFAULTS) -> AsyncIterator[Running]:
    """The app behind a real socket."""
    bound = bind("127.0.0.1", 0)
    stop, stopped = trio.CancelScope(), trio.Event()

    async def run(*, task_status: trio.TaskStatus[None]) -> None:
        with stop:
            await serve(
                with_lifespan(app) if inspect.isfunction(app) else app,
                bound,
                LiveClock(),
                lane=lane,
                limits=limits,
                task_status=task_status,
            )
        stopped.set()

    try:
        async with trio.open_nursery() as nursery:
            await nursery.start(partial(run))
            try:
                yield Running(bound, stop, stopped)
            finally:
                stop.cancel()
    finally:
        bound.socket.close()
