"""Who comes: residents drawn from the nation by weight, each once, in an order that follows from a seed.

Every resident of the nation is equally likely, so municipalities send as many as they weigh. Nothing is prepared and
nothing is kept: the order is a keyed permutation of the nation, cut into short stretches; the *i*-th who comes is the
first in the *i*-th stretch who can. So no two are the same person, and every worker of a distributed run knows by
itself who comes as the how-manieth.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from itertools import accumulate

from sim.nation.chance import draw, key_for
from sim.nation.municipalities import MUNICIPALITIES
from sim.nation.nation import Nation
from sim.nation.numbers import Permutation

AGE_MIN = 15
"""Younger ones have no signature certificate, and their parents sign in for them."""
STRETCH = 64
"""So many are looked at for one who comes: three in four of them can."""
_TOP = float(1 << 64)


class _Crowd:
    """Some of the nation's residents, in a shuffled order of their own: ranges of numbers put end to end."""

    def __init__(self, seed: int, name: str, ranges: list[range]) -> None:
        self._ranges = ranges
        self._bounds = list(accumulate(len(each) for each in ranges))
        self.size = self._bounds[-1]
        # A square slightly larger than the crowd; what falls outside is passed over.
        side = int(self.size**0.5) + 1
        self._order = Permutation(seed, f"load: who comes {name}".strip(), side, side)
        self.most = self._order.size // STRETCH
        """So many different ones can come."""

    def stretch(self, index: int) -> Iterator[int]:
        """The residents of the *index*-th stretch."""
        for place in range(index * STRETCH, (index + 1) * STRETCH):
            number = self._order(place)
            if number < self.size:
                which = bisect_right(self._bounds, number)
                yield self._ranges[which][number - (self._bounds[which - 1] if which else 0)]


class Population:
    """来る人々: who takes the portal's terminals, one after the other."""

    def __init__(
        self,
        nation: Nation,
        seed: int,
        prefectures: Mapping[str, float] | None = None,
        *,
        size: int | None = None,
    ) -> None:
        """*prefectures*: how much likelier than by its people one of each (two digits) is; others do not come.

        *size*: so many different residents, who come again and again in any order; None: everybody comes once.
        """
        self._nation = nation
        if prefectures:
            ranges: dict[str, list[range]] = {code: [] for code, weight in prefectures.items() if weight > 0}
            for place in MUNICIPALITIES:
                if place.code[:2] in ranges:
                    ranges[place.code[:2]].append(nation.residents_of(place.code))
            self._crowds = [_Crowd(seed, code, each) for code, each in ranges.items()]
            weights = [
                prefectures[code] * crowd.size for code, crowd in zip(ranges, self._crowds, strict=True)
            ]
        else:
            self._crowds, weights = [_Crowd(seed, "", [range(nation.size)])], [1.0]
        sums = list(accumulate(weights))
        self._bounds = [each / sums[-1] * _TOP for each in sums[:-1]]
        self._which = key_for(seed, "load: which prefecture")
        self._again = key_for(seed, "load: who of them comes")
        self._size = size
        if size is not None and not 1 <= size <= self.most:
            raise ValueError(f"住民の数は1から{self.most:,}までです: {size}")

    def __repr__(self) -> str:
        return f"<Population: {self._size or self.most} residents>"

    @property
    def most(self) -> int:
        """How many different residents can come."""
        return min(crowd.most for crowd in self._crowds)

    def resident(self, index: int) -> int:
        """The number of the resident who comes as the *index*-th.

        Raises ``ValueError`` when so many different ones can't come.
        """
        if self._size is not None:
            index = draw(self._again, index) % self._size
        return self._first(index)

    def companion(self, index: int) -> int:
        """The number of the resident who comes along with the *index*-th; whoever comes again brings the same one.

        Drawn from the other end: nobody is both, until half of those who can come have come.
        """
        if self._size is not None:
            index = draw(self._again, index) % self._size
        return self._first(self.most - 1 - index)

    def residents(self, first: int, count: int) -> list[int]:
        """Different ones, whatever the size: of the first so many."""
        return [self._first(index) for index in range(first, first + count)]

    def _first(self, index: int) -> int:
        if index >= self.most:
            raise ValueError(f"違う住民は{self.most:,}人までです。--residents で人数を決めてください。")
        crowd = self._crowds[bisect_right(self._bounds, draw(self._which, index))]
        today = self._nation.reference_date
        for n in crowd.stretch(index):
            person = self._nation.person(n)
            if person.holds_card and person.age(today) >= AGE_MIN:
                return n
        # Three in four can: of 64 none is one case in 10 to the 38th.
        raise AssertionError(f"nobody can come in stretch {index}")
