"""The explorer itself: the fixed set of seeds is clean, a seed is the same run in any process, kept cases stay fixed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scenarios.explorer import case as cases
from scenarios.explorer import drawing, kept, people, running
from sim.world.facts import WorldFacts
from sim.world.key_folder import key_folder

FIXED_SEEDS = range(1, 121)
"""What `make test` explores each time."""
CASES = sorted(kept.IN_THE_TREE.glob("*.json"))


@pytest.fixture(scope="session")
def facts() -> WorldFacts:
    people.make_ahead(key_folder())
    return WorldFacts(people.NATION_SEED, key_folder())


@pytest.mark.timeout(240)
def test_the_fixed_set_of_seeds_is_clean(facts: WorldFacts) -> None:
    found = {seed: running.run(drawing.draw(seed), facts).breach for seed in FIXED_SEEDS}

    assert {seed: breach for seed, breach in found.items() if breach is not None} == {}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_was_found_once_does_not_come_back(path: Path, facts: WorldFacts) -> None:
    assert running.run(cases.read(path).case, facts).breach is None


def _explored(seed: int, trace: Path, hash_seed: str) -> dict[str, object]:
    script = "from mynasim.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, "explore", "--seed", str(seed), "--trace", str(trace), "--json"],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.mark.parametrize("seed", [3, 77])
def test_a_seed_is_the_same_run_in_fresh_processes(seed: int, tmp_path: Path, facts: WorldFacts) -> None:
    one, other = tmp_path / "one", tmp_path / "other"

    assert _explored(seed, one, "1") == _explored(seed, other, "2")
    assert one.read_bytes() == other.read_bytes()
    lines = one.read_text("utf-8").splitlines()
    assert list(running.run(drawing.draw(seed), facts, keep_lines=True).lines) == lines
    assert len(lines) > 10


def test_every_line_of_a_trace_has_its_columns(facts: WorldFacts) -> None:
    columns = {"message": 9, "step": 3}
    outcome = running.run(drawing.draw(3), facts, keep_lines=True)

    for line in outcome.lines:
        kind, *rest = line.split("\t")
        assert len(rest) == columns[kind] - 1, line
        assert rest[0].isdecimal()


def test_another_seed_is_another_run(facts: WorldFacts) -> None:
    assert running.run(drawing.draw(3), facts).trace != running.run(drawing.draw(4), facts).trace


def test_a_case_survives_its_file(tmp_path: Path) -> None:
    case = drawing.draw(11)
    cases.write(tmp_path / "case.json", cases.Saved("something", case))

    assert cases.read(tmp_path / "case.json") == cases.Saved("something", case)


def test_a_file_that_is_no_case_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"case": 1}')

    with pytest.raises(cases.UnreadableCase, match="事例として読めません"):
        cases.read(tmp_path / "x.json")
