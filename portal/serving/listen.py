"""Listening: a port of its own for each system, hypercorn's trio worker behind it."""

import errno
import socket
from collections.abc import Awaitable, Callable
from functools import partial
from math import inf
from typing import Any, NamedTuple

import trio
from hypercorn.config import Sockets
from hypercorn.trio.run import worker_serve
from hypercorn.utils import wrap_app

from portal.refusal import Refusal
from portal.seams.clock import Clock
from portal.serving.guarded import Connections, ServingConfig, install
from portal.serving.lane import Phase
from portal.serving.limits import DEFAULTS, ServingLimits

BACKLOG = 1024
PORTS_TRIED = 50


class Bound(NamedTuple):
    """A socket that listens already, so that its address can be told before anything is served."""

    socket: socket.socket
    host: str
    port: int
    wanted: int

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def moved(self) -> bool:
        """Whether the wanted port was in use, so that this is another."""
        return self.wanted not in (0, self.port)


class NoFreePort(Refusal):
    """Neither the wanted port nor any of the following ones is free."""


def bind(host: str, port: int, *, exact: bool = False) -> Bound:
    """Listen at this port, or at the next free one; 0 takes any.

    Raises :class:`NoFreePort` when there is none, or, with *exact*, when the wanted one is in use.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    tries = 1 if exact or port == 0 else PORTS_TRIED
    for candidate in range(port, min(port + tries, 65536)):
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, candidate))
            listener.listen(BACKLOG)
        except OSError as error:
            listener.close()
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise NoFreePort(
                    f"アドレス {host} のポート{candidate}で待ち受けられません（{error.strerror or error}）。"
                    "設定の host を、この計算機のアドレスにしてください。"
                ) from error
            continue
        listener.setblocking(False)
        return Bound(listener, host, listener.getsockname()[1], port)
    last = port + tries - 1
    span = f"ポート{port}" if tries == 1 else f"ポート{port}から{last}まで"
    raise NoFreePort(
        f"{span}はすべて使用中です。設定の port を変えるか、使っているプログラムを止めてください。"
    )


async def serve(
    app: Callable[[Any, Any, Any], Awaitable[None]],
    bound: Bound,
    clock: Clock,
    *,
    lane: bool = True,
    limits: ServingLimits = DEFAULTS,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled; then idle connections end at once and busy ones after their answer."""
    install()
    config = ServingConfig()
    config.lane = lane
    config.clock = clock
    config.connections = Connections()
    config.connections_max = limits.connections_max
    config.seconds_max = {
        Phase.IDLE: limits.idle_seconds_max,
        Phase.RECEIVING: limits.receiving_seconds_max,
        Phase.ANSWERING: inf,
        Phase.SENDING: limits.sending_seconds_max,
    }
    config.accesslog = None
    config.errorlog = None
    config.include_server_header = False
    config.graceful_timeout = limits.shutdown_seconds_max
    config.bind = []
    stop = trio.Event()

    async def until_stopped() -> None:
        await stop.wait()
        config.connections.close_idle()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(_set_when_cancelled, stop)
        # Cancelled abruptly, the worker would cut answers in two; out of reach, it is asked to stop instead.
        with trio.CancelScope(shield=True):
            async with trio.open_nursery() as workers:
                wrapped = wrap_app(app, config.wsgi_max_body_size, "asgi")
                await workers.start(
                    partial(
                        worker_serve,
                        wrapped,
                        config,
                        sockets=Sockets([], [bound.socket], []),
                        shutdown_trigger=until_stopped,
                    )
                )
                task_status.started()


async def _set_when_cancelled(event: trio.Event) -> None:
    try:
        await trio.sleep_forever()
    finally:
        event.set()
