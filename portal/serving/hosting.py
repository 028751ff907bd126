"""Running one system live: its store opened, its links out, its workers, its port; all gone when cancelled."""

import socket
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import trio

from portal.links.credentials import SystemKeys, authorization_of
from portal.links.http import HttpCarrier
from portal.links.link import Link, Recorder, unrecorded
from portal.seams.chance import Chance
from portal.seams.clock import Clock
from portal.serving.front import Front
from portal.serving.limits import DEFAULTS, ServingLimits
from portal.serving.listen import Bound, serve
from portal.serving.own_names import OwnNames
from portal.serving.system import BuiltSystem, Surroundings
from portal.store.opening import open_store
from portal.store.store import Schema
from portal.wire.systems import Caller, System


class OverTls(NamedTuple):
    """A second door with TLS, for people; the other one is then for systems."""

    bound: Bound
    origin: str
    """Where browsers find it."""
    hosts: tuple[str, ...]
    """Names and addresses for its certificate, beside those of this machine."""


Build = Callable[[Surroundings], BuiltSystem]


class LiveLinks:
    """The lines of one process to the systems at these addresses; one pool of connections for each."""

    def __init__(
        self,
        addresses: Mapping[System, str],
        secret: bytes,
        clock: Clock,
        record: Recorder = unrecorded,
        limits: ServingLimits = DEFAULTS,
    ) -> None:
        self._limits = limits
        self._addresses = dict(addresses)
        self._secret = secret
        self._clock = clock
        self._record = record
        self._carriers: dict[System, HttpCarrier] = {}

    def __repr__(self) -> str:
        return f"LiveLinks({self._addresses})"

    def link(self, sender: Caller, receiver: System) -> Link:
        """The line from this caller, with its credentials, to that system."""
        carrier = self._carriers.get(receiver)
        if carrier is None:
            carrier = self._carriers[receiver] = HttpCarrier(
                self._addresses[receiver], connections_max=self._limits.calls_at_once_max
            )
        authorization = authorization_of(self._secret, sender)
        return Link(
            sender,
            receiver,
            carrier,
            self._clock,
            authorization=authorization,
            record=self._record,
            deadline_s=self._limits.call_seconds_max,
        )

    @property
    def own_names(self) -> OwnNames:
        """By which names browsers may come to any of these systems: as they are set, and this machine's."""
        names = (urlsplit(address).hostname or "" for address in self._addresses.values())
        return OwnNames((*names, socket.gethostname()))

    def keys(self) -> SystemKeys:
        return SystemKeys(self._secret)

    async def aclose(self) -> None:
        for carrier in self._carriers.values():
            await carrier.aclose()


async def host(
    system: System,
    build: Build,
    schemas: Sequence[Schema],
    bound: Bound,
    folder: Path,
    links: LiveLinks,
    clock: Clock,
    chance: Chance,
    *,
    store_url: str = "",
    lane: bool = True,
    limits: ServingLimits = DEFAULTS,
    over_tls: OverTls | None = None,
    task_status: trio.TaskStatus[BuiltSystem] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Run this system until cancelled; its state is in *folder*, in a file that bears its name, or in a database.

    The order is that of dependence: what is served last stops first, so that nothing is accepted any more when the
    workers and then the store end.
    """
    async with (
        open_store(
            store_url, folder / f"{system}.sqlite", schemas, writes_waiting_max=limits.writes_waiting_max
        ) as store,
        trio.open_nursery() as nursery,
    ):
        link = partial(links.link, system)
        built = build(Surroundings(clock, chance, store, link, links.keys()))
        built.dispatcher.in_progress_max = limits.requests_in_progress_max
        await nursery.start(built.run)
        front = Front(
            built.dispatcher,
            built.pages,
            moved_to=over_tls.origin if over_tls is not None else "",
            # The portal's pages know their visitors by a cookie, which a browser gives to no other name, and may stand
            # behind a name that only a proxy knows. A simulator's pages know nobody.
            own_names=None if system is System.PORTAL else links.own_names,
        )
        if over_tls is not None:
            # Only where it is wanted: making certificates brings much along.
            from portal.serving.tls import load_or_make, serve_tls

            identity = load_or_make(folder, over_tls.hosts, clock, chance)
            strict = Front(built.dispatcher, built.pages)
            await nursery.start(partial(serve_tls, strict, over_tls.bound, identity, limits=limits))
        await nursery.start(partial(serve, front, bound, clock, lane=lane, limits=limits))
        task_status.started(built)
