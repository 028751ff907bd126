"""The vaccination campaign followed in a real browser: the municipality's steps, and what a resident sees of them (USE-1)."""

from collections.abc import Callable

import pytest
from browser_world import NARROWEST, Resident, Running, Window
from playwright.sync_api import expect

pytestmark = [pytest.mark.real_client("chromium")]

Open = Callable[..., Window]


def followed(town: Window) -> list[Resident]:
    """The residents whom the page names, with their PINs."""
    rows = town.page.locator("table tbody tr").all()
    cells = [[cell.inner_text().strip() for cell in row.locator("th, td").all()] for row in rows]
    return [Resident(code, pin) for code, pin, _ in cells]


def registered(window: Open, resident: Resident, nickname: str) -> Window:
    one = window()
    one.sign_in(resident, nickname)
    return one


@pytest.mark.requirement("USE-1")
def test_followed_step_by_step(window: Open, world: Running) -> None:
    town = window()
    town.page.goto(world.systems["front"])
    town.click("予防接種をたどる")
    town.heading("予防接種をたどる")
    town.check("vaccination_planned", NARROWEST)
    town.press("対象者を選ぶ")
    town.sees("対象者を選びました", "フォルダーなし")
    town.press("全員に紙で知らせる")
    town.sees("全員に紙で知らせました", "ポータルには何も届いていません")
    town.check("vaccination_on_paper", NARROWEST)
    town.page.locator("summary", has_text="はじめからやり直す").click()
    town.press("はじめからやり直す")
    town.press("対象者を選ぶ")

    early, late, _ = followed(town)
    one, other = registered(window, early, "はやい"), registered(window, late, "おそい")
    town.page.goto(world.systems["front"] + "/vaccination")
    for _ in range(40):
        town.press("フォルダーを確かめなおす")
        if town.page.locator("table .status", has_text="フォルダーあり").count() == 2:
            break
        town.page.wait_for_timeout(250)
    town.press("お知らせを送る")
    expect(town.page.locator("#progress")).to_contain_text("2件のうち2件が届き", timeout=20_000)
    town.check("vaccination_told", NARROWEST)
    one.click("お知らせ")
    one.click("予防接種のお知らせ")
    one.sees("高齢者肺炎球菌の予防接種の対象です")

    town.press("接種が行われ、請求が届く")
    town.sees("接種を受けました")
    town.check("vaccination_claimed", NARROWEST)
    one.open("/self-information/results?by=name&name=予防接種&municipality=丹波山")
    one.tick_all(1)
    one.press("選んだ情報を請求する")
    one.sees("すべての請求の結果が出ました")
    one.click("予防接種")
    one.sees("高齢者肺炎球菌")

    town.press("まだの人に、もういちど知らせる")
    expect(town.page.locator("#progress")).to_contain_text("1件のうち1件が届き", timeout=20_000)
    other.open("/notices")
    other.sees("予防接種がまだの方へ")
    one.open("/notices")
    one.sees_not("予防接種がまだの方へ")
    town.press("残りの人も接種を受ける")
    town.sees("全員の接種が終わりました")
    town.check("vaccination_closed", NARROWEST)
    town.page.locator("summary", has_text="はじめからやり直す").click()
    town.press("はじめからやり直す")
    town.sees("対象者を選ぶ")
