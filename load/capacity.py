"""How much the portal carries: the Universal Scalability Law fitted to what was measured, and what follows on paper.

Gunther's law says that *N* visits at a time give a throughput of

    X(N) = λ N / (1 + σ (N − 1) + κ N (N − 1))

with λ what one visitor alone achieves, σ what has to queue for something shared, κ what grows with every pair (coherency).
N / X(N) is a parabola in N, so the fit is a weighted least-squares one in closed form; its uncertainty comes from a
bootstrap over the measured points. N is measured and not assumed: the time-averaged number of visits going on. By
Little's law it must be the throughput times the mean visit time, which is checked for each step; a step where it is not
so was not in balance and does not count. Nothing is said of more visits at a time than were measured.
"""

from collections.abc import Sequence
from math import ceil, sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.nation.chance import key_for

LITTLE_PERCENT_MAX = 15.0
"""Of difference between measured and computed visits at a time; more is no balance."""
STEPS_LEAST = 4
"""Fewer points than parameters and one can't be fitted."""
BOOTSTRAPS = 500
CONFIDENCE = 0.95
UTILISATION = 0.7
"""How full a process is planned to be: the rest is for peaks within the hour and for one that fails."""

Floats = npt.NDArray[np.float64]


class Step(NamedTuple):
    """段: what one step of the staircase came to."""

    offered: float
    """Starts a second that were planned."""
    seconds: float
    throughput: float
    """Visits a second that ended."""
    under_way: float
    """Visits at a time, averaged over the step."""
    visit_s: float
    """Mean time of a visit from its beginning."""
    p99_ms: float
    dropped: int
    failures: int
    holds: bool
    """Whether the service levels held in this step."""
    keeps_up: bool = True
    """Whether about as many visits ended as began; else they only pile up, and time will break every level."""

    @property
    def is_carried(self) -> bool:
        """Whether this could go on for ever."""
        return self.holds and self.keeps_up

    @property
    def little_percent(self) -> float:
        """By how much the visits at a time differ from throughput times visit time."""
        computed = self.throughput * self.visit_s
        most = max(computed, self.under_way)
        return abs(computed - self.under_way) / most * 100 if most else 0.0

    @property
    def is_balanced(self) -> bool:
        return self.throughput > 0 and self.keeps_up and self.little_percent <= LITTLE_PERCENT_MAX


class Between(NamedTuple):
    """推定値 with its confidence interval."""

    value: float
    low: float
    high: float


class Law(NamedTuple):
    """普遍拡張則 as it fits the steps."""

    single: Between
    """λ: visits a second of one visitor alone."""
    queueing: Between
    """σ"""
    coherency: Between
    """κ"""
    measured_to: float
    """The most visits at a time that were measured: nothing is said beyond."""
    highest: Between
    """The highest throughput of the curve within what was measured, visits a second."""
    peak_at: float | None
    """At how many visits at a time the curve has its summit; None when that is beyond what was measured."""
    r_squared: float

    def at(self, visits: float) -> float:
        """Visits a second at so many visits at a time. Raises ``ValueError`` beyond what was measured."""
        if visits > self.measured_to * 1.0001:
            raise ValueError(f"測ったのは同時に{self.measured_to:.1f}件までです。それより先は言えません。")
        return float(
            _curve((self.single.value, self.queueing.value, self.coherency.value), np.array([visits]))[0]
        )


def fit(steps: Sequence[Step], seed: int = 1) -> Law | None:
    """The law through the steps that were in balance; None when there are too few of them."""
    points = [step for step in steps if step.is_balanced and step.under_way > 0]
    if len(points) < STEPS_LEAST:
        return None
    visits = np.array([step.under_way for step in points])
    throughput = np.array([step.throughput for step in points])
    found = _least_squares(visits, throughput)
    measured_to = float(visits.max())
    grid = np.linspace(float(visits.min()), measured_to, 200)
    chance = np.random.Generator(np.random.Philox(key_for(seed, "load: bootstrap")))
    residuals = throughput / np.maximum(_curve(found, visits), 1e-12)
    # A curve that was fitted to the points lies closer to them than the truth does.
    residuals = 1 + (residuals - 1) * sqrt(len(points) / (len(points) - 3))
    samples: list[tuple[float, float, float, float]] = []
    for _ in range(BOOTSTRAPS):
        # The residuals, not the points: every sample keeps the whole range of visits at a time.
        noisy = _curve(found, visits) * chance.choice(residuals, len(residuals))
        one = _least_squares(visits, noisy)
        samples.append((*one, float(_curve(one, grid).max())))
    columns = np.array(samples)
    values = (*found, float(_curve(found, grid).max()))
    edge = (1 - CONFIDENCE) / 2
    between = [
        Between(value, float(np.quantile(column, edge)), float(np.quantile(column, 1 - edge)))
        for value, column in zip(values, columns.T, strict=True)
    ]
    total = float(((throughput - throughput.mean()) ** 2).sum())
    rest = float(((throughput - _curve(found, visits)) ** 2).sum())
    summit = sqrt((1 - found[1]) / found[2]) if found[2] > 0 and found[1] < 1 else None
    if summit is not None and summit > measured_to:
        summit = None
    return Law(
        between[0],
        between[1],
        between[2],
        measured_to,
        between[3],
        summit,
        1 - rest / total if total else 1.0,
    )


def _curve(parameters: tuple[float, float, float], visits: Floats) -> Floats:
    single, queueing, coherency = parameters
    found: Floats = single * visits / (1 + queueing * (visits - 1) + coherency * visits * (visits - 1))
    return found


