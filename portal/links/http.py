"""The live carrier: HTTP/1.1 over Trio with a pool of kept connections, on httptools.

httpx on Trio does 278 calls a second at 64 tasks because its pool is quadratic; this does what our systems need
of each other and no more: no redirects, no proxies, no cookies.
"""

import contextlib
import socket as stdlib_socket
import ssl
from collections import deque
from math import inf
from typing import NamedTuple
from urllib.parse import urlsplit

import httptools
import trio

from portal.links.link import Reason, Unreachable
from portal.wire.operation import AnyOperation, WireRequest, WireResponse

CONNECTIONS_MAX = 64
"""To one address."""
CALLS_WAITING_MAX = 1_000
"""Calls that may wait for a connection; one more is refused at once."""
ANSWER_BYTES_MAX = 16 * 1024 * 1024
HEAD_BYTES_MAX = 64 * 1024
"""Everything of an answer that comes before its body."""
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
        wrong = f"アドレス {url!r} は http:// または https:// で始まる形で、ポートは1から65535までで書いてください。"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise ValueError(wrong) from error
        if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
            raise ValueError(wrong)
        tls = parts.scheme == "https"
        return cls(parts.hostname, port or (443 if tls else 80), tls, parts.path.rstrip("/"))


class _Broken(Exception):
    """The connection ended before the answer did."""


class _Unreadable(Exception):
    """What came is no HTTP answer, or larger than we take."""


