"""The live carrier: HTTP/1.1 over Trio with a pool of kept connections, on httptools.

httpx on Trio does 278 calls a second at 64 tasks because its pool is quadratic; this does what our systems need
of each other and no more: no redirects, no proxies, no cookies.
"""

import socket as stdlib_socket
import ssl
from collections import deque
from typing import NamedTuple
from urllib.parse import urlsplit

import httptools
import trio

from portal.links.link import Reason, Unreachable
from portal.wire.operation import AnyOperation, WireRequest, WireResponse

CONNECTIONS_MAX = 64
"""To one address."""
ANSWER_BYTES_MAX = 16 * 1024 * 1024
RECEIVE_BYTES = 64 * 1024
HEADERS_MAX = 100


class Address(NamedTuple):
    host: str
    port: int
    tls: bool
    prefix: str

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Raises ``ValueError`` with what is wrong, in Japanese."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"アドレス {url!r} は http:// または https:// で始まる形で書いてください。")
        tls = parts.scheme == "https"
        return cls(parts.hostname, parts.port or (443 if tls else 80), tls, parts.path.rstrip("/"))


class _Broken(Exception):
    """The connection ended, or what came is not HTTP."""


class _Connection:
    """One kept connection; carries one request at a time."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._size = 0
        self._content_type = ""
        self._headers: list[tuple[str, str]] = []
        self._keep = False
        self.done = False
        self.started = False

    # httptools' callbacks
    def on_message_begin(self) -> None:
        self.started = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self._headers) >= HEADERS_MAX:
            raise _Broken("too many header fields")
        lower = name.lower().decode("latin-1")
        text = value.decode("latin-1")
        if lower == "content-type":
            self._content_type = text
        self._headers.append((lower, text))

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > ANSWER_BYTES_MAX:
            raise _Broken("answer too large")
        self._body.append(body)

    def on_message_complete(self) -> None:
        # An interim 1xx answer is no answer yet.
        if self._parser.get_status_code() >= 200:
            self.done = True
            # Only here: once the message is over, llhttp answers for the next one.
            self._keep = self._parser.should_keep_alive()

    async def exchange(self, head_and_body: bytes) -> tuple[WireResponse, bool]:
        """The answer, and whether the connection can carry another. Raises :class:`_Broken`."""
        try:
            await self.stream.send_all(head_and_body)
            while not self.done:
                data = await self.stream.receive_some(RECEIVE_BYTES)
                if not data:
                    raise _Broken("closed before the answer was whole")
                self._parser.feed_data(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError, OSError) as error:
            raise _Broken(str(error)) from error
        except httptools.HttpParserError as error:
            raise _Broken(f"not HTTP: {error}") from error
        status = self._parser.get_status_code()
        keep = self._keep
        response = WireResponse(status, self._content_type, b"".join(self._body), tuple(self._headers))
        self._begin()
        return response, keep


class HttpCarrier:
    """Carries requests to one address."""

    def __init__(
        self, url: str, *, connections_max: int = CONNECTIONS_MAX, tls: ssl.SSLContext | None = None
    ) -> None:
        self.url = url
        self._address = Address.parse(url)
        self._tls = tls
        self._idle: deque[_Connection] = deque()
        self._slots = trio.Semaphore(connections_max)
        self._closed = False
        default = 443 if self._address.tls else 80
        port = "" if self._address.port == default else f":{self._address.port}"
        host = f"[{self._address.host}]" if ":" in self._address.host else self._address.host
        self._host_header = f"{host}{port}"

    def __repr__(self) -> str:
        return f"HttpCarrier({self.url!r})"

    async def _connect(self) -> _Connection:
        tcp = await trio.open_tcp_stream(self._address.host, self._address.port)
        tcp.setsockopt(stdlib_socket.IPPROTO_TCP, stdlib_socket.TCP_NODELAY, 1)
        if not self._address.tls:
            return _Connection(tcp)
        context = self._tls or ssl.create_default_context()
        return _Connection(
            trio.SSLStream(tcp, context, server_hostname=self._address.host, https_compatible=True)
        )

    def _encode(self, request: WireRequest) -> bytes:
        head = [
            f"{request.method} {self._address.prefix}{request.target} HTTP/1.1\r\nhost: {self._host_header}\r\n"
        ]
        if request.authorization:
            head.append(f"authorization: {request.authorization}\r\n")
        if request.content_type:
            head.append(f"content-type: {request.content_type}\r\n")
        if request.body or request.method in ("POST", "PUT"):
            head.append(f"content-length: {len(request.body)}\r\n")
        head.append("\r\n")
        return "".join(head).encode("latin-1") + request.body

    async def carry(self, operation: AnyOperation, request: WireRequest) -> WireResponse | Unreachable:
        """One request, one answer. A kept connection that the other side had closed meanwhile is replaced unseen."""
        content = self._encode(request)
        async with self._slots:
            while True:
                kept = bool(self._idle)
                if kept:
                    connection = self._idle.pop()
                else:
                    try:
                        connection = await self._connect()
                    except OSError as error:
                        return Unreachable(Reason.REFUSED, str(error))
                whole = False
                try:
                    response, whole = await connection.exchange(content)
                except _Broken as broken:
                    # Nothing of an answer came on a kept connection: the peer closed it while it was idle, so a
                    # repeatable request can go out again; for others the caller must learn that nobody knows.
                    if kept and not connection.started and operation.repeatable:
                        continue
                    return Unreachable(Reason.RESET, str(broken))
                else:
                    return response
                finally:
                    if whole and not self._closed:
                        self._idle.append(connection)
                    else:
                        # A cancelled or broken exchange leaves the connection in the middle of a message.
                        await trio.aclose_forcefully(connection.stream)

    async def aclose(self) -> None:
        """Close what is idle; what is on its way closes itself when it ends."""
        self._closed = True
        while self._idle:
            await trio.aclose_forcefully(self._idle.pop().stream)
