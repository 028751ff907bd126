"""Every operation and every page, called by every role over HTTP: nobody is answered whom the table does not name."""

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from datetime import date, timedelta
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec
import pytest
import trio
from over_sockets import FORM, Answered, Line
from page_house import STAFF_PASSWORD, House
from test_pages_notices import RECEIPT, asked, send

import portal.wire
from portal.authorisation import (
    NOT_AT_SHARED_TERMINALS,
    OPERATIONS,
    PAGES,
    Role,
    Ungoverned,
    Whose,
    hold_operations,
    hold_pages,
    page_row,
)
from portal.seams.clock import LiveClock
from portal.serving.guards import Open
from portal.serving.listen import Bound, bind, serve
from portal.sessions.guard import SessionGuard
from portal.web.addresses import PAGES as ADDRESSES
from portal.web.addresses import page
from portal.web.cookies import SESSION_COOKIE, STAFF_COOKIE
from portal.wire import (
    account,
    deliveries,
    folder,
    history,
    inbox,
    inquiries,
    notice_relaying,
    notices,
    proxies,
    records,
    self_information,
    sign_in,
)
from portal.wire.about import api_document, health
from portal.wire.operation import AnyOperation, Done, Message, Method, Nothing, Operation
from portal.wire.problems import Problem
from portal.wire.sign_in import AccountSettings, SignedIn, SignIn, Terminal
from portal.wire.systems import Party, System
from scenarios.actors.delegating import act, for_days, registered
from scenarios.actors.resident import Resident
from scenarios.stage import Stage

REFUSED = (401, 403)
CONTENT_ID = "1" * 16 + "." + "a" * 24
MAIL = "{}@example.jp"


class Things(NamedTuple):
    """What lies in somebody's folder."""

    records: str
    record: str
    information: str
    chosen: tuple[self_information.Selection, ...]
    notice: str
    inquiry: str
    mail: str
    today: date
    information_codes: tuple[str, ...]
    delegation: str = "x" * 24

    @property
    def everything(self) -> proxies.Scope:
        """What can be granted of it."""
        return proxies.Scope(tuple(proxies.Right), self.information_codes)

    def secrets(self) -> tuple[str, ...]:
        """What nobody else's answer may contain."""
        return (self.records, self.information, self.inquiry, self.mail)


Sample = Callable[[Things], Message]
ONE_RECORDS: Sample = lambda t: records.OneRequest(t.records)  # noqa: E731
ONE_INFORMATION: Sample = lambda t: records.OneRequest(t.information)  # noqa: E731
ONE_NOTICE: Sample = lambda t: notices.OneNotice(t.notice)  # noqa: E731
ONE_INQUIRY: Sample = lambda t: inquiries.OneInquiry(t.inquiry)  # noqa: E731
ONE_DELEGATION: Sample = lambda t: proxies.OneDelegation(t.delegation)  # noqa: E731
NOTHING: Sample = lambda _: Nothing()  # noqa: E731

