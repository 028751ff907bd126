"""Days and moments that cross a border: which of them a request may name.

A moment without a time zone is nobody's, and a day at the edge of what a computer can name (``9999-12-31``) has no next
day: both would break whoever reckons with them. So a request that bears one is refused before anybody sees it.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import msgspec
import msgspec.inspect as inspect

YEAR_FIRST: Final = 1800
YEAR_LAST: Final = 2999
"""Wide of whoever lives and of whatever is simulated, and far from the edges."""


class WrongDate(NamedTuple):
    where: str
    """As a JSON path."""
    words: str


def bears_dates(kind: Any) -> bool:
    """Whether a value of this type can hold a day or a moment anywhere."""
    return _bears(inspect.type_info(kind), frozenset())


def wrong_date(value: Any, where: str = "$") -> WrongDate | None:
    """The first day or moment in a decoded request that nobody can reckon with."""
    return next(_wrong(value, where), None)


def _bears(info: inspect.Type, seen: frozenset[type]) -> bool:
    match info:
        case inspect.DateType() | inspect.DateTimeType():
            return True
        case inspect.UnionType():
            return any(_bears(one, seen) for one in info.types)
        case inspect.VarTupleType() | inspect.ListType():
            return _bears(info.item_type, seen)
        case inspect.StructType() if info.cls not in seen:
            return any(_bears(field.type, seen | {info.cls}) for field in info.fields)
        case _:
            return False


_dated: dict[type[msgspec.Struct], tuple[str, ...]] = {}
"""Fields that can hold one, by message: as many entries as there are declared messages with any."""


def _fields(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    found = _dated.get(kind)
    if found is None:
        info = inspect.type_info(kind)
        assert isinstance(info, inspect.StructType)
        found = tuple(field.name for field in info.fields if _bears(field.type, frozenset()))
        _dated[kind] = found
    return found


def _wrong(value: Any, where: str) -> Iterator[WrongDate]:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            yield WrongDate(where, "時差（+09:00 など）を付けてください。例：2026-04-01T09:00:00+09:00")
        elif not YEAR_FIRST <= value.year <= YEAR_LAST:
            yield WrongDate(where, f"{YEAR_FIRST}年から{YEAR_LAST}年までの日時にしてください")
    elif isinstance(value, date):
        if not YEAR_FIRST <= value.year <= YEAR_LAST:
            yield WrongDate(where, f"{YEAR_FIRST}年から{YEAR_LAST}年までの日にしてください")
    elif isinstance(value, msgspec.Struct):
        for name in _fields(type(value)):
            yield from _wrong(getattr(value, name), f"{where}.{name}")
    elif isinstance(value, (tuple, list)):
        for index, one in enumerate(value):
            yield from _wrong(one, f"{where}[{index}]")
