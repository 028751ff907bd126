"""A run that was measured, made by hand."""

from pathlib import Path

from load.levels import Levels, load_levels
from load.measuring import CARD, JOURNEY, LATE, REQUEST, Mark, Report
from load.result import About
from load.traces import Span, Traces

LEVELS = """
[run]
errors_percent = 10
dropped_percent = 1

[journeys."*"]
p99_ms = 3000

[steps.sign_in]
p99_ms = 50

[late."records.late_answer"]
max_ms = 20000

[generator]
cpu_percent = 80
"""


def about_run(**more) -> About:
    known = {
        "title": "試し", "host": "http://127.0.0.1:1", "model": "open", "began_at": "2026-11-23T10:00:00+09:00",
        "seconds": 10.0, "users": 5, "processes": 1, "seed": 1, "nation": 1, "profile": "constant",
        "arrivals": "poisson", "peak": 2.0, "national_peak": 278.0, "card_keys": 64, "clock": ("09:00", "10:00"),
    }  # fmt: skip
    return About(**{**known, **more})


def a_report(*, slow: float = 1.0, failing: int = 0, dropped: int = 0) -> Report:
    report = Report()
    report.end(report.began + 10)
    for number in range(20):
        report.starts.due += 1
        report.starts.made += 1
        at = number / 2
        window = report.timeline.at(at)
        window.due += 1
        window.made += 1
        for name, seconds in (("sign_in", 0.02), ("records.request", 0.1)):
            step = report.step("disclosure", REQUEST, name)
            failed = number < failing and name == "records.request"
            step.record(seconds * slow, "overloaded" if failed else None)
            step.intended.record(int((seconds * slow + 0.01) * 1e6))
            step.split.add(int(10_000 * slow), 5_000, 2_000)
            window.requests.record(int(seconds * slow * 1e6))
            window.failures += failed
        whole = report.step("disclosure", JOURNEY, "disclosure")
        whole.record(0.5 * slow, None)
        whole.intended.record(int(0.51 * slow * 1e6))
        window.journeys.record(int(0.51 * slow * 1e6))
    for _ in range(dropped):
        report.starts.due += 1
        report.starts.drop("空いている接続がなかった")
    report.record(CARD, "card.sign", 0.0005, None, "disclosure")
    report.record(LATE, "records.late_answer", 12.0, None, "disclosure")
    spans = [
        Span(REQUEST, "sign_in.challenge", 0, 2_000, 500, 0, 0, False),
        Span(CARD, "card.sign", 2_000, 600, 0, 0, 0, False),
        Span(REQUEST, "records.request", 4_000, 90_000, 20_000, 40_000, 25_000, True),
        *(Span(REQUEST, "records.view", 600_000 * (n + 1), 900, 300, 0, 0, False) for n in range(9)),
    ]
    report.traces["disclosure"] = Traces()
    for took in (500_000, 700_000, 9_000_000):
        report.traces["disclosure"].add(took, spans)
    report.marks.append(Mark(2.0, 6.0, "停止 <&>"))
    return report


def levels_in(tmp_path: Path, text: str = LEVELS) -> Levels:
    path = tmp_path / "sla.toml"
    path.write_text(text, encoding="utf-8")
    return load_levels(path)
