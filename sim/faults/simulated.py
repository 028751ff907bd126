"""Faults in simulated time: a world in which every fault of the vocabulary can be brought about, and the player of a plan."""

import heapq
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import structlog
import trio

from portal.links.link import Sighting, Unreachable
from portal.seams.clock import Clock
from portal.serving.dispatcher import IN_PROGRESS_MAX
from portal.store.store import WRITES_WAITING_MAX, Store
from portal.wire.controls import Control, Mode, control
from portal.wire.jpki import REVOKE, RevocationReason, Revoke
from portal.wire.problems import Problem
from portal.wire.systems import Party, System
from sim.faults.clocks import OwnClock
from sim.faults.storage import Disk, Opened
from sim.faults.vocabulary import (
    CertificateRevoked,
    ClockJump,
    ClockSkew,
    Crash,
    Delay,
    DiskFull,
    Duplication,
    Fault,
    Late,
    Overload,
    Plan,
    Planned,
    Reordering,
    SlowDisk,
    Stopped,
    WritesRefused,
)
from sim.faults.weather import MESSAGE_FAULTS, BadWeather
from sim.world.building import Description
from sim.world.chance import SeededChance
from sim.world.mail import MailInWeather
from sim.world.recorder import Recorder
from sim.world.simulated import SYSTEMS, SimulatedWorld
from sim.world.weather import FairWeather

log = structlog.get_logger(__name__)

CONTROL_TRIES_MAX = 40
"""A control that can't be set now (its system is down) is tried again each second, so often."""


class Happening(NamedTuple):
    """できごと: a fault began or ended, or a system went down or came up."""

    moment_ms: int
    what: str
    """``begins``, ``ends``, ``crash``, ``start``, ``revoked``."""
    about: str
    """A fault's kind, or a system; of what was revoked the person and the certificate's number."""
    fault: Fault | None = None
    busy: int = 0
    """Requests that were cut off, for a crash."""
    was_up: bool = True
    """For a crash: false when it died while it came up."""
    lost: int = 0
    """Writes that were on their way, for a crash."""


class FaultyWorld(SimulatedWorld):
    """障害の起こる世界."""

    def __init__(
        self,
        description: Description,
        chance: SeededChance,
        nursery: trio.Nursery,
        recorder: Recorder | None = None,
    ) -> None:
        self.weather = BadWeather(FairWeather(chance.fork("weather")), chance.fork("faults"))
        super().__init__(description, chance, nursery, self.weather)
        if recorder is not None:
            self.recorder = recorder
        self.clocks: dict[System, OwnClock] = {system: OwnClock(self.clock) for system in SYSTEMS}
        self.disks = {system: Disk(self.stores[system], self.sleep) for system in SYSTEMS}
        self.torn = chance.fork("torn")
        self.listeners: list[Callable[[Happening], None]] = []
        self._opened: dict[System, Opened] = {}

    def clock_of(self, system: System) -> Clock:
        return self.clocks[system]

    def store_for(self, system: System) -> Store:
        opened = self._opened[system] = Opened(self.disks[system])
        return opened

    def mail(self) -> MailInWeather:
        return MailInWeather(self._mail, self.weather, self.sleep, self._nursery.start_soon)

    def happened(
        self,
        what: str,
        about: str,
        fault: Fault | None = None,
        *,
        busy: int = 0,
        was_up: bool = True,
        lost: int = 0,
    ) -> None:
        """Tell whoever listens."""
        happening = Happening(self.clock.now_ms(), what, about, fault, busy, was_up, lost)
        for listener in self.listeners:
            listener(happening)

    async def start(self, system: System) -> None:
        await super().start(system)
        if self.is_up(system):
            self.happened("start", system)

    def halt(self) -> None:
        super().halt()
        for opened in self._opened.values():
            opened.gone()

    def crash(self, system: System) -> None:
        busy, was_up = self.slots[system].busy, self.is_up(system)
        super().crash(system)
        opened = self._opened[system]
        opened.gone(self.torn.integer(4))
        self.happened("crash", system, busy=busy, was_up=was_up, lost=opened.lost)


