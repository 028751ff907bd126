"""Every outcome on its page: paper, withheld, documents, nothing held, nobody answers; files; the way from a record."""

import csv
import io
import json
from typing import Any

import pypdf
import pytest
from page_browser import Browser
from page_house import House
from test_pages_records import asked
from test_pages_self_information import found

from portal.web.cookies import SESSION_COOKIE
from portal.wire.controls import Mode
from portal.wire.deliveries import (
    DELIVER_RECORDS,
    DELIVER_SELF_INFORMATION,
    DeliveredRecords,
    DeliveredSelfInformation,
    WithoutContent,
)
from portal.wire.disclosure import (
    Attachment,
    CopyItem,
    Named,
    ProvisionRecord,
    ProvisionResult,
    SelfInformation,
)
from portal.wire.limits import ATTACHMENT_BYTES_MAX, ATTACHMENTS_SHOWN_MAX
from portal.wire.moments import day_of, to_jst
from portal.wire.operation import Done
from portal.wire.systems import System

DAY_SECONDS = 86_400


async def waiting(house: House, browser: Browser) -> str:
    """Something asked for while the servers stand still; its id."""
    await house.control(System.INTERMEDIATE, Mode.STOPPED)
    boxes = await found(browser, field="税")
    await browser.press("選んだ情報を請求する", chosen=boxes[:1])
    assert "1件は、問い合わせ中です" in browser.text
    return browser.path.rpartition("/")[2]


async def deliver(house: House, operation: Any, delivered: Any, sender: System) -> None:
    answer = await house.world.link(sender, System.PORTAL).call(operation, delivered)
    assert answer == Done(), answer


async def answer_with(house: House, browser: Browser, **more: Any) -> str:
    """An answer with these parts, delivered by hand; its id."""
    request_id = await waiting(house, browser)
    (view,) = [
        one
        for one in (await house.portal.self_information.listed(await house.owner())).requests
        if one.request_id == request_id
    ]
    day = day_of(house.world.clock.now_ms())
    content = SelfInformation(
        view.information, view.organisation, day, "0001", **{"items": (CopyItem("税額", "=1+1"),), **more}
    )
    delivered = DeliveredSelfInformation(request_id, content)
    await deliver(house, DELIVER_SELF_INFORMATION, delivered, System.INTERMEDIATE)
    return request_id


@pytest.mark.requirement("SELF-5", "SELF-9")
@pytest.mark.parametrize(
    ("why", "chip", "words"),
    [
        (WithoutContent.PAPER, "書面で請求", "書面による開示請求が必要です"),
        (WithoutContent.WITHHELD, "不開示", "情報がない、という意味ではありません"),
        (WithoutContent.NOT_HELD, "該当なし", "あてはまる情報はありませんでした"),
        (WithoutContent.UNANSWERED, "回答なし・書面で請求", "期限までに回答がありませんでした"),
    ],
)
async def test_why_there_is_no_answer(house: House, why: WithoutContent, chip: str, words: str) -> None:
    browser = await house.signed_in()
    request_id = await waiting(house, browser)
    delivered = DeliveredSelfInformation(request_id, None, "税務課の窓口へ<b>どうぞ", why)
    await deliver(house, DELIVER_SELF_INFORMATION, delivered, System.INTERMEDIATE)

    await browser.get("/self-information/folder")
    assert chip in browser.text
    await browser.click("地方税関係情報")
    assert words in browser.text and "税務課の窓口へ<b>どうぞ" in browser.text
    assert "まで利用者フォルダーに残ります" in browser.text and "PDFで保存する" not in browser.text
    if why in (WithoutContent.PAPER, WithoutContent.UNANSWERED):
        assert "書面による開示請求" in browser.text and "保有個人情報開示請求書" in browser.text
    for kind in ("csv", "pdf"):
        await browser.get(f"/self-information/folder/{request_id}/file/{kind}")
        assert browser.status == 409 and "税務課の窓口へ" in browser.text


