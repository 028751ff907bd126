"""記録の突合 by the core's operator: fetches both sides' records of a period and compares them with the core's.

The three places are read one after another, while inquiries go on: what comes meanwhile is in those that are read later.
So whatever differs is looked at once more, the core first again. By then the core knows every inquiry that a side
had ended when it was read before; what was on its way has arrived or has moved on, and only what differs in the same
way both times is a difference.
"""

from portal.serving.system import Surroundings
from portal.wire.intermediate_keeping import LIST_RECORDS, ListRecords
from portal.wire.linkage import KeptRecord, Place
from portal.wire.network import Reconcile, Reconciliation, RecordsOfPlace
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.systems import System
from sim.network.records import tables as records
from sim.network.records.reconciliation import reconcile, settled

RECORDS_COMPARED_MAX = 200_000
"""Of one place in one reconciliation; a longer period is asked in parts."""


class Reconciling:
    """突合."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._store = surroundings.store
        self._intermediate = surroundings.link(System.INTERMEDIATE)

    def __repr__(self) -> str:
        return "Reconciling()"

    async def reconcile(self, request: Reconcile) -> Reconciliation | Problem:
        """Both days included. Needs both sides' servers; without them there is nothing to compare.

        An inquiry whose difference did not stand a second look is counted as underway.
        """
        if request.end < request.start:
            return problem(
                ProblemCode.UNPROCESSABLE,
                "期間の終わりが始まりより前です。期間を直してください。",
                field="$.end",
            )
        first = await self._look(request)
        if isinstance(first, Problem) or not first.differences:
            return first
        second = await self._look(request)
        if isinstance(second, Problem):
            return second
        return settled(first, second)

    async def _look(self, request: Reconcile) -> Reconciliation | Problem:
        places: dict[Place, list[KeptRecord]] = {}
        for place in Place:
            found = await self._all(place, request)
            if isinstance(found, Problem):
                return found
            places[place] = found
        return reconcile(places[Place.CORE], places[Place.INQUIRER], places[Place.PROVIDER])

    async def _all(self, place: Place, request: Reconcile) -> list[KeptRecord] | Problem:
        found: list[KeptRecord] = []
        after: str | None = None
        while True:
            page = await self._page(place, request, after)
            if isinstance(page, Problem):
                return page
            found += page
            if len(page) < records.RECORDS_READ_MAX:
                return found
            if len(found) >= RECORDS_COMPARED_MAX:
                return problem(
                    ProblemCode.UNPROCESSABLE,
                    f"記録が{RECORDS_COMPARED_MAX}件を超えます。期間を短くしてください。",
                    field="$.end",
                )
            after = page[-1].number

    async def _page(
        self, place: Place, request: Reconcile, after: str | None
    ) -> tuple[KeptRecord, ...] | Problem:
        if place is Place.CORE:
            parameters = records.of_period(place, request.start, request.end, after)
            return records.kept(await self._store.read(records.OF_PERIOD, parameters))
        outcome = await self._intermediate.call(
            LIST_RECORDS, ListRecords(place, request.start, request.end, after)
        )
        if isinstance(outcome, RecordsOfPlace):
            return outcome.records
        return problem(
            ProblemCode.UPSTREAM_UNAVAILABLE,
            "中間サーバーから記録を受け取れません。しばらく待ってから、もう一度お試しください。",
        )
