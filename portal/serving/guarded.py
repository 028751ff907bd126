"""hypercorn's connection handling, guarded: no client can end the process (STACK.md 12a).

:func:`install` puts :class:`GuardedServer` where hypercorn's trio worker looks for its ``TCPServer``. Clear text goes
to the lane; what hypercorn itself handles (TLS, or everything when the lane is off) is fenced in: whatever a
connection raises ends that connection only, and clear-text HTTP/2 is refused.
"""

from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

import hypercorn.protocol as hypercorn_protocol
import hypercorn.trio.run as hypercorn_run
import hypercorn.trio.tcp_server as hypercorn_tcp_server
import structlog
import trio
from hypercorn.config import Config
from hypercorn.protocol.h11 import H2CProtocolRequiredError, H2ProtocolAssumedError
from hypercorn.trio.tcp_server import TCPServer

from portal.seams.clock import Clock
from portal.serving.lane import Connection, Phase

log = structlog.get_logger(__name__)


class ServingConfig(Config):
    """hypercorn's configuration and ours."""

    lane: bool = True
    """Whether clear text is served by the lane; hypercorn's own handling otherwise."""
    clock: Clock
    connections: "Connections"
    connections_max: int
    seconds_max: Mapping[Phase, float]


class Connections:
    """The lane's open connections of one listener, so that shutting down can end the idle ones."""

    def __init__(self) -> None:
        self._open: set[Connection] = set()
        self._closing = False
        self._date_second = -1
        self._date = b""

    def __len__(self) -> int:
        return len(self._open)

    def __repr__(self) -> str:
        return f"<Connections: {len(self)} open>"

    def close_idle(self) -> None:
        self._closing = True
        for connection in tuple(self._open):
            connection.close_when_idle()

    async def serve(self, server: "GuardedServer") -> None:
        if len(self._open) >= server.config.connections_max:
            log.warning("too_many_connections", most=server.config.connections_max)
            return
        clock = server.config.clock

        def date_header() -> bytes:
            second = clock.now_ms() // 1000
            if second != self._date_second:
                self._date_second = second
                self._date = f"date: {formatdate(second, usegmt=True)}\r\n".encode()
            return self._date

        connection = Connection(
            server.app.app,  # type: ignore[attr-defined]
            server.stream.socket,
            date_header=date_header,
            state=dict(server.state),
            seconds_max=server.config.seconds_max,
        )
        self._open.add(connection)
        if self._closing:
            # Accepted while shutting down: it ends as idle ones do.
            connection.close_when_idle()
        try:
            await connection.run()
        finally:
            self._open.discard(connection)


class _NoClearTextHttp2(hypercorn_protocol.ProtocolWrapper):
    """Clear-text HTTP/2, whether assumed or asked for by an upgrade, ends the connection."""

    async def handle(self, event: Any) -> None:
        try:
            await self.protocol.handle(event)
        except (H2ProtocolAssumedError, H2CProtocolRequiredError) as error:
            raise ConnectionAbortedError("clear-text HTTP/2 is not served") from error


class GuardedServer(TCPServer):
    """One connection; whatever goes wrong in it stays in it."""

    config: ServingConfig

    async def run(self) -> None:
        try:
            stream: object = self.stream  # hypercorn declares TLS only
            if self.config.lane and isinstance(stream, trio.SocketStream):
                try:
                    await self.config.connections.serve(self)
                finally:
                    await trio.aclose_forcefully(stream)
            else:
                await super().run()
        except BaseExceptionGroup as group:
            ours, others = group.split((trio.Cancelled, KeyboardInterrupt, SystemExit))
            if others is not None:
                self._dropped(others)
            if ours is not None:
                raise ours from None
        except Exception as error:
            self._dropped(error)

    def _dropped(self, error: BaseException) -> None:
        log.warning("connection_dropped", error=repr(error))


def install() -> None:
    """From now on hypercorn's trio worker serves connections with :class:`GuardedServer`."""
    hypercorn_run.TCPServer = GuardedServer  # type: ignore[attr-defined]
    hypercorn_tcp_server.ProtocolWrapper = _NoClearTextHttp2  # type: ignore[attr-defined]
