"""``mynasim explore`` and ``mynasim trigger`` as people type them."""

import json
import subprocess
from pathlib import Path

import pytest
from running_world import command, up

from scenarios.explorer import tree


def explore(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("explore", *arguments), capture_output=True, text=True, timeout=110, check=False, cwd=cwd
    )


@pytest.fixture(autouse=True)
def _the_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tree.ROOT))


def test_many_seeds_over_two_processes_come_to_the_same_as_over_one(tmp_path: Path) -> None:
    told = []
    for processes in ("1", "2"):
        done = explore("--seeds", "8", "--processes", processes, "--json", cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        told.append(json.loads(done.stdout.splitlines()[-1]))

    assert told[0]["seeds"] == told[1]["seeds"] == 8
    assert told[0]["reached"] == told[1]["reached"]
    assert told[0]["messages"] == told[1]["messages"]
    assert told[0]["clean"] == 8


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--seed", "1", "--seeds", "3"), "どれか一つ"),
        (("--shrink",), "--seed か --case"),
        (("--seed", "-1"), "0以上"),
        (("--seeds", "0"), "1以上"),
        (("--case", "nowhere.json"), "読めません"),
        (("--seed", "1", "--commit", "0123456789ab"), "版"),
        (("--seed", "1", "--trace", "/proc/nowhere/x"), "書けません"),
    ],
)
def test_what_can_not_be_done_is_said(arguments: tuple[str, ...], words: str, tmp_path: Path) -> None:
    done = explore(*arguments, cwd=tmp_path)

    assert done.returncode == 2, done.stdout
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_commit_that_is_printed_is_accepted(tmp_path: Path) -> None:
    assert explore("--seed", "1", "--commit", tree.commit(), cwd=tmp_path).returncode == 0


def _trigger(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("trigger", *arguments, "--state", str(state)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_fault_on_a_running_world_begins_and_ends(tmp_path: Path) -> None:
    with up(tmp_path):
        stopped = _trigger(tmp_path, "stopped", "--system", "jpki", "--json")
        ended = _trigger(tmp_path, "stopped", "--system", "jpki", "--end")
        area = _trigger(tmp_path, "cut-off", "--prefecture", "47", "--json")
        wrong = _trigger(tmp_path, "loss")
        incomplete = _trigger(tmp_path, "stopped")

    assert stopped.returncode == 0, stopped.stderr
    assert json.loads(stopped.stdout) == {"fault": "stopped", "ended": False, "orders": 1}
    assert ended.returncode == 0, ended.stderr
    assert json.loads(area.stdout)["orders"] > 40
    assert (wrong.returncode, incomplete.returncode) == (2, 2)
    assert "模擬時間の中だけ" in wrong.stderr
    assert "足りない" in incomplete.stderr


def test_without_a_running_world_it_is_said(tmp_path: Path) -> None:
    done = _trigger(tmp_path, "late")

    assert done.returncode == 2
    assert "動いていません" in done.stderr
