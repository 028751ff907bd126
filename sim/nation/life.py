"""Life goes on (異動): births, deaths, marriages, moves and changes of job on a simulated day, for the whole nation.

Each resident has one day a year, by a permutation of the nation, on which the year's fate is drawn. So a day costs the
365th part of the nation, no event depends on one before it, and any day can be asked for in any order. Only death is
looked back for: who died in an earlier year has no further events. The computed nation itself does not change: what
events do to residents is the simulation's overlay.

Rates by age are rounded from vital statistics (人口動態統計) and the migration report (住民基本台帳人口移動報告), and are
assumptions of ours. Ages are those of the reference date.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from math import isqrt

import msgspec
import numpy as np
import numpy.typing as npt

from sim.nation.blocks import Role
from sim.nation.chance import draw, draw_column, key_for, quantiles
from sim.nation.columns import CHUNK, Columns, columns_of
from sim.nation.municipalities import MUNICIPALITIES
from sim.nation.names import given_table_of, name_tables, traditional_share
from sim.nation.nation import Nation
from sim.nation.numbers import Permutation
from sim.nation.organisations import Kind, Organisation, national_body, of_municipality, organisations_of_kind

__all__ = ["NEWBORN_A_DAY_MAX", "LifeEvent", "LifeEventKind", "Newborn", "life_events", "newborn_of"]

_DAYS_A_YEAR = 365
_Bools = npt.NDArray[np.bool_]
_Ints = npt.NDArray[np.int64]
# Per 100,000 a year, by five years of age from 0-4 to 100 and over.
_DEATHS = np.array(
    (45, 8, 9, 22, 38, 40, 50, 65, 95, 150, 240, 370, 570, 920, 1500, 2500, 4500, 8500, 16000, 28000, 42000)
)  # fmt: skip
_BIRTHS = np.array((0, 0, 0, 0, 9700, 14100, 13600, 7600, 1800, 50, *(0,) * 11))  # of wives
_MARRIAGES = np.array(
    (0, 0, 0, 0, 3800, 11600, 10000, 4700, 1950, 950, 550, 300, *(0,) * 9)
)  # of the unmarried
_HOUSEHOLD_MOVES = np.array(
    (0, 0, 0, 9000, 14000, 12000, 8000, 5200, 3400, 2700, 2300, 2000, 1600, *(1100,) * 8)
)
_LEAVING_HOME = np.array((0, 0, 0, 5200, 11000, 8000, 5000, *(0,) * 14))  # of sons and daughters
_JOB_CHANGES = np.array((0, 0, 0, 2500, 9500, 8500, 6500, 5000, 4400, 4000, 3300, 2800, 2500, *(0,) * 8))
_YEARS_MAX = 20
NEWBORN_A_DAY_MAX = 2_560
"""Numbers kept for each day's children. About 2,000 are born, twelve standard deviations fewer."""
_NEWBORN_IDENTITIES = 7_400_000_000  # above every resident's identity, within both numbers' domains


class LifeEventKind(StrEnum):
    """異動の種類."""

    BIRTH = "birth"  # 出生
    DEATH = "death"  # 死亡
    MARRIAGE = "marriage"  # 婚姻
    MOVE = "move"  # 転出・転入
    JOB = "job"  # 就職・転職・退職: another insurer


class Newborn(msgspec.Struct, frozen=True):
    """出生した子: numbered after the nation's residents, with numbers as unique as theirs."""

    n: int  # from nation.size on
    given: str
    given_kana: str
    sex: int
    my_number: str
    resident_code: str


class LifeEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to a resident; fields that a kind doesn't need are None or empty."""

    kind: LifeEventKind
    day: date
    n: int  # the resident; of a birth the mother, of a marriage the one who becomes head
    partner: int | None = None  # marriage: n of the one who takes the other's surname
    newborn: Newborn | None = None  # birth
    municipality: str | None = None  # move: code of the new municipality
    members: tuple[int, ...] = ()  # move: n of all who move, the resident included
    insurer: Organisation | None = None  # job: the new insurer


