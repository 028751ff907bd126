"""Counter-based chance: the same draw for the same key and counter, in any order, for one person or for a column.

A draw is SplitMix64's finaliser over `key + counter · φ`: no state, so nothing has to be drawn before. Keys come from
the nation's seed by SHA-256, one for each purpose, so that draws for different purposes don't know of each other.
It is no cryptography; what must be secret isn't made here.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256

import numpy as np
import numpy.typing as npt

__all__ = ["Words", "draw", "draw_column", "key_for", "quantiles"]

Words = npt.NDArray[np.uint64]

_MASK = 0xFFFF_FFFF_FFFF_FFFF
_GOLDEN = 0x9E37_79B9_7F4A_7C15
_MULTIPLIER_1 = 0xBF58_476D_1CE4_E5B9
_MULTIPLIER_2 = 0x94D0_49BB_1331_11EB


@lru_cache(maxsize=1024)
def key_for(seed: int, purpose: str) -> int:
    """The 64-bit key of a purpose under a seed."""
    return int.from_bytes(sha256(f"mynasim nation {seed} {purpose}".encode()).digest()[:8])


def draw(key: int, counter: int) -> int:
    """64 random bits."""
    word = (key + counter * _GOLDEN) & _MASK
    word = ((word ^ (word >> 30)) * _MULTIPLIER_1) & _MASK
    word = ((word ^ (word >> 27)) * _MULTIPLIER_2) & _MASK
    return word ^ (word >> 31)


def draw_column(key: int, counters: Words) -> Words:
    """`draw` for each counter."""
    word = counters * np.uint64(_GOLDEN)
    word += np.uint64(key)
    word ^= word >> np.uint64(30)
    word *= np.uint64(_MULTIPLIER_1)
    word ^= word >> np.uint64(27)
    word *= np.uint64(_MULTIPLIER_2)
    word ^= word >> np.uint64(31)
    return word


def quantiles(weights: list[int], size: int = 65_536) -> npt.NDArray[np.uint16]:
    """A table from a uniform 16-bit draw to an index, each index about as often as its weight.

    Integer arithmetic only, so that it is the same on every machine.
    """
    total, running, bounds = sum(weights), 0, []
    for weight in weights:
        running += weight
        bounds.append(running * size // total)
    return np.searchsorted(np.array(bounds), np.arange(size), side="right").astype(np.uint16)
