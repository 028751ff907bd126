"""One run in several processes: Locust's master and workers carry our shares out and our figures back.

The master tells each worker its share of the plan before Locust tells it to start users. A worker tells its figures
every second, whole (so that a lost message loses nothing) but for the windows of its timeline, of which it tells those
that changed. The master keeps the last word of each worker and adds them up, which is exact: buckets merge without loss.
"""

from collections.abc import Callable
from typing import Any

from load.measuring import Report, merged
from load.plan import Share
from load.running import Run

SHARE = "mynasim.share"
FIGURES = "mynasim.figures"
LEAD_SECONDS = 3.0
"""Between the master's word and the beginning of the measured window: every worker is ready by then."""


def figures(run: Run, *, whole: bool) -> dict[str, Any]:
    """What a worker tells; *whole* with all windows of its timeline."""
    content = run.report.encode()
    if run.plan is not None:
        # What lasts longer than planned is no part of the measured window.
        content["seconds"] = min(content["seconds"], run.plan.seconds)
    content["timeline"] = run.report.timeline.encode(only_touched=not whole)
    return {"report": content, "done": run.is_done, "ended": not run.report.is_open, "share": list(run.share)}


class Workers:
    """作業プロセス: what the master knows of them."""

    def __init__(self) -> None:
        self._reports: dict[str, Report] = {}
        self._done: dict[str, bool] = {}
        self._ended: set[str] = set()
        self._expected: set[str] = set()

    def __repr__(self) -> str:
        return f"<Workers: {len(self._reports)} of {len(self._expected)} heard>"

    def begin(self, client_ids: list[str], send: Callable[[str, dict[str, Any]], None]) -> None:
        """Tell each its share; what was heard in an earlier run is forgotten."""
        self._reports.clear()
        self._done.clear()
        self._ended.clear()
        self._expected = set(client_ids)
        for index, client_id in enumerate(client_ids):
            send(client_id, {"index": index, "count": len(client_ids), "lead_s": LEAD_SECONDS})

    def hear(self, client_id: str, said: dict[str, Any]) -> None:
        content = said["report"]
        known = self._reports.get(client_id)
        report = Report.decode(content)
        if known is not None:
            timeline = known.timeline
            timeline.replace(content["timeline"])
            report.timeline = timeline
        self._reports[client_id] = report
        self._done[client_id] = bool(said["done"])
        if said["ended"]:
            self._ended.add(client_id)

    @property
    def all_done(self) -> bool:
        return bool(self._expected) and all(self._done.get(client_id) for client_id in self._expected)

    def report(self) -> Report:
        """All workers' figures together."""
        known = [self._reports[client_id] for client_id in sorted(self._reports)]
        return merged(known) if known else Report()

    def missing(self) -> int:
        """How many workers never said their last word: their figures may lack up to a second, or everything."""
        return len(self._expected - self._ended - {each for each, done in self._done.items() if done})


def share_of(said: dict[str, Any]) -> tuple[Share, float]:
    """What the master said: the share, and seconds until the beginning."""
    return Share(int(said["index"]), int(said["count"])), float(said["lead_s"])
