"""Claims: of several processes with one outbox, who does which row.

Whoever claims a row puts it off, so that nobody else finds it due while it is at work. A process that dies lets go by
doing nothing: the row is due again when its time is over. So it stays what it was, done at least once.
"""

from portal.store.store import Op

CLAIM_MS = 30_000
"""How long a claimed row is nobody else's: longer than a call to another system takes with all its repetitions."""
LOOK_SECONDS_MAX = 5.0
"""Rows of a process that has died are found so late at most, after their claims have ended."""

CLAIMED_SQL = (
    "SELECT kind, key, due_ms, attempts, put_ms FROM outbox "
    "WHERE due_ms = :until AND holder = :holder ORDER BY put_ms, kind, key"
)


def claim(holder: str, *, now_ms: int, until_ms: int, most: int) -> Op:
    """Rows that are due become this holder's; rows that another process is claiming just now are left to it."""
    return Op(
        "WITH due AS (SELECT kind, key FROM outbox WHERE due_ms <= :now ORDER BY due_ms, kind, key LIMIT :most "
        "/* postgresql: FOR UPDATE SKIP LOCKED */) "
        "UPDATE outbox SET holder = :holder, due_ms = :until FROM due "
        "WHERE outbox.kind = due.kind AND outbox.key = due.key",
        {"holder": holder, "now": now_ms, "until": until_ms, "most": most},
        None,
    )
