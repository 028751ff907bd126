"""One world for all tests that put load on a portal that runs already."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from running import ROOT, World

from mynasim.settings import to_environment
from sim.world.settings import Ports

FREE_PORTS = to_environment(
    {"portal": {"port": 0}, "world": {"ports": dict.fromkeys(Ports.__struct_fields__, 0)}}
)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    state = tmp_path_factory.mktemp("world")
    with subprocess.Popen(
        [sys.executable, "-m", "mynasim", "up", "--json", "--state", str(state)],
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
