"""The HTTP/1.1 lane: our own handling of clear-text connections inside hypercorn's trio worker.

hypercorn spends 395 µs on a request and one client can end its process (STACK.md 12a); httptools, one receive and
one send a request need a tenth. The app runs in the connection's own task, so nothing has to be spawned, and a
kept connection costs one cancel scope for its whole life. TLS, HTTP/2 and lifespan stay hypercorn's.

A connection is in one of four phases (:class:`Phase`), each with its own time limit.
"""

import re
import socket as stdlib_socket
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from enum import Enum
from http import HTTPStatus
from math import inf
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

import httptools
import structlog
import trio

log = structlog.get_logger(__name__)

RECEIVE_BYTES = 64 * 1024
HEADER_BYTES_MAX = 32 * 1024
HEADERS_MAX = 100
TARGET_BYTES_MAX = 8 * 1024
BODY_BYTES_MAX = 4 * 1024 * 1024
IDLE_SECONDS_MAX = 75.0
RECEIVING_SECONDS_MAX = 20.0
"""From the first byte of a request to its last: a slow client does not hold a connection longer."""
SENDING_SECONDS_MAX = 30.0
LINGER_SECONDS_MAX = 2.0
"""After a refusal the rest of what the client is still sending is read so long, so that it sees the answer."""
FRAMING_BYTES_MAX = 1024 * 1024
"""What chunk sizes, chunk extensions and trailers of one request may come to."""
UNREAD_BYTES_MAX = RECEIVE_BYTES
"""What may arrive behind a request while that is being answered."""

