"""A run of years: one task takes one entry of the agenda after the other; whoever signs in gets a task for that visit."""

import traceback
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from datetime import date
from math import ceil
from typing import Any, Final, NamedTuple

import structlog
import trio

from portal.seams.clock import stopwatch_ns
from portal.settings import PortalSettings
from portal.store.store import Query
from portal.wire.moments import DAY, day_of
from portal.wire.systems import System
from scenarios.years import checks
from scenarios.years.agenda import Agenda, Entry, What, midnight_ms
from scenarios.years.checks import Breach
from scenarios.years.counting import Counting, Data, FolderSize, StoreSize
from scenarios.years.offices import Offices
from scenarios.years.order import Order, check, place_of, populations
from scenarios.years.people import Crowd, Renewals
from scenarios.years.visiting import Visit
from sim.nation.chance import draw, key_for
from sim.registry import tables as registry
from sim.world.building import Description
from sim.world.chance import SeededChance
from sim.world.determinism import run_deterministic
from sim.world.facts import FIRST_DAY, WorldFacts
from sim.world.key_folder import key_folder
from sim.world.settings import WorldSettings
from sim.world.simulated import SimulatedWorld, running_world
from sim.world.weather import FairWeather

SHARED_KEYS: Final = 16
"""Pairs of keys that all cards have in common: making one for each of a hundred thousand would take an hour."""
AT_ONCE_MAX: Final = 2_000
"""Visits and inquiries on their way; the next one waits until one of them has ended."""
LAST_VISITS_SECONDS: Final = 2 * 3_600.0
SETTLE_SECONDS: Final = 2 * 3_600.0
"""Everything pending that nobody must decide has ended so long after the last day."""
TOLD_EVERY_NS: Final = 200_000_000
RETURNS_PERCENT: Final = 60
"""Of those who got no answer, and a mail when it came: so many come back soon; assumed, as how soon."""
RETURNS_AFTER_MS: Final = DAY // 2
RETURNS_WITHIN_MS: Final = 5 * DAY
LOGGED_ERRORS: Final = frozenset(["operation_failed", "outbox_work_failed", "outbox_finish_failed"])
SURPRISE: Final = "nothing is done that nobody thought of"
FALLEN: Final = "no system falls over by itself"


class Glance(NamedTuple):
    """How far a run has come."""

    day: date
    done: float
    """Of all simulated time, from 0 to 1."""
    simulated_seconds: float
    seconds: float
    events: int


class Speed(NamedTuple):
    """速さ: of this machine in these minutes; the only part of an outcome that differs between two runs."""

    simulated_seconds: float
    seconds: float
    events: int

    @property
    def factor(self) -> float:
        """How many times real time."""
        return self.simulated_seconds / max(self.seconds, 1e-9)


class Outcome(NamedTuple):
    """結果."""

    order: Order
    data: Data
    breach: Breach | None
    was_stopped: bool
    speed: Speed


Told = Callable[["Years"], None]


def _nothing(_: "Years") -> None:
    """For those who don't look."""


def _never() -> bool:
    return False


def run(order: Order, *, told: Told = _nothing, stop: Callable[[], bool] = _never) -> Outcome:
    """Live through it. *told* hears how it goes, each day and several times a second; when *stop* says so it ends where it is.

    Raises :class:`~scenarios.years.order.WrongOrder`.
    """
    check(order)
    facts = WorldFacts(order.seed, key_folder(), populations=populations(order), shared_keys=SHARED_KEYS)
    errors: list[str] = []
    with _quiet(errors):
        return run_deterministic(order.seed & 0xFFFF_FFFF, _run, order, facts, told, stop, errors)


async def _run(
    order: Order, facts: WorldFacts, told: Told, stop: Callable[[], bool], errors: list[str]
) -> Outcome:
    settings = WorldSettings(
        seed=order.seed, life="on", life_in=place_of(order).code, server_profile=order.profile
    )
    counting = Counting(FIRST_DAY, order.days)
    years: Years | None = None
    breach: Breach | None = None

    def make(description: Description, chance: SeededChance, nursery: trio.Nursery) -> SimulatedWorld:
        world = SimulatedWorld(description, chance, nursery, FairWeather(chance.fork("weather")))
        world.recorder = counting
        return world

    try:
        async with running_world(Description(facts, settings, PortalSettings()), order.seed, make) as world:
            years = Years(order, world, counting, told, stop)
            await years.live()
    except Exception as error:
        breach = _fallen(error)
    assert years is not None, "the world did not come up"
    breach = years.breach or breach
    if breach is None and errors:
        breach = Breach(SURPRISE, "REC-3", "nothing unexpected", errors[0], 0)
    return Outcome(order, years.data(), breach, years.was_stopped, years.speed())


