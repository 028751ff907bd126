"""あなたの情報: finds who holds it, asks through the network, shows what came (SELF-1…9)."""

from collections import OrderedDict

import msgspec
import trio

from portal.accounts.model import OpenedAccount
from portal.accounts.service import Accounts
from portal.files.service import File, FileKind, Files
from portal.folder.arrivals import Arrivals
from portal.folder.asking import Asking
from portal.folder.model import (
    GUIDANCE_PAPER,
    GUIDANCE_REFUSED,
    Answered,
    AskOutcome,
    Described,
    Ended,
    Kind,
    NotNow,
    Refused,
    Request,
    State,
    Taken,
)
from portal.folder.service import Folder
from portal.folder.shelf import Shelf, not_answered
from portal.links.link import Link
from portal.seams.clock import Clock
from portal.self_information.model import matching
from portal.self_information.sheet import sheet_of
from portal.wire import network
from portal.wire.deliveries import WithoutContent
from portal.wire.disclosure import Attachment, Named, ProvisionRecord, SelfInformation
from portal.wire.history import Action
from portal.wire.limits import ATTACHMENT_BYTES_MAX
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


def _is_nameless(named: Named) -> bool:
    """Whether the network knew no name for this code, so that the code stands in its place."""
    return named.name == named.code


def _not_listed(record: ProvisionRecord) -> Problem:
    kind = record.information
    if _is_nameless(kind):
        return _nobody_there(record, f"特定個人情報名コード（{kind.code}）の情報はありません。")
    return problem(
        ProblemCode.UNPROCESSABLE,
        f"「{kind.name}」は、いまの情報の一覧にありません。画面からは請求できません。"
        f"{record.provider.name}の窓口へ、書面で開示を請求してください。",
        field="$.record_id",
    )


def _nobody_there(record: ProvisionRecord, why: str) -> Problem:
    """An inquiry with a wrong code, which the network did not pass on: nothing was given that could be looked at."""
    asker = "照会機関" if _is_nameless(record.inquirer) else record.inquirer.name
    return problem(
        ProblemCode.UNPROCESSABLE,
        f"この記録にある{why}照会のときのコードの誤りで、情報は渡されていません。"
        f"請求できる情報はありません。くわしくは、{asker}の窓口にお問い合わせください。",
        field="$.record_id",
    )


