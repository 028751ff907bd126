"""What a run came to, step by step, with exact counts; beside Locust's own statistics, which round to two digits.

A :class:`Report` can be told another one's figures (workers of a distributed run), and goes to ``mynasim load`` as
JSON lines: a short one each second, a whole one at the end.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from load.clock import stopwatch_s
from load.histogram import Histogram
from load.timeline import Timeline, Window
from load.traces import Traces
from load.watching import Watched

REPORT_VARIABLE = "MYNASIM_LOAD_FIGURES_TO"
"""A file descriptor to which a Locust process writes its run's figures as JSON lines."""
FAILURES_NAMED_MAX = 50
"""Different reasons kept for one step; more are counted together."""
OTHER_REASONS = "other"

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

SPLIT = ("portal", "network", "municipality")
"""What the portal's ``Server-Timing`` tells apart; the rest of an answer's time is the way there and back."""


class Split:
    """内訳 of the time of a step's answers, in microseconds, over those that told it."""

    __slots__ = ("count", "sums")

    def __init__(self) -> None:
        self.count = 0
        self.sums = [0] * len(SPLIT)

    def __repr__(self) -> str:
        return f"Split({self.means_us()})"

    def add(self, portal: int, network: int, municipality: int) -> None:
        """Of one answer; microseconds."""
        self.count += 1
        sums = self.sums
        sums[0] += portal
        sums[1] += network
        sums[2] += municipality

    def merge(self, other: "Split") -> None:
        self.count += other.count
        self.sums = [ours + theirs for ours, theirs in zip(self.sums, other.sums, strict=True)]

    def means_us(self) -> dict[str, float]:
        return {
            name: total / self.count if self.count else 0.0
            for name, total in zip(SPLIT, self.sums, strict=True)
        }


class StepReport:
    """One step of one journey: how long it took, how often it failed and why."""

    __slots__ = ("failures", "histogram", "intended", "journey", "kind", "name", "split")

    def __init__(self, journey: str, kind: str, name: str) -> None:
        self.journey = journey
        self.kind = kind
        self.name = name
        self.histogram = Histogram()
        """From the moment when it was sent."""
        self.intended = Histogram()
        """From the moment when it would have been sent had the visit begun when it was planned; empty without a plan."""
        self.split = Split()
        self.failures: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"<StepReport {self.name}: {self.histogram.count}, {self.failed} failed>"

    @property
    def failed(self) -> int:
        return sum(self.failures.values())

    @property
    def felt(self) -> Histogram:
        """What a visitor waited: from the intended start where there is one."""
        return self.intended if self.intended.count else self.histogram

    def record(self, seconds: float, failure: str | None) -> None:
        self.histogram.record(int(seconds * 1e6 + 0.5))
        if failure is not None:
            self.fail(failure)

    def fail(self, failure: str) -> None:
        known = failure in self.failures or len(self.failures) < FAILURES_NAMED_MAX
        reason = failure if known else OTHER_REASONS
        self.failures[reason] = self.failures.get(reason, 0) + 1

    def merge(self, other: "StepReport") -> None:
        self.histogram.merge(other.histogram)
        self.intended.merge(other.intended)
        self.split.merge(other.split)
        for reason, count in other.failures.items():
            self.failures[reason] = self.failures.get(reason, 0) + count

    def encode(self) -> dict[str, Any]:
        return {
            "journey": self.journey,
            "kind": self.kind,
            "name": self.name,
            "failures": self.failures,
            "histogram": self.histogram.encode(),
            "intended": self.intended.encode(),
            "split": [self.split.count, *self.split.sums],
        }

    @classmethod
    def decode(cls, content: Mapping[str, Any]) -> "StepReport":
        step = cls(content["journey"], content["kind"], content["name"])
        step.histogram = Histogram.decode(content["histogram"])
        step.intended = Histogram.decode(content["intended"])
        step.split.count, *sums = (int(number) for number in content["split"])
        step.split.sums = sums
        step.failures = {str(reason): int(count) for reason, count in content["failures"].items()}
        return step


class Starts:
    """予定と実際: what became of the planned starts."""

    __slots__ = ("dropped", "due", "made", "waited")

    def __init__(self) -> None:
        self.due = 0
        """Planned for a moment that has come."""
        self.made = 0
        self.waited = 0
        """Made, but late: at its moment no line was free."""
        self.dropped: dict[str, int] = {}
        """Those that could not happen, by why."""

    def __repr__(self) -> str:
        return f"<Starts: {self.due} due, {self.made} made, {self.lost} dropped>"

    @property
    def lost(self) -> int:
        return sum(self.dropped.values())

    def drop(self, reason: str) -> None:
        self.dropped[reason] = self.dropped.get(reason, 0) + 1

    def merge(self, other: "Starts") -> None:
        self.due += other.due
        self.made += other.made
        self.waited += other.waited
        for reason, count in other.dropped.items():
            self.dropped[reason] = self.dropped.get(reason, 0) + count

    def encode(self) -> dict[str, Any]:
        return {"due": self.due, "made": self.made, "waited": self.waited, "dropped": self.dropped}

    @classmethod
    def decode(cls, content: Mapping[str, Any]) -> "Starts":
        starts = cls()
        starts.due, starts.made = int(content["due"]), int(content["made"])
        starts.waited = int(content["waited"])
        starts.dropped = {str(reason): int(count) for reason, count in content["dropped"].items()}
        return starts


class Mark(NamedTuple):
    """障害の印 on the time axis: what was done to the world meanwhile; seconds of the run."""

    from_s: float
    to_s: float
    title: str


