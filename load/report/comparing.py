"""今回と前回: the same figures of two runs side by side."""

from collections.abc import Iterator
from typing import NamedTuple

from load.journeys import journeys
from load.measuring import JOURNEY, LATE, REQUEST, Report, StepReport


class Difference(NamedTuple):
    name: str
    unit: str
    before: float
    now: float
    more_is_better: bool = False

    @property
    def change(self) -> float:
        """Relative; of nothing to something it is whole."""
        if self.before == self.now:
            return 0.0
        return (self.now - self.before) / self.before if self.before else 1.0

    @property
    def worse(self) -> bool:
        return (self.change < 0) is self.more_is_better and self.change != 0


def differences(before: Report, now: Report) -> Iterator[Difference]:
    """What both runs have, in the order of this one."""
    for name, of in (("訪問", JOURNEY), ("要求", REQUEST)):
        yield Difference(f"{name}（毎秒）", "件", _rate(before, of), _rate(now, of), more_is_better=True)
    yield Difference("失敗した割合", "%", _failed(before), _failed(now))
    yield Difference("始められなかった開始", "%", _lost(before), _lost(now))
    known: dict[tuple[str, str], StepReport] = {
        (step.kind, step.name): step for kind in (JOURNEY, REQUEST, LATE) for step in before.by_name(kind)
    }
    for kind in (JOURNEY, REQUEST, LATE):
        for step in now.by_name(kind):
            old = known.get((kind, step.name))
            if old is not None and old.felt.count and step.felt.count:
                title = (
                    journeys()[step.name].title if kind == JOURNEY and step.name in journeys() else step.name
                )
                for percent in (50, 99):
                    yield Difference(
                        f"{title} p{percent}",
                        "ms",
                        old.felt.percentile(percent) / 1000,
                        step.felt.percentile(percent) / 1000,
                    )


def _rate(report: Report, kind: str) -> float:
    return report.total(kind).count / report.seconds if report.seconds else 0.0


def _failed(report: Report) -> float:
    count = report.total(REQUEST).count
    return report.failures / count * 100 if count else 0.0


def _lost(report: Report) -> float:
    return report.starts.lost / report.starts.due * 100 if report.starts.due else 0.0
