"""Answers as bytes: of operations in one piece, of ASGI apps as their messages come."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from enum import Enum
from http import HTTPStatus
from typing import Any, Final, Protocol
from urllib.parse import unquote_to_bytes

import structlog
import trio

from portal.serving.lane.parsing import Received
from portal.wire.operation import PROBLEM_JSON, WireResponse, encode_problem
from portal.wire.problems import ProblemCode, problem

log = structlog.get_logger(__name__)

Message = MutableMapping[str, Any]
App = Callable[
    [dict[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]

_SCHEME_AND_HOST = re.compile(rb"(?i:http)://[^/?#]*")
HEADS_KEPT_MAX = 256
EVENT_STREAM = b"text/event-stream"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

FIELDS_KEPT_MAX = 1_000
"""Of ``Server-Timing``: each time of less than a millisecond once."""
SHORT_TIMING = len("total;dur=0.999")

_heads: dict[tuple[int, str], bytes] = {}
_fields: dict[tuple[str, str], bytes] = {}


_TOO_LARGE: Final = encode_problem(
    problem(
        ProblemCode.TOO_LARGE,
        "一度に受け取れる大きさを超えているため、読まずに断りました。いくつかに分けて送ってください。",
    )
).body


def origin_form(target: bytes) -> bytes:
    """The path and query of an absolute-form target (RFC 9112 3.2.2); other targets as they are."""
    if target[:1] == b"/":
        return target
    scheme_and_host = _SCHEME_AND_HOST.match(target)
    if scheme_and_host is None:
        return target
    path = target[scheme_and_host.end() :]
    return path if path[:1] == b"/" else b"/" + path


def _phrase(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b"Unknown"


def refusal(status: HTTPStatus) -> bytes:
    """The last word on a connection that can't be served.

    Too large a body is no mistake of a client that does not know HTTP: its sender is told in the words of every problem.
    """
    media, body = "text/plain", f"{status.value} {status.phrase}\n".encode()
    if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        media, body = PROBLEM_JSON, _TOO_LARGE
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: {media}\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body


def _persistence(request: Received, *, keep: bool) -> bytes:
    if not keep:
        return b"connection: close\r\n\r\n"
    return b"\r\n" if request.http_version == "1.1" else b"connection: keep-alive\r\n\r\n"


def _operation_head(status: int, content_type: str) -> bytes:
    head = (
        b"HTTP/1.1 %d %b\r\ncontent-type: %b\r\nx-content-type-options: nosniff\r\ncache-control: no-store\r\n"
        b"content-length: " % (status, _phrase(status), content_type.encode("latin-1"))
    )
    assert head.count(b"\r\n") == 4, "a header's value can't hold a line break"
    if len(_heads) < HEADS_KEPT_MAX:
        _heads[status, content_type] = head
    return head


def _field(header: tuple[str, str]) -> bytes:
    name, value = header
    assert "\r" not in value and "\n" not in value, "a header's value can't hold a line break"
    field = f"{name}: {value}\r\n".encode("latin-1")
    if len(value) <= SHORT_TIMING and value.startswith("total;dur=") and len(_fields) < FIELDS_KEPT_MAX:
        _fields[header] = field
    return field


def operation_answer(request: Received, response: WireResponse, date_header: bytes, *, keep: bool) -> bytes:
    """An operation's whole answer."""
    status, body = response.status, response.body
    head = _heads.get((status, response.content_type)) or _operation_head(status, response.content_type)
    fields = b""
    if response.headers:
        for header in response.headers:
            fields += _fields.get(header) or _field(header)
    return b"%b%d\r\n%b%b%b%b" % (
        head,
        len(body),
        fields,
        date_header,
        b"\r\n" if keep and request.http_version == "1.1" else _persistence(request, keep=keep),
        b"" if request.method == "HEAD" else body,
    )


class Outcome(Enum):
    """How an ASGI app left its connection."""

    KEEP = "keep"
    CLOSE = "close"
    FAILED = "failed"
    """Nothing was sent: the client is owed a 500."""


class Peer(Protocol):
    """What an ASGI answer needs of its connection."""

    @property
    def closing(self) -> bool: ...
    def streams(self) -> None:
        """The answer has no end of its own: whoever shuts down need not wait for one."""
        ...

    def date_header(self) -> bytes: ...
    def scope_base(self) -> dict[str, Any]: ...
    async def wait_ended(self) -> None: ...
    async def send(self, data: bytes, *, last: bool) -> None: ...


class AsgiAnswer:
    """The ASGI messages of one request, turned into bytes: a whole answer leaves in one send."""

    def __init__(self, app: App, peer: Peer, request: Received) -> None:
        self._app = app
        self._peer = peer
        self._request = request
        self._body_given = False
        self._start: Message | None = None
        self._head = b""
        self._chunked = False
        self._bodiless = request.method == "HEAD"
        self.keep = request.keep
        self.started = False
        self.finished = False

    async def run(self) -> Outcome:
        request = self._request
        path, _, query = origin_form(request.target).partition(b"?")
        scope: dict[str, Any] = {
            **self._peer.scope_base(),
            "http_version": request.http_version,
            "method": request.method,
            "path": _decoded(path),
            "raw_path": path,
            "query_string": query,
            "headers": request.headers,
        }
        try:
            await self._app(scope, self._receive, self._send)
        except Exception as error:
            gone = isinstance(error, (OSError, trio.BrokenResourceError, trio.ClosedResourceError))
            if not (self.started and gone):
                # Not the path: what somebody typed into an address has no place in a log.
                log.exception("app_failed", method=request.method)
        if not self.started:
            return Outcome.FAILED
        return Outcome.KEEP if self.finished and self.keep else Outcome.CLOSE

    async def _receive(self) -> Message:
        if not self._body_given:
            self._body_given = True
            return {"type": "http.request", "body": self._request.body, "more_body": False}
        # A client that has only finished sending (half-close) still wants its answer: before one has begun,
        # the end of its side says nothing.
        await self._peer.wait_ended()
        if not self.started:
            await trio.sleep_forever()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
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
            await self._peer.send(data, last=last)

    def _begin(self, body: bytes, *, last: bool) -> bytes:
        assert self._start is not None, "http.response.start comes first"
        status = self._start["status"]
        lines = [b"HTTP/1.1 %d %b\r\n" % (status, _phrase(status))]
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
            elif lower == b"content-type" and value.startswith(EVENT_STREAM):
                self._peer.streams()
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
        self.keep = self.keep and not self._peer.closing
        lines += [self._peer.date_header(), _persistence(self._request, keep=self.keep)]
        return b"".join(lines)


def _decoded(path: bytes) -> str:
    return unquote_to_bytes(path).decode("utf-8", "replace") if b"%" in path else path.decode("latin-1")
