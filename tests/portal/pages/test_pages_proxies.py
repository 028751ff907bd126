"""代理人: registered with two cards, changed, ended, and acted as, in a browser without scripts (PRX-1…7)."""

import itertools
from typing import Any

import pytest
from page_house import House
from proxies_browsing import acting, delegated, filled, read_card, two
from test_pages_notices import send

from portal.proxies.permitted import PERMITTED, PERMITTED_PAGES
from portal.web.addresses import PAGES
from portal.wire.controls import Mode
from portal.wire.proxies import Right
from portal.wire.systems import System

DAY_SECONDS = 86_400
RIGHTS = ("records", "self_information", "notices")
WITHOUT_A_FOLDER = {
    "sign_in", "sign_in.complete", "first_time", "sign_out", "signed_out", "closed", "faq",
    "desk", "desk.sign_in", "desk.sign_out", "desk.one", "desk.actions",
}  # fmt: skip
"""Pages that show nobody's folder."""
OF_ONESELF = {"proxies.act", "proxies.stop"}
"""What one does in one's own name also while one acts for somebody."""


@pytest.mark.requirement("PRX-1", "PRX-3", "PRX-4")
async def test_the_whole_way(house: House) -> None:
    owner, proxy = await two(house)
    await owner.click("代理人")
    assert "代理人はいません" in owner.text and "あなたが代理する方はいません" in owner.text
    await owner.click("代理人を登録する")
    await owner.press("内容を確かめる", rights=[])
    assert owner.status == 422 and "まかせることを1つ以上選んでください" in owner.text
    await owner.press("内容を確かめる", rights=["self_information"], memo="入院のあいだ<b>\nよろしく")
    assert owner.status == 422 and "見てよい特定個人情報を1つ以上" in owner.text
    assert "入院のあいだ&lt;b&gt;" in owner.body.decode()
    boxes = [value for name, value in owner.form("内容を確かめる").boxes if name == "information"]
    await owner.press(
        "内容を確かめる", rights=["self_information", "records"], information=boxes[:2], mail=["1"]
    )
    assert owner.path == "/proxies/new/agreement"
    await owner.press("代理人のカードに進む")
    assert owner.status == 422 and "同意するときは印を付けてください" in owner.text
    await owner.press("代理人のカードに進む", agreed=["1"])
    assert owner.path == "/proxies/new/card"
    assert "代理人になる方" in owner.text and "入院のあいだ" not in owner.text, "the memo is the owner's"
    await read_card(house, owner, 1)
    assert "代理人を登録しました" in owner.text and "りんご" in owner.text and "入院のあいだ" in owner.text

    await acting(proxy)
    assert set(proxy.page.links) >= {"あなたの情報", "やりとり履歴"}
    assert not {"お知らせ", "利用者フォルダー", "操作履歴", "アカウント設定", "代理人"} & set(
        proxy.page.links
    )
    assert "りんご さん" in proxy.text, "one sees who one is"
    await proxy.press("自分の画面に戻る")
    assert proxy.path == "/proxies" and "画面を見ています" not in proxy.text
    await proxy.click("みかん")
    assert "入院のあいだ" not in proxy.text
    await owner.get("/history?service=proxies")
    assert "りんご（代理人）" in owner.text
    await owner.get("/history/file?operator=proxy")
    assert "りんご（代理人）" in owner.body.decode("utf-8-sig")


