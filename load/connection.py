"""One kept connection to the portal, on a gevent socket with httptools: a request out, an answer in.

Locust's own FastHttpUser spends most of a request on generality (redirects, cookies, decoding). A resident's terminal
needs none of it: one connection, kept alive, one request at a time, a deadline for each, and limits on what comes.
"""

import contextlib
import os
import re
import ssl
from enum import Enum
from functools import cache
from math import inf
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary, WeakSet

import gevent
import gevent.monkey
import gevent.socket
import gevent.ssl
import httptools

from load.clock import stopwatch_s
from load.steps import NoAnswer
from portal.wire.operation import AnyOperation, WireRequest, WireResponse

ANSWER_BYTES_MAX = 16 * 1024 * 1024
HEAD_BYTES_MAX = 64 * 1024
HEADERS_MAX = 100
RECEIVE_BYTES = 64 * 1024
AUTHORITY_VARIABLE = "MYNASIM_LOAD_AUTHORITY"
"""Names the file (PEM) with whom to trust over TLS; without it the machine's own authorities."""
TOGETHER_SECONDS = 0.0002
"""How long a request may wait for others that leave with it."""
TOGETHER_BYTES_MAX = 8 * 1024
OVERSEEN_EVERY_SECONDS = 0.1
"""By so much an exchange may outlast its deadline."""


_Socket: Any = gevent.monkey.get_original("socket", "socket")
"""The real one, without gevent's patches: it does not wait by itself."""


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


@cache
def _trust() -> ssl.SSLContext:
    """Read once: the machine's own authorities take some 10 ms."""
    context = gevent.ssl.create_default_context(cafile=os.environ.get(AUTHORITY_VARIABLE) or None)
    assert isinstance(context, ssl.SSLContext)
    context.set_alpn_protocols(["http/1.1"])
    return context


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


class _Leaving:
    """Requests that leave together, when nobody else has anything to do: the portal's side is woken once for all of them.

    A `send` to somebody on the same machine who sleeps costs more than twice what it costs when he is awake.
    """

    def __init__(self, hub: Any) -> None:
        self._loop = hub.loop
        self._waiting: list[tuple[_Wire, bytes]] = []
        self._until = 0.0

    def add(self, wire: "_Wire", data: bytes) -> None:
        waiting, now = self._waiting, stopwatch_s()
        if not waiting:
            # Runs before the loop waits for sockets again.
            self._loop.run_callback(self.send)
            self._until = now + TOGETHER_SECONDS
        waiting.append((wire, data))
        if now > self._until:
            self.send()

    def send(self) -> None:
        waiting, self._waiting = self._waiting, []
        for wire, data in waiting:
            wire.send_now(data)


