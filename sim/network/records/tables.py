"""情報提供等記録, as all three places keep them: one table, the same statements, in the core's store and the servers'.

Rows stay for seven years (DOMAIN.md 1). A record is also the state of its inquiry in that place.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from portal.store.store import Op, Query, Schema
from portal.wire.limits import RECORDS_KEPT_YEARS
from portal.wire.linkage import Asked, InquiryState, KeptRecord, Outcome, Place, Refusal
from portal.wire.moments import add_years, start_of, to_utc
from sim.network.inquiries import Event, after

SCHEMA = Schema(
    "linkage_records",
    (
        """
        CREATE TABLE linkage_records (
            place TEXT NOT NULL,
            number TEXT NOT NULL,
            person INTEGER NOT NULL,
            inquirer TEXT NOT NULL,
            provider TEXT NOT NULL,
            affair TEXT NOT NULL,
            procedure TEXT NOT NULL,
            information TEXT NOT NULL,
            version TEXT,
            requested_ms INTEGER NOT NULL,
            inquirer_withholds INTEGER NOT NULL,
            provider_withholds INTEGER,
            state TEXT NOT NULL,
            reason TEXT,
            provided_ms INTEGER,
            PRIMARY KEY (place, number)
        );
        CREATE INDEX linkage_records_person ON linkage_records (person, place, requested_ms);
        CREATE INDEX linkage_records_age ON linkage_records (requested_ms)
        """,
    ),
)
RECORDS_READ_MAX = 2_000
"""In one answer to who lists them."""
NOBODY = -1
"""The person of an inquiry whose code is nobody's."""


class Row(NamedTuple):
    """One record; *person* is the internal number at the core, the 団体内統合宛名番号 at a server."""

    place: str
    number: str
    person: int
    inquirer: str
    provider: str
    affair: str
    procedure: str
    information: str
    version: str | None
    requested_ms: int
    inquirer_withholds: int
    provider_withholds: int | None
    """None until the provider has said so."""
    state: str = InquiryState.PENDING
    reason: str | None = None
    provided_ms: int | None = None

    @property
    def asked(self) -> Asked:
        return Asked(
            self.inquirer, self.provider, self.affair, self.procedure, self.information, self.version
        )

    @property
    def flagged(self) -> bool:
        """不開示コード of either side."""
        return bool(self.inquirer_withholds or self.provider_withholds)

    @property
    def unclear(self) -> bool:
        """Whether the provider may have flagged it without this place having heard of it."""
        return self.provider_withholds is None and self.state != InquiryState.REFUSED

    def same_inquiry(self, other: "Row") -> bool:
        """Whether both were asked with the same words; the moment may differ when it was asked again."""
        return self[:9] == other[:9]

    def kept(self) -> KeptRecord:
        return KeptRecord(
            self.number,
            Place(self.place),
            self.inquirer,
            self.provider,
            self.affair,
            self.procedure,
            self.information,
            self.version,
            to_utc(self.requested_ms),
            None if self.provided_ms is None else to_utc(self.provided_ms),
            InquiryState(self.state),
            self.reason,
            bool(self.inquirer_withholds),
            None if self.provider_withholds is None else bool(self.provider_withholds),
        )


def row_of(
    place: Place,
    number: str,
    person: int,
    asked: Asked,
    requested_ms: int,
    *,
    inquirer: bool,
    provider: bool | None,
) -> Row:
    """A new record; *inquirer* and *provider* are their flags."""
    return Row(
        str(place), number, person, asked.inquirer, asked.provider, asked.affair, asked.procedure,
        asked.information, asked.version, requested_ms, int(inquirer), None if provider is None else int(provider),
    )  # fmt: skip


