"""One list of everything in the folder: found, opened, deleted, page by page; on the page and by the API (FLD-3, 4, 5)."""

from datetime import timedelta
from typing import Any

import pytest
from page_browser import Browser
from page_house import House
from test_pages_notices import asked as questionnaire
from test_pages_notices import send
from test_pages_records import asked

from portal.accounts.model import OpenedAccount
from portal.notices import tables as notices_tables
from portal.notices.model import NoticeRow
from portal.wire.inbox import InboxItem, InboxItems, InboxKind, InboxState, ListInbox
from portal.wire.inquiries import InquiryKind, SendInquiry
from portal.wire.limits import INBOX_SEARCHED_MAX
from portal.wire.moments import day_of
from portal.wire.problems import Problem


async def filled(house: House) -> tuple[Browser, OpenedAccount]:
    """A folder with one of each, a second apart."""
    browser = await house.signed_in()
    owner = await house.owner()
    await asked(house, browser)
    await browser.get("/folder")
    await house.world.pass_time(1)
    await send(house, "予防接種のお知らせ")
    await send(house, "面談の日程", questionnaire=await questionnaire(house))
    sent = await house.portal.inquiries.send(owner, SendInquiry(InquiryKind.NOTICES, "いつ届きますか"))
    assert not isinstance(sent, Problem)
    await house.world.pass_time(1)
    return browser, owner


async def listed(house: House, owner: OpenedAccount, **wanted: Any) -> InboxItems:
    found = await house.portal.inbox.listed(owner, ListInbox(**wanted))
    assert isinstance(found, InboxItems), found
    return found


def kinds(found: InboxItems) -> list[InboxKind]:
    return [item.kind for item in found.items]


@pytest.mark.requirement("FLD-3", "FLD-4", "FLD-5")
async def test_everything_in_the_order_in_which_it_came(house: House) -> None:
    browser, owner = await filled(house)
    found = await listed(house, owner)
    assert kinds(found) == [
        InboxKind.INQUIRY,
        InboxKind.QUESTIONNAIRE,
        InboxKind.NOTICE,
        InboxKind.RECORDS,
    ]
    assert [item.state for item in found.items] == [
        InboxState.WAITING,
        InboxState.UNREAD,
        InboxState.UNREAD,
        InboxState.UNREAD,
    ]
    assert found.next is None
    await browser.get("/folder")
    assert browser.text.count("いつ消えるか：") == 4
    assert "まだ答えていません" in browser.text and "回答の期限：令和" in browser.text
    await browser.click("予防接種のお知らせ")
    assert browser.path.startswith("/notices/")


@pytest.mark.requirement("FLD-5")
async def test_by_kind_by_unread_by_period_by_words(house: House) -> None:
    browser, owner = await filled(house)
    assert kinds(await listed(house, owner, kind=InboxKind.NOTICE)) == [
        InboxKind.QUESTIONNAIRE,
        InboxKind.NOTICE,
    ]
    assert kinds(await listed(house, owner, kind=InboxKind.QUESTIONNAIRE)) == [InboxKind.QUESTIONNAIRE]
    assert kinds(await listed(house, owner, kind=InboxKind.RECORDS)) == [InboxKind.RECORDS]
    assert kinds(await listed(house, owner, kind=InboxKind.SELF_INFORMATION)) == []
    assert kinds(await listed(house, owner, kind=InboxKind.INQUIRY)) == [InboxKind.INQUIRY]
    assert len(kinds(await listed(house, owner, unread=True))) == 3
    today = day_of(house.world.clock.now_ms())
    assert len((await listed(house, owner, start=today, end=today)).items) == 4
    assert not (await listed(house, owner, start=today + timedelta(days=1))).items
    assert not (await listed(house, owner, end=today - timedelta(days=1))).items
    assert [item.title for item in (await listed(house, owner, text="面談")).items] == ["面談の日程"]

    await browser.get("/folder")
    await browser.press("探す", kind="notice", text="予防接種")
    assert browser.text.count("いつ消えるか：") == 1
    await browser.get("/folder?unread=1")
    assert browser.text.count("いつ消えるか：") == 3
    await browser.get("/folder?text=%E3%81%AA%E3%81%84")
    assert "あてはまるものはありません" in browser.text


