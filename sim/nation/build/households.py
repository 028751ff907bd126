"""Invented households (世帯) with believable gaps between the ages of those who live together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["AGE_MAX", "CHILD", "HEAD", "PARENT", "SPOUSE", "TYPES", "Household", "invent"]

HEAD, SPOUSE, CHILD, PARENT = range(4)
TYPES = ("alone", "couple", "couple with children", "one parent with children", "three generations")
AGE_MAX = 106
_MOTHER_AGE_MIN, _MOTHER_AGE_MAX = 19, 45  # at a birth
_SIBLING_GAP_YEARS = (2, 2, 3, 3, 4, 5)  # two at least: birthdays within a year may fall anywhere


@dataclass(frozen=True)
class Household:
    """Members as (role, sex, age in years), the head first, then spouse, children from the oldest, parents."""

    kind: int
    members: tuple[tuple[int, int, int], ...]

    @property
    def mean_age(self) -> float:
        return sum(age for _, _, age in self.members) / len(self.members)


def invent(kind: int, chance: np.random.Generator) -> Household:
    """One household of a kind. Ages are spread wide: fitting them to the census is the caller's work."""
    while True:
        members = _INVENTORS[kind](chance)
        if all(0 <= age <= AGE_MAX for _, _, age in members):
            return Household(kind, tuple(members))


_Members = list[tuple[int, int, int]]


def _alone(chance: np.random.Generator) -> _Members:
    return [(HEAD, int(chance.integers(1, 3)), int(chance.integers(18, AGE_MAX + 1)))]


def _couple(chance: np.random.Generator) -> _Members:
    husband = int(chance.integers(21, 101))
    wife = husband - round(chance.normal(2, 3.5))
    return [(HEAD, 1, husband), (SPOUSE, 2, max(wife, 20))]


def _oldest_at_home(chance: np.random.Generator) -> int:
    """Age of the oldest child: children leave between 18 and 34, some stay for good."""
    if chance.random() < 0.2:
        return int(chance.integers(18, 66))
    while True:
        age = int(chance.integers(0, 34))
        if chance.random() < (34 - age) / 16:
            return age


def _children(chance: np.random.Generator, most: int) -> tuple[int, list[tuple[int, int, int]]]:
    """Mother's age and her children at home; grown children stay on, ever fewer as they age."""
    first_birth = int(np.clip(round(chance.normal(29.5, 4.5)), _MOTHER_AGE_MIN, 40))
    oldest = _oldest_at_home(chance)
    count = min(most, int(chance.choice([1, 2, 3, 4], p=[0.42, 0.43, 0.12, 0.03])))
    if oldest > 30:
        count = 1 if chance.random() < 0.85 else 2
    children, age = [], oldest
    for _ in range(count):
        if age < 0 or first_birth + oldest - age > _MOTHER_AGE_MAX:
            break
        children.append((CHILD, int(chance.random() < 0.488) + 1, age))
        age -= int(chance.choice(_SIBLING_GAP_YEARS))
    return first_birth + oldest, children


def _couple_with_children(chance: np.random.Generator) -> _Members:
    mother, children = _children(chance, 4)
    father = mother + round(chance.normal(2, 3))
    return [(HEAD, 1, max(father, children[0][2] + 20)), (SPOUSE, 2, mother), *children]


def _one_parent(chance: np.random.Generator) -> _Members:
    mother, children = _children(chance, 3)
    if chance.random() < 0.86:
        return [(HEAD, 2, mother), *children]
    return [(HEAD, 1, mother + 2), *children]


def _three_generations(chance: np.random.Generator) -> _Members:
    head, spouse, *children = _couple_with_children(chance)
    grandmother = head[2] + int(np.clip(round(chance.normal(27, 4)), _MOTHER_AGE_MIN, _MOTHER_AGE_MAX))
    parents = [(PARENT, 2, grandmother)]
    if chance.random() < 0.42:
        parents.insert(0, (PARENT, 1, grandmother + int(chance.integers(0, 6))))
    elif chance.random() < 0.15:
        parents = [(PARENT, 1, grandmother + 1)]
    return [head, spouse, *children, *parents]


_INVENTORS = (_alone, _couple, _couple_with_children, _one_parent, _three_generations)
