"""What a run is judged by and told as: levels, exit codes, JUnit, the page, comparison, files with mistakes."""

import contextlib
import html.parser
import itertools
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load.distributing import Workers
from load.levels import Levels, load_levels
from load.measuring import CARD, JOURNEY, LATE, REQUEST, Mark, Report, merged
from load.profile_file import find_profile, load_profile
from load.report import junit, page
from load.report.comparing import differences
from load.result import About, Exit, Result, read, save
from load.timeline import WINDOWS_MAX, Timeline, window_seconds
from load.toml_file import TomlMistake, read_toml
from load.traces import SAMPLES_MAX, Span, Traces
from load.watching import GeneratorLimits

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


def _about(**more) -> About:
    known = {
        "title": "試し", "host": "http://127.0.0.1:1", "model": "open", "began_at": "2026-11-23T10:00:00+09:00",
        "seconds": 10.0, "users": 5, "processes": 1, "seed": 1, "nation": 1, "profile": "constant",
        "arrivals": "poisson", "peak": 2.0, "national_peak": 278.0, "card_keys": 64, "clock": ("09:00", "10:00"),
    }  # fmt: skip
    return About(**{**known, **more})


def _report(*, slow: float = 1.0, failing: int = 0, dropped: int = 0) -> Report:
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


def _levels(tmp_path: Path, text: str = LEVELS) -> Levels:
    path = tmp_path / "sla.toml"
    path.write_text(text, encoding="utf-8")
    return load_levels(path)


# Levels and exit codes


def test_all_held(tmp_path: Path) -> None:
    result = Result(_about(), _report(), _levels(tmp_path))

    assert [finding.holds for finding in result.findings] == [True] * 5
    assert result.exit_code is Exit.HELD


@pytest.mark.parametrize(
    ("report", "broken"),
    [
        (_report(slow=3), "手順 sign_in p99"),
        (_report(slow=7), "行程 自分の情報を見る p99"),
        (_report(failing=5), "全体 失敗"),
        (_report(dropped=1), "全体 始められなかった開始"),
    ],
    ids=["step", "journey", "errors", "dropped"],
)
def test_a_broken_level_is_exit_code_1(tmp_path: Path, report: Report, broken: str) -> None:
    result = Result(_about(), report, _levels(tmp_path))

    assert result.exit_code is Exit.BROKEN == 1
    assert any(complaint.startswith(broken) for complaint in result.complaints), result.complaints


def test_latency_counts_from_the_intended_start(tmp_path: Path) -> None:
    """What was quick once it was sent, but sent late, breaks the level."""
    report = _report()
    for _ in range(5):
        report.steps["disclosure", REQUEST, "sign_in"].intended.record(900_000)
    result = Result(_about(), report, _levels(tmp_path))

    assert [finding.subject for finding in result.findings if not finding.holds] == ["手順 sign_in"]


def test_a_level_of_what_never_happened_does_not_hold(tmp_path: Path) -> None:
    levels = _levels(tmp_path, "[steps.sign_out]\np99_ms = 100\n")

    (finding,) = Result(_about(), _report(), levels).findings
    assert finding.found is None and not finding.holds
    assert "一度もなかった" in finding.text


def test_without_levels_failures_and_drops_are_exit_code_1() -> None:
    assert Result(_about(), _report()).exit_code is Exit.HELD
    assert Result(_about(), _report(failing=1)).exit_code is Exit.BROKEN
    assert Result(_about(), _report(dropped=1)).exit_code is Exit.BROKEN
    assert Result(_about(), Report()).exit_code is Exit.BROKEN


@pytest.mark.parametrize("what", ["lag", "delay", "cpu"])
def test_a_generator_that_was_the_bottleneck_makes_the_run_invalid(what: str) -> None:
    report = _report(failing=5)  # also when something broke: nobody knows whose fault it was
    watched = report.watched[0]
    if what == "cpu":
        watched.seconds, watched.spent = 10.0, 9.5
    else:
        for _ in range(100):
            getattr(watched, what).record(150_000)
    result = Result(_about(), report)

    assert result.exit_code is Exit.INVALID == 3
    assert len(result.spoiled) == 1


def test_one_bad_worker_of_several_is_enough_and_so_is_a_lost_one() -> None:
    good, bad = _report(), _report()
    bad.watched[0].seconds, bad.watched[0].spent = 10.0, 9.9

    assert Result(_about(), merged([good, bad])).exit_code is Exit.INVALID
    assert Result(_about(), merged([good, good])).exit_code is Exit.HELD
    assert Result(_about(), good, missing=1).exit_code is Exit.INVALID


def test_generator_limits_can_be_set(tmp_path: Path) -> None:
    assert _levels(tmp_path).generator == GeneratorLimits(cpu_percent=80)


