"""Reading the official census table (国勢調査), for exact populations instead of the shipped, fitted ones.

The tables that the Statistics Bureau publishes differ in their heads but not in this: each row names an area by its code,
alone (`01100`, `011002`) or with its name (`01100_札幌市`), and one column holds its people. Rows of the nation,
prefectures and wards of designated cities are passed over. Everything is read, or nothing.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from sim.nation.check_digits import municipality_check_digit
from sim.nation.municipalities import MUNICIPALITIES, MUNICIPALITY_PEOPLE_MAX

__all__ = ["CensusTable", "CensusTableError", "decode", "from_csv", "from_rows", "rows_of_csv"]

_AREA = re.compile(r"(\d{5})(\d?)(?:_.*)?")
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+|\d+")
_HEADS = ("人口総数", "人口（総数）", "人口(総数)", "人口", "総人口", "総数", "pop2020")


class CensusTableError(ValueError):
    """The table can't be used. The message names the line and says what to do, for people."""


class CensusTable(msgspec.Struct, frozen=True):
    """People by municipality, as `Nation(populations=…)` takes them."""

    populations: dict[str, int]  # six-digit code to people, all 1,741
    ignored: tuple[str, ...]  # codes in the table that are no municipality

    @property
    def people(self) -> int:
        """Of the whole nation."""
        return sum(self.populations.values())


def decode(data: bytes) -> str:
    """The text of a downloaded CSV file: UTF-8 with or without mark, or the Shift_JIS of older tables."""
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise CensusTableError("文字コードを判別できません。UTF-8かシフトJISのCSVを指定してください。")


def from_csv(text: str, column: str | None = None) -> CensusTable:
    """Populations from CSV text. Raises `CensusTableError`."""
    return from_rows(_csv_rows(text), column)


def rows_of_csv(data: bytes) -> Iterator[Sequence[str]]:
    """Rows of a downloaded CSV file, for `from_rows`. Raises `CensusTableError`."""
    yield from _csv_rows(decode(data))


def _csv_rows(text: str) -> Iterator[Sequence[str]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        yield from reader
    except csv.Error as error:
        raise CensusTableError(f"{reader.line_num}行目をCSVとして読めません({error})。") from error


def from_rows(rows: Iterable[Sequence[str]], column: str | None = None) -> CensusTable:
    """Populations from rows of texts, such as a spreadsheet's.

    `column` is the heading of the people's column; without it the usual ones are tried. Raises `CensusTableError`.
    """
    by_code = {m.code[:5]: m for m in MUNICIPALITIES}
    heads = (column,) if column else _HEADS
    populations: dict[str, int] = {}
    ignored: list[str] = []
    place = -1
    for line, row in enumerate(rows, start=1):
        cells = [str(cell).strip() for cell in row]
        area = next((match for match in map(_AREA.fullmatch, cells) if match), None)
        if area is None:
            place = next((cells.index(head) for head in heads if head in cells), place)
            continue
        body, check = area.groups()
        if check and municipality_check_digit(body) != check:
            raise CensusTableError(f"{line}行目: 地域コード「{body}{check}」の検査数字が違います。")
        if body not in by_code:
            ignored.append(body)
            continue
        if place < 0:
            raise CensusTableError(
                f"{line}行目までに人口の列の見出し({'・'.join(heads)})がありません。列名を指定してください。"
            )
        municipality = by_code[body]
        if municipality.code in populations:
            raise CensusTableError(f"{line}行目: {municipality.full_name}が二度あります。")
        populations[municipality.code] = _people(cells, place, line)
    missing = [m.full_name for m in MUNICIPALITIES if m.code not in populations]
    if missing:
        some = "、".join(missing[:5])
        lost = (
            "地域コードの先頭の0が落ちていないか、確かめてください。"
            if len(missing) < len(MUNICIPALITIES)
            else ""
        )
        raise CensusTableError(
            f"{len(missing)}市区町村の人口がありません({some}{'など' if missing[5:] else ''})。{lost}"
        )
    return CensusTable(populations, tuple(ignored))


def _people(cells: list[str], place: int, line: int) -> int:
    text = cells[place] if place < len(cells) else ""
    if text == "-":  # how the Statistics Bureau writes nought
        return 0
    if not _NUMBER.fullmatch(text):
        raise CensusTableError(f"{line}行{place + 1}列目: 人口「{text}」は数ではありません。")
    people = int(text.replace(",", ""))
    if people >= MUNICIPALITY_PEOPLE_MAX:
        raise CensusTableError(f"{line}行{place + 1}列目: 人口{people}は大きすぎます。")
    return people
