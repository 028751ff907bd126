"""hypercorn's connection handling, guarded: no client can end the process (STACK.md 12a).

:func:`install` puts :class:`GuardedServer` where hypercorn's trio worker looks for its ``TCPServer``. What
hypercorn handles (everything when the lane is off) is fenced in: whatever a connection raises ends that connection
only, and clear-text HTTP/2 is refused.
"""

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

    async def run(self) -> None:
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
        log.warning("connection_dropped", error=repr(error))


def install() -> None:
    """From now on hypercorn's trio worker serves connections with :class:`GuardedServer`."""
    hypercorn_run.TCPServer = GuardedServer  # type: ignore[attr-defined]
    hypercorn_tcp_server.ProtocolWrapper = _NoClearTextHttp2  # type: ignore[attr-defined]
