"""CSV: what goes in comes out again, and no field is a formula to a spreadsheet (FLD-5)."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.files.as_csv import as_csv
from portal.files.sheet import Sheet
from portal.wire.csv_lines import FORMULA_BEGINNINGS, guarded

texts = st.text(
    st.characters(exclude_categories=["Cs"], min_codepoint=32) | st.sampled_from("\t\r\n=+-@,\"'")
)


def sheet(rows: list[tuple[str, ...]], columns: tuple[str, ...] = ("項目", "内容"), **more: object) -> Sheet:
    return Sheet("名前", "題", (), columns, rows, **more)  # type: ignore[arg-type]


def parsed(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf"), "a spreadsheet needs the mark to know that it is UTF-8"
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


@pytest.mark.requirement("FLD-5")
@given(st.lists(st.tuples(texts, texts), max_size=20))
@example([("=1+1", '"x"\r\n,y'), ("", "\t=cmd|' /C calc'!A0")])
def test_every_field_comes_back_and_none_is_a_formula(rows: list[tuple[str, str]]) -> None:
    first, *back = parsed(as_csv(sheet(rows)))

    assert first == ["項目", "内容"]
    assert len(back) == len(rows)
    for row, found in zip(rows, back, strict=True):
        for text, field in zip(row, found, strict=True):
            assert field in (text, f"'{text}")
            assert field.strip(" \u3000\n\v\f\u00a0")[:1] not in FORMULA_BEGINNINGS
            if field != text:
                assert text.lstrip(" \u3000\n\v\f\u00a0")[:1] in FORMULA_BEGINNINGS


@pytest.mark.parametrize(
    "beginning", ["=", "+", "-", "@", "\t=", "\r=", " =", "\u3000＝", "\n@", "＋", "－", "＠"]
)
def test_beginnings_of_formulas_are_guarded(beginning: str) -> None:
    assert guarded(f"{beginning}SUM(A1)") == f"'{beginning}SUM(A1)"


@pytest.mark.parametrize("text", ["123", "東京都", "a=b", "令和8年", "", " x", "'=1"])
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert guarded(text) == text


def test_control_characters_and_lone_surrogates_do_no_harm() -> None:
    assert guarded("a\x00b\x1b") == "ab"
    assert parsed(as_csv(sheet([("a\ud800", "b")])))[1] == ["a?", "b"]
    assert guarded("\x00=1") == "'=1"


def test_what_is_repeated_stands_in_every_row() -> None:
    rows = parsed(as_csv(sheet([("a", "b"), ("c", "d")], repeated=(("機関", "=千代田区"),))))

    assert rows == [["機関", "項目", "内容"], ["'=千代田区", "a", "b"], ["'=千代田区", "c", "d"]]
