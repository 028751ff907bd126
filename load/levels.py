"""サービス水準: what a run must hold, from a small TOML file, and whether it did.

[run]
errors_percent = 0.5           # of all requests
dropped_percent = 0.1          # of the planned starts
[journeys.disclosure]          # "*" stands for every journey
p99_ms = 3000                  # from the intended start; also p50_ms, p90_ms, p95_ms, p999_ms, max_ms
errors_percent = 1.0
[steps.sign_in]                # an operation by its declared name
p99_ms = 500
[late."records.late_answer"]
p99_ms = 20000
[generator]                    # beyond these the run is invalid
cpu_percent = 90
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from load.histogram import Histogram
from load.journeys import journeys
from load.measuring import JOURNEY, LATE, REQUEST, Report, StepReport
from load.toml_file import Table, read_toml
from load.watching import GeneratorLimits, spoiled

PERCENTILES: dict[str, float] = {
    "p50_ms": 50.0,
    "p90_ms": 90.0,
    "p95_ms": 95.0,
    "p99_ms": 99.0,
    "p999_ms": 99.9,
    "max_ms": 100.0,
}
ERRORS = "errors_percent"
DROPPED = "dropped_percent"
EVERY = "*"


class Level(NamedTuple):
    """水準: one thing that must hold."""

    kind: str
    """``run``, ``journey``, ``request`` or ``late``."""
    name: str
    """Of the journey or step; ``*`` for every journey."""
    measure: str
    most: float


class Finding(NamedTuple):
    """判定 of one level for one thing."""

    subject: str
    measure: str
    most: float
    found: float | None
    """None: nothing of it happened, so nobody knows."""

    @property
    def holds(self) -> bool:
        return self.found is not None and self.found <= self.most

    @property
    def text(self) -> str:
        unit = "%" if self.measure.endswith("percent") else "ms"
        found = "一度もなかった" if self.found is None else f"{self.found:,.3g} {unit}"
        if self.found is not None and self.found >= 1000:
            found = f"{self.found:,.0f} {unit}"
        return f"{self.subject} {MEASURES[self.measure]}: {found}（水準 {self.most:,g} {unit} 以下）"


MEASURES: dict[str, str] = {
    **{key: f"p{percent:g}" for key, percent in PERCENTILES.items()},
    "max_ms": "最大",
    ERRORS: "失敗",
    DROPPED: "始められなかった開始",
}


class Levels(NamedTuple):
    """サービス水準."""

    levels: tuple[Level, ...] = ()
    generator: GeneratorLimits = GeneratorLimits()

    def findings(self, report: Report) -> list[Finding]:
        """Each level and what the run came to."""
        return [finding for level in self.levels for finding in _judge(level, report)]

    def spoiled(self, report: Report) -> list[str]:
        """Why the generator was the bottleneck; empty when it was not."""
        return [reason for watched in report.watched for reason in spoiled(watched, self.generator)]


def load_levels(path: Path) -> Levels:
    """Raises :class:`~load.toml_file.TomlMistake`, with the line."""
    table = read_toml(path)
    levels: list[Level] = []
    run = table.table("run")
    if run is not None:
        levels += _levels(run, "run", "", (ERRORS, DROPPED))
    for key, kind, known in (
        ("journeys", JOURNEY, (EVERY, *journeys())),
        ("steps", REQUEST, None),
        ("late", LATE, None),
    ):
        names = table.table(key)
        for name in names.keys if names is not None else ():
            assert names is not None
            if known is not None and name not in known:
                raise names.mistake(f"行程「{name}」はありません。あるのは {'、'.join(known)} です。", name)
            one = names.table(name)
            assert one is not None
            levels += _levels(one, kind, name, (*PERCENTILES, ERRORS))
    generator = GeneratorLimits()
    own = table.table("generator")
    if own is not None:
        generator = GeneratorLimits(
            *(
                own.number(field, getattr(generator, field), least=0.001) or 0.0
                for field in GeneratorLimits.__struct_fields__
            )
        )
        own.end()
    table.end()
    if not levels and own is None:
        raise table.mistake("水準が1つもありません。")
    return Levels(tuple(levels), generator)


def _levels(table: Table, kind: str, name: str, measures: tuple[str, ...]) -> Iterator[Level]:
    for measure in measures:
        most = table.number(measure, most=100.0 if measure.endswith("percent") else 1e9)
        if most is not None:
            yield Level(kind, name, measure, most)
    table.end(known=measures)


def _judge(level: Level, report: Report) -> Iterator[Finding]:
    kind, name, measure, most = level
    if kind == "run":
        found = _dropped(report) if measure == DROPPED else _errors(report.of(REQUEST))
        yield Finding("全体", measure, most, found)
        return
    if kind == JOURNEY:
        names = list(report.journeys()) if name == EVERY else [name]
        for each in names or [name]:
            steps = [step for step in report.of(JOURNEY) if step.name == each]
            title = journeys()[each].title if each in journeys() else "どの行程も"
            yield Finding(f"行程 {title}", measure, most, _found(measure, steps))
        return
    steps = [step for step in report.of(kind) if step.name == name]
    yield Finding(
        f"{'手順' if kind == REQUEST else '後日回答'} {name}", measure, most, _found(measure, steps)
    )


def _found(measure: str, steps: list[StepReport]) -> float | None:
    if measure == ERRORS:
        return _errors(steps)
    whole = Histogram()
    for step in steps:
        whole.merge(step.felt)
    return whole.percentile(PERCENTILES[measure]) / 1000 if whole.count else None


def _errors(steps: list[StepReport]) -> float | None:
    count = sum(step.histogram.count for step in steps)
    return sum(step.failed for step in steps) / count * 100 if count else None


def _dropped(report: Report) -> float | None:
    starts = report.starts
    return starts.lost / starts.due * 100 if starts.due else 0.0
