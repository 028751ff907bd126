"""What is stored of a folder."""

from collections.abc import Sequence
from typing import NamedTuple

from portal.folder.model import (
    ENDINGS,
    OPEN_STATES,
    Event,
    Request,
    State,
    Tally,
    Unread,
    kept_until_ms,
    sources,
)
from portal.store.store import Op, Query, Schema

SCHEMA = Schema(
    "folder",
    (
        """
        CREATE TABLE disclosure_requests (
            request_id TEXT PRIMARY KEY,
            account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
            kind TEXT NOT NULL,
            client_key TEXT NOT NULL,
            state TEXT NOT NULL,
            asked BLOB NOT NULL,
            asked_ms INTEGER NOT NULL,
            answered_ms INTEGER,
            read_ms INTEGER,
            kept_until_ms INTEGER,
            guidance TEXT,
            content BLOB,
            UNIQUE (account_id, kind, client_key)
        );
        CREATE INDEX disclosure_requests_kept ON disclosure_requests (kept_until_ms) WHERE kept_until_ms IS NOT NULL;
        CREATE INDEX disclosure_requests_read ON disclosure_requests (account_id) WHERE read_ms IS NOT NULL
        """,
    ),
)

_COLUMNS = "request_id, account_id, kind, state, asked, asked_ms, answered_ms, read_ms, guidance, content"
_COLUMNS_LISTED = "request_id, account_id, kind, state, asked, asked_ms, answered_ms, read_ms, guidance, NULL"

BY_ID = Query(f"SELECT {_COLUMNS} FROM disclosure_requests WHERE request_id = :request_id", Request)
OWN = Query(
    f"SELECT {_COLUMNS} FROM disclosure_requests "
    "WHERE request_id = :request_id AND account_id = :account_id AND kind = :kind",
    Request,
)
OWN_BY_KEY = Query(
    f"SELECT {_COLUMNS_LISTED} FROM disclosure_requests "
    "WHERE account_id = :account_id AND kind = :kind AND client_key = :client_key",
    Request,
)
LISTED = Query(
    f"SELECT {_COLUMNS_LISTED} FROM disclosure_requests "
    "WHERE account_id = :account_id AND kind = :kind ORDER BY asked_ms DESC, request_id",
    Request,
)
EVERYTHING = Query(
    f"SELECT {_COLUMNS_LISTED} FROM disclosure_requests "
    "WHERE account_id = :account_id ORDER BY COALESCE(answered_ms, asked_ms) DESC, request_id",
    Request,
)
_AT = "COALESCE(answered_ms, asked_ms)"


def _page(kinds: str, more: str = "") -> Query[Request]:
    return Query(
        f"SELECT {_COLUMNS_LISTED} FROM disclosure_requests WHERE account_id = :account_id{kinds}{more} "
        f"AND {_AT} >= :since AND {_AT} < :until "
        f"AND ({_AT} < :before OR ({_AT} = :before AND request_id > :behind)) "
        f"ORDER BY {_AT} DESC, request_id LIMIT :most",
        Request,
    )


_UNREAD_ONLY = " AND state = 'answered' AND read_ms IS NULL"
PAGE = {
    # of one kind, only unread
    (False, False): _page(""),
    (False, True): _page("", _UNREAD_ONLY),
    (True, False): _page(" AND kind = :kind"),
    (True, True): _page(" AND kind = :kind", _UNREAD_ONLY),
}
"""What came last first, from where an earlier page ended."""
OF_ANY_KIND = Query(
    f"SELECT {_COLUMNS_LISTED} FROM disclosure_requests WHERE request_id = :request_id AND account_id = :account_id",
    Request,
)
UNREAD = Query(
    "SELECT kind, COUNT(*) FROM disclosure_requests "
    "WHERE account_id = :account_id AND state = 'answered' AND read_ms IS NULL GROUP BY kind",
    Unread,
)

_OPEN = ", ".join(f"'{state}'" for state in sorted(OPEN_STATES))
TALLY = Query(
    "SELECT kind, "
    f"SUM(CASE WHEN state IN ({_OPEN}) THEN 1 ELSE 0 END), "
    "SUM(CASE WHEN state = 'answered' AND read_ms IS NULL THEN 1 ELSE 0 END), "
    "SUM(CASE WHEN read_ms IS NOT NULL THEN 1 ELSE 0 END) "
    "FROM disclosure_requests WHERE account_id = :account_id GROUP BY kind",
    Tally,
)


class Stamp(NamedTuple):
    total: int
    open: int
    answered_ms: int


