"""What an intermediate server keeps of its notices: sends, their recipients in batches, opened marks, answers."""

from typing import NamedTuple

import msgspec

from portal.store.store import Op, Query, Schema
from portal.wire.notice_sending import SendState
from portal.wire.notices import NoticeContent

SCHEMA = Schema(
    "intermediate_notices",
    (
        """
        CREATE TABLE notice_sends (
            organisation TEXT NOT NULL,
            send_id TEXT NOT NULL,
            key TEXT NOT NULL,
            digest TEXT NOT NULL,
            affair TEXT NOT NULL,
            user_id TEXT,
            bulk INTEGER NOT NULL,
            format TEXT NOT NULL,
            title TEXT NOT NULL,
            state TEXT NOT NULL,
            opened_ms INTEGER NOT NULL,
            confirmed_ms INTEGER,
            place INTEGER,
            kept_until_ms INTEGER NOT NULL,
            received_bytes INTEGER NOT NULL,
            progress BLOB NOT NULL,
            recipients INTEGER NOT NULL,
            batches INTEGER NOT NULL,
            content_relayed INTEGER NOT NULL,
            relayed INTEGER NOT NULL,
            batches_relayed INTEGER NOT NULL,
            delivered INTEGER NOT NULL,
            without_folder INTEGER NOT NULL,
            reason TEXT,
            opened INTEGER NOT NULL,
            answered INTEGER NOT NULL,
            polled_ms INTEGER,
            cursors BLOB NOT NULL,
            PRIMARY KEY (organisation, send_id),
            UNIQUE (organisation, key)
        );
        CREATE INDEX notice_sends_listed ON notice_sends (organisation, opened_ms, send_id);
        CREATE INDEX notice_sends_place ON notice_sends (organisation, place);
        CREATE INDEX notice_sends_kept ON notice_sends (kept_until_ms);
        CREATE TABLE notice_contents (
            organisation TEXT NOT NULL,
            send_id TEXT NOT NULL,
            content BLOB NOT NULL,
            PRIMARY KEY (organisation, send_id),
            FOREIGN KEY (organisation, send_id) REFERENCES notice_sends ON DELETE CASCADE
        );
        CREATE TABLE notice_batches (
            organisation TEXT NOT NULL,
            send_id TEXT NOT NULL,
            batch INTEGER NOT NULL,
            first INTEGER NOT NULL,
            total INTEGER NOT NULL,
            recipients BLOB NOT NULL,
            undelivered BLOB,
            PRIMARY KEY (organisation, send_id, batch),
            FOREIGN KEY (organisation, send_id) REFERENCES notice_sends ON DELETE CASCADE
        );
        CREATE TABLE notice_opened (
            organisation TEXT NOT NULL,
            send_id TEXT NOT NULL,
            position INTEGER NOT NULL,
            opened_ms INTEGER NOT NULL,
            PRIMARY KEY (organisation, send_id, position),
            FOREIGN KEY (organisation, send_id) REFERENCES notice_sends ON DELETE CASCADE
        );
        CREATE TABLE notice_answers (
            organisation TEXT NOT NULL,
            send_id TEXT NOT NULL,
            position INTEGER NOT NULL,
            answered_ms INTEGER NOT NULL,
            answers BLOB NOT NULL,
            PRIMARY KEY (organisation, send_id, position),
            FOREIGN KEY (organisation, send_id) REFERENCES notice_sends ON DELETE CASCADE
        )
        """,
        """
        CREATE INDEX notice_sends_waiting ON notice_sends (organisation, place)
            WHERE state IN ('sending', 'cancelling');
        CREATE INDEX notice_batches_first ON notice_batches (organisation, send_id, first)
        """,
        # Of a file that was being received nothing is known to compare the rest with: it is handed over anew.
        """
        ALTER TABLE notice_sends ADD COLUMN tail BLOB;
        CREATE TABLE notice_blocks (
            organisation TEXT NOT NULL,
            send_id TEXT NOT NULL,
            block INTEGER NOT NULL,
            digest BLOB NOT NULL,
            PRIMARY KEY (organisation, send_id, block),
            FOREIGN KEY (organisation, send_id) REFERENCES notice_sends ON DELETE CASCADE
        );
        CREATE TABLE notice_named (
            organisation TEXT NOT NULL,
            send_id TEXT NOT NULL,
            page INTEGER NOT NULL,
            bits BLOB NOT NULL,
            PRIMARY KEY (organisation, send_id, page),
            FOREIGN KEY (organisation, send_id) REFERENCES notice_sends ON DELETE CASCADE
        );
        DELETE FROM notice_batches WHERE EXISTS (
            SELECT 1 FROM notice_sends WHERE notice_sends.organisation = notice_batches.organisation
            AND notice_sends.send_id = notice_batches.send_id AND notice_sends.state = 'receiving'
        );
        UPDATE notice_sends SET state = 'refused',
            reason = '宛先を受け取っている間にサーバーが新しくなりました。新しい送信で送ってください。'
            WHERE state = 'receiving' AND received_bytes > 0
        """,
        # When the results of a batch came; of earlier ones nobody wrote it down.
        "ALTER TABLE notice_batches ADD COLUMN known_ms INTEGER",
    ),
)


