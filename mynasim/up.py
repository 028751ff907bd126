"""``mynasim up``: the portal and the world, two processes, watched over; everything a newcomer needs on one screen."""

import json as json_module
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import trio
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table

from mynasim import place, running
from mynasim.settings import Settings, to_environment
from portal.refusal import Refusal
from portal.seams.chance import LiveChance
from portal.seams.clock import LiveClock, stopwatch_ns
from portal.secrets import load_or_make
from portal.serving.listen import Bound
from portal.wire.moments import day_of
from portal.wire.systems import JAPANESE_NAMES, WORLD_SYSTEMS, System
from sim.nation.municipalities import municipality
from sim.world.facts import WorldFacts

STARTING_SECONDS_MAX = 60.0
STOPPING_SECONDS_MAX = 10.0
RESTART_SECONDS: tuple[float, ...] = (0.5, 1, 2, 5, 10)
"""Before the nth restart of a process that died."""
STEADY_SECONDS = 60.0
"""Whoever ran so long starts counting anew."""


class DidNotStart(Refusal):
    """A process ended before it was up."""


def run(settings: Settings, state: Path, settings_file: Path | None, *, json: bool, verbose: bool) -> None:
    """Run until Ctrl-C. Raises what keeps it from starting, in words for people."""
    with place.held(state, "up"):
        trio.run(_main, settings, state, settings_file, json, verbose)


async def _main(
    settings: Settings, state: Path, settings_file: Path | None, json: bool, verbose: bool
) -> None:
    began = stopwatch_ns()
    load_or_make(state, LiveChance())
    facts = place.world_facts(state, settings.world, day_of(LiveClock().now_ms()))
    place.write_trust(state, facts)
    bounds = running.bind_all(settings, [*System, running.SMTP])
    addresses = running.addresses(settings, bounds)
    smtp = running.smtp_address(settings, bounds)
    environment = to_environment(
        {
            "addresses": {
                **{str(s): url for s, url in addresses.items()},
                "smtp": f"{smtp.host}:{smtp.port}",
            },
            "world": {"traffic": settings.world.traffic_rate},
        }
    )
    watch = _Watch(state, settings_file, environment, verbose=verbose)
    world_names = [*WORLD_SYSTEMS, running.SMTP]

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            async with trio.open_nursery() as starting:
                for command, names in (("world", world_names), ("portal", [System.PORTAL])):
                    fds = {str(name): bounds[name].socket.fileno() for name in names}
                    starting.start_soon(nursery.start, watch.keep, command, fds)
            _tell(settings, state, facts, bounds, addresses, (stopwatch_ns() - began) / 1e9, json=json)

    try:
        await running.run_until_told(main)
    finally:
        for bound in bounds.values():
            bound.socket.close()
    if not json:
        print("止めました。")


class _Watch:
    """Starts the two processes and starts them again when they die."""

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
        sockets: dict[str, int],
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Keep this command running until cancelled. Raises :class:`DidNotStart` when it can't start at all."""
        deaths = 0
        is_up = False
        while True:
            born = trio.current_time()
            process = await self._start(command, sockets)
            try:
                ready = await _first_line(process)
                if not ready and not is_up:
                    raise DidNotStart(await self._why(command))
                if ready and not is_up:
                    is_up = True
                    task_status.started()
                await process.wait()
            finally:
                await _end(process)
            deaths = 1 if trio.current_time() - born > STEADY_SECONDS else deaths + 1
            pause = RESTART_SECONDS[min(deaths, len(RESTART_SECONDS)) - 1]
            sys.stderr.write(
                f"mynasim {command} が終了しました（終了コード {process.returncode}）。{pause:g}秒後に起動し直します。"
                f"記録: {self._state / (command + '.log')}\n"
            )
            await trio.sleep(pause)

    async def _start(self, command: str, sockets: dict[str, int]) -> trio.Process:
        environment = {
            **os.environ,
            **self._environment,
            running.SOCKETS_VARIABLE: json_module.dumps(sockets),
            running.WATCHED_VARIABLE: "1",
        }
        # A session of its own: Ctrl-C at the terminal reaches only us, and we end them in good order.
        return await trio.lowlevel.open_process(
            [sys.executable, "-m", "mynasim", command, *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            pass_fds=tuple(sockets.values()),
            start_new_session=True,
        )

    async def _why(self, command: str) -> str:
        return f"mynasim {command} を起動できませんでした。理由は上のメッセージか、{self._state / (command + '.log')} にあります。"


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


def _residents(facts: WorldFacts) -> list[dict[str, Any]]:
    today = facts.nation.reference_date
    shown: list[dict[str, Any]] = []
    for person in facts.nation.examples():
        pins = facts.wallet.pins(person.n)
        place_name = municipality(person.municipality_code)
        shown.append(
            {
                "resident": person.resident_id,
                "municipality": f"{place_name.prefecture}{place_name.name}",
                "age": person.age(today),
                "pin": pins.auth,
                "sign_password": pins.sign,
            }
        )
    return shown


def _tell(
    settings: Settings,
    state: Path,
    facts: WorldFacts,
    bounds: dict[str, Bound],
    addresses: dict[System, str],
    seconds: float,
    *,
    json: bool,
) -> None:
    residents = _residents(facts)
    smtp = bounds[running.SMTP]
    if json:
        running.say_json(
            {
                "ready": True,
                "seconds": round(seconds, 2),
                "portal": addresses[System.PORTAL],
                "systems": {str(system): addresses[system] for system in WORLD_SYSTEMS},
                "smtp": f"{smtp.host}:{smtp.port}",
                "residents": residents,
                "state": str(state),
                "pid": os.getpid(),
            }
        )
        return
    console = Console()
    moved = [bound for bound in bounds.values() if bound.moved]
    for bound in moved:
        console.print(f"[yellow]ポート{bound.wanted}は使用中のため、{bound.port}を使います。[/yellow]")
    console.print(
        Panel.fit(
            _picture(settings, state, addresses, residents, smtp),
            title="mynasim",
            subtitle=f"{seconds:.1f}秒で起動",
        )
    )


def _picture(
    settings: Settings,
    state: Path,
    addresses: dict[System, str],
    residents: Sequence[dict[str, Any]],
    smtp: Bound,
) -> Any:
    where = Table.grid(padding=(0, 2))
    where.add_row("[bold]マイナポータル（模擬）[/bold]", f"[bold]{addresses[System.PORTAL]}[/bold]")
    for system in WORLD_SYSTEMS:
        where.add_row(JAPANESE_NAMES[system], addresses[system])
    where.add_row("メールの受け口（SMTP）", f"{smtp.host}:{smtp.port}")
    people = Table(
        "住民",
        "住んでいるところ",
        "年齢",
        "暗証番号",
        "署名用パスワード",
        title="ログインできる住民",
        title_justify="left",
    )
    for one in residents:
        people.add_row(
            one["resident"], one["municipality"], str(one["age"]), one["pin"], one["sign_password"]
        )
    return Group(
        where,
        "",
        people,
        "",
        f"届いたメール: {addresses[System.MAILBOX]}",
        f"状態と記録: {state}",
        "止めるには Ctrl-C を押します。",
    )
