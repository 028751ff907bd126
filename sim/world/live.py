"""Live systems: any of the world's systems, over sockets, in one process; each can be stopped and started again."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import trio

from portal.links.link import Link, Recorder, unrecorded
from portal.live import SmtpAddress, browsers_at
from portal.live import builder as portal_builder
from portal.mail.carriers import SmtpCarrier
from portal.seams.chance import Chance
from portal.seams.clock import Clock
from portal.secrets import Secrets
from portal.serving.hosting import LiveLinks, host
from portal.serving.limits import DEFAULTS, ServingLimits
from portal.serving.listen import Bound, bind
from portal.serving.system import BuiltSystem, Surroundings
from portal.wire.systems import Caller, Party, System
from sim.cards_desk.wallet import Wallet
from sim.mailbox.smtp import serve_smtp
from sim.world.building import SCHEMAS, Description, Simulators
from sim.world.mail import RecordedMail


class Sockets(NamedTuple):
    """What a process listens on; all bound before anything is served, so that every address is known."""

    http: Mapping[System, Bound]
    smtp: Bound | None = None


class LiveWorld:
    """The systems of one process, live. The other systems are at their addresses, whoever runs them."""

    live = True

    def __init__(
        self,
        description: Description,
        state: Path,
        secrets: Secrets,
        sockets: Sockets,
        addresses: Mapping[System, str],
        smtp: SmtpAddress,
        clock: Clock,
        chance: Chance,
        nursery: trio.Nursery,
        record: Recorder = unrecorded,
        limits: ServingLimits = DEFAULTS,
    ) -> None:
        self._limits = limits
        self.description = description
        self.facts = description.facts
        self.clock = clock
        self.addresses = dict(addresses)
        self._state = state
        self._secrets = secrets
        self._sockets = dict(sockets.http)
        self._smtp_bound = sockets.smtp
        self._smtp = smtp
        self._chance = chance
        self._record = record
        self._nursery = nursery
        self._links = LiveLinks(addresses, secrets.link, clock, record, limits)
        self._simulators = Simulators(description, self.addresses, lambda to: self.link(Party.OPERATOR, to))
        self._running: dict[System, tuple[trio.CancelScope, trio.Event]] = {}

    def __repr__(self) -> str:
        return f"LiveWorld({sorted(self._running)})"

    def link(self, caller: Caller, receiver: System) -> Link:
        """A line from this caller to that system, with the caller's credentials."""
        return self._links.link(caller, receiver)

    @property
    def wallet(self) -> Wallet:
        """The cards of this world's residents."""
        return self._simulators.wallet

    async def start(self, system: System) -> None:
        """The system comes up at its port, on whatever its store holds. Raises what keeps it from starting."""
        assert system not in self._running, f"{system} is up already"
        bound = self._sockets[system]
        if bound.socket.fileno() < 0:
            bound = self._sockets[system] = bind(bound.host, bound.port, exact=True)
        scope, ended = trio.CancelScope(), trio.Event()
        await self._nursery.start(self._host, system, bound, scope, ended)
        self._running[system] = scope, ended

    async def _host(
        self,
        system: System,
        bound: Bound,
        scope: trio.CancelScope,
        ended: trio.Event,
        *,
        task_status: trio.TaskStatus[BuiltSystem] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        try:
            with scope:
                await host(
                    system,
                    partial(self._build, system),
                    SCHEMAS[system],
                    bound,
                    self._state,
                    self._links,
                    self.clock,
                    self._chance,
                    lane=self.description.portal.lane,
                    limits=self._limits,
                    task_status=task_status,
                )
        finally:
            bound.socket.close()
            ended.set()

    def _build(self, system: System, surroundings: Surroundings) -> BuiltSystem:
        if system is System.PORTAL:
            mail = RecordedMail(SmtpCarrier(*self._smtp), self.clock, self._record)
            settings, trust = self.description.portal, self.facts.trust()
            return portal_builder(settings, self._secrets, trust, mail, browsers_at(self.addresses))(
                surroundings
            )
        built = self._simulators.build(system, surroundings)
        return self._with_smtp(built) if system is System.MAILBOX else built

    def _with_smtp(self, built: BuiltSystem) -> BuiltSystem:
        """The mailbox with its SMTP door, when this process has one."""
        mailbox = self._simulators.mailbox
        if self._smtp_bound is None or mailbox is None:
            return built
        if self._smtp_bound.socket.fileno() < 0:
            self._smtp_bound = bind(self._smtp_bound.host, self._smtp_bound.port, exact=True)
        door = self._smtp_bound

        async def run(*, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
            async with trio.open_nursery() as nursery:
                await nursery.start(built.run)
                await nursery.start(serve_smtp, mailbox, door)
                task_status.started()

        return built._replace(run=run)

    async def stop(self, system: System) -> None:
        """The system goes down in good order: its port is closed, its store too. Another can be started there."""
        scope, ended = self._running.pop(system)
        scope.cancel()
        await ended.wait()

    async def pass_time(self, seconds: float) -> None:
        """Move the clock on; what falls due is done in real time afterwards."""
        self.clock.move(int(seconds * 1000))

    async def aclose(self) -> None:
        for system in tuple(self._running):
            await self.stop(system)
        await self._links.aclose()
