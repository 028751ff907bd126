"""Recipients' files, read as they come: the same however they are cut, mistakes by line and column."""

import csv
import io
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.wire.limits import NOTICES_IN_BATCH_MAX
from portal.wire.notice_sending import RecipientsFormat
from portal.wire.notices import OwnPart
from sim.intermediate.notices.recipients import (
    CHUNK_BYTES_MAX,
    LINE_BYTES_MAX,
    Progress,
    Reader,
    Recipient,
    chunks_of,
)

CSV, JSON = RecipientsFormat.CSV, RecipientsFormat.JSON_LINES
PEOPLE = 1_000


def nobody(person: int) -> str | None:
    return None if person < PEOPLE else "この宛名番号の人はいません。"


def read(form: RecipientsFormat, *parts: bytes) -> tuple[list[Recipient], Progress]:
    """Each part by a reader of its own, which knows only what was written down."""
    found, progress = [], Progress()
    for part in parts:
        reader = Reader(form, progress, nobody)
        found += reader.feed(part)
        progress = msgspec.msgpack.decode(msgspec.msgpack.encode(reader.progress), type=Progress)
    reader = Reader(form, progress, nobody)
    found += reader.end()
    return found, reader.progress


def places(form: RecipientsFormat, file: bytes) -> list[tuple[int, int | None, str | None]]:
    return [(each.line, each.column, each.field) for each in read(form, file)[1].first_mistakes]


def test_numbers_alone() -> None:
    found, progress = read(CSV, "宛名番号\r\n000000000000001\r\n2\r\n3".encode())
    assert [each.person for each in found] == [1, 2, 3]
    assert progress.mistakes == 0


def test_all_columns_in_any_order_with_quotes_and_line_breaks() -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["支払いURL", "本文", "宛名番号", "件名"])
    writer.writerow(["https://pay.example.jp/1", '一行目,\n"二"行目', "1", "題"])
    writer.writerow(["", "", "2", ""])
    found, progress = read(CSV, b"\xef\xbb\xbf" + text.getvalue().encode())
    assert progress.first_mistakes == ()
    assert found == [
        Recipient(1, OwnPart("題", '一行目,\n"二"行目', "https://pay.example.jp/1")),
        Recipient(2),
    ]


own = st.fixed_dictionaries(
    {"person": st.integers(0, PEOPLE - 1)},
    optional={
        "title": st.text("あ\"',x 😀", min_size=1, max_size=9).filter(lambda text: text.strip()),
        "text": st.text("あ\"',x\n", min_size=1, max_size=9).filter(lambda text: text.strip()),
    },
)


@given(st.lists(own, min_size=1, max_size=12), st.lists(st.integers(0, 400), max_size=8), st.booleans())
def test_however_the_file_is_cut(rows: list[dict], cuts: list[int], is_csv: bool) -> None:
    if is_csv:
        text = io.StringIO()
        writer = csv.DictWriter(text, ["person", "title", "text"])
        writer.writeheader()
        writer.writerows(rows)
        file = text.getvalue().encode()
    else:
        file = b"\n".join(msgspec.json.encode(row) for row in rows)
    ends = [0, *sorted(min(cut, len(file)) for cut in cuts), len(file)]
    parts = [file[first:end] for first, end in pairwise(ends)]

    found, progress = read(CSV if is_csv else JSON, *parts)

    assert progress.first_mistakes == ()
    assert [each.person for each in found] == [row["person"] for row in rows]
    assert [each.own.text if each.own else None for each in found] == [row.get("text") for row in rows]


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        (["宛名番号", "x"], (2, 1, "宛名番号")),
        (["宛名番号", "1", "", "2"], (3, None, None)),
        (["宛名番号", "1", "1000"], (3, 1, "宛名番号")),
        (["宛名番号", "1234567890123456"], (2, 1, "宛名番号")),
        (["宛名番号,件名", "1"], (2, 2, None)),
        (["宛名番号,件名", "1,a,b"], (2, 3, None)),
        (["宛名番号,件名", "1,a\x1b"], (2, 2, "件名")),
        (["宛名番号,支払いURL", "1,javascript:x"], (2, 2, "支払いURL")),
        (["宛名番号,なまえ", "1,a"], (1, 2, None)),
        (["件名", "a"], (1, 1, "宛名番号")),
        (["件名,宛名番号", f"{'あ' * 101},1"], (2, 1, "件名")),
        (["宛名番号,件名", '1,"a'], (2, None, None)),
        ([""], (1, None, None)),
    ],
)
def test_where_a_csv_is_wrong(lines: list[str], place: tuple) -> None:
    assert places(CSV, "\n".join(lines).encode())[0] == place


