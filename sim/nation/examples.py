"""Five residents fit to show: what the command line prints and a newcomer signs in as."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sim.nation.blocks import Role
from sim.nation.circumstances import Circumstances, Work, circumstances
from sim.nation.nation import Nation
from sim.nation.past import records_of
from sim.nation.person import Person

__all__ = ["examples"]


def _working_mother(life: Circumstances) -> bool:
    is_mother = life.person.sex == 2 and life.person.role in (Role.HEAD, Role.SPOUSE)
    return is_mother and life.salary > 2_000_000 and bool(life.children_on(life.reference_date, 12))


def _young_employee(life: Circumstances) -> bool:
    return life.work is Work.EMPLOYEE


def _moved_in(life: Circumstances) -> bool:
    return life.moved_from is not None and life.salary > 0


def _self_employed(life: Circumstances) -> bool:
    return life.work is Work.SELF_EMPLOYED


def _in_care(life: Circumstances) -> bool:
    return life.care_level > 0


# Municipality, youngest and oldest, what else.
_WANTED: tuple[tuple[str, int, int, Callable[[Circumstances], bool]], ...] = (
    ("131016", 30, 45, _working_mother),
    ("011002", 22, 29, _young_employee),
    ("271004", 48, 56, _moved_in),
    ("401307", 58, 64, _self_employed),
    ("472018", 76, 84, _in_care),
)


_RECORDS_MIN = 3  # in the last year: there is something to look at


def examples(nation: Nation) -> list[Person]:
    """The first fitting card holder of each of five cities. Empty cities are passed over."""
    found = []
    year_ago = nation.reference_date - timedelta(days=365)
    for code, youngest, oldest, fits in _WANTED:
        for n in nation.residents_of(code):
            person = nation.person(n)
            age = person.age(nation.reference_date)
            if not (person.holds_card and youngest <= age <= oldest and fits(circumstances(nation, person))):
                continue
            if len(records_of(nation, person, year_ago, nation.reference_date)) >= _RECORDS_MIN:
                found.append(person)
                break
    return found
