"""A world in simulated time: the same systems, joined in memory, in one Trio loop under a clock that jumps."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, time
from typing import TypeVar

import trio

from portal.app import PortalSecrets
from portal.app import build as build_portal
from portal.links.credentials import SystemKeys, authorization_of
from portal.links.link import Link
from portal.links.memory import MemoryCarrier, Slot, Weather
from portal.mail.carriers import MailCarrier
from portal.seams.clock import Clock
from portal.serving.dispatcher import Dispatcher
from portal.serving.system import BuiltSystem, Surroundings
from portal.store.sqlite import SimulatedStore
from portal.store.store import Store
from portal.wire.limits import CORE_DEADLINE_SECONDS
from portal.wire.moments import JST, to_ms
from portal.wire.systems import Caller, Party, System
from sim.cards_desk.wallet import Wallet
from sim.world.building import SCHEMAS, Description, Simulators
from sim.world.chance import SeededChance
from sim.world.clock import SimulatedClock
from sim.world.facts import FIRST_DAY, secret_of
from sim.world.mail import MemoryMail, RecordedMail
from sim.world.recorder import Recorder
from sim.world.timers import JumpingClock, sleep_here
from sim.world.weather import FairWeather

START = datetime.combine(FIRST_DAY, time(9), JST)
"""When a simulated world begins."""
SYSTEMS = (
    System.JPKI,
    System.REGISTRY,
    System.NETWORK,
    System.INTERMEDIATE,
    System.MAILBOX,
    System.PORTAL,
)
"""In the order in which they start. The card reader and the front page are for browsers."""


W = TypeVar("W", bound="SimulatedWorld")


class SimulatedWorld:
    """模擬時間の世界."""

    live = False

    def __init__(
        self, description: Description, chance: SeededChance, nursery: trio.Nursery, weather: Weather
    ) -> None:
        self.description = description
        self.facts = description.facts
        self.chance = chance
        self.clock = SimulatedClock(to_ms(START))
        self.recorder = Recorder()
        self.stores = {system: SimulatedStore(SCHEMAS[system]) for system in SYSTEMS}
        self.slots = {system: Slot(system) for system in SYSTEMS}
        self._weather = weather
        self._nursery = nursery
        self._secret = secret_of(description.facts.seed, "links")
        self._mail = MemoryMail()
        self.simulators = Simulators(description, {}, lambda to: self.link(Party.OPERATOR, to))
        self.sleep = sleep_here()
        self._running: dict[System, trio.CancelScope] = {}
        self._starting: dict[System, trio.CancelScope] = {}
        self.dispatchers: dict[System, Dispatcher] = {}
        """Of the processes that were started last."""
        self._starts = 0

    def __repr__(self) -> str:
        return f"SimulatedWorld({self.facts!r})"

    def link(self, caller: Caller, receiver: System, *, deadline_s: float = CORE_DEADLINE_SECONDS) -> Link:
        """A line from this caller to that system, with the caller's credentials."""
        carrier = MemoryCarrier(
            caller,
            self.slots[receiver],
            self._weather,
            self.sleep,
            self._nursery.start_soon,
            self.clock.steady_seconds,
        )
        authorization = authorization_of(self._secret, caller)
        return Link(
            caller,
            receiver,
            carrier,
            self.clock,
            authorization=authorization,
            record=self.recorder,
            deadline_s=deadline_s,
        )

    @property
    def wallet(self) -> Wallet:
        """The cards of this world's residents."""
        return self.simulators.wallet

    async def start(self, system: System) -> None:
        """The system comes up, on whatever its store holds; unless it dies before it is up."""
        assert not self.is_alive(system), f"{system} is up already"
        self._starts += 1
        # A restarted process draws other numbers than it did before.
        chance = self.chance.fork(f"{system}/{self._starts}")
        surroundings = Surroundings(
            self.clock_of(system),
            chance,
            self.store_for(system),
            lambda to: self.link(system, to),
            SystemKeys(self._secret),
        )
        built = self._build(system, surroundings)
        scope = self._starting[system] = trio.CancelScope()
        await self._nursery.start(_run, built, scope)
        if self._starting.pop(system, None) is not scope:
            return
        self._running[system] = scope
        self.dispatchers[system] = built.dispatcher
        self.slots[system].occupy(built.dispatcher.answer)

    def is_up(self, system: System) -> bool:
        """Whether its process is there and listens."""
        return system in self._running

    def is_alive(self, system: System) -> bool:
        """Whether its process is there, be it only on its way up."""
        return system in self._running or system in self._starting

    def clock_of(self, system: System) -> Clock:
        """The clock that this system looks at: here the world's; with faults it can be one of its own."""
        return self.clock

    def store_for(self, system: System) -> Store:
        """What the next process of this system gets as its store: here the disk itself."""
        return self.stores[system]

    def mail(self) -> MailCarrier:
        """How mail leaves the portal."""
        return self._mail

    def _build(self, system: System, surroundings: Surroundings) -> BuiltSystem:
        if system is System.PORTAL:
            seed = self.facts.seed
            secrets = PortalSecrets(secret_of(seed, "master key"), secret_of(seed, "challenge key"))
            mail = RecordedMail(self.mail(), self.clock, self.recorder)
            return build_portal(surroundings, self.description.portal, secrets, self.facts.trust(), mail)[0]
        built = self.simulators.build(system, surroundings)
        if system is System.MAILBOX:
            self._mail.mailbox = self.simulators.mailbox
        return built

    async def stop(self, system: System) -> None:
        """The system's process is gone, at once, wherever it was; its store keeps what was durable."""
        self.crash(system)
        # What was cancelled ends before anything else happens.
        await trio.lowlevel.checkpoint()

    def crash(self, system: System) -> None:
        """The same from within any task, the system's own too: whoever works for it ends at its next wait."""
        clock = trio.lowlevel.current_clock()
        if isinstance(clock, JumpingClock):
            clock.hold()
        self.slots[system].vacate()
        if system is System.MAILBOX:
            self._mail.mailbox = None
        (self._starting if system in self._starting else self._running).pop(system).cancel()

    def halt(self) -> None:
        """The world is over: nobody answers any more, and who was answering is cut off."""
        for slot in self.slots.values():
            slot.vacate()

    async def pass_time(self, seconds: float) -> None:
        """Let so much time go by, with all that happens in it."""
        await self.clock.sleep(seconds)


