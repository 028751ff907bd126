"""Rows in memory that this process alone writes, so that asking for them again costs no read.

Whoever writes such a row forgets it when the write has come back, and before anybody is told that it was written. A
store that others write to as well says so (``sole_writer``), and then nothing is remembered.
"""

from collections import OrderedDict
from typing import Generic, TypeVar

from portal.store.store import Store

Key = TypeVar("Key")
Value = TypeVar("Value")

REMEMBERED_MAX = 10_000


class Remembered(Generic[Key, Value]):
    """覚え: values by their key, the one that was not asked for longest goes first."""

    def __init__(self, store: Store, most: int = REMEMBERED_MAX) -> None:
        self._most = most if store.sole_writer else 0
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Remembered: {len(self)}>"

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Key) -> Value | None:
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: Key, value: Value) -> Value | None:
        """Returns what had to go for it, if anything."""
        if not self._most:
            return None
        self._values[key] = value
        return self._values.popitem(last=False)[1] if len(self._values) > self._most else None

    def forget(self, key: Key) -> None:
        self._values.pop(key, None)

    def forget_all(self) -> None:
        self._values.clear()
