"""Every screen, wide and narrow: axe finds nothing wrong with it, nothing sticks out, and there is a picture of it."""

from collections.abc import Callable

import pytest
from browser_world import Running, Window, fresh_resident

pytestmark = [pytest.mark.real_client("chromium")]

Open = Callable[..., Window]


@pytest.fixture
def one(window: Open) -> Window:
    return window()


def test_screens_of_signing_in(one: Window, world: Running) -> None:
    resident = fresh_resident(0)
    one.open()
    one.check("sign_in")
    one.to_the_reader()
    one.check("reader")
    one.read_card(resident, "")
    one.check("reader_wrong")
    one.read_card(resident, resident.wrong_pin)
    one.check("reader_wrong_pin")
    one.click("やめて戻る")
    one.sees("カードの読み取りをやめました")
    one.check("sign_in_given_up")
    for _ in range(2):
        one.to_the_reader()
        one.read_card(resident, resident.wrong_pin)
    one.sees("鍵がかかっています")
    one.check("reader_locked")

    one.open("/sign-in?over=time&next=%2Frecords")
    one.check("sign_in_timed_out")
    one.open("/nothing/here")
    one.check("error_not_found_guest")
    one.open("/signed-out?records=2&self_information=1")
    one.check("signed_out_counts")


def test_axe_would_find_something(one: Window) -> None:
    """What always finds nothing shows nothing."""
    one.open("/sign-in")
    one.page.evaluate("document.querySelector('h1').innerHTML = '<img src=\"/static/mark.svg\">'")
    with pytest.raises(AssertionError, match="image-alt"):
        one.check("axe_finds_something")


def test_a_refused_sign_in(one: Window, world: Running) -> None:
    one.open()
    with one.page.expect_navigation():
        one.page.evaluate(
            """() => {
                const form = document.querySelector("main form");
                form.action = "/sign-in/complete";
                form.requestSubmit();
            }"""
        )
    one.sees("このブラウザーではじめたログインではない")
    one.check("sign_in_refused")


def test_screens_of_the_account(one: Window, world: Running) -> None:
    resident = fresh_resident(1)
    one.to_the_reader()
    one.read_card(resident, resident.pin)
    one.back_to_the_portal()
    one.check("first_time")
    one.type("メールアドレス 1", "hanako")
    one.press("登録する")
    one.check("first_time_wrong")
    one.type("ニックネーム", "とても長いニックネームのはなこちゃんおかあさん🌸です")
    one.type("メールアドレス 1", "hanako@example.jp")
    one.press("登録する")
    one.sees("作りました")
    one.check("top_first")
    one.click("アカウント設定")
    one.check("settings")
    one.type("メールアドレス 2", "hanako@example.jp")
    one.press("保存する")
    one.check("settings_wrong")
    one.type("メールアドレス 2", "hanako@phone.example.jp")
    one.press("保存する")
    one.sees("設定を保存しました")
    one.check("settings_saved")
    one.open("/nothing/here")
    one.check("error_not_found")
    one.open("/settings")
    one.page.evaluate("document.querySelectorAll('[name=csrf]').forEach((field) => { field.value = 'x'; })")
    one.press("保存する")
    one.check("error_forged")
    one.open()
    one.press("ログアウトする")
    one.check("signed_out")


def test_screens_of_records(one: Window, world: Running) -> None:
    one.sign_in(fresh_resident(2))
    one.click("やりとり履歴")
    one.check("records_empty")
    one.click("期間を決めて請求する")
    one.check("records_request")
    one.page.locator("#first_day_year").fill("")
    one.press("請求する")
    one.check("records_request_wrong")
    one.click("最近3か月")
    one.press("請求する")
    one.check("record_list_short")
    one.click("ほかの期間を請求する")
    one.click("最近7年")
    one.press("請求する")
    one.check("record_list")
    world.control("network", "late", 60)
    try:
        one.click("ほかの期間を請求する")
        one.press("請求する")
        one.check("records_waiting")
    finally:
        world.control("network", "normal")
    one.click("やりとり履歴に戻る")
    one.check("records")
    one.open("/records/aaaaaaaaaaaaaaaaaaaaaaaa")
    one.check("error_no_request")


def test_screens_of_self_information(one: Window, world: Running) -> None:
    one.sign_in(fresh_resident(3))
    one.click("あなたの情報")
    one.check("search")
    one.press("分野から探す")
    one.check("search_wrong")
    one.open("/self-information")
    one.type("情報の名前", "存在しない情報")
    one.press("名前から探す")
    one.check("results_empty")
    one.click("探しなおす")
    one.type("情報の名前", "情報")
    one.press("名前から探す")
    one.check("results")
    one.press("選んだ情報を請求する")
    one.check("results_wrong")
    one.tick_all(3)
    one.press("選んだ情報を請求する")
    one.sees("すべての請求の結果が出ました")
    one.check("request_done")
    item = one.page.locator("ul.list a").first
    item.click()
    one.check("item")
    one.click("届いた情報に戻る")
    one.check("folder")
    world.control("intermediate", "stopped")
    try:
        one.click("情報を探す")
        one.type("情報の名前", "税")
        one.press("名前から探す")
        one.tick_all(1)
        one.press("選んだ情報を請求する")
        one.sees("問い合わせ中です")
        one.check("request_waiting")
    finally:
        world.control("intermediate", "normal")
    one.open("/self-information/requests")
    one.check("requests")
    one.open()
    one.check("top")
    world.control("network", "stopped")
    try:
        one.open("/self-information/results?by=field&field=税")
        one.sees("しばらく待ってから")
        one.check("results_unavailable")
    finally:
        world.control("network", "normal")
