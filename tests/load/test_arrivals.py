"""Planned arrivals: the curve, the plan and its division among workers, the schedule and what it drops."""

from collections import Counter
from itertools import islice, pairwise
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from load.curve import Arrivals, Curve, Point, stairs
from load.measuring import Report
from load.plan import Plan, Share, Start
from load.population import Population
from load.profile_file import find_profile, profiles
from load.schedule import AT_THE_END, NO_LINE, Schedule
from portal.wire.sign_in import Terminal
from sim.nation.nation import Nation

RATES = st.one_of(st.just(0.0), st.floats(0.01, 200))


@st.composite
def curves(draw) -> Curve:
    widths = draw(st.lists(st.one_of(st.just(0.0), st.floats(0.01, 30.0)), min_size=1, max_size=6))
    rates = draw(st.lists(RATES, min_size=len(widths) + 1, max_size=len(widths) + 1))
    at, points = 0.0, []
    for width, rate in zip([0.0, *widths], rates, strict=True):
        at += width
        points.append(Point(at, rate))
    total = sum((b.at_s - a.at_s) * (a.per_second + b.per_second) / 2 for a, b in pairwise(points))
    points += [] if total > 1 else [Point(at, 5.0), Point(at + 1.0, 5.0)]
    return Curve(points)


def _area(curve: Curve, until: float) -> float:
    """Under the curve, by another way than the code's: trapezoids between its points."""
    area = 0.0
    for a, b in zip(curve.points, curve.points[1:], strict=False):
        end = min(b.at_s, until)
        if end > a.at_s:
            slope = (b.per_second - a.per_second) / (b.at_s - a.at_s)
            area += (end - a.at_s) * (2 * a.per_second + slope * (end - a.at_s)) / 2
    return area