class _ClearText:
    """A TCP connection without TLS, as far as a connection needs one: one wait for an answer, and no other step."""

    def __init__(self, socket: stdlib_socket.socket) -> None:
        socket.setblocking(False)
        self._socket = socket

    async def send_all(self, data: bytes) -> None:
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        while sent < len(data):
            await trio.lowlevel.wait_writable(self._socket)
            with contextlib.suppress(BlockingIOError):
                sent += self._socket.send(memoryview(data)[sent:])

    async def receive_some(self, most: int) -> bytes:
        while True:
            # Nobody answers before the request has reached him: trying first would be in vain.
            await trio.lowlevel.wait_readable(self._socket)
            with contextlib.suppress(BlockingIOError):
                return self._socket.recv(most)

    def silent(self) -> bool:
        """Whether nothing has come, not even the end."""
        try:
            self._socket.recv(1, stdlib_socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    async def close(self) -> None:
        self._socket.close()


class _Tls:
    """The same under TLS, where there may be a session ticket, which is no reason to end it."""

    def __init__(self, stream: trio.SSLStream[trio.SocketStream]) -> None:
        self._stream = stream
        self.send_all = stream.send_all
        self.receive_some = stream.receive_some

    def silent(self) -> bool:
        return True

    async def close(self) -> None:
        await trio.aclose_forcefully(self._stream)


class _Connection:
    """One kept connection; carries one request at a time."""

    def __init__(self, stream: _ClearText | _Tls) -> None:
        self.stream = stream
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._clear()
        self._fed = 0
        self._status = 0
        self._keep = False
        self.done = False
        self.started = False

    def _clear(self) -> None:
        self._body: list[bytes] = []
        self._size = 0
        self._content_type = ""
        self._headers: list[tuple[str, str]] = []
        self._head_whole = False
        self._sized = False

    # httptools' callbacks
    def on_message_begin(self) -> None:
        if self.done:
            # Nobody asked for a second answer; the next caller must not take it for its own.
            raise _Unreadable("more than one answer")
        self.started = True
        self._clear()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head_whole:
            return  # a trailer is no header
        if len(self._headers) >= HEADERS_MAX:
            raise _Unreadable("too many header fields")
        lower = name.lower().decode("latin-1")
        text = value.decode("latin-1")
        if lower == "content-type":
            self._content_type = text
        elif lower in ("content-length", "transfer-encoding"):
            self._sized = True
        self._headers.append((lower, text))

    def on_headers_complete(self) -> None:
        self._head_whole = True

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > ANSWER_BYTES_MAX:
            raise _Unreadable("answer too large")
        self._body.append(body)

    def on_message_complete(self) -> None:
        # An interim 1xx answer is no answer yet.
        status = self._parser.get_status_code()
        if status >= 200:
            self.done = True
            self._status = status
            # Only here: once the message is over, llhttp answers for the next one.
            self._keep = self._parser.should_keep_alive()

    async def exchange(self, head_and_body: bytes) -> tuple[WireResponse, bool]:
        """The answer, and whether the connection can carry another. Raises :class:`_Broken`, :class:`_Unreadable`."""
        try:
            await self.stream.send_all(head_and_body)
            while not self.done:
                data = await self.stream.receive_some(RECEIVE_BYTES)
                if not data:
                    self._ended()
                    break
                self._feed(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError, OSError) as error:
            raise _Broken(str(error.__cause__ or error)) from error
        response = WireResponse(self._status, self._content_type, b"".join(self._body), tuple(self._headers))
        keep = self._keep
        self._begin()
        return response, keep

    def _feed(self, data: bytes | bytearray) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as error:
            raise _Unreadable("an upgrade that was not asked for") from error
        except httptools.HttpParserError as error:
            if self.done:
                # The answer is whole; what came behind it only costs the connection.
                self._keep = False
                return
            raise _Unreadable(f"{error.__context__ or error}") from error
        if not self._head_whole:
            # The parser keeps a field until its end; without an end it would keep all that comes.
            self._fed += len(data)
            if self._fed > HEAD_BYTES_MAX:
                raise _Unreadable("the head of the answer is too large")

    def _ended(self) -> None:
        """The other side closed: for an answer that says no length that is its end (RFC 9112 6.3)."""
        if not self._head_whole or self._sized or self._parser.get_status_code() < 200:
            raise _Broken("closed before the answer was whole")
        self._status = self._parser.get_status_code()


class HttpCarrier:
    """Carries requests to one address."""

    def __init__(
        self, url: str, *, connections_max: int = CONNECTIONS_MAX, tls: ssl.SSLContext | None = None
    ) -> None:
        self.url = url
        self._address = Address.parse(url)
        self._tls = tls
        self._idle: deque[_Connection] = deque()
        self._connections_max = connections_max
        self._in_use = 0
        self._waiting = trio.lowlevel.ParkingLot()
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
            return _Connection(_ClearText(stdlib_socket.socket(fileno=tcp.socket.detach())))
        context = self._tls or ssl.create_default_context()
        stream = trio.SSLStream(tcp, context, server_hostname=self._address.host, https_compatible=True)
        try:
            # Here, so that a certificate that is not trusted is a refusal: nothing was sent.
            await stream.do_handshake()
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise
        return _Connection(_Tls(stream))

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

    async def carry(
        self, operation: AnyOperation, request: WireRequest, within_s: float = inf
    ) -> WireResponse | Unreachable:
        """One request, one answer. A kept connection that the other side had closed meanwhile is replaced unseen."""
        with trio.move_on_after(within_s):
            return await self._carry(operation, request)
        return Unreachable(Reason.TIMED_OUT)

    async def _carry(self, operation: AnyOperation, request: WireRequest) -> WireResponse | Unreachable:
        content = self._encode(request)
        if self._in_use < self._connections_max:
            self._in_use += 1
        elif len(self._waiting) >= CALLS_WAITING_MAX:
            return Unreachable(Reason.OVERLOADED, f"{CALLS_WAITING_MAX} calls are waiting for a connection")
        else:
            # Whoever ends hands over his place.
            await self._waiting.park()
        try:
            return await self._exchange(operation, content)
        finally:
            if not self._waiting.unpark(count=1):
                self._in_use -= 1

    async def _exchange(self, operation: AnyOperation, content: bytes) -> WireResponse | Unreachable:
        while True:
            kept = bool(self._idle)
            if kept:
                connection = self._idle.pop()
                if not connection.stream.silent():
                    await connection.stream.close()
                    continue
            else:
                try:
                    connection = await self._connect()
                except (OSError, trio.BrokenResourceError) as error:
                    return Unreachable(Reason.REFUSED, str(error.__cause__ or error))
            whole = False
            try:
                response, whole = await connection.exchange(content)
            except _Broken as broken:
                # Nothing of an answer came on a kept connection: the peer closed it while it was idle, so a
                # repeatable request can go out again; for others the caller must learn that nobody knows.
                if kept and not connection.started and operation.repeatable:
                    continue
                return Unreachable(Reason.RESET, str(broken))
            except _Unreadable as unreadable:
                return Unreachable(Reason.MALFORMED, str(unreadable))
            else:
                return response
            finally:
                if whole and not self._closed:
                    self._idle.append(connection)
                else:
                    # A cancelled or broken exchange leaves the connection in the middle of a message.
                    await connection.stream.close()

    async def aclose(self) -> None:
        """Close what is idle; what is on its way closes itself when it ends."""
        self._closed = True
        while self._idle:
            await self._idle.pop().stream.close()
