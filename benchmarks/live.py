"""A live world on the servers' core, and what is needed to speak to it as a citizen and as a system."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.processes import SERVER_CORES, python
from load.holders import CardCase, facts_of, make_ahead
from mynasim.running import WATCHED_VARIABLE
from mynasim.settings import to_environment
from portal.secrets import FILE_NAME, Secrets
from portal.wire.moments import day_of
from portal.wire.systems import System
from sim.world.settings import Ports

SEED = 1
FREE_PORTS: dict[str, str] = {
    **to_environment(
        {
            # One account and one address do here what no person does.
            "portal": {"port": 0, "rates": {"counting": False}},
            "world": {"ports": dict.fromkeys(Ports.__struct_fields__, 0)},
        }
    ),
    WATCHED_VARIABLE: "1",
}


class Live(NamedTuple):
    """A world that is up."""

    state: Path
    portal: str
    systems: dict[str, str]
    secrets: Secrets
    portal_pid: int
    world_pid: int
    seconds: float
    """From the start of the command to its word that all is up."""

    def url(self, system: System) -> str:
        return self.portal if system is System.PORTAL else self.systems[system]


@contextmanager
def live_world(state: Path, cores: set[int] = SERVER_CORES, **portal: str) -> Iterator[Live]:
    """A world on these cores, its portal with these settings."""
    begun = time.monotonic()
    environment = FREE_PORTS | to_environment({"portal": portal})
    with python(
        "-m", "mynasim", "up", "--json", "--state", str(state), environment=environment, cores=cores
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = time.monotonic() - begun
        assert line, "the world did not start"
        told = json.loads(line)
        secrets = msgspec.json.decode((state / FILE_NAME).read_bytes(), type=Secrets)
        pids = _child(process.pid, "portal"), _child(process.pid, "world")
        yield Live(state, told["portal"], told["systems"], secrets, *pids, seconds)


def _child(parent: int, command: str) -> int:
    # Of all its threads: a process belongs to the thread that started it.
    children = (
        child
        for task in Path(f"/proc/{parent}/task").iterdir()
        for child in (task / "children").read_text().split()
    )
    for child in children:
        if command.encode() in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
            return int(child)
    raise AssertionError(f"no {command} among the children of {parent}")


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads of a process, to the nanosecond (Linux's schedstat)."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def card_case(keys: Path, count: int) -> CardCase:
    """The cards of the first so many residents who come."""
    make_ahead(SEED, SEED, count, keys)
    return CardCase(facts_of(SEED, keys, day_of(int(datetime.now(UTC).timestamp() * 1000))), SEED)
