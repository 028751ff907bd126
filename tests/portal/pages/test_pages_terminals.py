"""Terminals on the pages: chosen at sign-in, shown, and left behind (ACC-7)."""

import re

import pytest
from page_browser import Browser
from page_house import House

from portal.web.cookies import SESSION_COOKIE, TERMINAL_COOKIE
from portal.wire.limits import SESSION_IDLE_SECONDS, SESSION_IDLE_SHARED_SECONDS


async def at_the(house: House, name: str) -> Browser:
    """A browser at this kind of terminal, whose user has an account."""
    await house.signed_in()
    browser = house.browser()
    await browser.get("/sign-in")
    await browser.click(name)
    assert f"{name}として扱います" in browser.text
    await browser.sign_in(house.world, house.residents[0])
    assert browser.path == "/"
    return browser


@pytest.mark.requirement("ACC-7")
@pytest.mark.parametrize("name", ["コンビニの端末", "公共機関の端末"])
async def test_a_shared_terminal_warns_and_signs_out_soon(house: House, name: str) -> None:
    browser = await at_the(house, name)
    assert "かならずログアウトしてください" in browser.text and "3分操作がないと" in browser.text
    await house.world.pass_time(SESSION_IDLE_SHARED_SECONDS - 10)
    await browser.get("/records")
    assert browser.path == "/records", "somebody is there"
    await house.world.pass_time(SESSION_IDLE_SHARED_SECONDS + 1)
    await browser.get("/records")
    assert browser.path == "/sign-in" and "ログアウトしました" in browser.text


@pytest.mark.requirement("ACC-7")
async def test_a_television_waits_as_long_as_a_computer_at_home(house: House) -> None:
    browser = await at_the(house, "テレビ")
    assert 'data-terminal="tv"' in browser.body.decode() and "かならず" not in browser.text
    await house.world.pass_time(SESSION_IDLE_SECONDS - 10)
    await browser.get("/records")
    assert browser.path == "/records"


async def test_the_first_registration_keeps_the_terminal(house: House) -> None:
    browser = house.browser()
    await browser.get("/sign-in?terminal=store&next=/settings")
    await browser.sign_in(house.world, house.residents[0])
    await browser.press("登録する", nickname="はなこ")
    assert "かならずログアウトしてください" in browser.text


async def test_an_unknown_terminal_in_the_address_is_guessed_again(house: House) -> None:
    browser = house.browser()
    await browser.get("/sign-in?terminal=toaster", user_agent="Mozilla/5.0 (iPad)")
    assert browser.status == 200 and "タブレットとして扱います" in browser.text


@pytest.mark.requirement("ACC-7")
async def test_nothing_is_left_behind_on_a_shared_terminal(house: House) -> None:
    browser = await at_the(house, "コンビニの端末")
    await browser.get("/history")
    assert "ファイルを保存できません" in browser.text and "CSVで保存する" not in browser.text
    await browser.get("/history/file")
    assert browser.status == 403 and "ご自分のパソコンやスマートフォン" in browser.text
    assert browser.header("content-disposition") is None
    at_home = await at_the(house, "テレビ")
    await at_home.get("/history/file")
    assert at_home.status == 200 and "attachment" in (at_home.header("content-disposition") or "")


def goes_away(browser: Browser) -> tuple[int, str] | None:
    """After how many seconds this page leaves by itself, and where it goes."""
    found = re.fullmatch(r"(\d+); url=(.+)", browser.header("refresh") or "")
    return None if found is None else (int(found[1]), found[2])


@pytest.mark.requirement("ACC-7")
async def test_nothing_stays_on_the_screen_of_a_shared_terminal(house: House) -> None:
    browser = await at_the(house, "コンビニの端末")
    for address in ("/", "/records", "/settings", "/no-such-page-of-anybody", "/records/00", "/faq"):
        await browser.get(address)
        if address != "/no-such-page-of-anybody":
            assert goes_away(browser) == (SESSION_IDLE_SHARED_SECONDS + 1, "/sign-in?over=time"), browser
        assert browser.header("cache-control") == "no-store"
    await browser.get("/records")
    seconds, where = goes_away(browser) or (0, "")
    await house.world.pass_time(seconds)
    await browser.get(where)
    assert browser.path == "/sign-in" and "ログアウトしました" in browser.text
    assert "はなこ" not in browser.text and "続きの画面に戻ります" not in browser.text
    assert ("/", SESSION_COOKIE) not in browser.jar
    await browser.get("/records")
    assert browser.path == "/sign-in" and "next" not in browser.query, "the next one is somebody else"


async def test_at_ones_own_terminal_pages_stay(house: House) -> None:
    browser = await house.signed_in()
    await browser.get("/records")
    assert goes_away(browser) is None
    await house.world.pass_time(SESSION_IDLE_SECONDS + 1)
    await browser.get("/records")
    assert browser.query == {"next": "/records", "over": "time"} and "続きの画面に戻ります" in browser.text


@pytest.mark.requirement("ACC-7")
async def test_a_page_that_goes_away_by_itself_is_no_sign_of_presence(house: House) -> None:
    browser = await at_the(house, "公共機関の端末")
    await house.world.pass_time(SESSION_IDLE_SHARED_SECONDS - 80)
    window = browser.window()
    await window.get("/records")
    await house.world.pass_time(81)
    await browser.get("/sign-in?over=time")
    assert (
        browser.status == 200 and "ほかの画面で続いています" in browser.text and "はなこ" not in browser.text
    )
    await window.get("/sign-in?over=time")
    await house.world.pass_time(SESSION_IDLE_SHARED_SECONDS - 80)
    await window.get("/records")
    assert window.path == "/sign-in", "windows do not keep one another awake"


@pytest.mark.requirement("ACC-7")
async def test_the_next_one_is_at_the_same_terminal(house: House) -> None:
    browser = await at_the(house, "コンビニの端末")
    await browser.press("ログアウト")
    await browser.click("もういちどログインする")
    assert "コンビニの端末として扱います" in browser.text
    await browser.sign_in(house.world, house.residents[0])
    assert "かならずログアウトしてください" in browser.text
    await house.world.pass_time(SESSION_IDLE_SHARED_SECONDS + 1)
    await browser.get("/")
    assert browser.path == "/sign-in" and "コンビニの端末として扱います" in browser.text
    await browser.click("パソコン")
    await browser.sign_in(house.world, house.residents[0])
    assert "かならず" not in browser.text, "who knows better can still say so"
    await browser.press("ログアウト")
    await browser.get("/sign-in")
    assert "パソコンとして扱います" in browser.text


async def test_a_terminal_that_nobody_knows_is_guessed_again(house: House) -> None:
    browser = house.browser()
    browser.jar["/", TERMINAL_COOKIE] = "toaster"
    await browser.get("/sign-in")
    assert browser.status == 200 and "パソコンとして扱います" in browser.text
