"""Which organisations hold which specific personal information about a resident (SELF-3).

The user need not know them. An organisation holds a kind only when there is something to hold: a household without
children has no child allowance. Those who moved in have records at their former municipality too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from sim.nation.blocks import Role
from sim.nation.catalogue import CURRENT, catalogue
from sim.nation.circumstances import Circumstances, circumstances
from sim.nation.nation import Nation
from sim.nation.organisations import Kind, Organisation, national_body, of_municipality, of_prefecture
from sim.nation.person import Person

__all__ = [
    "ACCOUNT",
    "ASSISTANCE",
    "CARE",
    "CHILD_ALLOWANCE",
    "DISABILITY",
    "DISABLED_CHILD_ALLOWANCE",
    "DISASTER",
    "EMPLOYMENT",
    "HEALTH_INSURANCE",
    "LATE_ELDERLY",
    "MATERNAL_HEALTH",
    "PENSION",
    "PENSION_INSURANCE",
    "RESIDENCE",
    "SCHOLARSHIP",
    "SINGLE_PARENT_ALLOWANCE",
    "TAX",
    "VACCINATION",
    "holders",
    "organisations_holding",
]

TAX: Final = "TM00000000000002"
ASSISTANCE: Final = "TM90000000000001"
ACCOUNT: Final = "TM90000000000002"
CHILD_ALLOWANCE: Final = "TM90000000000003"
SINGLE_PARENT_ALLOWANCE: Final = "TM90000000000004"
DISABLED_CHILD_ALLOWANCE: Final = "TM90000000000005"
MATERNAL_HEALTH: Final = "TM90000000000006"
HEALTH_INSURANCE: Final = "TM90000000000007"
LATE_ELDERLY: Final = "TM90000000000008"
VACCINATION: Final = "TM90000000000009"
PENSION: Final = "TM90000000000010"
PENSION_INSURANCE: Final = "TM90000000000011"
CARE: Final = "TM90000000000012"
DISABILITY: Final = "TM90000000000013"
EMPLOYMENT: Final = "TM90000000000014"
DISASTER: Final = "TM90000000000015"
RESIDENCE: Final = "TM90000000000016"
SCHOLARSHIP: Final = "TM90000000000017"

# What a municipality still holds about those who moved away in the last five years.
_KEPT_BY_FORMER = frozenset({TAX, VACCINATION})


def _is_childs_payee(life: Circumstances) -> bool:
    """Allowances for children are paid to one parent: here the head of the household."""
    return life.person.role == Role.HEAD and bool(life.children_on(life.reference_date, 18))


_HELD: Mapping[str, Callable[[Circumstances], bool]] = {
    TAX: lambda life: life.age >= 16,
    ASSISTANCE: lambda life: life.assisted,
    ACCOUNT: lambda life: life.account_registered,
    CHILD_ALLOWANCE: _is_childs_payee,
    SINGLE_PARENT_ALLOWANCE: lambda life: _is_childs_payee(life) and life.gets_single_parent_allowance,
    DISABLED_CHILD_ALLOWANCE: lambda life: (
        _is_childs_payee(life) and life.has("parent_of_disabled_child", life.reference_date)
    ),
    MATERNAL_HEALTH: lambda life: life.age < 7,
    HEALTH_INSURANCE: lambda life: life.age < 75 and not life.assisted,
    LATE_ELDERLY: lambda life: life.age >= 75,
    VACCINATION: lambda life: True,
    PENSION: lambda life: life.pension > 0 or (life.disability_grade in (1, 2) and life.age >= 20),
    PENSION_INSURANCE: lambda life: life.age >= 20,
    CARE: lambda life: life.age >= 65,
    DISABILITY: lambda life: life.disability_grade > 0,
    EMPLOYMENT: lambda life: life.has_claimed_unemployment_benefit,
    DISASTER: lambda life: life.struck_by_disaster,
    RESIDENCE: lambda life: True,
    SCHOLARSHIP: lambda life: life.scholarship,
}


def organisations_holding(
    nation: Nation, person: Person, code: str, profile: str = CURRENT
) -> list[Organisation]:
    """Who holds the information of a TM code about a person; empty when nobody has any.

    Raises `UnknownCode` for a code that the profile's catalogue doesn't know.
    """
    return holders(circumstances(nation, person), code, profile)


def holders(life: Circumstances, code: str, profile: str = CURRENT) -> list[Organisation]:
    """`organisations_holding`, for circumstances that are known already."""
    kinds = catalogue(profile).information_of(code).holders
    if not _HELD[code](life):
        return []
    here = life.person.municipality_code
    if code == HEALTH_INSURANCE:
        return [life.insurer]
    (kind,) = kinds
    match kind:
        case Kind.MUNICIPALITY:
            found = [of_municipality(here)]
            if life.moved_from is not None and code in _KEPT_BY_FORMER:
                found.append(of_municipality(life.moved_from))
            return found
        case Kind.PREFECTURE | Kind.WIDE_AREA_UNION:
            return [of_prefecture(kind, here)]
        case _:
            return [national_body(kind)]
