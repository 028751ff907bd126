"""自己情報 (JTK): take a request, then answer it from the duplicate copy, straight to the folder; and all parts together."""

from collections.abc import Mapping

import structlog

from portal.serving.system import Surroundings
from portal.store.outbox import Again, Finished, Outbox, Row, Work, put
from portal.store.store import Conflict, read_one
from portal.wire.deliveries import DELIVER_SELF_INFORMATION, DeliveredSelfInformation, WithoutContent
from portal.wire.disclosure import Named, SelfInformation
from portal.wire.intermediate import Accepted, ProvideSelfInformation
from portal.wire.intermediate_keeping import Group
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.systems import System
from sim.controls import ControlDesk
from sim.delivering import Pushed, pushed, reason_of
from sim.forgetting import Forgetting
from sim.intermediate import tables
from sim.intermediate.acquiring import Acquiring
from sim.intermediate.copies import Copies
from sim.intermediate.deciding import Deciding
from sim.intermediate.filing import Filing
from sim.intermediate.inquiring import Inquiring
from sim.intermediate.layouts import HeldCopy, item_kind
from sim.intermediate.notices.desk import NoticeDesk
from sim.intermediate.own_records import OwnRecords
from sim.intermediate.profiles import ALWAYS, ServerProfile
from sim.intermediate.providing import Providing
from sim.intermediate.residents import Residents
from sim.intermediate.standing import Standing
from sim.intermediate.tables import Provision
from sim.nation.catalogue import catalogue
from sim.nation.nation import Nation
from sim.nation.organisations import organisation
from sim.network.codes import LinkageCodes

log = structlog.get_logger(__name__)

GUIDANCE_PAPER = (
    "{name}は「{information}」を電子的に提供していません。{name}の窓口に、書面で開示を請求してください。"
)
GUIDANCE_WITHHELD = (
    "{name}は「{information}」を開示しないと決めました。理由は、{name}の窓口にお問い合わせください。"
)
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
        usual: ServerProfile = ALWAYS,
    ) -> None:
        self._nation = nation
        self.store = self._store = surroundings.store
        self._clock = surroundings.clock
        self._portal = surroundings.link(System.PORTAL)
        self._codes = codes
        self._catalogue = catalogue(profile)
        self._forgetting = Forgetting(tables.forget)
        self.standing = Standing(surroundings, desk, nation.size, usual)
        self.residents = Residents(self._store, nation)
        self.copies = Copies(
            surroundings, nation, self._catalogue, codes, self.standing, self.residents, self._wake
        )
        self.inquiring = Inquiring(surroundings, codes, self.standing, self._wake)
        self.filing = Filing(surroundings, self.inquiring, self.standing, self._wake)
        self.providing = Providing(
            surroundings, self._catalogue, codes, self.copies, self.standing, self._wake
        )
        self.deciding = Deciding(surroundings, self.standing, self._wake)
        self.own_records = OwnRecords(surroundings, nation, profile, self.standing)
        self.acquiring = Acquiring(surroundings, codes, self.standing)
        self.notices = NoticeDesk(surroundings, self._catalogue, codes, self.standing, nation, self.residents)
        works: Mapping[str, Work] = {
            **self.copies.works,
            **self.inquiring.works,
            **self.providing.works,
            **self.deciding.works,
            tables.PROVISION: self._answer,
        }
        self.outbox = Outbox(self._store, self._clock, works)

    def _wake(self) -> None:
        self.outbox.wake()

    def __repr__(self) -> str:
        return f"IntermediateServers({self._nation!r})"

    def now_ms(self) -> int:
        """By the servers' own clock."""
        return self._clock.now_ms()

    async def provide(self, request: ProvideSelfInformation) -> Accepted | Problem:
        """受け付け: written down before it is acknowledged; the same request again is the same promise."""
        if (closed := self.standing.closed(request.organisation, Group.JTK)) is not None:
            return closed
        provider = organisation(request.organisation)
        person = self._codes.person_of(request.code, provider.code)
        if person is None or self.standing.no_person(person) is not None:
            return problem(ProblemCode.NOT_FOUND, "この符号に当たる人は、この機関にいません。")
        now = self._clock.now_ms()
        wanted = Provision(request.request_id, provider.code, person, request.information, now)
        known = await read_one(self._store, tables.ONE, {"request_id": request.request_id})
        if known is None:
            if await self._copy(wanted) is None:
                return problem(ProblemCode.NOT_FOUND, "この特定個人情報の副本はありません。")
            ops = [
                tables.insert(wanted),
                put(tables.PROVISION, wanted.request_id, due_ms=now, now_ms=now),
                *self._forgetting.ops(now),
            ]
            if isinstance(await self._store.write(ops), Conflict):
                known = await read_one(self._store, tables.ONE, {"request_id": request.request_id})
                assert known is not None
            else:
                known = wanted
                self.outbox.take_up(tables.PROVISION, wanted.request_id, due_ms=now, now_ms=now)
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
        if self.standing.closed(taken.organisation, Group.JTK) is not None:
            return Again("stopped")
        outcome = await self._portal.call(DELIVER_SELF_INFORMATION, await self._made(taken))
        now = self._clock.now_ms()
        came_to = pushed(outcome, put_ms=row.put_ms, now_ms=now)
        if came_to is Pushed.AGAIN:
            return Again(reason_of(outcome))
        if came_to is not Pushed.TAKEN:
            log.warning("self_information_not_taken", came_to=str(came_to), reason=reason_of(outcome))
        return Finished((tables.finish(row.key, came_to, now_ms=now),))

    async def _copy(self, taken: Provision) -> HeldCopy | None:
        return await self.copies.find(taken.organisation, taken.person, taken.information)

    async def _made(self, taken: Provision) -> DeliveredSelfInformation:
        """The answer: content with its documents, less what is withheld; or why there is none (SELF-5, 8, 9)."""
        whose = (taken.organisation, taken.person, taken.information)
        copy = await self.copies.find(*whose)
        if copy is None:
            return DeliveredSelfInformation(taken.request_id, None, GUIDANCE_GONE, WithoutContent.NOT_HELD)
        provider = organisation(taken.organisation)
        kind = self._catalogue.information_of(taken.information)
        if not self.standing.of(taken.organisation).electronic:
            words = GUIDANCE_PAPER.format(name=provider.name, information=kind.name)
            return DeliveredSelfInformation(taken.request_id, None, words, WithoutContent.PAPER)
        withheld = await self.copies.withheld(*whose)
        shown = copy.items
        if withheld is not None:
            names = frozenset(withheld.names)
            shown = tuple(item for item in shown if not {item.name, item_kind(item.name)} & names)
            if withheld.everything or (copy.items and not shown):
                words = GUIDANCE_WITHHELD.format(name=provider.name, information=kind.name)
                return DeliveredSelfInformation(taken.request_id, None, words, WithoutContent.WITHHELD)
        content = SelfInformation(
            Named(kind.code, kind.name),
            Named(provider.code, provider.name),
            copy.as_of,
            copy.version,
            shown,
            await self.copies.documents(*whose),
            len(copy.items) - len(shown),
        )
        return DeliveredSelfInformation(taken.request_id, content)
