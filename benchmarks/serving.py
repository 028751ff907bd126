"""The serving of a core: hello, a page, a durable write, each next to what people use; and what connections cost.

All servers are up on one core at the same time and take turns; the load is on the other. Figures are answers for each
second of CPU that the server used, in its process and its children: on a machine with neighbours that is what a core
would give.
"""

import socket
import statistics
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from benchmarks.ledger import Row
from benchmarks.live import cpu_seconds
from benchmarks.processes import (
    ROOT,
    SERVER_CORES,
    Pace,
    Target,
    free_port,
    generator_name,
    measured_seconds,
    on_core,
    pace,
    python,
    wait_for,
    warm,
)

CONNECTIONS = 16
WRITERS = 100
OPEN_CONNECTIONS = 2_000
SIGNED_IN = 4_000
UVICORN = ("--http", "httptools", "--loop", "uvloop", "--no-access-log", "--log-level", "error")


class Server(NamedTuple):
    """One of those who take turns."""

    name: str
    target: Target
    pid: int


def processes_of(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _used(pid: int) -> float:
    return sum(cpu_seconds(each) for each in processes_of(pid))


def in_turns(
    servers: Sequence[Server],
    rounds: int,
    seconds: float,
    connections: int,
    folder: Path,
    *,
    errors_max: float = 0.0,
    by_cpu: bool = True,
) -> dict[str, Pace]:
    """Each server's median pace, by the second of CPU, or of the clock where a disk is waited for.

    *errors_max*: the part of a rival's answers that may be none (a thread pool that waits for a lock for too long).
    """
    found: dict[str, list[Pace]] = {server.name: [] for server in servers}
    for server in servers:
        warm(server.target, seconds, connections, folder)
    for _ in range(rounds):
        for server in servers:
            before = _used(server.pid)
            measured = pace(server.target, seconds, connections, folder)
            used = _used(server.pid) - before
            answers = measured.per_second * measured_seconds(seconds)
            allowed = 0.0 if server.name == "ours" else errors_max * answers
            assert measured.errors <= allowed, (server.name, measured)
            rate = answers / used if by_cpu else measured.per_second
            found[server.name].append(measured._replace(per_second=rate))
    return {
        name: Pace(
            statistics.median(each.per_second for each in paces),
            statistics.median(each.p50_ms for each in paces),
            statistics.median(each.p99_ms for each in paces),
            0,
        )
        for name, paces in found.items()
    }


def row(
    name: str,
    paces: Mapping[str, Pace],
    rival: str,
    title: str,
    aim: float,
    what: str,
    unit: str = "1/s of CPU",
) -> Row:
    """Ours next to one rival."""
    ours, theirs = paces["ours"], paces[rival]
    return Row(
        name,
        ours.per_second,
        unit,
        f"{title}: {theirs.per_second:,.0f} {unit}, p99 {theirs.p99_ms:.1f} ms",
        ours.per_second / theirs.per_second,
        aim=aim * theirs.per_second,
        note=f"{what}; p50 {ours.p50_ms:.2f} ms, p99 {ours.p99_ms:.2f} ms; load by {generator_name()}",
    )


@contextmanager
def uvicorn(app: str, environment: Mapping[str, str] | None = None) -> Iterator[tuple[str, int]]:
    port = free_port()
    with python("-m", "uvicorn", app, "--port", str(port), *UVICORN, environment=environment) as process:
        url = f"http://127.0.0.1:{port}"
        wait_for(url)
        yield url, process.pid


@contextmanager
def _gunicorn(app: str) -> Iterator[tuple[str, int]]:
    port = free_port()
    arguments = ["--worker-class", "gthread", "--workers", "1", "--threads", "16", "--log-level", "error"]
    with python("-m", "gunicorn", *arguments, "--bind", f"127.0.0.1:{port}", app) as process:
        url = f"http://127.0.0.1:{port}"
        wait_for(url)
        yield url, process.pid


@contextmanager
def _ours(folder: Path) -> Iterator[tuple[str, int]]:
    with python("-m", "benchmarks.served", str(folder)) as process:
        assert process.stdout is not None
        yield process.stdout.readline().decode().strip(), process.pid


def hello(folder: Path, rounds: int, *, seconds: float = 3.0) -> list[Row]:
    """An operation without content, next to the barest ASGI app."""
    with _ours(folder) as (ours, our_pid), uvicorn("benchmarks.page_rivals:hello") as (theirs, their_pid):
        servers = [
            Server("ours", Target("ours", "GET", f"{ours}/hello", {}), our_pid),
            Server("theirs", Target("theirs", "GET", theirs, {}), their_pid),
        ]
        paces = in_turns(servers, rounds, seconds, CONNECTIONS, folder)
    what = f"an operation with routing, guard, timing and JSON; {CONNECTIONS} connections"
    return [row("lane.hello", paces, "theirs", "uvicorn (httptools, uvloop), raw ASGI", 1.2, what)]


def page(folder: Path, rounds: int, *, seconds: float = 3.0) -> list[Row]:
    """The same template with the same content."""
    with ExitStack() as stack:
        ours, our_pid = stack.enter_context(_ours(folder))
        flask, flask_pid = stack.enter_context(_gunicorn("benchmarks.page_rivals:flask_app"))
        fastapi, fastapi_pid = stack.enter_context(uvicorn("benchmarks.page_rivals:fastapi_app"))
        servers = [
            Server(name, Target(name, "GET", f"{url}/page", {}), pid)
            for name, url, pid in (
                ("ours", ours, our_pid),
                ("flask", flask, flask_pid),
                ("fastapi", fastapi, fastapi_pid),
            )
        ]
        bodies = {urllib.request.urlopen(server.target.url, timeout=30).read() for server in servers}
        assert len(bodies) == 1, "all show the same page"
        paces = in_turns(servers, rounds, seconds, CONNECTIONS, folder)
    what = f"Jinja2, 20 records; ours Quart on the lane; {CONNECTIONS} connections"
    return [
        row("pages.next_to_flask", paces, "flask", "Flask + gunicorn gthread (16 threads)", 1.5, what),
        row("pages.next_to_fastapi", paces, "fastapi", "FastAPI + uvicorn (httptools, uvloop)", 1.5, what),
    ]


def writes(folder: Path, rounds: int, *, seconds: float = 3.0) -> list[Row]:
    """POST, validated, written with a commit that is on the disk, 201."""
    environment = {"RIVAL_DATABASE": str(folder / "rival.sqlite")}
    headers = {"content-type": "application/json"}
    with (
        _ours(folder) as (ours, our_pid),
        uvicorn("benchmarks.page_rivals:fastapi_app", environment) as (theirs, their_pid),
    ):
        body = b'{"text":"' + b"x" * 280 + b'"}'
        servers = [
            Server("ours", Target("ours", "POST", f"{ours}/rows", headers, body), our_pid),
            Server("theirs", Target("theirs", "POST", f"{theirs}/rows", headers, body), their_pid),
        ]
        paces = in_turns(servers, rounds, seconds, WRITERS, folder, errors_max=0.3, by_cpu=False)
    what = f"WAL and synchronous=FULL on both sides; {WRITERS} connections"
    return [
        row(
            "lane.durable_write",
            paces,
            "theirs",
            "FastAPI + sqlite3, a transaction a request",
            10.0,
            what,
            "1/s",
        )
    ]


def _resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096


def connections(folder: Path, rounds: int, *, count: int = OPEN_CONNECTIONS) -> list[Row]:
    """What an open connection costs that has had one answer and is idle now."""
    request = b"GET /hello HTTP/1.1\r\nhost: here\r\n\r\n"
    with _ours(folder) as (url, pid), ExitStack() as stack:
        parts = urlsplit(url)

        def connect() -> None:
            client = stack.enter_context(socket.create_connection((parts.hostname, parts.port)))
            client.sendall(request)
            assert client.recv(4096).startswith(b"HTTP/1.1 200")

        for _ in range(50):
            connect()
        before = _resident_bytes(pid)
        for _ in range(count):
            connect()
        each = (_resident_bytes(pid) - before) / count
    return [
        Row(
            "lane.connection_memory",
            each,
            "bytes",
            "aim: 20 KB",
            20_480 / each,
            aim=20_480,
            more_is_better=False,
            note=f"resident memory of the process by {count} idle connections, the kernel's buffers not counted",
        )
    ]


def sessions(folder: Path, rounds: int, *, count: int = SIGNED_IN) -> list[Row]:
    """What a signed-in session costs that is idle."""
    command = [sys.executable, "-m", "benchmarks.session_memory", str(count)]
    with on_core(SERVER_CORES):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)
    fresh, swept = (float(line) for line in done.stdout.split())
    return [
        Row(
            "portal.session_memory",
            fresh,
            "bytes",
            "aim: 4 KB",
            4_096 / fresh,
            aim=4_096,
            more_is_better=False,
            note=f"{count} sessions; after the portal's sweep (every ten minutes) {max(0.0, swept):,.0f} bytes each",
        )
    ]
