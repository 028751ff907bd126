"""Planned arrivals with the real Locust: several workers, faults, files, exit codes; a journey that is one file."""

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from running import PATIENT, ROOT, World, ended, start_load

from load.measuring import JOURNEY, LATE, REQUEST
from load.plan import Plan
from load.profile_file import find_profile
from load.result import read
from mynasim.load import load
from mynasim.load_world import LoadFailed

pytestmark = pytest.mark.real_client("locust")

DAY = """
title = "試験の日"
arrivals = "poisson"
think = 0.0
[[points]]
at = "9:00"
share = 1.0
[[points]]
at = "10:00"
share = 1.0
[[mix]]
[mix.journeys]
records = 0.3
sign_in_only = 0.5
inquiry = 0.2
[mix.terminals]
phone = 1.0
[[faults]]
from = "9:15"
to = "9:30"
system = "network"
mode = "late"
late_seconds = 1
title = "後日回答"
"""
LEVELS = """
[run]
errors_percent = 0
dropped_percent = 0
[journeys."*"]
p99_ms = 60000
[late."records.late_answer"]
max_ms = 30000
[generator]
cpu_percent = 1000
loop_p99_ms = 100000
lag_p99_ms = 100000
"""


@pytest.mark.requirement("REC-2", "REC-3", "ACC-1")
def test_two_workers_do_a_day_with_faults_and_all_of_it_is_told(world: World, tmp_path: Path) -> None:
    day, sla = tmp_path / "day.toml", tmp_path / "sla.toml"
    day.write_text(DAY, encoding="utf-8")
    sla.write_text(LEVELS, encoding="utf-8")
    files = {name: str(tmp_path / f"out.{name}") for name in ("report", "junit", "save")}
    code, out, err = ended(
        start_load(
            host=world.portal, world=str(world.state), systems=world.systems, profile=str(day), rate=10.0,
            duration=6.0, seed=7, sign_ahead=6, processes=2, sla=str(sla), json=True, **files,
        )
    )  # fmt: skip

    assert code == 0, (out, err)
    told = json.loads(out)
    # Exactly what one process would have started, of each journey, and nobody was left out.
    planned = list(Plan(find_profile(str(day)), 7, 10.0, 6.0).starts())
    assert told["starts"]["due"] == told["starts"]["made"] == len(planned)
    report = read(Path(files["save"])).report
    for name in ("records", "sign_in_only", "inquiry"):
        wanted = sum(start.journey == name for start in planned)
        assert report.steps[name, JOURNEY, name].intended.count == wanted > 0
    assert len(report.watched) == 2
    assert sum(window.due for _, window in report.timeline.windows()) == len(planned)
    # Half of the signatures that were to be made ahead by each worker were used and none made twice.
    signers = sum(start.journey != "inquiry" for start in planned)
    assert told["signed_ahead"] == 12
    assert told["signed"] + told["signed_ahead"] == signers
    # Requests of the portal say where their time went; the inquiries went to the municipalities' servers.
    assert report.steps["records", REQUEST, "records.request"].split.means_us()["network"] > 0
    assert ("inquiry", REQUEST, "intermediate.make_inquiry") in report.steps
    # The fault happened when the day says: from 1.5 s to 3 s, and answers came late.
    (mark,) = report.marks
    assert mark.title == "後日回答" and 1.5 <= mark.from_s <= mark.to_s
    assert any(name == "records.late_answer" for _, _, name in report.steps)
    page = Path(files["report"]).read_text(encoding="utf-8")
    assert "試験の日" in page and "合格" in page and "後日回答" in page
    assert ET.parse(files["junit"]).getroot()[0].attrib["failures"] == "0"


