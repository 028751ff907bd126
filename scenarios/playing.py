"""Playing scenarios: each on a fresh stage with a seed of its own, and what came of it."""

import hashlib
import tempfile
import traceback
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import closing, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple

import structlog
import trio

from portal.links.link import Sighting
from portal.seams.clock import stopwatch_ns
from portal.wire.systems import System
from scenarios import linkage, privacy, staging
from scenarios.checking import Mismatch
from scenarios.registry import Scenario
from scenarios.stage import Stage, Step
from sim.world.determinism import run_deterministic
from sim.world.facts import WorldFacts

SIMULATED_SECONDS_MAX = 40 * 24 * 60 * 60
"""A scenario that has not ended by then never will."""
LIVE_SECONDS_MAX = 60
LIVE_AT_ONCE_MAX = 4
"""Live scenarios wait most of their time."""
LOG_LINES_KEPT_MAX = 200


class Failure(NamedTuple):
    """What was expected and what was seen; without those, the exception that nobody expected."""

    what: str
    expected: str
    seen: str
    after: str
    """The last step of the story before it."""
    trace: str = ""

    def __str__(self) -> str:
        return f"{self.what}: 期待は {self.expected}、実際は {self.seen}"


class Result(NamedTuple):
    """What came of one scenario."""

    scenario: Scenario
    failure: Failure | None
    seconds: float
    """Of real time."""
    world_seconds: float
    """Of the world's."""
    messages: tuple[Sighting, ...]
    steps: tuple[Step, ...]
    trace: str
    log: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return self.failure is None


Heard = Callable[[Result], None]


def seed_of(run_seed: int, scenario: Scenario) -> int:
    """The scenario's own, so that adding another one changes nothing for it."""
    return int.from_bytes(hashlib.sha256(f"{run_seed}/{scenario.id}".encode()).digest()[:6])


def play_simulated(scenarios: Sequence[Scenario], seed: int, keys: Path | None, heard: Heard) -> list[Result]:
    """One after the other, each in a simulated world of its own."""
    facts = staging.facts(keys)
    results: list[Result] = []
    with _logs_gathered():
        for scenario in scenarios:
            own = seed_of(seed, scenario)
            results.append(run_deterministic(own, _play_simulated, scenario, own, facts))
            heard(results[-1])
    return results


async def _play_simulated(scenario: Scenario, own: int, facts: WorldFacts) -> Result:
    return await _play(scenario, lambda: staging.simulated(facts, own), SIMULATED_SECONDS_MAX)


def play_live(scenarios: Sequence[Scenario], seed: int, keys: Path | None, heard: Heard) -> list[Result]:
    """Some at a time, each over real sockets, with its state in a folder that goes away. *heard* is told as they end."""
    with _logs_gathered():
        return trio.run(_play_live, scenarios, seed, staging.facts(keys), heard)


async def _play_live(
    scenarios: Sequence[Scenario], seed: int, facts: WorldFacts, heard: Heard
) -> list[Result]:
    results: dict[int, Result] = {}
    places = trio.Semaphore(LIVE_AT_ONCE_MAX)

    async def play(number: int, scenario: Scenario) -> None:
        own = seed_of(seed, scenario)
        with tempfile.TemporaryDirectory(prefix="mynasim-scenario-") as folder:
            result = await _play(scenario, lambda: staging.live(facts, own, Path(folder)), LIVE_SECONDS_MAX)
        places.release()
        results[number] = result
        heard(result)

    async with trio.open_nursery() as nursery:
        for number, scenario in enumerate(scenarios):
            await places.acquire()
            nursery.start_soon(play, number, scenario)
    return [results[number] for number in range(len(scenarios))]


async def _play(scenario: Scenario, set_up: Any, seconds_max: float) -> Result:
    began = stopwatch_ns()
    failure: Failure | None = None
    stage: Stage | None = None
    world_began = world_ended = 0
    log: list[str] = []
    # This task has a context of its own, which the world's tasks inherit.
    _log.set(log)
    try:
        with trio.move_on_after(seconds_max) as limit:
            async with set_up() as (stage, dump):
                world_began = stage.world.clock.now_ms()
                failure = await _failure_of(scenario, stage)
                world_ended = stage.world.clock.now_ms()
                if failure is None:
                    with closing(dump(System.PORTAL)) as store:
                        failure = _found(privacy.findings(stage.took_part.values(), store))
                if failure is None:
                    failure = _broken_in(await linkage.findings(stage, dump))
        if limit.cancelled_caught:
            failure = Failure("シナリオ", f"{seconds_max:g}秒以内に終わる", "終わらない", _last_step(stage))
    except Exception as error:
        failure = _broken(error, stage)
    seconds = (stopwatch_ns() - began) / 1e9
    if stage is None:
        return Result(scenario, failure, seconds, 0, (), (), "", tuple(log))
    recorder = stage.recorder
    lived = (world_ended - world_began) / 1000
    return Result(
        scenario, failure, seconds, lived, tuple(recorder), tuple(stage.steps), recorder.trace, tuple(log)
    )


async def _failure_of(scenario: Scenario, stage: Stage) -> Failure | None:
    try:
        await scenario.play(stage)
    except Exception as error:
        return _broken(error, stage)
    return None


def _broken(error: Exception, stage: Stage | None) -> Failure:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, Mismatch):
        return Failure(error.what, error.expected, error.seen, _last_step(stage))
    text = "".join(traceback.format_exception(error))
    return Failure("シナリオ", "例外なく終わる", f"{type(error).__name__}: {error}", _last_step(stage), text)


def _found(findings: Sequence[privacy.Finding]) -> Failure | None:
    if not findings:
        return None
    seen = "、".join(str(finding) for finding in findings)
    return Failure("FLD-2: ポータルの保管庫", "4情報とマイナンバーがない", seen, "シナリオの終わり")


def _broken_in(findings: Sequence[str]) -> Failure | None:
    if not findings:
        return None
    return Failure("情報連携の不変条件", "すべて成り立つ", "、".join(findings), "シナリオの終わり")


def _last_step(stage: Stage | None) -> str:
    return stage.steps[-1].text if stage is not None and stage.steps else ""


_log: ContextVar[list[str] | None] = ContextVar("_log", default=None)
"""Of the scenario in whose context something is logged: a world's tasks are children of its scenario's."""


@contextmanager
def _logs_gathered() -> Iterator[None]:
    """Give what systems log to the scenario that it belongs to, in place of printing it."""
    before = structlog.get_config()
    structlog.configure(
        processors=[structlog.processors.format_exc_info, _keep], cache_logger_on_first_use=False
    )
    try:
        yield
    finally:
        structlog.configure(**before)


def _keep(_: Any, level: str, event: MutableMapping[str, Any]) -> Any:
    lines = _log.get()
    if lines is not None and len(lines) < LOG_LINES_KEPT_MAX:
        details = " ".join(f"{name}={value}" for name, value in event.items() if name != "event")
        lines.append(f"{level} {event.get('event', '')} {details}".rstrip())
    raise structlog.DropEvent
