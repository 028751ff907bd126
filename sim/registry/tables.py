"""The registry's tables: what life has changed since the nation was computed, and how far life has gone on by itself."""

from datetime import date
from typing import NamedTuple

import msgspec

from portal.store import outbox
from portal.store.store import Op, Query, Schema
from sim import controls
from sim.nation.life import LifeEvent

SCHEMA = Schema(
    "registry",
    (
        """
        CREATE TABLE events (
            seq INTEGER PRIMARY KEY,
            request_id TEXT NOT NULL UNIQUE,
            event BLOB NOT NULL,
            at_ms INTEGER NOT NULL
        );
        CREATE TABLE life (id INTEGER PRIMARY KEY CHECK (id = 1), lived_until TEXT NOT NULL)
        """,
    ),
)
SCHEMAS: tuple[Schema, ...] = (SCHEMA, outbox.SCHEMA, controls.SCHEMA)

NOTE_JPKI = "note_jpki"
"""Outbox: tell JPKI what happened to a holder of certificates."""
NOTE_OFFICES = "note_offices"
"""Outbox: tell the back offices how a resident is registered now."""


class EventRow(NamedTuple):
    """異動: *seq* is its place among all that were taken, from 1."""

    seq: int
    request_id: str
    event: bytes
    at_ms: int

    @property
    def life_event(self) -> LifeEvent:
        return msgspec.json.decode(self.event, type=LifeEvent)


class _Until(NamedTuple):
    lived_until: str

    @property
    def day(self) -> date:
        return date.fromisoformat(self.lived_until)


_COLUMNS = "seq, request_id, event, at_ms"
EVERY = Query(f"SELECT {_COLUMNS} FROM events ORDER BY seq", EventRow)
LATEST = Query(f"SELECT {_COLUMNS} FROM events ORDER BY seq DESC LIMIT :most", EventRow)
ONE = Query(f"SELECT {_COLUMNS} FROM events WHERE request_id = :request_id", EventRow)
LIVED_UNTIL = Query("SELECT lived_until FROM life WHERE id = 1", _Until)


def insert(row: EventRow) -> Op:
    """A conflict when this request was taken already."""
    return Op(
        "INSERT INTO events (seq, request_id, event, at_ms) VALUES (:seq, :request_id, :event, :at_ms)",
        row._asdict(),
    )


def live_until(day: date) -> Op:
    return Op(
        "INSERT INTO life (id, lived_until) VALUES (1, :day) "
        "ON CONFLICT (id) DO UPDATE SET lived_until = excluded.lived_until",
        {"day": day.isoformat()},
    )
