"""The core system's tables: what it was asked and has taken, so that it will be seen through.

Rows stay for a while after they are done, so that a request that comes again is recognised; then they go.
"""

from typing import NamedTuple

from portal.store import outbox
from portal.store.store import Op, Query, Schema
from portal.wire.limits import ASKING_AGAIN_DAYS_MAX
from portal.wire.moments import DAY
from sim import controls

KEPT_MS = (ASKING_AGAIN_DAYS_MAX + 10) * DAY
"""Longer than anybody asks again."""

SCHEMA = Schema(
    "network",
    (
        """
        CREATE TABLE acquisitions (
            number_digest TEXT PRIMARY KEY,
            person INTEGER NOT NULL,
            serial TEXT NOT NULL,
            done_ms INTEGER NOT NULL
        );
        CREATE INDEX acquisitions_done ON acquisitions (done_ms);
        CREATE TABLE disclosures (
            request_id TEXT PRIMARY KEY,
            person INTEGER NOT NULL,
            first_day TEXT NOT NULL,
            last_day TEXT NOT NULL,
            accepted_ms INTEGER NOT NULL,
            done_ms INTEGER,
            result TEXT
        );
        CREATE INDEX disclosures_done ON disclosures (done_ms);
        CREATE TABLE provisions (
            request_id TEXT PRIMARY KEY,
            person INTEGER NOT NULL,
            information TEXT NOT NULL,
            organisation TEXT NOT NULL,
            accepted_ms INTEGER NOT NULL,
            guidance TEXT,
            done_ms INTEGER,
            result TEXT
        );
        CREATE INDEX provisions_done ON provisions (done_ms)
        """,
    ),
)
SCHEMAS: tuple[Schema, ...] = (SCHEMA, outbox.SCHEMA, controls.SCHEMA)

DISCLOSURE_PUSH = "disclosure_push"
"""Outbox: push the records of a disclosure to the portal."""
PROVISION_HAND_OVER = "provision_hand_over"
"""Outbox: hand a request for self-information to the holder's intermediate server."""
PROVISION_GUIDE = "provision_guide"
"""Outbox: tell the folder that nobody will answer, and what to do instead."""


class Acquisition(NamedTuple):
    """符号の取得 that was done; of the 取得番号 only a digest is left, by which a second use is noticed."""

    number_digest: str
    person: int
    serial: str
    done_ms: int


class Disclosure(NamedTuple):
    """A disclosure of records that is answered later; days as ISO text."""

    request_id: str
    person: int
    first_day: str
    last_day: str
    accepted_ms: int
    done_ms: int | None = None
    result: str | None = None

    def same_request(self, other: "Disclosure") -> bool:
        return self[:4] == other[:4]


class Provision(NamedTuple):
    """A request for self-information that the core has taken."""

    request_id: str
    person: int
    information: str
    organisation: str
    accepted_ms: int
    guidance: str | None = None
    done_ms: int | None = None
    result: str | None = None

    def same_request(self, other: "Provision") -> bool:
        return self[:4] == other[:4]


ACQUISITION = Query(
    "SELECT number_digest, person, serial, done_ms FROM acquisitions WHERE number_digest = :digest",
    Acquisition,
)
DISCLOSURE = Query(
    "SELECT request_id, person, first_day, last_day, accepted_ms, done_ms, result FROM disclosures "
    "WHERE request_id = :request_id",
    Disclosure,
)
PROVISION = Query(
    "SELECT request_id, person, information, organisation, accepted_ms, guidance, done_ms, result FROM provisions "
    "WHERE request_id = :request_id",
    Provision,
)


def insert_acquisition(row: Acquisition) -> Op:
    return Op(
        "INSERT INTO acquisitions (number_digest, person, serial, done_ms) "
        "VALUES (:number_digest, :person, :serial, :done_ms)",
        row._asdict(),
    )


def insert_disclosure(row: Disclosure) -> Op:
    return Op(
        "INSERT INTO disclosures (request_id, person, first_day, last_day, accepted_ms) "
        "VALUES (:request_id, :person, :first_day, :last_day, :accepted_ms)",
        row._asdict(),
    )


def insert_provision(row: Provision) -> Op:
    return Op(
        "INSERT INTO provisions (request_id, person, information, organisation, accepted_ms, guidance) "
        "VALUES (:request_id, :person, :information, :organisation, :accepted_ms, :guidance)",
        row._asdict(),
    )


def finish_disclosure(request_id: str, result: str, *, now_ms: int) -> Op:
    return Op(
        "UPDATE disclosures SET done_ms = :now, result = :result WHERE request_id = :request_id",
        {"request_id": request_id, "result": result, "now": now_ms},
        None,
    )


def finish_provision(request_id: str, result: str, *, now_ms: int) -> Op:
    return Op(
        "UPDATE provisions SET done_ms = :now, result = :result WHERE request_id = :request_id",
        {"request_id": request_id, "result": result, "now": now_ms},
        None,
    )


def guide_provision(request_id: str, guidance: str) -> Op:
    return Op(
        "UPDATE provisions SET guidance = :guidance WHERE request_id = :request_id",
        {"request_id": request_id, "guidance": guidance},
        None,
    )


def forget_acquisitions(now_ms: int) -> Op:
    return Op("DELETE FROM acquisitions WHERE done_ms < :before", {"before": now_ms - KEPT_MS}, None)


def forget_disclosures(now_ms: int) -> Op:
    return Op("DELETE FROM disclosures WHERE done_ms < :before", {"before": now_ms - KEPT_MS}, None)


def forget_provisions(now_ms: int) -> Op:
    return Op("DELETE FROM provisions WHERE done_ms < :before", {"before": now_ms - KEPT_MS}, None)
