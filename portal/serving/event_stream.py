"""Server-sent events: a page that waits is told when to look again, instead of asking every few seconds.

What is sent is no content, only a sign that something is different: the page fetches itself again and shows what its user
may see. Nothing here is needed for a page to work; without scripts, or when there are too many streams, pages ask
again as before.

A stream looks when its bell is rung, when what it watches falls due, and at each heartbeat. It ends when what it looks at
says so (signed out, timed out, nothing left to wait for), when its reader leaves, and when its server shuts down.
It is an answer like any other: it lives in the task of its request.
"""

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Final, NamedTuple

import trio
from quart import request
from quart.wrappers.response import ResponseBody
from quart_trio.wrappers import TrioResponse as Response

MEDIA_TYPE: Final = "text/event-stream"
HEARTBEAT_SECONDS: Final = 15.0
"""A stream that says nothing for longer may be taken for dead by what stands between."""
RECONNECT_MS: Final = 3_000
"""How soon a browser comes back when a stream broke."""
STREAMS_MAX: Final = 1_000
"""Of one process."""
STREAMS_OF_ONE_MAX: Final = 4
"""Of one session: over HTTP/1.1 a browser opens six connections to a host, and pages need some of them."""


class Seen(NamedTuple):
    """What a stream saw when it looked."""

    state: str
    """Whatever is different when something is different; it is sent, so nothing that is secret from its reader."""
    seconds: float = HEARTBEAT_SECONDS
    """Look again after so long at the latest."""
    last: bool = False
    """Nothing will change any more."""


Look = Callable[[], Awaitable[Seen | None]]
"""None: its reader may not see it any more."""


class Streams:
    """開いているストリーム: all of one app, with limits."""

    def __init__(self, *, most: int = STREAMS_MAX, of_one: int = STREAMS_OF_ONE_MAX) -> None:
        self._most = most
        self._of_one = of_one
        self._open: list[EventBody] = []

    def __repr__(self) -> str:
        return f"<Streams: {len(self)}>"

    def __len__(self) -> int:
        return len(self._open)

    def ring(self, about: str) -> None:
        """Whoever watches this looks now."""
        for body in self._open:
            if body.about == about:
                body.rung.set()

    def full_for(self, reader: object) -> bool:
        return len(self) >= self._most or sum(body.reader == reader for body in self._open) >= self._of_one

    def answer(
        self, look: Look, *, about: str, reader: object, headers: list[tuple[str, str]]
    ) -> Response | None:
        """A stream for *reader* on what happens to *about*; None when there are too many."""
        if self.full_for(reader):
            return None
        response = Response(EventBody(self, look, about, reader), content_type=MEDIA_TYPE)
        response.headers.extend([*headers, ("x-accel-buffering", "no")])
        # It goes on as long as its reader is there.
        response.timeout = None
        return response

    def enter(self, body: "EventBody") -> bool:
        if self.full_for(body.reader):
            return False
        self._open.append(body)
        return True

    def leave(self, body: "EventBody") -> None:
        if body in self._open:
            self._open.remove(body)


def wants_events() -> bool:
    """Whether a script asks for a stream: the address opened by hand is none."""
    return request.method == "GET" and request.accept_mimetypes.best == MEDIA_TYPE


class EventBody(ResponseBody):
    """The events of one stream, as the body of its answer."""

    def __init__(self, streams: Streams, look: Look, about: str, reader: object) -> None:
        self._streams = streams
        self._look = look
        self._begun = False
        self._entered = False
        self._seen: Seen | None = None
        self._wait = 0.0
        self.about = about
        self.reader = reader
        self.rung = trio.Event()

    def __repr__(self) -> str:
        return f"<EventBody about {self.about}>"

    async def __aenter__(self) -> "EventBody":
        self._entered = self._streams.enter(self)
        return self

    async def __aexit__(self, exc_type: type, exc_value: BaseException, tb: TracebackType) -> None:
        self._streams.leave(self)

    def __aiter__(self) -> "EventBody":
        return self

    async def __anext__(self) -> bytes:
        """What is sent next: a state that is new, or a sign of life."""
        if not self._entered or (self._seen is not None and self._seen.last):
            raise StopAsyncIteration
        quiet_until = trio.current_time() + HEARTBEAT_SECONDS
        while True:
            if self._begun:
                with trio.move_on_after(min(self._wait, quiet_until - trio.current_time())):
                    await self.rung.wait()
            # Before looking: what happens from now on rings again.
            self.rung = trio.Event()
            seen = await self._look()
            if seen is None:
                raise StopAsyncIteration
            before, self._seen, self._wait = self._seen, seen, max(0.0, seen.seconds)
            if not self._begun:
                self._begun = True
                return f"retry: {RECONNECT_MS}\n".encode() + _event(seen)
            if before is None or seen.state != before.state:
                return _event(seen)
            if seen.last:
                raise StopAsyncIteration
            if trio.current_time() >= quiet_until:
                return b":\n\n"


def _event(seen: Seen) -> bytes:
    assert "\n" not in seen.state and "\r" not in seen.state, seen
    return f"event: state\ndata: {seen.state}\n\n".encode()
