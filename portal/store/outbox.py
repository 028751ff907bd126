"""The outbox: what must happen later is a row, done by a worker that may die at any point.

A row is written in the same transaction as the promise it keeps; it goes away in a transaction too, after its
work was done. So work is done at least once, and whoever receives it must recognise it when it comes again.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import NamedTuple

import structlog
import trio

from portal.seams.clock import Clock
from portal.store import claims
from portal.store.store import Conflict, Op, Query, Schema, StorageRefused, Store, StoreOverloaded

log = structlog.get_logger(__name__)

AT_ONCE_MAX = 16
"""Rows that one worker carries at the same time."""
ROWS_READ_MAX = 200
BACK_OFF_SECONDS: tuple[float, ...] = (1, 2, 5, 10, 20, 30, 60, 120, 300)
"""After the nth failure; the last one from then on."""
LOOKING = 1 << 62
"""In place of a moment: the worker is looking just now, so whatever falls due is worth another look."""
LOOK_SECONDS_MAX = 60.0
"""A worker looks again after so long even when nobody woke it (a clock may have been moved)."""
LOOK_SECONDS_MAX_WHEN_TOLD = 3_600.0
"""Where nobody else writes and every move of the clock wakes the worker: half of the steps of a simulated world were looks
in vain."""

SCHEMA = Schema(
    "outbox",
    (
        """
        CREATE TABLE outbox (
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            due_ms INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            put_ms INTEGER NOT NULL,
            PRIMARY KEY (kind, key)
        );
        CREATE INDEX outbox_due ON outbox (due_ms)
        """,
        "ALTER TABLE outbox ADD COLUMN holder TEXT",
    ),
)


class Row(NamedTuple):
    """One thing to do; the key says about what, and its details stand where they belong (no copy here)."""

    kind: str
    key: str
    due_ms: int
    attempts: int
    put_ms: int


class Finished(NamedTuple):
    """Done, or given up for good; these operations are committed together with the row's removal."""

    ops: tuple[Op, ...] = ()


class Again(NamedTuple):
    """Not now: try again later."""

    reason: str


Work = Callable[[Row], Awaitable[Finished | Again]]

_DUE = Query(
    "SELECT kind, key, due_ms, attempts, put_ms FROM outbox WHERE due_ms <= :now ORDER BY due_ms, kind, key LIMIT :most",
    Row,
)


_CLAIMED = Query(claims.CLAIMED_SQL, Row)


class _Next(NamedTuple):
    due_ms: int | None


_NEXT = Query("SELECT MIN(due_ms) FROM outbox WHERE due_ms > :now", _Next)


_PUT = (
    "INSERT INTO outbox (kind, key, due_ms, attempts, put_ms) VALUES (:kind, :key, :due, 0, :now) "
    "ON CONFLICT (kind, key) DO NOTHING"
)
_REMOVE = "DELETE FROM outbox WHERE kind = :kind AND key = :key"
_PUT_TWO = (
    "INSERT INTO outbox (kind, key, due_ms, attempts, put_ms) "
    "VALUES (:kind, :key, :due, 0, :now), (:kind_2, :key, :due_2, 0, :now) "
    "ON CONFLICT (kind, key) DO NOTHING"
)
_REMOVE_TWO = "DELETE FROM outbox WHERE kind IN (:kind, :kind_2) AND key = :key"
_HURRY = "UPDATE outbox SET due_ms = :now WHERE kind = :kind AND key = :key"
_PUTS = "INSERT INTO outbox "
"""So begins whatever promises work, also what promises it for each row of another table."""


def put(kind: str, key: str, *, due_ms: int, now_ms: int) -> Op:
    """The operation that promises this work; promising it twice is promising it once."""
    return Op(_PUT, {"kind": kind, "key": key, "due": due_ms, "now": now_ms}, None)


def remove(kind: str, key: str) -> Op:
    return Op(_REMOVE, {"kind": kind, "key": key}, None)


def put_two(kind: str, kind_2: str, key: str, *, due_ms: int, due_2_ms: int, now_ms: int) -> Op:
    """Two kinds of work about the same, each with when it is due, at the price of one."""
    params = {"kind": kind, "due": due_ms, "kind_2": kind_2, "due_2": due_2_ms, "key": key, "now": now_ms}
    return Op(_PUT_TWO, params, None)


def remove_two(kind: str, kind_2: str, key: str) -> Op:
    return Op(_REMOVE_TWO, {"kind": kind, "kind_2": kind_2, "key": key}, None)