class Player:
    """Carries a plan out, and takes everything back when its time is over."""

    def __init__(self, world: FaultyWorld, plan: Plan) -> None:
        self._world = world
        self._plan = plan
        self._nursery: trio.Nursery | None = None
        self._seen: Counter[str] = Counter()
        self._triggers: dict[int, trio.Event] = {}
        self._held: Counter[tuple[str, System]] = Counter()
        self._skews: dict[System, dict[int, int]] = {}
        self.is_over = False

    def __repr__(self) -> str:
        return f"<Player: {len(self._plan)} faults>"

    def saw(self, sighting: Sighting) -> None:
        """For the recorder: messages are what some faults wait for."""
        self._seen[sighting.operation] += 1
        for number, event in self._triggers.items():
            after = self._plan[number].after
            if after is not None and self._seen[after.operation] >= after.count:
                event.set()

    async def run(self) -> None:
        """Play until cancelled; what is still wrong then is taken back by :meth:`heal`."""
        async with trio.open_nursery() as self._nursery:
            try:
                await self._play_all(self._nursery)
            finally:
                # Who died from now on would have nobody to bring it back.
                self._nursery = None

    async def _play_all(self, nursery: trio.Nursery) -> None:
        began = trio.current_time()
        order = [(planned.at_ms, number) for number, planned in enumerate(self._plan)]
        heapq.heapify(order)
        for number, planned in enumerate(self._plan):
            if planned.after is not None:
                self._triggers[number] = trio.Event()
        while order:
            at_ms, number = heapq.heappop(order)
            await self._world.sleep(max(0.0, began + at_ms / 1000 - trio.current_time()))
            nursery.start_soon(self._play, number, self._plan[number])
        # A process may still be about to die: somebody must be there to bring it back.
        await trio.sleep_forever()

    async def _play(self, number: int, planned: Planned) -> None:
        trigger = self._triggers.get(number)
        if trigger is not None:
            await trigger.wait()
            self._triggers.pop(number)
        world, fault = self._world, planned.fault
        world.happened("begins", fault.kind, fault)
        await self._begin(number, fault)
        if planned.lasts_ms or not isinstance(fault, (ClockJump, CertificateRevoked, Crash)):
            await world.sleep(planned.lasts_ms / 1000)
            await self._end(number, fault)
            world.happened("ends", fault.kind, fault)

    async def _begin(self, number: int, fault: Fault) -> None:
        world = self._world
        if isinstance(fault, MESSAGE_FAULTS):
            world.weather.begin(number, fault)
            return
        match fault:
            case Crash(system=system, after_operations=count, again=again):
                self._let_die(system, count, fault, again)
            case Stopped(system=system, organisation=organisation):
                await self._control(system, Control(Mode.STOPPED, organisation))
            case Late(seconds=seconds):
                await self._control(System.NETWORK, Control(Mode.LATE, late_seconds=seconds))
            case ClockJump(by_ms=by_ms):
                world.clock.move(by_ms)
            case ClockSkew(system=system, by_ms=by_ms):
                self._skews.setdefault(system, {})[number] = by_ms
                world.clocks[system].skew(by_ms)
            case CertificateRevoked(person=person, reason=reason):
                await self._revoke(person, reason)
            case Overload(system=system) | WritesRefused(system=system) | DiskFull(system=system):
                self._hold(fault, system)
            case SlowDisk(system=system):
                self._hold(fault, system)
            case _:
                raise AssertionError(f"nobody can bring about {fault.kind}")

    async def _end(self, number: int, fault: Fault) -> None:
        world = self._world
        if isinstance(fault, MESSAGE_FAULTS):
            world.weather.end(number)
            return
        match fault:
            case Stopped(system=system, organisation=organisation):
                await self._control(system, Control(Mode.NORMAL, organisation))
            case Late():
                await self._control(System.NETWORK, Control(Mode.NORMAL))
            case ClockSkew(system=system):
                left = self._skews[system]
                left.pop(number, None)
                world.clocks[system].skew(next(iter(left.values()), 0))
            case Overload(system=system) | WritesRefused(system=system) | DiskFull(system=system):
                self._let_go(fault, system)
            case SlowDisk(system=system):
                self._let_go(fault, system)
            case _:
                pass

    # What several faults can hold at the same time

    def _hold(self, fault: Fault, system: System) -> None:
        self._held[fault.kind, system] += 1
        disk = self._world.disks[system]
        match fault:
            case Overload(at_once=at_once):
                disk.waiting_max = at_once
                self._world.dispatchers[system].in_progress_max = at_once
            case WritesRefused():
                disk.refuses = True
            case DiskFull():
                disk.is_full = True
            case SlowDisk(commit_ms=commit_ms):
                disk.commit_ms = commit_ms
            case _:
                raise AssertionError(fault)

    def _let_go(self, fault: Fault, system: System) -> None:
        self._held[fault.kind, system] -= 1
        if self._held[fault.kind, system] > 0:
            return
        disk = self._world.disks[system]
        match fault:
            case Overload():
                disk.waiting_max = WRITES_WAITING_MAX
                self._world.dispatchers[system].in_progress_max = IN_PROGRESS_MAX
            case WritesRefused():
                disk.refuses = False
            case DiskFull():
                disk.is_full = False
            case _:
                disk.commit_ms = 0

    # Processes

    def _let_die(self, system: System, count: int, crash: Crash, again: Sequence[int]) -> None:
        world = self._world

        def die() -> bool:
            if self.is_over or not world.is_alive(system) or self._nursery is None:
                return False
            self._nursery.start_soon(self._bring_back, system, crash, again)
            world.crash(system)
            return True

        world.disks[system].die_after(count, die, after_write=crash.after_write)

    async def _bring_back(self, system: System, crash: Crash, again: Sequence[int]) -> None:
        world = self._world
        with trio.CancelScope(shield=True):
            await world.sleep(crash.down_ms / 1000)
            if world.is_alive(system):
                return
            if again:
                self._let_die(system, again[0], crash, again[1:])
            await world.start(system)

    # What an operator does

    async def _control(self, system: System, wanted: Control) -> None:
        link = self._world.link(Party.OPERATOR, system)
        for _ in range(CONTROL_TRIES_MAX):
            outcome = await link.call(control(system), wanted)
            if not isinstance(outcome, (Problem, Unreachable)):
                return
            await self._world.sleep(1)
        log.info("control_not_set", system=str(system))

    async def _revoke(self, person: int, reason: RevocationReason) -> None:
        world = self._world
        serial = world.simulators.serial_of(person)
        link = world.link(Party.OPERATOR, System.JPKI)
        for _ in range(CONTROL_TRIES_MAX):
            outcome = await link.call(REVOKE, Revoke(str(serial), reason))
            if not isinstance(outcome, (Problem, Unreachable)):
                world.happened("revoked", f"{person}/{serial}")
                return
            await world.sleep(1)

    async def heal(self) -> None:
        """Everything is as it should be again: fair weather, sound disks, right clocks, nobody stopped, everybody up."""
        self.is_over = True
        world = self._world
        world.weather.clear()
        for system in SYSTEMS:
            disk = world.disks[system]
            disk.refuses = disk.is_full = False
            disk.commit_ms, disk.waiting_max = 0, WRITES_WAITING_MAX
            disk.spare()
            world.clocks[system].skew(0)
        for system in SYSTEMS:
            if not world.is_up(system):
                await world.start(system)
            world.dispatchers[system].in_progress_max = IN_PROGRESS_MAX
        stopped = {
            (planned.fault.system, planned.fault.organisation)
            for planned in self._plan
            if isinstance(planned.fault, Stopped)
        }
        if any(isinstance(planned.fault, Late) for planned in self._plan):
            stopped.add((System.NETWORK, None))
        if stopped:
            # A copy of an order to stop may still be on its way.
            await world.sleep(self._latest_copy_seconds())
        for system, organisation in sorted(stopped, key=str):
            await self._control(system, Control(Mode.NORMAL, organisation))

    def _latest_copy_seconds(self) -> float:
        """After so long nothing arrives any more that was sent before."""
        most_ms = 0
        for planned in self._plan:
            match planned.fault:
                case Duplication(late_ms=ms) | Delay(most_ms=ms) | Reordering(most_ms=ms):
                    most_ms = max(most_ms, ms)
                case _:
                    pass
        return most_ms / 1000
