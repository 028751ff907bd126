"""住民基本台帳: residents as life has changed them, and who must be told of it.

The events are kept, not their outcome: whoever has them can begin anew and comes to the same (`sim.nation.overlay`).
An event is durable, with the outbox rows that tell JPKI and the back offices, before it shows anywhere.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

import msgspec
import structlog
import trio

from portal.serving.system import Surroundings
from portal.store.outbox import Again, Finished, Outbox, Row, Work, put
from portal.store.store import Conflict, Op, StorageRefused, StoreOverloaded, read_one
from portal.wire.intermediate_keeping import NOTE_RESIDENT
from portal.wire.jpki import NOTE_EVENT, CardEvent, NoteEvent
from portal.wire.moments import JST, day_of, to_ms
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.registry import (
    ChangedResident,
    EventTaken,
    HouseholdMember,
    ReportEvent,
    ResidentChange,
)
from portal.wire.systems import System
from sim.controls import ControlDesk
from sim.delivering import Pushed, pushed, reason_of
from sim.nation.changes import Applied, Change
from sim.nation.life import LifeEvent, life_events
from sim.nation.nation import Nation
from sim.nation.overlay import Overlay
from sim.nation.person import Person
from sim.registry import tables
from sim.registry.reporting import UNFIT_SAID, event_of
from sim.registry.tables import EventRow

log = structlog.get_logger(__name__)

DAY_BEGINS: Final = time(4)
"""When a day's events take effect where life goes on by itself."""


NOT_KEPT_SECONDS: Final = 1_800.0
"""Before a day is tried again that the store did not take."""


class Life(NamedTuple):
    """日々の異動: whether life goes on by itself, and where."""

    municipalities: frozenset[str] = frozenset()
    """Codes; nowhere when there are none."""

    def concerns(self, nation: Nation, event: LifeEvent) -> bool:
        """Whether one of those whom it is about lives, or comes to live, in one of these."""
        people = (event.n,) if event.partner is None else (event.n, event.partner)
        return event.municipality in self.municipalities or any(
            nation.resident_id(n).partition("-")[0] in self.municipalities for n in people
        )


STILL = Life()


class _Outcome(NamedTuple):
    applied: Applied
    told: list[int]
    """Whose registration is another now."""
    changed: tuple[ChangedResident, ...]


