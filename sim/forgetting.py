"""Forgetting what need not be kept: along with something that is written anyway, but not every time."""

from collections.abc import Callable
from typing import Final

from portal.store.store import Op
from portal.wire.moments import HOUR

FORGET_EVERY_MS: Final = HOUR
"""What has to go may stay so much longer; each of these statements costs as much as what it comes along with."""


class Forgetting:
    """忘れる: the operations that delete what is too old, when it is time for them again."""

    def __init__(self, *forget: Callable[[int], Op]) -> None:
        self._forget = forget
        self._next_ms: int | None = None

    def __repr__(self) -> str:
        return f"<Forgetting {len(self._forget)} kinds>"

    def ops(self, now_ms: int) -> list[Op]:
        """All of them or none. A clock that was moved back begins anew."""
        if self._next_ms is not None and now_ms < self._next_ms <= now_ms + FORGET_EVERY_MS:
            return []
        self._next_ms = now_ms + FORGET_EVERY_MS
        return [forget(now_ms) for forget in self._forget]