def test_the_line_is_counted_where_the_record_begins() -> None:
    file = '宛名番号,本文\n1,"一\n二\n三"\nx,y\n'.encode()
    assert places(CSV, file) == [(5, 1, "宛名番号")]


@pytest.mark.parametrize(
    ("line", "place"),
    [
        (b'{"person": "1"}', (1, 2, "person")),
        (b'{"person": 1000}', (1, 2, "宛名番号")),
        (b'{"person": 1, "name": "x"}', (1, None, None)),
        (b'{"person": 1', (1, None, None)),
        (b'{"person": 1, "title": "\\ud800"}', (1, None, None)),
        (b'{"person": 1, "text": "a\\u0000"}', (1, 15, "本文")),
        (b'\xff{"person": 1}', (1, 1, None)),
    ],
)
def test_where_json_lines_are_wrong(line: bytes, place: tuple) -> None:
    (found,) = places(JSON, line)
    assert found[0] == place[0]
    if place[1] is not None:
        assert found[1:] == (place[1], "宛名番号" if place[2] == "person" else place[2])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"person": "1"}', "整数にしてください（文字列でした）"),
        (b'{"person": 1, "name": "x"}', "項目「name」はありません"),
        (b'{"person": 1', "途中で終わっています"),
        (b'{"person": 1, "title": ""}', "空にはできません"),
        (b"{person: 1}", "2バイト目が読めません"),
    ],
)
def test_what_is_wrong_is_said_in_japanese(line: bytes, words: str) -> None:
    (mistake,) = read(JSON, line)[1].first_mistakes
    assert words in mistake.reason


def test_other_encodings_are_told_apart() -> None:
    (place,) = places(CSV, "宛名番号,件名\n1,".encode() + "題".encode("cp932"))
    assert place == (2, 2, None)


def test_a_line_without_end_is_not_kept() -> None:
    found, progress = read(CSV, "宛名番号\n".encode(), *[b"1" * 100_000] * 3)
    assert (found, progress.mistakes > 0, len(progress.rest)) == ([], True, 0)


def test_mistakes_are_counted_and_the_first_are_kept() -> None:
    _, progress = read(CSV, "宛名番号\n".encode() + b"x\n" * 500)
    assert (progress.mistakes, len(progress.first_mistakes)) == (500, 20)


@given(st.binary(max_size=300), st.sampled_from([CSV, JSON]))
def test_no_bytes_break_it(file: bytes, form: RecipientsFormat) -> None:
    found, progress = read(form, file)
    assert all(0 <= each.person < PEOPLE for each in found)
    assert progress.rest == b""


def test_batches_fit_into_messages() -> None:
    many = [Recipient(n) for n in range(1_234)]
    assert [len(chunk) for chunk in chunks_of(many)] == [500, 500, 234]
    wordy = [Recipient(n, OwnPart(text="あ" * 2_000)) for n in range(500)]
    chunks = chunks_of(wordy)
    assert sum(map(len, chunks)) == 500
    assert max(len(msgspec.json.encode(chunk)) for chunk in chunks) < CHUNK_BYTES_MAX * 1.1
    assert all(len(chunk) <= NOTICES_IN_BATCH_MAX for chunk in chunks)
    assert LINE_BYTES_MAX < CHUNK_BYTES_MAX


@pytest.mark.requirement("NOT-1")
def test_a_million_lines_with_one_bad_one() -> None:
    lines = [f"{number % PEOPLE:015d}" for number in range(1_000_000)]
    lines[777_776] = "77x"
    file = "\n".join(["宛名番号", *lines]).encode()
    part, total, progress = 256 * 1024, 0, Progress()
    for offset in range(0, len(file), part):
        reader = Reader(CSV, progress, nobody)
        total += len(reader.feed(file[offset : offset + part]))
        progress = reader.progress
        assert len(progress.rest) < 20, "nothing but the beginning of a line is kept between two parts"
    reader = Reader(CSV, progress, nobody)
    total += len(reader.end())

    (mistake,) = reader.progress.first_mistakes
    assert (mistake.line, mistake.column, mistake.field) == (777_778, 1, "宛名番号")
    assert total == 999_999
