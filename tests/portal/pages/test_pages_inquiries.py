"""FAQ, inquiries and the staff's desk, on the pages (FAQ-1, FAQ-2; FLD-1, FLD-5)."""

import re
from collections import Counter

import pytest
from page_browser import Browser
from page_house import STAFF_PASSWORD, House

from portal.store.store import Query
from portal.web.addresses import PAGES
from portal.wire.limits import (
    INQUIRIES_OF_ACCOUNT_MAX,
    INQUIRY_CHARACTERS_MAX,
    STAFF_LOCK_SECONDS,
    STAFF_SESSION_IDLE_SECONDS,
    STAFF_TRIES_MAX,
)

ACTIONS = Query("SELECT action FROM staff_actions ORDER BY at_ms, action_id", str)
PASSWORDS = Query("SELECT password FROM staff", str)
TEXT = "<b>カード</b>が読めません。\n二行目 🌸"


async def staff(house: House) -> Browser:
    browser = house.browser()
    await browser.get("/desk")
    assert browser.path == "/desk/sign-in"
    await browser.press("ログイン", staff_id="operator", password=STAFF_PASSWORD)
    assert browser.path == "/desk", browser
    return browser


async def ask(browser: Browser, text: str = TEXT) -> Browser:
    await browser.get("/inquiries/new")
    await browser.press("次に進む", kind="sign_in")
    return await browser.press("送る", text=text)


@pytest.mark.requirement("FAQ-1")
async def test_the_faq_is_on_every_page(house: House) -> None:
    guest, browser = house.browser(), await house.signed_in()
    for address in ("/sign-in", "/nothing"):
        await guest.get(address)
        await guest.click("よくある質問")
        assert guest.path == "/faq" and guest.status == 200
    for name in ("top", "records", "settings", "history", "self_information"):
        await browser.get(PAGES[name])
        await browser.click("よくある質問・お問い合わせ")
        assert browser.path == "/faq"
    await browser.press("探す", words="ｶｰﾄﾞ　暗証番号")
    assert "見つかった質問" in browser.text and "ログインには何が要りますか" in browser.text
    await browser.press("探す", words="ぬぬぬ")
    assert "あてはまる質問は見つかりませんでした" in browser.text
    await browser.press("探す", words="あ" * 101)
    assert browser.status == 422


@pytest.mark.requirement("FAQ-1", "FAQ-2")
async def test_questions_come_before_the_form_and_the_answer_comes_to_the_folder(house: House) -> None:
    browser = await house.signed_in()
    await browser.get("/inquiries")
    assert "送ったお問い合わせはありません" in browser.text
    await browser.click("お問い合わせを書く")
    await browser.press("次に進む", kind="sign_in")
    assert "「ログイン・カード」のよくある質問" in browser.text
    await browser.press("送る", text=TEXT)
    assert "お問い合わせを送りました" in browser.text and "回答を待っています" in browser.text

    desk = await staff(house)
    assert "令和" in browser.text and "令和" in desk.text
    assert "答えを待っている 1件" in desk.text and "はなこ" not in desk.text
    await desk.click("カード")
    assert TEXT.encode() not in desk.body and "二行目" in desk.text
    await desk.press("答えを送る", text="  ")
    assert desk.status == 422 and "入力してください" in desk.text
    other = desk.window()
    await other.get(desk.address)
    await desk.press("答えを送る", text="窓口に\nおいでください。")
    assert desk.path == "/desk" and "回答を送りました" in desk.text
    await other.press("答えを送る", text="別の答え")
    assert other.status == 409
    await desk.click("答えたもの")
    assert "カード" in desk.text

    await browser.get("/")
    assert "まだ見ていない回答 1件" in browser.text
    await browser.get("/inquiries")
    assert "まだ見ていません" in browser.text
    await browser.click("ログイン・カード")
    assert "おいでください。" in browser.text and "別の答え" not in browser.text
    await browser.get("/inquiries")
    assert "まだ見ていません" not in browser.text and "見ました" in browser.text
    assert sorted(await house.store.read(ACTIONS)) == [
        "answer_inquiry",
        "read_inquiry",
        "read_inquiry",
        "sign_in",
    ]


@pytest.mark.requirement("FLD-1", "FLD-5")
async def test_an_inquiry_is_its_writers_and_goes_when_she_says(house: House) -> None:
    browser, other = await house.signed_in(), await house.signed_in(1, "たろう")
    await ask(browser)
    await browser.click("ログイン・カード")
    address = browser.address
    for where in (address, f"{address}/delete"):
        await other.get(where)
        assert other.status == 404
    await browser.click("削除する")
    assert "回答は届きません" in browser.text and "お問い合わせ：ログイン・カード（" in browser.text
    await browser.press("削除する")
    assert "お問い合わせを削除しました" in browser.text
    await browser.get(address)
    assert browser.status == 404


