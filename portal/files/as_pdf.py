"""A sheet as PDF: A4, one block for each row, each page says that it is simulated.

The font is one of Adobe's Japanese CID fonts, which every PDF reader of a Japanese machine has or has a stand-in for:
the file names it and does not hold it, so nothing depends on the fonts of the machine that makes it, and the file stays
small. Laying out is pure work without I/O; the same sheet is the same file, byte for byte.
"""

import io
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from portal.files.sheet import Sheet

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

FONT = "HeiseiKakuGo-W5"
SIMULATED = "模擬システム：実在のマイナポータルではありません"
WIDTH, HEIGHT = 595.0, 842.0
"""A4 in points."""
MARGIN = 54.0
LABEL_WIDTH = 120.0
LEADING = 1.5
TITLE, HEADING, TEXT, SMALL = 18.0, 11.0, 9.5, 8.5
GETA = "〓"
"""Stands for a character that the font's encoding does not have."""
_NOT_AT_THE_START = frozenset("、。，．・）」』】〕〉》ー々？！：；,.)]}?!:;")


class Line(NamedTuple):
    """One line on paper: texts with their distance from the left margin."""

    size: float
    texts: Sequence[tuple[float, str]]
    is_ruled: bool = False
    """A thin rule above."""

    @property
    def height(self) -> float:
        return self.size * LEADING + (6.0 if self.is_ruled else 0.0)


@cache
def _register_font() -> None:
    # Only who wants a PDF waits for the library.
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.pdfmetrics import registerFont

    registerFont(UnicodeCIDFont(FONT))


@cache
def _width(character: str) -> float:
    """In units of the letters' size."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    _register_font()
    return float(stringWidth(character, FONT, 1))


def _plain(text: str) -> str:
    return "".join(
        c if " " <= c <= "\uffff" and not "\ud800" <= c <= "\udfff" else "\n" if c == "\n" else GETA
        for c in text.replace("\r\n", "\n").replace("\t", " ")
    )


def wrapped(text: str, size: float, width: float) -> Iterator[str]:
    """The text in lines that are not wider than *width*; none begins with a full stop or a closing bracket."""
    for paragraph in _plain(text).split("\n"):
        line, used = "", 0.0
        for character in paragraph:
            wide = _width(character) * size
            # What may not begin a line hangs over its end; only so much of it, or it would leave the page.
            over = 2 * size if character in _NOT_AT_THE_START else 0.0
            if line and used + wide > width + over:
                yield line
                line, used = "", 0.0
            line += character
            used += wide
        yield line


def _paragraph(text: str, size: float) -> list[Line]:
    return [Line(size, ((0.0, line),)) for line in wrapped(text, size, WIDTH - 2 * MARGIN)]


def _pair(label: str, text: str) -> list[Line]:
    left = list(wrapped(label, TEXT, LABEL_WIDTH - TEXT))
    right = list(wrapped(text, TEXT, WIDTH - 2 * MARGIN - LABEL_WIDTH))
    count = max(len(left), len(right))
    left += [""] * (count - len(left))
    right += [""] * (count - len(right))
    return [Line(TEXT, ((0.0, one), (LABEL_WIDTH, other))) for one, other in zip(left, right, strict=True)]


def _blocks(sheet: Sheet) -> Iterator[list[Line]]:
    """What is kept on one page if it fits on one."""
    yield _paragraph(sheet.title, TITLE)
    yield [line for label, text in sheet.about for line in _pair(label, text)]
    if len(sheet.columns) == 2:
        # A table of two columns is read as one: label and text.
        for row in sheet.rows:
            first, *rest = _pair(row[0], row[1])
            yield [first._replace(is_ruled=True), *rest]
    else:
        for number, row in enumerate(sheet.rows, 1):
            heading = Line(HEADING, ((0.0, f"{number} / {len(sheet.rows)}"),), is_ruled=True)
            yield [
                heading,
                *(
                    line
                    for label, text in zip(sheet.columns, row, strict=True)
                    for line in _pair(label, text)
                ),
            ]
    if sheet.notes:
        first, *rest = [line for note in sheet.notes for line in _paragraph(note, SMALL)]
        yield [first._replace(is_ruled=True), *rest]


def laid_out(sheet: Sheet) -> list[list[Line]]:
    """The lines of each page."""
    room = HEIGHT - 2 * MARGIN - 2 * SMALL * LEADING
    pages: list[list[Line]] = [[]]
    used = 0.0
    for block in _blocks(sheet):
        height = sum(line.height for line in block)
        if used and used + height > room and height <= room:
            pages.append([])
            used = 0.0
        for line in block:
            if used + line.height > room:
                pages.append([])
                used = 0.0
            pages[-1].append(line)
            used += line.height
        used += 4.0
        pages[-1].append(Line(4.0 / LEADING, ()))
    return pages


def as_pdf(sheet: Sheet) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    _register_font()
    pages = laid_out(sheet)
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(WIDTH, HEIGHT), invariant=1, lang="ja-JP")
    canvas.setTitle(sheet.title)
    canvas.setAuthor(SIMULATED)
    canvas.setSubject(SIMULATED)
    canvas.setCreator("mynasim")
    for number, lines in enumerate(pages, 1):
        _draw(canvas, lines, f"{SIMULATED}　{number} / {len(pages)} ページ")
    canvas.save()
    return file.getvalue()


def _draw(canvas: "Canvas", lines: Sequence[Line], foot: str) -> None:
    canvas.setFont(FONT, SMALL)
    canvas.drawString(MARGIN, HEIGHT - MARGIN + SMALL, SIMULATED)
    canvas.drawString(MARGIN, MARGIN - 2 * SMALL, foot)
    canvas.setLineWidth(0.4)
    at = HEIGHT - MARGIN - SMALL
    for line in lines:
        if line.is_ruled:
            canvas.line(MARGIN, at - 3.0, WIDTH - MARGIN, at - 3.0)
        at -= line.height
        canvas.setFont(FONT, line.size)
        for left, text in line.texts:
            if text:
                canvas.drawString(MARGIN + left, at + line.size * (LEADING - 1) / 2, text)
    canvas.showPage()
