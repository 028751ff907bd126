"""One client's clear-text HTTP/1.1 connection: what it has sent, what it is owed, and where it stands.

Everything here happens in one step of some task, mostly the reactor's; nothing waits, except an ASGI app for a
client that does not take its answer.
"""

import socket as stdlib_socket
from collections import deque
from collections.abc import Coroutine
from enum import Enum
from http import HTTPStatus
from math import inf
from select import EPOLLIN, EPOLLOUT
from typing import Any, Protocol

import structlog
import trio

from portal.serving.lane.answering import CONTINUE, App, AsgiAnswer, Outcome, operation_answer, refusal
from portal.serving.lane.lending import LATER, Lender
from portal.serving.lane.limits import (
    GATHERED_BYTES_MAX,
    LINGER_SECONDS_MAX,
    RECEIVE_BYTES,
    REQUESTS_A_TURN_MAX,
    UNREAD_BYTES_MAX,
    Patience,
)
from portal.serving.lane.parsing import BodyLimit, Parsing, Received, Refusal
from portal.serving.shield import WHOLE_REQUESTS
from portal.wire.operation import WireResponse

log = structlog.get_logger(__name__)


class Operations(Protocol):
    """What answers some requests without ASGI messages."""

    def operate(
        self, request: Received, peer: tuple[str, int] | None
    ) -> Coroutine[Any, Any, WireResponse] | None:
        """The answer to who is at *peer*, begun; None when it is no operation that is asked for."""
        ...

    def body_limit(self, method: str, target: bytes) -> int: ...


class House(Protocol):
    """What a connection needs of the reactor it belongs to."""

    app: App
    operations: Operations | None
    lender: Lender
    patience: Patience
    state: dict[str, Any]
    body_limit: BodyLimit
    now: float
    """Trio's time, as of this turn."""

    def date_header(self) -> bytes: ...
    def watch(self, connection: "Connection", events: int) -> None: ...
    def forget(self, connection: "Connection") -> None: ...
    def again(self, connection: "Connection") -> None:
        """Call :meth:`Connection.advance` soon."""
        ...

    def sends_later(self, connection: "Connection") -> bool:
        """Whether what is gathered leaves with that of others: :meth:`Connection.advance` is called again for it."""
        ...


class Phase(Enum):
    """Where a connection is."""

    IDLE = "idle"
    RECEIVING = "receiving"
    ANSWERING = "answering"
    SENDING = "sending"
    """The client has not taken all of an answer yet."""
    LINGERING = "lingering"
    """Our side is closed; what still comes is thrown away, so that the client sees the last word."""
    CLOSED = "closed"


# An enum's members are looked up by its metaclass; these are looked at for each request.
_IDLE, _ANSWERING, _LINGERING = Phase.IDLE, Phase.ANSWERING, Phase.LINGERING