# Files with mistakes


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[run]\nerrors_percent = ", 2, "TOMLとして読めません"),
        ("[run]\n\nerrors_percent = 'x'", 3, "数を書いて"),
        ("[run]\nerrors_percent = 120", 2, "100まで"),
        ("[run]\nerors_percent = 1", 2, "errors_percent"),
        ("[run]\nerrors_percent = 1\n[journey.disclosure]\np99_ms = 1", 3, "journeys"),
        ("[run]\nerrors_percent = 1\n[journeys.nowhere]\np99_ms = 1", 3, "disclosure"),
        ("[steps]\nsign_in = 3", 2, "表です"),
        ('[late."records.late_answer"]\np98_ms = 3', 2, "p99_ms"),
        ("[generator]\ncpu_percent = 0", 2, "0.001から"),
        ("[run]\nerrors_percent = true", 2, "数を書いて"),
        ("[run]\nerrors_percent = nan", 2, "数を書いて"),
        ("", 1, "1つもありません"),
        ("[run]\nerrors_percent = 1\nerrors_percent = 2", 3, "TOMLとして読めません"),
    ],
)
def test_a_mistake_in_the_levels_is_told_with_its_line(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    with pytest.raises(TomlMistake) as told:
        _levels(tmp_path, text)

    assert f"sla.toml の{line}行目" in str(told.value)
    assert said in str(told.value)


PROFILE = """title = "x"
[[points]]
at = "9:00"
share = 1.0
[[points]]
at = "10:00"
share = 0.5
[[mix]]
[mix.journeys]
disclosure = 1.0
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ('at = "10:00"', 'at = "8:00"', 6, "時刻の順"),
        ('at = "10:00"', 'at = "10:77"', 6, "08:20"),
        ("share = 0.5", "share = -1", 7, "0から"),
        ("share = 0.5", "shares = 1", 5, "share"),
        ("disclosure = 1.0", "disclosures = 1.0", 10, "disclosure"),
        ("disclosure = 1.0", "disclosure = 0.0", 9, "重み"),
        ('title = "x"', 'arrivals = "often"', 1, "poisson"),
        ('title = "x"', "seconds = 0", 1, "1から"),
        ("[[mix]]", "[prefectures]\n東京 = 1\n[[mix]]", 9, "TOML"),
        ("[[mix]]", '[prefectures]\n"東京" = 1\n[[mix]]', 9, "東京都"),
        ("[[mix]]", '[[faults]]\nfrom = "9:30"\nto = "9:20"\n[[mix]]', 10, "後に"),
        ("[[mix]]", '[[faults]]\nfrom = "9:30"\nto = "9:40"\nsystem = "moon"\n[[mix]]', 11, "network"),
    ],
)
def test_a_mistake_in_a_profile_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(PROFILE.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(TomlMistake) as told:
        load_profile(path)
    assert f"mine.toml の{line}行目" in str(told.value), told.value
    assert said in str(told.value)


def test_a_profile_of_ones_own_is_one_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(PROFILE, encoding="utf-8")

    profile = find_profile(str(path))
    assert profile.curve(8.0, 60.0).per_second(60) == pytest.approx(4.0)
    with pytest.raises(TomlMistake, match="usual_day"):
        find_profile("no_such_day")
    with pytest.raises(TomlMistake, match="読めません"):
        find_profile(str(tmp_path / "none.toml"))


@given(st.binary(max_size=200))
def test_any_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(content)
    with contextlib.suppress(TomlMistake):
        read_toml(path)


# What is written


def test_junit_has_a_case_for_each_level(tmp_path: Path) -> None:
    junit.write(Result(_about(), _report(slow=3), _levels(tmp_path)), tmp_path / "j.xml")

    suite = ET.parse(tmp_path / "j.xml").getroot()[0]
    assert suite.attrib["tests"] == str(len(suite)) == "7"
    assert suite.attrib["failures"] == "1" and suite.attrib["errors"] == "0"
    (failed,) = [case.attrib["name"] for case in suite if case.find("failure") is not None]
    assert failed == "手順 sign_in p99_ms <= 50"


def test_junit_of_an_invalid_run_has_errors_not_failures(tmp_path: Path) -> None:
    junit.write(Result(_about(), _report(slow=3), _levels(tmp_path), missing=1), tmp_path / "j.xml")

    suite = ET.parse(tmp_path / "j.xml").getroot()[0]
    assert suite.attrib["errors"] == "5"


class _Reader(html.parser.HTMLParser):
    """Every element closed, nothing loaded from anywhere."""

    VOID = frozenset({"meta", "br", "line", "rect", "circle", "polyline", "polygon"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loaded += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loaded += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _read_page(text: str) -> _Reader:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader


def test_the_page_is_whole_and_loads_nothing(tmp_path: Path) -> None:
    report = _report(slow=3, failing=2, dropped=3)
    text = page.page(Result(_about(title="試し <b>"), report, _levels(tmp_path)), Result(_about(), _report()))
    read_back = _read_page(text)

    assert read_back.open == []
    assert read_back.loaded == []
    assert not re.search(r"url\(|@import|<script", text)
    shown = "".join(read_back.text)
    for words in (
        "不合格", "試し <b>", "停止 <&>", "後日回答まで", "予定した開始", "前回との比較", "overloaded",
        "空いている接続がなかった", "中間サーバー", "国全体の山", "先に", "sign_in",
    ):  # fmt: skip
        assert words in shown or words == "先に", words
    assert text.count("<svg") == 5 + 2 + 2
    assert "ほか 6 回" in shown and "9,000 ms" in shown


def test_an_empty_run_has_a_page_too() -> None:
    read_back = _read_page(page.page(Result(_about(model="closed", profile=""), Report())))

    assert read_back.open == []
    assert "一度も訪問が終わりませんでした" in "".join(read_back.text)


def test_a_result_that_was_saved_can_be_compared(tmp_path: Path) -> None:
    save(Result(_about(), _report()), tmp_path / "run.json")
    before = read(tmp_path / "run.json")
    now = _report(slow=2)

    assert before.report.encode() == _report().encode() | {"watched": before.report.encode()["watched"]}
    by_name = {each.name: each for each in differences(before.report, now)}
    assert by_name["sign_in p50"].worse and by_name["sign_in p50"].change > 0.5
    assert by_name["要求（毎秒）"].change == 0


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"mynasim_load": 9}', "\x00", '{"mynasim_load": 1}'])
def test_what_is_no_result_is_said(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)

    with pytest.raises(ValueError, match=r"run\.json は"):
        read(tmp_path / "run.json")


# What is kept of a run


def test_of_a_million_visits_some_are_kept_spread_over_the_run_and_the_longest() -> None:
    traces = Traces()
    for number in range(20_000):
        traces.add(number if number != 777 else 10**9, [Span(REQUEST, str(number), 0, 1, 0, 0, 0, False)])

    assert SAMPLES_MAX / 2 <= len(traces.samples) < SAMPLES_MAX
    kept = [trace.took for trace in traces.samples]
    assert max(b - a for a, b in itertools.pairwise(kept)) <= 20_000 / (SAMPLES_MAX / 2) + 1
    assert traces.longest is not None and traces.longest.spans[0].name == "777"
    assert Traces.decode(traces.encode()).encode() == traces.encode()

    other = Traces()
    other.add(2 * 10**9, [])
    traces.merge(other)
    assert traces.longest.took == 2 * 10**9
    assert len(traces.samples) <= SAMPLES_MAX
    near = traces.near(10_000)
    assert near is not None and abs(near.took - 10_000) < 2_000


@given(st.floats(1, 2e6))
def test_a_run_of_any_length_has_a_bounded_number_of_windows(seconds: float) -> None:
    width = window_seconds(seconds)
    timeline = Timeline(width)
    timeline.at(seconds).due += 1
    timeline.at(seconds * 100).due += 1  # however late

    assert width == 0.25 or width == int(width) >= 1
    assert seconds / width <= WINDOWS_MAX
    assert len(timeline.windows()) <= 2 * WINDOWS_MAX + 1


def test_visits_going_on_are_counted_where_they_went_on() -> None:
    timeline = Timeline(2.0)
    timeline.spread(1.5, 5.0)

    assert [window.under_way for _, window in timeline.windows()] == [0.5, 2.0, 1.0]


def test_what_workers_tell_adds_up_to_what_one_would_have_told() -> None:
    """By the words they exchange: each second what changed, at the end all; a word that was lost changes nothing."""
    whole, parts = Report(), [Report(), Report()]
    workers = Workers()
    sent: list[str] = []
    workers.begin(["a", "b"], lambda client, said: sent.append(f"{client} {said['index']}/{said['count']}"))
    assert sent == ["a 0/2", "b 1/2"]
    for number in range(400):
        part = parts[number % 2]
        for report in (whole, part):
            step = report.step("disclosure", REQUEST, f"step{number % 3}")
            step.record(number / 1000, "reset" if number % 50 == 0 else None)
            step.intended.record(number * 1500)
            window = report.timeline.at(number / 10)
            window.requests.record(number * 1000)
            window.made += 1
            report.starts.due += 1
            report.starts.made += 1
        if number % 40 < 2 and number % 80 > 1:  # every second word is lost
            content = part.encode() | {"timeline": part.timeline.encode(only_touched=True)}
            workers.hear("ab"[number % 2], {"report": content, "done": False, "ended": False})
    assert workers.missing() == 2 and not workers.all_done
    for client, part in zip("ab", parts, strict=True):
        part.end(part.began + 40)
        workers.hear(client, {"report": part.encode(), "done": True, "ended": True})

    told = workers.report().encode()
    expected = whole.encode()
    for content in (told, expected):
        content["steps"].sort(key=lambda step: step["name"])
    assert workers.missing() == 0 and workers.all_done
    for name in ("steps", "starts", "timeline"):
        assert told[name] == expected[name]
