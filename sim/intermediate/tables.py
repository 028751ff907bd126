"""The intermediate servers' table: requests for self-information that were taken, until long after they are answered."""

from typing import NamedTuple

from portal.store import outbox
from portal.store.store import Op, Query, Schema
from portal.wire.limits import ASKING_AGAIN_DAYS_MAX
from portal.wire.moments import DAY
from sim import controls

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
    ),
)
SCHEMAS: tuple[Schema, ...] = (SCHEMA, outbox.SCHEMA, controls.SCHEMA)

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