def life_events(nation: Nation, day: date) -> list[LifeEvent]:
    """All events of a day, by kind and n. Empty before the nation's reference date.

    Raises `ValueError` from twenty years after it: the newborn would run out of numbers.
    """
    if day < nation.reference_date:
        return []
    year, place = divmod((day - nation.reference_date).days, _DAYS_A_YEAR)
    if year >= _YEARS_MAX:
        raise ValueError(f"基準日から{_YEARS_MAX}年より後の異動は計算できません: {day}")
    side = isqrt(nation.size - 1) + 1 if nation.size else 1
    permutation = Permutation(nation.seed, f"day of year {year}", side, side)
    start, stop = (side * side * at // _DAYS_A_YEAR for at in (place, place + 1))
    events: list[LifeEvent] = []
    singles: list[_Ints] = []
    mothers: list[_Ints] = []
    for at in range(start, stop, CHUNK):
        positions = np.arange(at, min(at + CHUNK, stop), dtype=np.uint64)
        n = permutation.column(positions).astype(np.int64)
        people = columns_of(nation, np.sort(n[n < nation.size]))
        events += _fates(nation, people, day, year, singles, mothers)
    events += _births(nation, day, year, mothers)
    events += _marriages(nation, day, singles)
    order = list(LifeEventKind)
    return sorted(events, key=lambda event: (order.index(event.kind), event.n))


def _chance(nation: Nation, people: Columns, year: int, kind: str, rates: npt.NDArray[np.int64]) -> _Bools:
    """Who of the people is struck in the year, at rates by age group."""
    words = draw_column(key_for(nation.seed, f"{kind} {year}"), people.identity) % np.uint64(100_000)
    return words.astype(np.int64) < rates[np.minimum(people.age // 5, len(rates) - 1)]


def _fates(
    nation: Nation, people: Columns, day: date, year: int, singles: list[_Ints], mothers: list[_Ints]
) -> list[LifeEvent]:
    alive = np.ones(len(people), dtype=np.bool_)
    for earlier in range(year):
        alive &= ~_chance(nation, people, earlier, "death", _DEATHS)
    dies = alive & _chance(nation, people, year, "death", _DEATHS)
    lives = alive & ~dies
    is_head, is_child = people.role == Role.HEAD, people.role == Role.CHILD
    is_wife = (people.role == Role.SPOUSE) & (people.sex == 2)
    is_single = (people.household_size == 1) | (is_child & (people.age >= 20))
    bears = lives & is_wife & _chance(nation, people, year, "birth", _BIRTHS)
    marries = lives & is_single & _chance(nation, people, year, "marriage", _MARRIAGES)
    moves = lives & is_head & _chance(nation, people, year, "move", _HOUSEHOLD_MOVES)
    leaves = lives & is_child & _chance(nation, people, year, "leaving", _LEAVING_HOME)
    works = lives & ~bears & _chance(nation, people, year, "job", _JOB_CHANGES)

    marrying = np.stack(
        [
            people.n,
            people.sex.astype(np.int64),
            people.municipality.astype(np.int64),
            people.age.astype(np.int64),
        ],
        1,
    )
    singles.append(marrying[marries])
    events = [LifeEvent(kind=LifeEventKind.DEATH, day=day, n=n) for n in people.n[dies].tolist()]
    mothers.append(people.n[bears])
    for at in np.flatnonzero((moves | leaves) & ~marries).tolist():
        events.append(_move(nation, people, at, day, year, alone=bool(leaves[at])))
    for at in np.flatnonzero(works).tolist():
        insurer = _new_insurer(nation, people, at, year)
        events.append(LifeEvent(kind=LifeEventKind.JOB, day=day, n=int(people.n[at]), insurer=insurer))
    return events


def _births(nation: Nation, day: date, year: int, mothers: list[_Ints]) -> list[LifeEvent]:
    """The children of a day, numbered by day and mother, so that no day need know of those before."""
    first = nation.size + (day - nation.reference_date).days * NEWBORN_A_DAY_MAX
    everybody = sorted(np.concatenate(mothers).tolist())[:NEWBORN_A_DAY_MAX] if mothers else []
    return [
        LifeEvent(
            kind=LifeEventKind.BIRTH, day=day, n=n, newborn=_newborn(nation, first + number, n, day, year)
        )
        for number, n in enumerate(everybody)
    ]


def _newborn(nation: Nation, number: int, mother: int, day: date, year: int) -> Newborn:
    word = draw(key_for(nation.seed, f"newborn {year}"), mother)
    sex = 1 if word % 1000 < 513 else 2
    is_traditional = (word >> 32 & 0xFF) < traditional_share(day.year, sex)
    names = name_tables()[given_table_of(sex, traditional=is_traditional)]
    name = names.by_draw[word >> 16 & 0xFFFF]
    identity = _NEWBORN_IDENTITIES + year * nation.size + mother
    return Newborn(
        number,
        names.kanji[name],
        names.kana[name],
        sex,
        nation.my_numbers.of(identity),
        nation.resident_codes.of(identity),
    )


def newborn_of(nation: Nation, number: int, mother: int, day: date) -> Newborn:
    """A mother's child of a year, numbered `number`: the same name and numbers on whatever day of it."""
    year = (day - nation.reference_date).days // _DAYS_A_YEAR
    return _newborn(nation, number, mother, day, year)


_DESTINATIONS = quantiles([m.population_weight for m in MUNICIPALITIES])


def _move(nation: Nation, people: Columns, at: int, day: date, year: int, *, alone: bool) -> LifeEvent:
    """A household moves, or a grown child leaves home: more often within the prefecture than beyond."""
    n, home = int(people.n[at]), MUNICIPALITIES[int(people.municipality[at])]
    word = draw(key_for(nation.seed, f"destination {year}"), int(people.identity[at]))
    near = [m for m in MUNICIPALITIES if m.prefecture == home.prefecture and m is not home]
    if near and word % 100 < 54:
        target = near[(word >> 8) % len(near)]
    else:
        target = MUNICIPALITIES[int(_DESTINATIONS[word >> 24 & 0xFFFF])]
        if target is home:
            target = MUNICIPALITIES[(home.index + 1) % len(MUNICIPALITIES)]
    size = 1 if alone else int(people.household_size[at])
    members = (n,) if alone else tuple(range(n, min(n + size, nation.residents_of(home.code).stop)))
    return LifeEvent(kind=LifeEventKind.MOVE, day=day, n=n, municipality=target.code, members=members)


def _new_insurer(nation: Nation, people: Columns, at: int, year: int) -> Organisation:
    word = draw(key_for(nation.seed, f"insurer {year}"), int(people.identity[at]))
    if word % 100 < 46:
        return national_body(Kind.HEALTH_ASSOCIATION)
    if word % 100 < 74:
        societies = organisations_of_kind(Kind.HEALTH_SOCIETY)
        return societies[(word >> 8) % len(societies)]
    return of_municipality(MUNICIPALITIES[int(people.municipality[at])].code)


def _marriages(nation: Nation, day: date, singles: list[_Ints]) -> list[LifeEvent]:
    """Men and women who marry on the day, paired in the order of place and age: neighbours of like age."""
    everybody = np.concatenate(singles) if singles else np.empty((0, 4), dtype=np.int64)
    sides = []
    for sex in (1, 2):
        side = everybody[everybody[:, 1] == sex]
        prefecture = side[:, 2] // 40  # neighbouring codes, not quite prefectures
        sides.append(side[np.lexsort((side[:, 3], prefecture))][:, 0].tolist())
    men, women = sides
    events = []
    for number, (man, woman) in enumerate(zip(men, women, strict=False)):
        # 95 in 100 couples take the husband's surname.
        head, other = (woman, man) if number % 20 == 19 else (man, woman)
        events.append(LifeEvent(kind=LifeEventKind.MARRIAGE, day=day, n=head, partner=other))
    return events
