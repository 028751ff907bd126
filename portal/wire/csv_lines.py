"""Lines of CSV (RFC 4180), for spreadsheets: every field quoted. A file begins with a byte order mark and is UTF-8.

A spreadsheet takes a field that begins like a formula for one, and runs it: such a field gets an apostrophe in front,
which spreadsheets take as "this is text".
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

BYTE_ORDER_MARK = "\ufeff"
FORMULA_BEGINNINGS = frozenset("=+-@\t\r＝＋－＠")
"""Also in full width: Japanese spreadsheets take them alike."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_BLANKS = " \u3000\n\v\f\u00a0"
"""Dropped by spreadsheets in front of a formula."""


def guarded(text: str) -> str:
    """The text as a field that no spreadsheet takes for a formula. Characters that no file should hold are left out."""
    plain = _CONTROLS.sub("", text)
    return f"'{plain}" if plain.lstrip(_BLANKS)[:1] in FORMULA_BEGINNINGS else plain


def csv_lines(rows: Iterable[Sequence[str]]) -> str:
    """Every row as one line, each field guarded."""
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([guarded(each) for each in row] for row in rows)
    return file.getvalue()
