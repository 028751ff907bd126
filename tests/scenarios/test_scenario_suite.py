"""The whole suite passes, simulated and live, with the same outcomes; the same seed is the same run."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from scenarios.registry import suite
from scenarios.run import Order, Run, run

FIRST_CHAIN = [
    "ACC-1", "ACC-2", "ACC-3", "ACC-4", "FLD-1", "FLD-2", "FLD-3", "REC-1", "REC-2", "REC-3",
    "SELF-1", "SELF-2", "SELF-3", "SELF-4", "SELF-6",
]  # fmt: skip
"""What the first chain has to show."""
SCENARIOS_MIN = 18


def test_every_scenario_passes_in_simulated_time(simulated: Run) -> None:
    failures = [str(result.failure) for result in simulated.results if not result.passed]

    assert failures == []
    assert simulated.exit_code == 0


def test_the_suite_shows_the_requirements_of_the_first_chain(simulated: Run) -> None:
    assert len(simulated.results) >= SCENARIOS_MIN
    assert [each for each in FIRST_CHAIN if not simulated.requirements.get(each)] == []


def test_ids_are_fit_for_a_command_line_and_titles_are_japanese() -> None:
    for scenario in suite():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", scenario.id)
        assert not scenario.title.isascii(), scenario.id


@pytest.mark.timeout(240)
def test_live_the_same_scenarios_have_the_same_outcomes(simulated: Run, out: Console, keys: Path) -> None:
    live = run(Order(seed=1, live=True, keys=keys), out)

    assert [(each.scenario.id, each.passed) for each in simulated.results] == [
        (each.scenario.id, each.passed) for each in live.results
    ]
    # Each really spoke over its sockets, in much the same words.
    for one, other in zip(simulated.results, live.results, strict=True):
        kinds = [{message.operation for message in each.messages} for each in (one, other)]
        assert kinds[0] - {"jpki.crl"} <= kinds[1], one.scenario.id


def _in_a_process_of_its_own(seed: int, hash_seed: str) -> dict[str, Any]:
    script = f"from mynasim.scenarios import run; run(seed={seed}, json=True)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    summary: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return summary


def test_the_same_seed_is_the_same_run_in_any_process(simulated: Run) -> None:
    one, other = _in_a_process_of_its_own(1, "1"), _in_a_process_of_its_own(1, "2")

    assert one["trace"] == other["trace"] == simulated.trace
    assert one["requirements"] == simulated.requirements
    assert (one["passed"], one["failed"]) == (len(simulated.results), 0)


def test_another_seed_is_another_run(simulated: Run, out: Console, keys: Path) -> None:
    another = run(Order(seed=2, keys=keys), out)

    assert another.exit_code == 0
    assert another.trace != simulated.trace


def test_a_scenario_played_alone_is_the_one_of_the_whole_run(
    simulated: Run, out: Console, keys: Path
) -> None:
    last = simulated.results[-1]

    alone = run(Order(ids=(last.scenario.id,), seed=1, keys=keys), out)

    assert [each.trace for each in alone.results] == [last.trace]
