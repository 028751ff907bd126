"""What ``mynasim portal`` and ``mynasim world`` have in common: sockets, addresses, signals, the word that all is up."""

import json
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

import trio

from mynasim.settings import Settings, SettingsWrong
from portal.links.http import Address
from portal.live import SmtpAddress
from portal.serving.hosting import OverTls
from portal.serving.listen import Bound, bind
from portal.wire.systems import System

SOCKETS_VARIABLE = "MYNASIM_SOCKETS"
"""File descriptors of sockets that the watching process has bound already: JSON, name to number."""
WATCHED_VARIABLE = "MYNASIM_WATCHED"
"""Set when standard input is a line to the watching process: its end means that process is gone."""
WORKER_VARIABLE = "MYNASIM_WORKER"
"""Which of several portal processes this is, from 1."""
SMTP = "smtp"
PORTAL_TLS = "portal_tls"
"""The portal's door for people, where TLS is on."""


def wanted_port(settings: Settings, name: str) -> tuple[str, int]:
    """Host and port that the settings want for a system, or for SMTP."""
    if name == System.PORTAL:
        return settings.portal.host, settings.portal.port
    if name == PORTAL_TLS:
        return settings.portal.host, settings.portal.tls_port
    if name == SMTP:
        return settings.world.host, settings.world.ports.smtp
    return settings.world.host, settings.world.ports.of(System(name))


def bind_all(settings: Settings, names: Iterable[str]) -> dict[str, Bound]:
    """Listen for all of these, on inherited sockets where there are some. Raises ``NoFreePort``."""
    inherited: dict[str, int] = json.loads(os.environ.get(SOCKETS_VARIABLE, "{}"))
    bounds: dict[str, Bound] = {}
    for name in names:
        host, port = wanted_port(settings, name)
        if name in inherited:
            listener = socket.socket(fileno=inherited[name])
            listener.setblocking(False)
            bounds[name] = Bound(listener, host, listener.getsockname()[1], port)
        else:
            bounds[name] = bind(
                host, port, shared=name in (System.PORTAL, PORTAL_TLS) and settings.portal.workers > 1
            )
    return bounds


def addresses(settings: Settings, bounds: dict[str, Bound]) -> dict[System, str]:
    """Where every system is: as set, else where this process listens, else at the port that is set for it.

    Raises ``SettingsWrong`` for an address that is none.
    """
    found: dict[System, str] = {}
    for system in System:
        chosen = settings.addresses.of(system)
        if chosen:
            found[system] = chosen
        elif system in bounds:
            found[system] = bounds[system].url
        else:
            host, port = wanted_port(settings, system)
            found[system] = f"http://{host}:{port}"
        try:
            Address.parse(found[system])
        except ValueError as error:
            raise SettingsWrong(f"{system} のつなぎ先が正しくありません。{error}") from error
    return found


def portal_doors(settings: Settings) -> tuple[str, ...]:
    """What the portal listens at."""
    return (System.PORTAL, PORTAL_TLS) if settings.portal.tls else (System.PORTAL,)


def over_tls(settings: Settings, bounds: dict[str, Bound]) -> OverTls | None:
    """The portal's door for people, if it has one."""
    bound = bounds.get(PORTAL_TLS)
    if bound is None:
        return None
    named = settings.addresses.portal_tls
    origin = named.rstrip("/") or bound.url.replace("http:", "https:", 1)
    host = urlsplit(origin).hostname
    named_hosts = settings.portal.tls_hosts.replace(" ", "").split(",") if settings.portal.tls_hosts else ()
    return OverTls(bound, origin, (*named_hosts, *([host] if host else [])))


def smtp_address(settings: Settings, bounds: dict[str, Bound]) -> SmtpAddress:
    """Where mails are handed over. Raises ``SettingsWrong`` for an address that is none."""
    if settings.addresses.smtp:
        try:
            return SmtpAddress.parse(settings.addresses.smtp)
        except ValueError as error:
            raise SettingsWrong(str(error)) from error
    if SMTP in bounds:
        return SmtpAddress(bounds[SMTP].host, bounds[SMTP].port)
    return SmtpAddress(settings.world.host, settings.world.ports.smtp)


def say_json(content: dict[str, Any]) -> None:
    """One line for programs."""
    sys.stdout.write(json.dumps(content, ensure_ascii=False) + "\n")
    sys.stdout.flush()


async def until_told_to_stop(*, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """Return at Ctrl-C, at SIGTERM, or when the watching process is gone."""
    async with trio.open_nursery() as nursery:

        async def watch_signals() -> None:
            with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                task_status.started()
                async for _ in signals:
                    nursery.cancel_scope.cancel()

        async def watch_the_watcher() -> None:
            line = trio.lowlevel.FdStream(os.dup(0))
            async with line:
                while await line.receive_some(64):
                    pass
            nursery.cancel_scope.cancel()

        nursery.start_soon(watch_signals)
        if os.environ.get(WATCHED_VARIABLE):
            nursery.start_soon(watch_the_watcher)


async def run_until_told(main: Callable[..., Awaitable[None]]) -> None:
    """Run *main* (which says when it is up through ``task_status``) until told to stop."""
    async with trio.open_nursery() as nursery:

        async def stop() -> None:
            await until_told_to_stop()
            nursery.cancel_scope.cancel()

        nursery.start_soon(stop)
        nursery.start_soon(main)
