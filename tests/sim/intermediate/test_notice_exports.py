"""What came of a send, as CSV: the state of every recipient, the collected answers (NOT-4, 6)."""

import csv
import io
import re
import tracemalloc
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from notice_world import NoticeWorld, csv_of
from sim_wiring import Browser
from trio.testing import MockClock

from portal.store.store import read_one
from portal.wire.moments import JST, to_ms
from portal.wire.notice_sending import ANSWERS_CSV, RECIPIENTS_CSV, ExportOfSend, NoticeSend
from portal.wire.notices import Question, QuestionKind, Questionnaire
from portal.wire.problems import Problem
from portal.wire.systems import System
from sim.intermediate.notices import exporting, tables
from sim.nation.nation import Nation
from sim.network.codes import LinkageCodes

DOCUMENT = Path(__file__).parents[3] / "docs" / "notices.md"
OPENED = to_ms(datetime(2026, 12, 1, 9, 30, tzinfo=JST))
ENDS = datetime(2027, 1, 1, tzinfo=JST)
ASKED = Questionnaire(
    (
        Question("希望する曜日", QuestionKind.CHOICES, True, ("月曜日", "土曜日")),
        Question("=心配なこと", QuestionKind.TEXT, False),
        Question("受けたい日", QuestionKind.DATE, False),
    ),
    ENDS,
    ENDS,
)


def rows_of(file: bytes) -> list[list[str]]:
    assert file.startswith(b"\xef\xbb\xbf") and file.count(b"\xef\xbb\xbf") == 1 and file.endswith(b"\r\n")
    return list(csv.reader(io.StringIO(file.decode("utf-8-sig"), newline=""), strict=True))


async def documented(world: NoticeWorld, operation: Any, send: NoticeSend) -> bytes:
    """The whole file, as the documentation says."""
    (example,) = re.findall(r"```python\n(async def whole_file.*?)```", DOCUMENT.read_text(), re.DOTALL)
    names: dict[str, Any] = {"ExportOfSend": ExportOfSend}
    exec(example, names)
    found = await names["whole_file"](world.ask, operation, send)
    assert isinstance(found, bytes)
    return found


async def heard_of(
    world: NoticeWorld, send: NoticeSend, answers: dict[int, tuple[tuple[str, ...], ...]]
) -> None:
    """As if these had opened it, and answered a minute later."""
    store = world.wiring.surroundings(System.INTERMEDIATE).store
    key = {"organisation": send.organisation, "send_id": send.send_id}
    row = await read_one(store, tables.ONE, key)
    assert row is not None
    for position, given in answers.items():
        ops = [tables.opened(row, position, OPENED)]
        await store.write([*ops, tables.answered(row, position, OPENED + 60_000, given)] if given else ops)


@pytest.mark.requirement("NOT-6")
async def test_the_state_of_every_recipient(
    nation: Nation, codes: LinkageCodes, autojump_clock: MockClock
) -> None:
    world = NoticeWorld(nation, codes)
    world.folders.people = {7, 8, 9}
    async with world.running():
        send = await world.send_file(csv_of([7, 8, 9, 10]), content=world.content(questionnaire=ASKED))
        early = rows_of(await documented(world, RECIPIENTS_CSV, send))
        assert [row[2] for row in early[1:]] == ["送信待ち"] * 4 and early[1][3:] == ["", "", ""]
        await world.pass_time()
        await heard_of(world, send, {1: (), 2: (("月曜日",), (), ())})
        heading, *rows = rows_of(await documented(world, RECIPIENTS_CSV, send))

        assert heading == ["番号", "宛名番号", "状態", "送達結果の受信日時", "開封日時", "回答日時"]
        assert [row[:3] for row in rows] == [
            ["1", "000000000000007", "届いた（未開封）"],
            ["2", "000000000000008", "開封"],
            ["3", "000000000000009", "回答あり"],
            ["4", "000000000000010", "フォルダーなし"],
        ]
        assert [row[4:] for row in rows] == [
            ["", ""],
            ["2026-12-01 09:30:00", ""],
            ["2026-12-01 09:30:00", "2026-12-01 09:31:00"],
            ["", ""],
        ]
        assert all(datetime.strptime(row[3], "%Y-%m-%d %H:%M:%S").date() >= date(2026, 1, 1) for row in rows)
        page = await Browser(world.built).get(
            f"/notices/{send.send_id}/recipients.csv", {"organisation": world.here}
        )
        assert page.status == 200 and list(csv.reader(io.StringIO(page.text[1:], newline="")))[1:] == rows