@pytest.mark.requirement("SELF-9")
async def test_some_items_are_withheld(house: House) -> None:
    browser = await house.signed_in()
    request_id = await answer_with(house, browser, withheld_items=3)
    await browser.get(f"/self-information/folder/{request_id}")

    assert "一部の項目は不開示です" in browser.text and "ほかの3項目不開示" in browser.text
    assert "東京都千代田区の窓口に問い合わせて" in browser.text
    await browser.click("CSVで保存する")
    rows = list(csv.reader(io.StringIO(browser.body.decode("utf-8-sig"), newline="")))
    assert rows[0] == ["特定個人情報名", "情報を持っている機関", "いつの時点の情報か", "項目", "内容"]
    assert rows[1][3:] == ["税額", "'=1+1"] and rows[2][3] == "（不開示）" and rows[2][4].startswith("3項目")


@pytest.mark.requirement("SELF-8")
async def test_documents_are_handed_out_and_never_shown_as_a_page(house: House) -> None:
    browser, other = await house.signed_in(), await house.signed_in(1, "たろう")
    files = (
        Attachment("昨年の申請書.pdf", "application/pdf", b"%PDF-1.7"),
        Attachment("<script>.html", "text/html", b"<script>alert(1)</script>"),
        Attachment("大きな図面.png", "image/png", b"x" * (ATTACHMENT_BYTES_MAX + 1)),
    )
    request_id = await answer_with(house, browser, attachments=files)
    address = f"/self-information/folder/{request_id}"
    await browser.get(f"{address}/attachments/1", sec_purpose="prefetch")
    await browser.get("/")
    assert "まだ見ていない回答 1件" in browser.text
    await browser.get(address)
    assert "昨年の申請書.pdf" in browser.text and "PDF 8バイト" in browser.text
    assert "そのほかのファイル" in browser.text and "大きすぎるため" in browser.text

    await browser.get(f"{address}/attachments/1")
    assert (browser.status, browser.body) == (200, b"%PDF-1.7")
    assert browser.header("content-type") == "application/pdf"
    await browser.get(f"{address}/attachments/2")
    assert browser.header("content-type") == "application/octet-stream"
    assert (browser.header("content-disposition") or "").startswith("attachment;")
    assert browser.header("x-content-type-options") == "nosniff"
    assert "sandbox" in (browser.header("content-security-policy") or "")
    await browser.get(f"{address}/attachments/3")
    assert browser.status == 413 and "窓口" in browser.text
    for number in ("0", "4", "-1", "x", "9" * 50, "١"):
        await browser.get(f"{address}/attachments/{number}")
        assert browser.status == 404, number
    await other.get(f"{address}/attachments/1")
    assert other.status == 404 and b"%PDF" not in other.body


@pytest.mark.requirement("ACC-7", "SELF-8")
async def test_documents_stay_away_from_shared_terminals(house: House) -> None:
    browser = await house.signed_in()
    request_id = await answer_with(
        house, browser, attachments=(Attachment("申請書.pdf", "application/pdf", b"%PDF-1.7"),)
    )
    for terminal, files in (("store", 0), ("tv", 1)):
        there = house.browser()
        await there.get(f"/sign-in?terminal={terminal}")
        await there.sign_in(house.world, house.residents[0])
        await there.post(
            f"/api/self-information/requests/{request_id}/read",
            {},
            authorization=f"Bearer {there.jar['/', SESSION_COOKIE]}",
        )
        assert there.status == 200, there.body
        found = json.loads(there.body)["content"]
        assert len(found["attachments"]) == files and found["items"]


@pytest.mark.requirement("SELF-8")
async def test_more_documents_than_are_shown(house: House) -> None:
    browser = await house.signed_in()
    many = tuple(Attachment(f"{n}.txt", "text/plain", b"x") for n in range(ATTACHMENTS_SHOWN_MAX + 2))
    request_id = await answer_with(house, browser, attachments=many)
    await browser.get(f"/self-information/folder/{request_id}")

    assert "ほかに2件の書類があります" in browser.text


