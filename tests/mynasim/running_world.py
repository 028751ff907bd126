"""Starts the product as its users do, in processes of its own, and knows what it leaves behind."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ANSWER_SECONDS_MAX = 40.0

FREE_PORTS = {
    "MYNASIM_PORTAL__PORT": "0",
    **{
        f"MYNASIM_WORLD__PORTS__{name}": "0"
        for name in ("FRONT", "CARD_DESK", "MAILBOX", "JPKI", "REGISTRY", "NETWORK", "INTERMEDIATE", "SMTP")
    },
}
"""So that tests and a developer's own world don't meet."""


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-W", "error", "-m", "mynasim", *arguments]


def read_line(process: subprocess.Popen[str]) -> str:
    """One line of its output; empty when it has ended. The test's own time limit bounds the wait."""
    assert process.stdout is not None
    return process.stdout.readline()


@contextmanager
def started(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A command that runs until the block ends; it must end in good order."""
    process = subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **FREE_PORTS, **environment},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(ANSWER_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


@contextmanager
def up(
    state: Path, *arguments: str, **environment: str
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """``mynasim up --json``, when it says that all is up."""
    with started("up", "--json", "--state", str(state), *arguments, **environment) as process:
        line = read_line(process)
        if not line:
            assert process.stderr is not None
            raise AssertionError(process.stderr.read())
        yield process, json.loads(line)


def processes_with(text: str) -> list[int]:
    """Every process whose command line or environment names this."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if text.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def listens(url: str) -> bool:
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((host, int(port))) == 0


def until(condition: Any, seconds: float = ANSWER_SECONDS_MAX) -> None:
    """Wait for something that another process does; these tests are about real processes in real time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen within the time"
        select.select([], [], [], 0.02)
