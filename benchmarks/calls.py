"""Calls from system to system over sockets: the server on one core, on the other one client after the other."""

import statistics
import subprocess
import sys

from benchmarks.call_clients import TASKS
from benchmarks.ledger import Row
from benchmarks.processes import LOAD_CORES, ROOT, on_core, python

RIVALS = {"httpx2": ("httpx2 on Trio", 10.0), "aiohttp": ("aiohttp on uvloop", 2.0)}
"""What each is called, and how many times its calls are aimed at."""


def _client(name: str, url: str, seconds: float) -> float:
    command = [sys.executable, "-m", "benchmarks.call_clients", name, url, str(seconds)]
    with on_core(LOAD_CORES):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    return float(done.stdout)


def rows(rounds: int, *, seconds: float = 2.0) -> list[Row]:
    rates: dict[str, list[float]] = {"ours": [], **{name: [] for name in RIVALS}}
    with python("-m", "benchmarks.call_server") as server:
        assert server.stdout is not None
        url = server.stdout.readline().decode().strip()
        for _ in range(rounds):
            for name, found in rates.items():
                found.append(_client(name, url, seconds))
    ours = statistics.median(rates["ours"])
    found = []
    for name, (title, aim) in RIVALS.items():
        other = statistics.median(rates[name])
        found.append(
            Row(
                f"links.calls_next_to_{name}",
                ours,
                "1/s of CPU",
                f"{title}, to the same server: {other:,.0f}/s of CPU",
                ours / other,
                aim=aim * other,
                note=f"{TASKS} tasks; ours signed, with deadline, decoded and validated; by the CPU time of the client",
            )
        )
    return found
