"""A world and `mynasim load` as processes, as people start them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from mynasim.settings import to_environment
from sim.world.settings import Ports

ROOT = Path(__file__).parents[2]
PATIENT = str(Path(__file__).parent / "patient.toml")
"""Levels that let the generator be slow: these tests share a machine with others."""
FREE_PORTS = to_environment(
    {"portal": {"port": 0, "tls_port": 0}, "world": {"ports": dict.fromkeys(Ports.__struct_fields__, 0)}}
)
_LOAD = """
import json, pathlib, sys
from mynasim.load import load

options = json.loads(sys.argv[1])
for name in ("sla", "report", "junit", "save", "compare", "world", "authority"):
    if name in options:
        options[name] = pathlib.Path(options[name])
load(**options)
"""


class World(NamedTuple):
    portal: str
    state: Path
    systems: str


@contextmanager
def running_world(state: Path, *arguments: str) -> Iterator[World]:
    """``mynasim up`` on free ports, as long as the block lasts."""
    with subprocess.Popen(
        [sys.executable, "-m", "mynasim", "up", "--json", "--state", str(state), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        env={**os.environ, **FREE_PORTS},
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            told = json.loads(process.stdout.readline())
            systems = ",".join(f"{name}={url}" for name, url in told["systems"].items())
            yield World(told["portal"], state, systems)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


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
