"""Servers in processes of their own on one core, and load from the other: wrk if it is there, else our own."""

import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[1]
START_SECONDS_MAX = 60.0
ANSWER_SECONDS_MAX = 20
WRK = shutil.which("wrk")


def cores() -> tuple[set[int], set[int]]:
    """The core of servers and that of the load: two different ones, where the machine has two."""
    mine = sorted(os.sched_getaffinity(0))
    return {mine[0]}, {mine[-1]}


SERVER_CORES, LOAD_CORES = cores()


@contextmanager
def on_core(which: set[int]) -> Iterator[None]:
    """This process on these cores for as long as the block lasts."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, which)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def python(
    *arguments: str, environment: Mapping[str, str] | None = None, cores: set[int] = SERVER_CORES
) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process on the servers' core, ended with the block."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **(environment or {})},
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(url: str) -> None:
    """Until somebody listens there."""
    parts = urlsplit(url)
    end = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < end:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex((parts.hostname, parts.port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"nobody listens at {url}")


class Target(NamedTuple):
    """One request that is sent again and again."""

    name: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


class Pace(NamedTuple):
    """What one round came to."""

    per_second: float
    p50_ms: float
    p99_ms: float
    errors: int


def pace_by_wrk(target: Target, seconds: float, connections: int, folder: Path) -> Pace:
    """One round of wrk on the load's core."""
    assert WRK is not None
    script = folder / "request.lua"
    lines = [f"wrk.method = {json.dumps(target.method)}"]
    lines += [
        f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in target.headers.items()
    ]
    if target.body:
        # As numbers: a body may be any bytes.
        numbers = ",".join(str(byte) for byte in target.body)
        lines.append(f"local b = {{{numbers}}}; local t = {{}}")
        lines.append("for i = 1, #b do t[i] = string.char(b[i]) end; wrk.body = table.concat(t)")
    script.write_text("\n".join(lines))
    command = [WRK, "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency"]
    # An answer that is late is slow, not wrong.
    command += ["--timeout", f"{ANSWER_SECONDS_MAX}s", "-s", str(script)]
    with on_core(LOAD_CORES):
        done = subprocess.run([*command, target.url], capture_output=True, text=True, check=True, timeout=120)
    return read_wrk(done.stdout)


def read_wrk(said: str) -> Pace:
    rate = float(_found(r"Requests/sec:\s+([\d.]+)", said))
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    errors = int(failed[1]) if failed else 0
    errors += sum(int(group) for group in broken.groups()) if broken else 0
    return Pace(
        rate, _ms(_found(r"50%\s+([\d.]+\w+)", said)), _ms(_found(r"99%\s+([\d.]+\w+)", said)), errors
    )


def _found(pattern: str, said: str) -> str:
    match = re.search(pattern, said)
    assert match is not None, said
    return match[1]


def _ms(text: str) -> float:
    for unit, factor in (("us", 0.001), ("ms", 1.0), ("s", 1000.0), ("m", 60_000.0)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    raise AssertionError(text)


def pace_by_ourselves(target: Target, seconds: float, connections: int, folder: Path) -> Pace:
    """The same with a generator of our own: slower than wrk, and then the load's core may be the limit."""
    command = [sys.executable, "-m", "benchmarks.generator", str(seconds), str(connections)]
    with on_core(LOAD_CORES):
        done = subprocess.run(
            [*command, json.dumps([target.method, target.url, dict(target.headers), target.body.hex()])],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
    return Pace(*json.loads(done.stdout))


def generator_name() -> str:
    return "wrk" if WRK else "benchmarks.generator"


def measured_seconds(seconds: float) -> float:
    """How long :func:`pace` measures when it is asked for so many seconds: wrk knows whole ones only."""
    return float(round(seconds)) if WRK and seconds >= 1 else seconds


def pace(target: Target, seconds: float, connections: int, folder: Path) -> Pace:
    """One round, of wrk where it is there; less than a second of our own generator, as tests have it."""
    measure = pace_by_wrk if WRK and seconds >= 1 else pace_by_ourselves
    return measure(target, seconds, connections, folder)


def warm(target: Target, seconds: float, connections: int, folder: Path) -> Pace:
    """What comes before the rounds: a second, and less where the rounds are shorter."""
    return pace(target, min(1.0, seconds), connections, folder)


def medians(
    targets: Sequence[Target], rounds: int, seconds: float, connections: int, folder: Path
) -> dict[str, Pace]:
    """Each target's median pace; all are up at the same time and take turns, so that they share the machine's moods."""
    for target in targets:
        errors = warm(target, seconds, connections, folder).errors
        assert errors == 0, f"{target.name}: {errors} errors"
    paces: dict[str, list[Pace]] = {target.name: [] for target in targets}
    for _ in range(rounds):
        for target in targets:
            paces[target.name].append(pace(target, seconds, connections, folder))
    return {name: _median(found) for name, found in paces.items()}


def _median(paces: Sequence[Pace]) -> Pace:
    return Pace(
        statistics.median(each.per_second for each in paces),
        statistics.median(each.p50_ms for each in paces),
        statistics.median(each.p99_ms for each in paces),
        sum(each.errors for each in paces),
    )
