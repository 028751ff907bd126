"""What the core keeps of notices on their way: sends, and items that wait for the portal, in the order they came."""

from typing import NamedTuple

from portal.store.store import Op, Query, Schema

SCHEMA = Schema(
    "network_notices",
    (
        """
        CREATE TABLE notice_sends (
            organisation TEXT NOT NULL,
            send_id TEXT NOT NULL,
            affair TEXT NOT NULL,
            digest TEXT NOT NULL,
            kept_until_ms INTEGER NOT NULL,
            PRIMARY KEY (organisation, send_id)
        );
        CREATE INDEX notice_sends_kept ON notice_sends (kept_until_ms);
        CREATE TABLE notice_taken (
            organisation TEXT NOT NULL,
            send_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            batch INTEGER NOT NULL,
            PRIMARY KEY (organisation, send_id, kind, batch),
            FOREIGN KEY (organisation, send_id) REFERENCES notice_sends ON DELETE CASCADE
        );
        CREATE TABLE notice_items (
            sequence INTEGER PRIMARY KEY,
            organisation TEXT NOT NULL,
            send_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            batch INTEGER NOT NULL,
            body BLOB NOT NULL,
            put_ms INTEGER NOT NULL
        );
        CREATE INDEX notice_items_lane ON notice_items (organisation, sequence);
        CREATE TABLE notice_counter (name TEXT PRIMARY KEY, last INTEGER NOT NULL);
        INSERT INTO notice_counter (name, last) VALUES ('sequence', 0)
        """,
    ),
)

CONTENT = "content"
BATCH = "batch"
CANCEL = "cancel"


class SendRow(NamedTuple):
    organisation: str
    send_id: str
    affair: str
    digest: str
    """Of the content: the same send with another content is refused."""
    kept_until_ms: int


class Item(NamedTuple):
    """One thing to push, in its place in the order."""

    sequence: int
    organisation: str
    send_id: str
    kind: str
    batch: int
    body: bytes
    put_ms: int


class Counter(NamedTuple):
    last: int


class Total(NamedTuple):
    total: int


class Lane(NamedTuple):
    organisation: str


SEND = Query(
    "SELECT organisation, send_id, affair, digest, kept_until_ms FROM notice_sends "
    "WHERE organisation = :organisation AND send_id = :send_id",
    SendRow,
)
TAKEN = Query(
    "SELECT COUNT(*) FROM notice_taken "
    "WHERE organisation = :organisation AND send_id = :send_id AND kind = :kind AND batch = :batch",
    Total,
)
NEXT = Query(
    "SELECT sequence, organisation, send_id, kind, batch, body, put_ms FROM notice_items "
    "WHERE organisation = :organisation ORDER BY sequence LIMIT 1",
    Item,
)
WAITING = Query(
    "SELECT COUNT(*) FROM (SELECT sequence FROM notice_items WHERE organisation = :organisation LIMIT :most) AS some",
    Total,
)
LANES = Query("SELECT DISTINCT organisation FROM notice_items ORDER BY organisation", Lane)
COUNTER = Query("SELECT last FROM notice_counter WHERE name = 'sequence'", Counter)


def insert_send(row: SendRow) -> Op:
    return Op(
        "INSERT INTO notice_sends (organisation, send_id, affair, digest, kept_until_ms) "
        "VALUES (:organisation, :send_id, :affair, :digest, :kept_until_ms)",
        row._asdict(),
    )


def put_item(item: Item) -> list[Op]:
    """Conflicts when it came before."""
    return [
        Op(
            "INSERT INTO notice_taken (organisation, send_id, kind, batch) "
            "VALUES (:organisation, :send_id, :kind, :batch)",
            {
                "organisation": item.organisation,
                "send_id": item.send_id,
                "kind": item.kind,
                "batch": item.batch,
            },
        ),
        Op(
            "INSERT INTO notice_items (sequence, organisation, send_id, kind, batch, body, put_ms) "
            "VALUES (:sequence, :organisation, :send_id, :kind, :batch, :body, :put_ms)",
            item._asdict(),
        ),
        Op(
            "UPDATE notice_counter SET last = :sequence WHERE name = 'sequence' AND last < :sequence",
            {"sequence": item.sequence},
            None,
        ),
    ]


def remove_item(sequence: int) -> Op:
    return Op("DELETE FROM notice_items WHERE sequence = :sequence", {"sequence": sequence}, None)


def forget_sends(now_ms: int) -> Op:
    """Once nobody keeps its notices any more, a send need not be recognised."""
    return Op("DELETE FROM notice_sends WHERE kept_until_ms < :now", {"now": now_ms}, None)
