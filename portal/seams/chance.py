"""Chance: nonces, tokens, identifiers. This file alone asks the operating system for them."""

import base64
import os
from typing import Protocol

IDENTIFIER_BYTES = 15
TOKEN_BYTES = 32


class Chance(Protocol):
    """偶然の源."""

    def random_bytes(self, count: int) -> bytes: ...

    def uniform(self) -> float:
        """At least 0, below 1."""
        ...


class LiveChance:
    """The operating system's generator, read a page at a time."""

    PAGE_BYTES = 4096

    def __init__(self) -> None:
        self._page = b""
        self._used = 0

    def __repr__(self) -> str:
        return "LiveChance()"

    def random_bytes(self, count: int) -> bytes:
        if count > self.PAGE_BYTES // 8:
            return os.urandom(count)
        if self._used + count > len(self._page):
            self._page = os.urandom(self.PAGE_BYTES)
            self._used = 0
        start = self._used
        self._used += count
        return self._page[start : self._used]

    def uniform(self) -> float:
        return int.from_bytes(self.random_bytes(7)) / (1 << 56)


_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [first + second for first in _BASE32 for second in _BASE32]
_SHIFTS = range(8 * IDENTIFIER_BYTES - 10, -1, -10)


def identifier(chance: Chance) -> str:
    """識別子: 24 characters of base32 (in lower case), unguessable, safe in a path."""
    number = int.from_bytes(chance.random_bytes(IDENTIFIER_BYTES))
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])


def token(chance: Chance) -> str:
    """A bearer's secret: 32 bytes in base64url without padding."""
    return base64.urlsafe_b64encode(chance.random_bytes(TOKEN_BYTES)).rstrip(b"=").decode()
