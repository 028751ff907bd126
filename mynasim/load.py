"""``mynasim load``: a journey under Locust, against a world of its own or a portal that runs already.

Locust runs in a process of its own, because it and Trio can't share one, and speaks to us over a pipe; the world, if
it is ours, in another. Both end with us, however we end.
"""

import contextlib
import json as json_module
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import IO, Annotated, Any

from cyclopts import Parameter

from portal.refusal import Refusal

WORLD_SECONDS_MAX = 60.0
"""A world that is not up by then has not started."""
PREPARING_SECONDS_MAX = 1_800.0
"""Locust may make card keys for so long before its first figures."""
SILENCE_SECONDS_MAX = 60.0
"""Locust says something every second; after such a silence it is stuck."""
ENDING_SECONDS_MAX = 20.0
USERS_MAX = 10_000
DURATION_SECONDS_MAX = 86_400
KEYS_SHOWN_EVERY = 20
SAID_BYTES_SHOWN = 2_000
"""The end of what Locust wrote, when it ended without figures."""
PLAIN_COLUMNS = 120
"""Width of the table where there is no terminal."""
LOCUSTFILE = Path(__file__).parents[1] / "load" / "locustfile.py"


class LoadFailed(Refusal):
    """Why the load could not be run."""


def load(
    *,
    journey: Annotated[str, Parameter(help="行程（load/journeys のファイルの名前）。")] = "disclosure",
    users: Annotated[int, Parameter(help="同時に使う利用者の数。")] = 20,
    duration: Annotated[int, Parameter(help="負荷をかける秒数。")] = 30,
    host: Annotated[
        str | None,
        Parameter(help="ポータルのアドレス。なければ、この試験だけの世界を起動し、終わったら消します。"),
    ] = None,
    seed: Annotated[int, Parameter(help="どの住民が来るかを決める種。")] = 1,
    nation: Annotated[int, Parameter(help="国の種。--host の世界の設定 [world] seed と同じにします。")] = 1,
    spawn_rate: Annotated[float | None, Parameter(help="1秒に増やす利用者の数。既定は1秒で全員。")] = None,
    residents: Annotated[int, Parameter(help="利用者1人が受け持つ住民の数。")] = 3,
    pause: Annotated[float, Parameter(help="訪問と訪問の間の秒数。")] = 1.0,
    json: Annotated[bool, Parameter(help="最後に、結果を1行のJSONで書きます。", negative="")] = False,
) -> None:
    """ポータルに負荷をかけ、手順ごとの応答時間と失敗を示します（失敗があれば終了コード1）。"""
    _check(journey, users, duration, residents, pause, spawn_rate)
    signal.signal(signal.SIGTERM, _interrupt)
    _make_keys(nation, seed, users * residents)
    with _portal(host, nation) as address:
        arguments = ["--host", address, "--users", str(users), "--run-time", f"{duration}s"]
        arguments += ["--spawn-rate", str(spawn_rate if spawn_rate is not None else users)]
        arguments += ["--seed", str(seed), "--nation", str(nation)]
        arguments += ["--residents", str(residents), "--pause", str(pause)]
        content, was_stopped = _run_locust(journey, arguments, duration)
    sys.exit(_tell(journey, address, content, was_stopped=was_stopped, json=json))


def _check(
    journey: str, users: int, duration: int, residents: int, pause: float, spawn_rate: float | None
) -> None:
    from load.journeys import journeys

    if journey not in journeys():
        raise LoadFailed(f"行程「{journey}」はありません。あるのは {'、'.join(journeys())} です。")
    for name, value, most in (("users", users, USERS_MAX), ("duration", duration, DURATION_SECONDS_MAX)):
        if not 1 <= value <= most:
            raise LoadFailed(f"--{name} は1から{most}までで指定してください: {value}")
    if residents < 1 or pause < 0 or (spawn_rate is not None and spawn_rate <= 0):
        raise LoadFailed("--residents は1以上、--pause は0以上、--spawn-rate は0より大きく指定してください。")


