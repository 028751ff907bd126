"""FLD-2 as a check: the portal's store holds no name, birth date, sex, address or My Number in the clear.

Every table is looked through, cell by cell: text as text, bytes in the encodings in which Japanese is written. It
looks for the residents who took part, so that a plant of any of theirs is found wherever it lies: in a row, in an
outbox key, in a column that has no business being there.
"""

import re
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from typing import NamedTuple

from sim.nation.municipalities import MUNICIPALITIES, PREFECTURES, municipality
from sim.nation.person import Person

COLUMNS_FORBIDDEN = frozenset(
    ["name", "full_name", "kana", "sex", "gender", "birth", "birth_date", "birthday", "address", "my_number"]
)
"""A column of such a name keeps what the portal must not keep, whatever stands in it."""
SEX_WORDS = ("男", "女", "male", "female")
"""Looked for in text only: a letter of three bytes turns up in sealed contents by chance."""
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "cp932", "euc-jp")
BYTES_MIN = 6
"""Shorter patterns turn up in sealed contents by chance."""
KANA_PART_CHARACTERS_MIN = 4
"""A short reading (アリ) is part of too many words to be looked for by itself."""
_ERAS = ((date(2019, 5, 1), "令和", "R"), (date(1989, 1, 8), "平成", "H"), (date(1926, 12, 25), "昭和", "S"), (date(1912, 7, 30), "大正", "T"))  # fmt: skip


_PART = "氏名の一部"


@cache
def _places() -> re.Pattern[str]:
    """Names of prefectures, counties and municipalities."""
    names = {prefecture.name for prefecture in PREFECTURES}
    names |= {name for place in MUNICIPALITIES for name in (place.name, place.county) if name}
    return re.compile("|".join(map(re.escape, sorted(map(_folded, names), key=len, reverse=True))))


class Finding(NamedTuple):
    """Something that the portal must not store."""

    table: str
    column: str
    what: str

    def __str__(self) -> str:
        return f"表 {self.table} の列 {self.column} に{self.what}"


class _Wanted(NamedTuple):
    what: str
    text: str


def _folded(text: str) -> str:
    """Full-width and half-width are the same, and so are small and capital letters."""
    return unicodedata.normalize("NFKC", text).casefold()


def _birth_dates(day: date) -> Iterator[str]:
    yield day.isoformat()
    yield f"{day:%Y%m%d}"
    yield f"{day:%Y/%m/%d}"
    yield f"{day.year}/{day.month}/{day.day}"
    yield f"{day.year}年{day.month}月{day.day}日"
    for first, era, letter in _ERAS:
        if day >= first:
            year = day.year - first.year + 1
            yield f"{era}{year}年{day.month}月{day.day}日"
            yield f"{letter}{year}.{day.month}.{day.day}"
            break


def _wanted(person: Person) -> Iterator[_Wanted]:
    whose = f"（{person.resident_id}）"
    for first, last, what in (
        (person.family, person.given, "氏名"),
        (person.family_kana, person.given_kana, "氏名の読み"),
    ):
        for between in ("", " ", "\u3000"):
            yield _Wanted(f"{what}{whose}", first + between + last)
    for part in (person.family, person.given):
        if len(part) > 1:
            yield _Wanted(f"{_PART}{whose}", part)
    for part in (person.family_kana, person.given_kana):
        if len(part) >= KANA_PART_CHARACTERS_MIN:
            yield _Wanted(f"氏名の読みの一部{whose}", part)
    for text in _birth_dates(person.birth_date):
        yield _Wanted(f"生年月日{whose}", text)
    place = municipality(person.municipality_code)
    yield _Wanted(f"住所{whose}", person.address.text)
    yield _Wanted(f"住所の一部{whose}", person.address.text.removeprefix(f"{place.prefecture}{place.name}"))
    number = person.my_number
    for between in ("", " ", "-"):
        yield _Wanted(f"マイナンバー{whose}", between.join((number[:4], number[4:8], number[8:])))


def _patterns(wanted: Iterable[_Wanted]) -> list[tuple[bytes, str]]:
    """What to look for in bytes: whole words in all encodings, what is short in UTF-8 only."""
    found: dict[bytes, str] = {}
    for what, text in wanted:
        for encoding in ENCODINGS if len(text) >= BYTES_MIN else ENCODINGS[:1]:
            try:
                pattern = text.encode(encoding)
            except UnicodeEncodeError:
                continue
            if len(pattern) >= BYTES_MIN:
                found.setdefault(pattern, what)
    return list(found.items())


def findings(people: Iterable[Person], store: sqlite3.Connection) -> list[Finding]:
    """All that these tables hold in the clear of these people and must not."""
    wanted = [each for person in people for each in _wanted(person)]
    texts = [(_folded(text), what) for what, text in wanted]
    patterns = _patterns(wanted)
    found: dict[Finding, None] = {}
    tables = [
        row[0] for row in store.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    ]
    for table in tables:
        cursor = store.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - the name comes from the store itself
        columns = [described[0] for described in cursor.description]
        for column in columns:
            if column.lower() in COLUMNS_FORBIDDEN:
                found[Finding(table, column, "は保存してはならない列")] = None
        for row in cursor:
            for column, cell in zip(columns, row, strict=True):
                for what in _in_cell(cell, texts, patterns):
                    found[Finding(table, column, what)] = None
    return list(found)


def _in_cell(cell: object, texts: list[tuple[str, str]], patterns: list[tuple[bytes, str]]) -> Iterator[str]:
    if isinstance(cell, bytes):
        for pattern, what in patterns:
            if pattern in cell:
                yield what
        try:
            cell = cell.decode()
        except UnicodeDecodeError:
            return
    if cell is None or isinstance(cell, float):
        return
    text = _folded(str(cell))
    for wanted, what in texts:
        # A town that answers names itself, and people are called like towns (石川県, 石川さん).
        if wanted in text and (_PART not in what or wanted in _places().sub("", text)):
            yield what
    if isinstance(cell, str):
        for word in SEX_WORDS:
            if word == text or (not word.isascii() and word in text):
                yield "性別"
