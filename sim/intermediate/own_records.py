"""自機関の情報提供等記録 (TKM): what one organisation keeps about one person, as inquirer and as provider, over seven years.

What was asked in this run lies in the store. The past before it is computed from the person, by the same function as at
the core, so that each record of it stands in three places like any other; here it is what names this organisation.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from portal.serving.system import Surroundings
from portal.wire.disclosure import records_kept_from
from portal.wire.intermediate_keeping import ListRecordsOfPerson
from portal.wire.limits import RECORDS_IN_ANSWER_MAX, RECORDS_KEPT_YEARS
from portal.wire.linkage import InquiryState, KeptRecord, Outcome, Place
from portal.wire.moments import add_years, day_of, start_of, to_utc
from portal.wire.network import RecordsOfPlace
from portal.wire.problems import Problem, ProblemCode, problem
from sim.intermediate.standing import Standing
from sim.nation.nation import Nation
from sim.nation.past import PastRecord, PastResult, records_of
from sim.network.records import tables as records

_ENDS = {
    PastResult.PROVIDED: (InquiryState.PROVIDED, Outcome.PROVIDED),
    PastResult.NOT_PROVIDED: (InquiryState.NOT_PROVIDED, Outcome.NOT_HELD),
}


class OwnRecords:
    """自機関の記録."""

    def __init__(self, surroundings: Surroundings, nation: Nation, profile: str, standing: Standing) -> None:
        self._store = surroundings.store
        self._clock = surroundings.clock
        self._nation = nation
        self._profile = profile
        self._standing = standing

    def __repr__(self) -> str:
        return f"OwnRecords({self._nation!r})"

    async def of_person(self, request: ListRecordsOfPerson) -> RecordsOfPlace | Problem:
        """Newest first; a record of which the organisation is both sides stands there twice."""
        if (wrong := self._standing.no_person(request.person)) is not None:
            return wrong
        if request.end < request.start:
            return problem(
                ProblemCode.UNPROCESSABLE,
                "期間の終わりが始まりより前です。期間を直してください。",
                field="$.end",
            )
        found = [*await self._of_this_run(request), *self._past(request)]
        found.sort(key=lambda record: (record.requested_at, record.number, record.place), reverse=True)
        return RecordsOfPlace(tuple(found[:RECORDS_IN_ANSWER_MAX]))

    async def _of_this_run(self, request: ListRecordsOfPerson) -> list[KeptRecord]:
        oldest = add_years(self._clock.now_ms(), -RECORDS_KEPT_YEARS)
        rows = await self._store.read(
            records.OF_PERSON_AT,
            {
                "person": request.person,
                "organisation": request.organisation,
                "start": max(start_of(max(request.start, date(1970, 1, 2))), oldest),
                "end": start_of(request.end + timedelta(days=1)),
                "most": RECORDS_IN_ANSWER_MAX,
            },
        )
        return list(records.kept(rows))

    def _past(self, request: ListRecordsOfPerson) -> Iterator[KeptRecord]:
        now_ms = self._clock.now_ms()
        today, now = day_of(now_ms), to_utc(now_ms)
        first, last = max(request.start, records_kept_from(today)), min(request.end, today)
        person = self._nation.person(request.person)
        for past in records_of(self._nation, person, first, last, self._profile):
            if past.requested_at <= now:
                for place, side in ((Place.INQUIRER, past.inquirer), (Place.PROVIDER, past.provider)):
                    if side.code == request.organisation:
                        yield _kept(past, place, now)


def _kept(past: PastRecord, place: Place, now: datetime) -> KeptRecord:
    """As it stands at one side by *now*: nobody flagged it, and its layout was the one of its day."""
    state: InquiryState
    reason: Outcome | None
    state, reason = _ENDS[past.result]
    provided_at = past.provided_at
    if provided_at is not None and provided_at > now:
        state, reason, provided_at = InquiryState.PENDING, None, None
    return KeptRecord(
        past.record_id,
        place,
        past.inquirer.code,
        past.provider.code,
        past.affair,
        past.procedure,
        past.information,
        None,
        past.requested_at,
        provided_at,
        state,
        reason,
        inquirer_withholds=False,
        provider_withholds=False,
    )
