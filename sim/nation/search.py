"""Finding residents (住民の検索) and writing them out (書き出し) as test data: generators, no I/O.

Both go through the nation in columns and keep only what is asked for, so memory does not grow with the range. The caller
may pass `progress(done, total)`, which is called now and then.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from datetime import date

import msgspec
import numpy as np
import numpy.typing as npt

from sim.nation.columns import CHUNK, Columns, columns
from sim.nation.names import NameTable, name_tables
from sim.nation.nation import Nation
from sim.nation.person import Person

__all__ = ["EXPORT_COLUMNS", "Wanted", "csv_lines", "export_rows", "find", "json_lines"]

Progress = Callable[[int, int], None]

EXPORT_COLUMNS = (
    "住民番号", "氏", "名", "氏フリガナ", "名フリガナ", "生年月日", "性別", "市区町村コード", "郵便番号", "住所", "世帯主の住民番号",
    "続柄", "個人番号", "住民票コード", "カード製造番号", "カード有効期限", "カード保有",
)  # fmt: skip
_ROLE_NAMES = ("世帯主", "配偶者", "子", "父母")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What residents are looked for; all that is given must hold. Names match from the beginning, in kanji or kana."""

    family: str | None = None
    given: str | None = None
    municipality: str | None = None  # six-digit code; the whole nation otherwise
    sex: int | None = None
    age_min: int | None = None  # years on the reference date
    age_max: int | None = None
    born: date | None = None
    household_size_min: int | None = None
    holds_card: bool | None = None


def find(nation: Nation, wanted: Wanted, progress: Progress | None = None) -> Iterator[Person]:
    """Residents that fit, in the order of their numbers. Raises `UnknownMunicipality` before the first."""
    numbers = nation.residents_of(wanted.municipality) if wanted.municipality else range(nation.size)
    return _scan(nation, wanted, numbers, progress)


def _scan(nation: Nation, wanted: Wanted, numbers: range, progress: Progress | None) -> Iterator[Person]:
    for at in range(0, len(numbers), CHUNK):
        people = columns(nation, numbers[at : at + CHUNK])
        for n in people.n[_fits(people, wanted)].tolist():
            yield nation.person(n)
        if progress is not None:
            progress(min(at + CHUNK, len(numbers)), len(numbers))


def _fits(people: Columns, wanted: Wanted) -> npt.NDArray[np.bool_]:
    fits = np.ones(len(people), dtype=np.bool_)
    if wanted.family is not None:
        fits &= _named(name_tables()[0], wanted.family)[people.surname]
    if wanted.given is not None:
        named = np.zeros(len(people), dtype=np.bool_)
        for number, table in enumerate(name_tables()[1:], start=1):
            chosen = people.given_table == number
            named[chosen] = _named(table, wanted.given)[people.given[chosen]]
        fits &= named
    if wanted.sex is not None:
        fits &= people.sex == wanted.sex
    if wanted.age_min is not None:
        fits &= people.age >= wanted.age_min
    if wanted.age_max is not None:
        fits &= people.age <= wanted.age_max
    if wanted.born is not None:
        fits &= people.birth_date == np.datetime64(wanted.born)
    if wanted.household_size_min is not None:
        fits &= people.household_size >= wanted.household_size_min
    if wanted.holds_card is not None:
        fits &= people.holds_card == wanted.holds_card
    return fits


def _named(table: NameTable, start: str) -> npt.NDArray[np.bool_]:
    """Which names of a table begin so, in kanji, katakana or hiragana."""
    katakana = "".join(chr(ord(c) + 0x60) if "ぁ" <= c <= "ゖ" else c for c in start)
    names = zip(table.kanji, table.kana, strict=True)
    return np.array([a.startswith(start) or b.startswith(katakana) for a, b in names], dtype=np.bool_)


def export_rows(
    nation: Nation, numbers: range, progress: Progress | None = None
) -> Iterator[tuple[str, ...]]:
    """One row of texts a resident, under `EXPORT_COLUMNS`. Raises `UnknownResident` outside the nation."""
    for done, n in enumerate(numbers, start=1):
        person = nation.person(n)
        yield (
            person.resident_id,
            person.family,
            person.given,
            person.family_kana,
            person.given_kana,
            person.birth_date.isoformat(),
            "男" if person.sex == 1 else "女",
            person.municipality_code,
            person.address.postal_code,
            person.address.text,
            f"{person.municipality_code}-{person.household - n + int(person.resident_id[7:])}",
            _ROLE_NAMES[person.role],
            person.my_number,
            person.resident_code,
            person.card.serial,
            person.card.expires.isoformat(),
            "有" if person.holds_card else "無",
        )
        if progress is not None and (done % 1000 == 0 or done == len(numbers)):
            progress(done, len(numbers))


def csv_lines(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Rows as CSV lines (CRLF, header first), as spreadsheets read them."""
    yield _csv_line(EXPORT_COLUMNS)
    for row in rows:
        yield _csv_line(row)


def json_lines(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Rows as JSON lines, each an object under the column names."""
    for row in rows:
        yield msgspec.json.encode(dict(zip(EXPORT_COLUMNS, row, strict=True))).decode() + "\n"


def _csv_line(row: tuple[str, ...]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(row)
    return line.getvalue()
