"""``--workers``: several portals at one port, watched over."""

import os
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest
from running_world import command, listens, processes_with, until, up


def _portals(state: Path) -> dict[int, int]:
    """Process by its worker's number."""
    found = {}
    for pid in processes_with(str(state)):
        try:
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            settings = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        numbers = [each for each in settings if each.startswith(b"MYNASIM_WORKER=")]
        if b"portal" in arguments and numbers:
            found[int(numbers[0].partition(b"=")[2])] = pid
    return found


def _answered(url: str) -> bool:
    """Whether a new connection had its answer, rather than being cut off."""
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=20) as answer:
            return bool(answer.status == 200)
    except ConnectionError:
        return False


@pytest.mark.real_client("PostgreSQL")
def test_who_dies_is_started_again_and_the_others_serve_on(tmp_path: Path, postgres_url: str) -> None:
    with up(tmp_path, "--store", postgres_url, "--workers", "2") as (_, told):
        url = told["portal"]
        assert sorted(_portals(tmp_path)) == [1, 2]
        # The second time its place is given up until it is back: who stood there just then is cut off, nobody waits.
        for cut_off_max in (1, 3):
            before = _portals(tmp_path)
            os.kill(before[1], signal.SIGKILL)
            until(lambda before=before: _portals(tmp_path).get(1) != before[1])
            answered = [_answered(url) for _ in range(20)]
            assert answered.count(False) <= cut_off_max
            until(lambda before=before: _portals(tmp_path).get(1) not in (None, before[1]))
            assert _portals(tmp_path)[2] == before[2]
        assert all(_answered(url) for _ in range(20))
        assert {"portal-1.log", "portal-2.log"} <= {path.name for path in tmp_path.iterdir()}
    until(lambda: _portals(tmp_path) == {})
    assert not listens(url)


@pytest.mark.real_client("PostgreSQL")
def test_no_worker_outlives_a_killed_up(tmp_path: Path, postgres_url: str) -> None:
    with up(tmp_path, "--store", postgres_url, "--workers", "2") as (process, _):
        process.kill()
        process.wait()
        until(lambda: processes_with(str(tmp_path)) == [])


def test_a_database_that_is_not_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    nowhere = "postgresql://mynasim:secret@127.0.0.1:1/portal"
    done = subprocess.run(
        command("up", "--state", str(tmp_path), "--store", nowhere),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MYNASIM_PORTAL__PORT": "0"},
    )
    assert done.returncode == 2
    assert "127.0.0.1、ポート1、データベース portal" in done.stderr
    assert "確かめてください" in done.stderr
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr


def test_several_workers_without_a_database_are_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        command("portal", "--state", str(tmp_path), "--workers", "2"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "保管庫をPostgreSQLにしてください" in done.stderr
