"""Token buckets: so many of something for each key, and again as time goes by. Memory is bounded, a look costs the same always.

A bucket is one number, the moment at which it is full again (the generic cell rate algorithm); a key that is not kept has
a full one.
"""

from math import ceil

KEYS_MAX = 20_000
"""Of one kind; whoever was seen longest ago is forgotten first, and begins with a full bucket."""


class Buckets:
    """桶: *burst* tokens for each key, which come back one by one within *seconds*."""

    __slots__ = ("_full_at", "_keys_max", "_room_ms", "_token_ms")

    def __init__(self, burst: int, seconds: float, *, keys_max: int = KEYS_MAX) -> None:
        assert burst > 0
        self._token_ms = seconds * 1000 / burst
        self._room_ms = seconds * 1000
        self._keys_max = keys_max
        self._full_at: dict[str, float] = {}

    def __repr__(self) -> str:
        return f"<Buckets of {len(self)}>"

    def __len__(self) -> int:
        return len(self._full_at)

    def wait(self, key: str, now_ms: int) -> int:
        """Whole seconds until there is a token for this key; 0 if there is one now."""
        full_at = self._full_at.get(key)
        if full_at is None or full_at - now_ms > self._room_ms:
            # Fuller than ever in the future: the clock was put back.
            return 0
        over = full_at + self._token_ms - self._room_ms - now_ms
        return ceil(over / 1000) if over > 0 else 0

    def take(self, key: str, now_ms: int) -> int:
        """Take a token; when there is none, nothing is taken, and it says how many seconds to wait."""
        seconds = self.wait(key, now_ms)
        if seconds:
            return seconds
        full_at = self._full_at.pop(key, 0.0)
        if full_at < now_ms or full_at - now_ms > self._room_ms:
            full_at = now_ms
        if len(self._full_at) >= self._keys_max:
            del self._full_at[next(iter(self._full_at))]
        # Behind all others: the first one is who was seen longest ago.
        self._full_at[key] = full_at + self._token_ms
        return 0
