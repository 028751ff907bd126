"""やりとり履歴: asks the core system for the records of a period, and shows them (REC-1, 2, 3)."""

from datetime import date

import msgspec

from portal.accounts.model import OpenedAccount
from portal.accounts.service import Accounts
from portal.folder.model import GUIDANCE_REFUSED, Kind, Request, Treatment, treatment
from portal.folder.service import Answered, AskOutcome, Folder, NotNow, Refused, Taken
from portal.links.link import Link, Unreachable
from portal.records.model import check_period
from portal.seams.clock import Clock
from portal.wire import network
from portal.wire.disclosure import ProvisionRecord
from portal.wire.moments import day_of, to_jst
from portal.wire.problems import Problem
from portal.wire.records import RecordsContent, RecordsRequest, RecordsRequests, RecordsRequestView


class Asked(msgspec.Struct, frozen=True):
    """What a request for records asks for, as it is sealed."""

    start: date
    end: date


_decoded = msgspec.json.Decoder(Asked).decode
_records = msgspec.json.Decoder(tuple[ProvisionRecord, ...])


def _shown(request: Request, asked: bytes) -> RecordsRequestView:
    """As its owner sees it."""
    period = _decoded(asked)
    return RecordsRequestView(
        request.request_id,
        request.shown_as,
        period.start,
        period.end,
        to_jst(request.asked_ms),
        None if request.answered_ms is None else to_jst(request.answered_ms),
        request.read_ms is not None,
        request.guidance,
    )


class Records:
    """情報提供等記録表示."""

    def __init__(self, folder: Folder, accounts: Accounts, network_link: Link, clock: Clock) -> None:
        self._folder = folder
        self._accounts = accounts
        self._network = network_link
        self._clock = clock
        folder.asks_by(Kind.RECORDS, self._ask)

    def __repr__(self) -> str:
        return "Records()"

    async def request(self, owner: OpenedAccount, wanted: RecordsRequest) -> RecordsRequestView | Problem:
        """Written down, asked at once; answered, or "not yet"."""
        wrong = check_period(wanted.start, wanted.end, day_of(self._clock.now_ms()))
        if wrong is not None:
            return wrong
        asked = msgspec.json.encode(Asked(wanted.start, wanted.end))
        accepted = await self._folder.accept(owner, Kind.RECORDS, [(wanted.key, asked)])
        if isinstance(accepted, Problem):
            return accepted
        await self._folder.ask_now(owner, accepted[0])
        return await self.view(owner, accepted[0].request_id)

    async def _ask(self, owner: OpenedAccount, request: Request, asked: bytes) -> AskOutcome:
        code = await self._accounts.code_of(owner)
        if code is None:
            return NotNow("no linkage code yet")
        period = _decoded(asked)
        answer = await self._network.call(
            network.DISCLOSE_RECORDS,
            network.DiscloseRecords(request.request_id, code, period.start, period.end),
        )
        match answer:
            case network.RecordsAnswer(network.RecordsOutcome.ANSWERED, records):
                return Answered(msgspec.json.encode(records))
            case network.RecordsAnswer():
                return Taken()
            case Unreachable(reason):
                return NotNow(reason)
            case Problem(code=problem_code):
                if treatment(problem_code) is Treatment.REFUSED:
                    return Refused(GUIDANCE_REFUSED)
                return NotNow(problem_code)

    async def deliver(self, request_id: str, records: tuple[ProvisionRecord, ...]) -> Problem | None:
        """The core's late answer (REC-3)."""
        return await self._folder.deliver(request_id, Kind.RECORDS, msgspec.json.encode(records), None)

    def _view(self, owner: OpenedAccount, request: Request) -> RecordsRequestView:
        return _shown(request, self._folder.asked(owner, request))

    async def view(self, owner: OpenedAccount, request_id: str) -> RecordsRequestView | Problem:
        request = await self._folder.own(owner, Kind.RECORDS, request_id)
        return request if isinstance(request, Problem) else self._view(owner, request)

    async def listed(self, owner: OpenedAccount) -> RecordsRequests:
        requests = await self._folder.listed(owner, Kind.RECORDS)
        asked = self._folder.asked_each(owner, requests)
        return RecordsRequests(tuple(map(_shown, requests, asked)))

    async def read(self, owner: OpenedAccount, request_id: str) -> RecordsContent | Problem:
        """The records, marked as read."""
        found = await self._folder.read(owner, Kind.RECORDS, request_id)
        if isinstance(found, Problem):
            return found
        request, content = found
        return RecordsContent(self._view(owner, request), _records.decode(content))
