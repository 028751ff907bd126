"""あなたの情報: finds who holds it, asks through the network, shows what came (SELF-1, 2, 3, 4, 6)."""

from collections import OrderedDict

import msgspec
import trio

from portal.accounts.model import OpenedAccount
from portal.accounts.service import Accounts
from portal.folder.model import GUIDANCE_REFUSED, Kind, Request, Treatment, treatment
from portal.folder.service import AskOutcome, Folder, NotNow, Refused, Taken
from portal.links.link import Link, Unreachable
from portal.seams.clock import Clock
from portal.self_information.model import matching
from portal.wire import network
from portal.wire.disclosure import Named, SelfInformation
from portal.wire.moments import HOUR, to_jst
from portal.wire.operation import Nothing
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.self_information import (
    Candidate,
    Candidates,
    Catalogue,
    Search,
    SelfInformationContent,
    SelfInformationRequest,
    SelfInformationRequests,
    SelfInformationRequestView,
)

CATALOGUE_KEPT_MS = HOUR
ORGANISATION_NAMES_MAX = 20_000
ASKED_AT_ONCE_MAX = 8
"""Items of one request that are handed over at the same time."""

NETWORK_SILENT = problem(
    ProblemCode.UPSTREAM_UNAVAILABLE,
    "情報提供ネットワークから回答がなく、情報を持っている機関を探せません。しばらくしてからお試しください。",
)


class Asked(msgspec.Struct, frozen=True):
    """What a request for self-information asks for, as it is sealed."""

    information: Named
    organisation: Named


_asked = msgspec.json.Decoder(Asked)


def _asks_the_same(one: bytes, other: bytes) -> bool:
    """By their codes: an organisation's name may have become known in between."""
    first, second = _asked.decode(one), _asked.decode(other)
    return (first.information.code, first.organisation.code) == (
        second.information.code,
        second.organisation.code,
    )


def _answers(asked: Asked, content: SelfInformation) -> bool:
    return (asked.information.code, asked.organisation.code) == (
        content.information.code,
        content.organisation.code,
    )


_content = msgspec.json.Decoder(SelfInformation)


