"""Writing residents out (書き出し) as test data: fields, rows and lines as generators, no I/O.

A cell that a spreadsheet would take for a formula is made harmless (`harmless`): the nation's own names and addresses
never look like one, but what is written here may one day come from elsewhere.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

import msgspec

from sim.nation.circumstances import circumstances
from sim.nation.municipalities import municipality
from sim.nation.nation import Nation
from sim.nation.person import Person, relation

__all__ = [
    "EXPORT_COLUMNS",
    "FIELDS",
    "UnknownField",
    "csv_lines",
    "fields_of",
    "harmless",
    "json_lines",
    "rows",
]

Field = Callable[[Nation, Person], str]
Row = tuple[str, ...]


class UnknownField(LookupError):
    """No such field. The message is for people."""


def _head(nation: Nation, person: Person) -> str:
    return nation.resident_id(person.household)


FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "住民番号": lambda nation, person: person.resident_id,
        "氏": lambda nation, person: person.family,
        "名": lambda nation, person: person.given,
        "氏フリガナ": lambda nation, person: person.family_kana,
        "名フリガナ": lambda nation, person: person.given_kana,
        "生年月日": lambda nation, person: person.birth_date.isoformat(),
        "性別": lambda nation, person: "男" if person.sex == 1 else "女",
        "市区町村コード": lambda nation, person: person.municipality_code,
        "郵便番号": lambda nation, person: person.address.postal_code,
        "住所": lambda nation, person: person.address.text,
        "世帯主の住民番号": _head,
        "続柄": lambda nation, person: relation(person.role, person.sex),
        "個人番号": lambda nation, person: person.my_number,
        "住民票コード": lambda nation, person: person.resident_code,
        "カード製造番号": lambda nation, person: person.card.serial,
        "カード有効期限": lambda nation, person: person.card.expires.isoformat(),
        "カード保有": lambda nation, person: "有" if person.holds_card else "無",
        # Not written unless asked for.
        "統合宛名番号": lambda nation, person: str(person.n),
        "氏名": lambda nation, person: person.name,
        "氏名フリガナ": lambda nation, person: person.kana,
        "年齢": lambda nation, person: str(person.age(nation.reference_date)),
        "都道府県": lambda nation, person: municipality(person.municipality_code).prefecture,
        "市区町村": lambda nation, person: municipality(person.municipality_code).name,
        "世帯人数": lambda nation, person: str(len(nation.members(person))),
        "カード発行日": lambda nation, person: person.card.issued.isoformat(),
        "電子証明書有効期限": lambda nation, person: person.card.certificates_expire.isoformat(),
        "就業状況": lambda nation, person: circumstances(nation, person).work.value,
        "給与収入": lambda nation, person: str(circumstances(nation, person).salary),
        "保険者": lambda nation, person: circumstances(nation, person).insurer.name,
        "前住所地コード": lambda nation, person: circumstances(nation, person).moved_from or "",
    }
)
"""What can be written about a resident, by the heading of its column."""

EXPORT_COLUMNS: Row = tuple(FIELDS)[: tuple(FIELDS).index("統合宛名番号")]
"""What is written unless something else is asked for."""


def fields_of(names: Iterable[str]) -> Row:
    """These fields, if they are. Raises `UnknownField`."""
    chosen = tuple(names)
    for name in chosen:
        if name not in FIELDS:
            raise UnknownField(f"項目「{name}」はありません。選べるのは {'、'.join(FIELDS)} です。")
    if len(set(chosen)) < len(chosen) or not chosen:
        raise UnknownField("項目は、ちがうものを1つ以上指定してください。")
    return chosen


def rows(nation: Nation, people: Iterable[Person], fields: Sequence[str] = EXPORT_COLUMNS) -> Iterator[Row]:
    """One row of texts a resident, under `fields`."""
    columns = [FIELDS[name] for name in fields]
    for person in people:
        yield tuple(column(nation, person) for column in columns)


_FORMULA_BEGINS = tuple("=+-@＝＋－＠\t\r\n")
"""How a cell begins that a spreadsheet would work out; a Japanese one takes the wide signs too."""


def harmless(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_BEGINS) else text


def csv_lines(fields: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """Rows as CSV lines (CRLF, header first), as spreadsheets read them."""
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow(fields)
    yield line.getvalue()
    for row in rows:
        line.seek(0)
        line.truncate()
        writer.writerow([harmless(cell) for cell in row])
        yield line.getvalue()


def json_lines(fields: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """Rows as JSON lines, each an object under the column names."""
    encoder = msgspec.json.Encoder()
    for row in rows:
        yield encoder.encode(dict(zip(fields, row, strict=True))).decode() + "\n"
