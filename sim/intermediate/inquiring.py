"""照会 (SKI): an organisation's side asks, its server asks the core, and the result waits under its 処理通番.

Written down before it is acknowledged; the outbox does the rest, and the deadline ends what nobody answers.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec
import structlog

from portal.serving.system import Surroundings
from portal.store.outbox import Again, Finished, Row, Work, put
from portal.store.store import Conflict, Op, Query, read_one
from portal.wire.intermediate import (
    InquiryReceipt,
    InquiryResult,
    MakeInquiry,
    OneInquiry,
    ReceiveAnswer,
)
from portal.wire.intermediate_keeping import Group
from portal.wire.linkage import Asked, InquiryState, Place, ProvidedContent
from portal.wire.moments import DAY, to_ms, to_utc
from portal.wire.network import INQUIRE, Inquire, InquiryTaken
from portal.wire.operation import Done
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.systems import System
from sim.delivering import Pushed, pushed, reason_of
from sim.intermediate.standing import Standing
from sim.network.codes import LinkageCodes
from sim.network.inquiries import ANSWER_MS_MAX, RESULT_KEPT_DAYS, Event, event_of, number_of
from sim.network.records import tables as records

log = structlog.get_logger(__name__)

INQUIRY_ASK = "inquiry_ask"
"""Outbox: bring an inquiry to the core."""
INQUIRY_END = "inquiry_end"
"""Outbox: nobody has answered in time."""
STEP_TRIES_MAX = 3


class _Result(NamedTuple):
    content: bytes


_RESULT = Query("SELECT content FROM results WHERE number = :number", _Result)


class Inquiring:
    """照会側."""

    def __init__(
        self, surroundings: Surroundings, codes: LinkageCodes, standing: Standing, wake: Callable[[], None]
    ) -> None:
        self._store = surroundings.store
        self._clock = surroundings.clock
        self._network = surroundings.link(System.NETWORK)
        self._codes = codes
        self._standing = standing
        self._wake = wake
        self.works: Mapping[str, Work] = {INQUIRY_ASK: self._ask, INQUIRY_END: self._end}

    def __repr__(self) -> str:
        return "Inquiring()"

    async def make(self, request: MakeInquiry) -> InquiryReceipt | Problem:
        """受付. The same request again is the same inquiry, under the same number."""
        if (nobody := self._standing.no_person(request.person)) is not None:
            return nobody
        if request.user is not None and await self._standing.bars(request.inquirer, request.user):
            return problem(ProblemCode.NOT_PERMITTED, "この利用者は照会端末を使えません。", field="$.user")
        wanted = await self.row_of(request)
        known = await self._record(wanted.number)
        if known is None:
            if isinstance(await self._store.write(self.taking(wanted)), Conflict):
                known = await self._record(wanted.number)
                assert known is not None, wanted.number
            else:
                known = wanted
                self._wake()
        if not known.same_inquiry(wanted):
            return problem(
                ProblemCode.UNPROCESSABLE,
                "この要求番号は、別の内容の照会に使われています。",
                field="$.request_id",
            )
        return InquiryReceipt(wanted.number)

    async def row_of(self, request: MakeInquiry) -> records.Row:
        """The inquirer's record of a new inquiry, flagged if it says so or the person is protected here."""
        asked = Asked(
            request.inquirer,
            request.provider,
            request.affair,
            request.procedure,
            request.information,
            request.version,
        )
        is_flagged = request.withheld or await self._standing.protects(request.inquirer, request.person)
        number = number_of(request.inquirer, request.request_id)
        now = self._clock.now_ms()
        return records.row_of(
            Place.INQUIRER, number, request.person, asked, now, inquirer=is_flagged, provider=None
        )

    def taking(self, row: records.Row) -> list[Op]:
        """What promises to see an inquiry through."""
        now = self._clock.now_ms()
        return [
            records.insert(row),
            put(INQUIRY_ASK, row.number, due_ms=now, now_ms=now),
            put(INQUIRY_END, row.number, due_ms=now + ANSWER_MS_MAX, now_ms=now),
            records.forget(now),
            _forget_results(now),
        ]

    async def _ask(self, row: Row) -> Finished | Again:
        record = await self._record(row.key)
        if record is None or record.state not in (InquiryState.PENDING, InquiryState.UNANSWERED):
            return Finished()
        if self._standing.closed(record.inquirer, Group.SKI) is not None:
            return Again("stopped")
        wanted = Inquire(
            record.number,
            self._codes.code_of(record.person, record.inquirer),
            record.asked,
            to_utc(record.requested_ms),
            bool(record.inquirer_withholds),
        )
        outcome = await self._network.call(INQUIRE, wanted)
        if isinstance(outcome, InquiryTaken):
            if outcome.refusal is None:
                return Finished()
            op = records.step(record, Event.REFUSAL, reason=outcome.refusal)
            return Finished(() if op is None else (op,))
        came_to = pushed(outcome, put_ms=row.put_ms, now_ms=self._clock.now_ms())
        if came_to is Pushed.AGAIN:
            return Again(reason_of(outcome))
        log.warning("inquiry_not_taken", came_to=str(came_to), reason=reason_of(outcome))
        return Finished()

    async def _end(self, row: Row) -> Finished | Again:
        record = await self._record(row.key)
        op = None if record is None else records.step(record, Event.DEADLINE)
        return Finished(() if op is None else (op,))

    async def receive(self, request: ReceiveAnswer) -> Done | Problem:
        """結果の受領, from the provider's server: the first one counts, late ones too."""
        for _ in range(STEP_TRIES_MAX):
            record = await self._record(request.number)
            if record is None or record.inquirer != request.inquirer:
                return problem(ProblemCode.NOT_FOUND, "この処理通番の照会は、この機関のものではありません。")
            step = records.step(
                record,
                event_of(request.outcome),
                reason=request.outcome,
                provided_ms=to_ms(request.provided_at),
                provider_withholds=request.withheld,
            )
            if step is None:
                return Done()
            ops = [step]
            if request.content is not None:
                ops.append(_keep_result(request.number, request.content, self._clock.now_ms()))
            if not isinstance(await self._store.write(ops), Conflict):
                return Done()
        return problem(ProblemCode.CONFLICT, "もう一度送ってください。")

    async def fetch(self, request: OneInquiry) -> InquiryResult | Problem:
        """結果の取得 by 処理通番."""
        record = await self._record(request.number)
        if record is None or record.inquirer != request.organisation:
            return problem(ProblemCode.NOT_FOUND, "この処理通番の照会は、この機関のものではありません。")
        kept = await read_one(self._store, _RESULT, {"number": request.number})
        content = None if kept is None else msgspec.json.decode(kept.content, type=ProvidedContent)
        return InquiryResult(record.number, InquiryState(record.state), record.reason, content)

    async def _record(self, number: str) -> records.Row | None:
        return await read_one(self._store, records.ONE, records.one(Place.INQUIRER, number))


def _keep_result(number: str, content: ProvidedContent, now_ms: int) -> Op:
    return Op(
        "INSERT INTO results (number, content, received_ms) VALUES (:number, :content, :now) "
        "ON CONFLICT (number) DO NOTHING",
        {"number": number, "content": msgspec.json.encode(content), "now": now_ms},
        None,
    )


def _forget_results(now_ms: int) -> Op:
    return Op(
        "DELETE FROM results WHERE received_ms < :before", {"before": now_ms - RESULT_KEPT_DAYS * DAY}, None
    )
