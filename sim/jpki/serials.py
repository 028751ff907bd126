"""発行番号 (serial numbers) without a table.

A certificate's serial number is a keyed permutation of who holds it, which of that person's certificates it
is, and its kind; the inverse gives the holder back. So the nation needs no table of serials, and OCSP knows
without one whether a serial is ours: 26 spare bits must come out zero, which one foreign number in 67 million
manages.

Serials lie in [2^62, 2^63): always eight bytes, positive, and never the small serials of the authorities
themselves. A real card's serial gives nothing away about its holder either (CARD.md 4, "Linkage").
"""

import hashlib
from collections.abc import Callable
from enum import IntEnum, StrEnum
from typing import Final

import msgspec

HOLDER_BITS: Final = 27
GENERATION_BITS: Final = 8
HOLDERS_MAX: Final = 1 << HOLDER_BITS
"""Person numbers are below this: room for 134 million."""
GENERATIONS_MAX: Final = 1 << GENERATION_BITS
"""Certificates of one kind that one person may have in a lifetime, on all media together."""
GENERATIONS_ON_A_MEDIUM_MAX: Final = GENERATIONS_MAX // 4

_HALF_BITS: Final = 31
_HALF_MASK: Final = (1 << _HALF_BITS) - 1
_OFFSET: Final = 1 << (2 * _HALF_BITS)
# Four rounds make a strong permutation already (Luby and Rackoff); a round costs 1 µs, and serials are few
# beside RSA work.
_ROUNDS: Final = 6


class Kind(StrEnum):
    """The two certificates of a card: 利用者証明用 (authentication) and 署名用 (signature) 電子証明書."""

    AUTH = "auth"
    SIGN = "sign"


class Medium(IntEnum):
    """What a certificate is kept in. Each counts its generations from 0, in a quarter of the numbers of its own."""

    CARD = 0
    """個人番号カード"""
    PHONE = 1
    """スマホ用電子証明書: goes with the card's certificate of the same count, and is revoked with it."""
    NEXT_GENERATION = 2
    """次期個人番号カード, provisional: nobody has one yet, so JPKI has issued none."""

    def generation(self, count: int) -> int:
        """The generation of the *count*-th (from 0) on this medium. Raises ValueError when there can't be so many."""
        if not 0 <= count < GENERATIONS_ON_A_MEDIUM_MAX:
            raise ValueError(f"generation {count} is not in 0..{GENERATIONS_ON_A_MEDIUM_MAX - 1}")
        return self.value * GENERATIONS_ON_A_MEDIUM_MAX + count


_KIND_CODE: Final = {Kind.AUTH: 0, Kind.SIGN: 1}
_KIND_OF: Final = (Kind.AUTH, Kind.SIGN)


class Holder(msgspec.Struct, frozen=True):
    """Whose certificate a serial names: person number, that person's how-manieth of the kind (from 0),
    kind."""

    n: int
    generation: int
    kind: Kind

    @property
    def count(self) -> int:
        """The how-manieth on its medium."""
        return self.generation % GENERATIONS_ON_A_MEDIUM_MAX

    def is_issued(self, current: int) -> bool:
        """Whether this one was ever issued, when *current* is the card's present count."""
        return self.generation // GENERATIONS_ON_A_MEDIUM_MAX <= Medium.PHONE and self.count <= current


class Serials:
    """The permutation of one seed."""

    def __init__(self, seed: bytes) -> None:
        key = hashlib.shake_256(b"mynasim serial numbers v1" + seed).digest(32)
        self._rounds: tuple[Callable[[int], int], ...] = tuple(_round(key, i) for i in range(_ROUNDS))

    def serial_of(self, n: int, generation: int, kind: Kind) -> int:
        """The serial of this holder's certificate. Raises ValueError outside the limits."""
        if not 0 <= n < HOLDERS_MAX:
            raise ValueError(f"person number {n} is not in 0..{HOLDERS_MAX - 1}")
        if not 0 <= generation < GENERATIONS_MAX:
            raise ValueError(f"generation {generation} is not in 0..{GENERATIONS_MAX - 1}")
        plain = (n << GENERATION_BITS | generation) << 1 | _KIND_CODE[kind]
        left, right = plain >> _HALF_BITS, plain & _HALF_MASK
        for mix in self._rounds:
            left, right = right, left ^ mix(right)
        return _OFFSET | left << _HALF_BITS | right

    def holder_of(self, serial: int) -> Holder | None:
        """Whose serial this is, or None when it is none of ours."""
        if not _OFFSET <= serial < 2 * _OFFSET:
            return None
        left, right = serial >> _HALF_BITS & _HALF_MASK, serial & _HALF_MASK
        for mix in reversed(self._rounds):
            left, right = right ^ mix(left), left
        plain = left << _HALF_BITS | right
        if plain >> (HOLDER_BITS + GENERATION_BITS + 1):
            return None
        return Holder(
            n=plain >> (GENERATION_BITS + 1),
            generation=plain >> 1 & (GENERATIONS_MAX - 1),
            kind=_KIND_OF[plain & 1],
        )


def _round(key: bytes, number: int) -> Callable[[int], int]:
    keyed = hashlib.blake2b(key=key, digest_size=4, salt=bytes((number,)))

    def mix(half: int) -> int:
        state = keyed.copy()
        state.update(half.to_bytes(4, "big"))
        return int.from_bytes(state.digest(), "big") & _HALF_MASK

    return mix
