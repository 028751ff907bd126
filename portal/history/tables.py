"""What is stored of the history."""

from portal.history.model import Cursor, Line, Range
from portal.store.store import Op, Query, Schema
from portal.wire.history import HistoryQuery

SCHEMA = Schema(
    "history",
    (
        """
        CREATE TABLE history (
            account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
            at_ms INTEGER NOT NULL,
            service TEXT NOT NULL,
            action TEXT NOT NULL,
            about TEXT NOT NULL,
            operator TEXT NOT NULL,
            detail BLOB,
            PRIMARY KEY (account_id, at_ms, service, action, about)
        );
        CREATE INDEX history_at ON history (at_ms)
        """,
    ),
)

COLUMNS = "account_id, at_ms, service, action, about, operator, detail"
_ORDER = "at_ms DESC, service DESC, action DESC, about DESC"
_CHOICES = ("service", "action", "operator")


def _query(*, chosen: tuple[str, ...], onward: bool) -> Query[Line]:
    conditions = ["account_id = :account_id", "at_ms >= :start", "at_ms < :end"]
    conditions += [f"{name} = :{name}" for name in chosen]
    if onward:
        conditions.append(
            "(at_ms, service, action, about) < (:before_ms, :before_service, :before_action, :before_about)"
        )
    where = " AND ".join(conditions)
    return Query(f"SELECT {COLUMNS} FROM history WHERE {where} ORDER BY {_ORDER} LIMIT :most", Line)


_QUERIES = {
    (chosen, onward): _query(chosen=chosen, onward=onward)
    for onward in (False, True)
    for chosen in (
        tuple(name for bit, name in enumerate(_CHOICES) if mask >> bit & 1)
        for mask in range(1 << len(_CHOICES))
    )
}
"""Every combination of what can be asked for, written once."""


def search(
    account_id: str, query: HistoryQuery, within: Range, after: Cursor | None, most: int
) -> tuple[Query[Line], dict[str, str | int]]:
    """The query for these lines, newest first, and its parameters."""
    wanted = {"service": query.service, "action": query.action, "operator": query.operator}
    chosen = {name: str(value) for name, value in wanted.items() if value is not None}
    params: dict[str, str | int] = {
        "account_id": account_id,
        "start": within.start_ms,
        "end": within.end_ms,
        "most": most,
        **chosen,
    }
    if after is not None:
        params |= {
            "before_ms": after.at_ms,
            "before_service": after.service,
            "before_action": after.action,
            "before_about": after.about,
        }
    return _QUERIES[tuple(chosen), after is not None], params


_INSERT = (
    f"INSERT INTO history ({COLUMNS}) "
    "VALUES (:account_id, :at_ms, :service, :action, :about, :operator, :detail) "
    "ON CONFLICT (account_id, at_ms, service, action, about) DO NOTHING"
)


def insert(line: Line) -> Op:
    return Op(_INSERT, line._asdict(), None)


def insert_signed_out_by_time(now_ms: int) -> Op:
    """A line for every session that is over; before they are deleted."""
    return Op(
        f"INSERT INTO history ({COLUMNS}) "
        "SELECT account_id, idle_until_ms, 'sign_in', 'sign_out_by_time', '', 'self', NULL FROM sessions "
        "WHERE account_id IS NOT NULL AND (idle_until_ms <= :now OR ends_ms <= :now) "
        "ON CONFLICT (account_id, at_ms, service, action, about) DO NOTHING",
        {"now": now_ms},
        None,
    )


def delete_older(than_ms: int) -> Op:
    """HIS-3."""
    return Op("DELETE FROM history WHERE at_ms < :than", {"than": than_ms}, None)
