"""一括照会ファイル: read and written, round trips, and where a file is wrong by line and column."""

import re
from dataclasses import dataclass
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.intermediate.batch_file import (
    FIELDS,
    LINE_END,
    LINE_WIDTH,
    Line,
    Malformed,
    is_name,
    name_of,
    read,
    write,
)

pytestmark = pytest.mark.requirement("USE-2")

SAMPLE = Line(
    "01", 131016, 42, datetime(2026, 4, 1, 9, 30, 15, 250_000), "KODOMO-1", "U0001", "0000114100300001", False,
    "JM90000000000001", "JT90000000000001", None, None, "0000113101600001", "TM00000000000002", 1, 0, None, None,
)  # fmt: skip
WRITTEN = (
    b"01,000000000131016,000000000000042,20260401093015250,KODOMO-1            ,U0001               ,"
    b"0000114100300001,0,JM90000000000001,JT90000000000001,                ,                ,0000113101600001,"
    b"TM00000000000002,1,0,        ,        \r\n"
)


def test_as_it_stands_in_the_description() -> None:
    assert [field.width for field in FIELDS] == [
        2, 15, 15, 17, 20, 20, 16, 1, 16, 16, 16, 16, 16, 16, 1, 1, 8, 8,
    ]  # fmt: skip
    assert LINE_WIDTH == 237
    assert write([SAMPLE]) == WRITTEN
    assert read(WRITTEN) == (SAMPLE,)


texts = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters=","), max_size=20)
digits = st.integers(0, 10**15 - 1)
codes = st.from_regex(r"[0-9]{16}", fullmatch=True)


@dataclass
class Period:
    start: date | None
    end: date | None


periods = st.one_of(
    st.just(Period(None, None)),
    st.tuples(st.dates(), st.dates()).map(lambda days: Period(min(days), max(days))),
)


def tagged(tag: str) -> st.SearchStrategy[str]:
    return st.from_regex(rf"{tag}[0-9]{{14}}", fullmatch=True)


@st.composite
def lines(draw: st.DrawFn) -> Line:
    period = draw(periods)
    moment = draw(st.datetimes())
    return Line(
        draw(st.from_regex(r"[0-9]{2}", fullmatch=True)),
        draw(digits),
        draw(st.none() | digits),
        moment.replace(microsecond=moment.microsecond // 1000 * 1000),
        draw(texts),
        draw(texts),
        draw(codes),
        draw(st.booleans()),
        draw(tagged("JM")),
        draw(tagged("JT")),
        draw(st.none() | codes),
        draw(st.none() | codes),
        draw(codes),
        draw(tagged("TM")),
        1 if period.start is None else 2,
        draw(st.integers(0, 2)),
        period.start,
        period.end,
    )


@settings(max_examples=200, deadline=None)
@given(st.lists(lines(), min_size=1, max_size=5))
def test_what_is_written_is_read(some: list[Line]) -> None:
    content = write(some)

    assert read(content) == tuple(some)
    assert all(len(raw) == LINE_WIDTH for raw in content.split(LINE_END)[:-1])


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes_are_read_or_placed(content: bytes) -> None:
    found = read(content)

    assert isinstance(found, Malformed) or write(found) == content


@settings(max_examples=300, deadline=None)
@given(lines(), st.integers(0, LINE_WIDTH - 1), st.integers(0, 255))
def test_one_wrong_byte_is_placed_in_its_line(line: Line, place: int, byte: int) -> None:
    good = write([SAMPLE, line])
    spoiled = bytearray(good)
    spoiled[LINE_WIDTH + len(LINE_END) + place] = byte
    found = read(bytes(spoiled))

    if isinstance(found, Malformed):
        assert found.line >= 2
        assert found.column is None or found.column <= LINE_WIDTH + 1
    else:
        assert write(found) == bytes(spoiled)


def spoiled(column: int, text: str) -> bytes:
    raw = bytearray(WRITTEN)
    raw[column - 1 : column - 1 + len(text)] = text.encode("latin-1")
    return WRITTEN + bytes(raw)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"", (1, None, None)),
        (WRITTEN[:-2], (1, None, None)),
        (WRITTEN + WRITTEN[:-2] + b"\n", (2, None, None)),
        (WRITTEN + b"\r\n", (2, 1, "番号体系")),
        (WRITTEN + WRITTEN[:100] + b"\r\n", (2, 101, "照会者機関コード")),
        (WRITTEN[:-2] + b"x\r\n", (1, 238, None)),
        (spoiled(1, "xx"), (2, 1, "番号体系")),
        (spoiled(3, ";"), (2, 3, "番号体系")),
        (spoiled(4, "A"), (2, 4, "宛名番号")),
        (spoiled(36, "20260230"), (2, 36, "照会依頼日時")),
        (spoiled(36, "20260201250000000"), (2, 36, "照会依頼日時")),
        (spoiled(54, "A B"), (2, 54, "部署コード")),
        (spoiled(54, "\xe9"), (2, 54, "部署コード")),
        (spoiled(96, "000011410030000A"), (2, 96, "照会者機関コード")),
        (spoiled(113, "2"), (2, 113, "照会側不開示コード")),
        (spoiled(115, "TM"), (2, 115, "事務コード")),
        (spoiled(217, "2"), (2, 221, "開始日")),
        (spoiled(221, "20260401"), (2, 221, "開始日")),
        (spoiled(217, "2,0,20261301,20260401"), (2, 221, "開始日")),
        (spoiled(217, "2,0,20260401,20260331"), (2, 230, "終了日")),
    ],
)
def test_where_it_is_wrong(content: bytes, place: tuple[int, int | None, str | None]) -> None:
    found = read(content)

    assert isinstance(found, Malformed)
    assert (found.line, found.column, found.field) == place
    assert found.reason and re.match(rf"{found.line}行目", str(found))


def test_names() -> None:
    assert name_of(datetime(2026, 4, 1, 9, 30, 15)) == "P640R110_20260401093015"
    assert is_name("P640R110_20260401093015")
    for name in ("P640R110_20260431093015", "P640R110_2026040109301", "P640R110_20260401093015\n", "x"):
        assert not is_name(name)


@pytest.mark.parametrize(
    "change",
    [{"department": "x" * 21}, {"affair": "JM1"}, {"inquirer": ""}, {"condition": 3}, {"user": "あ"}],
)
def test_what_does_not_fit_is_not_written(change: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        write([SAMPLE._replace(**change)])  # type: ignore[arg-type]