def _make_keys(nation: int, seed: int, count: int) -> None:
    """The cards' keys, kept on disk: the first run with these residents makes them, on all cores."""
    from load.holders import make_ahead
    from sim.world.key_folder import key_folder

    def show(done: int, total: int) -> None:
        if done == total or done % KEYS_SHOWN_EVERY == 0:
            ending = "\n" if done == total or not sys.stderr.isatty() else ""
            sys.stderr.write(f"\rカードの鍵を作っています: {done}/{total}{ending}")
            sys.stderr.flush()

    try:
        make_ahead(nation, seed, count, key_folder(), show)
    except RuntimeError as error:
        raise LoadFailed(str(error)) from error


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _portal(host: str | None, nation: int) -> Iterator[str]:
    """The portal's address; without one given, a world that lives as long as the block."""
    if host is not None:
        yield host.rstrip("/")
        return
    _say("試験用の世界を起動しています…")
    with tempfile.TemporaryDirectory(prefix="mynasim-load-") as folder, _world(Path(folder), nation) as world:
        try:
            told = _ready(world)
            _say(f"世界が起動しました（{told['seconds']:.1f}秒）: {told['portal']}")
            yield told["portal"]
        finally:
            _end(world)


def _world(state: Path, nation: int) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches only us. And when we are killed, the end of its standard input tells it.
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "mynasim", "up", "--json", "--state", str(state)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **_free_ports(), "MYNASIM_WORLD__SEED": str(nation)},
        start_new_session=True,
    )


def _free_ports() -> dict[str, str]:
    """Any free ports, so that this world and one that somebody works with don't meet."""
    from mynasim.running import WATCHED_VARIABLE
    from mynasim.settings import to_environment
    from sim.world.settings import Ports

    ports = dict.fromkeys(Ports.__struct_fields__, 0)
    return to_environment({"portal": {"port": 0}, "world": {"ports": ports}}) | {WATCHED_VARIABLE: "1"}


