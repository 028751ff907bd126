"""Registration, settings, top menu, sign-out (ACC-2, 3, 4, 5; FLD-1, 3)."""

import pytest
from page_browser import Browser
from page_house import House

from portal.wire.limits import NICKNAME_CHARACTERS_MAX

SCRIPT = "<script>alert(1)</script>"


async def newcomer(house: House, resident: int = 0) -> Browser:
    browser = house.browser()
    await browser.sign_in(house.world, house.residents[resident])
    assert browser.path == "/first-time"
    return browser


@pytest.mark.requirement("ACC-2")
async def test_registration_in_two_windows_opens_one_account(house: House) -> None:
    one = await newcomer(house)
    two = one.window()
    await two.get("/first-time")
    await one.press("登録する", nickname="はなこ")
    await two.press("登録する", nickname="たろう")

    assert two.status == 409 and "アカウントはすでにあります" in two.text
    await two.click("トップに進む")
    assert two.path == "/" and "はなこ さん" in two.text
    await two.get("/first-time")
    assert two.path == "/"


@pytest.mark.requirement("ACC-2")
async def test_the_same_registration_sent_twice_is_one(house: House) -> None:
    one = await newcomer(house)
    two = one.window()
    await two.get("/first-time")
    for window in (one, two):
        await window.press("登録する", nickname="はなこ")
        assert window.path == "/" and window.status == 200


@pytest.mark.requirement("ACC-3", "ACC-4")
@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"nickname": ""}, "nickname", "入力してください"),
        ({"nickname": "　 "}, "nickname", "入力してください"),
        (
            {"nickname": "あ" * (NICKNAME_CHARACTERS_MAX + 1)},
            "nickname",
            f"いまは{NICKNAME_CHARACTERS_MAX + 1}文字",
        ),
        ({"nickname": "は\nな"}, "nickname", "使えない文字"),
        ({"nickname": "は", "mail1": "hanako"}, "mail1", "メールアドレスの形"),
        ({"nickname": "は", "mail2": "a@b@c"}, "mail2", "メールアドレスの形"),
        ({"nickname": "は", "mail2": "は@example.jp"}, "mail2", "半角"),
        ({"nickname": "は", "mail1": "a@b.jp", "mail2": "a@b.jp"}, "mail2", "2回"),
        ({"nickname": "は", "mail1": "a" * 300 + "@b.jp"}, "mail1", "メールアドレスの形"),
        ({"nickname": "は", "mail_events": ["spam"]}, "mail_events", "一覧にあるもの"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(
    house: House, typed: dict[str, str | list[str]], field: str, words: str
) -> None:
    fresh = await newcomer(house)
    await fresh.press("登録する", **typed)
    known = await house.signed_in(1)
    await known.get("/settings")
    await known.press("保存する", **typed)

    for browser in (fresh, known):
        assert browser.status == 422 and browser.page.title.startswith("エラー：")
        body = browser.body.decode()
        assert f'id="{field}-error"' in body and words in body.partition(f'id="{field}-error"')[2][:500]
        assert f'href="#{field}"' in body
        for name, value in typed.items():
            if isinstance(value, str) and "\n" not in value:
                assert (name, value.strip()) in browser.page.forms[-1].fields, name


async def test_everything_that_is_wrong_is_said_at_once(house: House) -> None:
    browser = await newcomer(house)
    await browser.press("登録する", nickname="", mail1="a@b", mail2="hanako", mail_events=["spam", "sign_in"])
    assert browser.body.count(b'class="field-error"') == 3

    await browser.press("登録する", nickname="は\u0007", mail1="は@b", mail2="は@b", mail_events=[])
    assert browser.body.count(b'class="field-error"') == 3


@pytest.mark.requirement("ACC-3", "ACC-4", "ACC-5")
async def test_settings_are_kept_and_shown(house: House) -> None:
    browser = await house.signed_in()
    await browser.click("アカウント設定")
    await browser.press(
        "保存する", nickname="  たろう ", mail1="", mail2="taro@example.jp", mail_events=["late_records"]
    )
    assert (
        browser.path == "/settings" and "設定を保存しました" in browser.text and "たろう さん" in browser.text
    )
    fields = dict(browser.form("保存する").fields)
    assert (fields["nickname"], fields["mail1"], fields["mail2"]) == ("たろう", "taro@example.jp", "")
    assert fields["mail_events"] == "late_records"
    await browser.get("/settings")
    assert "設定を保存しました" not in browser.text


@pytest.mark.requirement("ACC-3")
async def test_a_nickname_is_text_and_nothing_else(house: House) -> None:
    browser = await newcomer(house)
    await browser.press("登録する", nickname=SCRIPT)
    for address in ("/", "/records", "/records/request", "/self-information", "/settings", "/nothing"):
        await browser.get(address)
        assert SCRIPT.encode() not in browser.body, address
        assert f"{SCRIPT} さん" in browser.text, address


@pytest.mark.requirement("ACC-3")
async def test_the_longest_nickname_of_wide_letters(house: House) -> None:
    name = "𠮷" * NICKNAME_CHARACTERS_MAX
    browser = await newcomer(house)
    await browser.press("登録する", nickname=name)

    assert f"{name} さん" in browser.text


@pytest.mark.requirement("FLD-3")
async def test_sign_out_says_what_is_gone_and_what_stays(house: House) -> None:
    browser = await house.signed_in()
    await browser.get("/records/request")
    await browser.press("請求する")
    read = browser.address
    await browser.get("/records/request?months=1")
    await browser.press("請求する", follow=False)
    await browser.get("/")
    assert "まだ見ていない回答 1件" in browser.text

    cookies = dict(browser.jar)
    await browser.press("ログアウトする")
    assert browser.path == "/signed-out"
    assert "消えたやりとり履歴1件" in browser.text and "まだ見ていない情報は残っています" in browser.text
    assert "mynasim_session" not in str(browser.jar)
    assert (
        any(header.startswith("mynasim_session=;") for header in browser.set_cookies)
        or not browser.set_cookies
    )

    browser.jar.update(cookies)
    await browser.get("/records")
    assert browser.path == "/sign-in", "the token is good for nothing any more"
    await browser.sign_in(house.world, house.residents[0])
    await browser.get(read)
    assert browser.status == 404
    await browser.get("/")
    assert "まだ見ていない回答 1件" in browser.text


async def test_signing_out_twice_and_in_another_window(house: House) -> None:
    one = await house.signed_in()
    two = one.window()
    await two.get("/settings")
    await one.press("ログアウト")
    await two.press("ログアウト")

    assert two.path == "/sign-in" and two.status == 200


@pytest.mark.parametrize(
    "query", ["", "?records=x&self_information=-1", "?records=99999999999999999999", "?records=٣"]
)
async def test_the_signed_out_page_believes_no_address(house: House, query: str) -> None:
    browser = house.browser()
    await browser.get("/signed-out" + query)

    assert browser.status == 200 and "999" not in browser.text
