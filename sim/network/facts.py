"""What the core system knows, as it says it: the catalogue, who holds what, and the records of the past.

All of it is computed from the nation; this file turns the nation's words into the wire's.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Final

import msgspec

from portal.wire.disclosure import Named, ProvisionRecord, ProvisionResult, records_kept_from
from portal.wire.limits import RECORDS_IN_ANSWER_MAX
from portal.wire.linkage import InquiryState
from portal.wire.moments import DAY, HOUR, day_of, to_ms, to_utc
from portal.wire.network import HeldInformation
from portal.wire.self_information import Catalogue, InformationKind
from sim.nation.catalogue import CURRENT, catalogue
from sim.nation.circumstances import circumstances
from sim.nation.holdings import holders
from sim.nation.nation import Nation
from sim.nation.organisations import Organisation, UnknownOrganisation, organisation
from sim.nation.past import PastRecord, PastResult, records_of
from sim.network.records.tables import Row

PASTS_KEPT: Final = 1_000
"""Answers kept in memory, some 10 kB each."""
HELD_KEPT: Final = 1_000
"""People of whom it is kept in memory who holds what, some 2 kB each."""

_JST_MS: Final = 9 * HOUR

_RESULTS = {
    PastResult.PROVIDED: ProvisionResult.PROVIDED,
    PastResult.NOT_PROVIDED: ProvisionResult.NOT_PROVIDED,
}


_STATES = {
    InquiryState.PENDING: ProvisionResult.PENDING,
    InquiryState.PROVIDED: ProvisionResult.PROVIDED,
    InquiryState.NOT_PROVIDED: ProvisionResult.NOT_PROVIDED,
    InquiryState.REFUSED: ProvisionResult.NOT_PROVIDED,
    InquiryState.UNANSWERED: ProvisionResult.NOT_PROVIDED,
}


class CoreFacts:
    """The nation as the core system sees it, under one profile of the law."""

    def __init__(self, nation: Nation, profile: str = CURRENT) -> None:
        self._nation = nation
        self._profile = profile
        self._catalogue = catalogue(profile)
        self.law = self._catalogue
        # The past does not change: whoever looks again, or gets it later, need not have it made anew.
        self._past = lru_cache(maxsize=PASTS_KEPT)(self._computed)
        self._day = (-1, date.min, date.min)
        self._held = lru_cache(maxsize=HELD_KEPT)(self._all_held)
        self._information = {
            kind.code: Named(kind.code, kind.name) for kind in self._catalogue.information.values()
        }
        fields = {field.code: field.name for field in self._catalogue.fields}
        self.catalogue = Catalogue(
            profile,
            tuple(
                InformationKind(Named(kind.code, kind.name), fields.get(kind.field, kind.field), kind.detail)
                for kind in self._catalogue.information.values()
            ),
        )

    def __repr__(self) -> str:
        return f"CoreFacts({self._nation!r}, {self._profile!r})"

    def knows_person(self, person: int) -> bool:
        return 0 <= person < self._nation.size

    def information(self, code: str) -> Named | None:
        """特定個人情報 of this code, or None when the catalogue has none."""
        return self._information.get(code)

    def holders(
        self, person: int, information: Sequence[str], municipality: str | None
    ) -> list[HeldInformation]:
        """Who holds these known kinds about this person, in a municipality or anywhere (SELF-3, SELF-4)."""
        held = self._held(person)
        return [
            each
            for code in dict.fromkeys(information)
            for each, place in held[code]
            if municipality is None or place == municipality
        ]

    def _all_held(self, person: int) -> dict[str, list[tuple[HeldInformation, str | None]]]:
        """Of every kind who holds it, and in which municipality that is."""
        life = circumstances(self._nation, self._nation.person(person))
        return {
            code: [
                (HeldInformation(code, _named(holder)), holder.municipality)
                for holder in holders(life, code, self._profile)
            ]
            for code in self._information
        }

    def named(self, organisation_code: str) -> Named:
        """An organisation with its name; one that nobody knows is its own name."""
        return _named_code(organisation_code)

    def records(self, person: int, first: date, last: date, *, now_ms: int) -> tuple[ProvisionRecord, ...]:
        """情報提供等記録 of these days, newest first, as far as they are kept and have happened by now."""
        today, oldest = self._days(now_ms)
        past, settled_ms = self._past(person, max(first, oldest), min(last, today))
        if now_ms >= settled_ms:
            return past
        now = to_utc(now_ms)
        return tuple(
            record if record.provided_at is None or record.provided_at <= now else _pending(record)
            for record in past
            if record.requested_at <= now
        )

    def _days(self, now_ms: int) -> tuple[date, date]:
        """Today, and the first day of which records are kept; worked out once a day."""
        number = (now_ms + _JST_MS) // DAY
        if number != self._day[0]:
            today = day_of(now_ms)
            self._day = (number, today, records_kept_from(today))
        return self._day[1:]

    def _computed(self, person: int, first: date, last: date) -> tuple[tuple[ProvisionRecord, ...], int]:
        """The past of these days with what became of it, newest first; and from which moment on all of it has been."""
        past = records_of(self._nation, self._nation.person(person), first, last, self._profile)
        found = tuple(self._record(each) for each in reversed(past[-RECORDS_IN_ANSWER_MAX:]))
        settled = max((to_ms(each.provided_at or each.requested_at) for each in found), default=0)
        return found, settled + 1

    def shown(self, kept: Row) -> ProvisionRecord:
        """A record of this run as the person reads it; a code that nobody knows is its own name."""
        known = self._catalogue
        affair, procedure = known.affairs.get(kept.affair), known.procedures.get(kept.procedure)
        information = known.information.get(kept.information)
        return ProvisionRecord(
            kept.number,
            to_utc(kept.requested_ms),
            None if kept.provided_ms is None else to_utc(kept.provided_ms),
            _named_code(kept.inquirer),
            _named_code(kept.provider),
            Named(kept.affair, affair.name if affair else kept.affair),
            Named(kept.procedure, procedure.name if procedure else kept.procedure),
            Named(kept.information, information.name if information else kept.information),
            _STATES[InquiryState(kept.state)],
        )

    def _record(self, past: PastRecord) -> ProvisionRecord:
        known = self._catalogue
        return ProvisionRecord(
            past.record_id,
            past.requested_at,
            past.provided_at,
            _named(past.inquirer),
            _named(past.provider),
            Named(past.affair, known.affairs[past.affair].name),
            Named(past.procedure, known.procedures[past.procedure].name),
            Named(past.information, known.information[past.information].name),
            _RESULTS[past.result],
        )


def _pending(record: ProvisionRecord) -> ProvisionRecord:
    """As it was before the provider answered."""
    return msgspec.structs.replace(record, provided_at=None, result=ProvisionResult.PENDING)


def _named(organisation: Organisation) -> Named:
    return Named(organisation.code, organisation.name)


def _named_code(code: str) -> Named:
    try:
        return _named(organisation(code))
    except UnknownOrganisation:
        return Named(code, code)