class _Wire:
    """A connected clear-text socket: waits before it reads, because an answer is never there at once.

    gevent's own sockets try first, and take two more calls of Python for it: a third of what a request costs.
    """

    __slots__ = ("_hub", "_leaving", "_readable", "_socket", "_writable")

    def __init__(self, line: Any) -> None:
        """Takes over *line*'s descriptor."""
        self._socket = _Socket(line.family, line.type, line.proto, fileno=line.detach())
        self._socket.setblocking(False)
        self._hub = gevent.get_hub()
        self._leaving = _leaving(self._hub)
        self._readable = self._hub.loop.io(self._socket.fileno(), 1)
        self._writable = self._hub.loop.io(self._socket.fileno(), 2)

    def sendall(self, data: bytes) -> None:
        """Soon, if there is little of it: then whoever waits for the answer hears of what went wrong, too."""
        if len(data) <= TOGETHER_BYTES_MAX:
            self._leaving.add(self, data)
        else:
            self._send_all(data)

    def send_now(self, data: bytes) -> None:
        """In the loop itself, where nothing may wait and nobody hears of an error."""
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            # Broken, or closed meanwhile: who reads finds that out.
            return
        if sent < len(data):
            gevent.spawn(self._send_rest, data[sent:])

    def _send_rest(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            self._send_all(data)

    def _send_all(self, data: bytes) -> None:
        while data:
            try:
                data = data[self._socket.send(data) :]
            except BlockingIOError:
                self._hub.wait(self._writable)

    def recv(self, most: int) -> bytes:
        while True:
            self._hub.wait(self._readable)
            try:
                data: bytes = self._socket.recv(most)
            except BlockingIOError:
                continue
            return data

    def give_up(self) -> None:
        """Whoever waits for it wakes up and reads its end."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(gevent.socket.SHUT_RDWR)

    def close(self) -> None:
        self._readable.close()
        self._writable.close()
        self._socket.close()


_LEAVING: WeakKeyDictionary[Any, _Leaving] = WeakKeyDictionary()


def _leaving(hub: Any) -> _Leaving:
    """Of this thread's hub."""
    found = _LEAVING.get(hub)
    if found is None:
        found = _LEAVING[hub] = _Leaving(hub)
    return found


class _SafeWire:
    """The same over TLS: gevent's own."""

    __slots__ = ("_line", "close", "recv", "sendall")

    def __init__(self, line: Any) -> None:
        self._line = line
        self.sendall, self.recv, self.close = line.sendall, line.recv, line.close

    def give_up(self) -> None:
        self._line.close()


class _Overseer:
    """Ends exchanges whose time is over: one greenlet for all lines, instead of a timer for each request."""

    def __init__(self) -> None:
        self._lines: WeakSet[Connection] = WeakSet()
        self._looking: gevent.Greenlet | None = None

    def watch(self, line: "Connection") -> None:
        if line.is_watched:
            return
        line.is_watched = True
        self._lines.add(line)
        if self._looking is None or self._looking.dead:
            self._looking = gevent.spawn(self._look)

    def _look(self) -> None:
        while self._lines:
            gevent.sleep(OVERSEEN_EVERY_SECONDS)
            now = stopwatch_s()
            for line in list(self._lines):
                line.give_up(now)


_OVERSEER = _Overseer()

_PLAIN_HEADERS_MAX = 40
LINES_KEPT_MAX = 4_096
"""Header lines that are known as they stand: by far the most of an answer's stood in one before."""
LINE_KEPT_BYTES_MAX = 100


class _Line(Enum):
    """What a line of an answer's head says."""

    OTHER = 0
    LENGTH = 1
    TYPE = 2
    TIMING = 3
    STATUS = 4
    UNUSUAL = 5
    """The parser looks at it, not :func:`_plain`."""


_OTHER, _LENGTH, _TYPE, _TIMING, _STATUS = _Line.OTHER, _Line.LENGTH, _Line.TYPE, _Line.TIMING, _Line.STATUS
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)")
_START = re.compile(rb"HTTP/1\.1 ([2-5][0-9][0-9]) [\x20-\x7e]*")
_lines: dict[bytes, tuple[_Line, Any]] = {}


def _read_line(line: bytes) -> tuple[_Line, Any]:
    found: tuple[_Line, Any] = _Line.UNUSUAL, None
    if start := _START.fullmatch(line):
        found = _Line.STATUS, int(start[1])
    elif field := _FIELD.fullmatch(line):
        name, text = field[1].lower(), field[2].strip()
        if name == b"content-length":
            if text.isdigit():
                found = _Line.LENGTH, int(text)
        elif name == b"content-type":
            found = _Line.TYPE, text.decode("latin-1")
        elif name == b"server-timing":
            found = _Line.TIMING, text
        elif name not in (b"transfer-encoding", b"connection", b"upgrade"):
            found = _Line.OTHER, None
    if len(line) <= LINE_KEPT_BYTES_MAX:
        if len(_lines) >= LINES_KEPT_MAX:
            _lines.clear()
        _lines[line] = found
    return found


