"""セッション: somebody whose card was checked. The rules, apart from storage."""

import hashlib
from typing import NamedTuple


class Session(NamedTuple):
    """As it is stored: the bearer's token only as its hash."""

    token_hash: bytes
    account_id: str | None
    """None until the first-time registration is done (ACC-2)."""
    serial: str
    root_serial: str
    terminal: str
    opened_ms: int
    idle_until_ms: int
    ends_ms: int
    acting_for: str | None = None
    """The delegation by which its user acts as a proxy; None: for themselves (PRX-7)."""

    def over(self, now_ms: int) -> bool:
        return now_ms >= self.idle_until_ms or now_ms >= self.ends_ms


SESSION_CREDENTIAL = "Bearer "


def token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def token_of(authorization: str) -> str | None:
    """The token of an ``Authorization`` header."""
    if not authorization.startswith(SESSION_CREDENTIAL):
        return None
    return authorization.removeprefix(SESSION_CREDENTIAL)


def idle_until(now_ms: int, ends_ms: int, idle_seconds: int) -> int:
    """When a session that was used now ends if it is used no more."""
    return min(now_ms + idle_seconds * 1000, ends_ms)


def worth_extending(session: Session, now_ms: int, idle_seconds: int) -> bool:
    """Whether writing down that the session was used again is worth a write: each quarter of the idle time."""
    wanted = idle_until(now_ms, session.ends_ms, idle_seconds)
    return wanted - session.idle_until_ms >= idle_seconds * 1000 // 4
