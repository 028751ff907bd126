"""The first chain in a real browser, with and without scripts: sign-in, records, self-information, sign-out."""

from collections.abc import Callable, Iterator

import pytest
from browser_world import Running, Window
from playwright.sync_api import expect

pytestmark = [pytest.mark.real_client("chromium")]

Open = Callable[..., Window]


@pytest.fixture(autouse=True)
def as_usual(world: Running) -> Iterator[None]:
    """Whatever a test did to the simulators is undone."""
    yield
    for system in ("network", "intermediate"):
        world.control(system, "normal")


@pytest.mark.requirement("ACC-1", "ACC-2", "ACC-3", "REC-1", "REC-2", "SELF-1", "SELF-2", "SELF-3", "FLD-3")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no_scripts"])
def test_a_resident_sees_who_looked_at_her_data(window: Open, world: Running, scripts: bool) -> None:
    one = window(scripts=scripts)
    resident = world.residents[0 if scripts else 1]

    one.open()
    one.heading("ログイン")
    one.press("マイナンバーカードでログイン")
    one.read_card(resident, resident.wrong_pin)
    one.sees("暗証番号が違います", "あと2回")
    one.read_card(resident, resident.pin)
    one.back_to_the_portal()
    one.heading("はじめての登録")
    one.press("登録する")
    one.sees("ニックネームを入力してください")
    one.type("ニックネーム", "はなこ")
    one.press("登録する")
    one.sees("アカウントと利用者フォルダーを作りました", "はなこ さん")

    one.click("やりとり履歴")
    one.click("期間を決めて請求する")
    one.click("最近1年")
    one.press("請求する")
    one.heading("やりとり履歴の一覧")
    one.sees("照会機関", "提供")
    records = one.page.url

    one.click("あなたの情報")
    one.type("情報の名前", "地方税")
    one.press("名前から探す")
    one.heading("請求する情報を選ぶ")
    one.tick_all(1)
    one.press("選んだ情報を請求する")
    one.sees("すべての請求の結果が出ました")
    one.click("地方税関係情報")
    one.sees("いつの時点の情報か")

    one.click("あなたの情報")
    one.choose("分野", "税")
    one.press("分野から探す")
    one.press("選んだ情報を請求する")
    one.sees("請求する情報を1つ以上選んでください")
    one.tick_all()
    one.press("選んだ情報を請求する")
    one.sees("すべての請求の結果が出ました")

    one.press("ログアウト")
    one.heading("ログアウトしました")
    one.sees("消えたやりとり履歴", "1件", "消えたあなたの情報")
    one.page.go_back()
    one.sees_not("はなこ さん", "地方税関係情報")
    one.heading("ログイン")

    one.sign_in(resident)
    one.sees("まだ見ていない回答")
    one.page.goto(records)
    one.heading("見つかりません")


@pytest.mark.requirement("REC-3", "ACC-6")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no_scripts"])
def test_the_records_come_later_and_a_mail_says_so(window: Open, world: Running, scripts: bool) -> None:
    one = window(scripts=scripts)
    mail = f"late-{scripts}@example.jp".lower()
    one.sign_in(world.residents[2 if scripts else 3], mail=mail)
    world.control("network", "late", 2)
    one.click("やりとり履歴")
    one.click("期間を決めて請求する")
    one.sees("登録されたメールアドレスにお知らせします")
    one.press("請求する")
    one.heading("すぐに回答できません")

    if scripts:
        expect(one.page.get_by_role("heading", name="回答が届きました")).to_be_visible(timeout=20_000)
        one.click("記録を見る")
    else:
        _until(one, lambda: one.click("もういちど確かめる"), "やりとり履歴の一覧")
    one.heading("やりとり履歴の一覧")

    one.page.goto(world.systems["mailbox"])
    _until(one, one.page.reload, mail)
    one.page.get_by_role("link", name="回答").first.click()
    one.sees(mail)
    one.sees_not("照会機関")


@pytest.mark.requirement("SELF-6")
def test_a_stopped_intermediate_server_answers_when_it_is_back(window: Open, world: Running) -> None:
    one = window()
    one.sign_in(world.residents[4])
    world.control("intermediate", "stopped")
    one.click("あなたの情報")
    one.choose("分野", "税")
    one.press("分野から探す")
    one.tick_all(1)
    one.press("選んだ情報を請求する")
    one.sees("1件は、問い合わせ中です")

    world.control("intermediate", "normal")
    expect(one.page.get_by_text("すべての請求の結果が出ました")).to_be_visible(timeout=30_000)
    one.click("地方税関係情報")
    one.sees("いつの時点の情報か")


def _until(one: Window, again: Callable[[], object], words: str) -> None:
    for _ in range(60):
        if words in one.page.locator("body").inner_text():
            return
        one.page.wait_for_timeout(250)
        again()
    raise AssertionError(f"{words} did not come: {one.page.locator('body').inner_text()}")