async def _run(
    built: BuiltSystem,
    scope: trio.CancelScope,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    word = _Word(task_status)
    with scope:
        await built.run(task_status=word)
    # Who died on the way up keeps nobody waiting.
    word.started()


class _Word:
    """Says once that a system is up."""

    def __init__(self, task_status: trio.TaskStatus[None]) -> None:
        self._task_status: trio.TaskStatus[None] | None = task_status

    def started(self, value: None = None) -> None:
        if self._task_status is not None:
            self._task_status.started()
            self._task_status = None


Make = Callable[[Description, SeededChance, trio.Nursery], W]


@asynccontextmanager
async def simulated_world(
    description: Description, seed: int, weather: Weather | None = None
) -> AsyncIterator[SimulatedWorld]:
    """A whole world, up and running; everything in it ends with the block."""

    def make(description: Description, chance: SeededChance, nursery: trio.Nursery) -> SimulatedWorld:
        return SimulatedWorld(description, chance, nursery, weather or FairWeather(chance.fork("weather")))

    async with running_world(description, seed, make) as world:
        yield world


@asynccontextmanager
async def running_world(description: Description, seed: int, make: Make[W]) -> AsyncIterator[W]:
    """The same for a world of any kind, made by *make*."""
    chance = SeededChance(seed)
    async with trio.open_nursery() as nursery:
        world = make(description, chance, nursery)
        for system in SYSTEMS:
            await world.start(system)
        try:
            yield world
        finally:
            world.halt()
            nursery.cancel_scope.cancel()
    for store in world.stores.values():
        store.close()