_COLUMNS = (
    "place, number, person, inquirer, provider, affair, procedure, information, version, requested_ms, "
    "inquirer_withholds, provider_withholds, state, reason, provided_ms"
)
ONE = Query(f"SELECT {_COLUMNS} FROM linkage_records WHERE place = :place AND number = :number", Row)
OF_PERSON = Query(
    f"SELECT {_COLUMNS} FROM linkage_records WHERE person = :person AND place = :place "
    "AND requested_ms >= :start AND requested_ms < :end ORDER BY requested_ms DESC, number LIMIT :most",
    Row,
)
OF_PERSON_AT = Query(
    f"SELECT {_COLUMNS} FROM linkage_records WHERE person = :person "
    "AND ((place = 'inquirer' AND inquirer = :organisation) OR (place = 'provider' AND provider = :organisation)) "
    "AND requested_ms >= :start AND requested_ms < :end ORDER BY requested_ms DESC, number LIMIT :most",
    Row,
)
"""What one organisation keeps about a person, on both sides."""
OF_PERIOD = Query(
    f"SELECT {_COLUMNS} FROM linkage_records WHERE place = :place AND requested_ms >= :start "
    "AND requested_ms < :end AND number > :after ORDER BY number LIMIT :most",
    Row,
)


class _Person(NamedTuple):
    number: int


PERSONS = Query("SELECT DISTINCT person FROM linkage_records WHERE place = 'core'", _Person)
LATEST = Query(
    f"SELECT {_COLUMNS} FROM linkage_records WHERE place = :place ORDER BY requested_ms DESC LIMIT :most", Row
)
EVERY = Query(f"SELECT {_COLUMNS} FROM linkage_records ORDER BY requested_ms, number, place", Row)


def one(place: Place, number: str) -> dict[str, object]:
    return {"place": str(place), "number": number}


def of_period(place: Place, start: date, end: date, after_number: str | None) -> dict[str, object]:
    """Parameters of :data:`OF_PERIOD`: days in Japan, both included."""
    return {
        "place": str(place),
        "start": start_of(start),
        "end": start_of(end + timedelta(days=1)),
        "after": after_number or "",
        "most": RECORDS_READ_MAX,
    }


def insert(row: Row) -> Op:
    return Op(
        f"INSERT INTO linkage_records ({_COLUMNS}) VALUES (:place, :number, :person, :inquirer, :provider, :affair, "
        ":procedure, :information, :version, :requested_ms, :inquirer_withholds, :provider_withholds, :state, "
        ":reason, :provided_ms)",
        row._asdict(),
    )


def step(
    row: Row,
    event: Event,
    *,
    reason: Outcome | Refusal | None = None,
    provided_ms: int | None = None,
    provider_withholds: bool | None = None,
) -> Op | None:
    """The change that this event makes to a record; None when it makes none. It conflicts if the record has moved on."""
    state = after(InquiryState(row.state), event)
    if state is None:
        return None
    flag = row.provider_withholds if provider_withholds is None else int(provider_withholds)
    return Op(
        "UPDATE linkage_records SET state = :state, reason = :reason, provided_ms = :provided, "
        "provider_withholds = :flag WHERE place = :place AND number = :number AND state = :before",
        {
            "state": str(state),
            "reason": None if reason is None else str(reason),
            "provided": provided_ms if state is InquiryState.PROVIDED else None,
            "flag": flag,
            "place": row.place,
            "number": row.number,
            "before": row.state,
        },
    )


def set_provider_flag(place: Place, number: str, withholds: bool) -> Op:
    return Op(
        "UPDATE linkage_records SET provider_withholds = :flag WHERE place = :place AND number = :number",
        {"flag": int(withholds), "place": str(place), "number": number},
        None,
    )


def forget(now_ms: int) -> Op:
    """Seven years are over."""
    return Op(
        "DELETE FROM linkage_records WHERE requested_ms < :before",
        {"before": add_years(now_ms, -RECORDS_KEPT_YEARS)},
        None,
    )


def kept(rows: Sequence[Row]) -> tuple[KeptRecord, ...]:
    return tuple(row.kept() for row in rows)