class SendRow(NamedTuple):
    """送信 as it is stored; its content and its recipients stand apart."""

    organisation: str
    send_id: str
    key: str
    digest: str
    affair: str
    user_id: str | None
    bulk: int
    format: str
    title: str
    state: str
    opened_ms: int
    confirmed_ms: int | None
    place: int | None
    """Of its organisation's sends in the order in which they were confirmed."""
    kept_until_ms: int
    received_bytes: int
    progress: bytes
    recipients: int
    batches: int
    content_relayed: int
    relayed: int
    batches_relayed: int
    delivered: int
    without_folder: int
    reason: str | None
    opened: int
    answered: int
    polled_ms: int | None
    cursors: bytes
    tail: bytes | None
    """Of the recipients' file, while it is received: what came of the block that has not ended."""


class BatchRow(NamedTuple):
    batch: int
    first: int
    total: int
    recipients: bytes
    undelivered: bytes | None
    known_ms: int | None = None
    """When its results came."""


class ContentRow(NamedTuple):
    content: bytes


class Lane(NamedTuple):
    organisation: str


class OpenedRow(NamedTuple):
    position: int
    opened_ms: int


class BlockRow(NamedTuple):
    """Of a recipients' file that is being received."""

    block: int
    digest: bytes


class PageRow(NamedTuple):
    """Whom a recipients' file has named, a bit for each."""

    page: int
    bits: bytes


class AnsweredRow(NamedTuple):
    position: int
    answered_ms: int


class AnswersRow(NamedTuple):
    position: int
    answered_ms: int
    answers: bytes


_COLUMNS = ", ".join(SendRow._fields)
_THIS = "organisation = :organisation AND send_id = :send_id"
ONE = Query(f"SELECT {_COLUMNS} FROM notice_sends WHERE {_THIS}", SendRow)
BY_KEY = Query(
    f"SELECT {_COLUMNS} FROM notice_sends WHERE organisation = :organisation AND key = :key", SendRow
)
LISTED = Query(
    f"SELECT {_COLUMNS} FROM notice_sends WHERE organisation = :organisation "
    "AND (opened_ms < :opened_ms OR (opened_ms = :opened_ms AND send_id < :send_id)) "
    "ORDER BY opened_ms DESC, send_id DESC LIMIT :most",
    SendRow,
)
_TO_DO = "state IN ('sending', 'cancelling') AND (state = 'cancelling' OR relayed < recipients)"
"""Begins as the index does: what has been sent is not looked at again."""
NEXT = Query(
    f"SELECT {_COLUMNS} FROM notice_sends WHERE organisation = :organisation AND place IS NOT NULL AND {_TO_DO} "
    "ORDER BY place LIMIT 1",
    SendRow,
)
LANES = Query(f"SELECT DISTINCT organisation FROM notice_sends WHERE {_TO_DO} ORDER BY organisation", Lane)
CONTENT = Query(f"SELECT content FROM notice_contents WHERE {_THIS}", ContentRow)
_BATCH = "batch, first, total, recipients, undelivered, known_ms"
BATCH = Query(f"SELECT {_BATCH} FROM notice_batches WHERE {_THIS} AND batch = :batch", BatchRow)
BATCH_AT = Query(
    f"SELECT {_BATCH} FROM notice_batches WHERE {_THIS} AND first <= :position ORDER BY first DESC LIMIT 1",
    BatchRow,
)
OPENED_BETWEEN = Query(
    f"SELECT position, opened_ms FROM notice_opened WHERE {_THIS} AND position >= :first AND position < :end",
    OpenedRow,
)
ANSWERS_BETWEEN = Query(
    f"SELECT position, answered_ms, answers FROM notice_answers WHERE {_THIS} "
    "AND position >= :first AND position < :end",
    AnswersRow,
)

