"""What the intermediate servers do: take a request, then answer it from the duplicate copy, straight to the folder."""

import structlog

from portal.serving.system import Surroundings
from portal.store.outbox import Again, Finished, Outbox, Row, put
from portal.store.store import Conflict, read_one
from portal.wire.deliveries import DELIVER_SELF_INFORMATION, DeliveredSelfInformation
from portal.wire.disclosure import CopyItem, Named, SelfInformation
from portal.wire.intermediate import Accepted, ProvideSelfInformation
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.systems import System
from sim.controls import ControlDesk, stopped_problem
from sim.delivering import Pushed, pushed, reason_of
from sim.intermediate import tables
from sim.intermediate.tables import Provision
from sim.nation.catalogue import UnknownCode, catalogue
from sim.nation.copies import duplicate_copy
from sim.nation.nation import Nation
from sim.nation.organisations import UnknownOrganisation, organisation
from sim.network.codes import LinkageCodes

log = structlog.get_logger(__name__)

GUIDANCE_GONE = "情報がなくなったため、提供できません。情報を保有していた機関の窓口にお問い合わせください。"


class IntermediateServers:
    """中間サーバー of all organisations: one address, one store, each organisation by itself.

    It is handed the network's codes in place of its table 団体内統合宛名番号 ↔ 符号, and asks only for the
    code of the organisation that a request names. It holds no My Number.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        nation: Nation,
        codes: LinkageCodes,
        desk: ControlDesk,
        *,
        profile: str,
    ) -> None:
        self._nation = nation
        self._store = surroundings.store
        self._clock = surroundings.clock
        self._portal = surroundings.link(System.PORTAL)
        self._codes = codes
        self._desk = desk
        self._profile = profile
        self.outbox = Outbox(self._store, self._clock, {tables.PROVISION: self._answer})

    def __repr__(self) -> str:
        return f"IntermediateServers({self._nation!r})"

    async def provide(self, request: ProvideSelfInformation) -> Accepted | Problem:
        """受け付け: written down before it is acknowledged; the same request again is the same promise."""
        try:
            provider = organisation(request.organisation)
        except UnknownOrganisation as unknown:
            return problem(ProblemCode.NOT_FOUND, str(unknown))
        if self._desk.has_stopped(provider.code):
            return stopped_problem(f"{provider.name}の中間サーバー")
        person = self._codes.person_of(request.code, provider.code)
        if person is None or person >= self._nation.size:
            return problem(ProblemCode.NOT_FOUND, "この符号に当たる人は、この機関にいません。")
        now = self._clock.now_ms()
        wanted = Provision(request.request_id, provider.code, person, request.information, now)
        known = await read_one(self._store, tables.ONE, {"request_id": request.request_id})
        if known is None:
            if self._copy(wanted) is None:
                return problem(ProblemCode.NOT_FOUND, "この特定個人情報の副本はありません。")
            ops = [
                tables.insert(wanted),
                put(tables.PROVISION, wanted.request_id, due_ms=now, now_ms=now),
                tables.forget(now),
            ]
            if isinstance(await self._store.write(ops), Conflict):
                known = await read_one(self._store, tables.ONE, {"request_id": request.request_id})
                assert known is not None
            else:
                known = wanted
                self.outbox.wake()
        if not known.same_request(wanted):
            return problem(
                ProblemCode.UNPROCESSABLE,
                "この要求番号は、別の内容の要求に使われています。",
                field="$.request_id",
            )
        return Accepted(request.request_id)

    async def _answer(self, row: Row) -> Finished | Again:
        taken = await read_one(self._store, tables.ONE, {"request_id": row.key})
        if taken is None or taken.done_ms is not None:
            return Finished()
        if self._desk.has_stopped(taken.organisation):
            return Again("stopped")
        content = self._copy(taken)
        answer = DeliveredSelfInformation(row.key, content, None if content is not None else GUIDANCE_GONE)
        outcome = await self._portal.call(DELIVER_SELF_INFORMATION, answer)
        now = self._clock.now_ms()
        came_to = pushed(outcome, put_ms=row.put_ms, now_ms=now)
        if came_to is Pushed.AGAIN:
            return Again(reason_of(outcome))
        if came_to is not Pushed.TAKEN:
            log.warning("self_information_not_taken", came_to=str(came_to), reason=reason_of(outcome))
        return Finished((tables.finish(row.key, came_to, now_ms=now),))

    def _copy(self, taken: Provision) -> SelfInformation | None:
        """副本 in the wire's words; None when this organisation has none of this person."""
        provider = organisation(taken.organisation)
        person = self._nation.person(taken.person)
        try:
            copy = duplicate_copy(self._nation, provider, person, taken.information, profile=self._profile)
        except UnknownCode:
            return None
        if copy is None:
            return None
        kind = catalogue(self._profile).information_of(copy.information)
        return SelfInformation(
            Named(kind.code, kind.name),
            Named(provider.code, provider.name),
            copy.as_of,
            copy.version,
            tuple(CopyItem(name, value) for name, value in copy.items),
        )