SAMPLES: Mapping[AnyOperation, Sample] = {
    health(System.PORTAL): NOTHING,
    api_document(System.PORTAL): NOTHING,
    sign_in.ASK_CHALLENGE: NOTHING,
    sign_in.SIGN_IN: lambda _: SignIn("x", b"x", b"x"),
    sign_in.VIEW_ACCOUNT: NOTHING,
    sign_in.CHANGE_ACCOUNT: lambda t: AccountSettings("なまえ", (t.mail,)),
    account.SEND_MAIL_CODE: lambda t: account.OneAddress(t.mail),
    account.CONFIRM_MAIL: lambda t: account.MailConfirmation(t.mail, "000000"),
    folder.LIST_FOLDER: NOTHING,
    inbox.LIST_INBOX: lambda _: inbox.ListInbox(),
    records.REQUEST_RECORDS: lambda t: records.RecordsRequest(t.today - timedelta(days=9), t.today),
    records.LIST_RECORDS_REQUESTS: NOTHING,
    records.VIEW_RECORDS_REQUEST: ONE_RECORDS,
    records.READ_RECORDS: ONE_RECORDS,
    records.RECORDS_CSV: ONE_RECORDS,
    records.RECORDS_PDF: ONE_RECORDS,
    self_information.REQUEST_INFORMATION_OF_RECORD: lambda t: self_information.InformationOfRecord(
        t.records, t.record
    ),
    self_information.VIEW_CATALOGUE: NOTHING,
    self_information.SEARCH: lambda _: self_information.Search(),
    self_information.REQUEST_SELF_INFORMATION: lambda t: self_information.SelfInformationRequest(t.chosen),
    self_information.LIST_SELF_INFORMATION_REQUESTS: NOTHING,
    self_information.VIEW_SELF_INFORMATION_REQUEST: ONE_INFORMATION,
    self_information.READ_SELF_INFORMATION: ONE_INFORMATION,
    self_information.SELF_INFORMATION_CSV: ONE_INFORMATION,
    self_information.SELF_INFORMATION_PDF: ONE_INFORMATION,
    notices.LIST_NOTICES: lambda _: notices.ListNotices(),
    notices.OPEN_NOTICE: ONE_NOTICE,
    notices.NOTICE_CSV: ONE_NOTICE,
    notices.NOTICE_PDF: ONE_NOTICE,
    notices.FETCH_ATTACHMENT: lambda t: notices.OneAttachment(t.notice, "0"),
    notices.ANSWER_NOTICE: lambda t: notices.GiveAnswers(
        t.notice, (("土曜日",), (), (), (t.today.isoformat(),))
    ),
    history.SEARCH_HISTORY: lambda _: history.HistoryQuery(),
    history.HISTORY_CSV: lambda _: history.HistoryQuery(),
    inquiries.SEARCH_FAQ: lambda _: inquiries.SearchFaq(),
    inquiries.SEND_INQUIRY: lambda _: inquiries.SendInquiry(inquiries.InquiryKind.SIGN_IN, "質問"),
    inquiries.LIST_INQUIRIES: NOTHING,
    inquiries.READ_INQUIRY: ONE_INQUIRY,
    inquiries.LIST_FOR_DESK: lambda _: inquiries.ListForDesk(),
    inquiries.ANSWER_INQUIRY: lambda t: inquiries.AnswerInquiry(t.inquiry, "回答"),
    proxies.PREPARE_PROXY: lambda t: proxies.Terms(t.everything, t.today, t.today),
    proxies.REGISTER_PROXY: lambda t: proxies.Registration(
        t.everything, t.today, t.today, True, "x", b"x", b"x"
    ),
    proxies.LIST_PROXIES: NOTHING,
    proxies.CHANGE_PROXY: lambda t: proxies.ChangeDelegation(
        t.delegation, t.everything, t.today + timedelta(days=5)
    ),
    proxies.WITHDRAW_PROXY: ONE_DELEGATION,
    proxies.VIEW_ACTING: NOTHING,
    proxies.ACT_AS_PROXY: ONE_DELEGATION,
    deliveries.DELIVER_RECORDS: lambda t: deliveries.DeliveredRecords(t.records, ()),
    deliveries.DELIVER_SELF_INFORMATION: lambda t: deliveries.DeliveredSelfInformation(t.information, None),
    notice_relaying.RECEIVE_CONTENT: lambda t: notice_relaying.ReceiveContent(
        CONTENT_ID,
        notices.Named("1", "市"),
        notices.Named("2", "事務"),
        notices.NoticeContent("題", "文", t.today + timedelta(days=30)),
    ),
    notice_relaying.RECEIVE_NOTICES: lambda _: notice_relaying.ReceiveNotices(
        CONTENT_ID, 0, 1, 0, (notice_relaying.Entry("0" * 32),)
    ),
    notice_relaying.HAVE_FOLDERS: lambda _: notice_relaying.HaveFolders(("0" * 32,)),
    notice_relaying.READ_MARKS: lambda _: notice_relaying.ReadMarks(CONTENT_ID),
    notice_relaying.READ_ANSWERS: lambda _: notice_relaying.ReadMarks(CONTENT_ID),
    notice_relaying.WITHDRAW_NOTICES: lambda _: notice_relaying.OneContent(CONTENT_ID),
    # What ends something comes last.
    notices.DELETE_NOTICE: ONE_NOTICE,
    inquiries.DELETE_INQUIRY: ONE_INQUIRY,
    folder.DELETE_ITEM: lambda t: folder.OneItem(t.information),
    proxies.END_PROXY: ONE_DELEGATION,
    proxies.STOP_ACTING: NOTHING,
    sign_in.OPEN_ACCOUNT: lambda t: AccountSettings("なまえ", (t.mail,)),
    sign_in.SIGN_OUT: NOTHING,
    account.CLOSE_ACCOUNT: NOTHING,
}

