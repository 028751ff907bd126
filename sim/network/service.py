"""What the core system does when asked, and what it still has to do afterwards."""

from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256

import structlog

from portal.links.link import Unreachable
from portal.serving.system import Surroundings
from portal.store.outbox import Again, Finished, Outbox, Row, Work, put
from portal.store.store import Conflict, read_one
from portal.wire.deliveries import DELIVER_SELF_INFORMATION, DeliveredSelfInformation, WithoutContent
from portal.wire.intermediate import PROVIDE_SELF_INFORMATION, ProvideSelfInformation
from portal.wire.jpki import OneSerial
from portal.wire.network import (
    AcquireCode,
    AcquiredCode,
    Brokered,
    BrokerOutcome,
    BrokerSelfInformation,
    DiscloseRecords,
    FindHolders,
    HeldInformation,
    Holders,
    NoteHolding,
    RecordsAnswer,
)
from portal.wire.operation import Done
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.registry import IDENTIFY_HOLDER
from portal.wire.systems import System
from sim.controls import ControlDesk
from sim.delivering import Pushed, pushed, reason_of
from sim.forgetting import Forgetting
from sim.nation.municipalities import MUNICIPALITIES, PREFECTURES
from sim.nation.organisations import UnknownOrganisation, organisation
from sim.network import tables
from sim.network.acquiring import Acquiring
from sim.network.codes import DISCLOSURE_SYSTEM, LinkageCodes
from sim.network.disclosing import Disclosing
from sim.network.facts import CoreFacts
from sim.network.inquiries import wrong_organisation
from sim.network.inquiring import Inquiring
from sim.network.notices.relaying import NoticeRelay
from sim.network.reconciling import Reconciling
from sim.network.sieve import Sieve
from sim.network.tables import Acquisition, Provision

log = structlog.get_logger(__name__)

_AREAS = frozenset([*(m.code for m in MUNICIPALITIES), *(p.code for p in PREFECTURES)])

GUIDANCE_PAPER = (
    "{name}は「{information}」を電子的に提供していません。{name}の窓口に、書面で開示を請求してください。"
)
GUIDANCE_NOT_HELD = (
    "{name}から、「{information}」は保有していないと回答がありました。"
    "お心当たりがあるときは、{name}の窓口に、書面で開示を請求してください。"
)
GUIDANCE_NO_ANSWER = (
    "{name}から「{information}」の回答を得られませんでした。{name}の窓口に、書面で開示を請求してください。"
)
_WHY = {
    GUIDANCE_PAPER: WithoutContent.PAPER,
    GUIDANCE_NOT_HELD: WithoutContent.NOT_HELD,
    GUIDANCE_NO_ANSWER: WithoutContent.UNANSWERED,
}
GUIDANCE_NO_HOLDER = "指定された機関は、この特定個人情報を保有していません。機関を選び直してください。"