@settings(max_examples=60, deadline=None)
@given(curves())
def test_evenly_spaced_starts_stand_at_whole_areas(curve: Curve) -> None:
    moments = np.concatenate(list(curve.starts(Arrivals.EVEN, 1)) or [np.array([])])

    assert abs(len(moments) - curve.total) <= 0.5 + 1e-6
    assert (np.diff(moments) >= 0).all()
    for number in list(range(0, len(moments), max(1, len(moments) // 7))):
        assert _area(curve, moments[number]) == pytest.approx(number + 0.5, abs=1e-4 + curve.total * 1e-6)


@settings(max_examples=40, deadline=None)
@given(curves(), st.integers(0, 1000))
def test_poisson_starts_are_as_many_as_the_curve_says(curve: Curve, seed: int) -> None:
    count = sum(len(moments) for moments in curve.starts(Arrivals.POISSON, seed))

    # Six standard deviations: once in a thousand million.
    assert abs(count - curve.total) <= 6 * sqrt(curve.total) + 1


def test_gaps_of_a_poisson_process_are_exponential() -> None:
    moments = np.concatenate(list(Curve([Point(0, 50), Point(400, 50)]).starts(Arrivals.POISSON, 3)))
    gaps = np.sort(np.diff(moments)) * 50

    expected = 1 - np.exp(-gaps)
    found = np.arange(1, len(gaps) + 1) / len(gaps)
    assert np.abs(expected - found).max() < 1.63 / sqrt(len(gaps))  # Kolmogorov and Smirnov, 1 %


def test_nobody_starts_where_the_rate_is_nothing() -> None:
    curve = Curve([Point(0, 10), Point(5, 10), Point(5, 0), Point(20, 0), Point(20, 30), Point(21, 30)])
    moments = np.concatenate(list(curve.starts(Arrivals.POISSON, 1)))

    assert not ((moments > 5) & (moments < 20)).any()
    assert curve.per_second(5) == 0 and curve.per_second(4.9) == 10


def test_a_staircase_has_steps() -> None:
    curve = Curve(stairs(10, 50, 5, 50))

    assert [curve.per_second(at) for at in (5, 15, 25, 35, 45)] == [10, 20, 30, 40, 50]
    assert curve.total == pytest.approx(1500)


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ([], "2つ以上"),
        ([Point(1, 1), Point(2, 1)], "0秒"),
        ([Point(0, 1), Point(3, 1), Point(2, 1)], "順"),
        ([Point(0, -1), Point(2, 1)], "0以上"),
        ([Point(0, 0), Point(2, 0)], "ずっと0"),
        ([Point(0, 1e9), Point(1e9, 1e9)], "多すぎ"),
    ],
)
def test_what_is_no_curve_is_said(points: list[Point], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Curve(points)


# The plan


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(sorted(profiles())),
    st.integers(0, 2**40),
    st.integers(1, 9),
    st.floats(0.5, 60),
    st.floats(5, 60),
)
def test_so_many_workers_do_exactly_what_one_would(
    name: str, seed: int, workers: int, peak: float, seconds: float
) -> None:
    plan = Plan(find_profile(name), seed, peak, seconds)
    whole = list(plan.starts())
    shares = [
        list(Plan(find_profile(name), seed, peak, seconds).starts(Share(i, workers))) for i in range(workers)
    ]

    assert sorted(start for share in shares for start in share) == whole
    assert [start.number for start in whole] == list(range(len(whole)))
    assert all(0 <= start.at_s <= plan.seconds for start in whole)
    # And they have the same to do, within one.
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_another_seed_is_another_plan_and_the_same_is_the_same() -> None:
    def starts(seed: int) -> list[Start]:
        return list(islice(Plan(find_profile("usual_day"), seed, 50, 60).starts(), 200))

    assert starts(1) == starts(1)
    assert starts(1) != starts(2)


def test_the_mix_is_that_of_the_hour() -> None:
    profile = find_profile("usual_day")
    plan = Plan(profile, 1, 400, 240)
    by_hour: dict[bool, Counter[str]] = {False: Counter(), True: Counter()}
    terminals: dict[bool, Counter[str]] = {False: Counter(), True: Counter()}
    for start in plan.starts():
        hour = start.at_s / 10  # 240 seconds are 24 hours
        if 9 <= hour < 17 or hour < 8:
            by_hour[hour >= 9][start.journey] += 1
            terminals[hour >= 9][start.terminal] += 1

    assert terminals[False][Terminal.PUBLIC] == 0
    assert terminals[True][Terminal.PUBLIC] / terminals[True].total() == pytest.approx(0.1, abs=0.01)
    assert by_hour[True]["sign_in_only"] / by_hour[True].total() == pytest.approx(0.35, abs=0.01)
    assert by_hour[False]["sign_in_only"] / by_hour[False].total() == pytest.approx(0.15, abs=0.02)


def test_the_named_days_are_there() -> None:
    """DOMAIN.md 8: the days that went wrong, as far as they are traffic or faults of a system."""
    known = profiles()

    for name in (
        "crowded_counter", "power_cut", "benefit_opening", "pin_reset_storm", "flash_crowd", "deadline_ramp",
        "sign_in_outage", "insurance_card_day", "notice_day", "constant", "ramp", "staircase",
    ):  # fmt: skip
        assert known[name].title and known[name].what
    assert [fault.title for fault in known["sign_in_outage"].faults] == ["公的個人認証サービスの停止"]
    plan = Plan(known["sign_in_outage"], 1, None, 130.0)
    # 7:00 to 20:00 in 130 seconds: 10 seconds an hour.
    assert plan.fault_seconds() == [(pytest.approx(13.33, abs=0.01), pytest.approx(93.0))]
    assert plan.clock(0) == "07:00" and plan.clock(130) == "20:00"


# Who comes


def test_a_million_different_residents_without_a_file() -> None:
    population = Population(Nation(1), 5)

    assert population.most >= 1_000_000
    sample = {population.resident(index) for index in range(0, 1_000_000, 499)}
    assert len(sample) == len(range(0, 1_000_000, 499))


def test_some_residents_come_again_and_again() -> None:
    population = Population(Nation(1), 5, size=7)
    came = Counter(population.resident(index) for index in range(700))

    assert set(came) == set(population.residents(0, 7))
    assert min(came.values()) > 50


def test_prefectures_can_weigh_more_and_others_stay_at_home() -> None:
    nation = Nation(1)
    population = Population(nation, 5, {"31": 20.0, "13": 1.0})
    came = Counter(nation.person(population.resident(index)).municipality_code[:2] for index in range(600))

    assert set(came) == {"31", "13"}
    # 鳥取 has 0.553 million, 東京 14.05: twenty times likelier, 0.44 of all.
    assert came["31"] / 600 == pytest.approx(0.44, abs=0.08)


# The schedule


def _schedule(rate: float = 10.0, seconds: float = 10.0, late_s: float = 2.0) -> tuple[Schedule, Report]:
    report = Report()
    plan = Plan(find_profile("constant"), 1, rate, seconds)
    return Schedule(plan, Share(), report, late_s=late_s), report


def test_a_start_that_nobody_could_make_is_dropped_and_counted_in_its_window() -> None:
    schedule, report = _schedule()
    planned = list(schedule.plan.starts())

    first = schedule.take(0.0)
    assert first == planned[0]
    schedule.made(first)
    taken = schedule.take(6.0)  # the line was busy for six seconds

    assert taken is not None and taken.at_s >= 4.0
    lost = [start for start in planned[1:] if start.at_s < 4.0]
    assert report.starts.dropped == {NO_LINE: len(lost)}
    assert report.starts.waited == 1
    for second in range(4):
        dropped = sum(1 for start in lost if int(start.at_s) == second)
        assert report.timeline.at(second).dropped == dropped


def test_every_planned_start_is_accounted_for() -> None:
    schedule, report = _schedule(rate=30.0)
    planned = list(schedule.plan.starts())
    now, held = 0.0, []
    while (start := schedule.take(now)) is not None:
        # Two lines, each busy for half a second: a quarter of what comes.
        now = max(now, start.at_s) + 0.25
        held.append(start)
        schedule.made(start)
    schedule.close()

    assert report.starts.due == len(planned)
    assert report.starts.made == len(held)
    assert report.starts.made + report.starts.lost == len(planned)
    assert report.starts.lost > 0
    assert sum(window.due for _, window in report.timeline.windows()) == len(planned)
    assert schedule.idle


def test_stopped_early_what_was_not_yet_due_was_not_planned() -> None:
    schedule, report = _schedule(rate=10.0, late_s=100.0)
    planned = list(schedule.plan.starts())
    held = schedule.take(0.0)
    assert held is not None

    schedule.close(3.0)

    due = [start for start in planned if start.at_s <= 3.0]
    assert report.starts.dropped == {AT_THE_END: len(due)}
    assert report.starts.due == len(due)
    assert schedule.take(3.0) is None