STAMP = Query(
    f"SELECT COUNT(*), COALESCE(SUM(CASE WHEN state IN ({_OPEN}) THEN 1 ELSE 0 END), 0), COALESCE(MAX(answered_ms), 0) "
    "FROM disclosure_requests WHERE account_id = :account_id",
    Stamp,
)


class Total(NamedTuple):
    total: int


TOTAL_OF = Query("SELECT COUNT(*) FROM disclosure_requests WHERE account_id = :account_id", Total)


def insert(request: Request, client_key: str) -> Op:
    return Op(
        "INSERT INTO disclosure_requests "
        "(request_id, account_id, kind, client_key, state, asked, asked_ms) "
        "VALUES (:request_id, :account_id, :kind, :client_key, :state, :asked, :asked_ms) "
        "ON CONFLICT (account_id, kind, client_key) DO NOTHING",
        {
            "request_id": request.request_id,
            "account_id": request.account_id,
            "kind": str(request.kind),
            "client_key": client_key,
            "state": str(request.state),
            "asked": request.asked,
            "asked_ms": request.asked_ms,
        },
    )


def _from(event: Event) -> str:
    return ", ".join(f"'{state}'" for state in sources(event))


_TAKE = (
    f"UPDATE disclosure_requests SET state = '{State.HANDED_OVER}' "
    f"WHERE request_id = :request_id AND state IN ({_from(Event.TAKEN)})"
)
_ANSWER = (
    f"UPDATE disclosure_requests SET state = '{State.ANSWERED}', content = :content, answered_ms = :now, "
    "guidance = NULL, kept_until_ms = :kept "
    f"WHERE request_id = :request_id AND state IN ({_from(Event.ANSWER)})"
)


def take(request_id: str) -> Op:
    """The network owes the answer from now on."""
    return Op(_TAKE, {"request_id": request_id})


def answer(request_id: str, content: bytes, now_ms: int) -> Op:
    params = {"request_id": request_id, "content": content, "now": now_ms, "kept": kept_until_ms(now_ms)}
    return Op(_ANSWER, params)


def end_without_answer(request_id: str, state: State, guidance: str, now_ms: int) -> Op:
    """With guidance in its place."""
    event = ENDINGS[state]
    return Op(
        "UPDATE disclosure_requests SET state = :state, guidance = :guidance, answered_ms = :now, kept_until_ms = :kept "
        f"WHERE request_id = :request_id AND state IN ({_from(event)})",
        {
            "request_id": request_id,
            "state": str(state),
            "guidance": guidance,
            "now": now_ms,
            "kept": kept_until_ms(now_ms),
        },
    )


def mark_read(request_id: str, account_id: str, now_ms: int) -> Op:
    return Op(
        "UPDATE disclosure_requests SET read_ms = :now "
        "WHERE request_id = :request_id AND account_id = :account_id AND state = 'answered' AND read_ms IS NULL",
        {"request_id": request_id, "account_id": account_id, "now": now_ms},
        None,
    )


def delete(request_id: str, account_id: str, *, only_open: bool = False) -> Op:
    """By hand (FLD-5); *only_open*: unless an answer has come."""
    still = f" AND state IN ({_OPEN})" if only_open else ""
    return Op(
        f"DELETE FROM disclosure_requests WHERE request_id = :request_id AND account_id = :account_id{still}",
        {"request_id": request_id, "account_id": account_id},
    )


def drop_work_of(account_id: str, kinds: Sequence[str]) -> Op:
    """Nobody asks any more for what an account has asked for; for the transaction that closes it."""
    names = ", ".join(f"'{kind}'" for kind in kinds)
    return Op(
        f"DELETE FROM outbox WHERE kind IN ({names}) AND key IN "
        "(SELECT request_id FROM disclosure_requests WHERE account_id = :account_id)",
        {"account_id": account_id},
        None,
    )


def delete_read(account_id: str) -> Op:
    """At sign-out (FLD-3)."""
    return Op(
        "DELETE FROM disclosure_requests WHERE account_id = :account_id AND read_ms IS NOT NULL",
        {"account_id": account_id},
        None,
    )


def delete_read_of_the_absent(now_ms: int) -> Op:
    """Who left without signing out is signed out by time; what was read goes then too (FLD-3)."""
    return Op(
        "DELETE FROM disclosure_requests WHERE read_ms IS NOT NULL AND account_id NOT IN "
        "(SELECT account_id FROM sessions WHERE account_id IS NOT NULL AND idle_until_ms > :now)",
        {"now": now_ms},
        None,
    )


def delete_outdated(now_ms: int) -> Op:
    """A year after it came (FLD-3)."""
    return Op(
        "DELETE FROM disclosure_requests WHERE kept_until_ms <= :now AND read_ms IS NULL",
        {"now": now_ms},
        None,
    )
