"""A portal in a process of its own, which a test can kill, beside a world in the test's own process."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from mynasim import place
from portal.live import SmtpAddress
from portal.seams.chance import LiveChance
from portal.seams.clock import LiveClock
from portal.secrets import load_or_make
from portal.serving.listen import bind
from portal.settings import PortalSettings
from portal.wire.moments import day_of
from portal.wire.systems import System
from scenarios.stage import Stage
from sim.world.building import Description
from sim.world.chance import SeededChance
from sim.world.live import LiveWorld, Sockets
from sim.world.recorder import Recorder
from sim.world.settings import WorldSettings

HOST = "127.0.0.1"
SIMULATORS = (System.JPKI, System.REGISTRY, System.NETWORK, System.INTERMEDIATE, System.MAILBOX)
NOWHERE = "http://127.0.0.1:9"
UP_WITHIN_SECONDS = 30


class PortalProcess:
    """``mynasim portal``, unmodified, on a port and a state folder that stay the same."""

    def __init__(self, state: Path, port: int, environment: dict[str, str]) -> None:
        self._state = state
        self._environment = {**os.environ, **environment, "MYNASIM_PORTAL__PORT": str(port)}
        self._process: trio.Process | None = None
        self.url = f"http://{HOST}:{port}"

    async def start(self) -> None:
        """Up, and at the same address as ever."""
        assert self._process is None
        command = [
            sys.executable,
            "-m",
            "mynasim",
            "portal",
            "--json",
            "--log-file",
            "--state",
            str(self._state),
        ]
        self._process = await trio.lowlevel.open_process(
            command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env=self._environment
        )
        line = b""
        assert self._process.stdout is not None
        with trio.fail_after(UP_WITHIN_SECONDS):
            while not line.endswith(b"\n"):
                part = await self._process.stdout.receive_some(4096)
                assert part, f"the portal did not start: {(self._state / 'portal.log').read_text()}"
                line += part
        assert json.loads(line) == {"portal": self.url}

    def workers(self) -> list[int]:
        """The processes that it has started, oldest first."""
        assert self._process is not None
        # Any of its threads may have started one.
        threads = Path(f"/proc/{self._process.pid}/task").glob("*/children")
        return sorted(int(pid) for thread in threads for pid in thread.read_text().split())

    async def kill(self) -> None:
        """SIGKILL: nothing of it can tidy up."""
        process, self._process = self._process, None
        assert process is not None
        process.send_signal(signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL
        assert process.stdout is not None
        await process.stdout.aclose()

    def limit_files(self, size_bytes: int | None) -> None:
        """From now on no file of the process may grow beyond this: to it, the disk is full."""
        assert self._process is not None
        limit = resource.RLIM_INFINITY if size_bytes is None else size_bytes
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    async def aclose(self) -> None:
        if self._process is not None:
            await self.kill()


@asynccontextmanager
async def two_processes(state: Path, **settings: str) -> AsyncIterator[tuple[Stage, PortalProcess]]:
    """A world with its clock in real time, and a portal that is up, with these settings of its own."""
    clock, chance, recorder = LiveClock(), LiveChance(), Recorder()
    secrets = load_or_make(state, chance)
    facts = place.world_facts(state, WorldSettings(), day_of(clock.now_ms()))
    place.write_trust(state, facts)
    free = bind(HOST, 0)
    free.socket.close()
    sockets = {system: bind(HOST, 0) for system in SIMULATORS}
    smtp = bind(HOST, 0)
    urls = {system: sockets[system].url if system in sockets else NOWHERE for system in System}
    urls[System.PORTAL] = free.url
    environment = {f"MYNASIM_ADDRESSES__{system.upper()}": url for system, url in urls.items()}
    environment["MYNASIM_ADDRESSES__SMTP"] = f"{smtp.host}:{smtp.port}"
    environment["MYNASIM_PORTAL__IMMEDIATE_WAIT_SECONDS"] = "0.5"
    environment |= {f"MYNASIM_PORTAL__{name.upper()}": value for name, value in settings.items()}
    portal = PortalProcess(state, free.port, environment)
    async with trio.open_nursery() as nursery:
        world = LiveWorld(
            Description(facts, WorldSettings(), PortalSettings()),
            state,
            secrets,
            Sockets(sockets, smtp),
            urls,
            SmtpAddress(smtp.host, smtp.port),
            clock,
            chance,
            nursery,
            recorder,
        )
        for system in SIMULATORS:
            await world.start(system)
        stage = Stage(world, recorder, SeededChance(1, "actors"), live=True, moves_time=False)
        try:
            await portal.start()
            yield stage, portal
        finally:
            with trio.CancelScope(shield=True):
                await portal.aclose()
                await world.aclose()