@pytest.mark.requirement("NOT-1", "NOT-4", "ACC-4", "FAQ-2")
def test_a_day_of_notices_questionnaires_mails_and_questions(world: World, tmp_path: Path) -> None:
    sla, saved = tmp_path / "sla.toml", tmp_path / "out.save"
    sla.write_text(LEVELS.replace("records.late_answer", "notices.arrival"), encoding="utf-8")
    code, out, err = ended(
        start_load(
            host=world.portal, world=str(world.state), systems=world.systems, profile="notice_day", think=0.0,
            rate=5.0, duration=8.0, seed=5, sla=str(sla), json=True, save=str(saved),
        )
    )  # fmt: skip

    assert code == 0, (out, err)
    report = read(saved).report
    for journey, operation in (
        ("notice", "notices.open"),
        ("questionnaire", "notices.answer"),
        ("account", "account.confirm_mail"),
        ("question", "inquiries.send"),
        ("proxy", "proxies.act"),
    ):
        whole = report.steps[journey, JOURNEY, journey]
        assert whole.intended.count > 0 and whole.failed == 0, (journey, report.steps)
        step = report.steps[journey, REQUEST, operation]
        assert step.failed == 0, (journey, step.failures)
    assert report.steps["notice", LATE, "notices.arrival"].failed == 0
    assert report.steps["account", LATE, "account.code_mail"].failed == 0


def test_the_table_of_a_closed_run_and_exit_code_3_when_the_generator_was_the_bottleneck(
    world: World, tmp_path: Path
) -> None:
    sla = tmp_path / "sla.toml"
    sla.write_text("[generator]\ncpu_percent = 0.001\n")
    code, out, err = ended(
        start_load(host=world.portal, users=2, duration=2, seed=3, residents=1, pause=0.1, sla=str(sla))
    )

    assert code == 3, err
    assert "無効" in out and "CPU" in out
    assert "自分の情報を見る" in out and "失敗 0 件" in out
    for name in ("sign_in", "records.read", "self_information.read", "card.sign", "sign_out"):
        assert name in out


def test_a_search_for_capacity_tells_its_steps_the_law_and_a_plan(world: World, tmp_path: Path) -> None:
    report = tmp_path / "capacity.html"
    code, out, err = ended(
        start_load(
            host=world.portal, find_capacity=True, rate=20.0, duration=10.0, journey="sign_in_only", users=60,
            residents=50, report=str(report), json=True,
        )
    )  # fmt: skip

    assert code in (0, 1), err  # 1 where this machine is so loaded that the first step breaks
    told = json.loads(out)
    offered = [step["offered"] for step in told["steps"]]
    assert offered == sorted(offered) and len(offered) >= 1
    assert offered[0] == pytest.approx(20 / 1.35**9)
    for step in told["steps"]:
        assert step["throughput"] >= 0 and step["little_percent"] >= 0
    assert [plan["percent"] for plan in told["plan"]] == ([1.0, 5.0] if told["held"] else [])
    page = report.read_text(encoding="utf-8")
    assert "容量" in page and "普遍拡張則" in page


def test_lines_are_bounded_and_what_nobody_could_start_is_dropped(world: World) -> None:
    # A visit with its pauses takes some three seconds, and there are two lines for twenty visits.
    code, out, err = ended(
        start_load(
            host=world.portal, rate=10.0, duration=2.0, users=2, think=0.1, journey="sign_in_only", residents=20, json=True
        )
    )  # fmt: skip

    told = json.loads(out)
    assert code == 1, err
    starts = told["starts"]
    assert starts["due"] > 10
    assert starts["made"] + sum(starts["dropped"].values()) == starts["due"]
    assert sum(starts["dropped"].values()) > 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"profile": "no_such_day"}, "usual_day"),
        ({"rate": 0}, "--rate は0より大きく"),
        ({"rate": -3.0}, "--rate は0より大きく"),
        ({"rate": float("nan")}, "--rate は0より大きく"),
        ({"profile": "constant", "duration": 0}, "--duration"),
        ({"profile": "constant", "journey": "nowhere"}, "disclosure"),
        ({"rate": 1e6, "duration": 86400.0}, "予定が多すぎます"),
        ({"sign_ahead": 5}, "--rate"),
        ({"rate": 1.0, "think": -1.0}, "--think"),
        ({"rate": 1.0, "report": Path("/nowhere/x.html")}, "/nowhere"),
        ({"rate": 1.0, "compare": ROOT / "pyproject.toml"}, "--save"),
        ({"rate": 1.0, "sla": ROOT / "pyproject.toml"}, "行目"),
        ({"rate": 1.0, "sla": Path("/nowhere/sla.toml")}, "読めません"),
        ({"rate": 1.0, "processes": 0}, "--processes"),
        ({"find_capacity": True, "duration": 3.0}, "--duration"),
    ],
)
def test_what_cannot_be_planned_is_said_before_anything_is_started(
    options: dict[str, Any], said: str
) -> None:
    with pytest.raises(LoadFailed) as refused:
        load(host="http://127.0.0.1:9", **options)

    assert said in str(refused.value)


