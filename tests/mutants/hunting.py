"""Known bugs as patches, and the explorer hunting for each of them: a test of the explorer itself.

``python tests/mutants/hunting.py`` hunts for all of them, or for those named; each must be found within the number of
seeds that stands in its patch. The tree is copied to a temporary folder, so nothing here is changed.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
PARTS = ("portal", "sim", "cards", "scenarios", "mynasim", "pyproject.toml")
"""What the explorer needs of the tree."""
SECONDS_MAX = 600


class Mutant(NamedTuple):
    """変異: a bug that somebody could write."""

    name: str
    about: str
    seeds: int
    """It must be found within so many."""
    patch: Path


class Hunt(NamedTuple):
    """What came of one hunt."""

    mutant: Mutant
    seed: int | None
    """By which seed it was found."""
    invariant: str
    seconds: float


def mutants(names: Sequence[str] = ()) -> list[Mutant]:
    """All of them, or those named, in the order of their names."""
    found = []
    for patch in sorted(FOLDER.glob("*.patch")):
        text = patch.read_text("utf-8")
        seeds = re.search(r"^Seeds: (\d+)$", text, re.MULTILINE)
        assert seeds is not None, f"{patch.name} does not say within how many seeds it is found"
        if not names or patch.stem in names:
            found.append(Mutant(patch.stem, text.splitlines()[0], int(seeds[1]), patch))
    missing = set(names) - {mutant.name for mutant in found}
    assert not missing, f"no such mutants: {sorted(missing)}"
    return found


def applies(mutant: Mutant) -> str:
    """What keeps the patch from applying to the tree as it is; nothing when it does."""
    done = subprocess.run(
        ["git", "apply", "-C1", "--check", str(mutant.patch)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr.strip() if done.returncode else ""


def hunt(mutant: Mutant, first: int = 1) -> Hunt:
    """Explore a copy of the tree with this bug in it."""
    with tempfile.TemporaryDirectory(prefix="mynasim-mutant-") as temporary:
        tree = Path(temporary)
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, tree / part)
        subprocess.run(["git", "apply", "-C1", str(mutant.patch)], cwd=tree, check=True, capture_output=True)
        began = time.monotonic()
        command = [sys.executable, "-m", "mynasim", "explore", "--first", str(first)]
        command += ["--seeds", str(mutant.seeds), "--failures", "1", "--processes", "1", "--json"]
        done = subprocess.run(
            command,
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(tree)},
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
        assert done.returncode in (0, 1), done.stdout + done.stderr
        told = json.loads(done.stdout.splitlines()[-1])
    seconds = time.monotonic() - began
    for failure in told["failures"]:
        return Hunt(mutant, failure["seed"], failure["invariant"], seconds)
    return Hunt(mutant, None, "", seconds)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python tests/mutants/hunting.py", description=__doc__)
    parser.add_argument("names", nargs="*", help="mutants to hunt for; all when none is named")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    options = parser.parse_args(arguments)
    escaped = 0
    for mutant in mutants(options.names):
        found = hunt(mutant, options.first)
        escaped += found.seed is None
        came = f"seed {found.seed}: {found.invariant}" if found.seed is not None else "NOT FOUND"
        print(f"{mutant.name} (within {mutant.seeds}): {came} [{found.seconds:.1f} s]", flush=True)
    return 1 if escaped else 0


if __name__ == "__main__":
    sys.exit(main())
