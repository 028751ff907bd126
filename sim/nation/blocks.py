"""Blocks (近隣): 64 neighbours in whole households. Every municipality is tiled with blocks of 2,048 kinds.

The kinds come from `data/blocks.bin.gz`, fitted by `sim.nation.build` to the census: ages by sex, and types of
households. They stand in the order of their mean age. A municipality that leans to the old end by p percent takes, p
times in a hundred, the older of two kinds drawn at random; one that leans to the young end the younger.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from sim.nation.chance import Words

__all__ = ["BLOCK_BITS", "BLOCK_SIZE", "Blocks", "Role", "blocks", "kind_of_block", "kinds_of_blocks"]

BLOCK_BITS = 6
BLOCK_SIZE = 1 << BLOCK_BITS
_KINDS = 2048
_Bytes = npt.NDArray[np.uint8]


class Role(IntEnum):
    """続柄: what a member is to the head of the household."""

    HEAD = 0
    SPOUSE = 1
    CHILD = 2
    PARENT = 3


@dataclass(frozen=True)
class Blocks:
    """Flat columns: entry `kind · 64 + place` is one person. For scalars bytes, for columns arrays."""

    head: bytes  # place of the household's head within the block
    role: bytes
    sex: bytes  # 1 man, 2 woman
    age: bytes  # completed years on the reference date
    size: bytes  # members of the household

    def columns(self) -> tuple[_Bytes, _Bytes, _Bytes, _Bytes, _Bytes]:
        """The same five as arrays, without copying."""
        return (
            np.frombuffer(self.head, np.uint8),
            np.frombuffer(self.role, np.uint8),
            np.frombuffer(self.sex, np.uint8),
            np.frombuffer(self.age, np.uint8),
            np.frombuffer(self.size, np.uint8),
        )


@cache
def blocks() -> Blocks:
    """The shipped table."""
    data = gzip.decompress((files("sim.nation") / "data" / "blocks.bin.gz").read_bytes())
    columns = np.frombuffer(data, np.uint8).reshape(4, _KINDS, BLOCK_SIZE)
    head = columns[0]
    sizes = (head[:, :, None] == head[:, None, :]).sum(axis=2, dtype=np.uint8)
    head_bytes, role, sex, age = (column.tobytes() for column in columns)
    return Blocks(head_bytes, role, sex, age, sizes.tobytes())


def kind_of_block(word: int, ageing: int) -> int:
    """Which kind a block is, from its draw and the municipality's leaning (percent)."""
    first, second = word & 2047, word >> 11 & 2047
    if (word >> 22 & 0xFFFF) * 100 >> 16 < abs(ageing):
        return max(first, second) if ageing > 0 else min(first, second)
    return first


def kinds_of_blocks(words: Words, ageing: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """`kind_of_block` for columns."""
    first = (words & np.uint64(2047)).astype(np.int64)
    second = (words >> np.uint64(11) & np.uint64(2047)).astype(np.int64)
    percent = ((words >> np.uint64(22) & np.uint64(0xFFFF)) * np.uint64(100) >> np.uint64(16)).astype(
        np.int64
    )
    leaning = np.where(ageing > 0, np.maximum(first, second), np.minimum(first, second))
    return np.where(percent < np.abs(ageing), leaning, first)
