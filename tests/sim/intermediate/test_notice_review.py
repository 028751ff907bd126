"""A notice to one person is looked over before it goes out (NOT-1, 4, 5, 7)."""

from collections.abc import AsyncIterator

import pytest
from notice_world import NoticeWorld
from sim_wiring import Browser, TestClock, form_of
from test_notice_pages import DAY, FORM, Staff, send_of
from trio.testing import MockClock

from portal.wire.disclosure import Attachment
from sim.intermediate.notices.drafts import (
    DRAFT_BYTES_MAX,
    DRAFT_MINUTES_MAX,
    DRAFTS_OF_ORGANISATION_MAX,
    Draft,
    Drafts,
)
from sim.nation.nation import Nation
from sim.network.codes import LinkageCodes

PDF = ("領収書.pdf", b"%PDF-1.7\n")
ALL = {
    **FORM,
    "service_label": "予約のページ",
    "service_url": "https://example.jp/yoyaku",
    "payment_url": "https://pay.example.jp/1",
    "q0_kind": "choice",
    "q0_text": "希望する曜日",
    "q0_choices": "月曜日\n土曜日",
    **{f"{name}_{part}": text for name in ("deadline", "collect") for part, text in DAY.items()},
}
pytestmark = pytest.mark.requirement("NOT-1", "NOT-5", "NOT-7")


@pytest.fixture
async def staff(nation: Nation, codes: LinkageCodes, autojump_clock: MockClock) -> AsyncIterator[Staff]:
    world = NoticeWorld(nation, codes)
    world.folders.people = {7, 8}
    async with world.running():
        yield Staff(world, Browser(world.built))


async def test_it_shows_what_its_recipient_will_see_and_has_sent_nothing(
    staff: Staff, autojump_clock: MockClock
) -> None:
    form = {**ALL, **form_of(await staff.get("/new"))}
    page = await staff.follow(await staff.upload("/new", form, {"attachment": PDF}))
    words = ("000000000000007", "予防接種のお知らせ", "本文です。", "領収書.pdf", "PDF、9バイト", "予約のページ",
             "https://pay.example.jp/1", "希望する曜日", "土曜日", "2026年", "お知らせが届きました")  # fmt: skip
    for word in words:
        assert word in page.text, word
    await staff.world.pass_time()
    assert not staff.world.folders.got
    assert "まだ送っていません" in (await staff.get()).text


async def test_written_anew_everything_comes_back_the_attachment_too(
    staff: Staff, autojump_clock: MockClock
) -> None:
    form = {**ALL, **form_of(await staff.get("/new"))}
    await staff.upload("/new", form, {"attachment": PDF})
    again = await staff.get("/new", draft=form["key"])
    for word in (
        "本文です。",
        "領収書.pdf",
        "予約のページ",
        "希望する曜日",
        "月曜日\n土曜日",
        'value="2026"',
        'value="7"',
    ):
        assert word in again.text, word
    page = await staff.post("/new", {**form, **form_of(again), "title": "題を直した"})
    page = await staff.follow(page)
    assert "題を直した" in page.text and "領収書.pdf" in page.text
    await staff.post("/review", form_of(page))
    await staff.world.pass_time()
    (content,) = staff.world.folders.contents.values()
    assert content.content.title == "題を直した"
    assert [(each.name, each.content) for each in content.content.attachments] == [PDF]


async def test_the_attachment_is_taken_off_or_exchanged_and_survives_a_mistake(
    staff: Staff, autojump_clock: MockClock
) -> None:
    form = {**ALL, **form_of(await staff.get("/new"))}
    wrong = await staff.upload("/new", {**form, "title": ""}, {"attachment": PDF})
    assert wrong.status == 422 and "領収書.pdf" in wrong.text
    page = await staff.follow(await staff.post("/new", form))
    assert "領収書.pdf" in page.text
    page = await staff.follow(await staff.upload("/new", form, {"attachment": ("ちらし.txt", b"a")}))
    assert "ちらし.txt" in page.text and "領収書.pdf" not in page.text
    page = await staff.follow(await staff.post("/new", {**form, "detach": "1"}))
    assert "添付ファイル" not in page.text
    refused = await staff.upload("/new", form, {"attachment": ("a.pdf", b"PK")})
    assert refused.status == 422 and "添付してある" not in refused.text


async def test_pressed_twice_it_is_sent_once(staff: Staff, autojump_clock: MockClock) -> None:
    form = {**FORM, **form_of(await staff.get("/new"))}
    fields = form_of(await staff.follow(await staff.post("/new", form)))
    first, second = await staff.post("/review", fields), await staff.post("/review", fields)
    assert first.status == second.status == 303 and send_of(first) == send_of(second)
    await staff.world.pass_time()
    assert [person for _, person, _ in staff.world.folders.got] == [7]
    for gone in (
        await staff.post("/new", {**form, "title": "別の題"}),
        await staff.get("/review", draft=form["key"]),
        await staff.get("/new", draft=form["key"]),
    ):
        assert gone.status == 409 and "送信済みです" in gone.text and send_of(first) in gone.text


async def test_only_what_was_looked_at_is_sent(staff: Staff, autojump_clock: MockClock) -> None:
    form = {**FORM, **form_of(await staff.get("/new"))}
    fields = form_of(await staff.follow(await staff.post("/new", form)))
    await staff.post("/new", {**form, "text": "別の窓で直した本文"})
    page = await staff.post("/review", fields)
    assert (
        page.status == 409
        and "別の画面で書き直されています" in page.text
        and "別の窓で直した本文" in page.text
    )
    assert (await staff.post("/review", form_of(page))).status == 303


async def test_a_draft_is_its_organisations_own_and_is_kept_an_hour(
    staff: Staff, autojump_clock: MockClock
) -> None:
    form = {**FORM, **form_of(await staff.get("/new"))}
    fields = form_of(await staff.follow(await staff.post("/new", form)))
    other = {"organisation": staff.world.elsewhere, "draft": form["key"]}
    assert (await staff.browser.get("/notices/review", other)).status == 404
    await staff.world.pass_time(DRAFT_MINUTES_MAX * 60 - 1)
    assert (await staff.get("/review", draft=form["key"])).status == 200
    await staff.world.pass_time(2)
    page = await staff.post("/review", fields)
    assert page.status == 404 and "下書きが残っていません" in page.text
    assert (await staff.post("/review", fields, sec_fetch_site="cross-site")).status == 403


async def test_drafts_stay_within_their_limits(autojump_clock: MockClock) -> None:
    drafts = Drafts(TestClock())
    for number in range(DRAFTS_OF_ORGANISATION_MAX + 1):
        drafts.keep("a", str(number), Draft({}))
    assert drafts.of("a", "0") is None and drafts.of("a", "1") is not None
    third = Attachment("x", "text/plain", bytes(DRAFT_BYTES_MAX // 3))
    for number in range(3):
        drafts.keep("b", str(number), Draft({}, third))
    assert drafts.of("a", "20") is None and drafts.of("b", "0") is None
    assert drafts.of("b", "1") is not None and drafts.of("b", "2") is not None
    drafts.keep("b", "2", Draft({}))
    drafts.keep("b", "3", Draft({}, third))
    assert drafts.of("b", "1") is not None, "what was replaced has given its room back"