def hurry(kind: str, key: str, *, now_ms: int) -> Op:
    """Do it now, whatever was waited for."""
    return Op(_HURRY, {"kind": kind, "key": key, "now": now_ms}, None)


def _delay(kind: str, key: str, *, due_ms: int, attempts: int) -> Op:
    return Op(
        "UPDATE outbox SET due_ms = :due, attempts = :attempts WHERE kind = :kind AND key = :key",
        {"kind": kind, "key": key, "due": due_ms, "attempts": attempts},
        None,
    )


def back_off_ms(attempts: int) -> int:
    """How long to wait after so many failures."""
    return int(BACK_OFF_SECONDS[min(attempts, len(BACK_OFF_SECONDS)) - 1] * 1000)


class Outbox:
    """送信箱: runs the work of one system's outbox rows as they fall due."""

    def __init__(self, store: Store, clock: Clock, works: Mapping[str, Work], holder: str = "") -> None:
        """With a *holder* (no other process' name) rows are claimed: other processes work on the same outbox."""
        self._store = store
        self._holder = holder
        self._looks = 0
        self._look_seconds_max = LOOK_SECONDS_MAX
        if holder:
            self._look_seconds_max = claims.LOOK_SECONDS_MAX
        elif clock.is_only_moved_here:
            self._look_seconds_max = LOOK_SECONDS_MAX_WHEN_TOLD
        self._clock = clock
        self._works = dict(works)
        self._nursery: trio.Nursery | None = None
        self._wake = trio.Event()
        self._looks_at_ms = LOOKING
        self._until = trio.CancelScope()
        """Ends the worker's wait when it is to look; of use only while it waits."""
        self._looks_when_none_is_ready = False
        self._has_passed_over = False
        self._in_hand: set[tuple[str, str]] = set()
        self._taken_up_meanwhile: set[tuple[str, str]] = set()
        self._ready: deque[Row] = deque()
        self._carriers = 0
        clock.on_move(self.wake)

    def __repr__(self) -> str:
        return f"Outbox({sorted(self._works)})"

    def add_work(self, kind: str, work: Work) -> None:
        """One more kind, before :meth:`run`."""
        self._works[kind] = work

    def wake(self) -> None:
        """Rows were added that are due: look now."""
        # While rows are waiting for their turn another look would only find these.
        if self._ready:
            self._looks_when_none_is_ready = True
        else:
            self._wake.set()

    def expect(self, due_ms: int) -> None:
        """A row was added that falls due then: look at that moment at the latest."""
        if due_ms >= self._looks_at_ms:
            return
        left_ms = due_ms - self._clock.now_ms()
        if self._looks_at_ms == LOOKING or left_ms <= 0:
            self.wake()
        else:
            self._looks_at_ms = due_ms
            self._until.deadline = self._clock.steady_seconds() + left_ms / 1000

    def take_up(self, kind: str, key: str, *, due_ms: int, now_ms: int) -> None:
        """A new row was put by a transaction that is done: begun at once if it is due, without looking for it."""
        name = (kind, key)
        if self._nursery is None or due_ms > now_ms or self._holder:
            self.expect(due_ms)
        elif name in self._in_hand:
            self._has_passed_over = True
        else:
            self._taken_up_meanwhile.add(name)
            self._begin(self._nursery, Row(kind, key, due_ms, 0, now_ms))

    def promised(self, ops: Iterable[Op]) -> None:
        """These operations are done: what they promise is taken up, or expected at its time."""
        for sql, params, _ in ops:
            if sql == _PUT:
                self.take_up(params["kind"], params["key"], due_ms=params["due"], now_ms=params["now"])
            elif sql == _PUT_TWO:
                for kind, due_ms in ((params["kind"], params["due"]), (params["kind_2"], params["due_2"])):
                    self.take_up(kind, params["key"], due_ms=due_ms, now_ms=params["now"])
            elif sql == _HURRY:
                self.expect(params["now"])
            elif sql.startswith(_PUTS):
                # Only a look can tell of which rows, and when.
                self.wake()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Work until cancelled."""
        async with trio.open_nursery() as self._nursery:
            task_status.started()
            while True:
                self._wake = trio.Event()
                self._looks_at_ms = LOOKING
                now = self._clock.now_ms()
                # What is in hand now may be gone or put off by the time its turn comes below: not from this look. The
                # same holds for what is taken up while this look is on its way.
                busy = frozenset(self._in_hand)
                self._taken_up_meanwhile.clear()
                try:
                    rows, has_more = await self._due(now)
                    next_due = (await self._store.read(_NEXT, {"now": now}))[0].due_ms
                except (StorageRefused, StoreOverloaded) as refusal:
                    log.error("outbox_unreadable", reason=str(refusal))
                    await trio.sleep(BACK_OFF_SECONDS[0])
                    continue
                started = False
                # Of others' rows only another look can tell.
                self._has_passed_over = has_more and self._holder != ""
                for row in rows:
                    name = (row.kind, row.key)
                    if name in busy:
                        self._has_passed_over = True
                    elif name not in self._taken_up_meanwhile:
                        self._begin(self._nursery, row)
                        started = True
                if started and has_more:
                    self.wake()
                wait = self._look_seconds_max
                if next_due is not None:
                    wait = min(wait, max(0.0, (next_due - now) / 1000))
                self._looks_at_ms = now + int(wait * 1000)
                with trio.move_on_after(wait) as self._until:
                    await self._wake.wait()

    async def _due(self, now: int) -> tuple[list[Row], bool]:
        """What is due, or as much of it as can be begun at once and nobody else has claimed; whether there may be more."""
        if not self._holder:
            rows = await self._store.read(_DUE, {"now": now, "most": ROWS_READ_MAX})
            return rows, len(rows) == ROWS_READ_MAX
        free = AT_ONCE_MAX - len(self._in_hand)
        if free <= 0:
            return [], True
        self._looks += 1
        holder, until = f"{self._holder}/{self._looks}", now + claims.CLAIM_MS
        await self._store.write([claims.claim(holder, now_ms=now, until_ms=until, most=free)])
        rows = await self._store.read(_CLAIMED, {"holder": holder, "until": until})
        return rows, len(rows) == free

    def _begin(self, nursery: trio.Nursery, row: Row) -> None:
        self._in_hand.add((row.kind, row.key))
        if self._carriers < AT_ONCE_MAX:
            self._carriers += 1
            nursery.start_soon(self._carry, row)
        else:
            self._ready.append(row)

    async def _carry(self, row: Row) -> None:
        """This row, and then whatever is ready."""
        try:
            await self._carry_one(row)
            while self._ready:
                await self._carry_one(self._ready.popleft())
        finally:
            self._carriers -= 1

    async def _carry_one(self, row: Row) -> None:
        # Looked for again at once, unless it is known that nothing new can be due.
        look_at_ms = 0
        try:
            outcome = await self._attempt(row)
            again = await self._finish(row, outcome) if isinstance(outcome, Finished) else outcome
            if again is None:
                if isinstance(outcome, Finished):
                    self.promised(outcome.ops)
                look_at_ms = 0 if self._has_passed_over else LOOKING
            else:
                attempts = row.attempts + 1
                due = self._clock.now_ms() + back_off_ms(attempts)
                log.info("outbox_again", kind=row.kind, attempts=attempts, reason=again.reason)
                await self._store.write([_delay(row.kind, row.key, due_ms=due, attempts=attempts)])
                look_at_ms = 0 if self._has_passed_over else due
        except (StorageRefused, StoreOverloaded) as refusal:
            # The row is still there, so the work will be found again once the store takes writes.
            log.error("outbox_unwritable", kind=row.kind, reason=str(refusal))
            await trio.sleep(BACK_OFF_SECONDS[0])
        finally:
            self._in_hand.discard((row.kind, row.key))
            self.expect(look_at_ms)
            if not self._ready and self._looks_when_none_is_ready:
                self._looks_when_none_is_ready = False
                self._wake.set()

    async def _finish(self, row: Row, finished: Finished) -> Again | None:
        """Take the row away in one transaction with what its work leaves; None when that is done."""
        try:
            outcome = await self._store.write([*finished.ops, remove(row.kind, row.key)])
        except (StorageRefused, StoreOverloaded):
            raise
        except Exception as error:
            log.exception("outbox_finish_failed", kind=row.kind)
            return Again(f"{type(error).__name__}")
        # A conflict: what the work found has changed meanwhile, so it looks again.
        return Again(f"{outcome}") if isinstance(outcome, Conflict) else None

    async def _attempt(self, row: Row) -> Finished | Again:
        work = self._works.get(row.kind)
        if work is None:
            return Again(f"no work of the kind {row.kind} in this version")
        try:
            return await work(row)
        except (StorageRefused, StoreOverloaded):
            raise
        except Exception as error:
            log.exception("outbox_work_failed", kind=row.kind)
            return Again(f"{type(error).__name__}")
