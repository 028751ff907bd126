"""What life changes of a resident (異動), in the words that `sim.nation.overlay` speaks to its receivers."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import msgspec

from sim.nation.life import LifeEvent
from sim.nation.organisations import Kind, Organisation, of_municipality
from sim.nation.person import Person

__all__ = ["Applied", "Change", "Resident", "Unfit"]


class Unfit(StrEnum):
    """Why an event was not carried out."""

    UNKNOWN = "unknown"  # nobody has this number on that day
    DEAD = "dead"
    NOT_SINGLE = "not_single"
    UNDER_AGE = "under_age"
    SAME_HOUSEHOLD = "same_household"  # relatives don't marry
    ALREADY_BORN = "already_born"  # another child has this number
    INCOMPLETE = "incomplete"  # a field that its kind needs is missing


class Resident(msgspec.Struct, frozen=True):
    """住民の現況: a person with what life has changed."""

    person: Person  # name, address, household and role as they are now; numbers and card as they were
    since: date | None = None  # of the last change; None for one whom no event has touched
    died: date | None = None
    moved_from: str | None = None  # municipality code before the last move
    moved_on: date | None = None
    spouse: int | None = None  # married since the reference date
    job_insurer: Organisation | None = None  # of the last change of job

    @property
    def insurer(self) -> Organisation | None:
        """The insurer, where a change of job brought another; a municipality's goes along with a move."""
        if self.job_insurer is not None and self.job_insurer.kind is Kind.MUNICIPALITY:
            return of_municipality(self.person.municipality_code)
        return self.job_insurer


class Change(msgspec.Struct, frozen=True):
    """What became of one resident: for the registry, JPKI and back offices to act on."""

    n: int
    before: Resident | None  # None before birth
    after: Resident | None  # None when a birth turned out not to be

    @property
    def is_born(self) -> bool:
        """出生"""
        return self.before is None

    @property
    def has_died(self) -> bool:
        """死亡"""
        was_dead = self.before is not None and self.before.died is not None
        return self.after is not None and self.after.died is not None and not was_dead

    @property
    def has_moved(self) -> bool:
        """転入・転居: the address is another, so the signature certificate lapses."""
        before, after = self.before, self.after
        return before is not None and after is not None and before.person.address != after.person.address

    @property
    def is_renamed(self) -> bool:
        """氏の変更: as above."""
        before, after = self.before, self.after
        return before is not None and after is not None and before.person.name != after.person.name


class Applied(msgspec.Struct, frozen=True):
    """What telling events to an overlay came to."""

    changes: tuple[Change, ...]  # by n
    unfit: tuple[
        tuple[LifeEvent, Unfit], ...
    ]  # of these events and those done again after a late one, in order
