"""All connections of one listener in one task: an epoll of its own, which Trio waits on as on any socket.

A turn takes what is ready, answers what can be answered at once, and sends it: no task, no cancel scope and no loop
pass for a request (docs/serving.md says what that is worth). Time limits are looked after by a sweep.
"""

import os
import select
import socket as stdlib_socket
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate
from math import inf
from typing import Any

import structlog
import trio

from portal.seams.clock import Clock
from portal.serving.lane.answering import App
from portal.serving.lane.connection import Connection, Operations
from portal.serving.lane.lending import Lender
from portal.serving.lane.limits import (
    ACCEPTED_A_TURN_MAX,
    BODY_BYTES_MAX,
    EVENTS_MAX,
    PATIENCE,
    TURN_SECONDS,
    Patience,
)
from portal.serving.lane.parsing import BodyLimit

log = structlog.get_logger(__name__)

EVENTS_BETWEEN_LOOKS = 8
"""At the clock, within a turn."""
DATE_KEPT_SECONDS = 0.2
"""How long the clock is not asked for the ``Date`` of an answer."""
TOGETHER_SECONDS = 0.0005
"""How long the answers of a turn gather before they are sent."""
SWEEP_SECONDS_MAX = 1.0
SWEEPS_IN_A_LIMIT = 10
"""A time limit is overdrawn by a tenth at most, or by a second."""
AGAIN_SECONDS = 0.1
"""After the machine had no more file descriptors for a connection."""

# As plain numbers, and not looked up in their module at each event.
_READABLE, _WRITABLE = select.EPOLLIN, select.EPOLLOUT
_HANGING_UP = select.EPOLLHUP | select.EPOLLERR


