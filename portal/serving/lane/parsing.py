"""From bytes to whole requests, on httptools; what could be read two ways is refused."""

from collections import deque
from collections.abc import Callable
from http import HTTPStatus

import httptools
import msgspec

from portal.serving.lane.limits import (
    BODY_BYTES_MAX,
    FRAMING_BYTES_MAX,
    HEADER_BYTES_MAX,
    HEADERS_MAX,
    TARGET_BYTES_MAX,
)

BodyLimit = Callable[[str, bytes], int]
"""How many bytes of a body are kept for this method and target."""


class Received(msgspec.Struct, frozen=True):
    """One whole request."""

    method: str
    target: bytes
    headers: list[tuple[bytes, bytes]]
    """Names in small letters."""
    body: bytes
    body_bytes: int
    """What was sent; more than ``body`` when it was more than is taken."""
    http_version: str
    keep: bool


class Refusal(Exception):
    """What came can't be served; the connection ends with this status."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


_METHODS = {method.encode(): method for method in ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS")}
_READ_HERE = frozenset((b"host", b"content-length", b"transfer-encoding", b"expect"))


def _all(_: str, __: bytes) -> int:
    return BODY_BYTES_MAX


class Parsing:
    """httptools' callbacks: gathers whole requests, refuses what is over a limit."""

    __slots__ = (
        "_body", "_body_bytes", "_body_limit", "_fed_bytes", "_header_bytes", "_headers", "_headers_complete",
        "_kept_bytes_max", "_method", "_target", "_version", "begun", "expects_continue", "parser", "refusal",
        "requests",
    )  # fmt: skip

    def __init__(self, body_limit: BodyLimit = _all) -> None:
        self._body_limit = body_limit
        self.requests: deque[Received] = deque()
        self.expects_continue = False
        self.begun = False
        self.refusal: Refusal | None = None
        self.parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._header_bytes = 0
        self._headers_complete = False
        self._body: list[bytes] | None = None
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

    # httptools' callbacks

    def on_message_begin(self) -> None:
        self.begun = True
        self.expects_continue = self._headers_complete = False
        self._target = b""
        self._headers = []
        self._header_bytes = self._body_bytes = self._fed_bytes = 0
        self._body = None

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
        # Spaces around a value are none of it (RFC 9110 5.5); the parser leaves those behind it.
        self._headers.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        self._headers_complete = True
        self._version = version = self.parser.get_http_version()
        if version not in ("1.1", "1.0"):
            self._refuse(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
        method = self.parser.get_method()
        self._method = _METHODS.get(method) or method.decode("latin-1")
        if self._method == "CONNECT":
            self._refuse(HTTPStatus.NOT_IMPLEMENTED)
        hosts = 0
        for name, value in self._headers:
            if name not in _READ_HERE:
                continue
            if name == b"host":
                hosts += 1
            elif name == b"content-length":
                if int(value) > BODY_BYTES_MAX and int(value) > self._body_limit(self._method, self._target):
                    self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            elif name == b"transfer-encoding":
                if version == "1.0":
                    # Its framing can't be trusted (RFC 9112 6.1).
                    self._refuse(HTTPStatus.BAD_REQUEST)
                if value.lower() != b"chunked":
                    self._refuse(HTTPStatus.NOT_IMPLEMENTED)
            elif name == b"expect" and value.lower() == b"100-continue":
                self.expects_continue = True
        if hosts != 1 and (hosts or version != "1.0"):
            self._refuse(HTTPStatus.BAD_REQUEST)

    def on_body(self, part: bytes) -> None:
        if self._body is None:
            self._body = []
            self._kept_bytes_max = self._body_limit(self._method, self._target)
        self.expects_continue = False
        self._body_bytes += len(part)
        if self._body_bytes > max(BODY_BYTES_MAX, self._kept_bytes_max):
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if self._body_bytes > self._kept_bytes_max:
            self._body.clear()
        else:
            self._body.append(part)

    def on_message_complete(self) -> None:
        self.begun = self.expects_continue = False
        body = self._body
        self.requests.append(
            Received(
                self._method,
                self._target,
                self._headers,
                b"" if body is None else body[0] if len(body) == 1 else b"".join(body),
                self._body_bytes,
                self._version,
                self.parser.should_keep_alive(),
            )
        )
