"""ふるい: says at once that something is certainly not there, so that the store need not be asked.

The core is asked for the records of people about whom, mostly, nothing was asked in this run, and under request
numbers that it has never promised anything for. A sieve of a fixed size stands before both tables: what it does not
hold is not there; what it holds may be. It forgets nothing; rows that went away only cost a look.
"""

from collections.abc import Iterable
from typing import Final

BITS: Final = 1 << 24
"""Two megabytes; with a million entries one look in sixteen is in vain."""
_MASK = BITS - 1
_STRIDE = 0x9E37_79B9_7F4A_7C15
"""Neighbouring numbers fall far from each other."""


class Sieve:
    """Of whole numbers. Until :meth:`load` it may hold anything."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def __repr__(self) -> str:
        return f"<Sieve: {'loaded' if self._bits else 'not loaded'}>"

    def load(self, members: Iterable[int]) -> None:
        """From now on it knows; to be called once, before anything is added."""
        bits = bytearray(BITS // 8)
        for member in members:
            place = member * _STRIDE >> 20 & _MASK
            bits[place >> 3] |= 1 << (place & 7)
        self._bits = bits

    def add(self, member: int) -> None:
        """Before it is written: what is written must never be missing here."""
        if self._bits:
            place = member * _STRIDE >> 20 & _MASK
            self._bits[place >> 3] |= 1 << (place & 7)

    def may_hold(self, member: int) -> bool:
        """False only when it is certainly not there."""
        if not self._bits:
            return True
        place = member * _STRIDE >> 20 & _MASK
        return bool(self._bits[place >> 3] >> (place & 7) & 1)
