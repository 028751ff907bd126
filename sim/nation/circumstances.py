"""How a resident lives (生活状況): work, income, insurer, benefits, moves. What the copies and the past are made from.

Pure functions of the nation's seed and the person. Rates are rounded from public statistics and are assumptions of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from enum import StrEnum
from functools import cache

import msgspec

from sim.nation.blocks import BLOCK_BITS, Role
from sim.nation.chance import draw, key_for, quantiles
from sim.nation.municipalities import MUNICIPALITIES, Municipality, municipality
from sim.nation.nation import RECENT_MAX, Nation
from sim.nation.organisations import (
    Kind,
    Organisation,
    national_body,
    of_municipality,
    of_prefecture,
    organisations_of_kind,
)
from sim.nation.person import Member, Person

__all__ = ["Circumstances", "Work", "circumstances"]

_LATE_ELDERLY_AGE = 75
_PENSION_AGE = 65
# Yearly salary in yen at 20, 30, 40, 50, 60 years of age, full time.
_SALARIES = (2_700_000, 4_200_000, 5_000_000, 5_500_000, 4_300_000, 3_000_000)
_MOVED_PERCENT = 22  # within the last five years, from another municipality


class Work(StrEnum):
    """就業の状況."""

    EMPLOYEE = "会社員"
    OFFICIAL = "公務員"
    PART_TIME = "パート・アルバイト"
    SELF_EMPLOYED = "自営業"
    JOBLESS = "求職中"
    STUDENT = "学生・生徒"
    PENSIONER = "年金受給者"
    AT_HOME = "家事・その他"
    CHILD = "乳幼児・児童"


_EMPLOYED = (Work.EMPLOYEE, Work.OFFICIAL)
_INSURED_BY_THEMSELVES = (*_EMPLOYED, Work.SELF_EMPLOYED)


class Circumstances(msgspec.Struct, frozen=True):
    """One resident's circumstances on the nation's reference date."""

    person: Person
    reference_date: date
    members: tuple[Member, ...]  # of the household, the head first
    work: Work
    salary: int  # yen a year
    pension: int  # yen a year
    insurer: Organisation
    is_dependant: bool  # insured through a member of the household
    assisted: bool  # 生活保護
    disability_grade: int  # 1 to 6, 0 for none
    care_level: int  # 1 要支援1 … 7 要介護5, 0 for none
    moved_from: str | None  # municipality code
    moved_on: date  # when the household became resident; its head's birth at the latest
    struck_by_disaster: bool
    account_registered: bool  # 公金受取口座
    scholarship: bool
    word: int  # 64 bits for what is not named here

    def children_on(self, day: date, below: int) -> list[Member]:
        """Own children at home who are born and younger than `below` years on a day; none for a child."""
        if self.person.role not in (Role.HEAD, Role.SPOUSE):
            return []
        children = (m for m in self.members if m.role == Role.CHILD)
        return [c for c in children if c.birth_date <= day and c.age(day) < below]

    @property
    def age(self) -> int:
        """Completed years on the reference date."""
        return self.person.age(self.reference_date)

    @property
    def single_parent(self) -> bool:
        """Head of a household with children and no spouse."""
        roles = {m.role for m in self.members}
        return self.person.role == Role.HEAD and Role.CHILD in roles and Role.SPOUSE not in roles

    @property
    def gets_single_parent_allowance(self) -> bool:
        """児童扶養手当: alone with children under eighteen, and an income below the limit."""
        return self.single_parent and self.salary < 3_850_000

    @property
    def has_claimed_unemployment_benefit(self) -> bool:
        """失業等給付, now or in an earlier year."""
        is_worker = 18 <= self.age < _PENSION_AGE and self.salary > 0
        return self.work is Work.JOBLESS or (is_worker and self.word >> 50 & 7 == 0)

    def has(self, tag: str, day: date) -> bool:
        """Whether one of the catalogue's `when` words fits on a day. Children are counted as of that day.

        Raises `KeyError` for a word that no rule is known for.
        """
        return self.person.birth_date <= day and _TAGS[tag](self, self.person.age(day), day)

    def tags(self, day: date) -> frozenset[str]:
        """All of the catalogue's `when` words that fit on a day."""
        return frozenset(tag for tag in _TAGS if self.has(tag, day))

    def moved_within_a_year(self, day: date) -> bool:
        """Whether the household came from another municipality in the year before a day."""
        return self.moved_from is not None and timedelta(0) <= day - self.moved_on < timedelta(days=365)