async def test_what_is_typed_wrong_is_said_at_its_field(house: House) -> None:
    browser = await house.signed_in()
    await browser.get("/folder?first_day_year=2026&first_day_month=2&first_day_day=30")
    assert browser.status == 422 and "ない日付" in browser.text
    days = "first_day_year=2026&first_day_month=2&first_day_day=2&last_day_year=2026&last_day_month=2&last_day_day=1"
    await browser.get(f"/folder?{days}")
    assert browser.status == 422 and "おわりの日" in browser.text
    await browser.get("/folder?text=" + "a" * 101)
    assert browser.status == 422 and "100文字まで" in browser.text
    for odd in ("before=1", "before=x.y.z", "kind=none", "before=9.1.2-a.3-b&kind=notice"):
        await browser.get(f"/folder?{odd}")
        assert browser.status == 200, odd


@pytest.mark.requirement("FLD-5")
async def test_deleted_after_a_question_and_back_in_the_list(house: House) -> None:
    browser, _ = await filled(house)
    for left in (3, 2, 1, 0):
        await browser.get("/folder")
        await browser.get(
            next(url for label, url in browser.page.links.items() if label.startswith("削除する"))
        )
        assert "削除しますか" in browser.text
        await browser.press("削除する")
        assert browser.path == "/folder" and "利用者フォルダーから削除しました" in browser.text
        assert browser.text.count("いつ消えるか：") == left
    assert "利用者フォルダーは空です" in browser.text


@pytest.mark.requirement("FLD-1")
async def test_nobody_finds_what_is_anothers(house: House) -> None:
    await filled(house)
    other = await house.signed_in(1, "たろう")
    await other.get("/folder")
    assert "利用者フォルダーは空です" in other.text


async def laid(house: House, owner: OpenedAccount, count: int) -> str:
    """So many more notices of the send that lies there, as a bulk send lays them; its words."""
    (first,) = await house.portal.notices.page(owner, most=1)
    await house.store.write(
        [
            notices_tables.insert(
                NoticeRow(
                    owner.account_id,
                    first.number + n,
                    first.content_id,
                    first.position + n,
                    None,
                    first.arrived_ms,
                    first.kept_until_ms,
                    None,
                    None,
                    0,
                )
            )
            for n in range(1, count + 1)
        ]
    )
    (view,) = await house.portal.notices.views(owner, [first])
    return view.title


@pytest.mark.requirement("FLD-5")
@pytest.mark.parametrize("most", [1, 3, 20])
async def test_each_thing_stands_on_one_page_of_all(house: House, most: int) -> None:
    """Also when many came at one moment, and when something new comes between two pages."""
    _, owner = await filled(house)
    await laid(house, owner, 25)
    seen: list[InboxItem] = []
    before = None
    while True:
        found = await listed(house, owner, most=most, before=before)
        assert len(found.items) <= most
        seen += found.items
        if found.next is None:
            break
        if before is None:
            await send(house, "あとから届いたお知らせ")
        before = found.next
    names = [(item.kind, item.item_id) for item in seen]
    assert len(names) == len(set(names)) == 29
    assert [item.at for item in seen] == sorted((item.at for item in seen), reverse=True)


async def test_looking_for_words_goes_on_where_it_stopped(house: House) -> None:
    """One answer unseals no more than its limit, however full the folder is."""
    browser, owner = await filled(house)
    await laid(house, owner, INBOX_SEARCHED_MAX + 10)
    found = await listed(house, owner, text="面談の日程とは違う")
    assert found.items == () and found.next is not None
    found = await listed(house, owner, text="面談の日程とは違う", before=found.next)
    assert found.items == () and found.next is None
    await browser.get("/folder?text=%E3%81%AA%E3%81%84")
    assert "ここまでには、見つかりません" in browser.text
    await browser.click("続きを探す")
    assert "これより前のものはありません" in browser.text
    await browser.click("新しいものに戻る")
    assert browser.path == "/folder"


async def test_a_withdrawn_send_leaves_the_list_at_once(house: House) -> None:
    """Before the folders have been cleared of it: nobody is shown what he could not open."""
    _, owner = await filled(house)
    (row,) = await house.portal.notices.page(owner, most=1)
    await house.store.write([notices_tables.withdraw(row.content_id)])
    assert InboxKind.QUESTIONNAIRE not in kinds(await listed(house, owner))