def _ready(world: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert world.stdout is not None
    line = _line(world.stdout, WORLD_SECONDS_MAX)
    if not line:
        raise LoadFailed("試験用の世界を起動できませんでした。理由は上のメッセージにあります。")
    told: dict[str, Any] = json_module.loads(line)
    return told


def _line(stream: IO[bytes], seconds: float) -> bytes:
    """The next line; empty at the end, or when none came within the time. For unbuffered line-wise writers."""
    ready, _, _ = select.select([stream], [], [], seconds)
    return stream.readline() if ready else b""


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to end, insist after a while."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(ENDING_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _run_locust(journey: str, arguments: list[str], duration: int) -> tuple[dict[str, Any], bool]:
    """Locust's own report of the run, and whether it was stopped before its time."""
    from load.journeys import user_class_name
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
    with (
        os.fdopen(reading, "rb", buffering=0) as raw,
        tempfile.TemporaryFile() as said,
        subprocess.Popen(  # noqa: S603 - Locust, of this environment
            [*command, *arguments, user_class_name(journey)],
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
            report = _watch(raw, duration)
        except KeyboardInterrupt:
            was_stopped = True
            _say("\n止めています…")
            locust.terminate()
            report = _watch(raw, duration)
        finally:
            _end(locust)
        if report is None and was_stopped:
            raise KeyboardInterrupt  # before anything was measured
        if report is None:
            said.seek(max(0, said.seek(0, os.SEEK_END) - SAID_BYTES_SHOWN))
            why = said.read().decode(errors="replace").strip()
            raise LoadFailed(f"Locustが結果を出さずに終了しました（終了コード {locust.returncode}）。\n{why}")
        return report, was_stopped


def _watch(raw: IO[bytes], duration: int) -> dict[str, Any] | None:
    """Show each glance; the whole report when it comes, None when it never does."""
    shown = _Progress(duration)
    heard = b""
    patience = PREPARING_SECONDS_MAX
    last = monotonic()
    while monotonic() - last < patience:
        ready, _, _ = select.select([raw], [], [], 1.0)
        if not ready:
            continue
        part = raw.read(65536)
        if not part:
            return None
        *lines, heard = (heard + part).split(b"\n")
        for line in lines:
            said = json_module.loads(line)
            if "report" in said:
                shown.end()
                whole: dict[str, Any] = said["report"]
                return whole
            shown.show(said["glance"])
            patience, last = SILENCE_SECONDS_MAX, monotonic()
    return None


class _Progress:
    """One line that changes on a terminal; a line every ten seconds elsewhere."""

    EVERY_SECONDS = 10

    def __init__(self, duration: int) -> None:
        self._duration = duration
        self._requests = 0
        self._seconds = 0.0
        self._count = 0
        self._is_terminal = sys.stderr.isatty()

    def show(self, glance: dict[str, Any]) -> None:
        took = glance["seconds"] - self._seconds
        rate = (glance["requests"] - self._requests) / took if took > 0 else 0.0
        self._requests, self._seconds = glance["requests"], glance["seconds"]
        self._count += 1
        if not self._is_terminal and self._count % self.EVERY_SECONDS != 1:
            return
        text = (
            f"{glance['seconds']:5.0f}/{self._duration}秒  利用者 {glance['users']}  {rate:7.0f} 件/秒  "
            f"p50 {_ms(glance['p50_us'])}  p99 {_ms(glance['p99_us'])} ms  "
            f"訪問 {glance['journeys']}  失敗 {glance['failures']}"
        )
        sys.stderr.write(f"\r{text}\x1b[K" if self._is_terminal else f"{text}\n")
        sys.stderr.flush()

    def end(self) -> None:
        if self._is_terminal and self._count:
            sys.stderr.write("\n")


def _tell(journey: str, address: str, content: dict[str, Any], *, was_stopped: bool, json: bool) -> int:
    """Print what came of it; the exit code."""
    from load.measuring import JOURNEY, REQUEST, Report

    report = Report.decode(content)
    if json:
        sys.stdout.write(
            json_module.dumps(_summary(journey, address, report, was_stopped=was_stopped), ensure_ascii=False)
            + "\n"
        )
    else:
        _print(journey, address, report)
    if was_stopped:
        return 130
    if not report.total(REQUEST).count or not report.total(JOURNEY).count:
        _say("一度も訪問が終わりませんでした。--duration を長くしてください。")
        return 1
    return 1 if report.failures else 0


_PERCENTILES = (50, 90, 99)


def _summary(journey: str, address: str, report: Any, *, was_stopped: bool) -> dict[str, Any]:
    steps = [
        {
            "kind": step.kind,
            "name": step.name,
            "count": step.histogram.count,
            "per_second": round(step.histogram.count / report.seconds, 2),
            "failures": step.failures,
            **{f"p{p}_ms": step.histogram.percentile(p) / 1000 for p in _PERCENTILES},
            "max_ms": step.histogram.max_us / 1000,
        }
        for step in report.steps.values()
    ]
    return {
        "journey": journey,
        "host": address,
        "seconds": round(report.seconds, 3),
        "stopped": was_stopped,
        "failures": report.failures,
        "steps": steps,
    }


def _print(journey: str, address: str, report: Any) -> None:
    from rich.console import Console
    from rich.table import Table

    from load.journeys import journeys
    from load.measuring import CARD, JOURNEY, LATE, REQUEST

    console = Console() if sys.stdout.isatty() else Console(width=PLAIN_COLUMNS)
    table = Table(
        title=f"{journeys()[journey].title}（{journey}）  {address}  {report.seconds:.1f}秒",
        title_justify="left",
    )
    table.add_column("手順", no_wrap=True)
    for heading in ("回数", "毎秒", "失敗", "p50 ms", "p90 ms", "p99 ms", "最大 ms"):
        table.add_column(heading, justify="right")
    names = {REQUEST: "", LATE: "後日回答まで: ", CARD: "負荷側: ", JOURNEY: "訪問全体: "}
    for kind, prefix in names.items():
        for step in report.of(kind):
            histogram = step.histogram
            table.add_row(
                prefix + step.name,
                f"{histogram.count:,}",
                f"{histogram.count / report.seconds:,.1f}",
                f"[red]{step.failed:,}[/red]" if step.failed else "0",
                *(_ms(histogram.percentile(percent)) for percent in _PERCENTILES),
                _ms(histogram.max_us),
            )
    console.print(table)
    total = report.total(REQUEST)
    console.print(
        f"合計 {total.count:,} 件、毎秒 {total.count / report.seconds:,.1f} 件、失敗 {report.failures:,} 件"
    )
    for step in report.steps.values():
        for reason, count in sorted(step.failures.items(), key=lambda item: -item[1]):
            if step.kind != JOURNEY:
                console.print(f"  失敗 {count:,} 件: {step.name} {reason}")


def _ms(microseconds: int) -> str:
    return f"{microseconds / 1000:,.1f}" if microseconds < 100_000 else f"{microseconds / 1000:,.0f}"


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
