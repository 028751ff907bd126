"""Cookies by scheme, and tokens that change when what they open does."""

import re

import pytest
from page_browser import Browser, answer
from page_house import House

from portal.web.cookies import (
    BEGUN_COOKIE,
    CARD_COOKIE,
    HOST_PREFIX,
    SESSION_COOKIE,
    STAFF_COOKIE,
    TERMINAL_COOKIE,
    Begun,
    Cookies,
)
from portal.wire.limits import SESSION_SECONDS_MAX
from portal.wire.sign_in import Terminal

BEGUN = (Begun("x" * 32, Terminal.PC, ""),)


def headers(cookies: Cookies) -> dict[str, str]:
    given = [
        cookies.session("t"),
        cookies.no_session(),
        cookies.staff("t"),
        cookies.staff(None),
        cookies.begun(BEGUN),
        cookies.card("t"),
        cookies.terminal(Terminal.STORE),
    ]
    return {value.partition("=")[0]: value for _, value in given}


async def test_over_tls_browsers_take_them_from_this_host_alone() -> None:
    found = headers(Cookies(True, 300))
    assert set(found) == {
        HOST_PREFIX + name
        for name in (SESSION_COOKIE, STAFF_COOKIE, BEGUN_COOKIE, CARD_COOKIE, TERMINAL_COOKIE)
    }
    for value in found.values():
        attributes = {part.strip().lower() for part in value.split(";")[1:]}
        # RFC 6265bis 4.1.3.2: otherwise a browser throws it away.
        assert {"secure", "httponly", "path=/"} <= attributes
        assert not any(part.startswith("domain") for part in attributes)
    assert "SameSite=Lax" in found[HOST_PREFIX + SESSION_COOKIE]
    assert "SameSite=Lax" in found[HOST_PREFIX + STAFF_COOKIE]
    for name in (BEGUN_COOKIE, CARD_COOKIE):
        assert "SameSite=None" in found[HOST_PREFIX + name] and "Max-Age=300" in found[HOST_PREFIX + name]


async def test_in_the_clear_they_have_names_that_browsers_keep() -> None:
    for name, value in headers(Cookies(False, 300)).items():
        assert not name.startswith("__") and "Secure" not in value
        assert "HttpOnly" in value and "SameSite=Lax" in value


def token(browser: Browser) -> str:
    return browser.jar["/", SESSION_COOKIE]


@pytest.mark.requirement("ACC-2")
async def test_the_token_changes_when_the_account_is_opened(house: House) -> None:
    browser = house.browser()
    await browser.sign_in(house.world, house.residents[0])
    before = token(browser)
    await browser.press("登録する", nickname="はなこ")
    assert browser.path == "/" and token(browser) != before
    stolen = house.browser()
    stolen.jar["/", SESSION_COOKIE] = before
    await stolen.get("/")
    assert stolen.path == "/sign-in"
    await browser.get("/settings")
    assert browser.path == "/settings"


async def test_each_sign_in_has_a_token_of_its_own_and_never_one_that_was_brought(house: House) -> None:
    first = await house.signed_in()
    fixed = "x" * 43
    victim = house.browser()
    victim.jar["/", SESSION_COOKIE] = fixed
    await victim.get("/sign-in")
    await victim.sign_in(house.world, house.residents[0])
    assert len({token(first), token(victim), fixed}) == 3
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token(victim))


async def test_signing_in_anew_ends_the_session_that_the_browser_had(house: House) -> None:
    await house.signed_in()
    browser = house.browser()
    window = browser.window()
    asked, later = await browser.to_the_reader(), await window.to_the_reader()

    await browser.hand_over(asked, answer(house.world, house.residents[0], asked))
    before = token(browser)
    await window.hand_over(later, answer(house.world, house.residents[0], later))
    assert token(window) != before
    old = house.browser()
    old.jar["/", SESSION_COOKIE] = before
    await old.get("/")
    assert old.path == "/sign-in"


async def test_a_session_that_is_used_all_the_time_ends_too(house: House) -> None:
    browser = await house.signed_in()
    for _ in range(SESSION_SECONDS_MAX // 1200 - 1):
        await house.world.pass_time(1200)
        await browser.get("/records")
        assert browser.path == "/records"
    await house.world.pass_time(1201)
    await browser.get("/records")
    assert browser.path == "/sign-in"
