"""開封状況と回答: fetched through the network when a municipality asks for them, and shown for each recipient (NOT-4, 6)."""

from typing import Final

import msgspec

from portal.links.link import Unreachable
from portal.serving.system import Surroundings
from portal.store.store import Store, read_one
from portal.wire import notice_relaying as wire
from portal.wire.moments import to_jst
from portal.wire.notice_sending import (
    ListRecipients,
    NoticeSend,
    Recipients,
    SendOfOrganisation,
)
from portal.wire.notice_sending import Recipient as RecipientView
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.systems import System
from sim.intermediate.notices import tables
from sim.intermediate.notices.exporting import state_of
from sim.intermediate.notices.recipients import Recipient
from sim.intermediate.notices.relaying import NO_NETWORK
from sim.intermediate.notices.sending import Sending
from sim.intermediate.notices.tables import AnswersRow, BatchRow, SendRow

RECIPIENTS_ON_PAGE: Final = 500
POLL_PAGES_MAX: Final = 50
"""Pages of marks, and of answers, that one poll fetches; the next poll goes on behind them."""
LATE_MARKS_MS: Final = 5_000
"""Marks may be written down a little out of their order: so much is read again."""


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """How far marks were read."""

    since_ms: int = 0
    after: int = -1


class Cursors(msgspec.Struct, frozen=True, array_like=True):
    marks: Cursor = Cursor()
    answers: Cursor = Cursor()


class Polling:
    """開封状況と回答の取り寄せ."""

    def __init__(self, surroundings: Surroundings, sending: Sending) -> None:
        self._store: Store = surroundings.store
        self._clock = surroundings.clock
        self._network = surroundings.link(System.NETWORK)
        self._sending = sending

    def __repr__(self) -> str:
        return "Polling()"

    async def poll(self, request: SendOfOrganisation) -> NoticeSend | Problem:
        """What is new since the last poll, written down."""
        key = {"organisation": request.organisation, "send_id": request.send_id}
        row = await read_one(self._store, tables.ONE, key)
        if row is None:
            return await self._sending.view(request.organisation, request.send_id)
        cursors = msgspec.msgpack.decode(row.cursors, type=Cursors) if row.cursors else Cursors()
        marks: Cursor | None = cursors.marks
        answers: Cursor | None = cursors.answers
        if row.content_relayed:
            marks = await self._fetch_marks(row, cursors.marks)
            answers = await self._fetch_answers(row, cursors.answers)
            if marks is None or answers is None:
                return NO_NETWORK
        kept = Cursors(marks or Cursor(), answers or Cursor())
        await self._store.write([tables.polled(row, msgspec.msgpack.encode(kept), self._clock.now_ms())])
        return await self._sending.view(request.organisation, request.send_id)

    async def _fetch_marks(self, row: SendRow, cursor: Cursor) -> Cursor | None:
        for _ in range(POLL_PAGES_MAX):
            answer = await self._network.call(wire.ASK_MARKS, _ask(row, cursor))
            if isinstance(answer, Problem) and answer.code is ProblemCode.NOT_FOUND:
                return cursor
            if isinstance(answer, (Problem, Unreachable)):
                return None
            if answer.marks:
                await self._store.write(
                    [tables.opened(row, mark.position, mark.at_ms) for mark in answer.marks]
                )
                cursor = Cursor(answer.marks[-1].at_ms, answer.marks[-1].position)
            if not answer.more:
                return _a_little_back(cursor)
        return cursor

    async def _fetch_answers(self, row: SendRow, cursor: Cursor) -> Cursor | None:
        for _ in range(POLL_PAGES_MAX):
            answer = await self._network.call(wire.ASK_ANSWERS, _ask(row, cursor))
            if isinstance(answer, Problem) and answer.code is ProblemCode.NOT_FOUND:
                return cursor
            if isinstance(answer, (Problem, Unreachable)):
                return None
            if answer.answers:
                await self._store.write(
                    [tables.answered(row, each.position, each.at_ms, each.answers) for each in answer.answers]
                )
                cursor = Cursor(answer.answers[-1].at_ms, answer.answers[-1].position)
            if not answer.more:
                return _a_little_back(cursor)
        return cursor

    async def recipients(self, request: ListRecipients) -> Recipients | Problem:
        """宛先ごとの状態, from *after* on: whole batches, as many as make a page."""
        key = {"organisation": request.organisation, "send_id": request.send_id}
        row = await read_one(self._store, tables.ONE, key)
        if row is None:
            return problem(ProblemCode.NOT_FOUND, "この送信番号の送信は、この機関にありません。")
        views: list[RecipientView] = []
        end = request.after + 1
        while len(views) < RECIPIENTS_ON_PAGE:
            batch = await read_one(self._store, tables.BATCH_AT, {**key, "position": end})
            if batch is None or batch.first + batch.total <= end:
                return Recipients(tuple(views), False)
            found = await self._of_batch(key, batch)
            views += [view for view in found if view.position > request.after]
            end = batch.first + batch.total
        return Recipients(tuple(views), end < row.recipients)

    async def _of_batch(self, key: dict[str, str], batch: BatchRow) -> list[RecipientView]:
        span = {**key, "first": batch.first, "end": batch.first + batch.total}
        opened = {
            each.position: each.opened_ms for each in await self._store.read(tables.OPENED_BETWEEN, span)
        }
        given = {each.position: each for each in await self._store.read(tables.ANSWERS_BETWEEN, span)}
        missing: tuple[int, ...] | None = None
        if batch.undelivered is not None:
            missing = msgspec.msgpack.decode(batch.undelivered, type=tuple[int, ...])
        without = frozenset(missing or ())
        recipients = msgspec.msgpack.decode(batch.recipients, type=list[Recipient])
        return [
            _view(
                position,
                each.person,
                missing is not None,
                position in without,
                opened.get(position),
                given.get(position),
            )
            for position, each in enumerate(recipients, batch.first)
        ]


def _view(
    position: int,
    person: int,
    is_known: bool,
    is_without: bool,
    opened_ms: int | None,
    given: AnswersRow | None,
) -> RecipientView:
    state = state_of(is_known, is_without, opened_ms is not None, given is not None)
    opened_at = None if opened_ms is None else to_jst(opened_ms)
    if given is None:
        return RecipientView(position, person, state, opened_at)
    answers = msgspec.msgpack.decode(given.answers, type=tuple[tuple[str, ...], ...])
    return RecipientView(position, person, state, opened_at, to_jst(given.answered_ms), answers)


def _ask(row: SendRow, cursor: Cursor) -> wire.AskMarks:
    return wire.AskMarks(row.organisation, row.send_id, cursor.since_ms, cursor.after)


def _a_little_back(cursor: Cursor) -> Cursor:
    """Everything was read; marks that are written down late stand a little before the last one."""
    return Cursor(max(0, cursor.since_ms - LATE_MARKS_MS), -1)
