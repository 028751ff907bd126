"""Confirming mail addresses and closing the account, on the pages (ACC-4, ACC-5)."""

import re

import pytest
from page_browser import Browser
from page_house import House

from portal.store.store import Query
from portal.wire.limits import MAIL_CODES_A_DAY_MAX
from portal.wire.mailbox import LIST_MAILS, READ_MAIL, ListMails, MailContent, Mails, OneMail
from portal.wire.systems import Party, System

ADDRESS = "hanako@example.jp"
ROWS = Query("SELECT COUNT(*) FROM accounts", int)


async def code_of(house: House, address: str = ADDRESS) -> str:
    """The code in the newest mail to this address."""
    await house.world.pass_time(5)
    link = house.world.link(Party.ANYONE, System.MAILBOX)
    mails = await link.call(LIST_MAILS, ListMails(address))
    assert isinstance(mails, Mails) and mails.mails
    mail = await link.call(READ_MAIL, OneMail(mails.mails[0].mail_id))
    assert isinstance(mail, MailContent) and "確認番号" in mail.mail.subject
    found = re.search(r"^\s*(\d{6})\s*$", mail.text, re.MULTILINE)
    assert found is not None
    return found[1]


async def with_address(house: House) -> Browser:
    browser = await house.signed_in()
    await browser.get("/settings")
    return await browser.press("保存する", mail1=ADDRESS, mail_events=["sign_in"])


@pytest.mark.requirement("ACC-4")
async def test_an_address_is_confirmed_by_its_code(house: House) -> None:
    browser = await with_address(house)
    assert f"{ADDRESS} に確認番号" in browser.text
    await browser.get("/")
    await browser.click("アカウント設定で確認番号を入れる")
    code = await code_of(house)

    wrong = f"{(int(code) + 7) % 10**6:06}"
    await browser.press("このアドレスを確認する", code1=wrong)
    assert browser.status == 422 and "確認番号が違います" in browser.text and "あと4回" in browser.text
    assert 'href="#code1"' in browser.body.decode() and browser.page.title.startswith("エラー：")
    await browser.press("このアドレスを確認する", code1=code)
    assert browser.path == "/settings" and "メールアドレスを確認しました" in browser.text
    assert "確認を待っています" not in browser.text
    await browser.get("/")
    assert "確認を待っています" not in browser.text


@pytest.mark.requirement("ACC-4")
async def test_a_new_code_takes_the_place_of_the_old_one(house: House) -> None:
    browser = await with_address(house)
    old = await code_of(house)
    await browser.press("新しい確認番号を送る")
    assert browser.status == 429 and "いま送ったばかり" in browser.text
    await house.world.pass_time(60)
    await browser.get("/settings")
    await browser.press("新しい確認番号を送る")
    assert "確認番号をメールで送りました" in browser.text
    new = await code_of(house)
    if old != new:
        await browser.press("このアドレスを確認する", code1=old)
        assert "確認番号が違います" in browser.text
    await browser.press("このアドレスを確認する", code1=new)
    assert "メールアドレスを確認しました" in browser.text


async def test_two_windows_confirm_the_same_address(house: House) -> None:
    one = await with_address(house)
    two = one.window()
    await two.get("/settings")
    code = await code_of(house)
    for window in (one, two):
        await window.press("このアドレスを確認する", code1=code)
        assert "メールアドレスを確認しました" in window.text

    await two.post("/settings/mail-code", {**dict(two.form("保存する").fields), "address": ADDRESS})
    assert two.status == 409 and "もう確認が済んで" in two.text
    await two.post("/settings/mail-code", {**dict(one.form("保存する").fields), "address": "x@y"})
    assert two.status == 404


async def test_nobody_fills_a_mailbox_from_here(house: House) -> None:
    browser = await house.signed_in()
    for number in range(MAIL_CODES_A_DAY_MAX + 1):
        await browser.get("/settings")
        await browser.press("保存する", mail1=f"victim{number}@example.jp")
    assert browser.status == 429 and f"1日に{MAIL_CODES_A_DAY_MAX}回まで" in browser.text
    assert 'id="mail1-error"' in browser.body.decode()

    await house.world.pass_time(24 * 60 * 60)
    again = await house.signed_in()
    await again.get("/settings")
    await again.press("保存する", mail1="mine@example.jp")
    assert "設定を保存しました" in again.text


@pytest.mark.requirement("ACC-5", "FLD-1")
async def test_closing_asks_first_and_leaves_nothing(house: House) -> None:
    browser = await house.signed_in()
    other = browser.window()
    await browser.get("/records/request")
    await browser.press("請求する")
    read = browser.address
    await browser.get("/settings")
    await browser.click("アカウントを閉じる手続きに進む")
    assert browser.path == "/settings/close" and "もとに戻せません" in browser.text
    await browser.click("閉じずに戻る")
    assert browser.path == "/settings"

    await browser.click("アカウントを閉じる手続きに進む")
    await browser.press("アカウントを閉じる")
    assert browser.path == "/closed" and "アカウントを閉じました" in browser.text
    assert await house.store.read(ROWS) == [0] and "mynasim_session" not in str(browser.jar)
    await other.get("/records")
    assert other.path == "/sign-in"

    await browser.sign_in(house.world, house.residents[0])
    assert browser.path == "/first-time"
    await browser.press("登録する", nickname="りんご")
    await browser.get(read)
    assert browser.status == 404


async def test_a_settings_form_of_a_closed_account_changes_nothing(house: House) -> None:
    one = await house.signed_in()
    two = one.window()
    await two.get("/settings")
    await one.get("/settings/close")
    await one.press("アカウントを閉じる")
    await two.press("保存する", nickname="たろう")

    assert two.path == "/sign-in"
    assert await house.store.read(ROWS) == [0]