EXPECTED: Mapping[AnyOperation, tuple[int, ...]] = {
    sign_in.SIGN_IN: (403,),
    sign_in.OPEN_ACCOUNT: (201, 409),
    account.SEND_MAIL_CODE: (429,),
    account.CONFIRM_MAIL: (422,),
    proxies.REGISTER_PROXY: (403,),
    # Of those who are answered only some have a proxy, or are one.
    proxies.CHANGE_PROXY: (200, 404),
    proxies.END_PROXY: (200, 404),
    proxies.WITHDRAW_PROXY: (404,),
    proxies.ACT_AS_PROXY: (200, 404),
}
"""What whoever may call it is told, where this sample is refused for another reason than who calls."""

VALUES: Mapping[str, Callable[[Things], str]] = {
    "request_id": lambda t: t.records,
    "item_id": lambda t: t.information,
    "notice_id": lambda t: t.notice,
    "inquiry_id": lambda t: t.inquiry,
    "delegation_id": lambda t: t.delegation,
    "place": lambda _: "0",
    "number": lambda _: "0",
    "kind": lambda _: "csv",
}


class Hand(NamedTuple):
    """Somebody who calls."""

    name: str
    role: Role
    authorization: str = ""
    cookie: str = ""
    things: Things | None = None
    """Their own."""


class Crowd(NamedTuple):
    """Everybody who calls, and the owner, whose things are asked for."""

    line: Line
    house: House
    strangers: tuple[Hand, ...]
    newcomer: Hand
    owner: Hand
    another: Hand
    at_shared: Hand
    proxy: Hand
    staff: Hand
    peers: tuple[Hand, ...]

    def all(self) -> tuple[Hand, ...]:
        return (
            *self.strangers, self.newcomer, self.another, *self.peers, self.staff, self.at_shared, self.proxy, self.owner,
        )  # fmt: skip


async def signed_in(resident: Resident, terminal: Terminal = Terminal.PC) -> str:
    challenge = await resident.ask_challenge()
    signed = resident.sign(challenge)
    answer = await resident.call(
        sign_in.SIGN_IN, SignIn(challenge.challenge, signed.signature, signed.certificate, terminal)
    )
    assert isinstance(answer, SignedIn), answer
    resident.session = answer.session
    return answer.session


def citizen(name: str, role: Role, session: str, things: Things | None = None) -> Hand:
    return Hand(name, role, f"Bearer {session}", f"{SESSION_COOKIE}={session}", things)