def _least_squares(visits: Floats, throughput: Floats) -> tuple[float, float, float]:
    """λ, σ, κ, none of σ and κ below nothing: N/X = (1 + σ (N − 1) + κ N (N − 1)) / λ is linear in its coefficients."""
    inverse = visits / throughput
    columns = [np.ones_like(visits), visits - 1, visits * (visits - 1)]
    # Relative errors of the throughput are what is alike over the steps.
    weights = 1 / inverse
    for use in ((0, 1, 2), (0, 2), (0, 1), (0,)):
        matrix = np.stack([columns[i] for i in use], axis=1)
        coefficients, *_ = np.linalg.lstsq(matrix * weights[:, None], inverse * weights, rcond=None)
        by_place = dict(zip(use, coefficients.tolist(), strict=True))
        base, line, square = by_place[0], by_place.get(1, 0.0), by_place.get(2, 0.0)
        if base > 0 and line >= 0 and square >= 0:
            return 1 / base, line / base, square / base
    return float((throughput / visits).mean()), 0.0, 0.0


class Costs(NamedTuple):
    """What was measured, for the plan on paper."""

    visits_per_second: float
    """The highest rate of visits at which the levels held, of one portal process."""
    sign_ins_per_visit: float
    requests_per_visit: float
    generator_cpu_s: float
    """CPU seconds of the generator for one visit."""


class Needs(NamedTuple):
    """紙の上の計画 for some sign-ins within an hour."""

    percent: float
    holders: int
    sign_ins_per_second: float
    visits_per_second: float
    portal_processes: int
    database_writes_per_second: float
    database_nodes: int
    generators: int


class Found(NamedTuple):
    """容量の探索の結果."""

    steps: tuple[Step, ...]
    held: Step | None
    """The last step before the level broke."""
    broke: bool
    law: Law | None
    costs: Costs | None
    plans: tuple[Needs, ...]
    p99_ms: float
    """The level."""

    def lines(self) -> list[str]:
        """What was found, in Japanese."""
        found: list[str] = []
        if self.held is None:
            found.append("最初の段から水準を満たしません。--rate を小さくしてやり直してください。")
        elif not self.broke:
            found.append(
                f"毎秒 {self.held.throughput:,.1f} 件の訪問まで水準を満たし、破れるところまで行きませんでした。"
                "--rate を大きくしてやり直してください。"
            )
        else:
            found.append(
                f"水準（p99 {self.p99_ms:,.0f} ms）を満たしたのは、毎秒 {self.held.throughput:,.1f} 件の訪問までです。"
            )
        law = self.law
        if law is None:
            found.append(f"釣り合った段が{STEPS_LEAST}つに足りないので、普遍拡張則は当てはめません。")
        else:
            found.append(
                f"普遍拡張則: λ {_between(law.single)} 件/秒、σ {_between(law.queueing)}、κ {_between(law.coherency)}"
                f"（{CONFIDENCE:.0%} 区間、R² {law.r_squared:.3f}）"
            )
            found.append(
                f"測った範囲（同時に {law.measured_to:,.1f} 件まで）での最大は毎秒 {_between(law.highest)} 件。"
                + (
                    f"同時に {law.peak_at:,.1f} 件を超えると下がります。"
                    if law.peak_at is not None
                    else "頂点は測った範囲にありません。その先は言えません。"
                )
            )
        if self.costs is not None and self.costs.sign_ins_per_visit <= 0:
            found.append("ログインしない行程なので、1時間のログイン数からの計画は立てられません。")
            return found
        for plan in self.plans:
            found.append(
                f"紙の上の計画: 保有者の{plan.percent:g} %（{plan.holders:,}人）が1時間に来るなら、ログイン毎秒 "
                f"{plan.sign_ins_per_second:,.0f}、訪問毎秒 {plan.visits_per_second:,.0f} → ポータル {plan.portal_processes:,} プロセス、"
                f"データベース {plan.database_nodes:,} ノード（書き込み毎秒 {plan.database_writes_per_second:,.0f}）、"
                f"負荷をかける側 {plan.generators:,} プロセス"
            )
        if self.plans:
            found.append(
                f"  前提: プロセスは{UTILISATION:.0%}まで使い、増やした分だけ増える（ここでは測っていません）。訪問1回の書き込みを"
                f"{WRITES_PER_VISIT:g}回、データベース1ノードを毎秒{WRITES_PER_NODE:,.0f}回と仮定。1時間に均等に来るとした値で、山はこの何倍にもなります。"
            )
        return found


def _between(value: Between) -> str:
    return f"{value.value:.3g}［{value.low:.3g}, {value.high:.3g}］"


CARD_HOLDERS = 100_029_804
"""保有枚数, 2025-12-03 (DOMAIN.md 8)."""
WRITES_PER_VISIT = 6.0
"""Durable writes of a visit of the disclosure journey: session, account or its use, two requests with their answers,
reading, signing out. Counted in the code, not measured here."""
WRITES_PER_NODE = 8_000.0
"""Durable writes a second of one database node at half its measured group-commit rate on a small machine: assumed."""


def needs(percent: float, costs: Costs) -> Needs:
    """For *percent* of all card holders within an hour, evenly. Processes are assumed to add up; that is not measured here."""
    holders = round(CARD_HOLDERS * percent / 100)
    sign_ins = holders / 3600
    visits = sign_ins / max(costs.sign_ins_per_visit, 1e-9)
    writes = visits * WRITES_PER_VISIT
    return Needs(
        percent,
        holders,
        sign_ins,
        visits,
        ceil(visits / (costs.visits_per_second * UTILISATION)),
        writes,
        max(1, ceil(writes / WRITES_PER_NODE)),
        max(1, ceil(visits * costs.generator_cpu_s / UTILISATION)),
    )