def _plain(data: bytes) -> tuple[WireResponse, bytes] | None:
    """The answer and its ``Server-Timing``, if *data* is one whole plain answer: by far the most are.

    What is in the least unusual is left to httptools, whose callbacks cost three times as much.
    """
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    lines = data[:end].split(b"\r\n")
    if len(lines) > _PLAIN_HEADERS_MAX:
        return None
    start = lines.pop(0)
    what, status = _lines.get(start) or _read_line(start)
    if what is not _STATUS:
        return None
    size = -1
    content_type: str | None = None
    timing: bytes | None = None
    for line in lines:
        what, value = _lines.get(line) or _read_line(line)
        if what is _OTHER:
            continue
        if what is _LENGTH and size < 0:
            size = value
        elif what is _TYPE:
            content_type = value if content_type is None else content_type
        elif what is _TIMING:
            timing = value if timing is None else timing
        else:
            return None
    body = data[end + 4 :]
    if size != len(body):
        return None
    return WireResponse(status, content_type or "", body), timing or b""


class Connection:
    """A terminal's line to the portal; opened when it is first used, and again when it broke."""

    def __init__(self, url: str, *, deadline_s: float) -> None:
        self.address = Address.parse(url)
        self._deadline_s = deadline_s
        self._socket: _Wire | _SafeWire | None = None
        self._reader = _Reader()
        self._due = inf
        self._is_late = False
        self.is_watched = False
        self.timing = b""
        """``Server-Timing`` of the last answer; empty when it had none."""
        self._heads: dict[tuple[str, str], bytes] = {}

    def __repr__(self) -> str:
        return f"<Connection to {self.address.header}, {'closed' if self._socket is None else 'open'}>"

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
        self._due = stopwatch_s() + self._deadline_s
        self._is_late = False
        _OVERSEER.watch(self)
        try:
            kept = self._socket is not None
            answer = self._exchange(content)
            # Nothing came on a kept connection: the portal had closed it while it was idle.
            if (
                isinstance(answer, NoAnswer)
                and kept
                and not self._reader.started
                and not self._is_late
                and operation.repeatable
            ):
                answer = self._exchange(content)
        except BaseException:
            # Stopped in the middle of an exchange: the rest of the answer is nobody's.
            self.close()
            raise
        finally:
            self._due = inf
        if self._is_late:
            self.close()
            return NoAnswer("timed_out", f"{self._deadline_s:g}s")
        return answer

    def give_up(self, now: float) -> None:
        """Called again and again from outside: ends an exchange whose time is over."""
        if now > self._due and self._socket is not None:
            self._is_late = True
            self._due = inf
            self._socket.give_up()

    def _exchange(self, content: bytes) -> WireResponse | NoAnswer:
        reader = self._reader
        if self._socket is None:
            try:
                self._socket = self._connect()
            except TimeoutError:
                self._is_late = True
                return NoAnswer("timed_out", "no connection")
            except ssl.SSLCertVerificationError as error:
                return NoAnswer("untrusted", error.verify_message)
            except OSError as error:
                return NoAnswer("refused", str(error))
            reader = self._reader = _Reader()
        self.timing = b""
        reader.started = reader.done = False
        line = self._socket
        try:
            line.sendall(content)
            data = line.recv(RECEIVE_BYTES)
            plain = _plain(data)
            if plain is not None:
                answer, self.timing = plain
                return answer
            reader.begin()
            if data:
                reader.feed(data)
            while data and not reader.done:
                data = line.recv(RECEIVE_BYTES)
                if data:
                    reader.feed(data)
            if not reader.done:
                self.close()
                return NoAnswer("reset", "closed before the answer was whole")
        except OSError as error:
            self.close()
            return NoAnswer("reset", str(error))
        except _Unreadable as error:
            self.close()
            return NoAnswer("malformed", str(error))
        self.timing = reader.timing
        if not reader.keep:
            self.close()
        return WireResponse(reader.status, reader.content_type, reader.body)

    def _connect(self) -> "_Wire | _SafeWire":
        address = self.address
        line: Any = gevent.socket.create_connection((address.host, address.port), self._deadline_s)
        line.setsockopt(gevent.socket.IPPROTO_TCP, gevent.socket.TCP_NODELAY, 1)
        if address.tls:
            line = _trust().wrap_socket(line, server_hostname=address.host)
            line.settimeout(None)
            return _SafeWire(line)
        # From here on the overseer keeps the time, for a tenth of what a timer for each wait costs.
        return _Wire(line)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