async def furnished(
    house: House, stage: Stage, n: int, terminal: Terminal = Terminal.PC
) -> tuple[str, Things]:
    """A session of somebody with something of every kind in the folder."""
    resident = Resident(stage, stage.person(n))
    session = await signed_in(resident, terminal)
    mail = MAIL.format(f"resident{n}")
    await resident.register("なまえ", mail=(mail,))
    asked_for = await resident.asked_for_records()
    await resident.wait_for_records(asked_for.request_id)
    content = await resident.read_records(asked_for.request_id)
    assert isinstance(content, records.RecordsContent) and content.records
    found = await resident.search()
    (one,) = await resident.request_self_information(found[0])
    await resident.wait_for_self_information(one.request_id)
    questionnaire = await asked(house)
    await send(house, resident=n, attachments=(RECEIPT,), questionnaire=questionnaire)
    notice = await resident.wait_for_notice("予防接種のお知らせ", at_most=timedelta(seconds=10))
    sent = await resident.call(
        inquiries.SEND_INQUIRY, inquiries.SendInquiry(inquiries.InquiryKind.SIGN_IN, "質問")
    )
    assert isinstance(sent, inquiries.InquiryView)
    chosen = (self_information.Selection(found[1].information.code, found[1].organisation.code),)
    codes = {each.information.code for each in (*found[:2], content.records[0])}
    things = Things(
        asked_for.request_id, content.records[0].record_id, one.request_id, chosen, notice.notice_id,
        sent.inquiry_id, mail, stage.today, tuple(sorted(codes)),
    )  # fmt: skip
    return session, things


@asynccontextmanager
async def crowd(house: House) -> AsyncIterator[Crowd]:
    stage = Stage(house.world, house.world.recorder, house.world.chance.fork("actors"), live=False)
    bound: Bound = bind("127.0.0.1", 0)
    with closing(bound.socket):
        async with trio.open_nursery() as nursery:
            await nursery.start(partial(serve, house.front, bound, LiveClock()))
            line = Line(bound)
            owners, own = await furnished(house, stage, 0)
            at_shared, their_own = await furnished(house, stage, 3, Terminal.STORE)
            owner = Resident(stage, stage.person(0))
            owner.session = owners
            proxy = Resident(stage, stage.person(4))
            await proxy.enter("だいりにん")
            assert proxy.session is not None
            delegation = await registered(owner, proxy, for_days(owner, 30, own.everything))
            await act(proxy, delegation.delegation_id)
            own = own._replace(delegation=delegation.delegation_id)
            another = Resident(stage, stage.person(1))
            await another.enter("ほかのひと")
            assert another.session is not None
            desk = await line.ask(
                "POST",
                page("desk.sign_in"),
                urlencode({"staff_id": "operator", "password": STAFF_PASSWORD}).encode(),
                content_type=FORM,
            )
            (cookie,) = desk.cookies
            token = cookie.partition(";")[0].partition("=")[2]
            newcomer = await signed_in(Resident(stage, stage.person(2)))
            # Asked for in the background: what arrives later would look like somebody's doing.
            await stage.until(partial(codes_arrived, house), at_most=timedelta(seconds=20), what="符号が届く")
            try:
                yield Crowd(
                    line,
                    house,
                    (
                        Hand("nobody", Role.NOBODY),
                        Hand(
                            "a made-up session",
                            Role.NOBODY,
                            "Bearer " + "x" * 43,
                            f"{SESSION_COOKIE}={'x' * 43}",
                        ),
                        Hand("a made-up key", Role.NOBODY, "System network " + "x" * 43),
                    ),
                    citizen("newcomer", Role.NEWCOMER, newcomer),
                    citizen("owner", Role.CITIZEN, owners, own),
                    citizen("another citizen", Role.CITIZEN, another.session),
                    citizen("at a shared terminal", Role.AT_SHARED_TERMINAL, at_shared, their_own),
                    citizen("proxy", Role.PROXY, proxy.session, own),
                    Hand("staff", Role.STAFF, f"Bearer {token}", f"{STAFF_COOKIE}={token}"),
                    tuple(
                        Hand(str(party), role, house.world.link(party, System.PORTAL)._authorization)
                        for party, role in (
                            (Party.OPERATOR, Role.OPERATOR),
                            (System.NETWORK, Role.NETWORK),
                            (System.INTERMEDIATE, Role.INTERMEDIATE),
                            (System.JPKI, Role.OTHER_SYSTEM),
                        )
                    ),
                )
            finally:
                await line.aclose()
                nursery.cancel_scope.cancel()


