"""やりとり履歴: asks the core system for the records of a period, and shows them (REC-1, 2, 3, 5)."""

from datetime import date

import msgspec

from portal.accounts.model import OpenedAccount
from portal.accounts.service import Accounts
from portal.files.service import File, FileKind, Files
from portal.folder.arrivals import Arrivals
from portal.folder.asking import Asking
from portal.folder.model import Answered, AskOutcome, Described, Kind, NotNow, Request, Taken
from portal.folder.service import Folder
from portal.folder.shelf import Shelf, not_answered
from portal.links.link import Link
from portal.records.model import check_period
from portal.records.sheet import sheet_of
from portal.seams.clock import Clock
from portal.web.design import wareki
from portal.wire import network
from portal.wire.disclosure import ProvisionRecord
from portal.wire.history import Action
from portal.wire.moments import day_of, to_jst
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.records import RecordsContent, RecordsRequest, RecordsRequests, RecordsRequestView

NO_SUCH_RECORD = problem(
    ProblemCode.NOT_FOUND,
    "この記録は、この請求の回答にありません。記録の一覧から選びなおしてください。",
    field="$.record_id",
)


class Asked(msgspec.Struct, frozen=True):
    """What a request for records asks for, as it is sealed."""

    start: date
    end: date


def _shown(request: Request, asked: Asked) -> RecordsRequestView:
    return RecordsRequestView(
        request.request_id,
        request.shown_as,
        asked.start,
        asked.end,
        to_jst(request.asked_ms),
        None if request.answered_ms is None else to_jst(request.answered_ms),
        request.read_ms is not None,
        request.guidance,
    )


def _described(asked: Asked) -> Described:
    return Described(
        f"{wareki(asked.start)}から{wareki(asked.end)}までの記録", "情報提供ネットワークシステム"
    )


class Records:
    """情報提供等記録表示."""

    def __init__(
        self,
        folder: Folder,
        asking: Asking,
        arrivals: Arrivals,
        accounts: Accounts,
        network_link: Link,
        clock: Clock,
        files: Files,
    ) -> None:
        self._asking = asking
        self._arrivals = arrivals
        self._accounts = accounts
        self._network = network_link
        self._clock = clock
        self._files = files
        self._shelf: Shelf[Asked, RecordsRequestView, tuple[ProvisionRecord, ...]] = Shelf(
            folder,
            Kind.RECORDS,
            Asked,
            tuple[ProvisionRecord, ...],
            shown=_shown,
            described=_described,
            ask=self._ask,
        )

    def __repr__(self) -> str:
        return "Records()"

    async def request(self, owner: OpenedAccount, wanted: RecordsRequest) -> RecordsRequestView | Problem:
        """Written down, asked at once; answered, or "not yet"."""
        wrong = check_period(wanted.start, wanted.end, day_of(self._clock.now_ms()))
        if wrong is not None:
            return wrong
        asked = msgspec.json.encode(Asked(wanted.start, wanted.end))
        accepted = await self._asking.accept(owner, Kind.RECORDS, [(wanted.key, asked)])
        if isinstance(accepted, Problem):
            return accepted
        await self._asking.ask_now(owner, accepted[0])
        return await self.view(owner, accepted[0].request_id)

    async def _ask(self, owner: OpenedAccount, request: Request, asked: bytes) -> AskOutcome:
        code = await self._accounts.code_of(owner)
        if code is None:
            return NotNow("no linkage code yet")
        period = msgspec.json.decode(asked, type=Asked)
        answer = await self._network.call(
            network.DISCLOSE_RECORDS,
            network.DiscloseRecords(request.request_id, code, period.start, period.end),
        )
        match answer:
            case network.RecordsAnswer(network.RecordsOutcome.ANSWERED, records):
                return Answered(msgspec.json.encode(records))
            case network.RecordsAnswer():
                return Taken()
            case _:
                return not_answered(answer)

    async def deliver(self, request_id: str, records: tuple[ProvisionRecord, ...]) -> Problem | None:
        """The core's late answer (REC-3); what is withheld it has left out (REC-5)."""
        return await self._arrivals.deliver(request_id, Kind.RECORDS, Answered(msgspec.json.encode(records)))

    async def view(self, owner: OpenedAccount, request_id: str) -> RecordsRequestView | Problem:
        return await self._shelf.view(owner, request_id)

    async def listed(self, owner: OpenedAccount) -> RecordsRequests:
        return RecordsRequests(await self._shelf.listed(owner))

    async def read(
        self, owner: OpenedAccount, request_id: str, action: Action = Action.VIEW, taken_as: str = ""
    ) -> RecordsContent | Problem:
        """The records, marked as read."""
        found = await self._shelf.read(owner, request_id, action, taken_as)
        return found if isinstance(found, Problem) else RecordsContent(*found)

    async def record(
        self, owner: OpenedAccount, request_id: str, record_id: str
    ) -> ProvisionRecord | Problem:
        """One record of an answer of the owner's (REC-4)."""
        records = await self._shelf.peek(owner, request_id)
        if isinstance(records, Problem):
            return records
        return next((record for record in records if record.record_id == record_id), NO_SUCH_RECORD)

    async def file(self, owner: OpenedAccount, request_id: str, kind: FileKind) -> File | Problem:
        """To take home; that is reading it (FLD-3, FLD-5)."""
        found = await self.read(owner, request_id, Action.DOWNLOAD, kind.upper())
        return found if isinstance(found, Problem) else await self._files.make(sheet_of(found), kind)
