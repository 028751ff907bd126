"""Terminals on the pages: chosen at sign-in, shown, and left behind (ACC-7)."""

import pytest
from page_browser import Browser
from page_house import House

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
