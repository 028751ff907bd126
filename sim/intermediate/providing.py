"""提供 (TKY): the provider's server is notified, and answers from the duplicate copy when it serves.

The fact goes to the core, the content straight to the inquirer's server. What it answered is written down before it is
sent, so that the same answer, with the same moment, goes out however often it must be sent.
"""

from collections.abc import Callable, Mapping

import structlog

from portal.serving.system import Surroundings
from portal.store.outbox import Again, Finished, Row, Work, put
from portal.store.store import Conflict, read_one
from portal.wire.intermediate import RECEIVE_ANSWER, Notified, NotifyProvider, ReceiveAnswer
from portal.wire.linkage import InquiryState, Outcome, Place, ProvidedContent
from portal.wire.moments import day_of, to_ms, to_utc
from portal.wire.network import REPORT_PROVISION, ReportProvision
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.systems import System
from sim.delivering import Pushed, pushed, reason_of
from sim.intermediate.copies import Copies
from sim.intermediate.layouts import convert
from sim.intermediate.profiles import answer_ms
from sim.intermediate.standing import Standing
from sim.nation.catalogue import Catalogue
from sim.network.codes import LinkageCodes
from sim.network.inquiries import ANSWER_MS_MAX, Event, event_of
from sim.network.records import tables as records

log = structlog.get_logger(__name__)

PROVISION_ANSWER = "provision_answer"
"""Outbox: answer an inquiry from the copy."""
PROVISION_END = "provision_end"
"""Outbox: this server has not answered in time."""


class Providing:
    """提供側."""

    def __init__(
        self,
        surroundings: Surroundings,
        catalogue: Catalogue,
        codes: LinkageCodes,
        copies: Copies,
        standing: Standing,
        wake: Callable[[], None],
    ) -> None:
        self._store = surroundings.store
        self._clock = surroundings.clock
        self._network = surroundings.link(System.NETWORK)
        self._inquirers = surroundings.link(System.INTERMEDIATE)
        self._catalogue = catalogue
        self._codes = codes
        self._copies = copies
        self._standing = standing
        self._wake = wake
        self.works: Mapping[str, Work] = {PROVISION_ANSWER: self._answer, PROVISION_END: self._end}

    def __repr__(self) -> str:
        return "Providing()"

    async def notice(self, request: NotifyProvider) -> Notified | Problem:
        """通知の受付. Whether the provider flags the record is decided here, once, and said at once."""
        asked = request.asked
        person = self._codes.person_of(request.code, asked.provider)
        if person is None or self._standing.no_person(person) is not None:
            return problem(ProblemCode.NOT_FOUND, "この符号に当たる人は、この機関にいません。")
        now = self._clock.now_ms()
        wanted = records.row_of(
            Place.PROVIDER,
            request.number,
            person,
            asked,
            to_ms(request.requested_at),
            inquirer=request.withheld,
            provider=await self._standing.protects(asked.provider, person),
        )
        known = await self._record(request.number)
        if known is None:
            profile = self._standing.profile(asked.provider)
            due = self._standing.serves_from(asked.provider, now + answer_ms(profile, request.number))
            ops = [
                records.insert(wanted),
                put(PROVISION_ANSWER, request.number, due_ms=due, now_ms=now),
                put(PROVISION_END, request.number, due_ms=now + ANSWER_MS_MAX, now_ms=now),
                records.forget(now),
            ]
            if isinstance(await self._store.write(ops), Conflict):
                known = await self._record(request.number)
                assert known is not None, request.number
            else:
                known = wanted
                self._wake()
        if not known.same_inquiry(wanted):
            return problem(
                ProblemCode.UNPROCESSABLE, "この処理通番は、別の照会に使われています。", field="$.number"
            )
        return Notified(bool(known.provider_withholds))

    async def _answer(self, row: Row) -> Finished | Again:
        record = await self._record(row.key)
        if record is None:
            return Finished()
        if not self._standing.serves(record.provider):
            return Again("closed")
        outcome, content = await self._from_copy(record)
        if record.state in (InquiryState.PENDING, InquiryState.UNANSWERED):
            step = records.step(record, event_of(outcome), reason=outcome, provided_ms=self._clock.now_ms())
            assert step is not None, record
            if isinstance(await self._store.write([step]), Conflict):
                return Again("changed meanwhile")
            record = await self._record(row.key)
            assert record is not None, row.key
        else:
            # It was answered before; a copy that was replaced since does not change what became of the inquiry.
            outcome = Outcome(record.reason or "")
        provided_at = to_utc(self._clock.now_ms() if record.provided_ms is None else record.provided_ms)
        is_flagged = bool(record.provider_withholds)
        reported = await self._network.call(
            REPORT_PROVISION,
            ReportProvision(record.number, record.provider, outcome, provided_at, is_flagged),
        )
        if (again := self._said("provision_not_reported", reported)) is not None:
            return again
        handed = await self._inquirers.call(
            RECEIVE_ANSWER,
            ReceiveAnswer(
                record.number,
                record.inquirer,
                outcome,
                provided_at,
                is_flagged,
                content if outcome is Outcome.PROVIDED else None,
            ),
        )
        return self._said("answer_not_taken", handed) or Finished()

    def _said(self, event: str, outcome: object) -> Again | None:
        # Never given up: what was provided must stand in all three records, however long the others were away.
        now = self._clock.now_ms()
        came_to = pushed(outcome, put_ms=now, now_ms=now)
        if came_to is Pushed.AGAIN:
            return Again(reason_of(outcome))
        if came_to is not Pushed.TAKEN:
            log.warning(event, came_to=str(came_to), reason=reason_of(outcome))
        return None

    async def _from_copy(self, record: records.Row) -> tuple[Outcome, ProvidedContent | None]:
        copy = await self._copies.find(record.provider, record.person, record.information)
        if copy is None:
            return Outcome.NOT_HELD, None
        today = day_of(self._clock.now_ms())
        kind = self._catalogue.information[record.information]
        content = convert(kind, copy, record.version or kind.layout(today).version, today)
        return (Outcome.LAYOUT_MISMATCH, None) if content is None else (Outcome.PROVIDED, content)

    async def _end(self, row: Row) -> Finished | Again:
        record = await self._record(row.key)
        op = None if record is None else records.step(record, Event.DEADLINE)
        return Finished(() if op is None else (op,))

    async def _record(self, number: str) -> records.Row | None:
        return await read_one(self._store, records.ONE, records.one(Place.PROVIDER, number))
