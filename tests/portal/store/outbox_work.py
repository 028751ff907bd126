"""What the outbox's tests have in common: their clock, and work that notes what it was asked."""

import math

import trio

from portal.seams.clock import Clock
from portal.store import outbox as outbox_module
from portal.store.outbox import (
    Again,
    Finished,
    Row,
)
from portal.store.store import Query

START_MS = 1_900_000_000_000


class TrialClock(Clock):
    """The trial's own time, which the mock clock moves."""

    def _unmoved_ms(self) -> int:
        return START_MS + math.floor(trio.current_time() * 1000 + 0.5)


ROWS = Query("SELECT kind, key, due_ms, attempts, put_ms FROM outbox ORDER BY kind, key", Row)


class Worker:
    """Work that notes when it was asked to do what, and answers as it is told."""

    def __init__(self, clock: Clock, *answers: Finished | Again | Exception) -> None:
        self._clock = clock
        self._answers = list(answers)
        self.asked: list[tuple[str, int, int]] = []

    async def __call__(self, row: Row) -> Finished | Again:
        self.asked.append((row.key, row.attempts, self._clock.now_ms() - START_MS))
        answer = self._answers.pop(0) if self._answers else Finished()
        if isinstance(answer, Exception):
            raise answer
        return answer


async def promise(store, clock, key, *, kind="letter", in_ms=0):
    now = clock.now_ms()
    await store.write([outbox_module.put(kind, key, due_ms=now + in_ms, now_ms=now)])


async def until_empty(store, every_s=0.5):
    while await store.read(ROWS):  # noqa: ASYNC110 - the store has no events
        await trio.sleep(every_s)


async def put_and_take_up(store, clock, box, key, *, in_ms=0):
    now = clock.now_ms()
    await store.write([outbox_module.put("letter", key, due_ms=now + in_ms, now_ms=now)])
    box.take_up("letter", key, due_ms=now + in_ms, now_ms=now)
