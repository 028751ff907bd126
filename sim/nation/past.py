"""The past (情報提供等記録): inquiries between organisations about a resident before the simulation began.

A pure function of the nation and the person, made month by month: a period costs its months, and two periods that
overlap agree. Which procedures concern the person follows from the circumstances of that month.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from enum import StrEnum
from functools import cache

import msgspec

from sim.nation.catalogue import CURRENT, Procedure, catalogue
from sim.nation.chance import draw, key_for
from sim.nation.circumstances import Circumstances, circumstances
from sim.nation.holdings import holders
from sim.nation.holidays import office_days
from sim.nation.nation import Nation
from sim.nation.numbers import Permutation
from sim.nation.organisations import Kind, Organisation, national_body, of_municipality, of_prefecture
from sim.nation.person import Person

__all__ = ["JST", "NETWORK_OPENED", "PastRecord", "PastResult", "records_of"]

JST = timezone(timedelta(hours=9), "JST")
NETWORK_OPENED = date(2017, 11, 13)
"""Full operation of the information provision network; there are no records from before."""

_REFUSED_PER_1000 = 12
_UNANSWERED_PER_1000 = 6
_OFFICE_OPENS, _OFFICE_MINUTES = time(8, 45), 510
# Who, which month, which procedure and which of its kinds make a name below 2⁶³; a number has 20 digits.
_MONTH_BITS = 12
_PROCEDURES_MAX = 10_000
_KINDS_MAX = 16
_INSURER_KINDS = frozenset({Kind.MUNICIPALITY, Kind.HEALTH_ASSOCIATION, Kind.HEALTH_SOCIETY, Kind.MUTUAL_AID})


class PastResult(StrEnum):
    """結果: what became of an inquiry."""

    PROVIDED = "provided"  # 提供
    NOT_PROVIDED = "not_provided"  # 不提供: refused, or never answered


class PastRecord(msgspec.Struct, frozen=True):
    """情報提供等記録 of one inquiry. Names stand in the catalogue and with the organisations."""

    record_id: str  # 20 digits as a 処理通番 has, unique over the nation; whose it is cannot be read from it
    inquirer: Organisation
    provider: Organisation
    affair: str  # JM code
    procedure: str  # JT code
    information: str  # TM code
    requested_at: datetime  # Japan's time
    provided_at: datetime | None
    result: PastResult


def records_of(
    nation: Nation, person: Person, start: date, end: date, profile: str = CURRENT
) -> list[PastRecord]:
    """All records whose request lies between two days, both included, the earliest first.

    Empty when `end` is before `start`; nothing before the network opened or the person's birth.
    """
    start = max(start, NETWORK_OPENED, person.birth_date)
    if end < start:
        return []
    life, identity = circumstances(nation, person), nation.identity(person)
    key = draw(key_for(nation.seed, "past"), identity)
    procedures, numbers = _procedures(profile), _numbers(nation.seed)
    records: list[PastRecord] = []
    month = start.replace(day=1)
    while month <= end:
        last_day, counter = _last_day(month), (month.year * 12 + month.month) << 8
        word = 0
        for number, (threshold, procedure) in enumerate(procedures):
            # Four procedures share a draw, sixteen bits each: most come to nothing in most months.
            word = word >> 16 if number & 3 else draw(key, counter | 0x80 | number)
            if word & 0xFFFF < threshold and life.has(procedure.when, last_day):
                name = (identity << _MONTH_BITS | _months(month)) * _PROCEDURES_MAX + int(procedure.code[-4:])
                word_of_it = draw(key, counter | number)
                records += _inquiry(life, name, numbers, procedure, month, word_of_it, profile)
        month = last_day + timedelta(days=1)
    records.sort(key=lambda record: (record.requested_at, record.record_id))
    return [record for record in records if start <= record.requested_at.date() <= end]


@cache
def _procedures(profile: str) -> tuple[tuple[int, Procedure], ...]:
    """Each procedure, and below which sixteen random bits it comes up in a month."""
    return tuple((round(p.per_year / 12 * 0x10000), p) for p in catalogue(profile).procedures.values())


@cache
def _numbers(seed: int) -> Permutation:
    """From what a record is of to its number, and back for who knows the seed."""
    return Permutation(seed, "record number", 10**10, 10**10)


def _months(month: date) -> int:
    """How many months the network had been open."""
    return (month.year - NETWORK_OPENED.year) * 12 + month.month - NETWORK_OPENED.month


def _inquiry(
    life: Circumstances,
    name: int,
    numbers: Permutation,
    procedure: Procedure,
    month: date,
    word: int,
    profile: str,
) -> list[PastRecord]:
    """One procedure asks for each of its kinds, some seconds apart.

    *name* is of this procedure in this month for this person and for no other.
    """
    affair = catalogue(profile).affairs[procedure.affair]
    inquirer = _inquirer(life, affair.inquirers, month)
    asked_at = _office_moment(month, word >> 16)
    records = []
    for number, code in enumerate(procedure.asks):
        if code not in catalogue(profile).information:
            continue
        provider = _provider(life, code, month, profile)
        if provider is None or provider.code == inquirer.code:
            continue
        requested_at = asked_at + timedelta(seconds=7 * number)
        chance = (word >> 40 + 4 * number) % 1000
        took = timedelta(seconds=2 + (word >> 44) % 50 if chance < 900 else 600 + (word >> 44) % 30_000)
        is_provided = chance >= _REFUSED_PER_1000 + _UNANSWERED_PER_1000
        records.append(
            PastRecord(
                f"{numbers(name * _KINDS_MAX + number):020d}",
                inquirer,
                provider,
                procedure.affair,
                procedure.code,
                code,
                requested_at,
                requested_at + took if is_provided else None,
                PastResult.PROVIDED if is_provided else PastResult.NOT_PROVIDED,
            )
        )
    return records


def _home_on(life: Circumstances, day: date) -> str:
    """The municipality where the person lived on a day."""
    if life.moved_from is not None and day < life.moved_on:
        return life.moved_from
    return life.person.municipality_code


def _inquirer(life: Circumstances, kinds: tuple[Kind, ...], month: date) -> Organisation:
    if len(kinds) > 1:
        return life.insurer if life.insurer.kind in _INSURER_KINDS else of_municipality(_home_on(life, month))
    (kind,) = kinds
    match kind:
        case Kind.MUNICIPALITY:
            return of_municipality(_home_on(life, _last_day(month)))
        case Kind.PREFECTURE | Kind.WIDE_AREA_UNION:
            return of_prefecture(kind, _home_on(life, _last_day(month)))
        case _:
            return national_body(kind)


def _provider(life: Circumstances, code: str, month: date, profile: str) -> Organisation | None:
    """Who was asked: the holder now, or the one that answers "none" when the person has nothing of the kind.

    A municipality never asks itself over the network. For those who moved in it asks the former one.
    """
    kinds = catalogue(profile).information[code].holders
    found = holders(life, code, profile)
    if Kind.MUNICIPALITY in kinds and len(kinds) == 1:
        former = life.moved_from if life.moved_from and month >= life.moved_on.replace(day=1) else None
        return of_municipality(former or _home_on(life, month))
    if found:
        return found[0]
    if kinds[0] in (Kind.PREFECTURE, Kind.WIDE_AREA_UNION):
        return of_prefecture(kinds[0], _home_on(life, month))
    if len(kinds) == 1:
        return national_body(kinds[0])
    return life.insurer if life.insurer.kind in kinds else of_municipality(_home_on(life, month))


def _office_moment(month: date, word: int) -> datetime:
    """Within office hours on an office day of the month."""
    days = office_days(month.year, month.month)
    minute = (word >> 8) % _OFFICE_MINUTES
    opened = datetime.combine(days[(word & 0xFF) % len(days)], _OFFICE_OPENS, JST)
    return opened + timedelta(minutes=minute, seconds=(word >> 17) % 60)


def _last_day(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
