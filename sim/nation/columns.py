"""Residents as numpy columns: the same people as `Nation.person`, half a million and more a second.

Texts stay indices into the tables of names, so that a column of a million people is some megabytes; `families` and
`given_names` spell them out. My Numbers and resident codes are made when first asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt

from sim.nation.blocks import BLOCK_BITS, BLOCK_SIZE, Role, blocks, kinds_of_blocks
from sim.nation.chance import Words, draw_column
from sim.nation.municipalities import MUNICIPALITIES
from sim.nation.names import name_tables
from sim.nation.nation import CARD_HOLDERS_OF_1024, LOCAL_BITS, Nation, UnknownResident

__all__ = ["CHUNK", "Columns", "chunks", "columns", "columns_of"]

CHUNK = 1 << 15
"""People worked on at once: their intermediate columns stay in the processor's cache."""

_Ints = npt.NDArray[np.int64]
_AGEING = np.array([m.ageing for m in MUNICIPALITIES], dtype=np.int64)
_TEXTS = tuple((np.array(t.kanji, dtype=object), np.array(t.kana, dtype=object)) for t in name_tables())


@dataclass(frozen=True)
class Columns:
    """One entry a resident in each column, all of one length."""

    nation: Nation
    n: _Ints
    identity: Words
    municipality: npt.NDArray[np.int16]  # index into MUNICIPALITIES
    household: _Ints  # n of its head
    household_size: npt.NDArray[np.uint8]
    role: npt.NDArray[np.uint8]  # Role
    sex: npt.NDArray[np.uint8]  # 1 man, 2 woman
    age: npt.NDArray[np.uint8]  # completed years on the reference date
    birth_date: npt.NDArray[np.datetime64]
    surname: npt.NDArray[np.uint16]  # index into the table of surnames
    given_table: npt.NDArray[np.uint8]  # which table of given names
    given: npt.NDArray[np.uint16]  # index into it
    holds_card: npt.NDArray[np.bool_]
    entry: _Ints  # where the person stands in the table of blocks

    def __len__(self) -> int:
        return len(self.n)

    @cached_property
    def my_number(self) -> Words:
        """個人番号 as integers of up to twelve digits."""
        return self.nation.my_numbers.column(self.identity)

    @cached_property
    def resident_code(self) -> Words:
        """住民票コード as integers of up to eleven digits."""
        return self.nation.resident_codes.column(self.identity)

    @cached_property
    def youngest_child(self) -> npt.NDArray[np.uint8]:
        """Age of the youngest child at home, as `Nation.children`; 255 without one.

        A household that the end of its municipality cuts off counts whole.
        """
        youngest: npt.NDArray[np.uint8] = _youngest_children()[self.entry]
        return youngest

    def families(self, *, kana: bool = False) -> npt.NDArray[np.object_]:
        """Surnames as text, or their readings."""
        return _TEXTS[0][kana][self.surname]

    def given_names(self, *, kana: bool = False) -> npt.NDArray[np.object_]:
        """Given names as text, or their readings."""
        texts = np.empty(len(self), dtype=object)
        for table in range(1, len(_TEXTS)):
            chosen = self.given_table == table
            texts[chosen] = _TEXTS[table][kana][self.given[chosen]]
        return texts


def columns(nation: Nation, numbers: range) -> Columns:
    """Residents `numbers` (any step). Raises `UnknownResident` when the range leaves the nation."""
    for end in (numbers[0], numbers[-1]) if numbers else ():
        if not 0 <= end < nation.size:
            raise UnknownResident(f"住民の番号は0から{nation.size - 1}までです: {end}")
    parts = [
        columns_of(nation, np.arange(part.start, part.stop, part.step, dtype=np.int64))
        for part in (numbers[at : at + CHUNK] for at in range(0, max(len(numbers), 1), CHUNK))
    ]
    return parts[0] if len(parts) == 1 else _joined(nation, parts)


def chunks(nation: Nation, numbers: range) -> Iterator[Columns]:
    """The same, piece by piece: memory does not grow with the range."""
    for at in range(0, len(numbers), CHUNK):
        yield columns(nation, numbers[at : at + CHUNK])


def columns_of(nation: Nation, n: _Ints) -> Columns:
    """Any residents in any order. Every `n` must be within the nation; at best some ten thousand at once."""
    starts = np.asarray(nation.starts, dtype=np.int64)
    index = np.searchsorted(starts, n, side="right") - 1
    start = starts[index]
    local = n - start
    identity = (index << LOCAL_BITS | local).astype(np.uint64)
    block_words = draw_column(nation.block_key, identity >> np.uint64(BLOCK_BITS))
    entry = kinds_of_blocks(block_words, _AGEING[index]) << BLOCK_BITS | local & (BLOCK_SIZE - 1)
    head, role, sex, age, size = (column[entry] for column in blocks().columns())
    head_local = local & ~(BLOCK_SIZE - 1) | head
    home_words = draw_column(nation.household_key, (index << LOCAL_BITS | head_local).astype(np.uint64))
    words = draw_column(nation.person_key, identity)

    days_back = ((words & np.uint64(0xFFFF)) * np.uint64(365) >> np.uint64(16)).astype(np.int64)
    birth = np.asarray(nation.birthdays, dtype=np.int64)[age] - days_back - _EPOCH_ORDINAL
    shares = np.asarray(nation.traditional_shares, dtype=np.uint64)[age, sex]
    is_traditional = (words >> np.uint64(32) & np.uint64(0xFF)) < shares
    given_table = (2 * sex - is_traditional).astype(np.uint8)
    low_draw = (words >> np.uint64(16) & np.uint64(0xFFFF)).astype(np.int64)
    return Columns(
        nation=nation,
        n=n,
        identity=identity,
        municipality=index.astype(np.int16),
        household=start + head_local,
        household_size=size,
        role=role,
        sex=sex,
        age=age,
        birth_date=birth.view("datetime64[D]"),
        surname=_QUANTILES[0][(home_words & np.uint64(0xFFFF)).astype(np.int64)],
        given_table=given_table,
        given=_GIVEN_QUANTILES[given_table.astype(np.int64) << 16 | low_draw],
        holds_card=(words >> np.uint64(54)) < np.uint64(CARD_HOLDERS_OF_1024),
        entry=entry,
    )


@cache
def _youngest_children() -> npt.NDArray[np.uint8]:
    """For each entry of the table of blocks the age of the youngest child at home, 255 for none."""
    head, role, _, age, _ = blocks().columns()
    home: _Ints = np.arange(len(head)) // BLOCK_SIZE * BLOCK_SIZE + head
    youngest = np.full(len(head), 255, dtype=np.uint8)
    is_child = role == Role.CHILD
    np.minimum.at(youngest, home[is_child], age[is_child])
    found: npt.NDArray[np.uint8] = youngest[home]
    found[is_child] = 255
    is_parent = role == Role.PARENT
    found[is_parent] = age[home[is_parent]]
    return found


_EPOCH_ORDINAL = 719_163  # 1970-01-01
_QUANTILES = tuple(table.quantiles for table in name_tables())
_GIVEN_QUANTILES = np.concatenate(_QUANTILES)


def _joined(nation: Nation, parts: list[Columns]) -> Columns:
    def join(name: str) -> npt.NDArray[np.generic]:
        return np.concatenate([getattr(part, name) for part in parts])

    names = [name for name in Columns.__dataclass_fields__ if name != "nation"]
    return Columns(nation, *(join(name) for name in names))  # type: ignore[arg-type]
