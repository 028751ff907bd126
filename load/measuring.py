"""What a run came to, step by step, with exact counts; beside Locust's own statistics, which round to two digits.

A :class:`Report` can be told another one's figures (workers of a distributed run), and goes to ``mynasim load`` as
JSON lines: a short one each second, a whole one at the end.
"""

from collections.abc import Mapping
from time import monotonic
from typing import Any

import msgspec

from load.histogram import Histogram

REPORT_VARIABLE = "MYNASIM_LOAD_REPORT"
"""A file descriptor to which a Locust process writes its run's figures as JSON lines."""
FAILURES_NAMED_MAX = 50
"""Different reasons kept for one step; more are counted together."""
OTHER_REASONS = "other"


class StepReport:
    """One step: how long it took, how often it failed and why."""

    __slots__ = ("failures", "histogram", "kind", "name")

    def __init__(self, kind: str, name: str) -> None:
        self.kind = kind
        self.name = name
        self.histogram = Histogram()
        self.failures: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"<StepReport {self.name}: {self.histogram.count}, {self.failed} failed>"

    @property
    def failed(self) -> int:
        return sum(self.failures.values())

    def record(self, seconds: float, failure: str | None) -> None:
        self.histogram.record(round(seconds * 1e6))
        if failure is not None:
            known = failure in self.failures or len(self.failures) < FAILURES_NAMED_MAX
            reason = failure if known else OTHER_REASONS
            self.failures[reason] = self.failures.get(reason, 0) + 1


REQUEST = "request"
"""One request and its answer."""
JOURNEY = "journey"
"""A whole visit."""
LATE = "late"
"""How long a late answer took."""
ERROR = "error"
"""An exception in a journey's own code: always a failure."""
CARD = "card"
"""Work of the generator itself: the card's signature."""


class Report:
    """測定結果."""

    def __init__(self) -> None:
        self.began = monotonic()
        self._ended: float | None = None
        self.steps: dict[tuple[str, str], StepReport] = {}
        self.users = 0

    def __repr__(self) -> str:
        return f"<Report: {len(self.steps)} steps, {self.seconds:.1f} s>"

    @property
    def seconds(self) -> float:
        return (monotonic() if self._ended is None else self._ended) - self.began

    @property
    def is_open(self) -> bool:
        """Whether the measured window has not ended."""
        return self._ended is None

    def restart(self) -> None:
        """The measured window begins now."""
        self.steps.clear()
        self.began = monotonic()
        self._ended = None

    def end(self) -> None:
        """The measured window ends now."""
        if self._ended is None:
            self._ended = monotonic()

    def record(self, kind: str, name: str, seconds: float, failure: str | None = None) -> None:
        step = self.steps.get((kind, name))
        if step is None:
            step = self.steps[kind, name] = StepReport(kind, name)
        step.record(seconds, failure)

    def of(self, kind: str) -> list[StepReport]:
        """In the order in which they first happened."""
        return [step for step in self.steps.values() if step.kind == kind]

    def total(self, kind: str) -> Histogram:
        whole = Histogram()
        for step in self.of(kind):
            whole.merge(step.histogram)
        return whole

    @property
    def failures(self) -> int:
        """Requests that failed and late answers that never came; a journey fails by one of these."""
        return sum(step.failed for step in self.steps.values() if step.kind != JOURNEY)

    def encode(self) -> dict[str, Any]:
        """For JSON; :meth:`decode` reads it."""
        return {
            "seconds": self.seconds,
            "users": self.users,
            "steps": [
                {
                    "kind": step.kind,
                    "name": step.name,
                    "failures": step.failures,
                    "histogram": step.histogram.encode(),
                }
                for step in self.steps.values()
            ],
        }

    @classmethod
    def decode(cls, content: Mapping[str, Any]) -> "Report":
        report = cls()
        report.began, report._ended = 0.0, float(content["seconds"])
        report.users = int(content["users"])
        for each in content["steps"]:
            step = StepReport(each["kind"], each["name"])
            step.histogram = Histogram.decode(each["histogram"])
            step.failures = {str(reason): int(count) for reason, count in each["failures"].items()}
            report.steps[step.kind, step.name] = step
        return report

    def merge(self, other: "Report") -> None:
        """Add another worker's figures; the window is the longer one."""
        for key, theirs in other.steps.items():
            ours = self.steps.get(key)
            if ours is None:
                ours = self.steps[key] = StepReport(*key)
            ours.histogram.merge(theirs.histogram)
            for reason, count in theirs.failures.items():
                ours.failures[reason] = ours.failures.get(reason, 0) + count
        self.users += other.users


class Glance(msgspec.Struct, frozen=True):
    """What is shown while a run goes on: totals so far."""

    seconds: float
    users: int
    requests: int
    failures: int
    journeys: int
    p50_us: int
    p99_us: int


def glance(report: Report) -> Glance:
    requests = report.total(REQUEST)
    return Glance(
        report.seconds,
        report.users,
        requests.count,
        report.failures,
        report.total(JOURNEY).count,
        requests.percentile(50),
        requests.percentile(99),
    )
