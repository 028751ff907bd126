"""What a run is judged by and told as: levels, exit codes, JUnit, the page, comparison."""

import html.parser
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from measured import a_report, about_run, levels_in

from load.measuring import REQUEST, Report, merged
from load.report import junit, page
from load.report.comparing import differences
from load.result import Exit, Result, read, save
from load.watching import GeneratorLimits

# Levels and exit codes


def test_all_held(tmp_path: Path) -> None:
    result = Result(about_run(), a_report(), levels_in(tmp_path))

    assert [finding.holds for finding in result.findings] == [True] * 5
    assert result.exit_code is Exit.HELD


@pytest.mark.parametrize(
    ("report", "broken"),
    [
        (a_report(slow=3), "手順 sign_in p99"),
        (a_report(slow=7), "行程 自分の情報を見る p99"),
        (a_report(failing=5), "全体 失敗"),
        (a_report(dropped=1), "全体 始められなかった開始"),
    ],
    ids=["step", "journey", "errors", "dropped"],
)
def test_a_broken_level_is_exit_code_1(tmp_path: Path, report: Report, broken: str) -> None:
    result = Result(about_run(), report, levels_in(tmp_path))

    assert result.exit_code is Exit.BROKEN == 1
    assert any(complaint.startswith(broken) for complaint in result.complaints), result.complaints


def test_latency_counts_from_the_intended_start(tmp_path: Path) -> None:
    """What was quick once it was sent, but sent late, breaks the level."""
    report = a_report()
    for _ in range(5):
        report.steps["disclosure", REQUEST, "sign_in"].intended.record(900_000)
    result = Result(about_run(), report, levels_in(tmp_path))

    assert [finding.subject for finding in result.findings if not finding.holds] == ["手順 sign_in"]


def test_a_level_of_what_never_happened_does_not_hold(tmp_path: Path) -> None:
    levels = levels_in(tmp_path, "[steps.sign_out]\np99_ms = 100\n")

    (finding,) = Result(about_run(), a_report(), levels).findings
    assert finding.found is None and not finding.holds
    assert "一度もなかった" in finding.text


def test_without_levels_failures_and_drops_are_exit_code_1() -> None:
    assert Result(about_run(), a_report()).exit_code is Exit.HELD
    assert Result(about_run(), a_report(failing=1)).exit_code is Exit.BROKEN
    assert Result(about_run(), a_report(dropped=1)).exit_code is Exit.BROKEN
    assert Result(about_run(), Report()).exit_code is Exit.BROKEN


@pytest.mark.parametrize("what", ["lag", "delay", "cpu"])
def test_a_generator_that_was_the_bottleneck_makes_the_run_invalid(what: str) -> None:
    report = a_report(failing=5)  # also when something broke: nobody knows whose fault it was
    watched = report.watched[0]
    if what == "cpu":
        watched.seconds, watched.spent = 10.0, 9.5
    else:
        for _ in range(100):
            getattr(watched, what).record(150_000)
    result = Result(about_run(), report)

    assert result.exit_code is Exit.INVALID == 3
    assert len(result.spoiled) == 1


def test_one_bad_worker_of_several_is_enough_and_so_is_a_lost_one() -> None:
    good, bad = a_report(), a_report()
    bad.watched[0].seconds, bad.watched[0].spent = 10.0, 9.9

    assert Result(about_run(), merged([good, bad])).exit_code is Exit.INVALID
    assert Result(about_run(), merged([good, good])).exit_code is Exit.HELD
    assert Result(about_run(), good, missing=1).exit_code is Exit.INVALID


def test_generator_limits_can_be_set(tmp_path: Path) -> None:
    assert levels_in(tmp_path).generator == GeneratorLimits(cpu_percent=80)


# What is written


def test_junit_has_a_case_for_each_level(tmp_path: Path) -> None:
    junit.write(Result(about_run(), a_report(slow=3), levels_in(tmp_path)), tmp_path / "j.xml")

    suite = ET.parse(tmp_path / "j.xml").getroot()[0]
    assert suite.attrib["tests"] == str(len(suite)) == "7"
    assert suite.attrib["failures"] == "1" and suite.attrib["errors"] == "0"
    (failed,) = [case.attrib["name"] for case in suite if case.find("failure") is not None]
    assert failed == "手順 sign_in p99_ms <= 50"


def test_junit_of_an_invalid_run_has_errors_not_failures(tmp_path: Path) -> None:
    junit.write(Result(about_run(), a_report(slow=3), levels_in(tmp_path), missing=1), tmp_path / "j.xml")

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
    report = a_report(slow=3, failing=2, dropped=3)
    text = page.page(
        Result(about_run(title="試し <b>"), report, levels_in(tmp_path)), Result(about_run(), a_report())
    )
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
    read_back = _read_page(page.page(Result(about_run(model="closed", profile=""), Report())))

    assert read_back.open == []
    assert "一度も訪問が終わりませんでした" in "".join(read_back.text)


def test_a_result_that_was_saved_can_be_compared(tmp_path: Path) -> None:
    save(Result(about_run(), a_report()), tmp_path / "run.json")
    before = read(tmp_path / "run.json")
    now = a_report(slow=2)

    assert before.report.encode() == a_report().encode() | {"watched": before.report.encode()["watched"]}
    by_name = {each.name: each for each in differences(before.report, now)}
    assert by_name["sign_in p50"].worse and by_name["sign_in p50"].change > 0.5
    assert by_name["要求（毎秒）"].change == 0


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"mynasim_load": 9}', "\x00", '{"mynasim_load": 1}'])
def test_what_is_no_result_is_said(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)

    with pytest.raises(ValueError, match=r"run\.json は"):
        read(tmp_path / "run.json")