ANSWERED_BETWEEN = Query(
    "SELECT position, answered_ms FROM notice_answers "
    f"WHERE {_THIS} AND position >= :first AND position < :end",
    AnsweredRow,
)
ANSWERS_AFTER = Query(
    f"SELECT position, answered_ms, answers FROM notice_answers WHERE {_THIS} AND position > :after "
    "ORDER BY position LIMIT :most",
    AnswersRow,
)

BLOCKS_BETWEEN = Query(
    f"SELECT block, digest FROM notice_blocks WHERE {_THIS} AND block >= :first AND block < :end", BlockRow
)

PAGES_BETWEEN = Query(
    f"SELECT page, bits FROM notice_named WHERE {_THIS} AND page >= :first AND page <= :last", PageRow
)


def key_of(row: SendRow) -> dict[str, str]:
    return {"organisation": row.organisation, "send_id": row.send_id}


def insert(row: SendRow, content: NoticeContent) -> list[Op]:
    """Conflicts when its key is known."""
    values = ", ".join(f":{name}" for name in SendRow._fields)
    return [
        Op(f"INSERT INTO notice_sends ({_COLUMNS}) VALUES ({values})", row._asdict()),
        Op(
            "INSERT INTO notice_contents (organisation, send_id, content) VALUES (:organisation, :send_id, :content)",
            {**key_of(row), "content": msgspec.msgpack.encode(content)},
        ),
    ]


def insert_batch(row: SendRow, batch: BatchRow) -> Op:
    return Op(
        "INSERT INTO notice_batches (organisation, send_id, batch, first, total, recipients) "
        "VALUES (:organisation, :send_id, :batch, :first, :total, :recipients)",
        {
            **key_of(row),
            "batch": batch.batch,
            "first": batch.first,
            "total": batch.total,
            "recipients": batch.recipients,
        },
    )


def received(row: SendRow, offset: int) -> Op:
    """What the next part brought; conflicts when another one came meanwhile."""
    return Op(
        "UPDATE notice_sends SET received_bytes = :received_bytes, progress = :progress, recipients = :recipients, "
        f"batches = :batches, tail = :tail WHERE {_THIS} AND state = '{SendState.RECEIVING}' AND received_bytes = :offset",
        {
            **key_of(row),
            "received_bytes": row.received_bytes,
            "progress": row.progress,
            "recipients": row.recipients,
            "batches": row.batches,
            "tail": row.tail,
            "offset": offset,
        },
    )


def step(row: SendRow, to: SendState, *, reason: str | None = None, changes: int | None = 1) -> Op:
    """Into another state, from the one that *row* shows."""
    return Op(
        f"UPDATE notice_sends SET state = :to, reason = :reason WHERE {_THIS} AND state = :state",
        {**key_of(row), "to": str(to), "state": row.state, "reason": reason},
        changes,
    )


def line_up(row: SendRow, now_ms: int) -> Op:
    """確定: its place is behind all of its organisation's sends that were confirmed before."""
    return Op(
        "UPDATE notice_sends SET confirmed_ms = :now, place = (SELECT COALESCE(MAX(place), 0) + 1 "
        f"FROM notice_sends WHERE organisation = :organisation) WHERE {_THIS}",
        {**key_of(row), "now": now_ms},
    )


