"""What is stored of accounts."""

from typing import NamedTuple

from portal.accounts.model import Account
from portal.store.store import Op, Query, Schema

SCHEMA = Schema(
    "accounts",
    (
        """
        CREATE TABLE accounts (
            account_id TEXT PRIMARY KEY,
            root_serial TEXT NOT NULL UNIQUE,
            wrapped_key BLOB NOT NULL,
            settings BLOB NOT NULL,
            code BLOB,
            opened_ms INTEGER NOT NULL
        );
        CREATE TABLE account_certificates (
            serial TEXT PRIMARY KEY,
            account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
            first_seen_ms INTEGER NOT NULL
        )
        """,
        """
        CREATE TABLE account_codes (
            mark TEXT PRIMARY KEY,
            account_id TEXT NOT NULL UNIQUE REFERENCES accounts ON DELETE CASCADE
        )
        """,
    ),
)

_COLUMNS = "account_id, root_serial, wrapped_key, settings, code, opened_ms"
BY_ID = Query(f"SELECT {_COLUMNS} FROM accounts WHERE account_id = :account_id", Account)
BY_ROOT = Query(f"SELECT {_COLUMNS} FROM accounts WHERE root_serial = :root_serial", Account)
BY_SERIAL = Query(
    f"SELECT {_COLUMNS} FROM accounts WHERE account_id = "
    "(SELECT account_id FROM account_certificates WHERE serial = :serial)",
    Account,
)
BY_CODE = Query(
    f"SELECT {_COLUMNS} FROM accounts WHERE account_id = (SELECT account_id FROM account_codes WHERE mark = :mark)",
    Account,
)


class AccountId(NamedTuple):
    account_id: str


HAS_CODE = Query("SELECT account_id FROM account_codes WHERE mark = :mark", AccountId)
WITHOUT_CODE = Query(
    "SELECT account_id FROM accounts WHERE NOT EXISTS "
    "(SELECT 1 FROM account_codes WHERE account_codes.account_id = accounts.account_id) "
    "ORDER BY account_id LIMIT :most",
    AccountId,
)


def insert(account: Account) -> Op:
    return Op(
        f"INSERT INTO accounts ({_COLUMNS}) "
        "VALUES (:account_id, :root_serial, :wrapped_key, :settings, :code, :opened_ms) "
        "ON CONFLICT (root_serial) DO NOTHING",
        account._asdict(),
    )


def link_certificate(serial: str, account_id: str, now_ms: int) -> Op:
    return Op(
        "INSERT INTO account_certificates (serial, account_id, first_seen_ms) VALUES (:serial, :account_id, :now) "
        "ON CONFLICT (serial) DO NOTHING",
        {"serial": serial, "account_id": account_id, "now": now_ms},
        None,
    )


def set_settings(account_id: str, before: bytes, settings: bytes) -> Op:
    """Unless they were changed meanwhile: every sealing is another, so equal bytes are the same settings."""
    return Op(
        "UPDATE accounts SET settings = :settings WHERE account_id = :account_id AND settings = :before",
        {"account_id": account_id, "before": before, "settings": settings},
    )


def delete(account_id: str) -> Op:
    """With its certificates and all that refers to it; a second closing finds nothing."""
    return Op("DELETE FROM accounts WHERE account_id = :account_id", {"account_id": account_id}, None)


def set_code(account_id: str, code: bytes, mark: str) -> list[Op]:
    """The sealed code, and the mark by which the account is found when a notice names the code."""
    return [
        Op(
            "UPDATE accounts SET code = :code WHERE account_id = :account_id",
            {"account_id": account_id, "code": code},
        ),
        Op(
            "INSERT INTO account_codes (mark, account_id) VALUES (:mark, :account_id) ON CONFLICT DO NOTHING",
            {"mark": mark, "account_id": account_id},
            None,
        ),
    ]
