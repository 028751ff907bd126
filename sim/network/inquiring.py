"""The core's part in an inquiry: written down, judged, passed on to the provider, and ended (DOMAIN.md 4)."""

from collections.abc import Callable, Collection, Mapping

import structlog

from portal.links.link import Unreachable
from portal.serving.system import Surroundings
from portal.store.outbox import Again, Finished, Row, Work, put
from portal.store.store import Conflict, read_one
from portal.wire.intermediate import NOTIFY_PROVIDER, Notified, NotifyProvider
from portal.wire.linkage import InquiryState, Place, Refusal
from portal.wire.moments import to_ms, to_utc
from portal.wire.network import Inquire, InquiryTaken, ReportProvision
from portal.wire.operation import Done
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.systems import System
from sim.controls import ControlDesk
from sim.delivering import Pushed, pushed, reason_of
from sim.nation.catalogue import Catalogue
from sim.network import tables
from sim.network.codes import LinkageCodes
from sim.network.inquiries import ANSWER_MS_MAX, Event, event_of, judge
from sim.network.records import tables as records
from sim.network.sieve import Sieve

log = structlog.get_logger(__name__)

STEP_TRIES_MAX = 3


class Inquiring:
    """情報照会 at the core. *knows_person* tells who is in the nation, *touched* hears of whom there is a record; *unassessed* broke their PIA duty."""

    def __init__(
        self,
        surroundings: Surroundings,
        catalogue: Catalogue,
        codes: LinkageCodes,
        desk: ControlDesk,
        knows_person: Callable[[int], bool],
        touched: Sieve,
        wake: Callable[[], None],
        *,
        unassessed: Collection[str] = (),
    ) -> None:
        self._store = surroundings.store
        self._clock = surroundings.clock
        self._intermediate = surroundings.link(System.INTERMEDIATE)
        self._catalogue = catalogue
        self._codes = codes
        self._desk = desk
        self._knows_person = knows_person
        self._touched = touched
        self._wake = wake
        self._unassessed = frozenset(unassessed)
        self.works: Mapping[str, Work] = {
            tables.INQUIRY_NOTIFY: self._notify,
            tables.INQUIRY_END: self._end,
        }

    def __repr__(self) -> str:
        return f"Inquiring({self._catalogue.profile.id!r})"

    async def inquire(self, request: Inquire) -> InquiryTaken | Problem:
        """受付と許可照合: the record is durable before this answers, whatever the answer is."""
        asked = request.asked
        person = self._codes.person_of(request.code, asked.inquirer)
        if person is not None and not self._knows_person(person):
            person = None
        wanted = records.row_of(
            Place.CORE,
            request.number,
            records.NOBODY if person is None else person,
            asked,
            to_ms(request.requested_at),
            inquirer=request.withheld,
            provider=None,
        )
        known = await self._record(request.number)
        if known is None:
            refusal = judge(
                asked,
                self._catalogue,
                person_known=person is not None,
                assessed=asked.inquirer not in self._unassessed,
            )
            known = await self._take(wanted, refusal)
        if not known.same_inquiry(wanted):
            return problem(
                ProblemCode.UNPROCESSABLE, "この処理通番は、別の照会に使われています。", field="$.number"
            )
        if known.state == InquiryState.REFUSED:
            return InquiryTaken(known.number, InquiryState.REFUSED, Refusal(known.reason or ""))
        return InquiryTaken(known.number, InquiryState(known.state))

    async def _take(self, wanted: records.Row, refusal: Refusal | None) -> records.Row:
        now = self._clock.now_ms()
        row, work = wanted, []
        if refusal is not None:
            row = wanted._replace(state=str(InquiryState.REFUSED), reason=str(refusal))
        else:
            work = [
                put(tables.INQUIRY_NOTIFY, row.number, due_ms=now, now_ms=now),
                put(tables.INQUIRY_END, row.number, due_ms=now + ANSWER_MS_MAX, now_ms=now),
            ]
        self._touched.add(row.person)
        outcome = await self._store.write([records.insert(row), *work, records.forget(now)])
        if isinstance(outcome, Conflict):
            known = await self._record(row.number)
            assert known is not None, row.number
            return known
        if work:
            self._wake()
        return row

    async def report(self, request: ReportProvision) -> Done | Problem:
        """提供の報告: the fact, the moment and the provider's flag; the same again changes nothing."""
        event = event_of(request.outcome)
        for _ in range(STEP_TRIES_MAX):
            row = await self._record(request.number)
            if row is None or row.provider != request.provider:
                return problem(
                    ProblemCode.NOT_FOUND, "この処理通番の照会は、この機関には通知されていません。"
                )
            op = records.step(
                row,
                event,
                reason=request.outcome,
                provided_ms=to_ms(request.provided_at),
                provider_withholds=request.withheld,
            )
            if op is None or not isinstance(await self._store.write([op]), Conflict):
                return Done()
        return problem(ProblemCode.CONFLICT, "もう一度送ってください。")

    async def _notify(self, row: Row) -> Finished | Again:
        if self._desk.stopped:
            return Again("stopped")
        record = await self._record(row.key)
        if record is None or record.provider_withholds is not None:
            return Finished()
        outcome = await self._intermediate.call(
            NOTIFY_PROVIDER,
            NotifyProvider(
                record.number,
                self._codes.code_of(record.person, record.provider),
                record.asked,
                to_utc(record.requested_ms),
                bool(record.inquirer_withholds),
            ),
        )
        if isinstance(outcome, Notified):
            return Finished((records.set_provider_flag(Place.CORE, record.number, outcome.withheld),))
        came_to = pushed(outcome, put_ms=row.put_ms, now_ms=self._clock.now_ms())
        if came_to is Pushed.AGAIN:
            return Again(reason_of(outcome))
        assert isinstance(outcome, (Problem, Unreachable))
        # The record ends by its deadline, as one that nobody answered.
        log.warning("provider_not_notified", came_to=str(came_to), reason=reason_of(outcome))
        return Finished()

    async def _end(self, row: Row) -> Finished | Again:
        record = await self._record(row.key)
        op = None if record is None else records.step(record, Event.DEADLINE)
        return Finished(() if op is None else (op,))

    async def _record(self, number: str) -> records.Row | None:
        return await read_one(self._store, records.ONE, records.one(Place.CORE, number))