def drop_batches(row: SendRow) -> Op:
    return Op(f"DELETE FROM notice_batches WHERE {_THIS}", key_of(row), None)


def keep_page(row: SendRow, page: int, bits: bytes) -> Op:
    return Op(
        "INSERT INTO notice_named (organisation, send_id, page, bits) "
        "VALUES (:organisation, :send_id, :page, :bits) "
        "ON CONFLICT (organisation, send_id, page) DO UPDATE SET bits = excluded.bits",
        {**key_of(row), "page": page, "bits": bits},
    )


def forget_file(row: SendRow) -> list[Op]:
    """The file is whole, or nothing more is taken of it."""
    return [
        Op(f"DELETE FROM notice_blocks WHERE {_THIS}", key_of(row), None),
        Op(f"DELETE FROM notice_named WHERE {_THIS}", key_of(row), None),
    ]


def content_relayed(row: SendRow) -> Op:
    return Op(f"UPDATE notice_sends SET content_relayed = 1 WHERE {_THIS}", key_of(row))


def batch_relayed(row: SendRow, batch: BatchRow) -> Op:
    return Op(
        "UPDATE notice_sends SET batches_relayed = batches_relayed + 1, relayed = relayed + :total "
        f"WHERE {_THIS} AND batches_relayed = :batch",
        {**key_of(row), "total": batch.total, "batch": batch.batch},
        None,
    )


def results(row: SendRow, batch: int, total: int, undelivered: tuple[int, ...], now_ms: int) -> list[Op]:
    """送達結果; conflicts when it came before."""
    return [
        Op(
            f"UPDATE notice_batches SET undelivered = :undelivered, known_ms = :now WHERE {_THIS} AND batch = :batch "
            "AND undelivered IS NULL",
            {
                **key_of(row),
                "batch": batch,
                "undelivered": msgspec.msgpack.encode(undelivered),
                "now": now_ms,
            },
        ),
        Op(
            "UPDATE notice_sends SET delivered = delivered + :laid, without_folder = without_folder + :missing "
            f"WHERE {_THIS}",
            {**key_of(row), "laid": total - len(undelivered), "missing": len(undelivered)},
        ),
        Op(
            f"UPDATE notice_sends SET state = '{SendState.SENT}' WHERE {_THIS} "
            f"AND state = '{SendState.SENDING}' AND delivered + without_folder = recipients",
            key_of(row),
            None,
        ),
    ]


def opened(row: SendRow, position: int, at_ms: int) -> Op:
    return Op(
        "INSERT INTO notice_opened (organisation, send_id, position, opened_ms) "
        "VALUES (:organisation, :send_id, :position, :at) "
        "ON CONFLICT (organisation, send_id, position) DO NOTHING",
        {**key_of(row), "position": position, "at": at_ms},
        None,
    )


def answered(row: SendRow, position: int, at_ms: int, answers: tuple[tuple[str, ...], ...]) -> Op:
    return Op(
        "INSERT INTO notice_answers (organisation, send_id, position, answered_ms, answers) "
        "VALUES (:organisation, :send_id, :position, :at, :answers) "
        "ON CONFLICT (organisation, send_id, position) DO UPDATE SET answered_ms = excluded.answered_ms, "
        "answers = excluded.answers WHERE notice_answers.answered_ms < excluded.answered_ms",
        {**key_of(row), "position": position, "at": at_ms, "answers": msgspec.msgpack.encode(answers)},
        None,
    )


def polled(row: SendRow, cursors: bytes, now_ms: int) -> Op:
    return Op(
        "UPDATE notice_sends SET cursors = :cursors, polled_ms = :now, "
        f"opened = (SELECT COUNT(*) FROM notice_opened WHERE {_THIS}), "
        f"answered = (SELECT COUNT(*) FROM notice_answers WHERE {_THIS}) WHERE {_THIS}",
        {**key_of(row), "cursors": cursors, "now": now_ms},
    )


def forget(now_ms: int) -> Op:
    return Op("DELETE FROM notice_sends WHERE kept_until_ms < :now", {"now": now_ms}, None)
