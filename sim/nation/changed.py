"""Circumstances after life has changed them (異動後の生活状況): what the copies of somebody who moved are made from.

Whatever an event does not touch (work, income, care) stays as it was computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from sim.nation.circumstances import Circumstances, circumstances
from sim.nation.nation import Nation
from sim.nation.organisations import Kind, Organisation, of_municipality, of_prefecture
from sim.nation.person import Address, Member

__all__ = ["Changed", "changed_circumstances"]


class Changed(msgspec.Struct, frozen=True):
    """異動後の住民, as organisations learn of one whom an event has touched; no name, no number but theirs."""

    n: int
    since: date
    address: Address
    household: int
    members: tuple[Member, ...]  # of the household, the head first, the person among them
    died: date | None = None
    moved_from: str | None = None  # municipality code before the last move
    moved_on: date | None = None
    insurer: Organisation | None = None  # of the last change of job


def changed_circumstances(nation: Nation, changed: Changed) -> Circumstances:
    """How the person lives now. Raises `UnknownResident` for one who is not in the computed nation."""
    computed = nation.person(changed.n)
    before = circumstances(nation, computed)
    role = next((m.role for m in changed.members if m.n == changed.n), computed.role)
    person = msgspec.structs.replace(
        computed, address=changed.address, household=changed.household, role=role
    )
    crossed = changed.moved_from is not None and changed.moved_from != changed.address.municipality
    return msgspec.structs.replace(
        before,
        person=person,
        members=changed.members,
        moved_from=changed.moved_from if crossed else before.moved_from,
        moved_on=changed.moved_on if crossed and changed.moved_on is not None else before.moved_on,
        insurer=_insurer(before.insurer, changed),
    )


def members_of(people: Sequence[Member]) -> tuple[Member, ...]:
    """A household in the order in which circumstances want it: the head first."""
    return tuple(sorted(people, key=lambda member: (member.role, member.birth_date, member.n)))


def _insurer(before: Organisation, changed: Changed) -> Organisation:
    """A municipality's insurance, and that of the elderly, go along with a move."""
    insurer, here = changed.insurer or before, changed.address.municipality
    if insurer.kind is Kind.MUNICIPALITY:
        return of_municipality(here)
    if insurer.kind is Kind.WIDE_AREA_UNION:
        return of_prefecture(Kind.WIDE_AREA_UNION, here)
    return insurer
