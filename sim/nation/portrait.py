"""Everything about one resident (住民の紹介) in one piece, for people and programs that look at test data."""

from __future__ import annotations

from datetime import date

import msgspec

from sim.nation.catalogue import CURRENT, catalogue
from sim.nation.circumstances import circumstances
from sim.nation.holdings import holders
from sim.nation.municipalities import municipality
from sim.nation.nation import Nation
from sim.nation.person import Card, Person, relation

__all__ = ["Holding", "Living", "Portrait", "Relative", "portrait"]


class Relative(msgspec.Struct, frozen=True):
    """世帯員."""

    resident: str
    name: str
    kana: str
    relation: str  # to the head
    birth_date: date
    age: int
    sex: str


class Living(msgspec.Struct, frozen=True):
    """生活状況, in short."""

    work: str
    insurer: str
    is_dependant: bool
    moved_from: str | None  # name of the former municipality
    moved_on: date


class Holding(msgspec.Struct, frozen=True):
    """特定個人情報 of one kind, and who holds it."""

    information: str  # TM code
    name: str
    organisations: tuple[str, ...]


class Portrait(msgspec.Struct, frozen=True):
    """One resident on the nation's reference date."""

    resident: str
    name: str
    kana: str
    birth_date: date
    age: int
    as_of: date  # the day for which age and circumstances hold
    sex: str
    postal_code: str
    address: str
    household: tuple[Relative, ...]  # the head first; the resident included
    my_number: str
    resident_code: str
    unified_number: int  # 団体内統合宛名番号, the same at every organisation
    holds_card: bool
    card: Card | None
    living: Living
    holdings: tuple[Holding, ...]  # what nobody holds is left out


def portrait(nation: Nation, person: Person, profile: str = CURRENT) -> Portrait:
    """All about a resident of the computed nation."""
    as_of = nation.reference_date
    life = circumstances(nation, person)
    held = (
        Holding(code, information.name, tuple(o.name for o in holders(life, code, profile)))
        for code, information in catalogue(profile).information.items()
    )
    return Portrait(
        resident=person.resident_id,
        name=person.name,
        kana=person.kana,
        birth_date=person.birth_date,
        age=person.age(as_of),
        as_of=as_of,
        sex=_sex(person),
        postal_code=person.address.postal_code,
        address=person.address.text,
        household=tuple(
            Relative(
                member.resident_id,
                member.name,
                member.kana,
                relation(member.role, member.sex),
                member.birth_date,
                member.age(as_of),
                _sex(member),
            )
            for member in nation.household(person)
        ),
        my_number=person.my_number,
        resident_code=person.resident_code,
        unified_number=person.n,
        holds_card=person.holds_card,
        card=person.card if person.holds_card else None,
        living=Living(
            life.work.value,
            life.insurer.name,
            life.is_dependant,
            municipality(life.moved_from).full_name if life.moved_from else None,
            life.moved_on,
        ),
        holdings=tuple(holding for holding in held if holding.organisations),
    )


def _sex(person: Person) -> str:
    return "男" if person.sex == 1 else "女"