class Registry:
    """台帳."""

    def __init__(self, surroundings: Surroundings, nation: Nation, desk: ControlDesk, life: Life) -> None:
        self.nation = nation
        self.overlay = Overlay(nation)
        self.life = life
        self.lived_until: date | None = None
        self._store = surroundings.store
        self._clock = surroundings.clock
        self._jpki = surroundings.link(System.JPKI)
        self._offices = surroundings.link(System.INTERMEDIATE)
        self.desk = desk
        self._seq = 0
        self._taking = trio.Lock()
        works: Mapping[str, Work] = {
            tables.NOTE_JPKI: self._note_jpki,
            tables.NOTE_OFFICES: self._note_offices,
        }
        self.outbox = Outbox(self._store, self._clock, works)

    def __repr__(self) -> str:
        return f"Registry({self.overlay!r})"

    @property
    def today(self) -> date:
        return day_of(self._clock.now_ms())

    async def load(self) -> None:
        """Read what happened before the last restart."""
        rows = await self._store.read(tables.EVERY)
        self.overlay.apply(row.life_event for row in rows)
        self._seq = rows[-1].seq if rows else 0
        until = await read_one(self._store, tables.LIVED_UNTIL, {})
        self.lived_until = None if until is None else until.day

    def resident_on(self, n: int, on: date) -> Person:
        """住民票: the person as registered on a day."""
        return self.overlay.person(n, on)

    # What is reported

    async def report(self, wanted: ReportEvent) -> EventTaken | Problem:
        """Durable when this returns; what can't be true is refused, and nothing is kept of it."""
        async with self._taking:
            known = await read_one(self._store, tables.ONE, {"request_id": wanted.request_id})
            event = known.life_event if known is not None else event_of(self.overlay, wanted, self.today)
            if isinstance(event, Problem):
                return event
            if known is not None or event in self.overlay:
                return EventTaken(wanted.request_id, event.day, ())
            outcome = self._tried([event])
            unfit = next((why for one, why in outcome.applied.unfit if one == event), None)
            if unfit is not None:
                return problem(ProblemCode.UNPROCESSABLE, UNFIT_SAID[unfit], field="$.resident")
            await self._keep([(wanted.request_id, event)], outcome)
        return EventTaken(wanted.request_id, event.day, outcome.changed)

    def _said(self, change: Change) -> ChangedResident:
        words = {
            "born": change.is_born,
            "died": change.has_died,
            "moved": change.has_moved,
            "renamed": change.is_renamed,
        }
        person = self.overlay.person(change.n)
        return ChangedResident(
            person.resident_id if change.n >= self.nation.size else self.nation.resident_id(change.n),
            tuple(word for word, is_so in words.items() if is_so),
            person.name,
            person.address.text,
            len(self.overlay.household(change.n)),
        )

    # Taking events

    def _tried(self, events: Sequence[LifeEvent]) -> _Outcome:
        """What these events would come to; nothing is changed by asking."""
        applied = self.overlay.apply(events)
        told: set[int] = set()
        for change in applied.changes:
            told.add(change.n)
            for resident in (change.before, change.after):
                if resident is not None:
                    # Whoever stays behind, or is joined, lives in another household than before.
                    told.update(self.overlay.living_at(resident.person.household))
        changed = tuple(self._said(change) for change in applied.changes if change.after is not None)
        self.overlay.withdraw(events)
        # Of those born since, the offices that compute their copies know nothing.
        return _Outcome(applied, sorted(n for n in told if n < self.nation.size), changed)

    async def _keep(
        self, events: Sequence[tuple[str, LifeEvent]], outcome: _Outcome, more: Sequence[Op] = ()
    ) -> None:
        """Durable, with the promise to tell those concerned, before it shows."""
        now, seq = self._clock.now_ms(), self._seq
        ops: list[Op] = []
        for request_id, event in events:
            seq += 1
            ops.append(tables.insert(EventRow(seq, request_id, msgspec.json.encode(event), now)))
        for change in outcome.applied.changes:
            for what in _card_events(change, self.nation):
                ops.append(put(tables.NOTE_JPKI, f"{seq}/{change.n}/{what}", due_ms=now, now_ms=now))
        ops += [put(tables.NOTE_OFFICES, f"{seq}/{n}", due_ms=now, now_ms=now) for n in outcome.told]
        written = await self._store.write([*ops, *more])
        assert not isinstance(written, Conflict), "somebody else writes into the registry's store"
        self.overlay.apply(event for _, event in events)
        self._seq = seq
        self.outbox.wake()

    # Telling others

    async def _note_jpki(self, row: Row) -> Finished | Again:
        if self.desk.stopped:
            return Again("stopped")
        _, n, what = row.key.split("/")
        outcome = await self._jpki.call(NOTE_EVENT, NoteEvent(row.key, int(n), CardEvent(what)))
        return self._said_to("event_not_noted", outcome, row)

    async def _note_offices(self, row: Row) -> Finished | Again:
        if self.desk.stopped:
            return Again("stopped")
        outcome = await self._offices.call(NOTE_RESIDENT, self.change_of(int(row.key.partition("/")[2])))
        return self._said_to("resident_not_noted", outcome, row)

    def _said_to(self, event: str, outcome: object, row: Row) -> Finished | Again:
        # Whoever was down for months must still hear of it: this is never given up.
        now = self._clock.now_ms()
        came_to = pushed(outcome, put_ms=now, now_ms=now)
        if came_to is Pushed.AGAIN:
            return Again(reason_of(outcome))
        if came_to is not Pushed.TAKEN:
            log.warning(event, came_to=str(came_to), reason=reason_of(outcome))
        return Finished()

    def change_of(self, n: int) -> ResidentChange:
        """How a resident is registered now, for the back offices."""
        resident = self.overlay.resident(n)
        person, insurer = resident.person, resident.job_insurer
        home = self.overlay.household(n) or [person]
        members = sorted(home, key=lambda each: (each.role, each.birth_date, each.n))
        return ResidentChange(
            max(self._seq, 1),
            n,
            resident.since or self.nation.reference_date,
            person.address.municipality,
            person.address.postal_code,
            person.address.text,
            person.household,
            tuple(HouseholdMember(each.n, each.birth_date, each.sex, int(each.role)) for each in members),
            resident.died,
            resident.moved_from,
            resident.moved_on,
            None if insurer is None else insurer.code,
        )

    # Life by itself

    async def live(self) -> None:
        """Let each day's events happen as the world's days pass, until cancelled."""
        if not self.life.municipalities:
            await trio.sleep_forever()
        while True:
            today = self.today
            # Where life begins only now, nothing is made up for what went before.
            first = today if self.lived_until is None else self.lived_until + timedelta(days=1)
            try:
                for ordinal in range(first.toordinal(), today.toordinal() + 1):
                    await self._live(date.fromordinal(ordinal))
            except (StorageRefused, StoreOverloaded) as refusal:
                # The day was not lived; it is once the store takes writes.
                log.error("life_not_kept", reason=str(refusal))
                await self._clock.sleep(NOT_KEPT_SECONDS)
                continue
            tomorrow = datetime.combine(today + timedelta(days=1), DAY_BEGINS, JST)
            await self._clock.sleep(max(1.0, (to_ms(tomorrow) - self._clock.now_ms()) / 1000))

    async def _live(self, day: date) -> None:
        # Others get their turn between two days: a day of the nation takes some tenths of a second.
        await trio.lowlevel.checkpoint()
        async with self._taking:
            found = [
                event
                for event in life_events(self.nation, day)
                if self.life.concerns(self.nation, event) and event not in self.overlay
            ]
            outcome = self._tried(found)
            unfit = {event for event, _ in outcome.applied.unfit}
            events = [(f"life/{day}/{n}", event) for n, event in enumerate(found) if event not in unfit]
            await self._keep(events, outcome, [tables.live_until(day)])
            self.lived_until = day
        if events:
            log.info("life_went_on", day=str(day), events=len(events))


def everyday_life(nation: Nation, codes: Collection[str] = ()) -> Life:
    """日々の異動 in these municipalities; by default in that of the nation's first example resident."""
    return Life(frozenset(codes or (nation.examples()[0].municipality_code,)))


def _card_events(change: Change, nation: Nation) -> tuple[CardEvent, ...]:
    """What JPKI must hear of; those born since have no card yet."""
    if change.n >= nation.size:
        return ()
    if change.has_died:
        return (CardEvent.DIED,)
    # Both mean the same to a certificate; one notice is enough.
    if change.has_moved:
        return (CardEvent.MOVED,)
    return (CardEvent.NAME_CHANGED,) if change.is_renamed else ()
