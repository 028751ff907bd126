"""Registry, core and intermediate servers joined in memory, with somebody where the portal is: for tests of inquiries."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sim_wiring import START_MS, Recipient, Wiring

from portal.serving.system import BuiltSystem
from portal.wire.deliveries import DELIVER_RECORDS, DELIVER_SELF_INFORMATION
from portal.wire.intermediate import (
    FETCH_RESULT,
    MAKE_INQUIRY,
    InquiryReceipt,
    InquiryResult,
    MakeInquiry,
    OneInquiry,
)
from portal.wire.intermediate_keeping import CONFIGURE, Configuration, Configure
from portal.wire.linkage import Place
from portal.wire.network import (
    DISCLOSE_RECORDS,
    RECONCILE,
    BrokerSelfInformation,
    DiscloseRecords,
    Reconcile,
    Reconciliation,
)
from portal.wire.systems import Party, System
from sim.intermediate import system as intermediate
from sim.jpki.serials import Serials
from sim.nation.holdings import RESIDENCE, TAX
from sim.nation.nation import Nation
from sim.nation.organisations import of_municipality
from sim.network import system as network
from sim.network.codes import DISCLOSURE_SYSTEM, LinkageCodes
from sim.network.records import tables as records
from sim.registry import system as registry

DAY_SECONDS = 86_400
START = datetime.fromtimestamp(START_MS / 1000, UTC)
PERIOD = {"start": date(2025, 4, 1), "end": date(2026, 3, 31)}
TODAY = date(2026, 4, 1)
"""The day in Japan on which the tests begin."""
AFFAIR, PROCEDURE = "JM90000000000001", "JT90000000000001"
"""児童手当の認定請求: a municipality asks another for tax and residence."""
ELSEWHERE = of_municipality("141003").code


class LinkageWorld:
    def __init__(self, nation: Nation, codes: LinkageCodes, serials: Serials) -> None:
        self.nation, self.codes, self.serials = nation, codes, serials
        self.wiring = Wiring(
            {
                System.REGISTRY: registry.SCHEMAS,
                System.NETWORK: network.SCHEMAS,
                System.INTERMEDIATE: intermediate.SCHEMAS,
            }
        )
        self.portal = Recipient(self.wiring, [DELIVER_RECORDS, DELIVER_SELF_INFORMATION])
        self.person = nation.examples()[0]
        self.code = codes.code_of(self.person.n, DISCLOSURE_SYSTEM)
        self.here = of_municipality(self.person.municipality_code).code
        self.ask = self.wiring.ask

    def core(self, **more: Any) -> BuiltSystem:
        return network.build(self.wiring.surroundings(System.NETWORK), self.nation, self.codes, **more)

    def servers(self) -> BuiltSystem:
        return intermediate.build(self.wiring.surroundings(System.INTERMEDIATE), self.nation, self.codes)

    def registry(self) -> BuiltSystem:
        return registry.build(self.wiring.surroundings(System.REGISTRY), self.nation, self.serials)

    @asynccontextmanager
    async def running(self, *built: BuiltSystem) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for one in built or (self.portal.built(), self.registry(), self.core(), self.servers()):
                await stack.enter_async_context(self.wiring.running(one))
            yield

    def inquiry(self, request_id: str = "q1", **more: Any) -> MakeInquiry:
        whole: dict[str, Any] = {
            "inquirer": ELSEWHERE,
            "person": self.person.n,
            "affair": AFFAIR,
            "procedure": PROCEDURE,
            "provider": self.here,
            "information": RESIDENCE,
            **more,
        }
        return MakeInquiry(request_id, **whole)

    async def make(self, request_id: str = "q1", **more: Any) -> str:
        """The 処理通番 of an inquiry that the server has taken."""
        answer = await self.side(MAKE_INQUIRY, self.inquiry(request_id, **more))
        assert isinstance(answer, InquiryReceipt), answer
        return answer.number

    async def side(self, operation: Any, request: Any) -> Any:
        """An organisation's own side asks its server."""
        return await self.ask(operation, request, Party.OPERATOR)

    async def result(self, number: str, organisation: str = ELSEWHERE) -> InquiryResult:
        answer = await self.side(FETCH_RESULT, OneInquiry(number, organisation))
        assert isinstance(answer, InquiryResult), answer
        return answer

    async def configure(self, organisation: str, **more: Any) -> None:
        assert isinstance(await self.side(CONFIGURE, Configure(organisation, **more)), Configuration)

    async def disclose(self, request_id: str = "r1", days: int = 400) -> Any:
        asked = DiscloseRecords(
            request_id, self.code, TODAY - timedelta(days=days), TODAY + timedelta(days=60)
        )
        return await self.ask(DISCLOSE_RECORDS, asked)

    def disclosure(self, request_id: str = "r1", **more: Any) -> DiscloseRecords:
        """The portal's request for the records of a year that is over."""
        return DiscloseRecords(request_id=request_id, code=self.code, **{**PERIOD, **more})

    def provision(self, request_id: str = "s1", information: str = RESIDENCE) -> BrokerSelfInformation:
        """The portal's request for what the person's municipality holds."""
        return BrokerSelfInformation(request_id, self.code, information, self.here)

    async def reconciled(self) -> Reconciliation:
        answer = await self.side(RECONCILE, Reconcile(TODAY, TODAY + timedelta(days=60)))
        assert isinstance(answer, Reconciliation), answer
        return answer

    async def kept(self, number: str) -> dict[str, records.Row]:
        """The records of an inquiry by place."""
        rows = []
        for system in (System.NETWORK, System.INTERMEDIATE):
            rows += await self.wiring.stores[system].read(records.EVERY)
        return {row.place: row for row in rows if row.number == number}


ALL_PLACES = frozenset(str(place) for place in Place)
TAX_AND_RESIDENCE = (TAX, RESIDENCE)