async def codes_arrived(house: House) -> bool:
    """All of them, and nobody is on the way to write one anew."""
    dump = list(house.store.dump())
    lines = Counter(line.split("(")[0] for line in dump)
    accounts = lines['INSERT INTO "accounts" VALUES']
    waiting = any("'acquire_code'" in line for line in dump)
    return accounts == lines['INSERT INTO "account_codes" VALUES'] > 0 and not waiting


async def call(line: Line, operation: AnyOperation, hand: Hand, things: Things) -> Answered:
    request = operation.encode_request(SAMPLES[operation](things), hand.authorization)
    return await line.ask(
        request.method,
        request.target,
        request.body,
        content_type=request.content_type,
        authorization=request.authorization,
        cookie=hand.cookie,
    )


def kept(house: House) -> list[str]:
    """What is stored, without how long sessions wait and what the outbox does meanwhile."""
    passing = re.compile(r'INSERT INTO "?(sessions|staff_sessions|outbox|challenges|used_challenges)"?')
    return [line for line in house.store.dump() if not passing.match(line)]


async def kept_when_settled(house: House) -> list[str]:
    """What is stored once nothing is on its way any more of what was answered before, such as a new account's code."""
    for _ in range(400):
        if await codes_arrived(house):
            return kept(house)
        await trio.sleep(0.05)
    raise AssertionError("the account's code did not arrive")


def test_every_declared_operation_of_the_portal_is_in_the_table_and_has_a_sample() -> None:
    found = {
        value
        for module in pkgutil.iter_modules(portal.wire.__path__)
        for value in vars(importlib.import_module(f"portal.wire.{module.name}")).values()
        if isinstance(value, Operation) and value.system is System.PORTAL
    }

    assert found | {health(System.PORTAL), api_document(System.PORTAL)} == set(OPERATIONS)
    assert set(SAMPLES) == set(OPERATIONS)


@pytest.mark.requirement("FLD-1", "FLD-2", "ACC-7")
async def test_no_operation_answers_a_role_that_is_not_in_the_table(house: House) -> None:
    answered: dict[str, set[Role]] = {}
    async with crowd(house) as everybody:
        own = everybody.owner.things
        assert own is not None
        for operation in SAMPLES:
            row = OPERATIONS[operation]
            last = operation in (sign_in.OPEN_ACCOUNT, sign_in.SIGN_OUT, account.CLOSE_ACCOUNT)
            before = await kept_when_settled(house)
            refused = [hand for hand in everybody.all() if hand.role not in row.roles]
            for hand in refused:
                answer = await call(everybody.line, operation, hand, own)
                assert answer.status in REFUSED, (operation.name, hand.name, answer)
                assert msgspec.json.decode(answer.body, type=Problem).detail
            assert kept(house) == before, f"{operation.name} changed something for one of {refused}"
            if row.whose in (Whose.OWN, Whose.SESSIONS) and not last:
                await somebody_else(everybody, operation, own)
            for hand in everybody.all():
                if hand.role in row.roles and hand.name != "another citizen":
                    if operation is account.CLOSE_ACCOUNT or (last and hand is everybody.owner):
                        continue
                    answer = await call(everybody.line, operation, hand, hand.things or own)
                    expected = EXPECTED.get(operation, (operation.status,))
                    assert answer.status in expected, (operation.name, hand.name, answer)
                    answered.setdefault(operation.name, set()).add(hand.role)
        answer = await call(everybody.line, account.CLOSE_ACCOUNT, everybody.owner, own)
        assert answer.status == 200
        for operation in NOT_AT_SHARED_TERMINALS:
            assert (await call(everybody.line, operation, everybody.owner, own)).status == 401

    assert len(answered) >= len(OPERATIONS) - 1
    assert {role for roles in answered.values() for role in roles} == set(Role)