class Report:
    """測定結果."""

    def __init__(self, window_s: float = 1.0) -> None:
        self.began = stopwatch_s()
        self._ended: float | None = None
        self.steps: dict[tuple[str, str, str], StepReport] = {}
        self.timeline = Timeline(window_s)
        self.traces: dict[str, Traces] = {}
        """By journey."""
        self.starts = Starts()
        self.watched: list[Watched] = [Watched()]
        """The generator's own state, of each of its processes."""
        self.users = 0
        self.marks: list[Mark] = []
        self.signed_ahead = 0
        """Signatures that were made before the measured window."""

    def __repr__(self) -> str:
        return f"<Report: {len(self.steps)} steps, {self.seconds:.1f} s>"

    @property
    def seconds(self) -> float:
        return (stopwatch_s() if self._ended is None else self._ended) - self.began

    @property
    def is_open(self) -> bool:
        """Whether the measured window has not ended."""
        return self._ended is None

    def restart(self, began: float | None = None, window_s: float = 1.0) -> None:
        """The measured window begins now, or at *began* (``stopwatch_s``)."""
        users, watched = self.users, self.watched[0]
        self.__init__(window_s)  # type: ignore[misc]
        self.users = users
        watched.clear()
        self.watched = [watched]
        if began is not None:
            self.began = began

    def end(self, ended: float | None = None) -> None:
        """The measured window ends now, or ended at *ended*."""
        if self._ended is None:
            self._ended = stopwatch_s() if ended is None else max(ended, self.began)

    def step(self, journey: str, kind: str, name: str) -> StepReport:
        step = self.steps.get((journey, kind, name))
        if step is None:
            step = self.steps[journey, kind, name] = StepReport(journey, kind, name)
        return step

    def record(
        self, kind: str, name: str, seconds: float, failure: str | None = None, journey: str = ""
    ) -> None:
        self.step(journey, kind, name).record(seconds, failure)

    def of(self, kind: str) -> list[StepReport]:
        """In the order in which they first happened."""
        return [step for step in self.steps.values() if step.kind == kind]

    def by_name(self, kind: str) -> list[StepReport]:
        """The same, each name once: what several journeys have in common is put together."""
        found: dict[str, StepReport] = {}
        for step in self.of(kind):
            whole = found.get(step.name)
            if whole is None:
                whole = found[step.name] = StepReport("", kind, step.name)
            whole.merge(step)
        return list(found.values())

    def journeys(self) -> Iterator[str]:
        """Their names, in the order in which they first ended."""
        yield from dict.fromkeys(step.journey for step in self.of(JOURNEY))

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
            "signed_ahead": self.signed_ahead,
            "marks": [list(mark) for mark in self.marks],
            "starts": self.starts.encode(),
            "timeline": self.timeline.encode(),
            "traces": {journey: traces.encode() for journey, traces in self.traces.items()},
            "watched": [watched.encode() for watched in self.watched],
            "steps": [step.encode() for step in self.steps.values()],
        }

    @classmethod
    def decode(cls, content: Mapping[str, Any]) -> "Report":
        report = cls()
        report.began, report._ended = 0.0, float(content["seconds"])
        report.users = int(content["users"])
        report.signed_ahead = int(content["signed_ahead"])
        report.marks = [Mark(float(each[0]), float(each[1]), str(each[2])) for each in content["marks"]]
        report.starts = Starts.decode(content["starts"])
        report.timeline = Timeline.decode(content["timeline"])
        report.traces = {str(name): Traces.decode(each) for name, each in content["traces"].items()}
        report.watched = [Watched.decode(each) for each in content["watched"]]
        for each in content["steps"]:
            step = StepReport.decode(each)
            report.steps[step.journey, step.kind, step.name] = step
        return report

    def merge(self, other: "Report") -> None:
        """Add another worker's figures; the measured window is the longer one."""
        for theirs in other.steps.values():
            self.step(theirs.journey, theirs.kind, theirs.name).merge(theirs)
        self.began, self._ended = 0.0, max(self.seconds, other.seconds)
        self.starts.merge(other.starts)
        self.timeline.merge(other.timeline)
        for journey, traces in other.traces.items():
            self.traces.setdefault(journey, Traces()).merge(traces)
        self.watched += other.watched
        self.users += other.users
        self.marks += other.marks
        self.signed_ahead += other.signed_ahead


def merged(reports: list[Report]) -> Report:
    """One report of all workers. Their order changes nothing but the order in which steps are listed."""
    whole = Report.decode(reports[0].encode())
    for report in reports[1:]:
        whole.merge(report)
    return whole


LATELY_WINDOWS = 4


class Glance(msgspec.Struct, frozen=True):
    """What is shown while a run goes on: totals so far."""

    seconds: float
    users: int
    requests: int
    failures: int
    journeys: int
    p50_us: int
    p99_us: int
    due: int = 0
    dropped: int = 0
    lately_p99_us: int = 0
    """Of the visits that ended within the last :data:`LATELY_WINDOWS`."""
    lately_due: int = 0
    lately_dropped: int = 0


def glance(report: Report) -> Glance:
    requests = report.total(REQUEST)
    lately = Window()
    for _, window in report.timeline.windows()[-LATELY_WINDOWS:]:
        lately.merge(window)
    return Glance(
        report.seconds,
        report.users,
        requests.count,
        report.failures,
        report.total(JOURNEY).count,
        requests.percentile(50),
        requests.percentile(99),
        report.starts.due,
        report.starts.lost,
        lately.journeys.percentile(99),
        lately.due,
        lately.dropped,
    )