async def test_an_answer_of_nothing_says_so(house: House) -> None:
    browser = await house.signed_in()
    request_id = await answer_with(house, browser, items=())
    await browser.get(f"/self-information/folder/{request_id}")

    assert "あてはまる情報はありませんでした" in browser.text


@pytest.mark.requirement("REC-3", "SELF-7")
async def test_nobody_answers(house: House) -> None:
    browser = await house.signed_in()
    await house.world.stop(System.NETWORK)
    address = await asked(house, browser)
    house.world.clock.move(31 * DAY_SECONDS * 1000)
    await house.world.pass_time(120)
    browser = await house.signed_in()
    await browser.get(address)

    assert "書面による開示請求をお願いします" in browser.text and "もういちど、画面から請求" in browser.text
    await browser.get("/records")
    assert "回答なし・書面で請求" in browser.text


@pytest.mark.requirement("REC-4")
async def test_from_a_record_to_the_information(house: House) -> None:
    browser, other = await house.signed_in(), await house.signed_in(1, "たろう")
    address = await asked(house, browser)
    await browser.get(address)
    form = browser.form("この情報を見る")
    _, record = form.named["この情報を見る"]
    (answer,) = (await house.portal.records.listed(await house.owner())).requests
    wanted = await house.portal.records.record(await house.owner(), answer.request_id, record)
    assert isinstance(wanted, ProvisionRecord)

    await browser.press("この情報を見る")
    assert browser.path.startswith("/self-information/requests/") and "請求を受け付けました" in browser.text
    assert wanted.information.name in browser.text and wanted.provider.name in browser.text
    first = browser.path
    fields = [*form.fields, ("record", record)]
    await browser.post(form.action, fields)
    assert browser.path == first, "the same button pressed twice is one request"
    await browser.click("やりとり履歴に戻る")
    assert browser.path == "/records"

    token = dict(other.form("ログアウト").fields)["csrf"]
    await other.post(form.action, {"csrf": token, "record": record})
    assert other.status == 404
    await browser.post(form.action, [*form.fields, ("record", "x")])
    assert browser.status == 404 and "記録の一覧に戻る" in browser.text
    await browser.get(form.action)
    assert browser.path == address


@pytest.mark.requirement("REC-4")
async def test_a_record_of_a_kind_that_is_no_more(house: House) -> None:
    browser = await house.signed_in()
    await house.control(System.NETWORK, Mode.LATE, late_seconds=3600)
    address = await asked(house, browser)
    moment = to_jst(house.world.clock.now_ms())
    old = Named("TM88888888888888", "昔の情報")
    place = Named("0131016000000001", "東京都千代田区")
    record = ProvisionRecord("1" * 20, moment, None, place, place, old, old, old, ProvisionResult.PROVIDED)
    delivered = DeliveredRecords(address.rpartition("/")[2], (record,))
    await deliver(house, DELIVER_RECORDS, delivered, System.NETWORK)
    await browser.get(address)
    await browser.press("この情報を見る")

    assert browser.status == 422 and "「昔の情報」は、いまの情報の一覧にありません" in browser.text
    assert "東京都千代田区の窓口へ、書面で" in browser.text
    await browser.click("記録の一覧に戻る")
    assert browser.path == address


@pytest.mark.requirement("REC-4")
async def test_only_what_was_provided_has_a_button(house: House) -> None:
    browser = await house.signed_in()
    await house.control(System.NETWORK, Mode.LATE, late_seconds=3600)
    address = await asked(house, browser)
    moment = to_jst(house.world.clock.now_ms())
    place = Named("0131016000000001", "東京都千代田区")
    tax = Named("TM00000000000002", "地方税関係情報")
    results = [ProvisionResult.NOT_PROVIDED, ProvisionResult.PENDING, ProvisionResult.PROVIDED]
    records = tuple(
        ProvisionRecord(f"{n}" * 20, moment, None, place, place, tax, tax, tax, result)
        for n, result in enumerate(results, 1)
    )
    delivered = DeliveredRecords(address.rpartition("/")[2], records)
    await deliver(house, DELIVER_RECORDS, delivered, System.NETWORK)
    await browser.get(address)

    assert "不提供" in browser.text and "処理中" in browser.text
    assert browser.body.count(b'name="record"') == 1
    assert browser.form("この情報を見る").named["この情報を見る"] == ("record", "3" * 20)


