"""``mynasim simulate`` as people type it."""

import json
import signal
import subprocess
from pathlib import Path

import pytest
from running_world import command

from mynasim.simulate import tell
from scenarios.explorer import tree
from scenarios.years import running
from scenarios.years.checks import Breach
from scenarios.years.order import Order


def simulate(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("simulate", *arguments), capture_output=True, text=True, timeout=300, check=False, cwd=cwd
    )


@pytest.fixture(autouse=True)
def _the_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tree.ROOT))


def test_days_are_lived_through_and_reported(tmp_path: Path) -> None:
    done = simulate(
        "--days", "4", "--residents", "300", "--sign-ins", "0.3", "--report", "r.html", "--json", "r.json",
        cwd=tmp_path,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert "すべて守られました" in done.stdout
    assert "残り" in done.stderr
    assert "<svg" in (tmp_path / "r.html").read_text(encoding="utf-8")
    told = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert told["data"]["days"] == 4
    assert told["passed"] and not told["stopped"]
    assert told["repeat"].startswith("mynasim simulate --days 4 --residents 300 --seed 1 --sign-ins 0.3")
    assert told["speed"]["factor"] > 0


def test_ctrl_c_leaves_the_report_of_the_time_until_then(tmp_path: Path) -> None:
    with subprocess.Popen(
        command("simulate", "--years", "15", "--residents", "300", "--json", "r.json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as process:
        assert process.stderr is not None
        assert "残り" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=120)

    assert process.returncode == 130, out
    assert "途中で止めました" in out
    assert "途中まで" in (tmp_path / "simulate.html").read_text(encoding="utf-8")
    told = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert told["stopped"]
    assert 1 <= told["data"]["days"] < 15 * 365


def test_a_broken_invariant_is_told_with_the_line_that_repeats_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    order = Order(2, 300, seed=4, sign_ins=0.25, through=0.5)
    broken = Breach("one account for each person", "ACC-2", "one account", "two of resident 7", 0)
    outcome = running.run(order)._replace(breach=broken)

    code = tell(outcome, tmp_path / "r.html", tmp_path / "r.json")

    said = capsys.readouterr().out
    line = "mynasim simulate --days 2 --residents 300 --seed 4 --sign-ins 0.25 --through 0.5 --commit"
    assert code == 1
    assert "two of resident 7" in said and f"{line} {tree.commit()}" in said
    assert line in (tmp_path / "r.html").read_text(encoding="utf-8")
    told = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert told["breach"]["invariant"] == "one account for each person" and not told["passed"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "どれか一つ"),
        (("--years", "1", "--days", "3"), "どれか一つ"),
        (("--years", "0"), "0より大きく"),
        (("--years", "-2"), "0より大きく"),
        (("--years", "nan"), "0より大きく"),
        (("--years", "21"), "20年"),
        (("--days", "3", "--residents", "0"), "1人以上"),
        (("--days", "3", "--residents", "200000000"), "いちばん大きな市"),
        (("--days", "3", "--municipality", "131016", "--residents", "100000"), "千代田区"),
        (("--days", "3", "--municipality", "999999"), "999999"),
        (("--days", "3", "--sign-ins", "many"), "読めません"),
        (("--days", "3", "--sign-ins", "-1"), "ログインの回数"),
        (("--days", "3", "--sign-ins", "nan"), "ログインの回数"),
        (("--days", "3", "--inquiries", "some"), "照会の流れ"),
        (("--days", "3", "--through", "2"), "0から1"),
        (("--days", "3", "--server-profile", "x"), "server-profile"),
        (("--days", "3", "--report", "/nowhere/r.html"), "書けません"),
        (("--days", "3", "--json", "/nowhere/r.json"), "書けません"),
        (("--days", "3", "--commit", "0123456789ab"), "版"),
    ],
)
def test_what_can_not_be_done_is_said_before_anything_runs(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    done = simulate(*arguments, cwd=tmp_path)

    assert done.returncode == 2, done.stdout
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
