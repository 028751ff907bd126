"""Running OpenSC and OpenSSL, unmodified, against a card."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from cards.pcsc.readers import Reader
from cards.pcsc.server import serve_socket

PKCS11_MODULES = (
    "/usr/lib/x86_64-linux-gnu/pkcs11/opensc-pkcs11.so",
    "/usr/lib/aarch64-linux-gnu/pkcs11/opensc-pkcs11.so",
)


def pkcs11_module() -> str:
    for place in PKCS11_MODULES:
        if Path(place).exists():
            return place
    pytest.skip("opensc-pkcs11.so is missing (apt-get install opensc-pkcs11)")


def need(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is missing (apt-get install opensc openssl pcscd vsmartcard-vpcd)")


class Outside:
    """Programs that see the readers behind one socket."""

    def __init__(self, socket: Path, folder: Path) -> None:
        self.environment = dict(os.environ, PCSCLITE_CSOCK_NAME=str(socket), HOME=str(folder), LC_ALL="C")
        self.folder = folder

    async def run(self, *command: str, check: bool = True) -> tuple[int, str]:
        """Exit status and what it printed, standard error included."""
        with trio.fail_after(60):
            done = await trio.run_process(
                list(command),
                env=self.environment,
                cwd=self.folder,
                check=False,
                capture_stdout=True,
                stderr=subprocess.STDOUT,
            )
        said = done.stdout.decode(errors="replace")
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{said}"
        return done.returncode, said


@asynccontextmanager
async def served(folder: Path, *readers: Reader) -> AsyncIterator[Outside]:
    """The readers on a socket of our own daemon."""
    socket = folder / "pcsc"
    async with trio.open_nursery() as nursery:
        await nursery.start(serve_socket, socket, readers)
        yield Outside(socket, folder)
        nursery.cancel_scope.cancel()
