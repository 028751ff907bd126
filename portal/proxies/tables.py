"""What is stored of delegations."""

from typing import NamedTuple

from portal.history.tables import COLUMNS as LINE_COLUMNS
from portal.mail.model import WORK as MAIL
from portal.mail.model import Caution, MailKey
from portal.proxies.model import Delegation, State
from portal.store.store import Op, Query, Schema
from portal.wire.limits import PROXIES_SHOWN_MAX
from portal.wire.sign_in import MailEvent

WORK = "proxy_mail"
"""The outbox work that sends a proxy's mail."""

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
            mails INTEGER NOT NULL,
            granted_ms INTEGER NOT NULL,
            start_ms INTEGER NOT NULL,
            end_ms INTEGER NOT NULL
        );
        CREATE UNIQUE INDEX delegations_granted ON delegations (owner_id, proxy_id) WHERE state = 'granted';
        CREATE INDEX delegations_owner ON delegations (owner_id);
        CREATE INDEX delegations_proxy ON delegations (proxy_id);
        CREATE INDEX delegations_end ON delegations (end_ms)
        """,
        """
        CREATE TABLE delegation_drafts (
            account_id TEXT PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
            sealed BLOB NOT NULL,
            kept_ms INTEGER NOT NULL
        );
        CREATE INDEX delegation_drafts_kept ON delegation_drafts (kept_ms)
        """,
        "ALTER TABLE delegations ADD COLUMN version INTEGER NOT NULL DEFAULT 1",
    ),
)

_COLUMNS = "delegation_id, owner_id, proxy_id, state, scope, mails, granted_ms, start_ms, end_ms, version"
_NEWEST = f"ORDER BY (state = 'granted') DESC, granted_ms DESC, delegation_id LIMIT {PROXIES_SHOWN_MAX}"


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


RUN_OUT_BETWEEN = Query(
    f"SELECT {_COLUMNS} FROM delegations WHERE owner_id = :owner_id AND proxy_id = :proxy_id "
    "AND state = 'granted' AND end_ms <= :now",
    Delegation,
)


class SealedDraft(NamedTuple):
    sealed: bytes


DRAFT = Query(
    "SELECT sealed FROM delegation_drafts WHERE account_id = :account_id AND kept_ms > :since", SealedDraft
)


def keep_draft(account_id: str, sealed: bytes, now_ms: int) -> Op:
    """In place of an earlier one."""
    return Op(
        "INSERT INTO delegation_drafts (account_id, sealed, kept_ms) VALUES (:account_id, :sealed, :now) "
        "ON CONFLICT (account_id) DO UPDATE SET sealed = excluded.sealed, kept_ms = excluded.kept_ms",
        {"account_id": account_id, "sealed": sealed, "now": now_ms},
        None,
    )


def drop_draft(account_id: str) -> Op:
    return Op(
        "DELETE FROM delegation_drafts WHERE account_id = :account_id", {"account_id": account_id}, None
    )


def drop_drafts(than_ms: int) -> Op:
    """Of registrations that nobody went on with."""
    return Op("DELETE FROM delegation_drafts WHERE kept_ms <= :than", {"than": than_ms}, None)


def insert(delegation: Delegation) -> Op:
    """Unless there is one between these two already."""
    return Op(
        f"INSERT INTO delegations ({_COLUMNS}) VALUES (:delegation_id, :owner_id, :proxy_id, :state, :scope, "
        ":mails, :granted_ms, :start_ms, :end_ms, :version) ON CONFLICT DO NOTHING",
        delegation._asdict(),
    )


def change(before: Delegation, changed: Delegation) -> Op:
    """Unless it was changed or ended meanwhile."""
    return Op(
        "UPDATE delegations SET scope = :scope, mails = :mails, end_ms = :end_ms, version = :version + 1 "
        "WHERE delegation_id = :delegation_id AND state = 'granted' AND version = :version",
        {
            "delegation_id": before.delegation_id,
            "version": before.version,
            "scope": changed.scope,
            "mails": changed.mails,
            "end_ms": changed.end_ms,
        },
    )


def finish(delegation: Delegation, state: State) -> Op:
    """Once: the second of two ends changes nothing."""
    return Op(
        "UPDATE delegations SET state = :state WHERE delegation_id = :delegation_id AND state = 'granted'",
        {"delegation_id": delegation.delegation_id, "state": str(state)},
    )


def delete_older(than_ms: int) -> Op:
    return Op("DELETE FROM delegations WHERE end_ms < :than AND state <> 'granted'", {"than": than_ms}, None)


def lines_of_closing(account_id: str, now_ms: int) -> list[Op]:
    """In the histories of the other sides, before an account is closed: what was granted by it and to it is over."""
    params = {"account_id": account_id, "now": now_ms}
    end = "SELECT {whose}, :now, 'proxies', 'end', delegation_id, '{operator}', NULL FROM delegations "
    of = "WHERE {closed} = :account_id AND state = 'granted' AND end_ms > :now "
    sql = f"INSERT INTO history ({LINE_COLUMNS}) {end}{of}ON CONFLICT DO NOTHING"
    return [
        Op(sql.format(whose="owner_id", operator="proxy", closed="proxy_id"), params, None),
        Op(sql.format(whose="proxy_id", operator="self", closed="owner_id"), params, None),
    ]


def cautions_of_closing(account_id: str, now_ms: int) -> list[Op]:
    """To the other sides, whoever of them wishes it when it is sent (ACC-4)."""
    params = {
        "kind": MAIL, "now": now_ms, "account_id": account_id,
        "event": f"{MailEvent.CAUTION}/", "about": f"/{Caution.PROXY_ENDED}.", "moment": f"/{now_ms}",
    }  # fmt: skip
    return [
        Op(
            "INSERT INTO outbox (kind, key, due_ms, attempts, put_ms) "
            f"SELECT :kind, :event || {other} || :about || delegation_id || :moment, :now, 0, :now FROM delegations "
            f"WHERE {closed} = :account_id AND state = 'granted' AND end_ms > :now ON CONFLICT (kind, key) DO NOTHING",
            params,
            None,
        )
        for closed, other in (("owner_id", "proxy_id"), ("proxy_id", "owner_id"))
    ]


_PROMISED = "granted.state = 'granted' AND granted.mails = 1 AND granted.end_ms > :due"


def promise_mails(key: MailKey, due_ms: int, now_ms: int) -> Op:
    """A mail to each proxy of this account who gets any; whether it is about what they may see, its sender looks up."""
    return Op(
        "INSERT INTO outbox (kind, key, due_ms, attempts, put_ms) "
        "SELECT :kind, granted.delegation_id || '/' || :key, :due, 0, :now FROM delegations AS granted "
        f"WHERE granted.owner_id = :account_id AND {_PROMISED} ON CONFLICT (kind, key) DO NOTHING",
        {"kind": WORK, "key": key.text(), "due": due_ms, "now": now_ms, "account_id": key.account_id},
        None,
    )


def promise_mails_of_batch(content_id: str, first: int, last: int, now_ms: int) -> Op:
    """The same for the notices of these numbers that were laid into folders just now, both included."""
    return Op(
        "INSERT INTO outbox (kind, key, due_ms, attempts, put_ms) "
        "SELECT :kind, granted.delegation_id || '/' || :event || '/' || notices.account_id || '/' || notices.number "
        "|| '/' || :moment, :due, 0, :due FROM notices JOIN delegations AS granted "
        "ON granted.owner_id = notices.account_id WHERE notices.content_id = :content_id "
        f"AND notices.number BETWEEN :first AND :last AND {_PROMISED} ON CONFLICT (kind, key) DO NOTHING",
        {
            "kind": WORK, "event": str(MailEvent.NOTICE), "moment": str(now_ms), "due": now_ms,
            "content_id": content_id, "first": first, "last": last,
        },
        None,
    )  # fmt: skip
