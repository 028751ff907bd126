"""How many start each second, over time: straight pieces, and the moments of starts that follow from them.

The number of starts that are due by a moment is the area under the curve; turning that around gives the moment of the
i-th. Evenly spaced starts stand at whole areas; Poisson's are a Poisson process of rate one, bent by the same curve,
which is exactly an inhomogeneous Poisson process.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.nation.chance import key_for

STARTS_MAX = 100_000_000
"""Of one plan: more than there are card holders."""
_BLOCK = 4096
"""Moments are computed by so many at a time."""

Moments = npt.NDArray[np.float64]


class Arrivals(StrEnum):
    """到着の仕方."""

    EVEN = "even"
    """等間隔"""
    POISSON = "poisson"
    """ポアソン到着: as people come who know nothing of each other."""


class Point(NamedTuple):
    """折れ線の点; two at the same moment are a step."""

    at_s: float
    per_second: float


class Curve:
    """到着率の折れ線."""

    def __init__(self, points: Sequence[Point]) -> None:
        """Raises ``ValueError``, in Japanese, when the points are none of a curve."""
        if len(points) < 2:
            raise ValueError("到着率には点が2つ以上いります。")
        for before, after in pairwise(points):
            if after.at_s < before.at_s:
                raise ValueError(
                    f"到着率の点が時刻の順に並んでいません（{before.at_s:g}秒の後に{after.at_s:g}秒）。"
                )
        if points[0].at_s != 0:
            raise ValueError("到着率の最初の点は0秒です。")
        if any(point.per_second < 0 for point in points):
            raise ValueError("到着率は0以上です。")
        self.points = tuple(points)
        at = np.array([point.at_s for point in points])
        rate = np.array([point.per_second for point in points])
        areas = np.diff(at) * (rate[1:] + rate[:-1]) / 2
        self._at, self._rate = at, rate
        self._area = np.concatenate(([0.0], np.cumsum(areas)))
        if not self.total > 0:
            raise ValueError("到着率がずっと0です。1件も始まりません。")
        if self.total > STARTS_MAX:
            raise ValueError(f"予定が多すぎます（{self.total:,.0f}件。{STARTS_MAX:,}件まで）。")

    def __repr__(self) -> str:
        return f"<Curve: {self.seconds:g} s, {self.total:g} starts, at most {self.peak:g}/s>"

    @property
    def seconds(self) -> float:
        return float(self._at[-1])

    @property
    def total(self) -> float:
        """How many starts are to be expected."""
        return float(self._area[-1])

    @property
    def peak(self) -> float:
        return float(self._rate.max())

    def per_second(self, at_s: float) -> float:
        """The rate at a moment; of a step, what comes after it."""
        place = int(np.searchsorted(self._at, at_s, side="right")) - 1
        if place >= len(self._at) - 1:
            return float(self._rate[-1])
        width = self._at[place + 1] - self._at[place]
        share = (at_s - self._at[place]) / width if width else 0.0
        return float(self._rate[place] + (self._rate[place + 1] - self._rate[place]) * share)

    def moments(self, areas: Moments) -> Moments:
        """When the area under the curve has grown to each of these; all below :attr:`total`."""
        place = np.searchsorted(self._area, areas, side="right") - 1
        width = self._at[place + 1] - self._at[place]
        low, high = self._rate[place], self._rate[place + 1]
        rest = areas - self._area[place]
        slope = (high - low) / width
        root = np.sqrt(np.maximum(low * low + 2 * slope * rest, 0.0))
        with np.errstate(invalid="ignore", divide="ignore"):
            after = np.where(low + root > 0, 2 * rest / (low + root), 0.0)
        found: Moments = np.minimum(self._at[place] + after, self._at[place + 1])
        return found

    def starts(self, arrivals: Arrivals, seed: int) -> Iterator[Moments]:
        """The moments of all starts in order, some thousands at a time; the same for the same seed, everywhere."""
        chance = np.random.Generator(np.random.Philox(key_for(seed, "load: arrivals")))
        area = 0.0
        first = 0
        while True:
            if arrivals is Arrivals.EVEN:
                areas: Moments = np.arange(first, first + _BLOCK, dtype=np.float64) + 0.5
                first += _BLOCK
            else:
                areas = np.asarray(area + np.cumsum(chance.standard_exponential(_BLOCK)), dtype=np.float64)
                area = float(areas[-1])
            inside = areas[areas < self.total]
            if len(inside):
                yield self.moments(inside)
            if len(inside) < _BLOCK:
                return


def stairs(first: float, last: float, steps: int, seconds: float) -> tuple[Point, ...]:
    """階段: *steps* equal steps from one rate to another, each as long as the others."""
    rates = [last] if steps == 1 else [first + (last - first) * step / (steps - 1) for step in range(steps)]
    points: list[Point] = []
    for step, rate in enumerate(rates):
        points += [Point(seconds * step / steps, rate), Point(seconds * (step + 1) / steps, rate)]
    return tuple(points)
