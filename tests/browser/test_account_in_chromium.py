"""Account, history, inquiries and the folder in a real browser: by mouse, by keyboard, every screen empty, filled and wrong."""

import re
from collections.abc import Callable

import pytest
from browser_world import NARROWEST, Running, Window, fresh_resident
from keyboard import Keyboard
from test_notices_in_chromium import Clerk, somebody

from portal.wire.mailbox import LIST_MAILS, READ_MAIL, ListMails, OneMail

pytestmark = [pytest.mark.real_client("chromium")]

Open = Callable[..., Window]
QUESTION = "お知らせのメールが届きません。\nどうすればよいですか。"


def code_for(world: Running, one: Window, address: str) -> str:
    for _ in range(80):
        mails = world.ask(LIST_MAILS, ListMails(address)).mails
        if mails:
            found = re.search(r"\b\d{6}\b", world.ask(READ_MAIL, OneMail(mails[0].mail_id)).text)
            assert found is not None
            return found[0]
        one.page.wait_for_timeout(100)
    raise AssertionError(f"no code came to {address}")


@pytest.mark.requirement("ACC-4", "ACC-5", "HIS-1", "HIS-3")
def test_account_and_history_by_mouse(window: Open, world: Running) -> None:
    one = window()
    one.sign_in(fresh_resident(80))
    one.click("アカウント設定")
    one.type("メールアドレス 1", "mouse@example.jp")
    one.press("保存する")
    one.sees("確認番号")
    one.check("settings_waiting_for_a_code", NARROWEST)
    one.type("確認番号", "12")
    one.press("このアドレスを確認する")
    one.check("settings_code_wrong", NARROWEST)
    one.type("確認番号", code_for(world, one, "mouse@example.jp"))
    one.press("このアドレスを確認する")
    one.sees("メールアドレスを確認しました")
    one.check("settings_confirmed", NARROWEST)

    one.click("操作履歴")
    one.check("history", NARROWEST)
    one.page.locator("summary", has_text="条件を決めて探す").click()
    one.choose("操作", "ログイン")
    one.press("探す")
    one.sees("ログイン")
    one.check("history_searched", NARROWEST)
    one.open("/history?action=grant")
    one.sees("あてはまる操作の記録はありません")
    one.check("history_empty", NARROWEST)
    one.open("/history?first_day_year=2026&first_day_month=2&first_day_day=30")
    one.check("history_wrong", NARROWEST)

    one.open("/settings")
    one.click("アカウントを閉じる手続きに進む")
    one.check("close_account", NARROWEST)
    one.press("アカウントを閉じる")
    one.heading("アカウントを閉じました")
    one.check("account_closed", NARROWEST)


@pytest.mark.requirement("FAQ-1", "FAQ-2", "FLD-5")
def test_inquiries_by_mouse_and_at_the_desk(window: Open, world: Running) -> None:
    one, desk = window(), window()
    one.open("/faq")
    one.check("faq_guest", NARROWEST)
    one.sign_in(fresh_resident(81))
    one.click("よくある質問")
    one.check("faq", NARROWEST)
    one.open("/faq?words=なにもみつからないことば")
    one.check("faq_nothing_found", NARROWEST)
    one.open("/faq?words=" + "あ" * 101)
    one.check("faq_wrong", NARROWEST)
    one.open("/inquiries")
    one.check("inquiries_empty", NARROWEST)
    one.open("/inquiries/new")
    one.check("inquiry_kind", NARROWEST)
    one.tick("お知らせ")
    one.press("次に進む")
    one.check("inquiry_text", NARROWEST)
    one.press("送る")
    one.sees("内容を入力してください")
    one.check("inquiry_text_wrong", NARROWEST)
    one.page.locator("#text").fill(QUESTION)
    one.press("送る")
    one.sees("お問い合わせを送りました")
    one.check("inquiries_waiting", NARROWEST)

    desk.open("/desk")
    desk.check("desk_sign_in", NARROWEST)
    desk.type("ID", world.desk["id"])
    desk.type("パスワード", "wrong")
    desk.press("ログイン")
    desk.check("desk_sign_in_wrong", NARROWEST)
    desk.type("ID", world.desk["id"])
    desk.type("パスワード", world.desk["password"])
    desk.press("ログイン")
    desk.heading("届いたお問い合わせ")
    desk.check("desk", NARROWEST)
    desk.page.locator("main a[href^='/desk/inquiries/']").first.click()
    desk.check("desk_inquiry", NARROWEST)
    desk.press("答えを送る")
    desk.check("desk_inquiry_wrong", NARROWEST)
    desk.page.locator("#text").fill("アカウント設定で、メールアドレスを確かめてください。")
    desk.press("答えを送る")
    desk.open("/desk?show=answered")
    desk.check("desk_answered", NARROWEST)

    one.click("利用者フォルダー")
    one.sees("「お知らせ」のお問い合わせ", "まだ見ていません")
    one.click("「お知らせ」のお問い合わせ")
    one.sees("アカウント設定で、メールアドレスを確かめてください。")
    one.check("inquiry_answered", NARROWEST)
    one.click("利用者フォルダー")
    one.page.locator("main a", has_text="削除する").first.click()
    one.check("inquiry_delete", NARROWEST)
    one.press("削除する")
    one.sees("利用者フォルダーから削除しました")


