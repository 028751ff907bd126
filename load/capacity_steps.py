"""The staircase of a search for capacity: its profile, and what each of its steps came to."""

from collections.abc import Sequence
from itertools import pairwise
from math import inf, sqrt
from typing import NamedTuple

from load.capacity import Costs, Step
from load.levels import DROPPED, ERRORS, EVERY, Levels
from load.measuring import JOURNEY, REQUEST, Report
from load.timeline import Window

STEPS = 10
GROWTH = 1.35
"""Of the rate from one step to the next."""
SETTLING = 0.3
"""Of each step: so much of its beginning does not count, because the step before still shows."""
STEP_SECONDS_LEAST = 1.0
"""Shorter, a step has only chance in it; five and more are better."""
PILING_UP = 0.1
"""Of the visits that began in a step more than this share did not end: it does not keep up."""
HOPELESS = 4.0
"""Beyond so many times the level nothing will get better: the search ends."""


class Bounds(NamedTuple):
    """What a step must hold."""

    p99_ms: float = 3_000.0
    errors_percent: float = 1.0
    dropped_percent: float = 1.0

    @classmethod
    def of(cls, levels: Levels) -> "Bounds":
        """The strictest p99 of any journey, and what holds for the whole run; where there is none, our own."""
        p99, errors, dropped = inf, inf, inf
        for level in levels.levels:
            if level.kind == JOURNEY and level.measure == "p99_ms":
                p99 = min(p99, level.most)
            elif level.measure == ERRORS and (level.kind == "run" or level.name == EVERY):
                errors = min(errors, level.most)
            elif level.measure == DROPPED:
                dropped = min(dropped, level.most)
        own = cls()
        return cls(
            p99 if p99 < inf else own.p99_ms,
            errors if errors < inf else own.errors_percent,
            dropped if dropped < inf else own.dropped_percent,
        )


def rates(top: float) -> list[float]:
    """Starts a second of each step, up to *top*."""
    return [top / GROWTH**step for step in reversed(range(STEPS))]


def profile_text(top: float, step_minutes: int, journeys: Sequence[tuple[str, float]]) -> str:
    """The staircase as a profile file; a step lasts so many minutes of its day."""
    lines = ['title = "容量の探索"', 'what = "水準が破れるまで、段ごとに1.35倍に増やします。"']
    # Evenly, so that a step's figures are not those of its chance.
    lines += ['arrivals = "even"', "think = 0.0"]
    for step, rate in enumerate(rates(top)):
        for minute in (step * step_minutes, (step + 1) * step_minutes):
            lines += ["[[points]]", f'at = "{minute // 60}:{minute % 60:02}"', f"share = {rate!r}"]
    lines += ["[[mix]]", "[mix.journeys]", *(f"{name} = {weight!r}" for name, weight in journeys)]
    return "\n".join([*lines, "[mix.terminals]", "phone = 0.7", "pc = 0.3", ""])


def steps_of(report: Report, top: float, step_seconds: float, bounds: Bounds) -> list[Step]:
    """Each step of which the run saw the end."""
    windows = report.timeline.windows()
    width = report.timeline.width_s
    edges = [step * step_seconds for step in range(STEPS + 1)]
    found: list[Step] = []
    for rate, (begins, ends) in zip(rates(top), pairwise(edges), strict=True):
        if ends > report.seconds + width / 2:
            break
        counted = [
            window
            for at, window in windows
            if at >= begins + SETTLING * step_seconds - 1e-9 and at + width <= ends + 1e-9
        ]
        if counted:
            found.append(_step(rate, counted, width, bounds))
    return found


def _step(rate: float, counted: list[Window], width: float, bounds: Bounds) -> Step:
    whole = Window()
    for window in counted:
        whole.merge(window)
    seconds = width * len(counted)
    ended = whole.journeys.count
    p99 = whole.journeys.percentile(99) / 1000
    requests = whole.requests.count
    holds = (
        ended > 0
        and p99 <= bounds.p99_ms
        and whole.failures <= requests * bounds.errors_percent / 100
        and whole.dropped <= whole.due * bounds.dropped_percent / 100
    )
    piling_up = whole.made - ended
    return Step(
        rate,
        seconds,
        ended / seconds,
        whole.under_way / seconds,
        whole.visit_s / ended if ended else 0.0,
        p99,
        whole.dropped,
        whole.failures,
        holds,
        # Three standard deviations of a count are chance.
        piling_up <= max(PILING_UP * whole.made, 3 * sqrt(whole.made)),
    )


def costs_of(report: Report, held: float) -> Costs:
    """What a visit costs, and how many a second were carried."""
    visits = max(1, report.total(JOURNEY).count)
    sign_ins = sum(step.histogram.count for step in report.of(REQUEST) if step.name == "sign_in")
    spent = sum(watched.spent for watched in report.watched)
    return Costs(held, sign_ins / visits, report.total(REQUEST).count / visits, spent / visits)
