"""Outcomes, files and the folder in a real browser: one way by mouse, one by keyboard alone, every new screen with axe."""

import csv
import io
from collections.abc import Callable, Iterator

import pypdf
import pytest
from browser_world import NARROWEST, Running, Window, fresh_person, fresh_resident
from keyboard import Keyboard
from playwright.sync_api import expect

from portal.wire.intermediate_keeping import (
    CONFIGURE,
    REGISTER_DOCUMENT,
    WITHHOLD,
    Configure,
    RegisterDocument,
    Withhold,
)
from sim.nation.holdings import RESIDENCE
from sim.nation.organisations import of_municipality

pytestmark = [pytest.mark.real_client("chromium")]

Open = Callable[..., Window]
HOLDER = of_municipality("141003").code
DOCUMENT = b"%PDF-1.7\nthe application form of last year"


@pytest.fixture
def holder(world: Running) -> Iterator[None]:
    """Whatever was set of the organisation is undone."""
    yield
    world.ask(CONFIGURE, Configure(HOLDER))


def residence(one: Window, *, most: int = 1) -> None:
    """Ask for what stands in the resident register."""
    one.click("あなたの情報")
    one.type("情報の名前", "住民票")
    one.press("名前から探す")
    one.tick_all(most)
    one.press("選んだ情報を請求する")


@pytest.mark.requirement("SELF-8", "SELF-9", "FLD-5")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no_scripts"])
def test_by_mouse_a_withheld_item_a_document_and_files(
    window: Open, world: Running, holder: None, scripts: bool
) -> None:
    number = 10 if scripts else 11
    person = fresh_person(number)
    world.ask(WITHHOLD, Withhold(HOLDER, person.n, RESIDENCE, items=("世帯主との続柄",)))
    world.ask(
        REGISTER_DOCUMENT,
        RegisterDocument(HOLDER, person.n, RESIDENCE, "昨年の申請書.pdf", "application/pdf", DOCUMENT),
    )
    one = window(scripts=scripts)
    one.sign_in(fresh_resident(number))
    residence(one)
    one.sees("すべての請求の結果が出ました")
    one.click("住民票関係情報")
    one.sees("一部の項目は不開示です", "関連書類", "昨年の申請書.pdf")
    item = one.page.url
    with one.page.expect_download() as saved:
        one.click("昨年の申請書.pdf")
    assert saved.value.path().read_bytes() == DOCUMENT
    with one.page.expect_download() as saved:
        one.click("PDFで保存する")
    assert saved.value.suggested_filename.startswith("住民票関係情報_") and one.page.url == item
    text = "".join(page.extract_text() for page in pypdf.PdfReader(saved.value.path(), strict=True).pages)
    assert "模擬システム" in text and "不開示" in text
    with one.page.expect_download() as saved:
        one.click("CSVで保存する")
    rows = list(csv.reader(io.StringIO(saved.value.path().read_text("utf-8-sig"), newline="")))
    assert len(rows) > 2 and rows[-1][-2] == "（不開示）"

    one.click("利用者フォルダー")
    one.sees("ログアウトすると消えます")
    one.click("削除する")
    one.heading("利用者フォルダーから削除しますか")
    one.press("削除する")
    one.sees("利用者フォルダーから削除しました", "利用者フォルダーは空です")
    one.page.goto(item)
    one.heading("見つかりません")


@pytest.mark.requirement("REC-4", "FLD-5")
def test_by_keyboard_from_a_record_to_the_information(window: Open, world: Running) -> None:
    one = window()
    one.sign_in(fresh_resident(12))
    hand = Keyboard(one)
    one.open("/records/request?months=84")
    hand.enter("請求する")
    one.heading("やりとり履歴の一覧")
    hand.enter("この情報を見る")
    one.heading("請求を受け付けました")
    expect(one.page.locator("#parts .list-title").first).to_be_visible()
    hand.enter("利用者フォルダー")
    one.heading("利用者フォルダー")
    hand.enter("削除する")
    one.heading("利用者フォルダーから削除しますか")
    hand.enter("削除する")
    one.sees("利用者フォルダーから削除しました")


def test_new_screens(window: Open, world: Running, holder: None) -> None:
    person = fresh_person(13)
    one = window()
    one.sign_in(fresh_resident(13))
    one.click("利用者フォルダー")
    one.check("folder_all_empty", NARROWEST)
    one.open("/records/request?months=84")
    one.press("請求する")
    one.check("record_list_with_buttons", NARROWEST)

    world.ask(WITHHOLD, Withhold(HOLDER, person.n, RESIDENCE, items=("世帯主との続柄",)))
    for name, kind, size in (
        ("昨年の申請書.pdf", "application/pdf", 4_000),
        ("とても長い名前の添付書類についての説明とその控え（第三号様式）.html", "text/html", 300_000),
    ):
        world.ask(REGISTER_DOCUMENT, RegisterDocument(HOLDER, person.n, RESIDENCE, name, kind, b"x" * size))
    residence(one)
    one.click("住民票関係情報")
    one.sees("一部の項目は不開示です")
    one.check("item_withheld_parts", NARROWEST)
    world.ask(WITHHOLD, Withhold(HOLDER, person.n, RESIDENCE, everything=True))
    residence(one)
    one.sees("すべての請求の結果が出ました")
    one.click("住民票関係情報")
    one.heading("住民票関係情報")
    one.sees("この情報は不開示です")
    one.check("item_withheld", NARROWEST)
    world.ask(CONFIGURE, Configure(HOLDER, electronic=False))
    residence(one)
    one.sees("すべての請求の結果が出ました")
    one.click("住民票関係情報")
    one.sees("書面による開示請求が必要です")
    one.check("item_paper", NARROWEST)
    world.control("intermediate", "stopped")
    try:
        residence(one)
        one.sees("問い合わせ中です")
        one.open("/folder")
        one.check("folder_all", NARROWEST)
        one.click("取り下げる")
        one.heading("この請求を取り下げますか")
        one.check("folder_withdraw", NARROWEST)
    finally:
        world.control("intermediate", "normal")
    one.open("/folder")
    one.click("削除する")
    one.check("folder_delete", NARROWEST)
    one.open("/folder/aaaaaaaaaaaaaaaaaaaaaaaa/delete")
    one.check("folder_gone", NARROWEST)
    one.open("/self-information/results?by=name&name=情報&municipality=横浜")
    one.check("results_narrowed", NARROWEST)
