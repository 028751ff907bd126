"""blocks.bin.gz: 2,048 blocks of 64 neighbours in whole households, fitted to the census.

A block is what the nation is tiled with (see `sim.nation.blocks`). Households are invented in numbers, weighted by
entropy calibration until ages, sexes and household types sum to the census, drawn by those weights, and packed.
Blocks stand in the order of their mean age, so that a municipality can lean to the young or the old end.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sim.nation.build.census import AGE_GROUP_POPULATIONS, HOUSEHOLD_TYPE_SHARES, MALE_SHARES
from sim.nation.build.households import TYPES, Household, invent

__all__ = ["BLOCKS", "BLOCK_SIZE", "write"]

BLOCKS = 2048
BLOCK_SIZE = 64
_INVENTED_PER_KIND = 16_000
_GROUPS = len(AGE_GROUP_POPULATIONS)
_PEOPLE = BLOCKS * BLOCK_SIZE
# How strongly households of like ages live beside each other: years of noise on the sorting key.
_MIXING_YEARS = 22.0
_SOFTNESS = 1e-6

_Floats = npt.NDArray[np.float64]


def write(path: Path) -> None:
    chance = np.random.default_rng(20201001)
    library = [invent(kind, chance) for kind in range(len(TYPES)) for _ in range(_INVENTED_PER_KIND)]
    drawn = _draw(library, _calibrate(library), chance)
    blocks = _pack(drawn, chance)
    columns = np.zeros((4, BLOCKS, BLOCK_SIZE), dtype=np.uint8)  # head's position, role, sex, age
    for number, block in enumerate(blocks):
        place = 0
        for household in block:
            for offset, (role, sex, age) in enumerate(household.members):
                columns[:, number, place + offset] = place, role, sex, age
            place += len(household.members)
        assert place == BLOCK_SIZE
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        file.write(columns.tobytes())


def _targets() -> _Floats:
    """People of the blocks by sex and age group, then households by type."""
    people = np.array(AGE_GROUP_POPULATIONS, dtype=float)
    men = people * np.array(MALE_SHARES)
    by_group = np.concatenate([men, people - men]) * (_PEOPLE / people.sum())
    households = _PEOPLE / 2.265
    return np.concatenate([by_group, np.array(HOUSEHOLD_TYPE_SHARES) * households])


def _counts(library: list[Household]) -> _Floats:
    counts = np.zeros((len(library), 2 * _GROUPS + len(TYPES)))
    for row, household in zip(counts, library, strict=True):
        row[2 * _GROUPS + household.kind] = 1
        for _, sex, age in household.members:
            row[(sex - 1) * _GROUPS + min(age // 5, _GROUPS - 1)] += 1
    return counts


def _calibrate(library: list[Household]) -> _Floats:
    """Weights w = exp(counts · λ) whose sums are the targets, by damped Newton steps."""
    counts, targets = _counts(library), _targets()
    start = counts.T @ np.ones(len(library))
    # Start from equal weights within each type.
    base = (targets[2 * _GROUPS :] / start[2 * _GROUPS :])[[h.kind for h in library]]
    multipliers = np.zeros(len(targets))
    for _ in range(60):
        weights = base * np.exp(counts @ multipliers)
        gap = targets - counts.T @ weights
        hessian = counts.T @ (counts * weights[:, None]) + _SOFTNESS * np.diag(targets)
        step = np.linalg.lstsq(hessian, gap, rcond=1e-10)[0]
        multipliers += step / max(1.0, float(np.abs(step).max()))
    return np.asarray(base * np.exp(counts @ multipliers))


def _draw(library: list[Household], weights: _Floats, chance: np.random.Generator) -> list[Household]:
    """Systematic sampling over households sorted by type and age: little noise in any group."""
    order = sorted(range(len(library)), key=lambda i: (library[i].kind, library[i].mean_age))
    running = np.cumsum(weights[order])
    count = round(float(running[-1]))
    marks = (np.arange(count) + chance.random()) * (running[-1] / count)
    return [library[order[i]] for i in np.searchsorted(running, marks)]


def _pack(drawn: list[Household], chance: np.random.Generator) -> list[list[Household]]:
    """Fill blocks exactly, neighbours of like age together; what does not fit waits for the next block."""
    noise = chance.normal(0, _MIXING_YEARS, len(drawn))
    waiting = [drawn[i] for i in np.argsort([h.mean_age for h in drawn] + noise, kind="stable")]
    spare = [invent(0, chance) for _ in range(BLOCK_SIZE)]  # only if rounding left too few people
    waiting += spare
    blocks: list[list[Household]] = []
    for _ in range(BLOCKS):
        block, room, at = [], BLOCK_SIZE, 0
        while room:
            if len(waiting[at].members) <= room:
                room -= len(waiting[at].members)
                block.append(waiting.pop(at))
            else:
                at += 1
        blocks.append([block[i] for i in chance.permutation(len(block))])
    blocks.sort(key=lambda block: sum(h.mean_age * len(h.members) for h in block))
    return blocks
