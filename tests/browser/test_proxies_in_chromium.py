"""Proxies in a real browser: two cards at one terminal, acting for somebody, changes and ends; by mouse, by keyboard, every screen looked at."""

from collections.abc import Callable

import pytest
from browser_world import NARROWEST, Resident, Running, Window, fresh_resident
from keyboard import Keyboard

pytestmark = [pytest.mark.real_client("chromium")]

Open = Callable[..., Window]


@pytest.mark.requirement("PRX-1", "PRX-2", "PRX-3", "PRX-4", "PRX-7", "FLD-1")
def test_by_mouse_from_the_two_cards_to_the_end(window: Open, world: Running) -> None:
    mother, daughter = fresh_resident(40), fresh_resident(41)
    one, other = window(), window()
    one.sign_in(mother, "みかん")
    other.sign_in(daughter, "りんご")

    one.page.get_by_role("navigation", name="メインメニュー").get_by_role("link", name="代理人").click()
    one.heading("代理人")
    one.check("proxies_empty", NARROWEST)
    one.click("代理人を登録する")
    one.heading("代理人を登録する")
    one.check("proxies_form", NARROWEST)
    one.press("内容を確かめる")
    one.sees("まかせることを1つ以上選んでください")
    one.check("proxies_form_wrong", NARROWEST)
    one.page.locator("#rights").check(force=True)
    one.tick("やりとり履歴")
    one.page.locator("#information").check(force=True)
    one.type("メモ", "入院のあいだ")
    one.press("内容を確かめる")
    one.heading("代理の内容に同意する")
    one.press("代理人のカードに進む")
    one.sees("同意するときは印を付けてください")
    one.check("proxies_agree_wrong", NARROWEST)
    one.tick("この内容で、代理人にまかせることに同意します")
    one.press("代理人のカードに進む")
    one.heading("代理人のカードで同意する")
    one.check("proxies_card", NARROWEST)
    # One's own card by mistake, then nobody's, then the daughter's.
    one.press("代理人のカードを読み取る")
    one.read_card(mother, mother.pin)
    one.back_to_the_portal()
    one.sees("ご自分のカードです")
    one.check("proxies_card_refused", NARROWEST)
    one.press("代理人のカードを読み取る")
    one.click("やめて戻る")
    one.sees("カードの読み取りをやめました")
    one.press("代理人のカードを読み取る")
    one.read_card(daughter, daughter.pin)
    one.back_to_the_portal()
    one.sees("代理人を登録しました", "りんご", "入院のあいだ")
    one.check("proxy_registered", NARROWEST)

    other.open("/proxies")
    other.check("proxies_of_a_proxy", NARROWEST)
    other.click("みかん")
    other.sees_not("入院のあいだ")
    other.press("代理人として見る")
    other.sees("代理人として「みかん」さんの画面を見ています")
    other.heading("「みかん」さんの代理")
    other.check("acting_top", NARROWEST)
    other.click("やりとり履歴")
    other.click("期間を決めて請求する")
    other.press("請求する")
    other.heading("やりとり履歴の一覧")
    other.sees("代理人が見ても消えません")
    other.check("acting_records", NARROWEST)
    other.open("/notices")
    other.sees("代理の範囲に入っていません")
    other.check("acting_not_granted", NARROWEST)

    one.open("/history?operator=proxy")
    one.sees("りんご（代理人）", "請求", "閲覧")
    one.check("history_of_a_proxy", NARROWEST)
    one.open("/proxies")
    one.click("りんご")
    one.click("範囲を変える")
    one.check("proxies_change", NARROWEST)
    one.tick("お知らせ")
    one.press("変える")
    one.sees("代理の範囲を変えました")
    other.open("/notices")
    other.heading("お知らせ")
    other.check("acting_notices", NARROWEST)

    one.click("代理を終える")
    one.check("proxies_end", NARROWEST)
    one.press("代理を終える")
    one.sees("代理を終えました", "本人が終えました")
    one.check("proxies_ended", NARROWEST)
    other.open("/records")
    other.sees("代理は終わりました")
    other.check("acting_over", NARROWEST)
    other.press("自分の画面に戻る")
    other.heading("代理人")
    other.sees_not("さんの画面を見ています")


@pytest.mark.requirement("PRX-1", "PRX-3", "PRX-7")
def test_by_keyboard_alone_and_without_scripts(window: Open, world: Running) -> None:
    owner: Resident = fresh_resident(42)
    proxy: Resident = fresh_resident(43)
    one, other = window(scripts=False), window(scripts=False)
    hand, others = Keyboard(one), Keyboard(other)
    other.sign_in(proxy, "ぶどう")
    one.sign_in(owner, "もも")

    def card(words: str, of: Resident) -> None:
        hand.follow(words)
        hand.reach("card")
        # One stop for all cards; the last one is "another's".
        one.page.keyboard.press("ArrowUp")
        hand.fill("resident", of.code)
        hand.fill("pin", of.pin)
        hand.follow("カードを読み取る")
        # Without scripts one presses on.
        one.heading("カードを読み取りました")
        hand.follow("マイナポータル")

    hand.follow("代理人")
    hand.follow("代理人を登録する")
    # The menu has the same words: first to where the form begins.
    hand.reach("rights")
    hand.tick("やりとり履歴")
    hand.follow("内容を確かめる")
    one.heading("代理の内容に同意する")
    hand.tick("agreed")
    hand.follow("代理人のカードに進む")
    card("代理人のカードを読み取る", proxy)
    one.sees("代理人を登録しました", "ぶどう")

    others.follow("代理人")
    others.follow("代理人として見る")
    other.sees("代理人として「もも」さんの画面を見ています")
    others.follow("やりとり履歴")
    other.heading("やりとり履歴")
    others.follow("自分の画面に戻る")
    others.follow("もも")
    others.follow("代理人を辞める")
    others.follow("代理人を辞める")
    other.sees("代理人を辞めました")
