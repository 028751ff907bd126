"""お知らせ: listed, opened, answered, deleted, in a browser without scripts (NOT-1, 4, 7, FLD-4, FLD-5)."""

from datetime import timedelta
from typing import Any

import pytest
import trio
from page_browser import Browser
from page_house import House

from portal.wire import notice_sending as sending
from portal.wire.disclosure import Attachment
from portal.wire.moments import day_of, to_jst
from portal.wire.notice_sending import NoticeSend
from portal.wire.notices import (
    GiveAnswers,
    NoticeContent,
    NoticeView,
    OpenedNotice,
    Question,
    QuestionKind,
    Questionnaire,
    ServiceLink,
)
from portal.wire.problems import Problem
from portal.wire.systems import Party, System
from sim.nation.organisations import of_municipality

VACCINATION = "JM90000000000003"
RECEIPT = Attachment("領収書 1.pdf", "application/pdf", b"%PDF-1.7\n")
ASKED = (
    Question("希望する曜日", QuestionKind.CHOICE, True, ("月曜日", "土曜日")),
    Question("持っているもの", QuestionKind.CHOICES, False, ("母子手帳", "予診票")),
    Question("心配なこと", QuestionKind.TEXT, False),
    Question("受けたい日", QuestionKind.DATE, True),
)


async def send(house: House, title: str = "予防接種のお知らせ", resident: int = 0, **more: Any) -> NoticeSend:
    """From the municipality where this resident lives; it has arrived when this returns."""
    n = house.residents[resident]
    person = house.world.facts.nation.person(n)
    now = house.world.clock.now_ms()
    whole: dict[str, Any] = {"text": "一行目\n二行目", "kept_until": day_of(now) + timedelta(days=60), **more}
    request = sending.SendNotice(
        of_municipality(person.municipality_code).code,
        f"{title}-{now}",
        VACCINATION,
        n,
        NoticeContent(title, **whole),
    )
    link = house.world.link(Party.OPERATOR, System.INTERMEDIATE)
    answer = await link.call(sending.SEND_NOTICE, request)
    assert isinstance(answer, NoticeSend), answer
    await house.world.pass_time(2)
    return answer


async def asked(house: House) -> Questionnaire:
    now = to_jst(house.world.clock.now_ms())
    return Questionnaire(ASKED, now + timedelta(days=7), now + timedelta(days=14))


async def opened(house: House, **more: Any) -> Browser:
    browser = await house.signed_in()
    await send(house, **more)
    await browser.click("お知らせ")
    await browser.click("予防接種のお知らせ")
    return browser


@pytest.mark.requirement("NOT-1", "FLD-4")
async def test_it_arrives_and_stays_after_sign_out(house: House) -> None:
    browser = await house.signed_in()
    await browser.click("お知らせ")
    assert "お知らせはまだ届いていません" in browser.text
    await send(house)
    await browser.get("/")
    assert "まだ見ていないお知らせ 1件" in browser.text
    await browser.click("お知らせ")
    assert "まだ見ていません" in browser.text
    await browser.click("予防接種のお知らせ")
    assert "一行目 二行目" in browser.text and "令和" in browser.text
    await browser.press("ログアウト")
    browser = await house.signed_in()
    await browser.click("お知らせ")
    assert "予防接種のお知らせ" in browser.text and "見ました" in browser.text
    await browser.get("/notices?unopened=1")
    assert "まだ見ていないお知らせはありません" in browser.text


@pytest.mark.requirement("FLD-5")
async def test_taken_home_as_a_file(house: House) -> None:
    browser = await house.signed_in()
    await send(house, attachments=(RECEIPT,), questionnaire=await asked(house))
    owner = await house.owner()
    (row,) = await house.portal.notices.page(owner, most=1)
    await browser.get(f"/notices/{row.number}/file/csv")
    assert browser.status == 200
    said = browser.body.decode("utf-8-sig")
    for words in ("予防接種のお知らせ", "一行目", "二行目", "領収書 1.pdf", "希望する曜日", "（回答なし）"):
        assert words in said, words
    (row,) = await house.portal.notices.page(owner, most=1)
    assert row.opened_ms is not None, "taking it home is opening it"
    await browser.get("/notices")
    await browser.click("予防接種のお知らせ")
    await browser.click("PDFで保存する")
    assert browser.body.startswith(b"%PDF-")
    for wrong in ("file/exe", "file/"):
        await browser.get(f"/notices/{row.number}/{wrong}")
        assert not browser.body.startswith(b"%PDF-")
    await browser.get("/notices/999/file/pdf")
    assert browser.status == 404


