"""An organisation (情報保有機関) at its own side of its intermediate server."""

from datetime import timedelta
from typing import TypeVar

from portal.wire.intermediate import (
    FETCH_RESULT,
    MAKE_INQUIRY,
    InquiryReceipt,
    InquiryResult,
    MakeInquiry,
    OneInquiry,
)
from portal.wire.intermediate_keeping import (
    CONFIGURE,
    REGISTER_DOCUMENT,
    WITHHOLD,
    Configuration,
    Configure,
    DecisionPolicy,
    RegisterDocument,
    Withhold,
)
from portal.wire.linkage import InquiryState
from portal.wire.operation import Done, Operation
from portal.wire.systems import Party, System
from scenarios.checking import answered
from scenarios.stage import Stage
from sim.nation.organisations import organisation
from sim.nation.person import Person

Req = TypeVar("Req")
Res = TypeVar("Res")

CHILD_ALLOWANCE = ("JM90000000000001", "JT90000000000001")
"""児童手当の認定請求: affair and procedure under which a municipality asks another for tax and residence."""


class Organisation:
    """機関: everything that this actor does must succeed."""

    def __init__(self, stage: Stage, code: str) -> None:
        self._stage = stage
        self._link = stage.link(Party.OPERATOR, System.INTERMEDIATE)
        self.code = code
        self.name = organisation(code).name

    def __repr__(self) -> str:
        return f"<Organisation {self.name}>"

    async def _done(self, operation: Operation[Req, Res], request: Req, kind: type[Res], what: str) -> Res:
        return answered(await self._link.call(operation, request), kind, f"{self.name}: {what}")

    async def answers_on_paper_only(self) -> None:
        await self._done(CONFIGURE, Configure(self.code, electronic=False), Configuration, "設定")

    async def answers_electronically(self) -> None:
        await self._done(CONFIGURE, Configure(self.code), Configuration, "設定")

    async def decides(self, policy: DecisionPolicy, *, after_seconds: int = 0) -> None:
        """About its own flagged records."""
        wanted = Configure(self.code, decision=policy, decision_seconds=after_seconds)
        await self._done(CONFIGURE, wanted, Configuration, "設定")

    async def withholds(
        self, person: Person, information: str, *items: str, everything: bool = False
    ) -> None:
        """Of self-information; nothing named: nothing is withheld any more."""
        wanted = Withhold(self.code, person.n, information, everything, items)
        await self._done(WITHHOLD, wanted, Done, "不開示の登録")

    async def attaches(
        self, person: Person, information: str, name: str, media_type: str, content: bytes
    ) -> None:
        wanted = RegisterDocument(self.code, person.n, information, name, media_type, content)
        await self._done(REGISTER_DOCUMENT, wanted, Done, "関連書類の登録")

    async def inquires(
        self, request_id: str, person: Person, provider: str, information: str, *, flagged: bool = False
    ) -> str:
        """Ask another organisation about somebody, and wait for the answer; the 処理通番."""
        affair, procedure = CHILD_ALLOWANCE
        wanted = MakeInquiry(
            request_id, self.code, person.n, affair, procedure, provider, information, withheld=flagged
        )
        receipt = await self._done(MAKE_INQUIRY, wanted, InquiryReceipt, "照会の依頼")

        async def provided() -> bool:
            asked = OneInquiry(receipt.number, self.code)
            result = await self._done(FETCH_RESULT, asked, InquiryResult, "照会結果")
            return result.state is InquiryState.PROVIDED

        await self._stage.until(provided, at_most=timedelta(minutes=10), what="照会に回答がある")
        return receipt.number
