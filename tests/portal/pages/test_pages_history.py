"""The history on screen (HIS-1, 2, 3; FLD-1)."""

from datetime import timedelta

import pytest
from page_house import House

from portal.history.model import LINES_OF_PAGE_MAX
from portal.wire.limits import SESSION_IDLE_SECONDS


@pytest.mark.requirement("HIS-2")
async def test_what_was_done_is_there_newest_first(house: House) -> None:
    browser = await house.signed_in()
    await browser.get("/records/request")
    await browser.press("請求する", follow=False)
    await house.world.pass_time(1)
    await browser.get(browser.header("location") or "")
    await house.world.pass_time(1)
    await browser.get("/settings")
    await browser.press("保存する", nickname="たろう")
    await browser.click("操作履歴")

    rows = [row for row in ("変更", "閲覧", "請求", "利用者登録", "ログイン") if row in browser.text]
    assert rows == ["変更", "閲覧", "請求", "利用者登録", "ログイン"]
    table = browser.text[browser.text.index("操作の記録（新しい順）") :]
    places = [
        table.index(words) for words in ("アカウント設定 変更", "やりとり履歴 閲覧", "やりとり履歴 請求")
    ]
    assert places == sorted(places)
    assert "本人" in table
    assert "ログイン・ログアウト ログイン 本人 パソコン" in table, "the first one too"
    assert "令和" in table and "（2026年）" in table

    await browser.press("ログアウト")
    await browser.sign_in(house.world, house.residents[0])
    await browser.get("/history")
    assert "ログイン・ログアウト ログアウト 本人" in browser.text
    assert "ログイン・ログアウト ログイン 本人 パソコン" in browser.text


@pytest.mark.requirement("HIS-1")
async def test_it_is_searched_by_day_service_action_and_operator(house: House) -> None:
    browser = await house.signed_in()
    await browser.get("/records/request")
    await browser.press("請求する")
    await browser.get("/history")
    await browser.press("探す", service="records")
    assert "やりとり履歴 請求" in browser.text and "アカウント設定 利用者登録" not in browser.text
    await browser.press("探す", service="records", action="view")
    assert "やりとり履歴 閲覧" in browser.text and "やりとり履歴 請求" not in browser.text
    await browser.press("探す", operator="proxy", service="", action="")
    assert "あてはまる操作の記録はありません" in browser.text

    await browser.get("/history?first_day_year=2026&first_day_month=2&first_day_day=30")
    assert browser.status == 422 and "ない日付" in browser.text and "はじめの日" in browser.text
    await browser.get(
        "/history?first_day_year=2026&first_day_month=2&first_day_day=2"
        "&last_day_year=2026&last_day_month=2&last_day_day=1"
    )
    assert browser.status == 422 and "終わりの日は" in browser.text
    await browser.get("/history?last_day_year=2020&last_day_month=1&last_day_day=1")
    assert "あてはまる操作の記録はありません" in browser.text


@pytest.mark.requirement("HIS-2", "HIS-3")
async def test_time_signs_out_and_time_forgets(house: House) -> None:
    browser = await house.signed_in()
    await house.world.pass_time(SESSION_IDLE_SECONDS + 1200)
    await browser.sign_in(house.world, house.residents[0])
    await browser.get("/history")
    assert "時間によるログアウト" in browser.text and "利用者登録" in browser.text

    house.world.clock.move(int(timedelta(days=480).total_seconds() * 1000))
    await house.world.pass_time(1200)
    await browser.sign_in(house.world, house.residents[0])
    await browser.get("/history")
    assert "アカウント設定 利用者登録" not in browser.text and "ログイン・ログアウト ログイン" in browser.text


@pytest.mark.requirement("HIS-1", "FLD-1")
async def test_lines_are_paged_and_are_nobody_elses(house: House) -> None:
    browser, other = await house.signed_in(), await house.signed_in(1, "たろう")
    for number in range(LINES_OF_PAGE_MAX + 3):
        await house.world.pass_time(0.01)
        await browser.get("/settings")
        await browser.press("保存する", nickname=f"はなこ{number}")
    await browser.get("/history?service=account")
    first = browser.text.count("アカウント設定 変更")
    await browser.click("これより前の記録を見る")
    second = browser.text.count("アカウント設定 変更")

    assert (first, second) == (LINES_OF_PAGE_MAX, 3)
    assert "アカウント設定 利用者登録" in browser.text and "これより前の記録を見る" not in browser.text
    await other.get("/history")
    assert "アカウント設定 変更" not in other.text and "アカウント設定 利用者登録" in other.text


@pytest.mark.parametrize(
    "query", ["before=x", "before=1/2/3/4", "before=" + "9" * 300, "service=spam&action=%00"]
)
async def test_an_address_that_nobody_has_written(house: House, query: str) -> None:
    browser = await house.signed_in()
    await browser.get(f"/history?{query}")
    assert browser.status == 200


@pytest.mark.requirement("HIS-1")
async def test_the_lines_as_a_file(house: House) -> None:
    browser = await house.signed_in()
    await browser.get("/history?service=account")
    await browser.click("CSVで保存する")
    lines = browser.body.decode("utf-8-sig").splitlines()
    assert (browser.header("content-type") or "").startswith("text/csv")
    assert "filename*=UTF-8''" in (browser.header("content-disposition") or "")
    assert "日時" in lines[0] and len(lines) == 2 and "利用者登録" in lines[1]

    await browser.get("/history/file?first_day_year=x")
    assert browser.path == "/history" and browser.status == 422
