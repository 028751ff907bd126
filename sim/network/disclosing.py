"""情報提供等記録開示 at the core: at once, later, and later with the word of those who flagged a record (REC-2, 3, 5).

A record that either side has flagged (不開示コード) never stands in an immediate answer. The request is then answered
later: the core's operator asks both sides of each flagged record, each decides for itself, and the late answer leaves
out what either of them withholds. Who does not decide in :data:`DECISION_DAYS_MAX` days withholds.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from hashlib import sha256
from typing import Final
from zlib import crc32

import structlog

from portal.serving.system import Surroundings
from portal.store.outbox import Again, Finished, Row, Work, put
from portal.store.store import Conflict, Op, read_one
from portal.wire.deliveries import DELIVER_RECORDS, DeliveredRecords
from portal.wire.disclosure import ProvisionRecord
from portal.wire.intermediate_keeping import ASK_DECISION, AskDecision
from portal.wire.limits import RECORDS_IN_ANSWER_MAX, RECORDS_KEPT_YEARS
from portal.wire.linkage import Decision, InquiryState, Place
from portal.wire.moments import DAY, add_years, start_of
from portal.wire.network import Decided, DiscloseRecords, RecordsAnswer, RecordsOutcome
from portal.wire.operation import Done
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.systems import System
from sim.controls import ControlDesk
from sim.delivering import Pushed, pushed, reason_of
from sim.network import tables
from sim.network.facts import CoreFacts
from sim.network.records import tables as records
from sim.network.sieve import Sieve
from sim.network.tables import Disclosure, Question

log = structlog.get_logger(__name__)

DECISION_DAYS_MAX: Final = 25
"""Assumed: shorter than the 30 days after which the portal guides its user to paper."""
DECISION_MS_MAX: Final = DECISION_DAYS_MAX * DAY


def sides_of(record: records.Row) -> tuple[Place, ...]:
    """Who is asked about a flagged record: whoever keeps it beside the core."""
    if record.state == InquiryState.REFUSED:
        return (Place.INQUIRER,)
    return (Place.INQUIRER, Place.PROVIDER)


def held_back(record: records.Row) -> bool:
    """Whether somebody must be asked before this record is shown."""
    return record.flagged or (record.unclear and record.state == InquiryState.UNANSWERED)


def shown_at_once(record: records.Row) -> bool:
    """Whether an immediate answer may hold it. One that has not reached its provider yet appears when it has."""
    return not held_back(record) and not record.unclear


def shown_later(found: Sequence[records.Row], questions: Sequence[Question]) -> list[records.Row]:
    """What a late answer holds: of the flagged ones only those that both their sides disclose."""
    disclosed = {(q.number, q.side) for q in questions if q.decision == Decision.DISCLOSE}
    return [
        record
        for record in found
        if shown_at_once(record)
        or (held_back(record) and all((record.number, str(side)) in disclosed for side in sides_of(record)))
    ]


class Disclosing:
    """開示 of records to the portal."""

    def __init__(
        self,
        surroundings: Surroundings,
        facts: CoreFacts,
        desk: ControlDesk,
        touched: Sieve,
        wake: Callable[[], None],
    ) -> None:
        """*touched* are the persons of whom records were made in this run."""
        self._store = surroundings.store
        self._clock = surroundings.clock
        self._portal = surroundings.link(System.PORTAL)
        self._intermediate = surroundings.link(System.INTERMEDIATE)
        self._facts = facts
        self._desk = desk
        self._wake = wake
        self._at_push: set[str] = set()
        self._touched = touched
        self._promised = Sieve()
        self.works: Mapping[str, Work] = {
            tables.DISCLOSURE_PUSH: self._push,
            tables.DISCLOSURE_END: self._push,
            tables.DISCLOSURE_DECIDED: self._decided,
            tables.QUESTION_ASK: self._ask,
        }

    def __repr__(self) -> str:
        return f"Disclosing({self._facts!r})"

    async def load(self) -> None:
        """Read what was recorded and promised before the last restart."""
        self._touched.load(row.number for row in await self._store.read(records.PERSONS))
        self._promised.load(_sieved(row.request_id) for row in await self._store.read(tables.PROMISED))

    async def disclose(self, person: int, request: DiscloseRecords) -> RecordsAnswer | Problem:
        """Records at once; or, in the late mode or with a flagged record among them, the promise to push them."""
        if request.end < request.start:
            return problem(
                ProblemCode.UNPROCESSABLE,
                "期間の終わりが始まりより前です。期間を直してください。",
                field="$.end",
            )
        now = self._clock.now_ms()
        if (
            not self._desk.late_ms
            and not self._touched.may_hold(person)
            and not self._promised.may_hold(_sieved(request.request_id))
        ):
            # Nobody was asked about this person in this run, nor was anything promised under this number.
            past = self._facts.records(person, request.start, request.end, now_ms=now)
            return RecordsAnswer(RecordsOutcome.ANSWERED, past)
        wanted = Disclosure(
            request.request_id, person, request.start.isoformat(), request.end.isoformat(), now
        )
        known = await read_one(self._store, tables.DISCLOSURE, {"request_id": request.request_id})
        found = await self._found(person, request.start, request.end, now_ms=now)
        is_held_back = any(held_back(record) for record in found)
        if known is None and (self._desk.late_ms or is_held_back):
            known = await self._promise(wanted)
        if known is not None:
            if not known.same_request(wanted):
                return problem(
                    ProblemCode.UNPROCESSABLE,
                    "この要求番号は、別の内容の要求に使われています。",
                    field="$.request_id",
                )
            if known.done_ms is None or is_held_back:
                return RecordsAnswer(RecordsOutcome.LATER)
        at_once = list(filter(shown_at_once, found))
        shown = self._merged(person, request.start, request.end, at_once, now_ms=now)
        return RecordsAnswer(RecordsOutcome.ANSWERED, shown)

    async def _promise(self, wanted: Disclosure) -> Disclosure:
        now, key = wanted.accepted_ms, wanted.request_id
        self._promised.add(_sieved(key))
        ops = [
            tables.insert_disclosure(wanted),
            put(tables.DISCLOSURE_PUSH, key, due_ms=now + self._desk.late_ms, now_ms=now),
            put(tables.DISCLOSURE_END, key, due_ms=now + DECISION_MS_MAX, now_ms=now),
            tables.forget_disclosures(now),
            tables.forget_questions(now),
        ]
        if isinstance(await self._store.write(ops), Conflict):
            known = await read_one(self._store, tables.DISCLOSURE, {"request_id": key})
            assert known is not None, key
            return known
        self._wake()
        return wanted

    async def _found(self, person: int, first: date, last: date, *, now_ms: int) -> list[records.Row]:
        """The records of this run in a period, as the core keeps them, newest first."""
        oldest = add_years(now_ms, -RECORDS_KEPT_YEARS)
        period = {
            "person": person,
            "place": str(Place.CORE),
            "start": max(start_of(max(first, date(1970, 1, 2))), oldest),
            "end": min(start_of(last + timedelta(days=1)), now_ms + 1),
            "most": RECORDS_IN_ANSWER_MAX,
        }
        return await self._store.read(records.OF_PERSON, period)

    def _merged(
        self, person: int, first: date, last: date, overlay: Sequence[records.Row], *, now_ms: int
    ) -> tuple[ProvisionRecord, ...]:
        """The computed past and the records of this run, newest first, each once."""
        past = self._facts.records(person, first, last, now_ms=now_ms)
        if not overlay:
            return past
        ours = {record.number: self._facts.shown(record) for record in overlay}
        both = [*(record for record in past if record.record_id not in ours), *ours.values()]
        both.sort(key=lambda record: (record.requested_at, record.record_id), reverse=True)
        return tuple(both[:RECORDS_IN_ANSWER_MAX])

    # Later

    async def _decided(self, row: Row) -> Finished | Again:
        question = await read_one(self._store, tables.QUESTION, {"question_id": row.key})
        return Finished() if question is None else await self._push(row._replace(key=question.request_id))

    async def _push(self, row: Row) -> Finished | Again:
        """One at a time for each request: two decisions in the same moment are one answer."""
        if self._desk.stopped:
            return Again("stopped")
        if row.key in self._at_push:
            return Again("being pushed")
        self._at_push.add(row.key)
        try:
            return await self._push_alone(row)
        finally:
            self._at_push.discard(row.key)

    async def _push_alone(self, row: Row) -> Finished | Again:
        """Send the late answer if all who must be asked have decided; ask those who have not been asked yet."""
        promised = await read_one(self._store, tables.DISCLOSURE, {"request_id": row.key})
        if promised is None or promised.done_ms is not None:
            return Finished()
        first, last = date.fromisoformat(promised.first_day), date.fromisoformat(promised.last_day)
        found = await self._found(promised.person, first, last, now_ms=promised.accepted_ms)
        questions = await self._store.read(tables.QUESTIONS, {"request_id": row.key})
        now = self._clock.now_ms()
        if now < promised.accepted_ms + DECISION_MS_MAX:
            asks = self._to_be_asked(promised, found, questions)
            if asks:
                return Finished(tuple(asks))
            if any(question.decision is None for question in questions):
                # The decision that is missing brings us back here; at the latest the end does.
                return Finished()
        shown = self._merged(
            promised.person, first, last, shown_later(found, questions), now_ms=promised.accepted_ms
        )
        outcome = await self._portal.call(DELIVER_RECORDS, DeliveredRecords(row.key, shown))
        now = self._clock.now_ms()
        came_to = pushed(outcome, put_ms=row.put_ms, now_ms=now)
        if came_to is Pushed.AGAIN:
            return Again(reason_of(outcome))
        if came_to is not Pushed.TAKEN:
            log.warning("records_not_taken", came_to=str(came_to), reason=reason_of(outcome))
        await self._store.write([tables.finish_disclosure(row.key, came_to, now_ms=now)])
        return Finished()

    def _to_be_asked(
        self, promised: Disclosure, found: Sequence[records.Row], questions: Sequence[Question]
    ) -> list[Op]:
        asked = {(question.number, question.side) for question in questions}
        now, ops = self._clock.now_ms(), []
        for record in filter(held_back, found):
            for side in sides_of(record):
                if (record.number, str(side)) not in asked:
                    organisation = record.inquirer if side is Place.INQUIRER else record.provider
                    question_id = _question_id(promised.request_id, record.number, side)
                    question = Question(
                        question_id, promised.request_id, record.number, str(side), organisation, now
                    )
                    ops += [
                        tables.insert_question(question),
                        put(tables.QUESTION_ASK, question_id, due_ms=now, now_ms=now),
                    ]
        return ops

    async def _ask(self, row: Row) -> Finished | Again:
        if self._desk.stopped:
            return Again("stopped")
        question = await read_one(self._store, tables.QUESTION, {"question_id": row.key})
        if question is None or question.decision is not None:
            return Finished()
        wanted = AskDecision(row.key, question.number, Place(question.side), question.organisation)
        outcome = await self._intermediate.call(ASK_DECISION, wanted)
        now = self._clock.now_ms()
        came_to = pushed(outcome, put_ms=row.put_ms, now_ms=now)
        if came_to is Pushed.AGAIN:
            return Again(reason_of(outcome))
        if came_to is Pushed.TAKEN:
            return Finished()
        # Who keeps no such record has not flagged it; who cannot be asked has not allowed it.
        record = await read_one(self._store, records.ONE, records.one(Place.CORE, question.number))
        is_free = (
            came_to is Pushed.DECLINED
            and record is not None
            and question.side == Place.PROVIDER
            and not record.provider_withholds
        )
        return Finished(self._word(row.key, Decision.DISCLOSE if is_free else Decision.WITHHOLD))

    async def receive(self, request: Decided) -> Done | Problem:
        """開示可否の回答 of one side; its first word counts."""
        known = await read_one(self._store, tables.QUESTION, {"question_id": request.question_id})
        if known is None:
            return problem(ProblemCode.NOT_FOUND, "この照会は、行われていません。")
        if known.decision is None:
            await self._store.write(self._word(request.question_id, request.decision))
            self._wake()
        return Done()

    def _word(self, question_id: str, decision: Decision) -> tuple[Op, ...]:
        now = self._clock.now_ms()
        return (
            tables.decide_question(question_id, decision),
            put(tables.DISCLOSURE_DECIDED, question_id, due_ms=now, now_ms=now),
        )


def _sieved(request_id: str) -> int:
    return crc32(request_id.encode())


def _question_id(request_id: str, number: str, side: Place) -> str:
    return sha256(f"{request_id}/{number}/{side}".encode()).hexdigest()[:40]
