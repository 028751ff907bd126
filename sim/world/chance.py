"""Chance in a simulated world: everything follows from one seed. This file alone owns that generator."""

import hashlib
import random


class SeededChance:
    """A source of its own for each use, so that one system's draws don't shift another's."""

    def __init__(self, seed: int, path: str = "") -> None:
        self._seed = seed
        self._path = path
        material = hashlib.sha256(f"{seed}/{path}".encode()).digest()
        self._random = random.Random(int.from_bytes(material))  # noqa: S311 - a simulation's chance, repeatable on purpose

    def __repr__(self) -> str:
        return f"SeededChance({self._seed}, {self._path!r})"

    def fork(self, name: str) -> "SeededChance":
        """Another source, determined by this one's seed and its own name."""
        return SeededChance(self._seed, f"{self._path}/{name}")

    def random_bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)

    def uniform(self) -> float:
        return self._random.random()

    def integer(self, below: int) -> int:
        """At least 0, below *below*."""
        return self._random.randrange(below)
