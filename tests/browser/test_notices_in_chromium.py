"""Notices in a real browser: a clerk sends them, a resident opens and answers; by mouse, by keyboard, every screen looked at."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from browser_world import Resident, Running, Window, fresh_resident
from keyboard import Keyboard

from sim.nation.nation import Nation
from sim.world.settings import WorldSettings

pytestmark = [pytest.mark.real_client("chromium")]

Open = Callable[..., Window]
HOME = "141003"
NARROW = {"width": 320, "height": 700}
TITLE = "四種混合の予防接種のお知らせ"


class Someone(NamedTuple):
    card: Resident
    n: int


@cache
def somebody(number: int) -> Someone:
    """A resident of nobody else's tests, with the number by which her municipality knows her."""
    card = fresh_resident(number)
    nation = Nation(WorldSettings().seed)
    found = next(n for n in nation.residents_of(HOME) if nation.person(n).resident_id == card.code)
    return Someone(card, found)


class Clerk:
    """A clerk at the staff's pages of the intermediate server."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.page = window.page

    def enter(self) -> None:
        self.page.goto(self.window.world.systems["intermediate"] + "/notices")
        self.window.type("送る機関", HOME)
        self.window.press("この機関で使う")

    def write(self, title: str = TITLE, **typed: str) -> None:
        one = self.window
        one.click("新しいお知らせを書く")
        one.choose("事務", "予防接種の実施に関する事務")
        one.type("件名", title)
        one.type("本文", "お子さんの予防接種の時期になりました。\n予診票を持ってお出かけください。")
        self.day("kept", "2030", "3", "31")
        for label, text in typed.items():
            one.type(label, text)

    def day(self, name: str, year: str, month: str, day: str) -> None:
        for part, text in (("year", year), ("month", month), ("day", day)):
            self.page.locator(f"#{name}_{part}").fill(text)

    def ask(self) -> None:
        """A questionnaire of four kinds."""
        self.page.locator("summary", has_text="アンケートを付ける").click()
        kinds = ("一つを選ぶ", "いくつでも選ぶ", "文章で答える", "日付で答える")
        texts = ("希望する曜日", "持っているもの", "心配なこと", "受けたい日")
        for number, (kind, text) in enumerate(zip(kinds, texts, strict=True)):
            self.page.locator(f"#q{number}_text").fill(text)
            self.page.locator(f"#q{number}_kind").select_option(label=kind)
        self.page.locator("#q0_choices").fill("月曜日\n土曜日")
        self.page.locator("#q1_choices").fill("母子手帳\n予診票")
        for number in (1, 2):
            self.page.locator(f"label[for=q{number}_required]").click()
        self.day("deadline", "2029", "3", "31")
        self.day("collect", "2029", "4", "30")


def narrow(one: Window, name: str) -> None:
    """Nothing sticks out at 320 px (WCAG 1.4.10); with the wide ones and axe."""
    one.check(name)
    one.page.set_viewport_size(NARROW)
    inside, across = one.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert inside <= across, f"{name}: {inside} wide in a window of {across}"
    one.page.set_viewport_size({"width": 1100, "height": 900})


@pytest.mark.requirement("NOT-1", "NOT-2", "NOT-4", "NOT-6", "NOT-7", "FLD-5")
def test_by_mouse_from_the_clerk_to_the_resident_and_back(
    window: Open, world: Running, tmp_path: Path
) -> None:
    someone, clerk, one = somebody(20), Clerk(window()), window()
    one.sign_in(someone.card)
    one.click("お知らせ")
    narrow(one, "notices_empty")

    clerk.page.goto(world.systems["intermediate"] + "/notices")
    narrow(clerk.window, "sends_none")
    clerk.enter()
    narrow(clerk.window, "sends_empty")
    clerk.window.click("新しいお知らせを書く")
    narrow(clerk.window, "notice_form")
    clerk.window.press("この内容で進む")
    clerk.window.sees("事務を選んでください")
    narrow(clerk.window, "notice_form_wrong")
    clerk.enter()
    clerk.write()
    clerk.ask()
    clerk.page.locator("#person").fill(str(someone.n))
    clerk.window.type("手続の案内の名前", "予約のページ")
    clerk.window.type("手続の案内のURL", "https://example.jp/yoyaku")
    clerk.window.type("支払いのURL", "https://pay.example.jp/1")
    receipt = tmp_path / "領収書.pdf"
    receipt.write_bytes(b"%PDF-1.7\n")
    clerk.page.locator("#attachment").set_input_files(receipt)
    clerk.window.press("この内容で進む")
    clerk.window.sees("送る前の確認", "予診票を持って", "領収書.pdf", "予約のページ", "希望する曜日")
    narrow(clerk.window, "notice_review")
    clerk.window.click("書き直す")
    clerk.window.sees("添付してあるファイル", "領収書.pdf")
    narrow(clerk.window, "notice_form_again")
    clerk.window.press("この内容で進む")
    clerk.window.sees("送る前の確認", "領収書.pdf")
    clerk.window.press("送信する")
    clerk.window.sees("お知らせを受け付けました", "送信済み")
    sent = clerk.page.url

    one.open()
    one.sees("まだ見ていないお知らせ 1件")
    one.check("top_with_a_notice")
    one.click("お知らせ")
    one.sees("まだ見ていません", "まだ答えていません")
    narrow(one, "notices")
    one.click(TITLE)
    one.sees("予診票を持って", "支払いに進む", "予約のページ")
    narrow(one, "notice_with_everything")
    with one.page.expect_download() as download:
        one.click("領収書.pdf")
    assert download.value.suggested_filename == "領収書.pdf"
    one.press("回答する")
    one.sees("必ず答える設問です")
    narrow(one, "notice_wrong")
    one.tick("土曜日")
    one.tick("予診票")
    one.page.locator("#q2").fill("😀 こわがります")
    for part, text in (("year", "2028"), ("month", "4"), ("day", "1")):
        one.page.locator(f"#q3_{part}").fill(text)
    one.press("回答する")
    one.sees("回答を送りました", "😀 こわがります", "令和10年4月1日（2028年）")
    narrow(one, "notice_answered")

    clerk.page.goto(sent.partition("&done")[0])
    clerk.window.press("開封状況と回答を取り寄せる")
    clerk.window.sees("回答あり", "問1", "土曜日", "😀 こわがります", "問4", "令和10年4月1日（2028年）")
    narrow(clerk.window, "notice_send_answered")
    clerk.window.click("この送信を取り消す")
    narrow(clerk.window, "notice_cancel")
    clerk.window.press("取り消す")
    clerk.window.sees("取り消しを受け付けました")
    one.page.wait_for_timeout(1_500)
    one.click("お知らせの一覧に戻る")
    one.click(TITLE)
    one.sees("このお知らせは取り消されました")
    narrow(one, "notice_withdrawn")
    one.click("このお知らせを削除する")
    one.check("notice_delete")
    one.press("削除する")
    one.sees("お知らせを削除しました")


@pytest.mark.requirement("NOT-1", "NOT-6")
def test_many_by_a_file_in_parts(window: Open, world: Running, tmp_path: Path) -> None:
    clerk = Clerk(window())
    file = tmp_path / "宛先.csv"
    for good in (False, True):
        clerk.enter()
        clerk.write(f"まとめて送るお知らせ{good:d}")
        clerk.window.tick("まとめて送る")
        clerk.window.press("この内容で進む")
        clerk.window.sees("宛先ファイルを渡してください")
        lines = [f"{n:015d}" for n in Nation(WorldSettings().seed).residents_of(HOME)[:40_000]]
        if not good:
            lines[30_000] = "x"
            narrow(clerk.window, "notice_send_receiving")
        file.write_text("\n".join(["宛名番号", *lines]) + "\n")
        clerk.page.locator("#file").set_input_files(file)
        clerk.window.press("ファイルを渡す")
        if good:
            clerk.window.sees(f"{file.stat().st_size:,} バイトを受け取りました")
            clerk.window.press("確定して送る")
            clerk.window.sees("一括送信を確定しました")
            clerk.window.check("notice_send_sending")
            clerk.page.wait_for_timeout(4_000)
            clerk.window.sees("40,000件")
        else:
            clerk.window.sees("30002", "15桁までの数字")
            narrow(clerk.window, "notice_send_refused")
    clerk.window.click("送信の一覧に戻る")
    narrow(clerk.window, "sends")


@pytest.mark.requirement("NOT-4")
def test_by_keyboard_alone(window: Open, world: Running) -> None:
    someone, clerk, one = somebody(21), Clerk(window(scripts=False)), window(scripts=False)
    hand, clerks = Keyboard(one), Keyboard(clerk.window)
    one.sign_in(someone.card)
    clerk.enter()
    clerk.write("鍵盤だけで答えるお知らせ")
    clerk.ask()
    clerk.page.locator("#person").fill(str(someone.n))
    clerks.follow("この内容で進む")
    clerk.window.heading("送る前の確認")
    clerks.follow("書き直す")
    clerks.follow("この内容で進む")
    clerks.follow("送信する")
    clerk.window.sees("お知らせを受け付けました")

    one.page.wait_for_timeout(1_000)
    one.open()

    hand.follow("お知らせ")
    hand.follow("鍵盤だけで答えるお知らせ")
    one.heading("鍵盤だけで答えるお知らせ")
    hand.tick("月曜日")
    one.page.keyboard.press("ArrowDown")
    hand.tick("母子手帳")
    hand.fill("心配なこと", "なし")
    for part, text in (("年", "2028"), ("月", "4"), ("日", "1")):
        hand.fill(part, text)
    hand.follow("回答する")
    one.sees("回答を送りました", "土曜日", "母子手帳")
    hand.follow("このお知らせを削除する")
    hand.follow("削除する")
    one.sees("お知らせを削除しました")
