"""One kept connection to the portal, on a gevent socket with httptools: a request out, an answer in.

Locust's own FastHttpUser spends most of a request on generality (redirects, cookies, decoding). A resident's terminal
needs none of it: one connection, kept alive, one request at a time, a deadline for each, and limits on what comes.
"""

import ssl
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import gevent
import gevent.socket
import gevent.ssl
import httptools

from load.steps import NoAnswer
from portal.wire.operation import AnyOperation, WireRequest, WireResponse

ANSWER_BYTES_MAX = 16 * 1024 * 1024
HEAD_BYTES_MAX = 64 * 1024
HEADERS_MAX = 100
RECEIVE_BYTES = 64 * 1024


class Address(NamedTuple):
    host: str
    port: int
    tls: bool
    prefix: str
    header: str
    """What stands in ``Host``."""

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Raises ``ValueError`` with what is wrong, in Japanese."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"アドレス {url!r} は http:// または https:// で始まる形で書いてください。")
        tls = parts.scheme == "https"
        return cls(
            parts.hostname, parts.port or (443 if tls else 80), tls, parts.path.rstrip("/"), parts.netloc
        )


class _Unreadable(Exception):
    """What came is no answer, or larger than we take."""


class _Reader:
    """Reads one answer at a time: httptools' callbacks."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.begin()

    def begin(self) -> None:
        self.done = False
        self.started = False
        self.keep = False
        self.status = 0
        self.content_type = ""
        self.timing = b""
        self._headers = 0
        self._in_body = False
        self._parts: list[bytes] = []
        self._size = 0
        self._head_bytes = 0

    def feed(self, data: bytes) -> None:
        """Raises :class:`_Unreadable`."""
        if not self._in_body:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                raise _Unreadable("the head of the answer is too large")
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            raise _Unreadable(f"{error.__context__ or error}") from error

    @property
    def body(self) -> bytes:
        return b"".join(self._parts)

    def on_message_begin(self) -> None:
        if self.done:
            raise _Unreadable("more than one answer")
        self.started = True

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers += 1
        if self._headers > HEADERS_MAX:
            raise _Unreadable("too many header fields")
        if len(name) == 12 and name.lower() == b"content-type":
            self.content_type = value.decode("latin-1")
        elif len(name) == 13 and name.lower() == b"server-timing":
            self.timing = value

    def on_headers_complete(self) -> None:
        self._in_body = True

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > ANSWER_BYTES_MAX:
            raise _Unreadable("answer too large")
        self._parts.append(body)

    def on_message_complete(self) -> None:
        status = self.parser.get_status_code()
        if status < 200:
            # An interim answer is none yet.
            self.begin()
            self.started = True
            return
        self.status = status
        self.done = True
        self.keep = self.parser.should_keep_alive()


class Connection:
    """A terminal's line to the portal; opened when it is first used, and again when it broke."""

    def __init__(self, url: str, *, deadline_s: float) -> None:
        self.address = Address.parse(url)
        self._deadline_s = deadline_s
        self._socket: Any = None
        self._reader = _Reader()
        self._heads: dict[tuple[str, str], bytes] = {}

    def __repr__(self) -> str:
        return f"<Connection to {self.address.header}, {'closed' if self._socket is None else 'open'}>"

    @property
    def timing(self) -> bytes:
        """``Server-Timing`` of the last answer; empty when it had none."""
        return self._reader.timing

    def encode(self, request: WireRequest) -> bytes:
        """The request's bytes; a head whose target never changes is made once."""
        fixed = (request.method, request.path)
        start = None if request.query else self._heads.get(fixed)
        if start is None:
            address = self.address
            text = f"{request.method} {address.prefix}{request.target} HTTP/1.1\r\nhost: {address.header}\r\n"
            start = text.encode("ascii")
            if not request.query and len(self._heads) < 64:
                self._heads[fixed] = start
        body = request.body
        rest = ""
        if request.authorization:
            rest = f"authorization: {request.authorization}\r\n"
        if request.content_type:
            rest += f"content-type: {request.content_type}\r\n"
        if body or request.method in ("POST", "PUT"):
            rest += f"content-length: {len(body)}\r\n"
        return start + (rest + "\r\n").encode("latin-1") + body

    def exchange(self, operation: AnyOperation, request: WireRequest) -> WireResponse | NoAnswer:
        """One request, one answer, within the deadline."""
        content = self.encode(request)
        try:
            with gevent.Timeout(self._deadline_s):
                kept = self._socket is not None
                answer = self._exchange(content)
                # Nothing came on a kept connection: the portal had closed it while it was idle.
                if (
                    isinstance(answer, NoAnswer)
                    and kept
                    and not self._reader.started
                    and operation.repeatable
                ):
                    answer = self._exchange(content)
                return answer
        except gevent.Timeout:
            self.close()
            return NoAnswer("timed_out", f"{self._deadline_s:g}s")
        except BaseException:
            # Stopped in the middle of an exchange: the rest of the answer is nobody's.
            self.close()
            raise

    def _exchange(self, content: bytes) -> WireResponse | NoAnswer:
        reader = self._reader
        if self._socket is None:
            try:
                self._socket = self._connect()
            except OSError as error:
                return NoAnswer("refused", str(error))
            reader = self._reader = _Reader()
        reader.begin()
        line = self._socket
        try:
            line.sendall(content)
            while not reader.done:
                data = line.recv(RECEIVE_BYTES)
                if not data:
                    self.close()
                    return NoAnswer("reset", "closed before the answer was whole")
                reader.feed(data)
        except OSError as error:
            self.close()
            return NoAnswer("reset", str(error))
        except _Unreadable as error:
            self.close()
            return NoAnswer("malformed", str(error))
        if not reader.keep:
            self.close()
        return WireResponse(reader.status, reader.content_type, reader.body)

    def _connect(self) -> Any:
        address = self.address
        line = gevent.socket.create_connection((address.host, address.port))
        line.setsockopt(gevent.socket.IPPROTO_TCP, gevent.socket.TCP_NODELAY, 1)
        if not address.tls:
            return line
        context = gevent.ssl.create_default_context()
        assert isinstance(context, ssl.SSLContext)
        return context.wrap_socket(line, server_hostname=address.host)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
