"""Finding residents (住民の検索): a generator, no I/O.

It goes through the nation in columns and keeps only what is asked for, so memory does not grow with the range. The
caller may pass `progress(done, total)`, which is called now and then.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from datetime import date
from itertools import accumulate
from math import gcd

import msgspec
import numpy as np
import numpy.typing as npt

from sim.nation.columns import CHUNK, Columns, columns, columns_of
from sim.nation.names import NameTable, name_tables
from sim.nation.nation import Nation
from sim.nation.person import Person

__all__ = ["Progress", "Wanted", "find", "in_katakana"]

Progress = Callable[[int, int], None]
_Bools = npt.NDArray[np.bool_]
_Test = Callable[[Columns], _Bools]
_GOLDEN_RATIO = 0.618_033_988_75


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What residents are looked for; all that is given must hold."""

    family: str | None = None  # how the surname begins, in kanji, katakana or hiragana
    given: str | None = None  # how the given name begins
    name: str | None = None  # a part of the whole name; a space stands between surname and given name
    reading: str | None = None  # the same of its reading, in any kana
    municipality: str | None = None  # six-digit code; the whole nation otherwise
    sex: int | None = None
    age_min: int | None = None  # years on the reference date
    age_max: int | None = None
    born: date | None = None
    household_size_min: int | None = None
    has_children_under: int | None = None  # a child at home younger than so many years
    holds_card: bool | None = None


def find(
    nation: Nation, wanted: Wanted, progress: Progress | None = None, *, scattered: bool = False
) -> Iterator[Person]:
    """Residents that fit, in the order of their numbers. Raises `UnknownMunicipality` before the first.

    `scattered` takes them from everywhere instead: the first thousand are spread evenly over the whole range. It is
    the same order each time.
    """
    numbers = nation.residents_of(wanted.municipality) if wanted.municipality else range(nation.size)
    return _scan(nation, _tests(wanted), numbers, progress, scattered)


def _scan(
    nation: Nation, tests: list[_Test], numbers: range, progress: Progress | None, scattered: bool
) -> Iterator[Person]:
    total = len(numbers)
    step = _step_over(total)
    for at in range(0, total, CHUNK):
        stop = min(at + CHUNK, total)
        if scattered:
            people = columns_of(nation, np.arange(at, stop, dtype=np.int64) * step % total + numbers.start)
        else:
            people = columns(nation, numbers[at:stop])
        fits = np.ones(len(people), dtype=np.bool_)
        for test in tests:
            fits &= test(people)
        for n in people.n[fits].tolist():
            yield nation.person(n)
        if progress is not None:
            progress(stop, total)


def _step_over(total: int) -> int:
    """A step that visits each of `total` places once and leaves no large gap on the way."""
    step = max(1, round(total * _GOLDEN_RATIO))
    while gcd(step, total) > 1:
        step += 1
    return step


def _tests(wanted: Wanted) -> list[_Test]:
    """One function for each thing that is wanted; what can be worked out once is."""
    tests: list[_Test] = []
    if wanted.family is not None:
        family = _starting(name_tables()[:1], wanted.family)
        tests.append(lambda people: family[people.surname])
    if wanted.given is not None:
        given = _starting(name_tables()[1:], wanted.given)
        tests.append(lambda people: given[_given_place(people)])
    if wanted.name is not None:
        tests.append(_part_of_name(wanted.name, kana=False))
    if wanted.reading is not None:
        tests.append(_part_of_name(in_katakana(wanted.reading), kana=True))
    if (sex := wanted.sex) is not None:
        tests.append(lambda people: people.sex == sex)
    if (age_min := wanted.age_min) is not None:
        tests.append(lambda people: people.age >= age_min)
    if (age_max := wanted.age_max) is not None:
        tests.append(lambda people: people.age <= age_max)
    if wanted.born is not None:
        born = np.datetime64(wanted.born)
        tests.append(lambda people: people.birth_date == born)
    if (size := wanted.household_size_min) is not None:
        tests.append(lambda people: people.household_size >= size)
    if (below := wanted.has_children_under) is not None:
        tests.append(lambda people: _has_children_under(people, below))
    if (holds_card := wanted.holds_card) is not None:
        tests.append(lambda people: people.holds_card == holds_card)
    return tests


def _has_children_under(people: Columns, years: int) -> _Bools:
    nation, found = people.nation, people.youngest_child < years
    stops = np.asarray(nation.starts, dtype=np.int64)[people.municipality.astype(np.int64) + 1]
    for at in np.flatnonzero(found & (people.household + people.household_size > stops)).tolist():
        # The municipality ends within this household, so the table says more than there is.
        children = nation.children(nation.person(int(people.n[at])))
        found[at] = any(child.age(nation.reference_date) < years for child in children)
    return found


# Names


def in_katakana(text: str) -> str:
    """A reading as the tables write it: hiragana and half-width katakana become katakana."""
    return "".join(
        chr(ord(c) + 0x60) if "ぁ" <= c <= "ゖ" else c for c in unicodedata.normalize("NFKC", text)
    )


_GIVEN_OFFSETS = np.array(
    [0, *accumulate((len(table.kanji) for table in name_tables()[1:-1]), initial=0)], dtype=np.int64
)
"""Where each table of given names begins when all stand one behind the other; table 0 holds the surnames."""


def _given_place(people: Columns) -> npt.NDArray[np.int64]:
    place: npt.NDArray[np.int64] = _GIVEN_OFFSETS[people.given_table] + people.given
    return place


def _names(tables: tuple[NameTable, ...], *, kana: bool) -> list[str]:
    return [name for table in tables for name in (table.kana if kana else table.kanji)]


def _where(names: list[str], fits: Callable[[str], bool]) -> _Bools:
    return np.array([fits(name) for name in names], dtype=np.bool_)


def _beginning(start: str) -> Callable[[str], bool]:
    return lambda name: name.startswith(start)


def _ending(end: str) -> Callable[[str], bool]:
    return lambda name: name.endswith(end)


def _starting(tables: tuple[NameTable, ...], start: str) -> _Bools:
    """Which names begin so, in any script."""
    in_kanji = _where(_names(tables, kana=False), _beginning(start))
    return in_kanji | _where(_names(tables, kana=True), _beginning(in_katakana(start)))


def _part_of_name(part: str, *, kana: bool) -> _Test:
    """Whether surname and given name, written together, have this part; a space in it must fall between the two."""
    families = _names(name_tables()[:1], kana=kana)
    givens = _names(name_tables()[1:], kana=kana)
    end, *starts = part.split() or [""]
    if starts:
        splits, family, given = [(end, "".join(starts))], None, None
    else:
        splits = [(end[:at], end[at:]) for at in range(1, len(end))]
        family = _where(families, lambda name: end in name)
        given = _where(givens, lambda name: end in name)
    across = [(_where(families, _ending(a)), _where(givens, _beginning(b))) for a, b in splits]

    def test(people: Columns) -> _Bools:
        surname, given_name = people.surname, _given_place(people)
        found = np.zeros(len(people), dtype=np.bool_)
        if family is not None and given is not None:
            found |= family[surname] | given[given_name]
        for ends, begins in across:
            found |= ends[surname] & begins[given_name]
        return found

    return test