@pytest.mark.requirement("PRX-3", "PRX-4", "PRX-7", "FLD-1")
async def test_every_page_with_every_subset_of_rights(house: House) -> None:
    owner, proxy = await two(house)
    await send(house)
    await owner.get("/records/request")
    await owner.press("請求する")
    request_id = owner.path.removeprefix("/records/")
    granted = await delegated(house, owner, "records")
    values = {
        "request_id": request_id, "item_id": request_id, "notice_id": "1", "kind": "csv", "place": "0",
        "number": "0", "delegation_id": granted.removeprefix("/proxies/"), "inquiry_id": "x",
    }  # fmt: skip
    pages = {name: rule.format(**values) for name, rule in PAGES.items() if name not in WITHOUT_A_FOLDER}
    for count in range(1, 4):
        for rights in itertools.combinations(RIGHTS, count):
            await owner.get(f"{granted}/change")
            ticks = [value for name, value in owner.form("変える").boxes if name == "information"]
            given = ticks[:1] if "self_information" in rights else []
            await owner.press("変える", rights=list(rights), information=given)
            await acting(proxy)
            # The banner's button has this session's token on every page.
            token = proxy.form("自分の画面に戻る").fields[0]
            for name, address in pages.items():
                if name in OF_ONESELF:
                    continue
                for method in ("GET", "POST"):
                    which = (method, name)
                    if method == "GET":
                        await proxy.get(address, follow=False)
                    else:
                        await proxy.post(address, [token], follow=False)
                    if name == "proxies.complete":
                        # The reader's: a GET leads to a page that is refused.
                        assert proxy.status == (303 if method == "GET" else 403), (which, rights)
                        continue
                    operations = PERMITTED_PAGES.get(which)
                    needs = (
                        None if operations is None
                        else frozenset[Right]().union(*(PERMITTED[each].needs for each in operations))
                    )  # fmt: skip
                    if needs is None or not needs <= set(map(Right, rights)):
                        assert proxy.status in (403, 405), (which, rights, proxy)
                        assert b"\xe5\x9b\x9b\xe7\xa8\xae" not in proxy.body
                    else:
                        assert proxy.status != 403, (which, rights, proxy)
            await proxy.get("/")
            await proxy.press("自分の画面に戻る")


async def test_every_page_that_is_permitted_is_one() -> None:
    assert {name for _, name in PERMITTED_PAGES} <= set(PAGES)
    assert all(operation in PERMITTED for each in PERMITTED_PAGES.values() for operation in each)


@pytest.mark.requirement("PRX-7")
async def test_what_was_not_ticked_is_not_even_counted(house: House) -> None:
    owner, proxy = await two(house)
    await owner.get("/self-information/results?by=name&name=税")
    boxes = [value for name, value in owner.form("選んだ情報を請求する").boxes if name == "chosen"]
    await owner.press("選んだ情報を請求する", chosen=boxes[:1])
    await owner.get("/self-information")
    assert "まだ見ていない情報 1件" in owner.text or "問い合わせ中 1件" in owner.text
    code = boxes[0].split(".")[0]
    await owner.get("/proxies/new")
    every = [value for name, value in owner.form("内容を確かめる").boxes if name == "information"]
    others = [each for each in every if each != code]
    await delegated(house, owner, "self_information", information=others)
    await acting(proxy)
    await proxy.get("/self-information")
    assert "1件" not in proxy.text
    await proxy.get("/self-information/folder")
    assert "届いた情報はまだありません" in proxy.text or code not in proxy.text


@pytest.mark.requirement("PRX-7", "FLD-3")
async def test_what_a_proxy_opens_stays_the_owners(house: House) -> None:
    owner, proxy = await two(house)
    await send(house)
    await delegated(house, owner, "notices")
    await acting(proxy)
    await proxy.click("お知らせ")
    await proxy.click("予防接種のお知らせ")
    assert "一行目" in proxy.text and "削除" not in proxy.text
    await owner.get("/")
    assert "まだ見ていないお知らせ 1件" in owner.text
    await owner.get("/history?operator=proxy")
    assert "りんご（代理人）" in owner.text and "閲覧" in owner.text
    await proxy.get("/notices/1/delete")
    assert proxy.status == 403 and "代理人としてはできません" in proxy.text


@pytest.mark.requirement("PRX-3")
@pytest.mark.parametrize("by", ["owner", "proxy", "closing"])
async def test_it_ends_while_the_proxy_looks(house: House, by: str) -> None:
    owner, proxy = await two(house)
    address = await delegated(house, owner, "records")
    await acting(proxy)
    if by == "owner":
        await owner.get(f"{address}/end")
        assert "代理を終えますか" in owner.text
        await owner.press("代理を終える")
        assert "代理を終えました" in owner.text and "本人が終えました" in owner.text
    elif by == "proxy":
        window = await house.signed_in(1)
        await window.get(f"{address}/withdrawal")
        await window.press("代理人を辞める")
        assert "代理人を辞めました" in window.text
    else:
        await owner.get("/settings/close")
        await owner.press("アカウントを閉じる")
    await proxy.get("/records")
    assert proxy.status == 403 and "代理は終わりました" in proxy.text
    assert "やりとり履歴" not in proxy.page.links
    await proxy.press("自分の画面に戻る")
    assert proxy.status == 200
    await proxy.get("/records")
    assert proxy.status == 200 and "画面を見ています" not in proxy.text
    await proxy.get(address)
    if by == "closing":
        assert proxy.status == 404
    else:
        assert "代理人として見る" not in proxy.text and "辞める" not in proxy.page.links
    # Nothing left to change, to end or to give up.
    for end in ("change", "end", "withdrawal"):
        for browser in (owner, proxy) if by != "closing" else (proxy,):
            await browser.get(f"{address}/{end}")
            assert browser.path == address


