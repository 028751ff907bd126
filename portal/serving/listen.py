"""Listening: a port of its own for each system, behind it the lane, or hypercorn's trio worker."""

import errno
import select
import socket
from functools import partial
from typing import Any, NamedTuple

import trio
from hypercorn.config import Config, Sockets
from hypercorn.trio.lifespan import Lifespan
from hypercorn.trio.run import worker_serve
from hypercorn.typing import AppWrapper
from hypercorn.utils import wrap_app

from portal.refusal import Refusal
from portal.seams.clock import Clock
from portal.serving.front import Front
from portal.serving.guarded import install
from portal.serving.lane.answering import App
from portal.serving.lane.lending import can_lend
from portal.serving.lane.limits import Patience
from portal.serving.lane.reactor import open_reactor
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


def bind(host: str, port: int, *, exact: bool = False, shared: bool = False) -> Bound:
    """Listen at this port, or at the next free one; 0 takes any. With *shared*, :func:`join` may follow.

    Raises :class:`NoFreePort` when there is none, or, with *exact*, when the wanted one is in use.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    tries = 1 if exact or port == 0 else PORTS_TRIED
    for candidate in range(port, min(port + tries, 65536)):
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, candidate))
            if shared:
                # Not before it is bound: that would also join whoever shares this port already.
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
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


def join(bound: Bound) -> Bound:
    """One more socket at the same port, which was bound to be shared: the kernel spreads connections over them."""
    listener = socket.socket(bound.socket.family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((bound.host, bound.port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise NoFreePort(
            f"アドレス {bound.host} のポート{bound.port}を分け合えません（{error.strerror or error}）。"
        ) from error
    listener.setblocking(False)
    return bound._replace(socket=listener)


async def serve(
    app: App,
    bound: Bound,
    clock: Clock,
    *,
    lane: bool = True,
    limits: ServingLimits = DEFAULTS,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled; then idle connections end at once and busy ones after their answer.

    By the lane, if the machine has what it needs; without *lane* by hypercorn.
    """
    stop = trio.Event()
    config = Config()
    config.accesslog = None
    config.errorlog = None
    config.include_server_header = False
    config.graceful_timeout = limits.shutdown_seconds_max
    config.bind = []
    # Its types are of messages; ours are what they are in Python.
    wrapped = wrap_app(app, config.wsgi_max_body_size, "asgi")  # type: ignore[arg-type]
    by = (
        partial(_by_lane, app, clock, limits)
        if lane and hasattr(select, "epoll")
        else partial(_by_hypercorn, limits)
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_set_when_cancelled, stop)
        # Cancelled abruptly, answers would be cut in two; out of reach, the server is asked to stop instead.
        with trio.CancelScope(shield=True):
            await by(wrapped, config, bound, stop, task_status)


async def _by_hypercorn(
    limits: ServingLimits,
    app: AppWrapper,
    config: Config,
    bound: Bound,
    stop: trio.Event,
    task_status: trio.TaskStatus[None],
) -> None:
    install(limits.connections_max)
    async with trio.open_nursery() as workers:
        sockets = Sockets([], [bound.socket], [])
        await workers.start(partial(worker_serve, app, config, sockets=sockets, shutdown_trigger=stop.wait))
        task_status.started()


async def _by_lane(
    app: App,
    clock: Clock,
    limits: ServingLimits,
    wrapped: AppWrapper,
    config: Config,
    bound: Bound,
    stop: trio.Event,
    task_status: trio.TaskStatus[None],
) -> None:
    """The lifespan is still hypercorn's."""
    state: dict[str, Any] = {}
    lifespan = Lifespan(wrapped, config, state)
    async with trio.open_nursery() as nursery:
        await nursery.start(lifespan.handle_lifespan)
        await lifespan.wait_for_startup()
        async with open_reactor(
            app,
            clock,
            operations=app if isinstance(app, Front) else None,
            patience=Patience(
                limits.idle_seconds_max, limits.receiving_seconds_max, limits.sending_seconds_max
            ),
            connections_max=limits.connections_max,
            state=state,
            at_once=await can_lend(),
        ) as reactor:
            reactor.listen(bound.socket)
            task_status.started()
            await stop.wait()
            with trio.move_on_after(limits.shutdown_seconds_max):
                await reactor.close()
        await lifespan.wait_for_shutdown()
        nursery.cancel_scope.cancel()


async def _set_when_cancelled(event: trio.Event) -> None:
    try:
        await trio.sleep_forever()
    finally:
        event.set()
