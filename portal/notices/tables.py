"""What is stored of notices: the content of a send once, a row for each folder that it was laid into."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from portal.notices.model import ContentRow, NoticeRow
from portal.store.store import Op, Query, Schema
from portal.wire.limits import NOTICES_COUNTED_MAX

SCHEMA = Schema(
    "notices",
    (
        """
        CREATE TABLE notice_contents (
            content_id TEXT PRIMARY KEY,
            wrapped_key BLOB NOT NULL,
            sealed BLOB NOT NULL,
            kept_until_ms INTEGER NOT NULL,
            collect_until_ms INTEGER NOT NULL,
            withdrawn INTEGER NOT NULL
        );
        CREATE INDEX notice_contents_kept ON notice_contents (kept_until_ms);
        CREATE INDEX notice_contents_collected ON notice_contents (collect_until_ms) WHERE collect_until_ms > 0;
        CREATE TABLE notice_attachments (
            content_id TEXT NOT NULL REFERENCES notice_contents ON DELETE CASCADE,
            place INTEGER NOT NULL,
            sealed BLOB NOT NULL,
            PRIMARY KEY (content_id, place)
        );
        CREATE TABLE notice_batches (
            content_id TEXT NOT NULL REFERENCES notice_contents ON DELETE CASCADE,
            batch INTEGER NOT NULL,
            undelivered BLOB NOT NULL,
            PRIMARY KEY (content_id, batch)
        );
        CREATE TABLE notices (
            account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
            number INTEGER NOT NULL,
            content_id TEXT NOT NULL,
            position INTEGER NOT NULL,
            own BLOB,
            arrived_ms INTEGER NOT NULL,
            kept_until_ms INTEGER NOT NULL,
            opened_ms INTEGER,
            answered_ms INTEGER,
            withdrawn INTEGER NOT NULL,
            PRIMARY KEY (account_id, number)
        );
        CREATE INDEX notices_content ON notices (content_id, number);
        CREATE INDEX notices_unopened ON notices (account_id, number) WHERE opened_ms IS NULL;
        CREATE TABLE notice_marks (
            content_id TEXT NOT NULL REFERENCES notice_contents ON DELETE CASCADE,
            position INTEGER NOT NULL,
            opened_ms INTEGER NOT NULL,
            PRIMARY KEY (content_id, position)
        );
        CREATE INDEX notice_marks_opened ON notice_marks (content_id, opened_ms, position);
        CREATE TABLE notice_answers (
            content_id TEXT NOT NULL REFERENCES notice_contents ON DELETE CASCADE,
            position INTEGER NOT NULL,
            account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
            sealed BLOB NOT NULL,
            answered_ms INTEGER NOT NULL,
            PRIMARY KEY (content_id, position)
        );
        CREATE INDEX notice_answers_given ON notice_answers (content_id, answered_ms, position);
        CREATE INDEX notice_answers_account ON notice_answers (account_id)
        """,
        "ALTER TABLE notice_contents ADD COLUMN recipients INTEGER NOT NULL DEFAULT 0",
        """
        ALTER TABLE notices ADD COLUMN asks INTEGER NOT NULL DEFAULT 0;
        UPDATE notices SET asks = 1 WHERE content_id IN
            (SELECT content_id FROM notice_contents WHERE collect_until_ms > 0);
        CREATE INDEX notices_asking ON notices (account_id, number) WHERE asks = 1
        """,
    ),
)

_CONTENT = "content_id, wrapped_key, sealed, kept_until_ms, collect_until_ms, withdrawn, recipients"
CONTENT = Query(f"SELECT {_CONTENT} FROM notice_contents WHERE content_id = :content_id", ContentRow)
_COLUMNS = (
    "account_id", "number", "content_id", "position", "own", "arrived_ms", "kept_until_ms", "opened_ms", "answered_ms",
    "withdrawn", "asks",
)  # fmt: skip
_NOTICE = ", ".join(_COLUMNS)
OWN = Query(
    f"SELECT {_NOTICE} FROM notices WHERE account_id = :account_id AND number = :number "
    "AND kept_until_ms > :now",
    NoticeRow,
)


def _listed(more: str = "") -> Query[NoticeRow]:
    # As withdrawn as its send is, whether or not the folders have been cleared of it; who had not opened it never will.
    columns = ", ".join(
        "CASE WHEN c.withdrawn = 1 THEN 1 ELSE n.withdrawn END" if column == "withdrawn" else f"n.{column}"
        for column in _COLUMNS
    )
    return Query(
        f"SELECT {columns} FROM notices n JOIN notice_contents c ON c.content_id = n.content_id "
        f"WHERE n.account_id = :account_id AND n.number < :before{more} AND n.kept_until_ms > :now "
        "AND n.arrived_ms >= :since AND n.arrived_ms < :until "
        "AND (n.opened_ms IS NOT NULL OR c.withdrawn = 0) "
        "ORDER BY n.number DESC LIMIT :most",
        NoticeRow,
    )


PAGE = {
    # only unopened, only with a questionnaire
    (False, False): _listed(),
    (True, False): _listed(" AND n.opened_ms IS NULL"),
    (False, True): _listed(" AND n.asks = 1"),
    (True, True): _listed(" AND n.asks = 1 AND n.opened_ms IS NULL"),
}
"""Newest first, by the key of the page before, not by counting rows: the thousandth page costs what the first does."""


class Total(NamedTuple):
    total: int


UNOPENED = Query(
    "SELECT COUNT(*) FROM (SELECT number FROM notices WHERE account_id = :account_id AND opened_ms IS NULL "
    f"AND kept_until_ms > :now LIMIT {NOTICES_COUNTED_MAX}) AS counted",
    Total,
)
"""Counted no further than the limit: the same for a folder of ten and of ten thousand."""


class Sealed(NamedTuple):
    sealed: bytes


ATTACHMENT = Query(
    "SELECT sealed FROM notice_attachments WHERE content_id = :content_id AND place = :place", Sealed
)


class BatchRow(NamedTuple):
    undelivered: bytes


BATCH = Query(
    "SELECT undelivered FROM notice_batches WHERE content_id = :content_id AND batch = :batch", BatchRow
)


class MarkRow(NamedTuple):
    position: int
    at_ms: int


MARKS = Query(
    "SELECT position, opened_ms FROM notice_marks WHERE content_id = :content_id "
    "AND (opened_ms > :since OR (opened_ms = :since AND position > :after)) "
    "ORDER BY opened_ms, position LIMIT :most",
    MarkRow,
)


class AnswerRow(NamedTuple):
    position: int
    at_ms: int
    account_id: str
    sealed: bytes


ANSWERS = Query(
    "SELECT position, answered_ms, account_id, sealed FROM notice_answers WHERE content_id = :content_id "
    "AND (answered_ms > :since OR (answered_ms = :since AND position > :after)) "
    "ORDER BY answered_ms, position LIMIT :most",
    AnswerRow,
)
ANSWER = Query(
    "SELECT position, answered_ms, account_id, sealed FROM notice_answers "
    "WHERE content_id = :content_id AND position = :position AND account_id = :account_id",
    AnswerRow,
)


class Ended(NamedTuple):
    content_id: str


ENDED = Query(
    "SELECT content_id FROM notice_contents c WHERE kept_until_ms <= :now AND EXISTS "
    "(SELECT 1 FROM notices n WHERE n.content_id = c.content_id) ORDER BY kept_until_ms, content_id LIMIT :most",
    Ended,
)
"""Whose retention has ended while some folder still holds them (FLD-4)."""


def insert_content(row: ContentRow, attachments: Sequence[bytes]) -> list[Op]:
    ops = [
        Op(
            f"INSERT INTO notice_contents ({_CONTENT}) "
            "VALUES (:content_id, :wrapped_key, :sealed, :kept_until_ms, :collect_until_ms, :withdrawn, :recipients)",
            row._asdict(),
        )
    ]
    for place, sealed in enumerate(attachments):
        ops.append(
            Op(
                "INSERT INTO notice_attachments (content_id, place, sealed) VALUES (:content_id, :place, :sealed)",
                {"content_id": row.content_id, "place": place, "sealed": sealed},
            )
        )
    return ops


def insert_batch(content_id: str, batch: int, undelivered: Sequence[int]) -> Op:
    """Conflicts when the batch was taken before, or when the send was withdrawn meanwhile."""
    return Op(
        "INSERT INTO notice_batches (content_id, batch, undelivered) SELECT :content_id, :batch, :undelivered "
        "FROM notice_contents WHERE content_id = :content_id AND withdrawn = 0",
        {"content_id": content_id, "batch": batch, "undelivered": msgspec.msgpack.encode(undelivered)},
    )


def insert(row: NoticeRow) -> Op:
    return Op(
        f"INSERT INTO notices ({_NOTICE}) VALUES (:account_id, :number, :content_id, :position, :own, :arrived_ms, "
        ":kept_until_ms, :opened_ms, :answered_ms, :withdrawn, :asks)",
        row._asdict(),
    )


def open_notice(row: NoticeRow, now_ms: int) -> list[Op]:
    """Opened, and marked for its sender; whoever was quicker is as good."""
    return [
        Op(
            "UPDATE notices SET opened_ms = :now "
            "WHERE account_id = :account_id AND number = :number AND opened_ms IS NULL AND withdrawn = 0",
            {"account_id": row.account_id, "number": row.number, "now": now_ms},
            None,
        ),
        Op(
            "INSERT INTO notice_marks (content_id, position, opened_ms) SELECT :content_id, :position, :now "
            "FROM notices WHERE account_id = :account_id AND number = :number AND opened_ms = :now "
            "ON CONFLICT (content_id, position) DO NOTHING",
            {
                "content_id": row.content_id,
                "position": row.position,
                "account_id": row.account_id,
                "number": row.number,
                "now": now_ms,
            },
            None,
        ),
    ]


def delete(account_id: str, number: int) -> Op:
    return Op(
        "DELETE FROM notices WHERE account_id = :account_id AND number = :number",
        {"account_id": account_id, "number": number},
    )


def erase_own(account_id: str, number: int | None = None) -> list[Op]:
    """Content and files of notices that were for this owner alone: of one notice, or of all when the account closes.

    The row itself stays for its sender: that it was opened, and until when answers are collected. Goes before the
    notices are deleted, in the same transaction.
    """
    of_notice = "" if number is None else " AND number = :number"
    alone = (
        "recipients = 1 AND content_id IN "
        f"(SELECT content_id FROM notices WHERE account_id = :account_id{of_notice})"
    )
    params: dict[str, object] = {"account_id": account_id}
    if number is not None:
        params["number"] = number
    return [
        Op(
            "DELETE FROM notice_attachments WHERE content_id IN "
            f"(SELECT content_id FROM notice_contents WHERE {alone})",
            params,
            None,
        ),
        Op(
            f"UPDATE notice_contents SET sealed = :nothing, wrapped_key = :nothing WHERE {alone}",
            {**params, "nothing": b""},
            None,
        ),
    ]


def answer(row: NoticeRow, sealed: bytes, now_ms: int, *, unchanged: bool = False) -> list[Op]:
    """Conflicts when the notice has gone or was withdrawn meanwhile; with *unchanged*, also when it was answered."""
    params: dict[str, object] = {"account_id": row.account_id, "number": row.number, "now": now_ms}
    if unchanged:
        params["was"] = row.answered_ms or 0
    return [
        Op(
            "UPDATE notices SET answered_ms = :now WHERE account_id = :account_id AND number = :number "
            "AND opened_ms IS NOT NULL AND withdrawn = 0"
            + (" AND COALESCE(answered_ms, 0) = :was" if unchanged else ""),
            params,
        ),
        Op(
            "INSERT INTO notice_answers (content_id, position, account_id, sealed, answered_ms) "
            "VALUES (:content_id, :position, :account_id, :sealed, :now) "
            "ON CONFLICT (content_id, position) DO UPDATE SET sealed = excluded.sealed, "
            "answered_ms = excluded.answered_ms",
            {
                "content_id": row.content_id,
                "position": row.position,
                "account_id": row.account_id,
                "sealed": sealed,
                "now": now_ms,
            },
        ),
    ]


def withdraw(content_id: str) -> Op:
    return Op(
        "UPDATE notice_contents SET withdrawn = 1 WHERE content_id = :content_id AND withdrawn = 0",
        {"content_id": content_id},
        None,
    )


# Retention and withdrawal, some rows at a time so that nobody waits long behind them


class Numbered(NamedTuple):
    account_id: str
    number: int
    opened_ms: int | None


LEFT_OF = Query(
    "SELECT account_id, number, opened_ms FROM notices WHERE content_id = :content_id AND number > :after "
    "ORDER BY number LIMIT :most",
    Numbered,
)


def remove(row: Numbered) -> Op:
    return delete(row.account_id, row.number)._replace(changes=None)


def empty(row: Numbered) -> Op:
    """Of a notice that had been opened and was taken back only the shell stays."""
    return Op(
        "UPDATE notices SET withdrawn = 1, own = NULL WHERE account_id = :account_id AND number = :number",
        {"account_id": row.account_id, "number": row.number},
        None,
    )


def drop_contents(now_ms: int) -> Op:
    """Contents with attachments and marks, once nobody keeps or collects them any more."""
    return Op(
        "DELETE FROM notice_contents WHERE kept_until_ms <= :now AND collect_until_ms <= :now AND NOT EXISTS "
        "(SELECT 1 FROM notices WHERE notices.content_id = notice_contents.content_id)",
        {"now": now_ms},
        None,
    )


def drop_answers(now_ms: int) -> Op:
    """回収期限: what was not collected by then is gone."""
    return Op(
        "DELETE FROM notice_answers WHERE content_id IN "
        "(SELECT content_id FROM notice_contents WHERE collect_until_ms > 0 AND collect_until_ms <= :now)",
        {"now": now_ms},
        None,
    )
