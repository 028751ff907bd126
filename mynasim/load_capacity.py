"""``mynasim load --find-capacity``: a staircase until the level breaks, the law through its steps, and a plan on paper."""

import json as json_module
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mynasim.load_locust import run_locust
from mynasim.load_words import Progress, ms
from mynasim.load_world import LoadFailed, World, say

if TYPE_CHECKING:
    from load.capacity import Found, Step
    from load.result import Result
    from mynasim.load import Wanted

TOP_DEFAULT = 200.0
SECONDS_DEFAULT = 100.0
STEP_MINUTES = 60
PERCENTS = (1.0, 5.0)


def check(duration: float | None) -> None:
    """Raises :class:`LoadFailed` when there is no time for the steps."""
    from load.capacity_steps import STEP_SECONDS_LEAST, STEPS

    if duration is not None and duration < STEPS * STEP_SECONDS_LEAST:
        raise LoadFailed(
            f"--find-capacity には --duration が{STEPS * STEP_SECONDS_LEAST:g}秒以上いります（{STEPS}段）: {duration:g}"
        )


def prepare(wanted: "Wanted", rate: float | None, duration: float | None, folder: Path) -> "Wanted":
    """The same with a staircase for its plan. Raises :class:`LoadFailed`."""
    from load.capacity_steps import STEPS, profile_text
    from load.plan import Plan
    from load.profile_file import find_profile

    top, seconds = rate or TOP_DEFAULT, duration or SECONDS_DEFAULT
    assert wanted.profile is not None
    # Whole seconds a step: its windows then begin and end with it.
    seconds = float(seconds // STEPS * STEPS)
    mix = {wanted.journey: 1.0} if wanted.journey else dict(wanted.profile.mixes[0].journeys)
    path = folder / "staircase.toml"
    path.write_text(profile_text(top, STEP_MINUTES, list(mix.items())), encoding="utf-8")
    profile = find_profile(str(path))
    return wanted._replace(
        profile=profile, plan=Plan(profile, wanted.seed, top, seconds), seconds=seconds, journey="", think=0.0
    )


def find(
    wanted: "Wanted",
    where: World,
    rate: float | None,
    duration: float | None,
    report: Path | None,
    *,
    json: bool,
) -> int:
    """Search, tell, and return the exit code. Raises :class:`LoadFailed`."""
    from load.clock import moment
    from mynasim import load as command

    with tempfile.TemporaryDirectory(prefix="mynasim-capacity-") as folder:
        wanted = prepare(wanted, rate, duration, Path(folder))
        assert wanted.plan is not None
        shown = _Search(wanted)
        told = run_locust(command.arguments(wanted, where), wanted.processes, shown.show)
        shown.progress.end()
        result = command.result_of(wanted, where, told, moment())
    found = _found(wanted, result)
    if json:
        sys.stdout.write(json_module.dumps(_as_json(found, result), ensure_ascii=False) + "\n")
    else:
        _print(found, result)
    if report is not None:
        from load.report import page

        try:
            page.write(result, report, None, found)
        except OSError as error:
            raise LoadFailed(f"{error.filename} に書けません（{error.strerror}）。") from error
        say(f"報告: {report}")
    if told.was_stopped and not shown.broken:
        return 130
    if result.spoiled:
        return 3
    return 0 if found.held else 1


class _Search:
    """Looks at each glance whether it is worth going on."""

    def __init__(self, wanted: "Wanted") -> None:
        from load.capacity_steps import HOPELESS, STEPS, Bounds

        self.progress = Progress(wanted.seconds)
        self.broken = False
        self._bounds = Bounds.of(wanted.levels)
        self._hopeless = HOPELESS
        self._step_seconds = wanted.seconds / STEPS
        self._broken_in: int | None = None

    def show(self, glance: dict[str, Any]) -> bool:
        self.progress.show(glance)
        step = int(glance["seconds"] / self._step_seconds)
        late = glance["lately_p99_us"] / 1000 > self._bounds.p99_ms
        dropped = glance["lately_dropped"] > max(
            3.0, glance["lately_due"] * self._bounds.dropped_percent / 100
        )
        if late or dropped:
            if self._broken_in is None:
                self._broken_in = step
            # The step in which it broke is measured to its end, and one more.
            if (
                step > self._broken_in + 1
                or glance["lately_p99_us"] / 1000 > self._bounds.p99_ms * self._hopeless
            ):
                self.broken = True
        else:
            self._broken_in = None
        return self.broken


def _found(wanted: "Wanted", result: "Result") -> "Found":
    from load.capacity import Found, fit, needs
    from load.capacity_steps import STEPS, Bounds, costs_of, steps_of

    assert wanted.plan is not None
    bounds = Bounds.of(wanted.levels)
    report = result.report
    steps = steps_of(report, wanted.plan.curve.peak, wanted.seconds / STEPS, bounds)
    held: Step | None = None
    for step in steps:
        if not step.is_carried:
            break
        held = step
    broke = any(not step.is_carried for step in steps)
    law = fit(steps, wanted.seed)
    plans = []
    costs = None
    if held is not None:
        costs = costs_of(report, held.throughput)
        plans = [needs(percent, costs) for percent in PERCENTS]
    return Found(tuple(steps), held, broke, law, costs, tuple(plans), bounds.p99_ms)


def _as_json(found: "Found", result: "Result") -> dict[str, Any]:
    law = found.law
    return {
        "steps": [{**step._asdict(), "little_percent": step.little_percent} for step in found.steps],
        "held": found.held._asdict() if found.held else None,
        "broke": found.broke,
        "law": None
        if law is None
        else {
            name: value._asdict() if hasattr(value, "_asdict") else value
            for name, value in law._asdict().items()
        },
        "plan": [each._asdict() for each in found.plans],
        "invalid": result.spoiled,
    }


def _print(found: "Found", result: "Result") -> None:
    from rich.markup import escape
    from rich.table import Table

    from load.capacity import LITTLE_PERCENT_MAX
    from mynasim.load_words import PLAIN_COLUMNS
    from mynasim.output import console

    out = console(highlight=False) if sys.stdout.isatty() else console(width=PLAIN_COLUMNS, highlight=False)
    table = Table(title=f"容量の探索  {escape(result.about.host)}", title_justify="left")
    for heading in (
        "計画 件/秒",
        "終了 件/秒",
        "同時の訪問",
        "訪問の平均 ms",
        "p99 ms",
        "始められず",
        "失敗",
        "Little",
        "水準",
    ):
        table.add_column(heading, justify="right")
    for step in found.steps:
        little = f"{step.little_percent:.0f} %"
        table.add_row(
            f"{step.offered:,.1f}", f"{step.throughput:,.1f}", f"{step.under_way:,.2f}", ms(int(step.visit_s * 1e6)),
            ms(int(step.p99_ms * 1000)), f"{step.dropped:,}", f"{step.failures:,}",
            little if step.is_balanced else f"[yellow]{little}[/yellow]",
            "満たす" if step.is_carried else "[red]満たさない[/red]" if not step.holds else "[red]たまる[/red]",
        )  # fmt: skip
    out.print(table)
    out.print(
        f"Little: 同時の訪問と「終了×平均時間」の違い。{LITTLE_PERCENT_MAX:g} %を超える段は釣り合っておらず、式には使いません。"
    )
    for line in found.lines():
        out.print(escape(line))
    for reason in result.spoiled:
        out.print(f"[yellow]無効[/yellow]  {escape(reason)}")
