"""What every page and every form holds to: tokens, headers, limits, words for whatever goes wrong."""

import re

import pytest
from page_browser import answer
from page_house import READER, House

from portal.store.store import StoreOverloaded
from portal.web import app as web_app
from portal.web.addresses import PAGES
from portal.web.app import FORM_BYTES_MAX, Doorway

WITH_FORMS = ["/records/request", "/self-information/results", "/settings", "/sign-out"]


@pytest.mark.parametrize("address", WITH_FORMS)
@pytest.mark.parametrize("token", [None, "", "x", "あ", "of another session"])
async def test_a_form_without_its_sessions_token_is_refused(
    house: House, address: str, token: str | None
) -> None:
    browser = await house.signed_in()
    if token == "of another session":
        other = await house.signed_in(1)
        await other.get("/settings")
        token = dict(other.form("保存する").fields)["csrf"]
    fields = {"nickname": "のっとり", "first_day_year": "2025"} | ({} if token is None else {"csrf": token})
    await browser.post(address, fields)

    assert browser.status == 403 and "この画面からの操作を確かめられませんでした" in browser.text
    await browser.get("/")
    assert "はなこ さん" in browser.text


async def test_a_field_that_comes_twice_is_not_guessed(house: House) -> None:
    browser = await house.signed_in()
    await browser.get("/settings")
    fields = [pair for pair in browser.form("保存する").fields if pair[0] != "nickname"]
    await browser.post("/settings", [*fields, ("nickname", "一"), ("nickname", "二")])
    assert browser.status == 422
    assert "「nickname」が2回以上" in browser.text

    guest = house.browser()
    await guest.post("/sign-in", [("next", "/"), ("next", "/settings")])
    assert guest.status == 422
    await browser.get("/")
    assert "はなこ さん" in browser.text


async def test_the_token_is_of_the_session_and_not_of_the_user(house: House) -> None:
    one, two = await house.signed_in(), await house.signed_in()
    tokens = set()
    for browser in (one, two):
        await browser.get("/settings")
        tokens.add(dict(browser.form("保存する").fields)["csrf"])

    assert len(tokens) == 2


async def test_every_page_has_the_security_headers(house: House) -> None:
    browser = await house.signed_in()
    guest = house.browser()
    for address in PAGES.values():
        for who in (browser, guest):
            await who.get(
                address.replace("{request_id}", "x").replace("{item_id}", "x").replace("{inquiry_id}", "x"),
                follow=False,
            )
            policy = who.header("content-security-policy") or ""
            assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy, address
            assert who.header("cache-control") == "no-store", address
            assert who.header("x-content-type-options") == "nosniff", address
            assert who.header("referrer-policy") == "no-referrer", address
    await guest.get("/sign-in")
    assert f"form-action 'self' {READER};" in (guest.header("content-security-policy") or "")
    await browser.get("/settings")
    assert "form-action 'self';" in (browser.header("content-security-policy") or "")


async def test_every_page_asks_who_comes(house: House) -> None:
    guest = house.browser()
    for name, address in PAGES.items():
        path = address.replace("{request_id}", "x").replace("{item_id}", "x").replace("{inquiry_id}", "x")
        await guest.get(path)
        if name in ("sign_in", "sign_in.complete", "signed_out", "closed", "faq", "desk.sign_in"):
            assert guest.path == path
        elif name == "desk.sign_out":
            assert guest.status == 405
        elif name.startswith("desk"):
            assert guest.path == "/desk/sign-in", name
        elif name == "sign_out":
            assert guest.status == 405
        else:
            assert guest.path == "/sign-in", name
            if name != "first_time":
                newcomer = house.browser()
                await newcomer.sign_in(house.world, house.residents[3])
                await newcomer.get(path)
                assert newcomer.path == "/first-time", name


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/nothing/here", 404),
        ("GET", "/records/", 404),
        ("GET", "/static/../../portal/app.py", 404),
        ("GET", "/static/nothing.css", 404),
        ("GET", "/sign-out", 405),
        ("POST", "/", 405),
        ("DELETE", "/settings", 405),
        ("OPTIONS", "/settings", 405),
    ],
)
async def test_what_is_not_there_is_said_in_words(
    house: House, method: str, address: str, status: int
) -> None:
    for browser in (house.browser(), await house.signed_in()):
        await browser.request(method, address)
        assert browser.status == status
        if not address.startswith("/static"):
            assert "どうすればよいか" in browser.text
            assert "default-src 'none'" in (browser.header("content-security-policy") or "")
            assert (status == 405) == (browser.header("allow") is not None)
    if not address.startswith("/static"):
        assert "はなこ さん" in browser.text