class Reactor:
    """反応炉: serves connections until it is told to stop; made by :func:`open_reactor`."""

    def __init__(
        self,
        app: App,
        clock: Clock,
        epoll: select.epoll,
        wake: int,
        lender: Lender,
        *,
        operations: Operations | None,
        patience: Patience,
        connections_max: int,
        state: dict[str, Any],
    ) -> None:
        self.app = app
        self.operations = operations
        self.body_limit: BodyLimit = _whole if operations is None else operations.body_limit
        self.lender = lender
        self.patience = patience
        self.state = state
        self.now = trio.current_time()
        self._clock = clock
        self._connections_max = connections_max
        self._epoll = epoll
        self._wake_file = wake
        self._listener: stdlib_socket.socket | None = None
        self._listening = False
        self._connections: dict[int, Connection] = {}
        self._again: deque[Connection] = deque()
        self._events: deque[tuple[int, int]] = deque()
        self._in_turn = False
        self._together: list[Connection] = []
        self._together_until = -inf
        self._gathers = False
        """An answer may wait for those of other connections."""
        self._time = trio.lowlevel.current_clock().current_time
        self._closing = False
        self._emptied = trio.Event()
        self._date_second = -1
        self._date_until = -inf
        self._date = b""
        epoll.register(wake, select.EPOLLIN)

    def __repr__(self) -> str:
        return f"<Reactor: {len(self)} connections>"

    def __len__(self) -> int:
        return len(self._connections)

    # What its connections need

    def date_header(self) -> bytes:
        if self.now < self._date_until:
            return self._date
        self._date_until = self.now + DATE_KEPT_SECONDS
        second = self._clock.now_ms() // 1000
        if second != self._date_second:
            self._date_second = second
            self._date = f"date: {formatdate(second, usegmt=True)}\r\n".encode()
        return self._date

    def watch(self, connection: Connection, events: int) -> None:
        self._epoll.modify(connection.socket, events)

    def forget(self, connection: Connection) -> None:
        file = connection.socket.fileno()
        self._epoll.unregister(file)
        del self._connections[file]
        if self._closing and not self._connections:
            self._emptied.set()

    def again(self, connection: Connection) -> None:
        self._again.append(connection)
        if not self._in_turn:
            os.eventfd_write(self._wake_file, 1)

    def sends_later(self, connection: Connection) -> bool:
        """Answers of one turn leave together: who reads them is woken once, not by each (docs/performance.md)."""
        if not self._gathers:
            return False
        together, now = self._together, self._time()
        if not together:
            self._together_until = now + TOGETHER_SECONDS
        elif now >= self._together_until:
            self._send_together()
            self._gathers = True
            return False
        together.append(connection)
        return True

    def _send_together(self) -> None:
        self._gathers = False
        for connection in self._together:
            self._safely(connection, connection.advance)
        self._together.clear()

    # Connections come and go

    def listen(self, listener: stdlib_socket.socket) -> None:
        """Serve whoever connects here; the socket stays its owner's."""
        self._listener = listener
        self._epoll.register(listener, select.EPOLLIN)
        self._listening = True

    def adopt(self, socket: stdlib_socket.socket, peer: tuple[str, int] | None = None) -> Connection | None:
        """Serve this connected socket; None when there are too many."""
        if len(self._connections) >= self._connections_max:
            log.warning("too_many_connections", most=self._connections_max)
            socket.close()
            return None
        socket.setblocking(False)
        connection = self._connections[socket.fileno()] = Connection(self, socket, peer)
        self._epoll.register(socket, select.EPOLLIN)
        if self._closing:
            connection.close_when_idle()
        return connection

    def _accept(self) -> None:
        assert self._listener is not None
        for _ in range(ACCEPTED_A_TURN_MAX):
            try:
                socket, address = self._listener.accept()
            except BlockingIOError:
                return
            except ConnectionError:
                continue
            except OSError as error:
                # No file descriptors: the sweep looks again, instead of asking all the time.
                log.warning("not_accepted", error=str(error))
                self._stop_listening()
                return
            try:
                socket.setsockopt(stdlib_socket.IPPROTO_TCP, stdlib_socket.TCP_NODELAY, 1)
            except OSError:
                socket.close()
                continue
            self.adopt(socket, (address[0], address[1]) if isinstance(address, tuple) else None)

    def _stop_listening(self) -> None:
        if self._listening and self._listener is not None:
            self._listening = False
            self._epoll.unregister(self._listener)

    # Turns

    async def serve(self) -> None:
        """Take turns until cancelled."""
        file = self._epoll.fileno()
        while True:
            await trio.lowlevel.wait_readable(file)
            while self._turn():
                await trio.lowlevel.checkpoint()

    def _turn(self) -> bool:
        """Serve what is ready, within a turn's time; whether something is left."""
        self._in_turn = True
        try:
            self.now = now = trio.current_time()
            end = now + TURN_SECONDS
            events, again = self._events, self._again
            while True:
                if not events:
                    if again:
                        # Of those who had their share nobody comes first.
                        for _ in range(len(again)):
                            connection = again.popleft()
                            self._safely(connection, connection.advance)
                    events.extend(self._epoll.poll(0, EVENTS_MAX))
                    if not events and not again:
                        return False
                looks = EVENTS_BETWEEN_LOOKS
                self._gathers = len(events) > 1
                while events and looks:
                    looks -= 1
                    self._event(*events.popleft())
                self._send_together()
                if trio.current_time() >= end:
                    return True
        finally:
            self._in_turn = False

    def _event(self, file: int, event: int) -> None:
        connection = self._connections.get(file)
        if connection is None:
            if file == self._wake_file:
                os.eventfd_read(file)
            elif self._listener is not None and file == self._listener.fileno():
                self._accept()
            return
        try:
            if event & _READABLE:
                connection.readable()
                if event == _READABLE:
                    return
            if event & _WRITABLE and not connection.closed:
                connection.writable()
            if event & _HANGING_UP and not connection.closed:
                connection.hung_up()
        except Exception:
            self._drop(connection)

    def _safely(self, connection: Connection, what: Callable[[], None]) -> None:
        if not connection.closed:
            try:
                what()
            except Exception:
                self._drop(connection)

    @staticmethod
    def _drop(connection: Connection) -> None:
        """Whatever goes wrong with one connection stays in it."""
        log.exception("connection_dropped")
        connection.close()

    # Time

    async def sweep(self) -> None:
        """End, again and again, what has been too long where it is."""
        interval = min(SWEEP_SECONDS_MAX, min(self.patience) / SWEEPS_IN_A_LIMIT)
        while True:
            await trio.sleep(interval)
            self.now = now = trio.current_time()
            for connection in [each for each in self._connections.values() if each.deadline <= now]:
                self._safely(connection, connection.late)
            if self._listener is not None and not self._listening and not self._closing:
                self.listen(self._listener)

    # The end

    async def close(self) -> None:
        """Accept nothing more; idle connections end now, busy ones after their answer. Returns when all have ended."""
        self._closing = True
        self._stop_listening()
        for connection in tuple(self._connections.values()):
            connection.close_when_idle()
        if self._connections:
            await self._emptied.wait()

    def drop_all(self) -> None:
        for connection in tuple(self._connections.values()):
            connection.close()


def _whole(_: str, __: bytes) -> int:
    return BODY_BYTES_MAX


@asynccontextmanager
async def open_reactor(
    app: App,
    clock: Clock,
    *,
    operations: Operations | None = None,
    patience: Patience = PATIENCE,
    connections_max: int,
    state: dict[str, Any] | None = None,
    at_once: bool = True,
) -> AsyncIterator[Reactor]:
    """A reactor at work; what it still serves on leaving is cut off."""
    wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
    try:
        with select.epoll() as epoll:
            async with trio.open_nursery() as nursery:
                reactor = Reactor(
                    app,
                    clock,
                    epoll,
                    wake,
                    Lender(nursery, at_once=at_once),
                    operations=operations,
                    patience=patience,
                    connections_max=connections_max,
                    state=state or {},
                )
                nursery.start_soon(reactor.serve)
                nursery.start_soon(reactor.sweep)
                try:
                    yield reactor
                finally:
                    nursery.cancel_scope.cancel()
                    reactor.drop_all()
    finally:
        os.close(wake)
