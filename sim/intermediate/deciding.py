"""記録の開示可否 (TKM): the core asks one side about one flagged record; that side decides for itself (REC-5).

A side that has not flagged the record discloses it. One that has follows its policy: withhold, disclose, or wait for a
hand; it may take its time, and be down.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import structlog

from portal.serving.system import Surroundings
from portal.store.outbox import Again, Finished, Row, Work, put
from portal.store.store import Op, Query, read_one
from portal.wire.intermediate_keeping import (
    AskDecision,
    Decide,
    DecisionPolicy,
    Group,
    ListRecords,
    Question,
    Questions,
)
from portal.wire.linkage import Decision, Place
from portal.wire.moments import DAY, to_utc
from portal.wire.network import RECEIVE_DECISION, Decided, RecordsOfPlace
from portal.wire.operation import Done
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.systems import System
from sim.delivering import Pushed, pushed, reason_of
from sim.intermediate.standing import Standing
from sim.network.records import tables as records

log = structlog.get_logger(__name__)

QUESTION_DECIDE = "question_decide"
"""Outbox: decide about a record, and tell the core."""
QUESTIONS_KEPT_DAYS = 60
QUESTIONS_LISTED_MAX = 500
_POLICIES = {DecisionPolicy.WITHHOLD: Decision.WITHHOLD, DecisionPolicy.DISCLOSE: Decision.DISCLOSE}


class QuestionRow(NamedTuple):
    question_id: str
    number: str
    side: str
    organisation: str
    asked_ms: int
    decision: str | None = None


_ONE = Query(
    "SELECT question_id, number, side, organisation, asked_ms, decision FROM questions "
    "WHERE question_id = :question_id",
    QuestionRow,
)
_OF = Query(
    "SELECT question_id, number, side, organisation, asked_ms, decision FROM questions "
    "WHERE organisation = :organisation ORDER BY asked_ms DESC, question_id LIMIT :most",
    QuestionRow,
)


def _settle(question_id: str, decision: Decision) -> Op:
    """The first decision counts: another one conflicts."""
    return Op(
        "UPDATE questions SET decision = :decision "
        "WHERE question_id = :question_id AND (decision IS NULL OR decision = :decision)",
        {"question_id": question_id, "decision": str(decision)},
    )


class Deciding:
    """開示可否の判断, and the records of both sides for those who compare them."""

    def __init__(self, surroundings: Surroundings, standing: Standing, wake: Callable[[], None]) -> None:
        self._store = surroundings.store
        self._clock = surroundings.clock
        self._network = surroundings.link(System.NETWORK)
        self._standing = standing
        self._wake = wake
        self.works: Mapping[str, Work] = {QUESTION_DECIDE: self._decide}

    def __repr__(self) -> str:
        return "Deciding()"

    async def ask(self, request: AskDecision) -> Done | Problem:
        """照会の受付: written down; the decision comes to the core by itself."""
        record = await self._record(request.side, request.number)
        if record is None or request.organisation not in (record.inquirer, record.provider):
            return problem(ProblemCode.NOT_FOUND, "この処理通番の記録は、この機関にありません。")
        now = self._clock.now_ms()
        due = now + self._standing.of(request.organisation).decision_seconds * 1000
        await self._store.write(
            [
                Op(
                    "INSERT INTO questions (question_id, number, side, organisation, asked_ms) "
                    "VALUES (:question_id, :number, :side, :organisation, :asked_ms) "
                    "ON CONFLICT (question_id) DO NOTHING",
                    {
                        "question_id": request.question_id,
                        "number": request.number,
                        "side": str(request.side),
                        "organisation": request.organisation,
                        "asked_ms": now,
                    },
                    None,
                ),
                put(QUESTION_DECIDE, request.question_id, due_ms=due, now_ms=now),
                Op(
                    "DELETE FROM questions WHERE asked_ms < :before",
                    {"before": now - QUESTIONS_KEPT_DAYS * DAY},
                    None,
                ),
            ]
        )
        self._wake()
        return Done()

    async def _decide(self, row: Row) -> Finished | Again:
        question = await read_one(self._store, _ONE, {"question_id": row.key})
        if question is None:
            return Finished()
        if self._standing.closed(question.organisation, Group.TKM) is not None:
            return Again("stopped")
        decision = (question.decision and Decision(question.decision)) or await self._by_policy(question)
        if decision is None:
            # By hand: deciding puts this row here again.
            return Finished()
        outcome = await self._network.call(RECEIVE_DECISION, Decided(row.key, decision))
        came_to = pushed(outcome, put_ms=row.put_ms, now_ms=self._clock.now_ms())
        if came_to is Pushed.AGAIN:
            return Again(reason_of(outcome))
        if came_to is not Pushed.TAKEN:
            log.warning("decision_not_taken", came_to=str(came_to), reason=reason_of(outcome))
        return Finished((_settle(row.key, decision),))

    async def _by_policy(self, question: QuestionRow) -> Decision | None:
        record = await self._record(Place(question.side), question.number)
        if record is None:
            return Decision.WITHHOLD
        is_inquirer = question.side == Place.INQUIRER
        if not (record.inquirer_withholds if is_inquirer else record.provider_withholds):
            return Decision.DISCLOSE
        return _POLICIES.get(self._standing.of(question.organisation).decision)

    async def decide(self, request: Decide) -> Done | Problem:
        """判断 by hand, durable when this returns."""
        question = await read_one(self._store, _ONE, {"question_id": request.question_id})
        if question is None or question.organisation != request.organisation:
            return problem(ProblemCode.NOT_FOUND, "この照会は、この機関に来ていません。")
        if question.decision is not None and question.decision != request.decision:
            return problem(ProblemCode.CONFLICT, "この記録については、判断が済んでいます。")
        now = self._clock.now_ms()
        await self._store.write(
            [
                _settle(request.question_id, request.decision),
                put(QUESTION_DECIDE, request.question_id, due_ms=now, now_ms=now),
            ]
        )
        self._wake()
        return Done()

    async def questions(self, organisation: str) -> Questions:
        rows = await self._store.read(_OF, {"organisation": organisation, "most": QUESTIONS_LISTED_MAX})
        return Questions(
            tuple(
                Question(
                    row.question_id,
                    row.number,
                    Place(row.side),
                    to_utc(row.asked_ms),
                    None if row.decision is None else Decision(row.decision),
                )
                for row in rows
            )
        )

    async def list_records(self, request: ListRecords) -> RecordsOfPlace | Problem:
        """記録の一覧 of one side of all organisations, for the reconciliation."""
        if request.place is Place.CORE:
            return problem(
                ProblemCode.UNPROCESSABLE, "コアシステムの記録は、ここにはありません。", field="$.place"
            )
        parameters = records.of_period(request.place, request.start, request.end, request.after)
        return RecordsOfPlace(records.kept(await self._store.read(records.OF_PERIOD, parameters)))

    async def _record(self, side: Place, number: str) -> records.Row | None:
        return await read_one(self._store, records.ONE, records.one(side, number))
