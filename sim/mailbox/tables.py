"""The mailbox's tables: one row for each mail and recipient, numbered as they came."""

from typing import NamedTuple

from portal.store.store import Op, Query, Schema

MAILS_KEPT_MAX = 10_000
"""The oldest give way to new ones: a mailbox that is never emptied may not fill the disk."""

SCHEMA = Schema(
    "mailbox",
    (
        """
        CREATE TABLE mails (
            seq INTEGER PRIMARY KEY,
            mail_id TEXT NOT NULL UNIQUE,
            received_ms INTEGER NOT NULL,
            sender TEXT NOT NULL,
            recipient TEXT NOT NULL,
            subject TEXT NOT NULL,
            raw BLOB NOT NULL
        );
        CREATE INDEX mails_recipient ON mails (recipient, seq)
        """,
    ),
)
SCHEMAS: tuple[Schema, ...] = (SCHEMA,)


class MailRow(NamedTuple):
    mail_id: str
    received_ms: int
    sender: str
    recipient: str
    subject: str


class WholeMailRow(NamedTuple):
    mail_id: str
    received_ms: int
    sender: str
    recipient: str
    subject: str
    raw: bytes


class CountRow(NamedTuple):
    number: int


_HEAD = "SELECT mail_id, received_ms, sender, recipient, subject FROM mails"
NEWEST = Query(f"{_HEAD} ORDER BY seq DESC LIMIT :most OFFSET :skip", MailRow)
NEWEST_TO = Query(f"{_HEAD} WHERE recipient = :to ORDER BY seq DESC LIMIT :most OFFSET :skip", MailRow)
COUNT = Query("SELECT COUNT(*) FROM mails", CountRow)
COUNT_TO = Query("SELECT COUNT(*) FROM mails WHERE recipient = :to", CountRow)
ONE = Query(
    "SELECT mail_id, received_ms, sender, recipient, subject, raw FROM mails WHERE mail_id = :mail_id",
    WholeMailRow,
)


def insert(mail: WholeMailRow) -> Op:
    return Op(
        "INSERT INTO mails (seq, mail_id, received_ms, sender, recipient, subject, raw) "
        "SELECT COALESCE(MAX(seq), 0) + 1, :mail_id, :received_ms, :sender, :recipient, :subject, :raw FROM mails",
        mail._asdict(),
    )


def drop_oldest(kept_max: int) -> Op:
    """Numbers have no gaps but at the old end, so that this is a range of the key."""
    return Op(
        "DELETE FROM mails WHERE seq <= (SELECT COALESCE(MAX(seq), 0) FROM mails) - :kept",
        {"kept": kept_max},
        None,
    )