def test_at_the_command_line_a_refusal_is_one_message_and_exit_code_2() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mynasim", "load", "--host", "http://127.0.0.1:9", "--profile", "no_such_day"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.startswith("mynasim: プロファイル「no_such_day」はありません")
    assert "Traceback" not in done.stderr


def test_faults_without_the_worlds_folder_are_refused(world: World) -> None:
    code, _, err = ended(start_load(host=world.portal, profile="power_cut"))

    assert code != 0
    assert "LoadFailed: プロファイル「power_cut」は障害を起こします" in err
    assert "--world" in err and "--no-faults" in err


def test_plain_locust_with_master_and_worker_writes_the_same_files(world: World, tmp_path: Path) -> None:
    """As on several machines: a master and a worker that were started apart."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    locust = [sys.executable, "-m", "locust", "-f", "load/locustfile.py", "--seed", "4"]
    worker = subprocess.Popen(
        [*locust, "--worker", "--master-port", port],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        master = subprocess.run(
            [
                *locust, "--host", world.portal, "--master", "--master-bind-port", port, "--expect-workers", "1",
                "--headless", "--users", "5", "--spawn-rate", "5", "--only-summary", "--plan", "constant",
                "--rate", "6", "--seconds", "2", "--only", "sign_in_only", "--sla", PATIENT,
                "--report", str(tmp_path / "r.html"), "--save", str(tmp_path / "r.json"),
                "--csv", str(tmp_path / "run"), "SignInOnly",
            ],
            cwd=ROOT, capture_output=True, text=True, timeout=90, check=False,
        )  # fmt: skip
        assert master.returncode == 0, master.stderr
    finally:
        worker.terminate()
        said = worker.communicate(timeout=30)[1]

    result = read(tmp_path / "r.json")
    whole = result.report.steps["sign_in_only", JOURNEY, "sign_in_only"]
    assert whole.intended.count == result.report.starts.made == result.report.starts.due > 5, said
    assert "ログインだけ" in (tmp_path / "r.html").read_text(encoding="utf-8")
    # Locust's own statistics counted the same requests.
    lines = (tmp_path / "run_stats.csv").read_text().splitlines()
    counted = {line.split(",")[1]: int(line.split(",")[2]) for line in lines[1:-1]}
    assert counted["sign_in"] == whole.histogram.count


def test_a_new_journey_is_one_file(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The very text of docs/load.md."""
    text = (ROOT / "docs" / "load.md").read_text(encoding="utf-8")
    code = text.partition("```python\n")[2].partition("```")[0]
    (tmp_path / "health_check.py").write_text(code, encoding="utf-8")
    monkeypatch.setenv("MYNASIM_LOAD_JOURNEYS", str(tmp_path))
    exit_code, out, err = ended(
        start_load(
            host=world.portal, journey="health_check", users=1, duration=1, residents=1, pause=0.1, json=True
        )
    )

    assert exit_code == 0, err
    assert {step["name"] for step in json.loads(out)["steps"]} == {"health_check", "portal.health"}