async def test_a_form_that_is_too_large(house: House) -> None:
    browser = await house.signed_in()
    await browser.get("/settings")
    await browser.press("保存する", nickname="あ" * FORM_BYTES_MAX)

    assert browser.status == 413 and "大きすぎます" in browser.text


async def test_a_form_in_another_shape(house: House) -> None:
    browser = await house.signed_in()
    for kind, body in (
        ("application/json", b'{"csrf":1}'),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("multipart/form-data", b"\xff"),
        ("text/plain", b"csrf=1"),
        ("application/x-www-form-urlencoded", b"\xff=%ff&csrf=%zz"),
        ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(5000))),
    ):
        await browser.request("POST", "/settings", body, content_type=kind)
        assert browser.status in (400, 403, 413), (kind, browser)
        assert "どうすればよいか" in browser.text


async def test_storage_that_refuses_is_no_success(house: House) -> None:
    browser = await house.signed_in()
    await browser.get("/settings")
    house.store.refuse = "disk full"
    await browser.press("保存する", nickname="たろう")
    assert browser.status == 503 and "操作は行われませんでした" in browser.text
    assert browser.header("retry-after") == "2"

    await browser.get("/records/request")
    await browser.press("請求する")
    assert browser.status == 503 and "操作は行われませんでした" in browser.text
    house.store.refuse = None
    await browser.get("/records")
    assert "まだ請求していません" in browser.text and "はなこ さん" in browser.text


async def test_a_sign_in_that_could_not_be_written(house: House) -> None:
    browser = house.browser()
    asked = await browser.to_the_reader()
    fields = answer(house.world, house.residents[0], asked)
    house.store.refuse = "disk full"
    await browser.hand_over(asked, fields)
    assert browser.status == 503 and "mynasim_session" not in str(browser.jar)
    house.store.refuse = None
    await browser.hand_over(asked, fields)
    assert browser.path == "/first-time"


async def test_a_mistake_of_ours_has_a_number(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = await house.signed_in()

    async def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(house.portal.folder, "tally", fails)
    await browser.get("/")
    assert browser.status == 500 and "照会用の番号" in browser.text and "ZeroDivision" not in browser.text
    assert "はなこ さん" in browser.text


async def test_an_overloaded_store(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = await house.signed_in()

    async def full(*_: object) -> None:
        raise StoreOverloaded

    monkeypatch.setattr(house.portal.folder, "tally", full)
    await browser.get("/")
    assert browser.status == 503 and "混み合っています" in browser.text
    assert browser.page.links["もういちど試す"] == "/"


async def test_a_full_house_answers_at_once(house: House) -> None:
    doorway = house.built.pages
    assert isinstance(doorway, Doorway)
    doorway.in_progress = web_app.IN_PROGRESS_MAX
    browser = house.browser()
    await browser.get("/")
    assert (
        browser.status == 503 and "混み合っています" in browser.text and browser.header("retry-after") == "2"
    )
    doorway.in_progress -= 1
    await browser.get("/")
    assert browser.status == 200 and doorway.in_progress == web_app.IN_PROGRESS_MAX - 1


async def test_static_files_are_kept_by_browsers_as_long_as_they_are_the_same(house: House) -> None:
    browser = house.browser()
    await browser.get("/sign-in")
    found = re.search(rb'href="(/static/portal.css\?v=[0-9a-f]+)"', browser.body)
    assert found is not None
    await browser.get(found[1].decode())
    assert browser.status == 200 and browser.header("content-type") == "text/css; charset=utf-8"
    assert "immutable" in (browser.header("cache-control") or "")
    tag = browser.header("etag")
    assert tag is not None
    await browser.get("/static/portal.css")
    assert browser.header("cache-control") == "no-cache"
    await browser.get("/static/portal.css", if_none_match=tag)
    assert (browser.status, browser.body) == (304, b"")


@pytest.mark.parametrize("address", ["/api/nosuch", "/api/records/nosuch/at/all", "/deliveries/x"])
async def test_in_the_folders_of_operations_programs_are_answered_as_programs(
    house: House, address: str
) -> None:
    browser = house.browser()
    await browser.get(address)

    assert (browser.status, browser.header("content-type")) == (404, "application/problem+json")
