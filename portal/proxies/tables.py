"""What is stored of delegations."""

from typing import NamedTuple

from portal.proxies.model import Delegation, State
from portal.store.store import Op, Query, Schema

SCHEMA = Schema(
    "proxies",
    (
        """
        CREATE TABLE delegations (
            delegation_id TEXT PRIMARY KEY,
            owner_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
            proxy_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
            state TEXT NOT NULL,
            scope BLOB NOT NULL,
            granted_ms INTEGER NOT NULL,
            start_ms INTEGER NOT NULL,
            end_ms INTEGER NOT NULL
        );
        CREATE UNIQUE INDEX delegations_granted ON delegations (owner_id, proxy_id) WHERE state = 'granted';
        CREATE INDEX delegations_owner ON delegations (owner_id);
        CREATE INDEX delegations_proxy ON delegations (proxy_id);
        CREATE INDEX delegations_end ON delegations (end_ms)
        """,
    ),
)

_COLUMNS = "delegation_id, owner_id, proxy_id, state, scope, granted_ms, start_ms, end_ms"
_NEWEST = "ORDER BY granted_ms DESC, delegation_id"


class Total(NamedTuple):
    total: int


BY_ID = Query(f"SELECT {_COLUMNS} FROM delegations WHERE delegation_id = :delegation_id", Delegation)
OF_OWNER = Query(f"SELECT {_COLUMNS} FROM delegations WHERE owner_id = :account_id {_NEWEST}", Delegation)
OF_PROXY = Query(f"SELECT {_COLUMNS} FROM delegations WHERE proxy_id = :account_id {_NEWEST}", Delegation)
GRANTED_BY = Query(
    "SELECT COUNT(*) FROM delegations WHERE owner_id = :account_id AND state = 'granted' AND end_ms > :now",
    Total,
)
GRANTED_TO = Query(
    "SELECT COUNT(*) FROM delegations WHERE proxy_id = :account_id AND state = 'granted' AND end_ms > :now",
    Total,
)
RUN_OUT = Query(
    f"SELECT {_COLUMNS} FROM delegations WHERE state = 'granted' AND end_ms <= :now ORDER BY end_ms LIMIT :most",
    Delegation,
)


def insert(delegation: Delegation) -> Op:
    """Unless there is one between these two already."""
    return Op(
        f"INSERT INTO delegations ({_COLUMNS}) VALUES (:delegation_id, :owner_id, :proxy_id, :state, :scope, "
        ":granted_ms, :start_ms, :end_ms) ON CONFLICT DO NOTHING",
        delegation._asdict(),
    )


def change(delegation: Delegation, scope: bytes, end_ms: int) -> Op:
    """Unless it was changed or ended meanwhile: every sealing is another, so equal bytes are the same scope."""
    return Op(
        "UPDATE delegations SET scope = :scope, end_ms = :end_ms "
        "WHERE delegation_id = :delegation_id AND state = 'granted' AND scope = :before",
        {
            "delegation_id": delegation.delegation_id,
            "before": delegation.scope,
            "scope": scope,
            "end_ms": end_ms,
        },
    )


def finish(delegation: Delegation, state: State) -> Op:
    """Once: the second of two ends changes nothing."""
    return Op(
        "UPDATE delegations SET state = :state WHERE delegation_id = :delegation_id AND state = 'granted'",
        {"delegation_id": delegation.delegation_id, "state": str(state)},
    )


def run_out_between(owner_id: str, proxy_id: str, now_ms: int) -> Op:
    """Before another is granted."""
    return Op(
        "UPDATE delegations SET state = 'expired' WHERE owner_id = :owner_id AND proxy_id = :proxy_id "
        "AND state = 'granted' AND end_ms <= :now",
        {"owner_id": owner_id, "proxy_id": proxy_id, "now": now_ms},
        None,
    )


def delete_older(than_ms: int) -> Op:
    return Op("DELETE FROM delegations WHERE end_ms < :than AND state <> 'granted'", {"than": than_ms}, None)
