"""A run over time: a bounded number of windows, each with its counts and its latencies."""

from collections.abc import Mapping
from math import ceil
from typing import Any

from load.histogram import Histogram

WINDOWS_MAX = 600
"""Of one run; longer runs have wider windows."""


def window_seconds(run_s: float) -> float:
    """How wide the windows of a run of this length are: whole seconds, of short ones a quarter."""
    return SHORT_WINDOW_SECONDS if run_s < SHORT_SECONDS else float(max(1, ceil(run_s / WINDOWS_MAX)))


SHORT_SECONDS = 30.0
"""A run shorter than this is looked at more closely."""
SHORT_WINDOW_SECONDS = 0.25


class Window:
    """時間窓."""

    __slots__ = ("dropped", "due", "failures", "journeys", "made", "requests", "under_way", "visit_s")

    def __init__(self) -> None:
        self.due = 0
        """Starts that were planned for this window."""
        self.made = 0
        self.dropped = 0
        self.failures = 0
        """Of requests."""
        self.under_way = 0.0
        """Visitor-seconds: visits that were going on, times how long. By the window's width: how many at a time."""
        self.visit_s = 0.0
        """Sum of the times of the visits that ended in it, from when they began in truth."""
        self.requests = Histogram()
        """Of what was answered in this window, from when it was sent."""
        self.journeys = Histogram()
        """Of visits that ended in it, from their intended start."""

    def __repr__(self) -> str:
        return f"<Window: {self.made} of {self.due} starts, {self.requests.count} requests>"

    def merge(self, other: "Window") -> None:
        self.due += other.due
        self.made += other.made
        self.dropped += other.dropped
        self.failures += other.failures
        self.under_way += other.under_way
        self.visit_s += other.visit_s
        self.requests.merge(other.requests)
        self.journeys.merge(other.journeys)

    def encode(self) -> dict[str, Any]:
        return {
            "due": self.due,
            "made": self.made,
            "dropped": self.dropped,
            "failures": self.failures,
            "under_way": self.under_way,
            "visit_s": self.visit_s,
            "requests": self.requests.encode(),
            "journeys": self.journeys.encode(),
        }

    @classmethod
    def decode(cls, content: Mapping[str, Any]) -> "Window":
        window = cls()
        window.due, window.made = int(content["due"]), int(content["made"])
        window.dropped, window.failures = int(content["dropped"]), int(content["failures"])
        window.under_way = float(content["under_way"])
        window.visit_s = float(content["visit_s"])
        window.requests = Histogram.decode(content["requests"])
        window.journeys = Histogram.decode(content["journeys"])
        return window


class Timeline:
    """時間の経過."""

    def __init__(self, width_s: float = 1.0) -> None:
        self.width_s = width_s
        self._windows: dict[int, Window] = {}
        self._touched: set[int] = set()

    def __repr__(self) -> str:
        return f"<Timeline: {len(self._windows)} windows of {self.width_s:g} s>"

    def at(self, seconds: float) -> Window:
        """The window of a moment; what lies outside the bounds goes into the first or the last."""
        number = min(max(0, int(seconds / self.width_s)), 2 * WINDOWS_MAX)
        self._touched.add(number)
        window = self._windows.get(number)
        if window is None:
            window = self._windows[number] = Window()
        return window

    def spread(self, begin_s: float, end_s: float) -> None:
        """A visit was under way from one moment to another."""
        begin_s = max(0.0, begin_s)
        last = int(end_s / self.width_s)
        for number in range(int(begin_s / self.width_s), min(last, 2 * WINDOWS_MAX) + 1):
            low, high = number * self.width_s, (number + 1) * self.width_s
            inside = min(end_s, high) - max(begin_s, low)
            if inside > 0:
                self.at(low).under_way += inside

    def windows(self) -> list[tuple[float, Window]]:
        """Each with the second at which it begins, without gaps."""
        last = max(self._windows, default=-1)
        return [(number * self.width_s, self._windows.get(number) or Window()) for number in range(last + 1)]

    def merge(self, other: "Timeline") -> None:
        assert self.width_s == other.width_s, "workers of one run have windows of one width"
        for number, window in other._windows.items():
            self._touched.add(number)
            ours = self._windows.get(number)
            if ours is None:
                ours = self._windows[number] = Window()
            ours.merge(window)

    def encode(self, *, only_touched: bool = False) -> dict[str, Any]:
        """For JSON; with *only_touched* what changed since the last time."""
        numbers = sorted(self._touched if only_touched else self._windows)
        if only_touched:
            self._touched.clear()
        return {
            "width_s": self.width_s,
            "windows": [[number, self._windows[number].encode()] for number in numbers],
        }

    def replace(self, content: Mapping[str, Any]) -> None:
        """Take over windows as another process told them; they replace what it told before."""
        self.width_s = float(content["width_s"])
        for number, window in content["windows"]:
            self._windows[int(number)] = Window.decode(window)

    @classmethod
    def decode(cls, content: Mapping[str, Any]) -> "Timeline":
        timeline = cls()
        timeline.replace(content)
        return timeline