def _fallen(error: BaseException) -> Breach:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    text = "".join(traceback.format_exception(error)[-4:])
    return Breach(FALLEN, "REC-3", "it goes on", f"{error!r}\n{text}", 0)


class Years:
    """年月: a run, as everybody in it sees it."""

    def __init__(
        self,
        order: Order,
        world: SimulatedWorld,
        counting: Counting,
        told: Told,
        stop: Callable[[], bool],
    ) -> None:
        self.order = order
        self.world = world
        self.counting = counting
        self.breach: Breach | None = None
        self.was_stopped = False
        self.crowd = Crowd(order, world.facts.nation)
        self._renewals = Renewals(order, world.facts.nation, world.facts.wallet)
        self._offices = Offices(world, order, self.crowd, self._renewals, counting)
        self._agenda = Agenda(order, self.crowd, self._renewals)
        self._chance = world.chance.fork("visits")
        self._return_key = key_for(order.seed, "years: returns")
        self._told = told
        self._stop = stop
        self._room = trio.Semaphore(AT_ONCE_MAX)
        self._began_ms = world.clock.now_ms()
        self._ends_ms = midnight_ms(FIRST_DAY) + order.days * DAY
        self._began_ns = self._told_ns = stopwatch_ns()
        self._ended: Speed | None = None
        self._last_event = 0

    def __repr__(self) -> str:
        return f"<Years: {self.order.days} days of {self.order.residents} residents, {self._agenda!r}>"

    def now_ms(self) -> int:
        return self.world.clock.now_ms()

    # Going on

    async def live(self) -> None:
        """All days, and then what must hold in the end."""
        await self._offices.begin()
        self._agenda.fill(FIRST_DAY, from_ms=self.now_ms())
        async with trio.open_nursery() as nursery:
            while len(self._agenda) and not self._must_end():
                entry = self._agenda.pop()
                if entry.what is What.INQUIRY and not self._offices.is_real(entry.who, entry.number):
                    self.counting.folded(entry.moment_ms)
                    continue
                await self._until(entry.moment_ms)
                await self._begin(entry, nursery)
            if not self._must_end():
                await self._until(self._ends_ms)
            self._ended = self.speed()
            nursery.cancel_scope.deadline = trio.current_time() + LAST_VISITS_SECONDS
            if self.was_stopped or self.breach is not None:
                nursery.cancel_scope.cancel()
        await self._measure()
        if self.breach is None and not self.was_stopped:
            await self.world.sleep(SETTLE_SECONDS)
            self.breach = await checks.check(self, at_end=True)

    def _must_end(self) -> bool:
        if stopwatch_ns() - self._told_ns > TOLD_EVERY_NS:
            self._tell()
        self.was_stopped = self.was_stopped or self._stop()
        return self.was_stopped or self.breach is not None

    async def _until(self, moment_ms: int) -> None:
        left_ms = moment_ms - self.now_ms()
        if left_ms > 0:
            await self.world.sleep(left_ms / 1000)

    async def _begin(self, entry: Entry, nursery: trio.Nursery) -> None:
        match entry.what:
            case What.DAY:
                self._agenda.fill(day_of(entry.moment_ms))
                self._tell()
            case What.MONTH:
                await self._offices.plan_stops(day_of(entry.moment_ms))
                await self._measure()
                self.breach = await checks.check(self, at_end=False)
            case What.WEEK:
                await self._look_at_folders()
            case What.NOTICES:
                await self._offices.send(entry.who)
            case What.CLERKS:
                await self._offices.decide()
            case What.RENEWAL:
                await self._offices.renew(entry.who)
            case What.INQUIRY:
                await self._room.acquire()
                nursery.start_soon(self._inquire, entry)
            case What.VISIT | What.RETURN:
                visitor = self.crowd.visitor(entry.who)
                if entry.what is What.VISIT and visitor.swapped:
                    # This one was made earlier, when an answer had come.
                    visitor.swapped -= 1
                    return
                await self._room.acquire()
                nursery.start_soon(self._visit, entry)

    async def _inquire(self, entry: Entry) -> None:
        try:
            await self._offices.inquire(entry.who, entry.number)
        finally:
            self._room.release()

    async def _visit(self, entry: Entry) -> None:
        visitor = self.crowd.visitor(entry.who)
        waited = len(visitor.waiting)
        try:
            await Visit(self.world, visitor, self._chance, self.counting).run()
        finally:
            self._room.release()
        word = draw(self._return_key, entry.number)
        is_told = visitor.has_mail and len(visitor.waiting) > (0 if entry.what is What.VISIT else waited)
        if is_told and word % 100 < RETURNS_PERCENT:
            after_ms = RETURNS_AFTER_MS + (word >> 8) % (RETURNS_WITHIN_MS - RETURNS_AFTER_MS)
            if self.now_ms() + after_ms < self._ends_ms:
                visitor.swapped += 1
                self._agenda.put(self.now_ms() + after_ms, What.RETURN, visitor.n)

    # Measuring

    async def _measure(self) -> None:
        """Once a month, and at the end: what happened to residents, how large the stores are."""
        day = self.counting.day_of(self.now_ms())
        for row in await self.world.stores[System.REGISTRY].read(_EVENTS_SINCE, {"seq": self._last_event}):
            event = row.life_event
            self.counting.happened(event.kind, (event.day - FIRST_DAY).days)
            self._last_event = row.seq
        sizes = {}
        for system, store in sorted(self.world.stores.items()):
            pages, size = (
                store.connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_count", "page_size")
            )
            sizes[str(system)] = pages * size
        self.counting.stores.append(StoreSize(day, sizes))
        await self._look_at_folders()

    async def _look_at_folders(self) -> None:
        rows = await self.world.stores[System.PORTAL].read(_FOLDERS)
        entries = sorted(row.entries for row in rows)
        if not entries:
            return
        last = len(entries) - 1
        size = FolderSize(
            self.counting.day_of(self.now_ms()),
            len(entries),
            sum(entries),
            sum(row.bytes for row in rows),
            entries[last // 2],
            entries[ceil(last * 0.9)],
            entries[last],
        )
        if not self.counting.folders or self.counting.folders[-1].day != size.day:
            self.counting.folders.append(size)

    # Telling

    def _tell(self) -> None:
        self._told_ns = stopwatch_ns()
        self._told(self)

    def glance(self) -> Glance:
        speed = self.speed()
        whole = (self._ends_ms - self._began_ms) / 1000
        return Glance(
            day_of(self.now_ms()), min(1.0, speed.simulated_seconds / whole), speed.simulated_seconds,
            speed.seconds, self.counting.events,
        )  # fmt: skip

    def speed(self) -> Speed:
        """Of the days lived through; what is looked at in the end is not counted."""
        if self._ended is not None:
            return self._ended
        seconds = (stopwatch_ns() - self._began_ns) / 1e9
        return Speed((self.now_ms() - self._began_ms) / 1000, seconds, self.counting.events)

    def data(self) -> Data:
        lived = min(self.order.days, self.counting.day_of(min(self.now_ms(), self._ends_ms - 1)) + 1)
        return self.counting.data(FIRST_DAY, lived, self.order.residents, len(self.crowd.users))


class _Folder(NamedTuple):
    account_id: str
    entries: int
    bytes: int


_EVENTS_SINCE = Query(
    "SELECT seq, request_id, event, at_ms FROM events WHERE seq > :seq ORDER BY seq", registry.EventRow
)
_FOLDERS = Query(
    "SELECT account_id, "
    "(SELECT COUNT(*) FROM disclosure_requests r WHERE r.account_id = a.account_id) + "
    "(SELECT COUNT(*) FROM notices n WHERE n.account_id = a.account_id), "
    "(SELECT COALESCE(SUM(LENGTH(asked) + COALESCE(LENGTH(content), 0)), 0) FROM disclosure_requests r "
    "WHERE r.account_id = a.account_id) + "
    "(SELECT COALESCE(SUM(COALESCE(LENGTH(own), 0)), 0) FROM notices n WHERE n.account_id = a.account_id) "
    "FROM accounts a",
    _Folder,
)


@contextmanager
def _quiet(errors: list[str]) -> Iterator[None]:
    """Nothing is logged to the terminal; what systems log as unexpected is kept."""

    def keep(_: Any, __: str, event: MutableMapping[str, Any]) -> Any:
        if event.get("event") in LOGGED_ERRORS and not errors:
            text = traceback.format_exc(limit=-4)
            errors.append(f"{event.get('event')} {event.get('operation') or event.get('kind')}\n{text}")
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[keep], cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)