async def somebody_else(everybody: Crowd, operation: AnyOperation, own: Things) -> None:
    """Another citizen: what is the owner's is as if it were not there."""
    answer = await call(everybody.line, operation, everybody.another, own)
    if operation.path_fields:
        assert answer.status == 404, (operation.name, answer)
    for secret in own.secrets():
        changed = operation is sign_in.CHANGE_ACCOUNT and secret == own.mail
        assert changed or secret not in answer.text, operation.name


async def visit(line: Line, method: str, name: str, hand: Hand, things: Things, csrf: str = "") -> Answered:
    fields = re.findall(r"\{(\w+)\}", ADDRESSES[name])
    values = {field: VALUES[field](things) for field in fields}
    if name.startswith("self_information") and "request_id" in values:
        values["request_id"] = things.information
    body = urlencode({"csrf": csrf}).encode() if method == "POST" else b""
    return await line.ask(
        method, page(name, **values), body, content_type=FORM if body else "", cookie=hand.cookie
    )


async def csrf_of(line: Line, hand: Hand) -> str:
    """The token of this session's forms, off a page that everybody who has signed in gets."""
    if not hand.cookie:
        return ""
    for address in ("/faq", "/desk", "/first-time"):
        found = re.search(
            r'name="csrf" value="([^"]+)"', (await line.ask("GET", address, cookie=hand.cookie)).text
        )
        if found is not None:
            return found[1]
    return ""


AWAY = {page("sign_in"), page("desk.sign_in"), page("first_time")}
"""Where those are sent who may not see a page."""
ENDING = [
    ("POST", "notices.delete"), ("POST", "inquiries.delete"), ("POST", "folder.delete"), ("POST", "first_time"),
    ("POST", "proxies.end"), ("POST", "sign_out"), ("POST", "settings.close"), ("POST", "desk.sign_out"),
]  # fmt: skip


PAGE_EXPECTED: Mapping[tuple[str, str], tuple[int, ...]] = {
    ("POST", "sign_in.complete"): (403, 303),
    ("POST", "desk.sign_in"): (403, 303),
    ("GET", "self_information.attachment"): (404,),
    ("POST", "settings.confirm"): (404,),
    ("POST", "settings.code"): (404,),
    ("POST", "records.information"): (404,),
    # Of those who are answered only some have a proxy, and nobody is one.
    ("GET", "proxies.one"): (200, 404),
    ("POST", "proxies.withdraw"): (404,),
    ("POST", "proxies.act"): (404,),
    ("GET", "proxies.complete"): (303,),
    ("POST", "proxies.complete"): (303,),
    ("GET", "proxies.stop"): (303,),
    ("POST", "proxies.stop"): (303,),
}
"""What an empty form comes to, or a page of something that is not there, for those who may."""


def turned_away(answer: Answered, name: str) -> bool:
    where = answer.headers.get("location", "").partition("?")[0]
    return answer.status in REFUSED or (answer.status == 303 and where in AWAY - {ADDRESSES[name]})


