"""The plan of a run: who starts what, when. A pure function of profile and seed, known to every worker.

Workers don't talk about it: each computes all moments, some microseconds a thousand, and takes every *count*-th start.
So *k* workers do together exactly what one would do alone, which a test compares start by start.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import NamedTuple

from load.curve import Curve
from load.profile_file import Mix, Profile
from portal.wire.sign_in import Terminal
from sim.nation.chance import draw, key_for

_TOP = float(1 << 64)


class Start(NamedTuple):
    """予定した開始: one visit."""

    number: int
    """The how-manieth of the whole plan; it also says who comes."""
    at_s: float
    """Seconds since the beginning of the measured window."""
    journey: str
    terminal: Terminal


class Share(NamedTuple):
    """分担: which part of the plan one of *count* workers does."""

    part: int = 0
    of: int = 1


class Plan:
    """到着の予定."""

    def __init__(
        self, profile: Profile, seed: int, peak: float | None = None, seconds: float | None = None
    ) -> None:
        """Raises ``ValueError``, in Japanese."""
        self.profile = profile
        self.curve: Curve = profile.curve(peak, seconds)
        self._seed = seed
        self._journey_key = key_for(seed, "load: which journey")
        self._terminal_key = key_for(seed, "load: which terminal")
        self._minutes_a_second = profile.minutes / self.curve.seconds

    def __repr__(self) -> str:
        return f"<Plan {self.profile.name}: {self.curve!r}>"

    @property
    def seconds(self) -> float:
        return self.curve.seconds

    def journeys(self) -> set[str]:
        """All that may come up."""
        return {name for mix in self.profile.mixes for name, weight in mix.journeys.items() if weight > 0}

    def starts(self, share: Share = Share()) -> Iterator[Start]:  # noqa: B008 - immutable
        """Those of one worker, in the order of time."""
        mixes: dict[float, tuple[_Lot, _Lot]] = {}
        index = 0
        for moments in self.curve.starts(self.profile.arrivals, self._seed):
            for at_s in moments.tolist():
                if index % share.of == share.part:
                    mix = self.profile.mix_at(at_s * self._minutes_a_second)
                    lots = mixes.get(mix.from_minute)
                    if lots is None:
                        lots = mixes[mix.from_minute] = _lots(mix)
                    journey = lots[0].at(draw(self._journey_key, index))
                    terminal = lots[1].at(draw(self._terminal_key, index))
                    yield Start(index, at_s, journey, Terminal(terminal))
                index += 1

    def clock(self, at_s: float) -> str:
        """What the clock of that day says at a moment of the run."""
        return self.profile.clock(at_s * self._minutes_a_second)

    def fault_seconds(self) -> list[tuple[float, float]]:
        """When the profile's faults begin and end, in seconds of the run."""
        per = self._minutes_a_second
        return [(fault.from_minute / per, fault.to_minute / per) for fault in self.profile.faults]


class _Lot:
    """くじ: a name from a 64-bit draw, each as often as it weighs."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._names = [name for name, weight in weights.items() if weight > 0]
        sums = list(accumulate(weights[name] for name in self._names))
        self._bounds = [each / sums[-1] * _TOP for each in sums[:-1]]

    def at(self, word: int) -> str:
        return self._names[bisect_right(self._bounds, word)]


def _lots(mix: Mix) -> tuple[_Lot, _Lot]:
    return _Lot(mix.journeys), _Lot(mix.terminals)