_Rule = Callable[[Circumstances, int, date], bool]
_TAGS: Mapping[str, _Rule] = {
    "newborn_at_home": lambda life, age, day: bool(life.children_on(day, 1)),
    "parent": lambda life, age, day: bool(life.children_on(day, 18)),
    "parent_of_preschooler": lambda life, age, day: bool(life.children_on(day, 6)),
    "parent_of_student": lambda life, age, day: any(c.age(day) >= 18 for c in life.children_on(day, 23)),
    "parent_of_disabled_child": lambda life, age, day: (
        life.word % 100 < 2 and bool(life.children_on(day, 18))
    ),
    "single_parent_allowance": lambda life, age, day: (
        life.gets_single_parent_allowance and bool(life.children_on(day, 18))
    ),
    "infant": lambda life, age, day: age < 4,
    "child_moved_in": lambda life, age, day: age < 12 and life.moved_within_a_year(day),
    "moved_in": lambda life, age, day: age >= 18 and life.moved_within_a_year(day),
    "adult": lambda life, age, day: age >= 18,
    "taxpayer": lambda life, age, day: age >= 18 and life.salary + life.pension > 1_500_000,
    "assisted": lambda life, age, day: life.assisted and age >= 15,
    "insured": lambda life, age, day: age < _LATE_ELDERLY_AGE and not life.assisted,
    "late_elderly": lambda life, age, day: age >= _LATE_ELDERLY_AGE,
    "elderly": lambda life, age, day: age >= _PENSION_AGE,
    "pensioner": lambda life, age, day: age >= _PENSION_AGE and life.pension < 1_200_000,
    "self_employed_or_student": lambda life, age, day: (
        20 <= age < 60 and life.work in (Work.SELF_EMPLOYED, Work.STUDENT, Work.JOBLESS)
    ),
    "in_care": lambda life, age, day: life.care_level > 0 and age >= _PENSION_AGE,
    "disabled": lambda life, age, day: life.disability_grade > 0 and age >= 6,
    "jobless": lambda life, age, day: life.work is Work.JOBLESS,
    "struck_by_disaster": lambda life, age, day: life.struck_by_disaster,
}


def circumstances(nation: Nation, person: Person) -> Circumstances:
    """How the person lives."""
    recent = nation.recent_lives
    life = recent.get(person.n)
    # Somebody else may stand in the person's place: the same one after a move, say.
    if life is None or life.person is not person:
        life = recent[person.n] = _compute(nation, person)
        if len(recent) > RECENT_MAX:
            recent.popitem(last=False)
    return life


def _compute(nation: Nation, person: Person) -> Circumstances:
    members = tuple(nation.members(person))
    me = members[person.n - person.household]
    identity, home = me.identity, members[0].identity
    key = key_for(nation.seed, "circumstances")
    word, home_word = draw(key, identity), draw(key, home ^ 1 << 40)
    block_word = draw(key, home >> BLOCK_BITS ^ 1 << 41)
    age = person.age(nation.reference_date)
    work = _work(key, me, age)
    salary = _salary(work, age, person.sex, word)
    supporter = None if work in _INSURED_BY_THEMSELVES else _supporter(nation, key, me, members)
    assisted = home_word % 1000 < (48 if len(members) == 1 and age >= _PENSION_AGE else 12)
    moved_from, moved_on = _move(nation, person, members[0].birth_date, home_word)
    return Circumstances(
        person=person,
        reference_date=nation.reference_date,
        members=members,
        work=Work.AT_HOME if assisted and work is not Work.PENSIONER and age >= 18 else work,
        salary=0 if assisted else salary,
        pension=_pension(age, person.sex, word),
        insurer=_insurer(nation, key, person.municipality_code, age, supporter or me),
        is_dependant=supporter is not None and age < _LATE_ELDERLY_AGE,
        assisted=assisted,
        disability_grade=(word >> 8) % 6 + 1 if (word >> 12) % 1000 < 22 + age else 0,
        care_level=_care_level(age, word),
        moved_from=moved_from,
        moved_on=moved_on,
        struck_by_disaster=block_word % 1000 < 8,
        account_registered=age >= 18 and (word >> 24) % 100 < 52,
        scholarship=18 <= age <= 40 and (word >> 30) % 100 < 34,
        word=word,
    )


