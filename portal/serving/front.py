"""The ASGI app of one system: its operations without Quart, everything else to its pages."""

from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from math import inf
from typing import Any

import trio

from portal.links import spent
from portal.seams.clock import stopwatch_ns
from portal.serving.dispatcher import Dispatcher
from portal.serving.lane.answering import origin_form
from portal.serving.lane.parsing import Received
from portal.serving.own_names import OwnNames
from portal.serving.shield import Shield
from portal.wire.operation import BODY_BYTES_MAX, Nothing, WireRequest, WireResponse, encode_problem
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.systems import Party

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

DISCARDED_BYTES_MAX = 4 * 1024 * 1024
"""Larger than any operation takes but a send to an intermediate server (SEND_BYTES_MAX)."""
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
        moved_to: str = "",
        own_names: OwnNames | None = None,
    ) -> None:
        """*stopwatch* tells nanoseconds for ``Server-Timing``.

        *moved_to* is the origin with TLS where people are served; then this is a door in the clear for other systems
        alone: pages say where to go, and operations of citizens and of anybody say that they are to be called there.

        *own_names*: pages are shown only to who asks for them by one of these; None when they need no such care.
        """
        self.dispatcher = dispatcher
        self._moved_to = moved_to
        self._own_names = own_names
        self._stopwatch = stopwatch
        self._paths: dict[bytes, str] = {}
        """Of operations, as they were asked for before."""
        self._pages: AsgiApp | None = None if pages is None else Shield(pages)

    def __repr__(self) -> str:
        return f"<Front {self.dispatcher.system}>"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "http":
            path = scope["raw_path"].decode("latin-1")
            if self._pages is None or self.dispatcher.knows(path):
                await self._operate(path, scope, receive, send)
            elif self._moved_to:
                await self._send_there(scope, receive, send)
            elif self._own_names is not None and not self._own_names.admits(_host(scope)):
                await _not_ours(receive, send)
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

    def operate(
        self, request: Received, peer: tuple[str, int] | None = None
    ) -> Coroutine[Any, Any, WireResponse] | None:
        """The answer to an operation, begun; None when a page is asked for. What the lane calls, without ASGI."""
        target, query = request.target, b""
        path = self._paths.get(target)
        if path is None:
            path, query = self._path(target)
            if self._pages is not None and not self.dispatcher.knows(path):
                return None
        method = _method(request.method)
        if request.body_bytes != len(request.body):
            return self._too_large(self._body_bytes_max(method, path))
        authorization = content_type = ""
        for name, value in request.headers:
            if name == b"authorization":
                authorization = value.decode("latin-1")
            elif name == b"content-type":
                content_type = value.decode("latin-1")
        return self._answer(
            WireRequest(
                method,
                path,
                query.decode("latin-1"),
                authorization,
                content_type,
                request.body,
            ),
            "" if peer is None else peer[0],
        )

    def _path(self, target: bytes) -> tuple[str, bytes]:
        path, _, query = origin_form(target).partition(b"?")
        decoded = path.decode("latin-1")
        if path == target and self.dispatcher.has_fixed(decoded):
            # There are no more of these than operations.
            self._paths[target] = decoded
        return decoded, query

    def body_limit(self, method: str, target: bytes) -> int:
        """How many bytes of a body are taken in for this; of an operation what it declares, of a page what the lane does."""
        path = origin_form(target).partition(b"?")[0].decode("latin-1")
        if self._pages is not None and not self.dispatcher.knows(path):
            return DISCARDED_BYTES_MAX
        return self._body_bytes_max(_method(method), path)

    async def _answer(self, request: WireRequest, address: str) -> WireResponse:
        """The dispatcher's answer, and in ``Server-Timing`` what it waited for."""
        if self._moved_to and (refused := self._only_there(request)) is not None:
            return encode_problem(refused)
        began = self._stopwatch()
        account, token = spent.begin()
        try:
            response = await self.dispatcher.answer(request, address)
        finally:
            spent.end(token)
        timing = account.header(self._stopwatch() - began)
        return WireResponse(
            response.status, response.content_type, response.body, (*response.headers, timing)
        )

    async def _send_there(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What was sent in the clear is not sent again for its sender: a form is refused, an address leads on."""
        while (await receive()).get("more_body", False):
            pass
        headers = [(b"content-type", b"text/plain; charset=utf-8"), *_SAFE_HEADERS]
        if scope["method"] in ("GET", "HEAD"):
            query = scope["query_string"]
            target = scope["raw_path"] + (b"?" + query if query else b"")
            status, body = 308, b""
            headers.append((b"location", self._moved_to.encode() + target))
        else:
            status, body = (
                403,
                f"{self._moved_to} を使ってください。暗号化されていないため、受け付けません。\n".encode(),
            )
        headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    def _only_there(self, request: WireRequest) -> Problem | None:
        """Of an operation that carries what is somebody's own, or may."""
        found = self.dispatcher.find(request.method, request.path)
        if isinstance(found, Problem):
            return None
        operation = found.route.operation
        asks_nothing = operation.method == "GET" and operation.request is Nothing
        for_peers = not operation.callers & {Party.CITIZEN, Party.ANYONE}
        if for_peers or (Party.ANYONE in operation.callers and asks_nothing):
            return None
        return problem(
            ProblemCode.FORBIDDEN,
            f"暗号化されていないため、受け付けません。{self._moved_to} を使ってください。",
        )

    async def _too_large(self, most: int) -> WireResponse:
        return encode_problem(problem(ProblemCode.TOO_LARGE, f"本文は{most}バイトまでです。"))

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
        method = _method(scope["method"])
        most = self._body_bytes_max(method, path)
        body = await _read_body(receive, most, declared)
        if body is None:
            response = await self._too_large(most)
        else:
            query = scope["query_string"].decode("latin-1")
            request = WireRequest(method, path, query, authorization, content_type, body)
            client = scope.get("client")
            response = await self._answer(request, client[0] if client else "")
        await _send(response, send)

    def _body_bytes_max(self, method: str, path: str) -> int:
        found = self.dispatcher.find(method, path)
        return BODY_BYTES_MAX if isinstance(found, Problem) else found.route.operation.body_bytes_max


def _method(asked: str) -> str:
    """Who asks for the head only gets the head of what GET answers: the server leaves the body out."""
    return "GET" if asked == "HEAD" else asked


async def _read_body(receive: Receive, most: int, declared: int) -> bytes | None:
    """The whole body, or None when it is larger than *most* or the client went away.

    What is left of a body that is too large is taken in within reason: a client that is still sending when its
    connection ends does not see the answer.
    """
    parts: list[bytes] = []
    size = 0
    with trio.CancelScope() as scope:
        while size <= max(most, DISCARDED_BYTES_MAX):
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


async def _send(response: WireResponse, send: Send) -> None:
    headers = [
        (b"content-type", response.content_type.encode("latin-1")),
        (b"content-length", b"%d" % len(response.body)),
        *_SAFE_HEADERS,
    ]
    headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body, "more_body": False})


def _host(scope: Scope) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")


async def _not_ours(receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body", False):
        pass
    body = (
        "このホスト名では使えません。localhostかIPアドレスで開くか、設定の [addresses] でこの名前を使ってください。\n"
    ).encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
        *_SAFE_HEADERS,
    ]
    await send({"type": "http.response.start", "status": 421, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
