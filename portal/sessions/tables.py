"""What is stored of sessions."""

from typing import NamedTuple

from portal.sessions.model import Session
from portal.store.store import Op, Query, Schema

SCHEMA = Schema(
    "sessions",
    (
        """
        CREATE TABLE sessions (
            token_hash BLOB PRIMARY KEY,
            account_id TEXT,
            serial TEXT NOT NULL,
            root_serial TEXT NOT NULL,
            terminal TEXT NOT NULL,
            opened_ms INTEGER NOT NULL,
            idle_until_ms INTEGER NOT NULL,
            ends_ms INTEGER NOT NULL
        );
        CREATE INDEX sessions_account ON sessions (account_id);
        CREATE INDEX sessions_idle ON sessions (idle_until_ms);
        CREATE TABLE used_challenges (nonce BLOB PRIMARY KEY, ends_ms INTEGER NOT NULL);
        CREATE INDEX used_challenges_ends ON used_challenges (ends_ms)
        """,
        "ALTER TABLE sessions ADD COLUMN acting_for TEXT",
    ),
)

_COLUMNS = (
    "token_hash, account_id, serial, root_serial, terminal, opened_ms, idle_until_ms, ends_ms, acting_for"
)
BY_HASH = Query(f"SELECT {_COLUMNS} FROM sessions WHERE token_hash = :token_hash", Session)


ACTING_OVER = Query(
    f"SELECT {_COLUMNS} FROM sessions WHERE acting_for IS NOT NULL AND (idle_until_ms <= :now OR ends_ms <= :now)",
    Session,
)


class Total(NamedTuple):
    total: int


TOTAL_OF = Query("SELECT COUNT(*) FROM sessions WHERE account_id = :account_id", Total)


def use_challenge(nonce: bytes, ends_ms: int) -> Op:
    """Good once: a second use changes nothing, and so fails its transaction."""
    return Op(
        "INSERT INTO used_challenges (nonce, ends_ms) VALUES (:nonce, :ends) ON CONFLICT (nonce) DO NOTHING",
        {"nonce": nonce, "ends": ends_ms},
    )


def forget_challenges(now_ms: int) -> Op:
    return Op("DELETE FROM used_challenges WHERE ends_ms <= :now", {"now": now_ms}, None)


def insert(session: Session) -> Op:
    return Op(
        f"INSERT INTO sessions ({_COLUMNS}) VALUES (:token_hash, :account_id, :serial, :root_serial, :terminal, "
        ":opened_ms, :idle_until_ms, :ends_ms, :acting_for)",
        session._asdict(),
    )


def extend(hash_of_token: bytes, idle_until_ms: int) -> Op:
    return Op(
        "UPDATE sessions SET idle_until_ms = :until WHERE token_hash = :token_hash",
        {"token_hash": hash_of_token, "until": idle_until_ms},
        None,
    )


def give_account(hash_of_token: bytes, account_id: str, idle_until_ms: int, ends_ms: int) -> Op:
    return Op(
        "UPDATE sessions SET account_id = :account_id, idle_until_ms = :until, ends_ms = :ends "
        "WHERE token_hash = :token_hash",
        {"token_hash": hash_of_token, "account_id": account_id, "until": idle_until_ms, "ends": ends_ms},
    )


def renew(hash_of_token: bytes, new_hash: bytes) -> Op:
    return Op(
        "UPDATE sessions SET token_hash = :new_hash WHERE token_hash = :token_hash",
        {"token_hash": hash_of_token, "new_hash": new_hash},
    )


def act_for(hash_of_token: bytes, delegation_id: str | None) -> Op:
    return Op(
        "UPDATE sessions SET acting_for = :delegation_id WHERE token_hash = :token_hash",
        {"token_hash": hash_of_token, "delegation_id": delegation_id},
    )


def delete(hash_of_token: bytes) -> Op:
    return Op("DELETE FROM sessions WHERE token_hash = :token_hash", {"token_hash": hash_of_token}, None)


def delete_all_of(account_id: str) -> Op:
    return Op("DELETE FROM sessions WHERE account_id = :account_id", {"account_id": account_id}, None)


def delete_oldest(account_id: str, kept: int) -> Op:
    """All but the newest *kept* sessions of an account."""
    return Op(
        "DELETE FROM sessions WHERE account_id = :account_id AND token_hash NOT IN "
        "(SELECT token_hash FROM sessions WHERE account_id = :account_id ORDER BY opened_ms DESC, token_hash LIMIT :kept)",
        {"account_id": account_id, "kept": kept},
        None,
    )


def delete_over(now_ms: int) -> Op:
    return Op("DELETE FROM sessions WHERE idle_until_ms <= :now OR ends_ms <= :now", {"now": now_ms}, None)