@pytest.mark.requirement("REC-4")
@pytest.mark.parametrize(
    ("information", "provider", "words"),
    [
        (Named("TM88888888888888", "TM88888888888888"), None, "特定個人情報名コード（TM88888888888888）"),
        (None, Named("9" * 16, "9" * 16), f"提供機関のコード（{'9' * 16}）の機関はありません"),
    ],
)
async def test_a_record_of_a_wrong_code_is_called_so(
    house: House, information: Named | None, provider: Named | None, words: str
) -> None:
    """Not an old record, and nobody's counter would have it: the page offers no button, the operation says why not."""
    browser = await house.signed_in()
    await house.control(System.NETWORK, Mode.LATE, late_seconds=3600)
    address = await asked(house, browser)
    request_id = address.rpartition("/")[2]
    moment = to_jst(house.world.clock.now_ms())
    place, tax = Named("0131016000000001", "東京都千代田区"), Named("TM00000000000002", "地方税関係情報")
    record = ProvisionRecord(
        "1" * 20,
        moment,
        None,
        place,
        provider or place,
        tax,
        tax,
        information or tax,
        ProvisionResult.NOT_PROVIDED,
    )
    await deliver(house, DELIVER_RECORDS, DeliveredRecords(request_id, (record,)), System.NETWORK)
    await browser.get(address)
    assert "この情報を見る" not in browser.text
    token = dict(browser.form("ログアウト").fields)["csrf"]
    await browser.post(f"{address}/information", {"csrf": token, "record": "1" * 20})

    assert browser.status == 422 and words in browser.text
    assert "東京都千代田区の窓口" in browser.text
    assert "古い記録" not in browser.text and "書面" not in browser.text


@pytest.mark.requirement("FLD-5", "FLD-3")
async def test_files_of_records(house: House) -> None:
    browser, other = await house.signed_in(), await house.signed_in(1, "たろう")
    address = await asked(house, browser)
    await browser.get(f"{address}/file/csv", sec_purpose="prefetch")
    await browser.get("/")
    assert "まだ見ていない回答 1件" in browser.text
    await browser.get(f"{address}/file/pdf")
    assert browser.header("content-type") == "application/pdf"
    pages = pypdf.PdfReader(io.BytesIO(browser.body), strict=True).pages
    assert "模擬システム" in pages[0].extract_text() and "照会機関" in pages[0].extract_text()
    assert "filename*=UTF-8''%E3%82%84" in (browser.header("content-disposition") or "")
    await browser.get("/")
    assert "まだ見ていない回答" not in browser.text, "saving is reading"

    await browser.get(address)
    await browser.click("CSVで保存する")
    assert browser.header("content-type") == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(browser.body.decode("utf-8-sig"), newline="")))
    assert rows[0][:4] == ["照会日時", "提供日時", "照会機関", "提供機関"] and len(rows) > 1
    await browser.get(f"{address}/file/exe")
    assert browser.status == 404
    for kind in ("csv", "pdf"):
        await other.get(f"{address}/file/{kind}")
        assert other.status == 404 and "text/html" in (other.header("content-type") or "")


@pytest.mark.requirement("SELF-4")
async def test_narrowing_by_organisation(house: House) -> None:
    browser = await house.signed_in()
    assert len(await found(browser, name="地方税")) == 2
    await browser.press("しぼりこむ", municipality="横浜")
    boxes = [value for form in browser.page.forms for name, value in form.boxes if name == "chosen"]
    assert len(boxes) == 1 and "横浜市" in browser.text and "東京都千代田区" not in browser.text
    await browser.press("しぼりこむ", municipality="")
    assert "東京都千代田区" in browser.text