def _work(key: int, member: Member, age: int) -> Work:
    percent = (draw(key, member.identity ^ 1 << 42) >> 20) % 100
    if age < 19:
        return Work.CHILD if age < 6 else Work.STUDENT
    if age < 23 and percent < 52:
        return Work.STUDENT
    if age >= 70 or (age >= _PENSION_AGE and percent < 48):
        return Work.PENSIONER
    if member.sex == 2 and age >= 28:
        steps = ((40, Work.EMPLOYEE), (46, Work.OFFICIAL), (71, Work.PART_TIME), (77, Work.SELF_EMPLOYED))
    else:
        steps = ((66, Work.EMPLOYEE), (74, Work.OFFICIAL), (81, Work.PART_TIME), (92, Work.SELF_EMPLOYED))
    for bound, work in steps:
        if percent < bound:
            return work
    return Work.JOBLESS if percent < steps[-1][0] + 3 else Work.AT_HOME


def _salary(work: Work, age: int, sex: int, word: int) -> int:
    if work is Work.PART_TIME:
        return 600_000 + word % 90 * 10_000
    if work not in (Work.EMPLOYEE, Work.OFFICIAL, Work.SELF_EMPLOYED):
        return 0
    step, within = divmod(max(age, 20) - 20, 10)
    low, high = _SALARIES[min(step, 4)], _SALARIES[min(step + 1, 5)]
    usual = low + (high - low) * within // 10
    # Three bytes summed: most near the usual, some far from it.
    spread = 55 + ((word >> 32 & 0xFF) + (word >> 40 & 0xFF) + (word >> 48 & 0xFF)) * 90 // 765
    return usual * spread // 100 * (100 if sex == 1 else 76) // 100 // 1000 * 1000


def _pension(age: int, sex: int, word: int) -> int:
    """Old-age pension in yen a year; from sixty-five."""
    if age < _PENSION_AGE:
        return 0
    return (780_000 + (word >> 16 & 0xFF) * (5_400 if sex == 1 else 2_300)) // 100 * 100


def _supporter(nation: Nation, key: int, me: Member, members: tuple[Member, ...]) -> Member | None:
    """The employed head or spouse through whom a person without a full job of their own is insured."""
    for member in members:
        may_support = member.role in (Role.HEAD, Role.SPOUSE) and member is not me
        if may_support and _work(key, member, member.age(nation.reference_date)) in _EMPLOYED:
            return member
    return None


def _insurer(nation: Nation, key: int, code: str, age: int, insured: Member) -> Organisation:
    """保険者 of one aged `age`, through `insured` (the person, or the member whose dependant the person is)."""
    if age >= _LATE_ELDERLY_AGE:
        return of_prefecture(Kind.WIDE_AREA_UNION, code)
    work = _work(key, insured, insured.age(nation.reference_date))
    word = draw(key, insured.identity ^ 1 << 43)
    if work is Work.OFFICIAL:
        own = [o for o in organisations_of_kind(Kind.MUTUAL_AID) if municipality(code).prefecture in o.name]
        return own[word % len(own)]
    if work is Work.EMPLOYEE:
        if (word >> 32) % 100 < 58:
            return national_body(Kind.HEALTH_ASSOCIATION)
        choices = organisations_of_kind(Kind.HEALTH_SOCIETY)
        return choices[word % len(choices)]
    return of_municipality(code)


def _care_level(age: int, word: int) -> int:
    if age < _PENSION_AGE:
        return 0
    percent = 4 if age < 75 else 13 if age < 80 else 27 if age < 85 else 48 if age < 90 else 72
    return (word >> 36) % 7 + 1 if (word >> 26) % 100 < percent else 0


@cache
def _origins() -> tuple[Municipality, ...]:
    """Municipalities by a 16-bit draw, each as often as it has people."""
    return tuple(MUNICIPALITIES[i] for i in quantiles([m.population_weight for m in MUNICIPALITIES]).tolist())


def _move(nation: Nation, person: Person, head_born: date, home_word: int) -> tuple[str | None, date]:
    """Where the household came from, if it moved in the last five years, and since when it has lived here."""
    reference = nation.reference_date
    if (home_word >> 20) % 100 < _MOVED_PERCENT:
        moved_on = reference - timedelta(days=(home_word >> 28) % 1826 + 1)
        origin = _origins()[home_word >> 40 & 0xFFFF].code
        if person.birth_date < moved_on and origin != person.municipality_code:
            return origin, moved_on
        return None, max(moved_on, person.birth_date)
    years = (home_word >> 28) % 40 + 5
    since = reference - timedelta(days=years * 365 + (home_word >> 40) % 365)
    return None, max(since, person.birth_date, head_born)
