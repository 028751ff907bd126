"""One answer as a sheet: what both kinds of file are made of. A feature makes the sheet, this folder the files."""

from collections.abc import Sequence
from typing import NamedTuple


class Sheet(NamedTuple):
    """帳票: a title, what it is about, and a table."""

    name: str
    """Of the file, in Japanese, without an ending."""
    title: str
    about: Sequence[tuple[str, str]]
    """Stands at the head of the PDF."""
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    repeated: Sequence[tuple[str, str]] = ()
    """Stands in every row of the CSV, before the rest: a row taken out of it still says what it is about."""
    notes: Sequence[str] = ()
    """At the end of the PDF."""
