"""Latencies in buckets of 0.1 %: three digits, a few kilobytes, and merging two loses nothing."""

from collections.abc import Mapping

_LINEAR = 2_000
"""Below this many microseconds each has a bucket of its own."""


def bucket(microseconds: int) -> int:
    """The bucket of a value; larger values have larger buckets."""
    if microseconds < _LINEAR:
        return max(0, microseconds)
    shift = microseconds.bit_length() - _LINEAR.bit_length() + 1
    half = microseconds >> shift
    # Each doubling has as many buckets as the linear part's upper half.
    return _LINEAR + (shift - 1) * _LINEAR + half


def value_of(number: int) -> int:
    """The middle of a bucket, in microseconds."""
    if number < _LINEAR:
        return number
    shift, half = divmod(number - _LINEAR, _LINEAR)
    shift += 1
    low = half << shift
    return low + ((1 << shift) - 1) // 2


class Histogram:
    """度数分布."""

    __slots__ = ("_counts", "count", "max_us", "sum_us")

    def __init__(self, counts: Mapping[int, int] | None = None, *, max_us: int = 0, sum_us: int = 0) -> None:
        self._counts: dict[int, int] = dict(counts or {})
        self.count = sum(self._counts.values())
        self.max_us = max_us
        self.sum_us = sum_us

    def __repr__(self) -> str:
        return f"<Histogram: {self.count} values, max {self.max_us} µs>"

    def record(self, microseconds: int) -> None:
        place = microseconds if 0 <= microseconds < _LINEAR else bucket(microseconds)
        counts = self._counts
        counts[place] = counts.get(place, 0) + 1
        self.count += 1
        self.sum_us += microseconds
        if microseconds > self.max_us:
            self.max_us = microseconds

    def merge(self, other: "Histogram") -> None:
        for place, count in other._counts.items():
            self._counts[place] = self._counts.get(place, 0) + count
        self.count += other.count
        self.sum_us += other.sum_us
        self.max_us = max(self.max_us, other.max_us)

    @property
    def mean_us(self) -> float:
        return self.sum_us / self.count if self.count else 0.0

    def over(self, microseconds: int) -> int:
        """How many exceeded this value, 0.1 % exact."""
        limit = bucket(microseconds)
        return sum(count for place, count in self._counts.items() if place > limit)

    def bars(self) -> list[tuple[int, int]]:
        """Each value that came, in microseconds, and how often; from the smallest to the largest."""
        return [(value_of(place), self._counts[place]) for place in sorted(self._counts)]

    def percentile(self, percent: float) -> int:
        """Microseconds that so many percent did not exceed, 0.1 % exact; 0 without values."""
        wanted = self.count * percent / 100
        seen = 0
        for place in sorted(self._counts):
            seen += self._counts[place]
            if seen >= wanted:
                return min(value_of(place), self.max_us)
        return 0

    def encode(self) -> dict[str, object]:
        """For JSON; :meth:`decode` reads it."""
        counts = [[place, self._counts[place]] for place in sorted(self._counts)]
        return {"counts": counts, "max_us": self.max_us, "sum_us": self.sum_us}

    @classmethod
    def decode(cls, content: Mapping[str, object]) -> "Histogram":
        counts, most, total = content["counts"], content["max_us"], content["sum_us"]
        assert isinstance(counts, list) and isinstance(most, int) and isinstance(total, int)
        return cls({int(place): int(count) for place, count in counts}, max_us=most, sum_us=total)
