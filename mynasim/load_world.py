"""A world of its own for a load test: started on free ports, gone when the test is over, however it ends."""

import contextlib
import json as json_module
import os
import select
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from portal.refusal import Refusal

WORLD_SECONDS_MAX = 60.0
"""A world that is not up by then has not started."""
ENDING_SECONDS_MAX = 20.0


class LoadFailed(Refusal):
    """Why the load could not be run."""


class World(NamedTuple):
    """Where the portal is, and what is known of the world around it."""

    portal: str
    state: str = ""
    """Its state folder; empty when it is not known."""
    systems: str = ""
    """Addresses of the other systems, as Locust is told them."""


@contextlib.contextmanager
def world_at(
    host: str | None, state: Path | None, systems: str, nation: int, *, tls: bool
) -> Iterator[World]:
    """The portal's address; without one given, a world that lives as long as the block."""
    if host is not None:
        yield World(host.rstrip("/"), "" if state is None else str(state), systems or _systems(state))
        return
    say("試験用の世界を起動しています…")
    with (
        tempfile.TemporaryDirectory(prefix="mynasim-load-") as folder,
        _world(Path(folder), nation, tls=tls) as world,
    ):
        try:
            told = _ready(world)
            say(f"世界が起動しました（{told['seconds']:.1f}秒）: {told['portal']}")
            systems = ",".join(f"{name}={url}" for name, url in told["systems"].items())
            if tls:
                trust(Path(told["tls"]["authority"]))
            yield World(told["portal"], folder, systems)
        finally:
            end(world)


def _systems(state: Path | None) -> str:
    """Where the systems of the world with this state folder are, as its settings say."""
    if state is None:
        return ""
    from mynasim import running, settings

    file = state / settings.FILE_NAME
    found = running.addresses(settings.load(file if file.exists() else None), {})
    return ",".join(f"{system}={url}" for system, url in found.items())


def trust(authority: Path) -> None:
    """Whom the load trusts over TLS, in every process of it.

    Raises :class:`LoadFailed` when the file is not there or holds no certificate.
    """
    from load.connection import AUTHORITY_VARIABLE

    try:
        ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError) as error:
        raise LoadFailed(
            f"認証局の証明書 {authority} を読めません（{error}）。ポータルの証明書を発行した認証局の証明書（PEM）を指定してください。"
        ) from error
    os.environ[AUTHORITY_VARIABLE] = str(authority.absolute())


def _world(state: Path, nation: int, *, tls: bool) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches only us. And when we are killed, the end of its standard input tells it.
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "mynasim", "up", "--json", "--state", str(state)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **_free_ports(tls=tls), "MYNASIM_WORLD__SEED": str(nation)},
        start_new_session=True,
    )


def _free_ports(*, tls: bool) -> dict[str, str]:
    """Any free ports, so that this world and one that somebody works with don't meet."""
    from mynasim.running import WATCHED_VARIABLE
    from mynasim.settings import to_environment
    from sim.world.settings import Ports

    ports = dict.fromkeys(Ports.__struct_fields__, 0)
    # Whole towns come from this one address, and some of them in a hurry.
    portal = {"port": 0, "tls_port": 0, "tls": tls, "rates": {"counting": False}}
    return to_environment({"portal": portal, "world": {"ports": ports}}) | {WATCHED_VARIABLE: "1"}


def _ready(world: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert world.stdout is not None
    line = next_line(world.stdout, WORLD_SECONDS_MAX)
    if not line:
        raise LoadFailed("試験用の世界を起動できませんでした。理由は上のメッセージにあります。")
    told: dict[str, Any] = json_module.loads(line)
    return told


def next_line(stream: IO[bytes], seconds: float) -> bytes:
    """The next line; empty at the end, or when none came within the time. For unbuffered line-wise writers."""
    ready, _, _ = select.select([stream], [], [], seconds)
    return stream.readline() if ready else b""


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to end, insist after a while."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(ENDING_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
