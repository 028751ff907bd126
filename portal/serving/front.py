"""The ASGI app of one system: its operations without Quart, everything else to its pages."""

from collections.abc import Awaitable, Callable, MutableMapping
from math import inf
from typing import Any

import trio

from portal.links import spent
from portal.seams.clock import stopwatch_ns
from portal.serving.dispatcher import Dispatcher
from portal.serving.shield import Shield
from portal.wire.operation import BODY_BYTES_MAX, WireRequest, WireResponse, encode_problem
from portal.wire.problems import Problem, ProblemCode, problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

DISCARDED_BYTES_MAX = 4 * 1024 * 1024
"""Larger than any operation takes (DELIVERY_BYTES_MAX)."""
DISCARD_SECONDS_MAX = 5.0
_SAFE_HEADERS = [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store")]


class Front:
    """正面玄関: one ASGI app that any ASGI server can run."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        pages: AsgiApp | None = None,
        *,
        stopwatch: Callable[[], int] = stopwatch_ns,
    ) -> None:
        """*stopwatch* tells nanoseconds for ``Server-Timing``."""
        self.dispatcher = dispatcher
        self._stopwatch = stopwatch
        self._pages: AsgiApp | None = None if pages is None else Shield(pages)

    def __repr__(self) -> str:
        return f"<Front {self.dispatcher.system}>"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "http":
            path = scope["raw_path"].decode("latin-1")
            if self._pages is None or self.dispatcher.knows(path):
                await self._operate(path, scope, receive, send)
            else:
                await self._pages(scope, receive, send)
        elif kind == "lifespan":
            if self._pages is not None:
                await self._pages(scope, receive, send)
            else:
                await _lifespan(receive, send)
        else:
            # Websockets: none of our systems speaks them.
            await receive()
            await send({"type": "websocket.close", "code": 1000})

    async def _operate(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        authorization = content_type = ""
        declared = 0
        for name, value in scope["headers"]:
            if name == b"authorization":
                authorization = value.decode("latin-1")
            elif name == b"content-type":
                content_type = value.decode("latin-1")
            elif name == b"content-length" and value.isdigit():
                declared = int(value)
        # Who asks for the head only gets the head of what the operation answers: the server leaves the body out.
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        most = self._body_bytes_max(method, path)
        body = await _read_body(receive, most, declared)
        if body is None:
            response = encode_problem(problem(ProblemCode.TOO_LARGE, f"本文は{most}バイトまでです。"))
            timing = b""
        else:
            query = scope["query_string"].decode("latin-1")
            began = self._stopwatch()
            account, token = spent.begin()
            try:
                response = await self.dispatcher.answer(
                    WireRequest(method, path, query, authorization, content_type, body)
                )
            finally:
                spent.end(token)
            timing = account.header(self._stopwatch() - began).encode("latin-1")
        await _send(response, send, timing)

    def _body_bytes_max(self, method: str, path: str) -> int:
        found = self.dispatcher.find(method, path)
        return BODY_BYTES_MAX if isinstance(found, Problem) else found.route.operation.body_bytes_max


async def _read_body(receive: Receive, most: int, declared: int) -> bytes | None:
    """The whole body, or None when it is larger than *most* or the client went away.

    What is left of a body that is too large is taken in within reason: a client that is still sending when its
    connection ends does not see the answer.
    """
    parts: list[bytes] = []
    size = 0
    with trio.CancelScope() as scope:
        while size <= DISCARDED_BYTES_MAX:
            if max(size, declared) > most and scope.deadline == inf:
                parts.clear()
                scope.deadline = trio.current_time() + DISCARD_SECONDS_MAX
            message = await receive()
            if message["type"] != "http.request":
                return None
            part = message.get("body", b"")
            size += len(part)
            if not message.get("more_body", False):
                if max(size, declared) > most:
                    return None
                return part if not parts else b"".join([*parts, part])
            parts.append(part)
    return None


async def _send(response: WireResponse, send: Send, timing: bytes) -> None:
    headers = [
        (b"content-type", response.content_type.encode("latin-1")),
        (b"content-length", b"%d" % len(response.body)),
        *_SAFE_HEADERS,
    ]
    headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    if timing:
        headers.append((b"server-timing", timing))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body, "more_body": False})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