@pytest.mark.requirement("FLD-1", "FLD-2", "ACC-7")
async def test_no_page_answers_a_role_that_is_not_in_the_table(house: House) -> None:
    async with crowd(house) as everybody:
        line, own = everybody.line, everybody.owner.things
        assert own is not None
        hands = [hand for hand in everybody.all() if hand not in (*everybody.peers, everybody.proxy)]
        tokens_of_others = {hand: await csrf_of(line, hand) for hand in (everybody.another, everybody.proxy)}
        tokens = {hand.name: await csrf_of(line, hand) for hand in hands}
        assert all(tokens[hand.name] for hand in hands if hand not in everybody.strangers), tokens
        for method, name in sorted(PAGES, key=lambda each: (each in ENDING, str(each))):
            row = PAGES[method, name]
            before = await kept_when_settled(house)
            for hand in hands:
                if hand.role not in row.roles:
                    answer = await visit(line, method, name, hand, own, tokens[hand.name])
                    assert turned_away(answer, name), (method, name, hand.name, answer)
                    assert not any(secret in answer.text for secret in own.secrets())
            if method == "POST" and Role.NOBODY not in row.roles:
                for hand in hands:
                    # Also who may: not by a form that was not filled in on a page of this session.
                    wrong = await visit(line, method, name, hand, own, tokens["another citizen"][::-1])
                    # Who has an account is led on to it from the first-time form, which changes nothing any more.
                    led_on = name == "first_time" and wrong.headers.get("location") == "/"
                    assert led_on or turned_away(wrong, name), (method, name, hand.name, wrong)
            assert kept(house) == before, (method, name)
            if row.whose is Whose.OWN and (method, name) not in ENDING[3:]:
                for hand, token in tokens_of_others.items():
                    if hand.role is Role.PROXY and Role.PROXY in row.roles:
                        continue
                    answer = await visit(line, method, name, hand, own, token)
                    assert answer.status < 500
                    # The way back from a page that says "not found" names what was asked for, and nothing else.
                    told = {secret for secret in own.secrets() if secret in answer.text}
                    assert len(told) <= (answer.status == 404), (method, name, hand.name, answer)
            for hand in hands:
                if hand.role in row.roles and hand.name != "another citizen" and (method, name) not in ENDING:
                    answer = await visit(line, method, name, hand, hand.things or own, tokens[hand.name])
                    expected = PAGE_EXPECTED.get((method, name), (200, 303, 422))
                    assert answer.status in expected, (method, name, hand.name, answer)
                    if hand.role in (Role.CITIZEN, Role.AT_SHARED_TERMINAL, Role.STAFF):
                        assert (method, name) in PAGE_EXPECTED or not turned_away(answer, name), (
                            method,
                            name,
                            answer,
                        )


# The portal is held to the table when it is put together


class _Asked(Message, frozen=True):
    pass


NEW = Operation(
    "made_up.new", System.PORTAL, Method.GET, "/api/made-up", _Asked, Done,
    callers=[Party.ANYONE], repeatable=True, summary="表にない操作",
)  # fmt: skip


async def _done(_: Any, __: Any) -> Done:
    return Done()


async def test_a_portal_with_an_operation_that_is_not_in_the_table_does_not_start(house: House) -> None:
    dispatcher = house.built.dispatcher
    hold_operations(dispatcher.routes)
    dispatcher.add(NEW, Open(), _done)
    with pytest.raises(Ungoverned, match=r"made_up\.new"):
        hold_operations(dispatcher.routes)


async def test_nor_one_that_serves_less_or_lets_in_others(house: House) -> None:
    routes = house.built.dispatcher.routes
    with pytest.raises(Ungoverned, match="受け付けていません"):
        hold_operations(routes[1:])
    guard = next(route.guard for route in routes if isinstance(route.guard, SessionGuard))
    widened = [
        route._replace(guard=guard) if route.operation is sign_in.VIEW_ACCOUNT else route for route in routes
    ]
    with pytest.raises(Ungoverned, match=r"account\.view"):
        hold_operations(widened)


def test_nor_one_with_such_a_page() -> None:
    everybody = frozenset(Role)
    with pytest.raises(Ungoverned, match="ありません"):
        page_row("POST", "faq", everybody)
    with pytest.raises(Ungoverned, match="POST settings"):
        page_row("POST", "settings", everybody)
    with pytest.raises(Ungoverned, match="GET top"):
        hold_pages(PAGES.keys() - {("GET", "top")})
