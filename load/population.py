"""Who comes: residents drawn from the nation by weight, each once, in an order that follows from a seed.

Every resident of the nation is equally likely, so municipalities send as many as they weigh. Nothing is prepared:
the order is a keyed permutation of the nation, walked from its beginning. Workers of a distributed run walk disjoint
stripes of it, so no two of them ever send the same resident.
"""

from collections.abc import Iterator
from datetime import date

from sim.nation.nation import Nation
from sim.nation.numbers import Permutation

STRIPES = 1024
"""As many workers can draw from one nation."""
AGE_MIN = 15
"""Younger ones have no signature certificate, and their parents sign in for them."""


class Population:
    """来る人々: who takes the portal's terminals, one after the other."""

    def __init__(self, nation: Nation, seed: int, stripe: int = 0) -> None:
        if not 0 <= stripe < STRIPES:
            raise ValueError(f"a stripe is between 0 and {STRIPES - 1}")
        self._nation = nation
        self._stripe = stripe
        # A square slightly larger than the nation; what falls outside is passed over.
        side = int(nation.size**0.5) + 1
        self._order = Permutation(seed, "load: who comes", side, side)
        self._taken: list[int] = []
        self._rest = self._walk()

    def __repr__(self) -> str:
        return f"<Population: {len(self._taken)} drawn, stripe {self._stripe}>"

    def _walk(self) -> Iterator[int]:
        today: date = self._nation.reference_date
        for place in range(self._stripe, self._order.size, STRIPES):
            n = self._order(place)
            if n >= self._nation.size:
                continue
            person = self._nation.person(n)
            if person.holds_card and person.age(today) >= AGE_MIN:
                yield n

    def resident(self, index: int) -> int:
        """The number of the resident who comes as the *index*-th. Raises ``ValueError`` when nobody is left."""
        while len(self._taken) <= index:
            n = next(self._rest, None)
            if n is None:
                raise ValueError("住民が足りません。利用者の数を減らしてください。")
            self._taken.append(n)
        return self._taken[index]

    def residents(self, first: int, count: int) -> list[int]:
        return [self.resident(index) for index in range(first, first + count)]