@pytest.mark.requirement("NOT-7")
async def test_what_it_carries(house: House) -> None:
    browser = await opened(
        house,
        service=ServiceLink("予約のページ", "https://example.jp/yoyaku?a=1&b=2"),
        payment_url="https://pay.example.jp/1",
        attachments=(RECEIPT,),
    )
    assert browser.page.links["予約のページ"] == "https://example.jp/yoyaku?a=1&b=2"
    assert browser.page.links["支払いに進む"] == "https://pay.example.jp/1"
    await browser.get(browser.page.links["領収書 1.pdf"])
    assert (browser.status, browser.body) == (200, RECEIPT.content)
    assert browser.header("content-type") == "application/pdf"
    assert (
        browser.header("content-disposition")
        == "attachment; filename=\"___ 1.pdf\"; filename*=UTF-8''%E9%A0%98%E5%8F%8E%E6%9B%B8%201.pdf"
    )
    assert browser.header("x-content-type-options") == "nosniff"


async def test_markup_is_text(house: House) -> None:
    text = "<script>alert(1)</script> <b>太字</b> 😀 العربية　全角"
    browser = await opened(house, text=text)
    assert " ".join(text.split()) in browser.text
    assert b"<script>alert" not in browser.body and b"<b>\xe5\xa4\xaa" not in browser.body


@pytest.mark.requirement("NOT-4")
async def test_a_questionnaire_is_answered_and_changed(house: House) -> None:
    browser = await opened(house, questionnaire=await asked(house))
    await browser.press("回答する", q2="😀 心配です", q3_year="2026", q3_month="2", q3_day="30")
    assert browser.status == 422
    assert "問1：必ず答える設問です。" in browser.text and "ない日付" in browser.text
    assert "😀 心配です" in browser.body.decode()
    await browser.press(
        "回答する", q0="土曜日", q1=["母子手帳", "予診票"], q3_year="２０２６", q3_month="6", q3_day="1"
    )
    assert "回答を送りました" in browser.text and "母子手帳、予診票" in browser.text
    assert "令和8年6月1日（2026年）" in browser.text and "2026-06-01" not in browser.text
    await browser.get(browser.path.partition("?")[0] + "/file/csv")
    assert "令和8年6月1日（2026年）" in browser.body.decode("utf-8-sig")
    await browser.get("/notices")
    await browser.click("予防接種のお知らせ")
    await browser.press("回答を直す", q0="月曜日", q1=[])
    assert "回答を送りました" in browser.text and "（回答なし）" in browser.text
    await browser.click("お知らせの一覧に戻る")
    assert "回答しました" in browser.text


@pytest.mark.requirement("NOT-4")
async def test_two_windows_do_not_overwrite_each_other(house: House) -> None:
    browser = await opened(house, questionnaire=await asked(house))
    address = browser.path
    day = [("q3_year", "2026"), ("q3_month", "6"), ("q3_day", "1")]
    form = browser.form("回答する")
    kept = [each for each in form.fields if each[0] in {"csrf", "version"}]
    assert len(kept) == 2
    await browser.post(form.action, [*kept, ("q0", "土曜日"), *day])
    assert browser.status in {200, 303}
    await browser.post(form.action, [*kept, ("q0", "月曜日"), *day])
    assert browser.status == 409
    assert "別の画面から回答が送られています" in browser.text and "今回の回答は送っていません" in browser.text
    owner = await house.owner()
    number = address.rpartition("/")[2]
    seen = await house.portal.notices.open(owner, number)
    assert isinstance(seen, OpenedNotice) and seen.answers is not None and seen.answers[0] == ("土曜日",)
    # The page of the refusal shows what stands, and from there it can be changed.
    assert "土曜日" in browser.text
    # A second press of the same answers is no second answer, and no refusal.
    await browser.post(form.action, [*kept, ("q0", "土曜日"), *day])
    assert browser.status in {200, 303}
    again = await house.portal.notices.open(owner, number)
    assert isinstance(again, OpenedNotice) and again.notice.answered_at == seen.notice.answered_at
    await browser.get(address)
    await browser.press("回答を直す", q0="月曜日")
    assert "回答を送りました" in browser.text
    # A mistake on the way does not make the window see what it did not.
    await browser.post(form.action, [*kept, ("q0", ""), *day])
    assert browser.status == 422
    await browser.press("回答を直す", q0="土曜日")
    assert browser.status == 409


@pytest.mark.requirement("NOT-4")
async def test_the_version_over_the_api_and_in_a_race(house: House) -> None:
    await opened(house, questionnaire=await asked(house))
    owner = await house.owner()
    (row,) = await house.portal.notices.page(owner, most=1)
    number = str(row.number)
    seen = await house.portal.notices.open(owner, number)
    assert isinstance(seen, OpenedNotice) and seen.version
    outcomes: list[NoticeView | Problem] = []

    async def give(weekday: str, version: str | None) -> None:
        given = ((weekday,), (), (), ("2026-06-01",))
        outcomes.append(await house.portal.answering.answer(owner, GiveAnswers(number, given, version)))

    async with trio.open_nursery() as nursery:
        for weekday in ("土曜日", "月曜日"):
            nursery.start_soon(give, weekday, seen.version)
    (refused,) = [each for each in outcomes if isinstance(each, Problem)]
    assert (len(outcomes), refused.status) == (2, 409)
    await give("月曜日", None)
    assert isinstance(outcomes[-1], NoticeView), "without a version the last one wins"


