"""職員: those who work at the portal's desk. The rules, apart from storage."""

from typing import NamedTuple

from portal.wire.limits import (
    STAFF_LOCK_SECONDS,
    STAFF_SESSION_IDLE_SECONDS,
    STAFF_SESSION_SECONDS_MAX,
    STAFF_TRIES_MAX,
)

OPERATOR_ID = "operator"
"""運用者, whom every installation has."""


class Staff(NamedTuple):
    """職員のアカウント as it is stored."""

    staff_id: str
    password: str
    """Its argon2id hash, with parameters and salt."""
    failures: int
    """Wrong passwords since the last right one."""
    locked_until_ms: int

    def locked(self, now_ms: int) -> bool:
        return now_ms < self.locked_until_ms


class StaffAction(NamedTuple):
    """操作記録: one line of what was done at the desk."""

    at_ms: int
    staff_id: str
    """Empty: somebody gave an ID that nobody has. What was typed is kept nowhere: it may be a password."""
    action: str
    about: str


def after_failure(staff: Staff, now_ms: int) -> Staff:
    """One more wrong password; too many in a row, and the account waits."""
    failures = staff.failures + 1
    if failures < STAFF_TRIES_MAX:
        return staff._replace(failures=failures)
    return staff._replace(failures=0, locked_until_ms=now_ms + STAFF_LOCK_SECONDS * 1000)


class StaffSession(NamedTuple):
    """As it is stored: the token only as its hash."""

    token_hash: bytes
    staff_id: str
    idle_until_ms: int
    ends_ms: int

    def over(self, now_ms: int) -> bool:
        return now_ms >= self.idle_until_ms or now_ms >= self.ends_ms


def session_times(now_ms: int) -> tuple[int, int]:
    """Until when a session that begins now waits for its user, and when it ends at the latest."""
    return now_ms + STAFF_SESSION_IDLE_SECONDS * 1000, now_ms + STAFF_SESSION_SECONDS_MAX * 1000