Message = MutableMapping[str, Any]
App = Callable[
    [dict[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]


_SCHEME_AND_HOST = re.compile(rb"(?i:http)://[^/?#]*")


class Phase(Enum):
    """Where a connection is."""

    IDLE = "idle"
    RECEIVING = "receiving"
    ANSWERING = "answering"
    SENDING = "sending"


SECONDS_MAX: dict[Phase, float] = {
    Phase.IDLE: IDLE_SECONDS_MAX,
    Phase.RECEIVING: RECEIVING_SECONDS_MAX,
    Phase.ANSWERING: inf,
    Phase.SENDING: SENDING_SECONDS_MAX,
}
"""How long it may stay there; an answer's time is limited by what makes it."""


class Received(NamedTuple):
    """One whole request."""

    method: str
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    http_version: str
    keep: bool


class Refusal(Exception):
    """What came can't be served; the connection ends with this status."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class _Parsing:
    """httptools' callbacks: gathers whole requests, refuses what is over a limit."""

    def __init__(self) -> None:
        self.requests: deque[Received] = deque()
        self.expects_continue = False
        self.begun = False
        self.refusal: Refusal | None = None
        self.parser = httptools.HttpRequestParser(self)
        self._clear()

    def _clear(self) -> None:
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._header_bytes = 0
        self._headers_complete = False
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._fed_bytes = 0

    def feed(self, data: bytes) -> None:
        """Take in what came, which may end some requests and begin another. Raises :class:`Refusal`."""
        # What was begun before is counted whole, what begins in this data is not: the count is never too high.
        self._fed_bytes += len(data)
        try:
            while True:
                try:
                    self.parser.feed_data(data)
                    break
                except httptools.HttpParserUpgrade as upgrade:
                    data = self._ignore_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            if self.refusal is not None:
                raise self.refusal from None
            raise Refusal(HTTPStatus.BAD_REQUEST) from error
        if self.begun:
            # The parser keeps a field until its end; without an end it would keep all that comes.
            if not self._headers_complete and self._fed_bytes > TARGET_BYTES_MAX + HEADER_BYTES_MAX:
                raise Refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            if self._fed_bytes - self._body_bytes > FRAMING_BYTES_MAX:
                raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    def _ignore_upgrade(self, rest: bytes) -> bytes:
        """An upgrade may be ignored (RFC 9110 7.8): the same request without it, and what came behind its head.

        The parser leaves off at the end of such a head and takes no body; Java's HTTP client asks for h2c so with
        every first request, also when that has one.
        """
        asking = self.requests.pop()
        self.parser = httptools.HttpRequestParser(self)
        lines = [b"%b %b HTTP/%b\r\n" % (asking.method.encode(), asking.target, asking.http_version.encode())]
        for name, value in asking.headers:
            if name == b"connection":
                tokens = [token.strip() for token in value.split(b",")]
                value = b", ".join(token for token in tokens if token.lower() != b"upgrade")
            elif name == b"upgrade":
                continue
            lines.append(b"%b: %b\r\n" % (name, value))
        return b"".join([*lines, b"\r\n", rest])

    def _refuse(self, status: HTTPStatus) -> None:
        self.refusal = Refusal(status)
        raise self.refusal

    def on_message_begin(self) -> None:
        self.begun = True
        self.expects_continue = False
        self._clear()

    def on_url(self, part: bytes) -> None:
        self._target += part
        if len(self._target) > TARGET_BYTES_MAX:
            self._refuse(HTTPStatus.REQUEST_URI_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._headers_complete:
            # A trailer must not pass for a header (RFC 9110 6.5.1), least of all for a credential.
            return
        self._header_bytes += len(name) + len(value) + 4
        if self._header_bytes > HEADER_BYTES_MAX or len(self._headers) >= HEADERS_MAX:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        lower = name.lower()
        if lower == b"expect" and value.lower() == b"100-continue":
            self.expects_continue = True
        self._headers.append((lower, value))

    def on_headers_complete(self) -> None:
        self._headers_complete = True
        version = self.parser.get_http_version()
        if version not in ("1.1", "1.0"):
            self._refuse(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
        if self.parser.get_method() == b"CONNECT":
            self._refuse(HTTPStatus.NOT_IMPLEMENTED)
        hosts = 0
        for name, value in self._headers:
            if name == b"host":
                hosts += 1
            elif name == b"content-length":
                if int(value) > BODY_BYTES_MAX:
                    self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            elif name == b"transfer-encoding":
                if version == "1.0":
                    # Its framing can't be trusted (RFC 9112 6.1).
                    self._refuse(HTTPStatus.BAD_REQUEST)
                if value.lower() != b"chunked":
                    self._refuse(HTTPStatus.NOT_IMPLEMENTED)
        if hosts != 1 and (hosts or version != "1.0"):
            self._refuse(HTTPStatus.BAD_REQUEST)

    def on_body(self, part: bytes) -> None:
        self.expects_continue = False
        self._body_bytes += len(part)
        if self._body_bytes > BODY_BYTES_MAX:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        self._body.append(part)

    def on_message_complete(self) -> None:
        self.begun = self.expects_continue = False
        self.requests.append(
            Received(
                self.parser.get_method().decode("latin-1"),
                self._target,
                self._headers,
                b"".join(self._body),
                self.parser.get_http_version(),
                self.parser.should_keep_alive(),
            )
        )
        self._clear()


class Connection:
    """接続: one client's clear-text HTTP/1.1 connection."""

    def __init__(
        self,
        app: App,
        socket: trio.socket.SocketType,
        *,
        date_header: Callable[[], bytes],
        state: dict[str, Any],
        seconds_max: Mapping[Phase, float] = SECONDS_MAX,
    ) -> None:
        self._app = app
        self._seconds_max = seconds_max
        self._socket = socket
        self._date_header = date_header
        self._state = state
        self._parsing = _Parsing()
        self._scope = trio.CancelScope()
        self._unread: deque[bytes] = deque()
        self._unread_bytes = 0
        self._ended = False
        self.phase = Phase.IDLE
        self._closing = False

    def __repr__(self) -> str:
        return f"<lane.Connection {self.phase.name}>"

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self._scope.deadline = trio.current_time() + self._seconds_max[phase]

    def close_when_idle(self) -> None:
        """Shutting down: an idle connection ends now, a busy one after its answer."""
        self._closing = True
        if self.phase is Phase.IDLE:
            self._scope.cancel()

    @property
    def closing(self) -> bool:
        return self._closing

    async def run(self) -> None:
        """Serve until the client leaves, a limit is met, or we shut down."""
        self._socket.setsockopt(stdlib_socket.IPPROTO_TCP, stdlib_socket.TCP_NODELAY, 1)
        with self._scope:
            self._enter(Phase.IDLE)
            try:
                await self._serve()
            except Refusal as refusal:
                await self._refuse(refusal.status)
            except (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
                # The client is gone: there is nobody to tell.
                log.debug("client_gone", phase=self.phase.name)
        if self._scope.cancelled_caught and self.phase is Phase.RECEIVING:
            # Its scope has ended; the time for this is short.
            with trio.move_on_after(LINGER_SECONDS_MAX):
                await self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    async def _receive(self) -> bytes:
        if self._unread:
            data = self._unread.popleft()
            self._unread_bytes -= len(data)
            return data
        if self._ended:
            return b""
        return await self._socket.recv(RECEIVE_BYTES)

    async def _serve(self) -> None:
        parsing = self._parsing
        while True:
            data = await self._receive()
            if not data:
                return
            refusal: Refusal | None = None
            try:
                parsing.feed(data)
            except Refusal as refused:
                # Whole requests that came before the bad one still get their answers.
                refusal = refused
            while parsing.requests:
                keep = await self._answer(parsing.requests.popleft())
                if not keep or self._closing:
                    return
            if refusal is not None:
                raise refusal
            if parsing.begun:
                if parsing.expects_continue:
                    parsing.expects_continue = False
                    await self._send(b"HTTP/1.1 100 Continue\r\n\r\n")
                if self.phase is not Phase.RECEIVING:
                    self._enter(Phase.RECEIVING)
            elif self.phase is not Phase.IDLE:
                # Line breaks between requests are no sign of life.
                self._enter(Phase.IDLE)

    async def _answer(self, request: Received) -> bool:
        """Run the app for this request; whether the connection can carry another."""
        self._enter(Phase.ANSWERING)
        answer = _Answer(self, request, date_header=self._date_header())
        path, _, query = _origin_form(request.target).partition(b"?")
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": request.http_version,
            "method": request.method,
            "scheme": "http",
            "path": _decoded(path),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": request.headers,
            "client": self._socket_name(self._socket.getpeername),
            "server": self._socket_name(self._socket.getsockname),
            "state": self._state,
            "extensions": {},
        }
        try:
            await self._app(scope, answer.receive, answer.send)
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            return False
        except Exception:
            log.exception("app_failed", path=scope["path"])
            if not answer.started:
                raise Refusal(HTTPStatus.INTERNAL_SERVER_ERROR) from None
            return False
        if not answer.finished:
            if not answer.started:
                raise Refusal(HTTPStatus.INTERNAL_SERVER_ERROR)
            return False
        return answer.keep

    @staticmethod
    def _socket_name(read: Callable[[], Any]) -> tuple[str, int] | None:
        try:
            name = read()
        except OSError:
            return None
        return (name[0], name[1]) if isinstance(name, tuple) else None

    async def wait_gone(self) -> None:
        """Return when the client has closed its side; what it sends meanwhile is kept for later."""
        while not self._ended:
            if self._unread_bytes >= UNREAD_BYTES_MAX:
                await trio.sleep_forever()
            try:
                data = await self._socket.recv(RECEIVE_BYTES)
            except OSError:
                data = b""
            if data:
                self._unread.append(data)
                self._unread_bytes += len(data)
            else:
                self._ended = True

    async def _send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            sent = await self._socket.send(view)
            view = view[sent:]

    async def send_in_time(self, data: bytes, *, last: bool) -> None:
        self._enter(Phase.SENDING)
        await self._send(data)
        if not last:
            self._enter(Phase.ANSWERING)

    async def _refuse(self, status: HTTPStatus) -> None:
        body = f"{status.value} {status.phrase}\n".encode()
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: text/plain\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self._enter(Phase.SENDING)
        try:
            await self._send(head.encode() + body)
            self._socket.shutdown(stdlib_socket.SHUT_WR)
            with trio.move_on_after(LINGER_SECONDS_MAX):
                while await self._socket.recv(RECEIVE_BYTES):
                    pass
        except OSError:
            log.debug("client_gone", phase="refusing")


class _Answer:
    """The ASGI messages of one request, turned into bytes: a whole answer leaves in one send."""

    def __init__(self, connection: Connection, request: Received, *, date_header: bytes) -> None:
        self._connection = connection
        self._request = request
        self._date_header = date_header
        self._body_given = False
        self._head = b""
        self._chunked = False
        self._bodiless = request.method == "HEAD"
        self.keep = request.keep
        self.started = False
        self.finished = False

    async def receive(self) -> Message:
        if not self._body_given:
            self._body_given = True
            return {"type": "http.request", "body": self._request.body, "more_body": False}
        # A client that has only finished sending (half-close) still wants its answer: before one has begun,
        # the end of its side says nothing.
        await self._connection.wait_gone()
        if not self.started:
            await trio.sleep_forever()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        assert message["type"] == "http.response.body", message["type"]
        assert not self.finished, "the answer has ended"
        body = message.get("body", b"")
        last = not message.get("more_body", False)
        if not self.started:
            self._head = self._begin(body, last=last)
            # Only now: a head that can't be made is still a 500.
            self.started = True
        if self._bodiless:
            data = self._head
        elif self._chunked:
            data = self._head + (b"%x\r\n%b\r\n" % (len(body), body) if body else b"")
            if last:
                data += b"0\r\n\r\n"
        else:
            data = self._head + body
        self._head = b""
        self.finished = last
        if data:
            await self._connection.send_in_time(data, last=last)

    def _begin(self, body: bytes, *, last: bool) -> bytes:
        status = self._start["status"]
        try:
            phrase = HTTPStatus(status).phrase
        except ValueError:
            phrase = "Unknown"
        lines = [b"HTTP/1.1 %d %b\r\n" % (status, phrase.encode())]
        sized = False
        for name, value in self._start.get("headers", ()):
            lower = name.lower()
            if lower == b"content-length":
                sized = True
            elif lower == b"connection":
                self.keep = self.keep and value.lower() != b"close"
                continue
            elif lower in (b"transfer-encoding", b"date"):
                continue
            if b"\r" in value or b"\n" in value:
                raise ValueError("a header's value can't hold a line break")
            lines.append(b"%b: %b\r\n" % (name, value))
        if status < 200 or status in (204, 304):
            self._bodiless = True
        elif not sized:
            if last:
                lines.append(b"content-length: %d\r\n" % len(body))
            elif self._request.http_version == "1.1":
                self._chunked = not self._bodiless
                lines.append(b"transfer-encoding: chunked\r\n")
            else:
                self.keep = False
        self.keep = self.keep and not self._connection.closing
        lines.append(self._date_header)
        if not self.keep:
            lines.append(b"connection: close\r\n")
        elif self._request.http_version == "1.0":
            lines.append(b"connection: keep-alive\r\n")
        lines.append(b"\r\n")
        return b"".join(lines)


def _decoded(path: bytes) -> str:
    return unquote_to_bytes(path).decode("utf-8", "replace") if b"%" in path else path.decode("latin-1")


def _origin_form(target: bytes) -> bytes:
    """The path and query of an absolute-form target (RFC 9112 3.2.2); other targets as they are."""
    if target[:1] == b"/":
        return target
    scheme_and_host = _SCHEME_AND_HOST.match(target)
    if scheme_and_host is None:
        return target
    path = target[scheme_and_host.end() :]
    return path if path[:1] == b"/" else b"/" + path