@pytest.mark.requirement("FAQ-2")
async def test_going_on_without_a_kind_says_what_is_missing(house: House) -> None:
    browser = await house.signed_in()
    await browser.get("/inquiries/new")
    assert browser.status == 200 and "選んでください" not in browser.text
    await browser.press("次に進む")
    assert browser.status == 422 and "お問い合わせの種類を選んでください" in browser.text
    assert browser.page.title.startswith("エラー：")
    await browser.press("次に進む", kind="other")
    assert browser.status == 200 and "内容" in browser.text


async def test_what_is_wrong_is_said_at_its_field(house: House) -> None:
    browser = await house.signed_in()
    await browser.get("/inquiries/new?kind=spam")
    assert "次に進む" in browser.text
    await browser.press("次に進む", kind="other")
    for text, words in (
        ("", "入力してください"),
        ("あ" * (INQUIRY_CHARACTERS_MAX + 1), "文字まで"),
        ("a\x00", "使えない文字"),
    ):
        await browser.press("送る", text=text)
        assert browser.status == 422 and words in browser.text, text[:3]
    await browser.press("送る", text="あ" * INQUIRY_CHARACTERS_MAX)
    assert "お問い合わせを送りました" in browser.text
    for _ in range(INQUIRIES_OF_ACCOUNT_MAX):
        await ask(browser)
    assert browser.status == 429 and "削除してから" in browser.text


async def test_one_form_sent_twice_is_one_inquiry(house: House) -> None:
    browser = await house.signed_in()
    await browser.get("/inquiries/new?kind=other")
    fields = {**dict(browser.form("送る").fields), "text": TEXT}
    for _ in range(2):
        await browser.post("/inquiries/new", fields)
    assert browser.text.count("回答を待っています") == 1


async def test_the_desk_is_for_staff_alone(house: House) -> None:
    browser = await house.signed_in()
    await ask(browser)
    await browser.get("/desk")
    assert browser.path == "/desk/sign-in", "a citizen's session is none here"
    for staff_id, password in (
        ("operator", "wrong"),
        ("nobody", STAFF_PASSWORD),
        ("", ""),
        ("operator", "x" * 300),
    ):
        await browser.press("ログイン", staff_id=staff_id, password=password)
        assert browser.status == 403 and "IDかパスワードが違います" in browser.text
    desk = await staff(house)
    assert all(hashed.startswith("$argon2id$") for hashed in await house.store.read(PASSWORDS))
    forged = dict(desk.form("ログアウト").fields) | {"csrf": "x"}
    await desk.post("/desk/sign-out", forged)
    assert desk.status == 403
    await desk.get("/desk")
    await desk.press("ログアウト")
    assert desk.path == "/desk/sign-in" and "ログアウトしました" in desk.text

    again = await staff(house)
    await house.world.pass_time(STAFF_SESSION_IDLE_SECONDS + 1)
    await again.get("/desk")
    assert again.path == "/desk/sign-in"


async def test_guessing_passwords_ends_soon(house: House) -> None:
    browser = house.browser()
    await browser.get("/desk/sign-in")
    for _ in range(STAFF_TRIES_MAX):
        await browser.press("ログイン", staff_id="operator", password="guess")
    assert browser.status == 429 and "15分" in browser.text
    await browser.press("ログイン", staff_id="operator", password=STAFF_PASSWORD)
    assert browser.status == 429, "the right one waits too"
    await house.world.pass_time(STAFF_LOCK_SECONDS + 1)
    await staff(house)


async def test_what_staff_does_is_written_down_and_shown(house: House) -> None:
    citizen = await house.signed_in()
    await ask(citizen)
    guest = house.browser()
    await guest.get("/desk/actions")
    assert guest.path == "/desk/sign-in"
    await guest.press("ログイン", staff_id="somebody-else", password="my-password")
    for _ in range(STAFF_TRIES_MAX):
        await guest.press("ログイン", staff_id="operator", password="guess")
    await house.world.pass_time(STAFF_LOCK_SECONDS + 1)
    desk = await staff(house)
    await desk.click("カード")
    await desk.press("ログアウト")
    desk = await staff(house)
    await desk.click("操作記録")
    assert desk.path == "/desk/actions"
    done = re.findall(
        r"ログインした|ログインに失敗した|ログインを止めた|お問い合わせを読んだ|ログアウトした", desk.text
    )
    failed = Counter({"ログインに失敗した": STAFF_TRIES_MAX + 1, "ログインを止めた": 1})
    assert Counter(done[4:]) == failed, "the newest come first"
    assert Counter(done[:4]) == Counter(
        ["ログインした", "ログインした", "ログアウトした", "お問い合わせを読んだ"]
    )
    assert "（登録のないID）" in desk.text and "somebody-else" not in desk.text
    assert len(await house.store.read(ACTIONS)) == len(done)
    await desk.click("お問い合わせを読んだ")
    assert "二行目" in desk.text
    for _ in range(20):
        await desk.get(desk.address)
    await desk.get("/desk/actions?page=2")
    assert "全32件のうち 21〜32件目" in desk.text, desk