class CoreSystem:
    """コアシステム: linkage codes, inquiries, disclosure of records, and the brokering of self-information."""

    def __init__(
        self,
        surroundings: Surroundings,
        facts: CoreFacts,
        codes: LinkageCodes,
        desk: ControlDesk,
        *,
        paper_only: Collection[str] = (),
        unassessed: Collection[str] = (),
    ) -> None:
        self.facts = facts
        self._store = surroundings.store
        self._clock = surroundings.clock
        self._registry = surroundings.link(System.REGISTRY)
        self._portal = surroundings.link(System.PORTAL)
        self._intermediate = surroundings.link(System.INTERMEDIATE)
        self._codes = codes
        self._desk = desk
        self._paper_only = paper_only
        touched = Sieve()
        self._told_of = Sieve()
        """Of whose copies an intermediate server has said anything in this run."""
        self.disclosing = Disclosing(surroundings, facts, desk, touched, self._wake)
        self._forgetting = Forgetting(tables.forget_provisions)
        self.inquiring = Inquiring(
            surroundings,
            facts.law,
            codes,
            desk,
            facts.knows_person,
            touched,
            self._wake,
            unassessed=unassessed,
        )
        self.acquiring = Acquiring(surroundings, codes, desk, facts.knows_person, self._wake)
        self.reconciling = Reconciling(surroundings)
        self.notices = NoticeRelay(surroundings, facts.law, codes, desk, facts.knows_person)
        works: Mapping[str, Work] = {
            **self.disclosing.works,
            **self.inquiring.works,
            **self.acquiring.works,
            tables.PROVISION_HAND_OVER: self._hand_over,
            tables.PROVISION_GUIDE: self._guide,
        }
        self.outbox = Outbox(self._store, self._clock, works)

    async def load(self) -> None:
        self._told_of.load(row.person for row in await self._store.read(tables.HELD_PERSONS))

    def _wake(self) -> None:
        self.outbox.wake()

    def __repr__(self) -> str:
        return f"CoreSystem({self.facts!r})"

    # 符号

    async def acquire_code(self, request: AcquireCode) -> AcquiredCode | Problem:
        """The portal's own code of the holder of this certificate.

        The 取得番号 itself is never written down. What stays for a while is its digest, by which the same request
        gets the same answer and another request with the same number is refused.
        """
        digest = sha256(request.acquisition_number.encode()).hexdigest()
        used = await read_one(self._store, tables.ACQUISITION, {"digest": digest})
        if used is None:
            holder = await self._registry.call(IDENTIFY_HOLDER, OneSerial(request.serial))
            if isinstance(holder, Problem) and holder.code is ProblemCode.NOT_FOUND:
                return holder
            if isinstance(holder, (Problem, Unreachable)):
                return problem(
                    ProblemCode.UPSTREAM_UNAVAILABLE,
                    "住民基本台帳ネットワークから回答がありません。しばらく待ってから、もう一度お試しください。",
                )
            now = self._clock.now_ms()
            used = Acquisition(digest, holder.person, request.serial, now)
            outcome = await self._store.write(
                [tables.insert_acquisition(used), tables.forget_acquisitions(now)]
            )
            if isinstance(outcome, Conflict):
                # The same number came twice at once; whoever was first decides.
                used = await read_one(self._store, tables.ACQUISITION, {"digest": digest})
                assert used is not None
        if used.serial != request.serial:
            return problem(
                ProblemCode.UNPROCESSABLE,
                "この取得番号は使用済みです。新しい取得番号で取得してください。",
                field="$.acquisition_number",
            )
        return AcquiredCode(self._codes.code_of(used.person, DISCLOSURE_SYSTEM))

    def _person(self, code: str) -> int | Problem:
        person = self._codes.person_of(code, DISCLOSURE_SYSTEM)
        if person is None or not self.facts.knows_person(person):
            return problem(
                ProblemCode.UNPROCESSABLE, "この符号は開示システムのものではありません。", field="$.code"
            )
        return person

    # 情報提供等記録

    async def disclose_records(self, request: DiscloseRecords) -> RecordsAnswer | Problem:
        """Records at once, or the promise to push them (REC-2, 3, 5)."""
        person = self._person(request.code)
        if isinstance(person, Problem):
            return person
        return await self.disclosing.disclose(person, request)

    # 自己情報

    async def find_holders(self, request: FindHolders) -> Holders | Problem:
        """The organisations that hold these kinds about this person; the user need not know them (SELF-3)."""
        person = self._person(request.code)
        if isinstance(person, Problem):
            return person
        for code in request.information:
            if self.facts.information(code) is None:
                return _no_information("$.information", code)
        if request.municipality is not None and request.municipality not in _AREAS:
            return problem(
                ProblemCode.UNPROCESSABLE,
                f"地方公共団体コード「{request.municipality}」の団体はありません。検査数字を含む6桁で指定してください。",
                field="$.municipality",
            )
        return Holders(tuple(await self._holders(person, request.information, request.municipality)))

    async def _holders(
        self, person: int, information: Sequence[str], municipality: str | None
    ) -> list[HeldInformation]:
        """By the nation, and by what the intermediate servers have said since."""
        found = self.facts.holders(person, information, municipality)
        if not self._told_of.may_hold(person):
            return found
        for said in await self._store.read(tables.HOLDINGS, {"person": person}):
            held = HeldInformation(said.information, self.facts.named(said.organisation))
            if not said.held:
                found = [each for each in found if each != held]
            elif said.information in information and held not in found:
                area = organisation(said.organisation).municipality
                if municipality is None or area == municipality:
                    found.append(held)
        return found

    async def note_holding(self, request: NoteHolding) -> Done | Problem:
        """副本の存否, said by the server that keeps it."""
        if wrong_organisation(request.organisation) is not None:
            return problem(
                ProblemCode.UNPROCESSABLE, "この機関コードの機関はありません。", field="$.organisation"
            )
        person = self._codes.person_of(request.code, request.organisation)
        if person is None or not self.facts.knows_person(person):
            return problem(
                ProblemCode.UNPROCESSABLE, "この符号は、この機関のものではありません。", field="$.code"
            )
        self._told_of.add(person)
        await self._store.write(
            [tables.put_holding(person, request.information, request.organisation, request.held)]
        )
        return Done()

    async def broker(self, request: BrokerSelfInformation) -> Brokered | Problem:
        """Take the request and see it through: to the holder, or to a word of guidance in the folder."""
        person = self._person(request.code)
        if isinstance(person, Problem):
            return person
        information = self.facts.information(request.information)
        if information is None:
            return _no_information("$.information", request.information)
        wanted = Provision(
            request.request_id,
            person,
            request.information,
            request.organisation,
            self._clock.now_ms(),
        )
        known = await read_one(self._store, tables.PROVISION, {"request_id": request.request_id})
        if known is None:
            holders = await self._holders(person, [request.information], None)
            if all(held.organisation.code != request.organisation for held in holders):
                return Brokered(BrokerOutcome.REFUSED, GUIDANCE_NO_HOLDER)
            known = await self._take(wanted)
        return Brokered(BrokerOutcome.ACCEPTED) if known.same_request(wanted) else _other_request()

    async def _take(self, wanted: Provision) -> Provision:
        """Write the request and its work down; what stands there when somebody was faster."""
        now, kind = wanted.accepted_ms, tables.PROVISION_HAND_OVER
        row = wanted
        if wanted.organisation in self._paper_only:
            kind = tables.PROVISION_GUIDE
            row = wanted._replace(guidance=self._guidance(GUIDANCE_PAPER, wanted))
        due = now + self._desk.late_ms
        ops = [
            tables.insert_provision(row),
            put(kind, row.request_id, due_ms=due, now_ms=now),
            *self._forgetting.ops(now),
        ]
        if isinstance(await self._store.write(ops), Conflict):
            known = await read_one(self._store, tables.PROVISION, {"request_id": row.request_id})
            assert known is not None
            return known
        self.outbox.take_up(kind, row.request_id, due_ms=due, now_ms=now)
        return row

    async def _hand_over(self, row: Row) -> Finished | Again:
        if self._desk.stopped:
            return Again("stopped")
        taken = await read_one(self._store, tables.PROVISION, {"request_id": row.key})
        if taken is None or taken.done_ms is not None or taken.guidance is not None:
            return Finished()
        code = self._codes.code_of(taken.person, taken.organisation)
        outcome = await self._intermediate.call(
            PROVIDE_SELF_INFORMATION,
            ProvideSelfInformation(row.key, taken.organisation, code, taken.information),
        )
        now = self._clock.now_ms()
        came_to = pushed(outcome, put_ms=row.put_ms, now_ms=now)
        if came_to is Pushed.AGAIN:
            return Again(reason_of(outcome))
        if came_to is Pushed.TAKEN:
            return Finished((tables.finish_provision(row.key, "handed_over", now_ms=now),))
        words = GUIDANCE_NOT_HELD if came_to is Pushed.DECLINED else GUIDANCE_NO_ANSWER
        return Finished(
            (
                tables.guide_provision(row.key, self._guidance(words, taken)),
                put(tables.PROVISION_GUIDE, row.key, due_ms=now, now_ms=now),
            )
        )

    async def _guide(self, row: Row) -> Finished | Again:
        if self._desk.stopped:
            return Again("stopped")
        taken = await read_one(self._store, tables.PROVISION, {"request_id": row.key})
        if taken is None or taken.done_ms is not None:
            return Finished()
        assert taken.guidance is not None, row.key
        # The words that were written down are one of these three: they say why.
        whys = (why for words, why in _WHY.items() if self._guidance(words, taken) == taken.guidance)
        outcome = await self._portal.call(
            DELIVER_SELF_INFORMATION,
            DeliveredSelfInformation(row.key, None, taken.guidance, next(whys, WithoutContent.UNANSWERED)),
        )
        now = self._clock.now_ms()
        came_to = pushed(outcome, put_ms=row.put_ms, now_ms=now)
        if came_to is Pushed.AGAIN:
            return Again(reason_of(outcome))
        if came_to is not Pushed.TAKEN:
            log.warning("guidance_not_taken", came_to=str(came_to), reason=reason_of(outcome))
        return Finished((tables.finish_provision(row.key, f"guided_{came_to}", now_ms=now),))

    def _guidance(self, words: str, taken: Provision) -> str:
        information = self.facts.information(taken.information)
        try:
            name = organisation(taken.organisation).name
        except UnknownOrganisation:
            name = "情報を保有する機関"
        return words.format(name=name, information=information.name if information else taken.information)


def _other_request() -> Problem:
    return problem(
        ProblemCode.UNPROCESSABLE, "この要求番号は、別の内容の要求に使われています。", field="$.request_id"
    )


def _no_information(field: str, code: str) -> Problem:
    return problem(
        ProblemCode.UNPROCESSABLE, f"特定個人情報名コード「{code}」はカタログにありません。", field=field
    )
