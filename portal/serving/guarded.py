"""hypercorn's connection handling, guarded: no client can end the process (STACK.md 12a).

:func:`install` puts :class:`GuardedServer` where hypercorn's trio worker looks for its ``TCPServer``. What
hypercorn handles (everything when the lane is off) is fenced in: whatever a connection raises ends that connection
only, and clear-text HTTP/2 is refused.
"""

from math import inf
from typing import Any

import hypercorn.protocol as hypercorn_protocol
import hypercorn.trio.run as hypercorn_run
import hypercorn.trio.tcp_server as hypercorn_tcp_server
import structlog
import trio
from hypercorn.protocol.h11 import H2CProtocolRequiredError, H2ProtocolAssumedError
from hypercorn.trio.tcp_server import TCPServer

log = structlog.get_logger(__name__)


class _NoClearTextHttp2(hypercorn_protocol.ProtocolWrapper):
    """Clear-text HTTP/2, whether assumed or asked for by an upgrade, ends the connection."""

    async def handle(self, event: Any) -> None:
        try:
            await self.protocol.handle(event)
        except (H2ProtocolAssumedError, H2CProtocolRequiredError) as error:
            raise ConnectionAbortedError("clear-text HTTP/2 is not served") from error


class GuardedServer(TCPServer):
    """One connection; whatever goes wrong in it stays in it."""

    open_now = 0
    connections_max: float = inf
    """Of this process: one more is closed at once, before it costs a handshake."""

    async def run(self) -> None:
        if GuardedServer.open_now >= GuardedServer.connections_max:
            log.warning("too_many_connections", most=GuardedServer.connections_max)
            await trio.aclose_forcefully(self.stream)
            return
        GuardedServer.open_now += 1
        try:
            await self._run()
        finally:
            GuardedServer.open_now -= 1

    async def _run(self) -> None:
        try:
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
        # Its words may repeat what was sent.
        log.warning("connection_dropped", error=type(error).__qualname__, exc_info=error)


def install(connections_max: float = inf) -> None:
    """From now on hypercorn's trio worker serves connections with :class:`GuardedServer`, at most so many in this process."""
    GuardedServer.connections_max = connections_max
    hypercorn_run.TCPServer = GuardedServer  # type: ignore[attr-defined]
    hypercorn_tcp_server.ProtocolWrapper = _NoClearTextHttp2  # type: ignore[attr-defined]
