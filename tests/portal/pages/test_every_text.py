"""Text of every kind into every free-text field, by the API and on pages: kept as it is or refused in words, shown as text
and nothing else, and never in a log."""

import json
import random
import re
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from html.parser import HTMLParser
from typing import Any, TypeVar
from urllib.parse import quote

import pytest
import structlog
from page_browser import Browser
from page_house import STAFF_PASSWORD, House
from test_pages_notices import asked, send

from portal.rates import RateSettings
from portal.settings import PortalSettings
from portal.web.cookies import SESSION_COOKIE
from portal.wire import (
    account,
    folder,
    history,
    inbox,
    inquiries,
    notices,
    proxies,
    records,
    self_information,
    sign_in,
)
from portal.wire.operation import JSON, AnyOperation
from portal.wire.systems import Party, System
from portal.wire.texts import forbidden_in, with_line_feeds

T = TypeVar("T")
MARK = "zq7"
"""In every text: whatever is in a log of it is found."""
CORPUS = [
    "山田　太郎", "𠮷野家の髙﨑さん", "ｶﾀｶﾅﾊﾝｶｸ", "が゛は゜", "नमस्ते", "สวัสดี", "שלום עולם", "مرحبا بالعالم", "안녕하세요", "Ελλάς",
    "Việt Nam", "🌸👩‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿🇯🇵", "a" + "\u0301" * 40, "\u3000", "\u3000\u3000x", "\u200b\u200d\ufeff", "\u202eabc\u202c", "\u2066x\u2069",
    "\x00", "a\x00b", "\x1b[31mred", "a\rb\nc\r\nd\te", "\x7f\x85\u2028\u2029", "\ud800", "\udfff\ud83d", "\ufffe\uffff", "\U0010ffff",
    "\ue000\U000f0000", "<zq7 onzq7=1>", "<script>zq7()</script>", "\"><img src=x onerror=zq7()>", "'\"`", "</textarea></title><zq7>",
    "&lt;zq7&gt;&#60;", "{{7*7}}{% raw %}", "${7*7}", "%s%n%00%0d%0a", "javascript:zq7()", "'; DROP TABLE accounts; --", "../../etc/passwd",
    "\\u003czq7\\u003e", "=1+1", "1" * 30, "-1", "null", "[]", "", " ", "\n",
]  # fmt: skip


def drawn(count: int) -> list[str]:
    """Texts that nobody thought of: any code points, with a liking for those that hide, turn or end things."""
    draw = random.Random(7)
    strange = [
        chr(point)
        for point in range(0x11000)
        if unicodedata.category(chr(point)) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Zs", "Mn", "Me")
    ]
    return [
        "".join(
            draw.choice(strange) if draw.random() < 0.3 else chr(draw.randrange(0x110000))
            for _ in range(draw.randrange(1, 14))
        )
        for _ in range(count)
    ]


