"""Some visits as they were, step by step: an ordinary one and the longest of each journey, for the waterfall."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

SAMPLES_MAX = 32
"""Visits kept of each journey beside the longest; among so many one is near any percentile."""
SPANS_MAX = 120
"""Steps kept of one visit: whoever waits for a late answer looks again and again."""


class Span(NamedTuple):
    """区間: one step of one visit; microseconds."""

    kind: str
    name: str
    begins: int
    """After the visit's beginning."""
    took: int
    portal: int
    network: int
    municipality: int
    failed: bool


SpanFields = tuple[str, str, int, int, int, int, int, bool]
"""The same without its name: made for every step, of which few are kept."""


class Trace(NamedTuple):
    """一つの訪問."""

    took: int
    """Microseconds."""
    spans: tuple[Span, ...]


class Traces:
    """訪問の見本 of one journey: evenly spread over the run, in bounded memory, and the longest."""

    __slots__ = ("_every", "_seen", "longest", "samples")

    def __init__(self) -> None:
        self.longest: Trace | None = None
        self.samples: list[Trace] = []
        self._seen = 0
        self._every = 1

    def __repr__(self) -> str:
        return f"<Traces: {len(self.samples)} of {self._seen}>"

    def add(self, took: int, spans: Sequence[SpanFields]) -> None:
        is_sample = self._seen % self._every == 0
        self._seen += 1
        is_longest = self.longest is None or took > self.longest.took
        if not (is_sample or is_longest):
            return
        trace = Trace(took, tuple(Span(*span) for span in spans[:SPANS_MAX]))
        if is_longest:
            self.longest = trace
        if is_sample:
            self.samples.append(trace)
            if len(self.samples) >= SAMPLES_MAX:
                self.samples = self.samples[::2]
                self._every *= 2

    def near(self, took: int) -> Trace | None:
        """The sample whose time is nearest to this one."""
        return min(self.samples, key=lambda trace: abs(trace.took - took), default=None)

    def merge(self, other: "Traces") -> None:
        if other.longest is not None and (self.longest is None or other.longest.took > self.longest.took):
            self.longest = other.longest
        # Of the workers' samples so many as one has, spread over all times that they took.
        both = sorted([*self.samples, *other.samples], key=lambda trace: trace.took)
        step = max(1, -(-len(both) // SAMPLES_MAX))
        self.samples = both[::step]
        self._seen += other._seen

    def encode(self) -> dict[str, Any]:
        return {
            "longest": None if self.longest is None else _encode(self.longest),
            "samples": [_encode(trace) for trace in self.samples],
        }

    @classmethod
    def decode(cls, content: Mapping[str, Any]) -> "Traces":
        traces = cls()
        traces.longest = None if content["longest"] is None else _decode(content["longest"])
        traces.samples = [_decode(each) for each in content["samples"]]
        return traces


def _encode(trace: Trace) -> list[Any]:
    return [trace.took, [list(span) for span in trace.spans]]


def _decode(content: list[Any]) -> Trace:
    took, spans = content
    return Trace(int(took), tuple(Span(*span) for span in spans))