@pytest.mark.requirement("FLD-3", "FLD-4", "FLD-5")
def test_the_folder_by_mouse(window: Open, world: Running) -> None:
    someone, clerk, one = somebody(82), Clerk(window()), window()
    one.sign_in(someone.card)
    one.open("/records/request")
    one.press("請求する")
    for title in ("予防接種のお知らせ", "面談の日程のアンケート"):
        clerk.enter()
        clerk.write(title)
        if "アンケート" in title:
            clerk.ask()
        clerk.page.locator("#person").fill(str(someone.n))
        clerk.window.press("この内容で進む")
        clerk.window.press("送信する")
        clerk.window.sees("お知らせを受け付けました")
    for _ in range(40):
        one.open("/folder")
        if one.page.locator("main .list > li").count() == 3:
            break
        one.page.wait_for_timeout(250)
    one.sees("まだ答えていません", "令和")
    one.check("folder_filled", NARROWEST)
    one.page.locator("summary", has_text="条件を決めて探す").click()
    one.choose("種類", "アンケート")
    one.press("探す")
    one.sees("面談の日程のアンケート")
    one.sees_not("予防接種のお知らせ")
    one.check("folder_searched", NARROWEST)
    one.open("/folder?text=ないことば")
    one.check("folder_nothing_found", NARROWEST)
    one.open("/folder?first_day_year=2026&first_day_month=2&first_day_day=30")
    one.check("folder_wrong", NARROWEST)
    one.open("/folder?unread=1")
    one.check("folder_unread", NARROWEST)


@pytest.mark.requirement("ACC-4", "ACC-5", "HIS-1", "FAQ-1", "FAQ-2", "FLD-5")
def test_account_history_inquiries_and_folder_by_keyboard_alone(window: Open, world: Running) -> None:
    one = window(scripts=False)
    one.sign_in(fresh_resident(83))
    hand = Keyboard(one)
    hand.follow("アカウント設定")
    hand.fill("メールアドレス 1", "keys@example.jp")
    hand.follow("保存する")
    one.sees("設定を保存しました")
    code = code_for(world, one, "keys@example.jp")
    hand.fill("確認番号", code)
    hand.follow("このアドレスを確認する")
    one.sees("メールアドレスを確認しました")

    hand.follow("操作履歴")
    hand.enter("条件を決めて探す")
    hand.reach(" action")
    one.page.keyboard.type("ログイン")
    hand.follow("探す")
    one.sees("操作の記録")

    hand.follow("よくある質問")
    hand.fill("ことば", "メール")
    hand.follow("探す")
    one.open("/inquiries/new")
    hand.reach("ログイン・カード")
    one.page.keyboard.press("ArrowDown")
    one.page.keyboard.press("Space")
    hand.follow("次に進む")
    hand.fill("内容", "鍵盤だけで書いています。")
    hand.follow("送る")
    one.sees("お問い合わせを送りました")

    hand.follow("利用者フォルダー")
    hand.enter("条件を決めて探す")
    hand.fill("ことば", "お問い合わせ")
    hand.follow("探す")
    one.sees("お問い合わせ")
    hand.follow("削除する")
    hand.follow("削除する")
    one.sees("利用者フォルダーから削除しました")

    one.open("/settings")
    hand.follow("アカウントを閉じる手続きに進む")
    hand.follow("アカウントを閉じる")
    one.heading("アカウントを閉じました")


def test_forced_colours(window: Open, world: Running) -> None:
    """In the reader's own colours everything that is pressed keeps an edge, and the place where one is can be seen."""
    one = window()
    one.sign_in(fresh_resident(84))
    one.page.emulate_media(forced_colors="active")
    for name, path in (("top", "/"), ("folder", "/folder"), ("notices", "/notices"), ("settings", "/settings"),
                       ("history", "/history"), ("inquiry", "/inquiries/new")):  # fmt: skip
        one.open(path)
        bare = one.page.evaluate(
            """() => [...document.querySelectorAll(".button, input:not([type=hidden]), select, textarea")]
                .filter((at) => at.checkVisibility() && at.type !== "radio" && at.type !== "checkbox")
                .filter((at) => parseFloat(getComputedStyle(at).borderTopWidth) === 0)
                .map((at) => at.outerHTML)"""
        )
        assert not bare, (path, bare)
        if path in ("/", "/folder", "/notices", "/settings", "/history"):
            here = one.page.locator(".site-nav a[aria-current]").first
            assert here.evaluate("(at) => parseFloat(getComputedStyle(at).borderTopWidth)") >= 3, path
        one.check(f"forced_colours_{name}")