class Tags(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {tag, *(name for name, _ in attrs)}
        links = (value or "" for name, value in attrs if name in ("href", "src", "action"))
        self.found |= {link for link in links if link.strip().lower().startswith("javascript:")}


@pytest.fixture
def portal_settings() -> PortalSettings:
    return PortalSettings(rates=RateSettings(counting=False))


def kept_as_text(browser: Browser) -> None:
    """The page has nothing in it that was typed, but as text."""
    assert browser.status < 500, browser
    if (browser.header("content-type") or "").startswith("text/html"):
        page = browser.body.decode("utf-8")
        found = Tags(page).found
        assert not {each for each in found if MARK in each or each == "onerror"}, browser
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", page), browser


class Citizen:
    """Somebody who types, in a browser and by the API."""

    def __init__(self, house: House, browser: Browser, staff: Browser, notice: str) -> None:
        self.house = house
        self.browser = browser
        self.staff = staff
        self.notice = notice
        self.api = house.browser()
        self._turns: dict[str, int] = {}

    def next_of(self, what: str, each: Sequence[T]) -> T:
        """Every text goes into one of these, the next text into the next one: all of them get of everything."""
        turn = self._turns[what] = self._turns.get(what, -1) + 1
        return each[turn % len(each)]

    @property
    def session(self) -> str:
        return f"Bearer {self.browser.jar['/', SESSION_COOKIE]}"

    async def call(
        self,
        operation: AnyOperation,
        content: Any = None,
        *,
        authorization: str = "",
        query: str = "",
        **path: str,
    ) -> tuple[int, Any]:
        """Below what a link would send: JSON as anybody may write it."""
        address = operation.path
        for name, value in path.items():
            address = address.replace(f"{{{name}}}", quote(value, safe="", errors="surrogatepass"))
        # Escaped, a surrogate can stand in JSON by itself.
        body = b"" if content is None else json.dumps(content).encode()
        await self.api.request(
            operation.method,
            f"{self.api.origin}{address}?{query}" if query else self.api.origin + address,
            body,
            authorization=authorization or self.session,
            **({"content_type": JSON} if body else {}),
        )
        assert self.api.status < 500, (operation.name, content, query, path, self.api.body)
        return self.api.status, json.loads(self.api.body.decode("utf-8")) if self.api.body[
            :1
        ] in b"{[" else None

    async def call_refused(self, operation: AnyOperation, content: Any) -> int:
        await self.api.request(
            operation.method,
            self.api.origin + operation.path,
            json.dumps(content).encode(),
            authorization=self.session,
            content_type=JSON,
        )
        return self.api.status

    async def post(self, address: str, /, **fields: str) -> None:
        """A form as a browser sends it, with the token of the session and whatever bytes."""
        who = self.staff if address.startswith("/desk") else self.browser
        await who.get(address if "/answer" not in address else address.removesuffix("/answer"))
        csrf = next(value for form in who.page.forms for name, value in form.fields if name == "csrf")
        pairs = {"csrf": csrf, **fields}
        body = "&".join(
            f"{name}={quote(value, safe='', errors='surrogatepass')}" for name, value in pairs.items()
        )
        await who.request(
            "POST", who.origin + address, body.encode(), content_type="application/x-www-form-urlencoded"
        )
        kept_as_text(who)


Way = Callable[[Citizen, str], Awaitable[None]]


def believed(status: int, said: Any) -> bool:
    """Whether it was taken; what was not says why."""
    assert 200 <= status < 300 or (status in (400, 404, 409, 422, 429) and said["detail"]), (status, said)
    return status < 300


def fit(text: str, *, lines: bool) -> bool:
    return forbidden_in(with_line_feeds(text) if lines else text, lines=lines) is None


async def nickname(citizen: Citizen, text: str) -> None:
    status, said = await citizen.call(sign_in.CHANGE_ACCOUNT, {"nickname": text})
    if believed(status, said):
        assert fit(text, lines=False)
        assert (await citizen.call(sign_in.VIEW_ACCOUNT))[1]["nickname"] == text
    await citizen.browser.get("/settings")
    kept_as_text(citizen.browser)
    await citizen.post("/settings", nickname=text, mail1=text, mail2="")
    await citizen.post("/settings", nickname=text)


async def mail(citizen: Citizen, text: str) -> None:
    for address in (citizen.next_of("mail", (text, f"{text}@example.jp", f"a@{text}")),):
        status, said = await citizen.call(
            sign_in.CHANGE_ACCOUNT, {"nickname": "はなこ", "mail_addresses": [address]}
        )
        if believed(status, said):
            assert address.isascii() and address.isprintable() and " " not in address
        believed(*await citizen.call(account.SEND_MAIL_CODE, {"address": address}))
        believed(*await citizen.call(account.CONFIRM_MAIL, {"address": address, "code": text}))
        await citizen.post("/settings/mail-confirmation", address=address, field="code1", code1=text)


async def inquiry(citizen: Citizen, text: str) -> None:
    status, said = await citizen.call(inquiries.SEND_INQUIRY, {"kind": "sign_in", "text": text})
    if believed(status, said):
        assert fit(text, lines=True)
        one = said["inquiry_id"]
        assert (await citizen.call(inquiries.READ_INQUIRY, inquiry_id=one))[1]["text"] == text
        await citizen.staff.get("/desk")
        kept_as_text(citizen.staff)
        await citizen.post(f"/desk/inquiries/{one}", text=text)
        await citizen.browser.get(f"/inquiries/{one}")
        kept_as_text(citizen.browser)
        assert believed(*await citizen.call(inquiries.DELETE_INQUIRY, inquiry_id=one))
    await citizen.post("/inquiries/new", kind=text, text=text)
    await citizen.post("/inquiries/new", kind="sign_in", text=text)
    for each in (await citizen.call(inquiries.LIST_INQUIRIES))[1]["inquiries"]:
        await citizen.call(inquiries.DELETE_INQUIRY, inquiry_id=each["inquiry_id"])


async def desk(citizen: Citizen, text: str) -> None:
    key = citizen.house.world.link(Party.OPERATOR, System.PORTAL)._authorization
    believed(
        *await citizen.call(inquiries.ANSWER_INQUIRY, {"text": text}, authorization=key, inquiry_id="a" * 24)
    )
    stranger = citizen.house.browser()
    await stranger.get("/desk/sign-in")
    body = f"staff_id={quote(text, safe='', errors='surrogatepass')}&password=x"
    await stranger.request(
        "POST",
        stranger.origin + "/desk/sign-in",
        body.encode(),
        content_type="application/x-www-form-urlencoded",
    )
    kept_as_text(stranger)
    assert stranger.status in (403, 429), stranger


QUERIES: tuple[tuple[AnyOperation, str], ...] = (
    (inquiries.SEARCH_FAQ, "words"), (inquiries.SEARCH_FAQ, "kind"), (self_information.SEARCH, "name"),
    (self_information.SEARCH, "field"), (self_information.SEARCH, "detail"), (self_information.SEARCH, "municipality"),
    (history.SEARCH_HISTORY, "before"), (history.SEARCH_HISTORY, "start"), (inbox.LIST_INBOX, "words"),
    (inbox.LIST_INBOX, "kind"), (notices.LIST_NOTICES, "before"), (notices.LIST_NOTICES, "most"),
)  # fmt: skip
SEARCH_PAGES = (
    "/faq?words=", "/self-information?name=", "/self-information/results?name=", "/history?service=", "/history?before=",
    "/folder?words=", "/folder?kind=", "/records?page=", "/sign-in?next=", "/?done=",
)  # fmt: skip
PATHS: tuple[tuple[AnyOperation, str], ...] = (
    (records.VIEW_RECORDS_REQUEST, "request_id"), (folder.DELETE_ITEM, "item_id"), (notices.OPEN_NOTICE, "notice_id"),
    (inquiries.READ_INQUIRY, "inquiry_id"),
)  # fmt: skip
PATH_PAGES = ("/records/", "/notices/", "/inquiries/", "/self-information/folder/", "/")


async def searching(citizen: Citizen, text: str) -> None:
    said = quote(text, safe="", errors="surrogatepass")
    for _ in range(3):
        operation, name = citizen.next_of("queries", QUERIES)
        believed(*await citizen.call(operation, query=f"{name}={said}"))
        believed(*await citizen.call(operation, query=f"{said}={said}"))
        await citizen.browser.get(citizen.next_of("search pages", SEARCH_PAGES) + said)
        kept_as_text(citizen.browser)


async def addresses(citizen: Citizen, text: str) -> None:
    operation, field = citizen.next_of("paths", PATHS)
    status, _ = await citizen.call(operation, **{field: text or "x"})
    assert status in (303, 400, 404, 405, 422), (operation.name, text, status)
    before = citizen.next_of("path pages", PATH_PAGES)
    await citizen.browser.get(before + quote(text, safe="", errors="surrogatepass"))
    kept_as_text(citizen.browser)


async def answers(citizen: Citizen, text: str) -> None:
    given = [["土曜日"], [], [text], ["2026-04-02"]]
    status, said = await citizen.call(notices.ANSWER_NOTICE, {"answers": given}, notice_id=citizen.notice)
    if believed(status, said) and text.strip():
        seen = (await citizen.call(notices.OPEN_NOTICE, notice_id=citizen.notice))[1]["answers"]
        assert seen[2] in ([text], []) and fit(text, lines=True)
    await citizen.post(f"/notices/{citizen.notice}/answer", q0="土曜日", q2=text, q3_year=text)
    await citizen.browser.get(f"/notices/{citizen.notice}")
    kept_as_text(citizen.browser)


async def memo(citizen: Citizen, text: str) -> None:
    today = citizen.house.world.clock.now_ms() // 86_400_000
    day = str(date.fromordinal(date(1970, 1, 1).toordinal() + today + 1))
    terms = {"scope": {"rights": ["records"], "memo": text}, "start": day, "end": day}
    if believed(*await citizen.call(proxies.PREPARE_PROXY, terms)):
        assert fit(text, lines=True)


WAYS: tuple[Way, ...] = (nickname, mail, inquiry, desk, searching, addresses, answers, memo)


@pytest.mark.timeout(240)
@pytest.mark.requirement("FLD-2")
async def test_text_of_every_kind_in_every_field(house: House) -> None:
    browser, staff = await house.signed_in(), house.browser()
    await staff.get("/desk")
    await staff.press("ログイン", staff_id="operator", password=STAFF_PASSWORD)
    await send(house, questionnaire=await asked(house))
    session = f"Bearer {browser.jar['/', SESSION_COOKIE]}"
    await browser.request("GET", browser.origin + notices.LIST_NOTICES.path, authorization=session)
    (notice,) = json.loads(browser.body)["notices"]
    citizen = Citizen(house, browser, staff, notice["notice_id"])
    with structlog.testing.capture_logs() as logged:
        for text in (*CORPUS, *drawn(12)):
            for way in WAYS:
                # Blank is a text of its own.
                await way(citizen, MARK + text if text.strip() else text)
    assert MARK not in str(logged), [each for each in logged if MARK in str(each)]
    assert not [each for each in logged if each["log_level"] in ("error", "critical")], logged


async def test_nor_when_nothing_can_be_written(house: House) -> None:
    browser = await house.signed_in()
    citizen = Citizen(house, browser, browser, "")
    await browser.get(f"/settings?{MARK}=1")
    house.store.refuse = "disk full"
    with structlog.testing.capture_logs() as logged:
        await browser.press("保存する", nickname=MARK)
        assert browser.status == 503
        assert (await citizen.call_refused(sign_in.CHANGE_ACCOUNT, {"nickname": MARK})) == 503
    house.store.refuse = None
    assert {each["event"] for each in logged} == {"storage_refused"}
    assert MARK not in str(logged)


async def test_the_corpus_has_every_kind() -> None:
    categories = {unicodedata.category(character) for text in CORPUS for character in text}
    assert {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs", "Lo", "Mn", "So"} <= categories
