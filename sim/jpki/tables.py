"""JPKI's tables: what can't be computed, that is, who got new certificates and what was revoked."""

from typing import NamedTuple

from portal.store.store import Op, Query, Schema
from sim import controls

SCHEMA = Schema(
    "jpki",
    (
        """
        CREATE TABLE generations (
            person INTEGER NOT NULL,
            kind TEXT NOT NULL,
            generation INTEGER NOT NULL,
            issued_on TEXT NOT NULL,
            PRIMARY KEY (person, kind, generation)
        );
        CREATE TABLE revocations (
            serial TEXT PRIMARY KEY,
            reason TEXT NOT NULL,
            at_ms INTEGER NOT NULL
        )
        """,
        """
        CREATE TABLE notices (
            notice TEXT PRIMARY KEY,
            at_ms INTEGER NOT NULL
        )
        """,
    ),
)
SCHEMAS: tuple[Schema, ...] = (SCHEMA, controls.SCHEMA)


class GenerationRow(NamedTuple):
    """A certificate that followed another; the first of each person and kind is computed and has no row."""

    person: int
    kind: str
    generation: int
    issued_on: str
    """ISO date."""


class RevocationRow(NamedTuple):
    serial: str
    reason: str
    at_ms: int


GENERATIONS = Query(
    "SELECT person, kind, generation, issued_on FROM generations ORDER BY person, kind, generation",
    GenerationRow,
)
REVOCATIONS = Query("SELECT serial, reason, at_ms FROM revocations ORDER BY at_ms, serial", RevocationRow)


class _Notice(NamedTuple):
    at_ms: int


NOTICE = Query("SELECT at_ms FROM notices WHERE notice = :notice", _Notice)


def insert_notice(notice: str, at_ms: int) -> Op:
    """A conflict when this notice was acted upon already."""
    return Op(
        "INSERT INTO notices (notice, at_ms) VALUES (:notice, :at_ms)", {"notice": notice, "at_ms": at_ms}
    )


def insert_generation(row: GenerationRow) -> Op:
    """A conflict when this generation was issued already."""
    return Op(
        "INSERT INTO generations (person, kind, generation, issued_on) VALUES (:person, :kind, :generation, :issued_on)",
        row._asdict(),
    )


def insert_revocation(row: RevocationRow) -> Op:
    """Without effect when it is revoked already: the first reason and moment stay."""
    return Op(
        "INSERT INTO revocations (serial, reason, at_ms) VALUES (:serial, :reason, :at_ms) "
        "ON CONFLICT (serial) DO NOTHING",
        row._asdict(),
        None,
    )