class Connection:
    """接続."""

    __slots__ = (
        "_answering", "_beginning", "_ended_event", "_gathered", "_gathered_bytes", "_house", "_last", "_parsing", "_peer",
        "_refusal", "_streaming", "_unread", "_unread_bytes", "_unsent", "closed", "closing", "deadline", "drained", "ended", "events",
        "phase", "socket",
    )  # fmt: skip

    def __init__(self, house: House, socket: stdlib_socket.socket, peer: tuple[str, int] | None) -> None:
        self._house = house
        self._peer = peer
        self._parsing = Parsing(house.body_limit)
        self._answering: Received | None = None
        self._beginning = False
        """What is being answered has not waited yet: its answer leaves when it ends or waits."""
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self._unsent: memoryview | None = None
        self._unread: deque[bytes] | None = None
        self._unread_bytes = 0
        self._refusal: Refusal | None = None
        self._last = False
        """No request after this one is answered."""
        self._streaming = False
        """What is being answered ends when nobody is there any more, or we are not."""
        self._ended_event: trio.Event | None = None
        self.ended = False
        """The client has closed its side."""
        self.drained: trio.Event | None = None
        self.socket = socket
        self.events = EPOLLIN
        self.closed = False
        self.closing = False
        self.phase = Phase.IDLE
        self.deadline = house.now + house.patience.idle_seconds

    def __repr__(self) -> str:
        return f"<lane.Connection {self.phase.name}>"

    # What happens to it

    def readable(self) -> None:
        """Something has come, or the client has closed its side, or is gone."""
        try:
            data = self.socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self._gone()
            return
        if self.phase is _LINGERING:
            if not data:
                self.close()
        elif not data:
            self._client_ended()
        elif self._answering is not None or self._unsent is not None or self._parsing.requests:
            self._keep_unread(data)
        else:
            try:
                self._parsing.feed(data)
            except Refusal as refused:
                # Whole requests that came before the bad one still get their answers.
                self._refusal = refused
            self.advance()

    def writable(self) -> None:
        """The client has taken something."""
        if self._unsent is not None and not self._push():
            return
        if self.closed:
            return
        if self.drained is not None:
            self.drained.set()
        if self._answering is None:
            self.advance()

    def hung_up(self) -> None:
        """Both sides are closed, or the connection is broken: nobody is there any more."""
        if self.events & EPOLLIN:
            # Whatever came before that.
            self.readable()
        if not self.closed and not self.events & EPOLLIN:
            self._gone()

    def late(self) -> None:
        """Its time in this phase is over."""
        if self.phase is Phase.RECEIVING:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.close()

    def close_when_idle(self) -> None:
        """Shutting down: an idle connection ends now, a busy one after its answer, a stream as if its reader had left."""
        self.closing = True
        if self.phase is Phase.IDLE:
            self.close()
        elif self._streaming and self._ended_event is not None:
            self._ended_event.set()

    def _client_ended(self) -> None:
        self.ended = True
        if self._ended_event is not None:
            self._ended_event.set()
        if (
            self._answering is None
            and self._unsent is None
            and not (self._parsing.requests or self._gathered)
        ):
            # What it has begun it will never finish.
            self.close()
        else:
            self._watch()

    def _gone(self) -> None:
        if not self.closed:
            log.debug("client_gone", phase=self.phase.name)
            self.close()

    def close(self) -> None:
        """At once; whoever is answering finds out."""
        if self.closed:
            return
        self.phase = Phase.CLOSED
        self.closed = self.ended = True
        self._unsent = self._unread = None
        self._gathered.clear()
        self._parsing.requests.clear()
        self._house.forget(self)
        self.socket.close()
        for event in (self._ended_event, self.drained):
            if event is not None:
                event.set()

    # Receiving

    def _keep_unread(self, data: bytes) -> None:
        if self._unread is None:
            self._unread = deque()
        self._unread.append(data)
        self._unread_bytes += len(data)
        self._watch()

    def _take(self, data: bytes) -> None:
        try:
            self._parsing.feed(data)
        except Refusal as refused:
            self._refusal = refused

    def _watch(self) -> None:
        """Say what we want to hear of: what more than enough has come of stays with the client."""
        wanted = EPOLLOUT if self._unsent is not None else 0
        if not self.ended and self._unread_bytes < UNREAD_BYTES_MAX:
            wanted |= EPOLLIN
        if wanted != self.events:
            self.events = wanted
            self._house.watch(self, wanted)

    # Answering

    def advance(self) -> None:
        """Answer what has come, as far as it goes; then say what the connection waits for."""
        requests = self._parsing.requests
        turns = 0
        while self._answering is None and self._unsent is None and not self.closed:
            if requests and not self._last:
                if turns == REQUESTS_A_TURN_MAX:
                    self._flush()
                    self._house.again(self)
                    return
                turns += 1
                self._answer(requests.popleft())
                if self._gathered_bytes >= GATHERED_BYTES_MAX:
                    self._flush()
            elif self._last:
                if self._flush():
                    self._say_goodbye()
                return
            elif self._unread:
                data = self._unread.popleft()
                self._unread_bytes -= len(data)
                self._take(data)
                self._watch()
            else:
                if self._gathered and self._house.sends_later(self):
                    return
                if self._flush():
                    self._wait_for_more()
                return
        self._flush()

    def _wait_for_more(self) -> None:
        """Nothing whole is there."""
        if self._refusal is not None:
            self._refuse(self._refusal.status)
        elif self.ended:
            self.close()
        elif self._parsing.begun:
            if self._parsing.expects_continue:
                self._parsing.expects_continue = False
                self._gather(CONTINUE)
                self._flush()
            if self.phase is not Phase.RECEIVING:
                self._enter(Phase.RECEIVING, self._house.patience.receiving_seconds)
        elif self.phase is not _IDLE:
            # Line breaks between requests are no sign of life.
            house = self._house
            self.phase, self.deadline = _IDLE, house.now + house.patience.idle_seconds
            if self.closing:
                self.close()

    def _enter(self, phase: Phase, seconds: float) -> None:
        if not self.closed:
            self.phase = phase
            self.deadline = self._house.now + seconds

    def _answer(self, request: Received) -> None:
        self.phase, self.deadline = _ANSWERING, inf
        house = self._house
        self._answering = request
        work: Coroutine[Any, Any, WireResponse | Outcome] | None = None
        if house.operations is not None:
            work = house.operations.operate(request, self._peer)
        if work is None:
            work = AsgiAnswer(house.app, self, request).run()
        self._beginning = True
        try:
            outcome = house.lender.begin(work, self._answered_late)
        except Exception:
            log.exception("answer_failed")
            outcome = Outcome.FAILED
        self._beginning = False
        if outcome is not LATER:
            self._answered(outcome)

    def _answered(self, outcome: WireResponse | Outcome) -> None:
        request, self._answering = self._answering, None
        assert request is not None
        self._streaming = False
        if self.closed:
            return
        keep = not self.closing
        if type(outcome) is WireResponse:
            keep = keep and request.keep
            answer = operation_answer(request, outcome, self._house.date_header(), keep=keep)
            self._gathered.append(answer)
            self._gathered_bytes += len(answer)
        elif outcome is not Outcome.KEEP:
            keep = False
        if not keep:
            self._last = True
            # What came behind it is nobody's business.
            failed = outcome is Outcome.FAILED
            self._refusal = Refusal(HTTPStatus.INTERNAL_SERVER_ERROR) if failed else None

    def _answered_late(self, outcome: Any, error: BaseException | None) -> None:
        """In the task that answered."""
        if error is not None:
            if isinstance(error, Exception):
                log.error("answer_failed", exc_info=error)
                outcome = Outcome.FAILED
            else:
                # Shutting down, and out of patience.
                self._answering = None
                self.close()
                return
        try:
            self._answered(outcome)
            if self._flush() and not self.closed:
                if self._parsing.requests or self._unread:
                    self._house.again(self)
                else:
                    self.advance()
        except Exception:
            # Whatever goes wrong with one connection stays in it.
            log.exception("connection_dropped")
            self.close()

    # Sending

    def _gather(self, data: bytes) -> None:
        self._gathered.append(data)
        self._gathered_bytes += len(data)

    def _flush(self) -> bool:
        """Send what was gathered; whether all of it is with the client's kernel."""
        if self._unsent is not None:
            return False
        if not self._gathered:
            return True
        gathered = self._gathered
        data = gathered[0] if len(gathered) == 1 else b"".join(gathered)
        gathered.clear()
        self._gathered_bytes = 0
        try:
            sent = self.socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._gone()
            return False
        if sent == len(data):
            return True
        self._unsent = memoryview(data)[sent:]
        self._enter(Phase.SENDING, self._house.patience.sending_seconds)
        self._watch()
        return False

    def _push(self) -> bool:
        """Send more of what the client did not take at once; whether that was all."""
        assert self._unsent is not None
        try:
            self._unsent = self._unsent[self.socket.send(self._unsent) :] or None
        except BlockingIOError:
            return False
        except OSError:
            self._gone()
            return False
        if self._unsent is None:
            self._enter(Phase.ANSWERING, inf)
            self._watch()
        return self._unsent is None

    def _refuse(self, status: HTTPStatus) -> None:
        self._last, self._refusal = True, None
        self._parsing.requests.clear()
        self._gather(refusal(status))
        if self._flush():
            self._linger()

    def _say_goodbye(self) -> None:
        """After the last answer. What the client has sent behind it must not cost it the answer (a reset would)."""
        if self._refusal is not None:
            self._refuse(self._refusal.status)
            return
        if self._parsing.begun:
            self._linger()
            return
        try:
            more = self.socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            more = b""
        except OSError:
            self._gone()
            return
        if more:
            self._linger()
        else:
            self.close()

    def _linger(self) -> None:
        self._unread, self._unread_bytes = None, 0
        self._parsing.requests.clear()
        if self.ended:
            self.close()
            return
        try:
            self.socket.shutdown(stdlib_socket.SHUT_WR)
        except OSError:
            self._gone()
            return
        self._enter(Phase.LINGERING, LINGER_SECONDS_MAX)
        self._watch()

    # For ASGI apps

    def date_header(self) -> bytes:
        return self._house.date_header()

    def scope_base(self) -> dict[str, Any]:
        try:
            name = self.socket.getsockname()
        except OSError:
            name = None
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "scheme": "http",
            "root_path": "",
            "client": self._peer,
            "server": (name[0], name[1]) if isinstance(name, tuple) else None,
            "state": self._house.state,
            "extensions": {WHOLE_REQUESTS: {}},
        }

    async def wait_ended(self) -> None:
        """Return when the client has closed its side; what it sends meanwhile is kept for later."""
        if not self.ended and not (self._streaming and self.closing):
            if self._ended_event is None:
                self._ended_event = trio.Event()
            await self._ended_event.wait()

    def streams(self) -> None:
        self._streaming = True

    async def send(self, data: bytes, *, last: bool) -> None:
        """Send; if more is to follow, return when the client has taken it. Raises ``BrokenResourceError``."""
        if self.closed:
            raise trio.BrokenResourceError("the client is gone")
        self._gather(data)
        if last and self._beginning:
            return
        if self._flush() or last:
            return
        while self._unsent is not None and not self.closed:
            self.drained = trio.Event()
            await self.drained.wait()
        if self.closed:
            raise trio.BrokenResourceError("the client is gone")
