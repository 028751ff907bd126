"""What the history says of each deed: with which thing it was done, and never more than its owner may know (HIS-2, PRX-7)."""

import csv

import pytest
from page_browser import Browser
from page_house import House
from proxies_browsing import acting, delegated, two
from test_pages_inquiries import ask
from test_pages_notices import RECEIPT, send
from test_pages_self_information import found

from portal.history.model import LIST_DETAIL, Line
from portal.history.tables import COLUMNS
from portal.store.store import Query
from portal.web.design import wareki
from portal.wire.moments import day_of


async def lines(browser: Browser, **asked: str) -> list[list[str]]:
    """Service, operation, operator and detail, newest first, as the file has them."""
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    await browser.get(f"/history/file?{query}")
    rows = list(csv.reader(browser.body.decode("utf-8-sig").splitlines()))[1:]
    return [row[-4:] for row in rows]


@pytest.mark.requirement("HIS-2")
async def test_notices_by_their_title_and_sender(house: House) -> None:
    browser = await house.signed_in()
    await send(house, "検診のお知らせ", attachments=(RECEIPT,))
    await browser.get("/notices")
    await browser.click("検診のお知らせ")
    address = browser.path
    await browser.get(f"{address}/attachments/0")
    await browser.get(f"{address}/file/pdf")
    await browser.get(f"{address}/delete")
    await browser.press("削除する")

    said = {(row[1], row[3]) for row in await lines(browser, service="notices")}
    notice = "「検診のお知らせ」（東京都千代田区）"
    assert said == {
        ("閲覧", notice),
        ("ダウンロード", f"{notice} 添付ファイル 領収書 1.pdf"),
        ("ダウンロード", f"{notice} PDF"),
        ("削除", notice),
    }


@pytest.mark.requirement("HIS-2")
async def test_requests_by_their_period_and_by_what_of_whom(house: House) -> None:
    browser = await house.signed_in()
    await browser.get("/records/request")
    await browser.press("請求する")
    boxes = await found(browser, name="地方税")
    await browser.press("選んだ情報を請求する", chosen=boxes[:1])
    await browser.click("地方税関係情報")

    deeds = await lines(browser, service="records")
    assert {row[1] for row in deeds} == {"請求", "閲覧"}
    today = wareki(day_of(house.world.clock.now_ms()))
    assert all(row[3].endswith(f"から{today}までの記録」") for row in deeds), deeds
    deeds = await lines(browser, service="self_information")
    assert {row[1] for row in deeds} == {"請求", "閲覧"}
    assert all(row[3].startswith("「地方税関係情報」（") for row in deeds), deeds


@pytest.mark.requirement("HIS-2")
async def test_settings_by_name_and_inquiries_by_kind(house: House) -> None:
    browser = await house.signed_in()
    await browser.get("/settings")
    await browser.press("保存する", nickname="たろう", mail1="taro@example.jp")
    await ask(browser)

    (changed,) = await lines(browser, service="account", action="change")
    assert changed[3] == "ニックネーム、メールアドレス"
    await browser.get("/history/file")
    assert "example.jp" not in browser.body.decode("utf-8-sig")
    (sent,) = await lines(browser, service="inquiries")
    today = wareki(day_of(house.world.clock.now_ms()))
    assert sent[1:] == ["送信", "本人", f"ログイン・カード（{today}に送信）"]
    await browser.get("/history")
    assert f"ログイン・カード（{today}に送信）" in browser.text


@pytest.mark.requirement("HIS-2", "PRX-7")
async def test_a_proxys_deeds_with_what_and_a_list_is_not_a_thing(house: House) -> None:
    owner, proxy = await two(house)
    await delegated(house, owner, "notices")
    await send(house, "検診のお知らせ", attachments=(RECEIPT,))
    await acting(proxy)
    await proxy.get("/notices")
    await proxy.click("検診のお知らせ")
    await proxy.get(f"{proxy.path}/attachments/0")

    said = {(row[1], row[2], row[3]) for row in await lines(owner, service="notices")}
    notice = "りんご（代理人） 「検診のお知らせ」（東京都千代田区）"
    assert said == {
        ("閲覧", "代理人", f"りんご（代理人） {LIST_DETAIL}"),
        ("閲覧", "代理人", notice),
        ("ダウンロード", "代理人", f"{notice} 添付ファイル 領収書 1.pdf"),
    }


@pytest.mark.requirement("HIS-2", "FLD-2")
async def test_what_it_was_done_with_lies_sealed(house: House) -> None:
    browser = await house.signed_in()
    await send(house, "検診のお知らせ")
    await browser.get("/notices")
    await browser.click("検診のお知らせ")

    kept = await house.store.read(Query(f"SELECT {COLUMNS} FROM history WHERE service = 'notices'", Line))
    assert kept and all(line.detail is not None for line in kept)
    assert not any("検診".encode() in (line.detail or b"") or "検診" in line.about for line in kept)
