"""The intermediate servers' schema, and the requests for self-information that were taken.

Records of inquiries stand in `sim.network.records.tables`, the same in all three places; what each part of the servers
keeps beside them has its statements in that part's own folder.
"""

from typing import NamedTuple

from portal.store import outbox
from portal.store.store import Op, Query, Schema
from portal.wire.limits import ASKING_AGAIN_DAYS_MAX
from portal.wire.moments import DAY
from sim import controls
from sim.intermediate.notices import tables as notices
from sim.network.records import tables as records

KEPT_MS = (ASKING_AGAIN_DAYS_MAX + 10) * DAY
"""Longer than anybody asks again."""

SCHEMA = Schema(
    "intermediate",
    (
        """
        CREATE TABLE provisions (
            request_id TEXT PRIMARY KEY,
            organisation TEXT NOT NULL,
            person INTEGER NOT NULL,
            information TEXT NOT NULL,
            accepted_ms INTEGER NOT NULL,
            done_ms INTEGER,
            result TEXT
        );
        CREATE INDEX provisions_done ON provisions (done_ms)
        """,
        """
        CREATE TABLE configurations (organisation TEXT PRIMARY KEY, configuration BLOB NOT NULL);
        CREATE TABLE protections (
            organisation TEXT NOT NULL,
            person INTEGER NOT NULL,
            PRIMARY KEY (organisation, person)
        );
        CREATE TABLE barred_users (
            organisation TEXT NOT NULL,
            user_id TEXT NOT NULL,
            PRIMARY KEY (organisation, user_id)
        );
        CREATE TABLE results (number TEXT PRIMARY KEY, content BLOB NOT NULL, received_ms INTEGER NOT NULL);
        CREATE INDEX results_received ON results (received_ms);
        CREATE TABLE questions (
            question_id TEXT PRIMARY KEY,
            number TEXT NOT NULL,
            side TEXT NOT NULL,
            organisation TEXT NOT NULL,
            asked_ms INTEGER NOT NULL,
            decision TEXT
        );
        CREATE INDEX questions_organisation ON questions (organisation, asked_ms);
        CREATE TABLE sends (
            organisation TEXT NOT NULL,
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            digest TEXT NOT NULL,
            state TEXT NOT NULL,
            entries INTEGER NOT NULL,
            sent_ms INTEGER NOT NULL,
            reason TEXT,
            PRIMARY KEY (organisation, kind, name)
        );
        CREATE TABLE file_lines (
            organisation TEXT NOT NULL,
            name TEXT NOT NULL,
            line INTEGER NOT NULL,
            number TEXT NOT NULL,
            PRIMARY KEY (organisation, name, line)
        );
        CREATE TABLE copies (
            organisation TEXT NOT NULL,
            person INTEGER NOT NULL,
            information TEXT NOT NULL,
            version TEXT NOT NULL,
            as_of TEXT NOT NULL,
            items BLOB NOT NULL,
            deleted INTEGER NOT NULL,
            PRIMARY KEY (person, organisation, information)
        );
        CREATE TABLE documents (
            organisation TEXT NOT NULL,
            person INTEGER NOT NULL,
            information TEXT NOT NULL,
            name TEXT NOT NULL,
            media_type TEXT NOT NULL,
            content BLOB NOT NULL,
            PRIMARY KEY (person, organisation, information, name)
        );
        CREATE TABLE withholdings (
            organisation TEXT NOT NULL,
            person INTEGER NOT NULL,
            information TEXT NOT NULL,
            everything INTEGER NOT NULL,
            items BLOB NOT NULL,
            PRIMARY KEY (person, organisation, information)
        );
        CREATE TABLE acquisitions (
            organisation TEXT NOT NULL,
            person INTEGER NOT NULL,
            number TEXT,
            code TEXT,
            PRIMARY KEY (organisation, person)
        )
        """,
        """
        CREATE TABLE residents (
            person INTEGER PRIMARY KEY,
            version INTEGER NOT NULL,
            body BLOB NOT NULL
        )
        """,
        """
        ALTER TABLE acquisitions ADD COLUMN failure TEXT;
        CREATE INDEX acquisitions_number ON acquisitions (number)
        """,
    ),
)
SCHEMAS: tuple[Schema, ...] = (SCHEMA, notices.SCHEMA, records.SCHEMA, outbox.SCHEMA, controls.SCHEMA)

PROVISION = "provision"
"""Outbox: answer a request straight to the portal's folder."""


class Provision(NamedTuple):
    """A request that was taken; *person* is the 団体内統合宛名番号, here the same number at every organisation."""

    request_id: str
    organisation: str
    person: int
    information: str
    accepted_ms: int
    done_ms: int | None = None
    result: str | None = None

    def same_request(self, other: "Provision") -> bool:
        return self[:4] == other[:4]


ONE = Query(
    "SELECT request_id, organisation, person, information, accepted_ms, done_ms, result FROM provisions "
    "WHERE request_id = :request_id",
    Provision,
)


def insert(row: Provision) -> Op:
    return Op(
        "INSERT INTO provisions (request_id, organisation, person, information, accepted_ms) "
        "VALUES (:request_id, :organisation, :person, :information, :accepted_ms)",
        row._asdict(),
    )


def finish(request_id: str, result: str, *, now_ms: int) -> Op:
    return Op(
        "UPDATE provisions SET done_ms = :now, result = :result WHERE request_id = :request_id",
        {"request_id": request_id, "result": result, "now": now_ms},
        None,
    )


def forget(now_ms: int) -> Op:
    return Op("DELETE FROM provisions WHERE done_ms < :before", {"before": now_ms - KEPT_MS}, None)