@pytest.mark.requirement("PRX-5")
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"end_year": "2099"}, "登録の日から2年まで"),
        ({"end_year": "2020"}, "始まりの日と同じか後"),
        ({"start_year": "2020"}, "今日か、今日より後"),
        ({"start_year": ""}, "すべて入れてください"),
        ({"start_month": "13"}, "ない日付"),
        ({"memo": "あ" * 501}, "500文字まで"),
        ({"memo": "\u202eさかさま"}, "使えない文字"),
        ({"warn_days": ""}, "知らせる時期を選んで"),
        ({"information": ["x"]}, "一覧にある情報"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(house: House, typed: dict[str, Any], said: str) -> None:
    owner = await house.signed_in(0, "みかん")
    await owner.get("/proxies/new")
    await owner.press("内容を確かめる", **{"rights": ["notices"], **typed})
    assert owner.status == 422 and said in owner.text and owner.page.title.startswith("エラー")


@pytest.mark.requirement("PRX-3", "PRX-4")
async def test_changes_hold_at_once(house: House) -> None:
    owner, proxy = await two(house)
    address = await delegated(house, owner, "records", memo="はじめ")
    await acting(proxy)
    await owner.click("範囲を変える")
    assert "はじめ" in owner.body.decode()
    await owner.press("変える", rights=["notices"], end_year="2099")
    assert owner.status == 422 and "登録しなおしてください" in owner.text
    await owner.get(f"{address}/change")
    await owner.press("変える", rights=["notices"])
    assert "代理の範囲を変えました" in owner.text
    await proxy.get("/records")
    assert proxy.status == 403 and "代理の範囲に入っていません" in proxy.text
    await proxy.get("/notices")
    assert proxy.status == 200


@pytest.mark.requirement("PRX-6")
async def test_both_are_warned_when_it_ends_soon(house: House) -> None:
    owner, _ = await two(house)
    await filled(owner, "notices", warn_days="7")
    await read_card(house, owner, 1)
    await owner.get("/")
    assert "もうすぐ終わります" not in owner.text
    house.world.clock.move(360 * DAY_SECONDS * 1000)
    await house.world.pass_time(1)
    for resident in (0, 1):
        browser = await house.signed_in(resident)
        assert "代理がもうすぐ終わります" in browser.text
        await browser.get("/proxies")
        assert "もうすぐ終わります" in browser.text
    await acting(browser)
    assert "で終わります" in browser.text
    house.world.clock.move(10 * DAY_SECONDS * 1000)
    await house.world.pass_time(DAY_SECONDS)
    browser = await house.signed_in(1)
    await browser.get("/proxies")
    assert "期間が終わりました" in browser.text and "代理人として見る" not in browser.text


async def test_the_network_is_silent(house: House) -> None:
    owner = await house.signed_in(0, "みかん")
    await house.control(System.NETWORK, Mode.STOPPED)
    await owner.get("/proxies/new")
    assert owner.status in (502, 503) and "代理人の一覧に戻る" in owner.page.links


@pytest.mark.requirement("PRX-4")
async def test_two_windows_change_it(house: House) -> None:
    owner, _ = await two(house)
    address = await delegated(house, owner, "records")
    window = owner.window()
    for each in (owner, window):
        await each.get(f"{address}/change")
    await owner.press("変える", rights=["notices"])
    assert "代理の範囲を変えました" in owner.text
    # Also after a mistake the form still says what it was made from.
    await window.press("変える", rights=[])
    assert window.status == 422
    await window.press("変える", rights=["records"])
    assert window.status == 409 and "ほかの画面で変えられました" in window.text
    await window.click("代理の内容に戻る")
    assert "まかせることお知らせ" in window.text.replace(" ", "")
