"""Capacity: the law fits what follows it, says how sure it is, and nothing beyond what was measured."""

import numpy as np
import pytest

from load.capacity import CARD_HOLDERS, Costs, Found, Step, fit, needs
from load.capacity_steps import GROWTH, STEPS, Bounds, profile_text, rates, steps_of
from load.levels import Level, Levels
from load.measuring import Report
from load.plan import Plan
from load.profile_file import load_profile


def _steps(
    single: float, queueing: float, coherency: float, noise: float = 0.0, to: int = 40, seed: int = 3
) -> list[Step]:
    chance = np.random.default_rng(seed)
    found = []
    for visits in np.linspace(1, to, 10):
        rate = single * visits / (1 + queueing * (visits - 1) + coherency * visits * (visits - 1))
        rate *= 1 + noise * chance.standard_normal()
        found.append(Step(rate, 10, rate, visits, visits / rate, 100, 0, 0, True))
    return found


def test_the_law_is_found_again() -> None:
    law = fit(_steps(50, 0.05, 0.002))

    assert law is not None
    assert law.single.value == pytest.approx(50, rel=1e-6)
    assert law.queueing.value == pytest.approx(0.05, rel=1e-6)
    assert law.coherency.value == pytest.approx(0.002, rel=1e-6)
    assert law.peak_at == pytest.approx(((1 - 0.05) / 0.002) ** 0.5, rel=1e-3)
    assert law.r_squared == pytest.approx(1)


def test_with_noise_the_truth_mostly_lies_within_the_interval_and_the_interval_is_not_everything() -> None:
    highest = max(50 * n / (1 + 0.05 * (n - 1) + 0.002 * n * (n - 1)) for n in np.linspace(1, 40, 200))
    within = 0
    for seed in range(20):
        law = fit(_steps(50, 0.05, 0.002, noise=0.03, seed=seed))
        assert law is not None
        within += law.single.low < 50 < law.single.high and law.highest.low <= highest <= law.highest.high
        assert law.highest.high / law.highest.low < 1.3

    # 95 % are meant; with ten points a bootstrap reaches somewhat less, and both must hold at once.
    assert within >= 15


def test_nothing_is_said_beyond_what_was_measured() -> None:
    law = fit(_steps(50, 0.01, 0.0001, to=10))  # its summit is at 99 visits

    assert law is not None
    assert law.peak_at is None
    assert law.at(10) > law.at(5)
    with pytest.raises(ValueError, match="それより先は言えません"):
        law.at(11)
    assert any("その先は言えません" in line for line in Found((), None, True, law, None, (), 1.0).lines())


def test_steps_out_of_balance_do_not_count_and_too_few_are_too_few() -> None:
    steps = _steps(50, 0.05, 0.002)
    wrong = [step._replace(under_way=step.under_way * 2) for step in steps]

    assert steps[0].little_percent == pytest.approx(0, abs=1e-9)
    assert wrong[0].little_percent == pytest.approx(50)
    assert fit(wrong) is None
    assert fit(steps[:3]) is None
    assert fit([*steps[:3], *wrong[3:]]) is None


def test_the_plan_on_paper() -> None:
    """DOMAIN.md 8: 1 % of the holders within an hour are 278 sign-ins a second, 5 % are 1,390."""
    costs = Costs(visits_per_second=70, sign_ins_per_visit=1.0, requests_per_visit=8, generator_cpu_s=0.004)

    one, five = needs(1, costs), needs(5, costs)
    assert one.holders == round(CARD_HOLDERS / 100)
    assert round(one.sign_ins_per_second) == 278
    assert round(five.sign_ins_per_second / 10) * 10 == 1390
    assert one.portal_processes == 6  # 278 of 49 each
    assert five.portal_processes == 29
    assert five.generators == 8
    assert needs(1, costs._replace(sign_ins_per_visit=0.5)).portal_processes == 12


def test_the_staircase_is_a_profile_and_its_steps_are_read_off_the_timeline(tmp_path) -> None:
    path = tmp_path / "stairs.toml"
    path.write_text(profile_text(100.0, 60, [("sign_in_only", 1.0)]), encoding="utf-8")
    plan = Plan(load_profile(path), 1, 100.0, 50.0)
    assert [plan.curve.per_second(5 * step + 1) for step in range(STEPS)] == pytest.approx(rates(100.0))
    assert rates(100.0)[-1] / rates(100.0)[-2] == pytest.approx(GROWTH)

    report = Report()
    report.end(report.began + 50)
    for start in plan.starts():
        window = report.timeline.at(start.at_s)
        window.due += 1
        if start.at_s > 45:
            window.dropped += 1
            continue
        window.made += 1
        window.journeys.record(200_000)
        window.visit_s += 0.2
        report.timeline.spread(start.at_s, start.at_s + 0.2)
    steps = steps_of(report, 100.0, 5.0, Bounds())

    assert len(steps) == STEPS
    assert [step.holds for step in steps] == [True] * 9 + [False]
    for step in steps[:9]:
        assert step.throughput == pytest.approx(step.offered, rel=0.1)
        assert step.under_way == pytest.approx(step.throughput * 0.2, rel=0.1)
        assert step.is_balanced and step.is_carried


def test_what_piles_up_is_not_carried() -> None:
    report = Report()
    report.end(report.began + 50)
    for second in range(50):
        window = report.timeline.at(second)
        window.made = window.due = 100
        for _ in range(60):
            window.journeys.record(100_000)

    steps = steps_of(report, 100.0, 5.0, Bounds())
    assert all(step.holds and not step.is_carried for step in steps)


def test_the_bounds_are_the_strictest_level() -> None:
    levels = Levels(
        (
            Level("journey", "disclosure", "p99_ms", 900.0),
            Level("journey", "*", "p99_ms", 1500.0),
            Level("run", "", "errors_percent", 0.2),
        )
    )

    assert Bounds.of(levels) == Bounds(900.0, 0.2, 1.0)
    assert Bounds.of(Levels()) == Bounds()
