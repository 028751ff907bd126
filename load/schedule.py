"""Who takes the next planned start, and what becomes of those that nobody could take.

Each line (a Locust user) that is free takes the next start and waits for its moment. When all lines are busy, starts
fall due without anybody to make them: whoever becomes free first makes them late, and their lateness counts as latency.
What is older than the patience of a visitor is dropped and counted, as is what is left when the run ends.
"""

from collections.abc import Iterator
from math import inf

from load.measuring import Report
from load.plan import Plan, Share, Start
from load.timeline import Window

LATE_SECONDS_MAX = 5.0
"""A start that is later than this is dropped: the visitor has left."""
NO_LINE = "空いている接続がなかった"
AT_THE_END = "終了までに始められなかった"


class Schedule:
    """予定表 of one process. All moments are seconds since the beginning of the measured window."""

    def __init__(self, plan: Plan, share: Share, report: Report, *, late_s: float = LATE_SECONDS_MAX) -> None:
        self.plan = plan
        self._starts: Iterator[Start] = plan.starts(share)
        self._report = report
        self._late_s = late_s
        self._next: Start | None = next(self._starts, None)
        self._held: dict[int, Start] = {}
        """Taken by a line, its moment not yet come."""

    def __repr__(self) -> str:
        return f"<Schedule: next {self._next}, {len(self._held)} held>"

    @property
    def exhausted(self) -> bool:
        """Whether there is nothing left to take."""
        return self._next is None

    @property
    def idle(self) -> bool:
        """Whether nothing is left to take and nobody waits for a moment."""
        return self._next is None and not self._held

    def take(self, now_s: float) -> Start | None:
        """The next start for a line that is free now; None when the plan is done."""
        self.expire(now_s)
        start = self._next
        if start is not None:
            self._report.starts.waited += start.at_s < now_s
            self._held[start.number] = start
            self._next = next(self._starts, None)
        return start

    def made(self, start: Start) -> None:
        """The visit begins."""
        del self._held[start.number]
        self._note(start).made += 1
        self._report.starts.made += 1

    def expire(self, now_s: float) -> None:
        """Drop what has waited too long for a line."""
        while self._next is not None and self._next.at_s < now_s - self._late_s:
            self._drop(self._next, NO_LINE)
            self._next = next(self._starts, None)

    def close(self, now_s: float = inf) -> None:
        """The run is over: what was due by now and did not begin is dropped; what was not yet due was not planned."""
        for start in list(self._held.values()):
            if start.at_s <= now_s:
                self._drop(start, AT_THE_END)
        self._held.clear()
        while self._next is not None and self._next.at_s <= now_s:
            self._drop(self._next, AT_THE_END)
            self._next = next(self._starts, None)
        self._next, self._starts = None, iter(())

    def _drop(self, start: Start, reason: str) -> None:
        self._note(start).dropped += 1
        self._report.starts.drop(reason)

    def _note(self, start: Start) -> Window:
        """The window of its intended moment; by now the start was due."""
        self._report.starts.due += 1
        window = self._report.timeline.at(start.at_s)
        window.due += 1
        return window