class SelfInformations:
    """自己情報表示."""

    def __init__(
        self, folder: Folder, accounts: Accounts, network_link: Link, clock: Clock, *, wait_seconds: float
    ) -> None:
        self._folder = folder
        self._accounts = accounts
        self._network = network_link
        self._clock = clock
        self._wait_seconds = wait_seconds
        self._catalogue: tuple[int, Catalogue] | None = None
        # Names of organisations are public; this spares asking for them twice.
        self._names: OrderedDict[str, str] = OrderedDict()
        folder.asks_by(Kind.SELF_INFORMATION, self._ask)

    def __repr__(self) -> str:
        return "SelfInformations()"

    async def catalogue(self) -> Catalogue | Problem:
        """Fields and kinds, from the network; an hour old at most, older only while the network is silent."""
        now = self._clock.now_ms()
        if self._catalogue is not None and now - self._catalogue[0] < CATALOGUE_KEPT_MS:
            return self._catalogue[1]
        answer = await self._network.call(network.VIEW_CATALOGUE, Nothing())
        if isinstance(answer, Catalogue):
            self._catalogue = (now, answer)
            return answer
        return NETWORK_SILENT if self._catalogue is None else self._catalogue[1]

    async def search(self, owner: OpenedAccount, search: Search) -> Candidates | Problem:
        """Which organisations hold what was searched for; the user need not know them (SELF-3)."""
        catalogue = await self.catalogue()
        if isinstance(catalogue, Problem):
            return catalogue
        kinds = {kind.information.code: kind for kind in matching(catalogue, search)}
        if not kinds:
            return Candidates(())
        code = await self._accounts.code_of(owner)
        if code is None:
            return NETWORK_SILENT
        answer = await self._network.call(
            network.FIND_HOLDERS, network.FindHolders(code, tuple(kinds), search.municipality)
        )
        if not isinstance(answer, network.Holders):
            return NETWORK_SILENT
        candidates: list[Candidate] = []
        for held in answer.holders:
            kind = kinds.get(held.information)
            if kind is None:
                continue
            self._note_name(held.organisation)
            candidates.append(Candidate(kind.information, held.organisation, kind.field, kind.detail))
        return Candidates(tuple(candidates))

    def _note_name(self, organisation: Named) -> None:
        self._names[organisation.code] = organisation.name
        if len(self._names) > ORGANISATION_NAMES_MAX:
            self._names.popitem(last=False)

    async def _learn_names(self, owner: OpenedAccount, wanted: SelfInformationRequest) -> None:
        """Of organisations that were searched for in another process; without an answer their codes must do."""
        unknown = tuple(
            dict.fromkeys(
                selection.information
                for selection in wanted.selections
                if selection.organisation not in self._names
            )
        )
        code = await self._accounts.code_of(owner) if unknown else None
        if code is None:
            return
        answer = await self._network.call(network.FIND_HOLDERS, network.FindHolders(code, unknown, None))
        if isinstance(answer, network.Holders):
            for held in answer.holders:
                self._note_name(held.organisation)

    async def request(
        self, owner: OpenedAccount, wanted: SelfInformationRequest
    ) -> SelfInformationRequests | Problem:
        """Written down, handed over, and waited for as long as a user waits at a screen."""
        catalogue = await self.catalogue()
        if isinstance(catalogue, Problem):
            return catalogue
        names = {kind.information.code: kind.information for kind in catalogue.kinds}
        await self._learn_names(owner, wanted)
        contents: list[tuple[str | None, bytes]] = []
        for index, selection in enumerate(wanted.selections):
            information = names.get(selection.information)
            if information is None:
                return problem(
                    ProblemCode.UNPROCESSABLE,
                    f"特定個人情報名コード {selection.information} はありません。一覧から選んでください。",
                    field=f"$.selections[{index}].information",
                )
            organisation = Named(
                selection.organisation, self._names.get(selection.organisation, selection.organisation)
            )
            key = None if wanted.key is None else f"{wanted.key}#{index}"
            contents.append((key, msgspec.json.encode(Asked(information, organisation))))
        accepted = await self._folder.accept(owner, Kind.SELF_INFORMATION, contents, _asks_the_same)
        if isinstance(accepted, Problem):
            return accepted
        await self._ask_and_wait(owner, accepted)
        views: list[SelfInformationRequestView] = []
        for request in accepted:
            view = await self.view(owner, request.request_id)
            if isinstance(view, Problem):
                return view
            views.append(view)
        return SelfInformationRequests(tuple(views))

    async def _ask_and_wait(self, owner: OpenedAccount, requests: list[Request]) -> None:
        arrivals = [self._folder.expect(request.request_id) for request in requests]
        try:
            if len(requests) == 1:
                await self._folder.ask_now(owner, requests[0])
            else:
                await self._ask_many(owner, requests)
            with trio.move_on_after(self._wait_seconds):
                for request, arrival in zip(requests, arrivals, strict=True):
                    await self._folder.wait_for(owner, Kind.SELF_INFORMATION, request.request_id, arrival)
        finally:
            for request in requests:
                self._folder.expect_no_more(request.request_id)

    async def _ask_many(self, owner: OpenedAccount, requests: list[Request]) -> None:
        slots = trio.Semaphore(ASKED_AT_ONCE_MAX)

        async def ask(request: Request) -> None:
            async with slots:
                await self._folder.ask_now(owner, request)

        async with trio.open_nursery() as nursery:
            for request in requests:
                nursery.start_soon(ask, request)

    async def _ask(self, owner: OpenedAccount, request: Request, asked: bytes) -> AskOutcome:
        code = await self._accounts.code_of(owner)
        if code is None:
            return NotNow("no linkage code yet")
        wanted = _asked.decode(asked)
        answer = await self._network.call(
            network.BROKER_SELF_INFORMATION,
            network.BrokerSelfInformation(
                request.request_id, code, wanted.information.code, wanted.organisation.code
            ),
        )
        match answer:
            case network.Brokered(network.BrokerOutcome.ACCEPTED):
                return Taken()
            case network.Brokered(guidance=guidance):
                return Refused(guidance or GUIDANCE_REFUSED)
            case Unreachable(reason):
                return NotNow(reason)
            case Problem(code=problem_code):
                if treatment(problem_code) is Treatment.REFUSED:
                    return Refused(GUIDANCE_REFUSED)
                return NotNow(problem_code)

    async def deliver(
        self, request_id: str, content: SelfInformation | None, guidance: str | None
    ) -> Problem | None:
        """The holder's answer, straight to the folder; what is not the answer to this request is not taken."""
        if content is not None:
            asked = await self._folder.asked_under(request_id, Kind.SELF_INFORMATION)
            # A conflict, so that its sender tries again: whoever mixed it up may have put it right by then.
            if asked is not None and not _answers(_asked.decode(asked), content):
                return problem(
                    ProblemCode.CONFLICT,
                    "この請求で求められた情報ではありません。求められた機関の、求められた特定個人情報を届けてください。",
                    field="$.content",
                )
        encoded = None if content is None else msgspec.json.encode(content)
        return await self._folder.deliver(request_id, Kind.SELF_INFORMATION, encoded, guidance)

    def _view(self, owner: OpenedAccount, request: Request) -> SelfInformationRequestView:
        asked = _asked.decode(self._folder.asked(owner, request))
        return SelfInformationRequestView(
            request.request_id,
            request.shown_as,
            asked.information,
            Named(asked.organisation.code, self._names.get(asked.organisation.code, asked.organisation.name)),
            to_jst(request.asked_ms),
            None if request.answered_ms is None else to_jst(request.answered_ms),
            request.read_ms is not None,
            request.guidance,
        )

    async def view(self, owner: OpenedAccount, request_id: str) -> SelfInformationRequestView | Problem:
        request = await self._folder.own(owner, Kind.SELF_INFORMATION, request_id)
        return request if isinstance(request, Problem) else self._view(owner, request)

    async def listed(self, owner: OpenedAccount) -> SelfInformationRequests:
        requests = await self._folder.listed(owner, Kind.SELF_INFORMATION)
        return SelfInformationRequests(tuple(self._view(owner, request) for request in requests))

    async def read(self, owner: OpenedAccount, request_id: str) -> SelfInformationContent | Problem:
        """The information, marked as read."""
        found = await self._folder.read(owner, Kind.SELF_INFORMATION, request_id)
        if isinstance(found, Problem):
            return found
        request, content = found
        return SelfInformationContent(self._view(owner, request), _content.decode(content))
