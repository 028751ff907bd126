"""PDF: valid to another reader, its text can be taken out, and each page says that it is simulated (FLD-5)."""

import io

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.files.as_pdf import HEIGHT, LABEL_WIDTH, MARGIN, SIMULATED, TEXT, WIDTH, as_pdf, laid_out, wrapped
from portal.files.sheet import Sheet

RECORD = (
    "2026年4月1日 9時05分",
    "2026年4月1日 9時06分",
    "東京都千代田区",
    "神奈川県横浜市",
    "児童手当に関する事務" * 6,
    "提供",
)
COLUMNS = ("照会日時", "提供日時", "照会機関", "提供機関", "事務名", "結果")


def read(content: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(content), strict=True)


def texts(content: bytes) -> list[str]:
    return [page.extract_text() for page in read(content).pages]


@pytest.mark.requirement("FLD-5")
def test_text_can_be_taken_out_and_every_page_says_that_it_is_simulated() -> None:
    sheet = Sheet(
        "x", "やりとり履歴", (("期間", "令和8年4月1日（2026年）"),), COLUMNS, [RECORD] * 60, notes=("注",)
    )
    pages = texts(as_pdf(sheet))

    assert len(pages) > 5
    for number, text in enumerate(pages, 1):
        assert text.count(SIMULATED) == 2
        assert f"{number} / {len(pages)} ページ" in text
    whole = "".join(pages)
    assert whole.count("神奈川県横浜市") == 60 and "60 / 60" in whole
    assert "令和8年4月1日（2026年）" in pages[0] and "注" in pages[-1]
    facts = read(as_pdf(sheet)).metadata
    assert facts is not None and facts.title == "やりとり履歴" and facts.subject == SIMULATED


def test_the_same_sheet_is_the_same_file_and_names_no_font_of_this_machine() -> None:
    sheet = Sheet("x", "題", (), ("項目", "内容"), [("合計所得金額", "3,456,000円")])
    content = as_pdf(sheet)

    assert content == as_pdf(sheet)
    assert len(content) < 10_000 and b"FontFile" not in content
    assert "合計所得金額" in texts(content)[0]


def test_nothing_at_all_is_a_page_too() -> None:
    assert len(texts(as_pdf(Sheet("x", "題", (), ("項目", "内容"), [])))) == 1


def test_characters_that_the_font_has_not_are_marked() -> None:
    (text,) = texts(as_pdf(Sheet("x", "題", (), ("項目", "内容"), [("氏名", "𠮷野\x07\ud800🌸髙")])))

    assert "〓野〓〓〓髙" in text


@given(st.text(max_size=300), st.floats(30, 400))
def test_no_line_is_too_wide_and_nothing_is_lost(text: str, width: float) -> None:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    lines = list(wrapped(text, TEXT, width))

    assert len("".join(lines)) == len(text.replace("\r\n", "\n").replace("\n", ""))
    for line in lines:
        # Closing brackets and full stops may hang over by two.
        assert stringWidth(line, "HeiseiKakuGo-W5", TEXT) <= max(width, TEXT) + 2 * TEXT + 0.01


@settings(max_examples=30)
@given(st.lists(st.tuples(*[st.text(max_size=400)] * 6), max_size=12))
def test_every_page_holds_its_lines(rows: list[tuple[str, ...]]) -> None:
    pages = laid_out(Sheet("x", "題", (("期間", "x"),), COLUMNS, rows))

    assert LABEL_WIDTH < WIDTH - 2 * MARGIN
    assert all(sum(line.height for line in page) <= HEIGHT - 2 * MARGIN for page in pages)
    assert all(pages)


@pytest.mark.parametrize("value", ["長" * 20_000, "a" * 20_000, "\n" * 2_000])
def test_one_enormous_value_goes_over_many_pages(value: str) -> None:
    assert len(texts(as_pdf(Sheet("x", "題", (), ("項目", "内容"), [("大", value)])))) > 3