@pytest.mark.requirement("NOT-4")
async def test_the_collected_answers(
    nation: Nation, codes: LinkageCodes, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "ANSWERS_AT_ONCE", 2)
    monkeypatch.setattr(exporting, "CHARACTERS_ON_PAGE", 1)
    world = NoticeWorld(nation, codes)
    world.folders.people = set(range(5))
    async with world.running():
        send = await world.send_file(csv_of(range(5)), content=world.content(questionnaire=ASKED))
        nothing = rows_of(await documented(world, ANSWERS_CSV, send))
        assert len(nothing) == 1
        await world.pass_time()
        given = {
            0: (("月曜日", "土曜日"), ("=SUM(A1)\n二行目",), ("2028-04-01",)),
            3: (("土曜日",), (), ()),
            4: (("月曜日",), ("＠なし",), ()),
        }
        await heard_of(world, send, given)
        heading, *rows = rows_of(await documented(world, ANSWERS_CSV, send))
        assert heading == [
            "番号",
            "宛名番号",
            "回答日時",
            "問1　希望する曜日",
            "問2　=心配なこと",
            "問3　受けたい日",
        ]
        assert rows == [
            [
                "1",
                "000000000000000",
                "2026-12-01 09:31:00",
                "月曜日\n土曜日",
                "'=SUM(A1)\n二行目",
                "2028-04-01",
            ],
            ["4", "000000000000003", "2026-12-01 09:31:00", "土曜日", "", ""],
            ["5", "000000000000004", "2026-12-01 09:31:00", "月曜日", "'＠なし", ""],
        ]
        browser, query = Browser(world.built), {"organisation": world.here}
        page = await browser.get(f"/notices/{send.send_id}/answers.csv", query)
        assert list(csv.reader(io.StringIO(page.text[1:], newline="")))[1:] == rows
        text = (await browser.get(f"/notices/{send.send_id}", query)).text
        assert "取り寄せた回答をCSVで保存する" in text

        plain = await world.send(7)
        refused = await world.ask(ANSWERS_CSV, ExportOfSend(plain.send_id, world.here))
        assert isinstance(refused, Problem) and "アンケートが付いていません" in refused.detail
        text = (await browser.get(f"/notices/{plain.send_id}", query)).text
        assert "宛先ごとの状態をCSVで保存する" in text and "取り寄せた回答を" not in text
        assert (await browser.get(f"/notices/{plain.send_id}/answers.csv", query)).status == 404
        for code in (world.elsewhere, world.here):
            gone = await world.ask(
                RECIPIENTS_CSV, ExportOfSend("a" * 24 if code == world.here else send.send_id, code)
            )
            assert isinstance(gone, Problem) and gone.status == 404


@pytest.mark.requirement("NOT-6")
async def test_a_big_send_comes_in_pages_of_flat_memory(
    nation: Nation, codes: LinkageCodes, autojump_clock: MockClock
) -> None:
    world = NoticeWorld(nation, codes)
    people = nation.residents_of(nation.person(0).municipality_code)[:30_500]
    async with world.running():
        send = await world.send_file(csv_of(people))
        after, seen, most = -1, 0, 0
        tracemalloc.start()
        try:
            while True:
                tracemalloc.reset_peak()
                page = await world.ask(RECIPIENTS_CSV, ExportOfSend(send.send_id, world.here, after))
                most = max(most, tracemalloc.get_traced_memory()[1])
                lines = page.csv.count("\r\n") - (after < 0)
                assert lines <= exporting.ROWS_ON_PAGE + 1_000, "a page is no more than its limit and a batch"
                seen, after = seen + lines, page.after
                if not page.more:
                    break
        finally:
            tracemalloc.stop()
        assert (seen, after) == (30_500, 30_499)
        assert most < 48 * 1024 * 1024
        file = rows_of(await documented(world, RECIPIENTS_CSV, send))
        assert [int(row[1]) for row in file[1:]] == list(people)
