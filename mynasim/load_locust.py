"""Locust as a process of its own, because it and Trio can't share one; it speaks to us over a pipe."""

import json as json_module
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NamedTuple

from mynasim.load_world import LoadFailed, end, say

PREPARING_SECONDS_MAX = 1_800.0
"""Locust may make cards and sign ahead for so long before its first figures."""
SILENCE_SECONDS_MAX = 120.0
"""Locust says something every second; after such a silence it is stuck."""
SAID_BYTES_SHOWN = 2_000
"""The end of what Locust wrote, when it ended without figures."""
LOCUSTFILE = Path(__file__).parents[1] / "load" / "locustfile.py"

Glance = dict[str, Any]


class Told(NamedTuple):
    """What Locust said of the run."""

    report: dict[str, Any]
    missing: int
    was_stopped: bool


def run_locust(arguments: list[str], processes: int, show: Callable[[Glance], bool]) -> Told:
    """Locust's own report of the run. *show* is given a glance each second; when it returns true the run is ended.

    Raises :class:`LoadFailed`, and ``KeyboardInterrupt`` when it was stopped before anything was measured.
    """
    from load.measuring import REPORT_VARIABLE

    reading, writing = os.pipe()
    command = [
        sys.executable,
        "-m",
        "locust",
        "-f",
        str(LOCUSTFILE),
        "--headless",
        "--only-summary",
        "--json",
    ]
    command += ["--stop-timeout", "5", "--loglevel", "WARNING", "--exit-code-on-error", "0"]
    if processes > 1:
        port = str(_free_port())
        command += ["--processes", str(processes), "--master-bind-port", port, "--master-port", port]
    with (
        os.fdopen(reading, "rb", buffering=0) as raw,
        tempfile.TemporaryFile() as said,
        subprocess.Popen(  # noqa: S603 - Locust, of this environment
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env={**os.environ, REPORT_VARIABLE: str(writing)},
            pass_fds=(writing,),
            start_new_session=True,
        ) as locust,
    ):
        os.close(writing)
        was_stopped = False
        try:
            told = _watch(raw, locust, show)
        except KeyboardInterrupt:
            was_stopped = True
            say("\n止めています…")
            locust.send_signal(signal.SIGTERM)
            told = _watch(raw, locust, lambda _: False)
        finally:
            end(locust)
        if told is None and was_stopped:
            raise KeyboardInterrupt  # before anything was measured
        if told is None:
            said.seek(max(0, said.seek(0, os.SEEK_END) - SAID_BYTES_SHOWN))
            why = said.read().decode(errors="replace").strip()
            raise LoadFailed(f"Locustが結果を出さずに終了しました（終了コード {locust.returncode}）。\n{why}")
        return Told(told["report"], int(told["missing"]), was_stopped)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _watch(
    raw: IO[bytes], locust: subprocess.Popen[bytes], show: Callable[[Glance], bool]
) -> dict[str, Any] | None:
    """Show each glance; the whole report when it comes, None when it never does."""
    from load.clock import stopwatch_s

    heard = b""
    patience = PREPARING_SECONDS_MAX
    last = stopwatch_s()
    while stopwatch_s() - last < patience:
        ready, _, _ = select.select([raw], [], [], 1.0)
        if not ready:
            # With several processes a worker may keep the pipe open after the others have gone.
            if locust.poll() is not None:
                return None
            continue
        part = raw.read(65536)
        if not part:
            return None
        *lines, heard = (heard + part).split(b"\n")
        for line in lines:
            said: dict[str, Any] = json_module.loads(line)
            if "refused" in said:
                raise LoadFailed(said["refused"])
            if "report" in said:
                return said
            if show(said["glance"]):
                locust.send_signal(signal.SIGTERM)
            patience, last = SILENCE_SECONDS_MAX, stopwatch_s()
    return None
