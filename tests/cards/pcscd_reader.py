"""Run inside a network namespace of its own: a real pcscd with vpcd, and a card attached to it.

Arguments: the folder with `conf/` and the listening socket's path. It ends when standard input is closed.
The other end is `test_card_vpcd.py`.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import trio
from sample_cards import make_card

from cards.vpcd import DEFAULT_PORT, attach


def start_pcscd(folder: Path) -> subprocess.Popen[bytes]:
    """With its ports in this namespace alone."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "pcscd"))
    listener.listen(16)
    # pcscd takes a socket from its starter as systemd would hand it over, so it needs no root and no fixed path.
    number = listener.fileno()
    command = f"LISTEN_FDS=1 LISTEN_PID=$$ exec pcscd -f -c {folder / 'conf'} 3<&{number}"
    with (folder / "pcscd.log").open("wb") as log:
        return subprocess.Popen(["sh", "-c", command], pass_fds=(number,), stdout=log, stderr=log)


async def main(folder: Path) -> None:
    daemon = start_pcscd(folder)
    try:
        async with trio.open_nursery() as nursery:
            with trio.fail_after(20):
                await _start(nursery)
            print("attached", flush=True)
            await trio.to_thread.run_sync(sys.stdin.read)
            nursery.cancel_scope.cancel()
    finally:
        daemon.terminate()
        daemon.wait()


async def _start(nursery: trio.Nursery) -> None:
    """pcscd tells nobody when its reader is ready, so the card is offered until it is taken."""
    while True:
        try:
            await nursery.start(attach, "127.0.0.1", DEFAULT_PORT, make_card())
        except OSError:
            await trio.sleep(0.02)
        else:
            return


trio.run(main, Path(sys.argv[1]))