@pytest.mark.requirement("NOT-4")
async def test_after_the_deadline(house: House) -> None:
    browser = await opened(house, questionnaire=await asked(house))
    form = browser.form("回答する")
    house.world.clock.move(7 * 86_400_000)
    await house.world.pass_time(1)
    browser = await house.signed_in()
    await browser.get(form.action.removesuffix("/answer"))
    assert "回答の受付は終わりました" in browser.text
    token = browser.form("ログアウト").fields[0]
    await browser.post(
        form.action, [token, ("q0", "土曜日"), ("q3_year", "2026"), ("q3_month", "6"), ("q3_day", "1")]
    )
    assert browser.status == 422 and "回答の期限" in browser.text


@pytest.mark.requirement("FLD-5")
async def test_deleted_after_a_question(house: House) -> None:
    browser = await opened(house)
    address = browser.address
    await browser.click("このお知らせを削除する")
    assert "もとに戻せません" in browser.text
    await browser.press("削除する")
    assert "お知らせを削除しました" in browser.text and "まだ届いていません" in browser.text
    await browser.get(address)
    assert browser.status == 404 and "このお知らせはありません" in browser.text


def kept(house: House) -> tuple[int, int]:
    """How many bytes of contents, and how many attachments, the portal holds."""
    connection = house.store._connection
    (contents,) = connection.execute(
        "SELECT COALESCE(SUM(LENGTH(sealed)), 0) FROM notice_contents"
    ).fetchone()
    (files,) = connection.execute("SELECT COUNT(*) FROM notice_attachments").fetchone()
    return contents, files


@pytest.mark.requirement("FLD-5", "ACC-5")
@pytest.mark.parametrize("by", ["deletion", "closing"])
async def test_what_was_for_her_alone_goes_with_her_notice(house: House, by: str) -> None:
    browser = await opened(house, attachments=(RECEIPT,))
    contents, files = kept(house)
    assert contents > 100 and files == 1
    if by == "deletion":
        await browser.click("このお知らせを削除する")
        await browser.press("削除する")
    else:
        await browser.get("/settings/close")
        await browser.press("アカウントを閉じる")
    assert kept(house) == (0, 0)


@pytest.mark.requirement("FLD-1")
async def test_anothers_is_not_there(house: House) -> None:
    browser = await opened(house, attachments=(RECEIPT,), questionnaire=await asked(house))
    address = browser.path
    other = await house.signed_in(1, "りんご")
    for path in (address, f"{address}/attachments/0"):
        await other.get(path)
        assert other.status == 404
    token = other.form("ログアウト").fields[0]
    await other.post(f"{address}/answer", [token, ("q0", "土曜日")])
    assert other.status == 404
    for path in (f"{address}/delete", "/notices/999999/delete", "/notices/x/delete"):
        await other.get(path)
        assert other.status == 404 and "削除しますか" not in other.text
        await other.post(path, [token])
        assert other.status == 404 and "削除しました" not in other.text
    await browser.get(address)
    assert browser.status == 200
    title = browser.page.title.partition("｜")[0]
    await browser.get(f"{address}/delete")
    assert title and title in browser.text.partition("削除しますか")[2], "it is named"


@pytest.mark.requirement("NOT-4")
async def test_a_browser_that_fetches_ahead_opens_nothing(house: House) -> None:
    browser = await house.signed_in()
    await send(house)
    await browser.click("お知らせ")
    address = browser.page.links["予防接種のお知らせ"]
    await browser.get(address, sec_purpose="prefetch")
    await browser.request("HEAD", address)
    await browser.get("/")
    assert "まだ見ていないお知らせ 1件" in browser.text


@pytest.mark.parametrize(
    "path",
    [
        "/notices/x",
        "/notices/0",
        "/notices/99999999999999999999",
        "/notices/1/attachments/x",
        "/notices?before=x",
    ],
)
async def test_addresses_that_are_none(house: House, path: str) -> None:
    browser = await house.signed_in()
    await browser.get(path)
    assert browser.status == 200 and "お知らせはまだ届いていません" in browser.text


async def test_pages_by_key(house: House) -> None:
    browser = await house.signed_in()
    for number in range(25):
        await send(house, f"{number}番")
    await browser.click("お知らせ")
    assert "24番" in browser.text and "14番" not in browser.text
    await browser.click("もっと前のお知らせ")
    assert "14番" in browser.text and "5番" in browser.text and "24番" not in browser.text
    await browser.click("もっと前のお知らせ")
    assert "0番" in browser.text and "もっと前のお知らせ" not in browser.page.links
    await browser.click("新しいお知らせに戻る")
    assert "24番" in browser.text
