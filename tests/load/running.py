"""A world and `mynasim load` as processes, as people start them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
PATIENT = str(Path(__file__).parent / "patient.toml")
"""Levels that let the generator be slow: these tests share a machine with others."""
_LOAD = """
import json, pathlib, sys
from mynasim.load import load

options = json.loads(sys.argv[1])
for name in ("sla", "report", "junit", "save", "compare", "world"):
    if name in options:
        options[name] = pathlib.Path(options[name])
load(**options)
"""


class World(NamedTuple):
    portal: str
    state: Path
    systems: str


def start_load(**options: Any) -> subprocess.Popen[str]:
    options.setdefault("sla", PATIENT)
    return subprocess.Popen(
        [sys.executable, "-c", _LOAD, json.dumps(options)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, output, error output."""
    try:
        out, err = process.communicate(timeout=90)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, out, err
