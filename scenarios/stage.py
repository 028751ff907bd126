"""The stage that a scenario is played on: a world, live or simulated, with the few things that actors need of it.

The same scenario runs on both. Only waiting differs: in simulated time it costs nothing, so it is done to the
millisecond; live, nobody wants to wait a minute for an answer that comes "in a minute", so after a short while of
real time the world's clock is moved on, step by step, as far as the scenario allows.
"""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import NamedTuple, Protocol, TypeVar

import trio
import trio.testing

from portal.links.link import Link
from portal.seams.clock import Clock
from portal.wire.moments import day_of, to_jst
from portal.wire.systems import Caller, System
from scenarios.checking import Mismatch
from sim.cards_desk.wallet import Wallet
from sim.nation.person import Person
from sim.world.chance import SeededChance
from sim.world.facts import WorldFacts
from sim.world.recorder import Recorder

T = TypeVar("T")

LIVED_THROUGH_SECONDS_MAX = 24 * 60 * 60.0
"""Longer times are jumped over: what falls due in them is done afterwards, as after a long weekend of a server."""
SIMULATED_LOOKS = 40
"""How often a condition is looked at within its time, in simulated time."""
LIVE_LOOKS_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.04, 0.08)
"""Between the looks at a condition before the clock is moved, live."""
LIVE_QUIET_SECONDS = 0.05
"""What a jump of the clock has made due is done when nobody has done anything for so long."""
LIVE_UNQUIET_SECONDS_MAX = 2.0
LIVE_PATIENCE_SECONDS = 15.0
"""Real time that a busy machine gets at the end, live."""


class World(Protocol):
    """What live and simulated worlds have in common."""

    @property
    def facts(self) -> WorldFacts: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def wallet(self) -> Wallet: ...

    def link(self, caller: Caller, receiver: System) -> Link: ...
    async def start(self, system: System) -> None: ...
    async def stop(self, system: System) -> None: ...
    async def pass_time(self, seconds: float) -> None: ...


class Step(NamedTuple):
    """A line of the story: before which message it was said, when, and what."""

    before: int
    moment_ms: int
    text: str


class Stage:
    """舞台."""

    def __init__(
        self,
        world: World,
        recorder: Recorder,
        chance: SeededChance,
        *,
        live: bool,
        moves_time: bool = True,
    ) -> None:
        """*moves_time* is false where another process keeps real time: then waiting is waiting."""
        self.moves_time = moves_time
        self.world = world
        self.recorder = recorder
        self.chance = chance
        """The actors' own: the same in both kinds of world."""
        self.live = live
        self.steps: list[Step] = []
        self.took_part: dict[int, Person] = {}
        """Residents who acted here, by number: whom FLD-2 is checked for."""

    def __repr__(self) -> str:
        return f"<Stage {'live' if self.live else 'simulated'}: {self.recorder!r}>"

    @property
    def facts(self) -> WorldFacts:
        return self.world.facts

    @property
    def now(self) -> datetime:
        """The world's time, in Japan."""
        return to_jst(self.world.clock.now_ms())

    @property
    def today(self) -> date:
        return day_of(self.world.clock.now_ms())

    def person(self, number: int) -> Person:
        """One of the nation's five example residents; each holds a card and has records to look at."""
        return self.facts.nation.examples()[number]

    def link(self, caller: Caller, receiver: System) -> Link:
        return self.world.link(caller, receiver)

    def step(self, text: str) -> None:
        """Tell what happens next; it stands in the sequence diagram, and in the report of a failure."""
        self.steps.append(Step(self.recorder.count, self.world.clock.now_ms(), text))

    async def stop(self, system: System) -> None:
        """The system's process goes away; in simulated time at once, wherever it was."""
        await self.world.stop(system)

    async def start(self, system: System) -> None:
        await self.world.start(system)

    async def pass_time(self, duration: timedelta) -> None:
        """Let so much of the world's time go by."""
        seconds = duration.total_seconds()
        if self.live or seconds <= LIVED_THROUGH_SECONDS_MAX:
            await self.world.pass_time(seconds)
        else:
            self.world.clock.move(int(seconds * 1000))
        await self._settle()

    async def _settle(self) -> None:
        """Let what has fallen due begin."""
        if self.live:
            with trio.move_on_after(LIVE_UNQUIET_SECONDS_MAX):
                await trio.testing.wait_all_tasks_blocked(LIVE_QUIET_SECONDS)
        else:
            await trio.sleep(1)

    async def until(
        self, condition: Callable[[], Awaitable[T | None]], *, at_most: timedelta, what: str
    ) -> T:
        """The first true value of the condition. Raises ``Mismatch`` when it has none within *at_most*."""
        seconds = at_most.total_seconds()
        for wait in self._live_waits(seconds) if self.live else self._simulated_waits(seconds):
            value = await condition()
            if value:
                return value
            await wait()
        value = await condition()
        if not value:
            raise Mismatch(f"{seconds:g}秒以内に{what}", "そうなる", "ならなかった")
        return value

    async def until_seen(self, operation: str, *, count: int = 1, at_most: timedelta) -> None:
        """Until so many messages of this operation were answered."""

        async def seen() -> bool:
            return self.seen(operation) >= count

        await self.until(seen, at_most=at_most, what=f"{operation} が{count}回答えられる")

    def _simulated_waits(self, seconds: float) -> list[Callable[[], Awaitable[None]]]:
        async def wait() -> None:
            await self.world.clock.sleep(seconds / SIMULATED_LOOKS)

        return [wait] * SIMULATED_LOOKS

    def _live_waits(self, seconds: float) -> list[Callable[[], Awaitable[None]]]:
        waits: list[Callable[[], Awaitable[None]]] = []

        def look_for(pause: float) -> Callable[[], Awaitable[None]]:
            async def wait() -> None:
                await trio.sleep(pause)

            return wait

        def move_by(step: float) -> Callable[[], Awaitable[None]]:
            async def move() -> None:
                await self.world.pass_time(step)

            return move

        left, step = seconds, 1.0
        if not self.moves_time:
            return [look_for(LIVE_LOOKS_SECONDS[-1])] * int(seconds / LIVE_LOOKS_SECONDS[-1])
        while True:
            waits += [look_for(pause) for pause in LIVE_LOOKS_SECONDS]
            if left <= 0:
                break
            step = min(step, left)
            waits.append(move_by(step))
            left, step = left - step, step * 2
        longest = LIVE_LOOKS_SECONDS[-1]
        return waits + [look_for(longest)] * int(LIVE_PATIENCE_SECONDS / longest)

    def seen(self, operation: str, outcome: str = "ok") -> int:
        """How many messages of this operation had this outcome so far."""
        return sum(1 for each in self.recorder if each.operation == operation and each.outcome == outcome)
