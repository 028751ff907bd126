"""Processes that are watched over: started, heard, started again when they die, ended in good order."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import trio

from mynasim import running
from portal.refusal import Refusal
from portal.serving.listen import Bound, join

STARTING_SECONDS_MAX = 60.0
STOPPING_SECONDS_MAX = 10.0
RESTART_SECONDS: tuple[float, ...] = (0.5, 1, 2, 5, 10)
"""Before the nth restart of a process that died."""
STEADY_SECONDS = 60.0
"""Whoever ran so long starts counting anew."""


class DidNotStart(Refusal):
    """A process ended before it was up."""


class Place:
    """The sockets that a process serves. They stay open while it is started again: nobody who connects is refused."""

    def __init__(self, bounds: Mapping[str, Bound]) -> None:
        self._bounds = dict(bounds)

    def files(self) -> dict[str, int]:
        """Their descriptors, for a process that is about to start."""
        return {name: bound.socket.fileno() for name, bound in self._bounds.items()}

    def leave(self) -> None:
        """Its process has died again and again, and won't be back soon."""

    def close(self) -> None:
        for bound in self._bounds.values():
            bound.socket.close()


class SharedPlace(Place):
    """Sockets that others have at the same ports too: when its process stays away, the others get all who connect."""

    def files(self) -> dict[str, int]:
        for name, bound in self._bounds.items():
            if bound.socket.fileno() < 0:
                self._bounds[name] = join(bound)
        return super().files()

    def leave(self) -> None:
        self.close()


class Watch:
    """Starts ``mynasim`` commands and starts them again when they die."""

    def __init__(
        self, state: Path, settings_file: Path | None, environment: dict[str, str], *, verbose: bool
    ) -> None:
        self._arguments = ["--state", str(state), "--log-file", "--json"]
        if settings_file is not None:
            self._arguments += ["--settings", str(settings_file)]
        if verbose:
            self._arguments.append("--verbose")
        self._environment = environment
        self._state = state

    async def keep(
        self,
        command: str,
        place: Place,
        worker: int | None = None,
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Keep this command running until cancelled. Raises :class:`DidNotStart` when it can't start at all."""
        name = command if worker is None else f"{command}-{worker}"
        deaths = 0
        is_up = False
        while True:
            born = trio.current_time()
            process = await self._start(command, place.files(), worker)
            try:
                ready = await _first_line(process)
                if not ready and not is_up:
                    raise DidNotStart(
                        f"mynasim {command} を起動できませんでした。理由は上のメッセージか、{self._log(name)} にあります。"
                    )
                if ready and not is_up:
                    is_up = True
                    task_status.started()
                await process.wait()
            finally:
                await _end(process)
            deaths = 1 if trio.current_time() - born > STEADY_SECONDS else deaths + 1
            pause = RESTART_SECONDS[min(deaths, len(RESTART_SECONDS)) - 1]
            sys.stderr.write(
                f"mynasim {name} が終了しました（終了コード {process.returncode}）。{pause:g}秒後に起動し直します。"
                f"記録: {self._log(name)}\n"
            )
            if deaths > 1:
                place.leave()
            await trio.sleep(pause)

    def _log(self, name: str) -> Path:
        return self._state / f"{name}.log"

    async def _start(self, command: str, sockets: dict[str, int], worker: int | None) -> trio.Process:
        environment = {
            **os.environ,
            **self._environment,
            running.SOCKETS_VARIABLE: json.dumps(sockets),
            running.WATCHED_VARIABLE: "1",
        }
        if worker is not None:
            environment[running.WORKER_VARIABLE] = str(worker)
        # A session of its own: Ctrl-C at the terminal reaches only us, and we end them in good order.
        return await trio.lowlevel.open_process(
            [sys.executable, "-m", "mynasim", command, *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            pass_fds=tuple(sockets.values()),
            start_new_session=True,
        )


def worker_places(first: Mapping[str, Bound], workers: int) -> list[Place]:
    """Sockets at the same ports for each worker. Raises ``NoFreePort``."""
    if workers == 1:
        return [Place(first)]
    others = ({name: join(bound) for name, bound in first.items()} for _ in range(workers - 1))
    return [SharedPlace(bounds) for bounds in (first, *others)]


async def _first_line(process: trio.Process) -> bool:
    """Whether the process said that it is up; false when it ended instead."""
    assert process.stdout is not None
    heard = b""
    with trio.move_on_after(STARTING_SECONDS_MAX):
        while b"\n" not in heard:
            part = await process.stdout.receive_some(4096)
            if not part:
                return False
            heard += part
    return b"\n" in heard


async def _end(process: trio.Process) -> None:
    """Ask the process to end, insist after a while."""
    with trio.CancelScope(shield=True):
        with suppress(ProcessLookupError):
            process.terminate()
        with trio.move_on_after(STOPPING_SECONDS_MAX):
            await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                await stream.aclose()