def no_municipality(code: str) -> Problem:
    """The network knows all codes and their check digits; the portal keeps no table of them."""
    return problem(
        ProblemCode.UNPROCESSABLE,
        f"市区町村コード「{code}」の市区町村はありません。6けたのコードを確かめるか、名前を入れてください。",
        field="$.municipality",
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


ENDED = {
    WithoutContent.PAPER: State.PAPER,
    WithoutContent.WITHHELD: State.WITHHELD,
    WithoutContent.NOT_HELD: State.NOT_HELD,
    WithoutContent.UNANSWERED: State.UNANSWERED,
}
NO_SUCH_ATTACHMENT = problem(
    ProblemCode.NOT_FOUND, "この関連書類はありません。届いた情報の画面から選びなおしてください。"
)
ATTACHMENT_TOO_LARGE = problem(
    ProblemCode.TOO_LARGE,
    f"この関連書類は{ATTACHMENT_BYTES_MAX // 1024}KBを超えるため、画面からは渡せません。機関の窓口にお問い合わせください。",
)


def _ticked(owner: OpenedAccount, information: str) -> bool:
    """Whether this information may be asked for by the hand that holds this folder (PRX-4)."""
    return owner.by is None or information in owner.by.information


def _not_ticked(information: Named, field: str) -> Problem:
    return problem(
        ProblemCode.FORBIDDEN,
        f"「{information.name}」は、代理の範囲に入っていません。必要なときは、本人に範囲を変えてもらってください。",
        field=field,
    )


def _described(asked: Asked) -> Described:
    return Described(asked.information.name, asked.organisation.name)


class SelfInformations:
    """自己情報表示."""

    def __init__(
        self,
        folder: Folder,
        asking: Asking,
        arrivals: Arrivals,
        accounts: Accounts,
        network_link: Link,
        clock: Clock,
        files: Files,
        *,
        wait_seconds: float,
    ) -> None:
        self._asking = asking
        self._arrivals = arrivals
        self._accounts = accounts
        self._network = network_link
        self._clock = clock
        self._wait_seconds = wait_seconds
        self._catalogue: tuple[int, Catalogue] | None = None
        # Names of organisations are public; this spares asking for them twice.
        self._names: OrderedDict[str, str] = OrderedDict()
        self._files = files
        self._shelf: Shelf[Asked, SelfInformationRequestView, SelfInformation] = Shelf(
            folder,
            Kind.SELF_INFORMATION,
            Asked,
            SelfInformation,
            shown=self._shown,
            described=_described,
            ask=self._ask,
            ticked_as=lambda asked: asked.information.code,
        )

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
        kinds = {
            kind.information.code: kind
            for kind in matching(catalogue, search)
            if _ticked(owner, kind.information.code)
        }
        if not kinds:
            return Candidates(())
        code = await self._accounts.code_of(owner)
        if code is None:
            return NETWORK_SILENT
        answer = await self._network.call(
            network.FIND_HOLDERS, network.FindHolders(code, tuple(kinds), search.municipality)
        )
        if isinstance(answer, Problem) and answer.field == "$.municipality":
            return no_municipality(search.municipality or "")
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
            if not _ticked(owner, selection.information):
                return _not_ticked(information, f"$.selections[{index}].information")
            organisation = Named(
                selection.organisation, self._names.get(selection.organisation, selection.organisation)
            )
            key = None if wanted.key is None else f"{wanted.key}#{index}"
            contents.append((key, msgspec.json.encode(Asked(information, organisation))))
        views = await self._accept(owner, contents)
        return views if isinstance(views, Problem) else SelfInformationRequests(views)

    async def request_recorded(
        self, owner: OpenedAccount, record: ProvisionRecord, key: str | None
    ) -> SelfInformationRequestView | Problem:
        """The very information that a record tells of, from the organisation that provided it (REC-4)."""
        if not _ticked(owner, record.information.code):
            return _not_ticked(record.information, "$.record_id")
        catalogue = await self.catalogue()
        # While the network is silent nobody knows better: the request is taken, and the network will say.
        if isinstance(catalogue, Catalogue) and not any(
            kind.information.code == record.information.code for kind in catalogue.kinds
        ):
            return _not_listed(record)
        if _is_nameless(record.provider):
            return _nobody_there(record, f"提供機関のコード（{record.provider.code}）の機関はありません。")
        self._note_name(record.provider)
        asked = Asked(record.information, record.provider)
        own_key = None if key is None else f"{key}#{record.record_id}"
        views = await self._accept(owner, [(own_key, msgspec.json.encode(asked))])
        return views if isinstance(views, Problem) else views[0]

    async def _accept(
        self, owner: OpenedAccount, contents: list[tuple[str | None, bytes]]
    ) -> tuple[SelfInformationRequestView, ...] | Problem:
        accepted = await self._asking.accept(owner, Kind.SELF_INFORMATION, contents, _asks_the_same)
        if isinstance(accepted, Problem):
            return accepted
        await self._ask_and_wait(owner, accepted)
        views: list[SelfInformationRequestView] = []
        for request in accepted:
            view = await self.view(owner, request.request_id)
            if isinstance(view, Problem):
                return view
            views.append(view)
        return tuple(views)

    async def _ask_and_wait(self, owner: OpenedAccount, requests: list[Request]) -> None:
        arrivals = [self._arrivals.expect(request.request_id) for request in requests]
        try:
            await self._ask_all(owner, requests)
            with trio.move_on_after(self._wait_seconds):
                for request, arrival in zip(requests, arrivals, strict=True):
                    await self._arrivals.wait_for(owner, Kind.SELF_INFORMATION, request.request_id, arrival)
        finally:
            for request in requests:
                self._arrivals.expect_no_more(request.request_id)

    async def _ask_all(self, owner: OpenedAccount, requests: list[Request]) -> None:
        """Several at the same time, the first by this task itself."""
        waiting = iter(requests)

        async def ask() -> None:
            for request in waiting:
                await self._asking.ask_now(owner, request)

        if len(requests) == 1:
            await ask()
        else:
            async with trio.open_nursery() as nursery:
                for _ in requests[1:ASKED_AT_ONCE_MAX]:
                    nursery.start_soon(ask)
                await ask()

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
            case _:
                return not_answered(answer)

    async def deliver(
        self, request_id: str, content: SelfInformation | None, guidance: str | None, why: WithoutContent
    ) -> Problem | None:
        """The holder's answer, straight to the folder; or why there is none (SELF-5, SELF-9).

        What is not the answer to this request is not taken.
        """
        if content is None:
            ended = Ended(ENDED[why], guidance or GUIDANCE_PAPER)
            return await self._arrivals.deliver(request_id, Kind.SELF_INFORMATION, ended)
        answer = content

        def wrong_for(asked: bytes) -> Problem | None:
            # A conflict, so that its sender tries again: whoever mixed it up may have put it right by then.
            if _answers(_asked.decode(asked), answer):
                return None
            return problem(
                ProblemCode.CONFLICT,
                "この請求で求められた情報ではありません。求められた機関の、求められた特定個人情報を届けてください。",
                field="$.content",
            )

        answered = Answered(msgspec.json.encode(content))
        return await self._arrivals.deliver(request_id, Kind.SELF_INFORMATION, answered, wrong_for)

    def _shown(self, request: Request, asked: Asked) -> SelfInformationRequestView:
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
        return await self._shelf.view(owner, request_id)

    async def listed(self, owner: OpenedAccount) -> SelfInformationRequests:
        return SelfInformationRequests(await self._shelf.listed(owner))

    async def read(
        self, owner: OpenedAccount, request_id: str, action: Action = Action.VIEW, taken_as: str = ""
    ) -> SelfInformationContent | Problem:
        """The information, marked as read."""
        found = await self._shelf.read(owner, request_id, action, taken_as)
        return found if isinstance(found, Problem) else SelfInformationContent(*found)

    async def file(self, owner: OpenedAccount, request_id: str, kind: FileKind) -> File | Problem:
        """To take home; that is reading it (FLD-3, FLD-5)."""
        found = await self.read(owner, request_id, Action.DOWNLOAD, kind.upper())
        return found if isinstance(found, Problem) else await self._files.make(sheet_of(found), kind)

    async def attachment(self, owner: OpenedAccount, request_id: str, number: int) -> Attachment | Problem:
        """関連書類 (SELF-8), counted from 1; taking it is reading the answer."""
        found = await self.read(owner, request_id, Action.DOWNLOAD, f"関連書類{number}")
        if isinstance(found, Problem):
            return found
        attachments = found.content.attachments
        if not 1 <= number <= len(attachments):
            return NO_SUCH_ATTACHMENT
        attachment = attachments[number - 1]
        return attachment if len(attachment.content) <= ATTACHMENT_BYTES_MAX else ATTACHMENT_TOO_LARGE
