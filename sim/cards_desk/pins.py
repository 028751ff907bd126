"""PINs of the virtual cards: they follow from the nation's seed, so that whoever has the seed can use any card."""

import hashlib
from typing import NamedTuple

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without I and O, which are taken for digits."""


class Pins(NamedTuple):
    """暗証番号 of one card (CARD.md 1.3)."""

    auth: str
    """利用者証明用, 4 digits; the same for 券面事項入力補助 and 住基 here, as most people have it."""
    sign: str
    """署名用, 8 characters."""


def pins_of(seed: int, n: int) -> Pins:
    """The PINs with which resident *n*'s card was handed over."""
    draw = hashlib.sha256(f"mynasim pins {seed}/{n}".encode()).digest()
    auth = int.from_bytes(draw[:4]) % 10_000
    letters = "".join(_LETTERS[byte % len(_LETTERS)] for byte in draw[4:8])
    digits = int.from_bytes(draw[8:12]) % 10_000
    return Pins(f"{auth:04}", f"{letters}{digits:04}")
