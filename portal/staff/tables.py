"""What is stored of staff: accounts, sessions, and what they did (操作記録)."""

from portal.staff.model import Staff, StaffAction, StaffSession
from portal.store.store import Op, Query, Schema

SCHEMA = Schema(
    "staff",
    (
        """
        CREATE TABLE staff (
            staff_id TEXT PRIMARY KEY,
            password TEXT NOT NULL,
            failures INTEGER NOT NULL,
            locked_until_ms INTEGER NOT NULL
        );
        CREATE TABLE staff_sessions (
            token_hash BLOB PRIMARY KEY,
            staff_id TEXT NOT NULL REFERENCES staff ON DELETE CASCADE,
            idle_until_ms INTEGER NOT NULL,
            ends_ms INTEGER NOT NULL
        );
        CREATE TABLE staff_actions (
            action_id TEXT PRIMARY KEY,
            at_ms INTEGER NOT NULL,
            staff_id TEXT NOT NULL,
            action TEXT NOT NULL,
            about TEXT NOT NULL
        );
        CREATE INDEX staff_actions_at ON staff_actions (at_ms)
        """,
    ),
)

BY_ID = Query(
    "SELECT staff_id, password, failures, locked_until_ms FROM staff WHERE staff_id = :staff_id", Staff
)
SESSION = Query(
    "SELECT token_hash, staff_id, idle_until_ms, ends_ms FROM staff_sessions WHERE token_hash = :token_hash",
    StaffSession,
)
ACTIONS = Query(
    "SELECT at_ms, staff_id, action, about FROM staff_actions ORDER BY at_ms DESC, action_id DESC "
    "LIMIT :most OFFSET :skipped",
    StaffAction,
)
ACTIONS_COUNTED = Query("SELECT COUNT(*) AS total FROM staff_actions", int)


def put(staff: Staff) -> Op:
    """The account as it is from now on."""
    return Op(
        "INSERT INTO staff (staff_id, password, failures, locked_until_ms) "
        "VALUES (:staff_id, :password, :failures, :locked_until_ms) ON CONFLICT (staff_id) DO UPDATE SET "
        "password = :password, failures = :failures, locked_until_ms = :locked_until_ms",
        staff._asdict(),
    )


def tried(before: Staff, after: Staff) -> Op:
    """Unless another try was counted meanwhile: guessing in parallel gains nothing."""
    return Op(
        "UPDATE staff SET failures = :failures, locked_until_ms = :locked_until_ms "
        "WHERE staff_id = :staff_id AND failures = :before AND locked_until_ms = :locked_before",
        {
            "staff_id": after.staff_id,
            "failures": after.failures,
            "locked_until_ms": after.locked_until_ms,
            "before": before.failures,
            "locked_before": before.locked_until_ms,
        },
    )


def insert_session(session: StaffSession) -> Op:
    return Op(
        "INSERT INTO staff_sessions (token_hash, staff_id, idle_until_ms, ends_ms) "
        "VALUES (:token_hash, :staff_id, :idle_until_ms, :ends_ms)",
        session._asdict(),
    )


def extend(token_hash: bytes, idle_until_ms: int) -> Op:
    return Op(
        "UPDATE staff_sessions SET idle_until_ms = :until WHERE token_hash = :token_hash",
        {"token_hash": token_hash, "until": idle_until_ms},
        None,
    )


def delete_session(token_hash: bytes) -> Op:
    return Op("DELETE FROM staff_sessions WHERE token_hash = :token_hash", {"token_hash": token_hash}, None)


def delete_over(now_ms: int) -> Op:
    return Op(
        "DELETE FROM staff_sessions WHERE idle_until_ms <= :now OR ends_ms <= :now", {"now": now_ms}, None
    )


def drop_actions(before_ms: int) -> Op:
    return Op("DELETE FROM staff_actions WHERE at_ms < :before", {"before": before_ms}, None)


def note(action_id: str, at_ms: int, staff_id: str, action: str, about: str) -> Op:
    """操作記録: who did what about what."""
    return Op(
        "INSERT INTO staff_actions (action_id, at_ms, staff_id, action, about) "
        "VALUES (:action_id, :at, :staff_id, :action, :about)",
        {"action_id": action_id, "at": at_ms, "staff_id": staff_id, "action": action, "about": about},
    )
