"""A resident (住民) with her card in her hand, at a terminal of the portal."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple, TypeVar

from cards import terminal
from cards.terminal import CardError, Locked, Signed, WrongPin
from portal.links.link import Unreachable
from portal.wire import account, notices, records, self_information, sign_in
from portal.wire.operation import Done, Nothing, Operation
from portal.wire.problems import Problem
from portal.wire.records import OneRequest, RequestState
from portal.wire.sign_in import AccountSettings, AccountView, Challenge, MailEvent, SignedIn, SignIn
from portal.wire.systems import Party, System
from scenarios.actors.mail_reader import MailReader
from scenarios.checking import Mismatch, answered, equal
from scenarios.stage import Stage
from sim.cards_desk.wallet import Issue, Wallet
from sim.nation.person import Person

Req = TypeVar("Req")
Res = TypeVar("Res")

NoAnswer = Problem | Unreachable
AtTheCard = WrongPin | Locked | CardError

NICKNAME = "みかん"
PATIENCE_SECONDS = 30.0
"""How long a person looks at a page that is loading; longer than systems wait for each other."""
LATE_AT_MOST = timedelta(minutes=10)
"""How long an actor waits for a late answer unless told otherwise; longer than any pause of an outbox."""


class Window(NamedTuple):
    """What a browser window of hers holds."""

    session: str


class Resident:
    """住民: does at the portal what a person does, and says what came of it.

    Methods named for a wish (:meth:`enter`, :meth:`wait_for_records`) check that it came true; the others return the
    outcome, whatever it is.
    """

    def __init__(
        self, stage: Stage, person: Person, *, issued: Issue | None = None, wallet: Wallet | None = None
    ) -> None:
        """*issued* for a card with other certificates than the present ones; *wallet* for one from elsewhere."""
        self.stage = stage
        self.person = person
        self._wallet = wallet or stage.world.wallet
        self.pin = self._wallet.pins(person.n).auth
        self.take_card(issued)
        self.session: str | None = None
        self._portal = stage.link(Party.CITIZEN, System.PORTAL)
        stage.took_part[person.n] = person

    def __repr__(self) -> str:
        return f"<Resident {self.person.resident_id}>"

    @property
    def name(self) -> str:
        return f"{self.person.family}さん"

    def take_card(self, issued: Issue | None) -> None:
        """Take a card with these certificates into the hand; its PINs are as it was handed over."""
        self.issued = issued
        self.card = self._wallet.card(self.person.n, self.stage.chance, issued=issued)

    def another_window(self) -> Resident:
        """The same person with the same card at a second window, not signed in there."""
        other = Resident(self.stage, self.person, wallet=self._wallet)
        other.card = self.card
        return other

    async def call(self, operation: Operation[Req, Res], request: Req) -> Res | NoAnswer:
        """Any operation of the portal, with her session."""
        authorization = "" if self.session is None else f"Bearer {self.session}"
        return await self._portal.call(
            operation, request, authorization=authorization, deadline_s=PATIENCE_SECONDS
        )

    # Signing in and out

    async def ask_challenge(self) -> Challenge:
        return answered(
            await self.call(sign_in.ASK_CHALLENGE, Nothing()), Challenge, "ログインの手続きを始める"
        )

    def sign(self, challenge: Challenge, *, pin: str | None = None) -> Signed | AtTheCard:
        """Put the card on the reader, type the PIN, let it sign."""
        self.card.power_on()
        try:
            return terminal.authenticate(self.card.transmit, pin or self.pin, challenge.digest_info)
        finally:
            self.card.power_off()

    async def present(self, challenge: Challenge, signed: Signed) -> SignedIn | NoAnswer:
        """Send the card's answer; a session that comes of it is hers from now on."""
        request = SignIn(challenge.challenge, signed.signature, signed.certificate)
        outcome = await self.call(sign_in.SIGN_IN, request)
        if isinstance(outcome, SignedIn):
            self.session = outcome.session
        return outcome

    async def sign_in(self, *, pin: str | None = None) -> SignedIn | NoAnswer | AtTheCard:
        challenge = await self.ask_challenge()
        signed = self.sign(challenge, pin=pin)
        return await self.present(challenge, signed) if isinstance(signed, Signed) else signed

    async def register(
        self,
        nickname: str = NICKNAME,
        *,
        mail: tuple[str, ...] = (),
        events: tuple[MailEvent, ...] = (),
    ) -> AccountView | NoAnswer:
        """First-time registration."""
        return await self.call(sign_in.OPEN_ACCOUNT, AccountSettings(nickname, mail, events))

    async def enter(
        self,
        nickname: str = NICKNAME,
        *,
        mail: tuple[str, ...] = (),
        events: tuple[MailEvent, ...] = (),
    ) -> None:
        """Sign in, and register the first time, with her addresses confirmed; it must succeed."""
        outcome = answered(await self.sign_in(), SignedIn, f"{self.name}のログイン")
        if outcome.nickname is None:
            registered = await self.register(nickname, mail=mail, events=events)
            answered(registered, AccountView, f"{self.name}の利用者登録")
            for address in mail:
                await self.confirm(MailReader(self.stage, address))

    async def confirm(self, reader: MailReader) -> AccountView:
        """Type in the code that came to this address; it must be taken."""
        code = await reader.newest_code()
        outcome = await self.confirm_mail(reader.address, code)
        return answered(outcome, AccountView, f"{reader.address}の確認")

    async def confirm_mail(self, address: str, code: str) -> AccountView | NoAnswer:
        return await self.call(account.CONFIRM_MAIL, account.MailConfirmation(address, code))

    async def send_mail_code(self, address: str) -> Done | NoAnswer:
        return await self.call(account.SEND_MAIL_CODE, account.OneAddress(address))

    async def close_account(self) -> Done | NoAnswer:
        return await self.call(account.CLOSE_ACCOUNT, Nothing())

    async def view_account(self) -> AccountView | NoAnswer:
        return await self.call(sign_in.VIEW_ACCOUNT, Nothing())

    async def change_account(self, settings: AccountSettings) -> AccountView | NoAnswer:
        return await self.call(sign_in.CHANGE_ACCOUNT, settings)

    async def sign_out(self) -> None:
        """It must succeed; the window forgets the session."""
        answered(await self.call(sign_in.SIGN_OUT, Nothing()), Done, f"{self.name}のログアウト")
        self.session = None

    # お知らせ

    async def list_notices(self, *, unopened: bool = False) -> tuple[notices.NoticeView, ...]:
        """The first page of her notices, newest first."""
        outcome = await self.call(notices.LIST_NOTICES, notices.ListNotices(unopened=unopened))
        return answered(outcome, notices.Notices, f"{self.name}のお知らせの一覧").notices

    async def open_notice(self, notice_id: str) -> notices.OpenedNotice | NoAnswer:
        return await self.call(notices.OPEN_NOTICE, notices.OneNotice(notice_id))

    async def opened_notice(self, notice_id: str) -> notices.OpenedNotice:
        """Open it; that must succeed."""
        return answered(await self.open_notice(notice_id), notices.OpenedNotice, f"{self.name}が開くお知らせ")

    async def delete_notice(self, notice_id: str) -> Done | NoAnswer:
        return await self.call(notices.DELETE_NOTICE, notices.OneNotice(notice_id))

    async def answer(self, notice_id: str, *answers: tuple[str, ...]) -> notices.NoticeView | NoAnswer:
        return await self.call(notices.ANSWER_NOTICE, notices.GiveAnswers(notice_id, answers))

    async def wait_for_notice(self, title: str, *, at_most: timedelta = LATE_AT_MOST) -> notices.NoticeView:
        """Look at the list now and then until a notice of this title is there."""

        async def come() -> notices.NoticeView | None:
            return next((each for each in await self.list_notices() if each.title == title), None)

        return await self.stage.until(come, at_most=at_most, what=f"お知らせ「{title}」が届く")

    # やりとり履歴

    async def request_records(
        self, start: date | None = None, end: date | None = None, *, key: str | None = None
    ) -> records.RecordsRequestView | NoAnswer:
        """Ask for the records of a period; the last year unless told otherwise."""
        last = end or self.stage.today
        first = start or last - timedelta(days=365)
        return await self.call(records.REQUEST_RECORDS, records.RecordsRequest(first, last, key))

    async def asked_for_records(self, *, key: str | None = None) -> records.RecordsRequestView:
        """Ask for the last year's records; the request must be taken."""
        return answered(
            await self.request_records(key=key),
            records.RecordsRequestView,
            f"{self.name}のやりとり履歴の請求",
        )

    async def list_records(self) -> tuple[records.RecordsRequestView, ...]:
        outcome = await self.call(records.LIST_RECORDS_REQUESTS, Nothing())
        return answered(outcome, records.RecordsRequests, "やりとり履歴の請求の一覧").requests

    async def view_records(self, request_id: str) -> records.RecordsRequestView | NoAnswer:
        return await self.call(records.VIEW_RECORDS_REQUEST, OneRequest(request_id))

    async def read_records(self, request_id: str) -> records.RecordsContent | NoAnswer:
        return await self.call(records.READ_RECORDS, OneRequest(request_id))

    async def wait_for_records(
        self, request_id: str, *, at_most: timedelta = LATE_AT_MOST
    ) -> records.RecordsRequestView:
        """Look at the request now and then until it is answered; it must be, in that time."""

        async def come() -> records.RecordsRequestView | None:
            return _ended(
                answered(await self.view_records(request_id), records.RecordsRequestView, "請求の状態")
            )

        view = await self.stage.until(come, at_most=at_most, what="やりとり履歴の回答が届く")
        equal(view.state, RequestState.ANSWERED, "やりとり履歴の請求の状態")
        return view

    # あなたの情報

    async def view_catalogue(self) -> self_information.Catalogue | NoAnswer:
        return await self.call(self_information.VIEW_CATALOGUE, Nothing())

    async def search(
        self,
        *,
        name: str | None = None,
        field: str | None = None,
        detail: str | None = None,
        municipality: str | None = None,
    ) -> tuple[self_information.Candidate, ...]:
        """Who holds what about her; the search must be answered."""
        wanted = self_information.Search(name, field, detail, municipality)
        outcome = await self.call(self_information.SEARCH, wanted)
        return answered(outcome, self_information.Candidates, "自己情報の検索").candidates

    async def request_self_information(
        self, *chosen: self_information.Candidate, key: str | None = None
    ) -> tuple[self_information.SelfInformationRequestView, ...]:
        """Ask for these; the request must be taken."""
        selections = tuple(
            self_information.Selection(each.information.code, each.organisation.code) for each in chosen
        )
        outcome = await self.call(
            self_information.REQUEST_SELF_INFORMATION,
            self_information.SelfInformationRequest(selections, key),
        )
        return answered(outcome, self_information.SelfInformationRequests, "自己情報の提供の求め").requests

    async def list_self_information(self) -> tuple[self_information.SelfInformationRequestView, ...]:
        outcome = await self.call(self_information.LIST_SELF_INFORMATION_REQUESTS, Nothing())
        return answered(outcome, self_information.SelfInformationRequests, "提供の求めの一覧").requests

    async def view_self_information(
        self, request_id: str
    ) -> self_information.SelfInformationRequestView | NoAnswer:
        return await self.call(self_information.VIEW_SELF_INFORMATION_REQUEST, OneRequest(request_id))

    async def read_self_information(
        self, request_id: str
    ) -> self_information.SelfInformationContent | NoAnswer:
        return await self.call(self_information.READ_SELF_INFORMATION, OneRequest(request_id))

    async def wait_for_self_information(
        self, request_id: str, *, at_most: timedelta = LATE_AT_MOST
    ) -> self_information.SelfInformationRequestView:
        """The same for self-information."""

        async def come() -> self_information.SelfInformationRequestView | None:
            view = await self.view_self_information(request_id)
            return _ended(answered(view, self_information.SelfInformationRequestView, "提供の求めの状態"))

        view = await self.stage.until(come, at_most=at_most, what="自己情報の回答が届く")
        equal(view.state, RequestState.ANSWERED, "提供の求めの状態")
        return view


View = TypeVar("View", records.RecordsRequestView, self_information.SelfInformationRequestView)


def _ended(view: View) -> View | None:
    return None if view.state is RequestState.WAITING else view


def at_the_card(outcome: object, expected: AtTheCard, what: str) -> None:
    """The card itself must have refused, in this way."""
    if outcome != expected:
        raise Mismatch(what, expected, outcome)
