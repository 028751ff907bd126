"""What is stored of inquiries."""

from typing import NamedTuple

from portal.inquiries.model import Inquiry
from portal.store.store import Op, Query, Schema

SCHEMA = Schema(
    "inquiries",
    (
        """
        CREATE TABLE inquiries (
            inquiry_id TEXT PRIMARY KEY,
            account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
            kind TEXT NOT NULL,
            client_key TEXT NOT NULL,
            text BLOB NOT NULL,
            sent_ms INTEGER NOT NULL,
            answer BLOB,
            answered_ms INTEGER,
            read_ms INTEGER,
            kept_until_ms INTEGER,
            UNIQUE (account_id, client_key)
        );
        CREATE INDEX inquiries_waiting ON inquiries (sent_ms) WHERE answered_ms IS NULL;
        CREATE INDEX inquiries_kept ON inquiries (kept_until_ms) WHERE kept_until_ms IS NOT NULL
        """,
    ),
)

_COLUMNS = "inquiry_id, account_id, kind, text, sent_ms, answer, answered_ms, read_ms"


class Total(NamedTuple):
    total: int


OWN = Query(
    f"SELECT {_COLUMNS} FROM inquiries WHERE inquiry_id = :inquiry_id AND account_id = :account_id", Inquiry
)
OWN_BY_KEY = Query(
    f"SELECT {_COLUMNS} FROM inquiries WHERE account_id = :account_id AND client_key = :client_key", Inquiry
)
OF_OWNER = Query(
    f"SELECT {_COLUMNS} FROM inquiries WHERE account_id = :account_id ORDER BY sent_ms DESC, inquiry_id",
    Inquiry,
)
_AT = "COALESCE(answered_ms, sent_ms)"


def _page(more: str = "") -> Query[Inquiry]:
    return Query(
        f"SELECT {_COLUMNS} FROM inquiries WHERE account_id = :account_id{more} "
        f"AND {_AT} >= :since AND {_AT} < :until "
        f"AND ({_AT} < :before OR ({_AT} = :before AND inquiry_id > :behind)) "
        f"ORDER BY {_AT} DESC, inquiry_id LIMIT :most",
        Inquiry,
    )


PAGE = {False: _page(), True: _page(" AND answered_ms IS NOT NULL AND read_ms IS NULL")}
"""What came last first, all or the unread ones, from where an earlier page ended."""
BY_ID = Query(f"SELECT {_COLUMNS} FROM inquiries WHERE inquiry_id = :inquiry_id", Inquiry)
WAITING = Query(
    f"SELECT {_COLUMNS} FROM inquiries WHERE answered_ms IS NULL ORDER BY sent_ms, inquiry_id LIMIT :most",
    Inquiry,
)
ANSWERED = Query(
    f"SELECT {_COLUMNS} FROM inquiries WHERE answered_ms IS NOT NULL "
    "ORDER BY answered_ms DESC, inquiry_id LIMIT :most",
    Inquiry,
)
TOTAL_WAITING = Query("SELECT COUNT(*) FROM inquiries WHERE answered_ms IS NULL", Total)
TOTAL_OF = Query("SELECT COUNT(*) FROM inquiries WHERE account_id = :account_id", Total)
UNREAD_OF = Query(
    "SELECT COUNT(*) FROM inquiries WHERE account_id = :account_id AND answered_ms IS NOT NULL AND read_ms IS NULL",
    Total,
)


def insert(inquiry: Inquiry, client_key: str) -> Op:
    return Op(
        "INSERT INTO inquiries (inquiry_id, account_id, kind, client_key, text, sent_ms) "
        "VALUES (:inquiry_id, :account_id, :kind, :client_key, :text, :sent_ms) "
        "ON CONFLICT (account_id, client_key) DO NOTHING",
        {
            "inquiry_id": inquiry.inquiry_id,
            "account_id": inquiry.account_id,
            "kind": inquiry.kind,
            "client_key": client_key,
            "text": inquiry.text,
            "sent_ms": inquiry.sent_ms,
        },
    )


def answer(inquiry_id: str, sealed: bytes, now_ms: int, kept_until_ms: int) -> Op:
    """Once: the second of two answers is told so."""
    return Op(
        "UPDATE inquiries SET answer = :answer, answered_ms = :now, kept_until_ms = :kept "
        "WHERE inquiry_id = :inquiry_id AND answered_ms IS NULL",
        {"inquiry_id": inquiry_id, "answer": sealed, "now": now_ms, "kept": kept_until_ms},
    )


def mark_read(inquiry_id: str, now_ms: int) -> Op:
    return Op(
        "UPDATE inquiries SET read_ms = :now WHERE inquiry_id = :inquiry_id AND answered_ms IS NOT NULL "
        "AND read_ms IS NULL",
        {"inquiry_id": inquiry_id, "now": now_ms},
        None,
    )


def delete(inquiry_id: str, account_id: str) -> Op:
    return Op(
        "DELETE FROM inquiries WHERE inquiry_id = :inquiry_id AND account_id = :account_id",
        {"inquiry_id": inquiry_id, "account_id": account_id},
    )


def delete_outdated(now_ms: int) -> Op:
    return Op("DELETE FROM inquiries WHERE kept_until_ms <= :now", {"now": now_ms}, None)
