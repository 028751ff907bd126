"""One case from beginning to end: a safety phase with faults, then a liveness phase in which everything pending ends."""

import traceback
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import structlog
import trio

from portal.links.link import Sighting
from portal.settings import PortalSettings
from scenarios.explorer import registry
from scenarios.explorer.case import Case, Errand
from scenarios.explorer.exploring import Breach, Exploration, Tracing
from scenarios.explorer.registry import INVARIANTS, When, noticed
from scenarios.stage import Step
from sim.faults.simulated import FaultyWorld, Happening, Player
from sim.faults.vocabulary import ClockSkew
from sim.world.building import Description
from sim.world.chance import SeededChance
from sim.world.determinism import run_deterministic
from sim.world.facts import WorldFacts
from sim.world.settings import WorldSettings
from sim.world.simulated import running_world

SAFETY_SECONDS_MAX = 3 * 24 * 3_600
"""The safety phase is over by then, whatever people wait for: nothing in it waits so long."""
LIVENESS_SECONDS = 2 * 3_600.0
"""Everything pending has ended so long after the last fault, as long as no organisation takes its time to decide."""
LOOK_EVERY = 25
"""Messages between two looks of the invariants that are checked often."""
LAST_MESSAGES = 60

FALLEN = noticed("no system falls over by itself", "REC-3")
ENDS = noticed("nobody waits for ever", "REC-3")
SURPRISE = noticed("nothing is done that nobody thought of", "REC-3")

LOGGED_ERRORS = frozenset(["operation_failed", "outbox_work_failed", "outbox_finish_failed"])
"""Events that systems log when they meet what they did not expect."""


class Outcome(NamedTuple):
    """What came of a case."""

    case: Case
    breach: Breach | None
    trace: str
    """SHA-256 of the trace."""
    messages: int
    calls: int
    """Requests that citizens made."""
    reached: frozenset[str]
    faults: frozenset[str]
    last: tuple[Sighting, ...]
    steps: tuple[Step, ...]
    lines: tuple[str, ...]
    """The trace, if it was to be kept."""


def run(case: Case, facts: WorldFacts, *, keep_lines: bool = False) -> Outcome:
    """Run a case. Raises ``NotDeterministic`` where Trio does not repeat itself."""
    registry.load()
    with _quiet():
        return run_deterministic(case.seed & 0xFFFF_FFFF, _run, case, facts, keep_lines)


async def _run(case: Case, facts: WorldFacts, keep_lines: bool) -> Outcome:
    settings = PortalSettings(
        session_idle_seconds=case.terms.session_idle_seconds,
        challenge_seconds=case.terms.challenge_seconds,
        immediate_wait_seconds=case.terms.immediate_wait_seconds,
        crl_instead_of_ocsp=case.terms.crl_instead_of_ocsp,
    )
    description = Description(facts, WorldSettings(seed=facts.seed), settings)
    tracing = Tracing(keep_lines=keep_lines)
    exploration: Exploration | None = None

    def make(description: Description, chance: SeededChance, nursery: trio.Nursery) -> FaultyWorld:
        return FaultyWorld(description, chance, nursery, tracing)

    breach: Breach | None = None
    errors: list[str] = []
    _errors.append(errors)
    try:
        async with running_world(description, case.seed, make) as world:
            exploration = Exploration(case, world, world.chance.fork("actors"))
            with exploration.scope:
                await _phases(exploration, tracing)
    except Exception as error:
        breach = _fallen(error, exploration)
    finally:
        _errors.remove(errors)
    assert exploration is not None, "the world did not come up"
    breach = exploration.breached or breach
    if breach is not None and errors:
        breach = breach._replace(seen=f"{breach.seen}\n{errors[0]}")
    elif errors:
        breach = Breach(SURPRISE.name, SURPRISE.requirement, "nothing unexpected", errors[0], 0)
    calls = sum(1 for each in tracing if each.sender == "citizen")
    return Outcome(
        case,
        breach,
        tracing.trace,
        tracing.count,
        calls,
        frozenset(exploration.reached_names),
        frozenset(exploration.faults_seen),
        tuple(tracing)[-LAST_MESSAGES:],
        tuple(exploration.steps),
        tuple(tracing.lines or ()),
    )


def _fallen(error: BaseException, exploration: Exploration | None) -> Breach:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    text = "".join(traceback.format_exception(error)[-4:])
    moment = 0 if exploration is None else exploration.now_ms()
    return Breach(FALLEN.name, FALLEN.requirement, "it goes on", f"{error!r}\n{text}", moment)


async def _phases(run: Exploration, tracing: Tracing) -> None:
    world = run.world
    player = Player(world, run.case.plan)
    looking = _Looking(run)
    world.listeners += [run.heard, looking.happened]
    tracing.listeners += [player.saw, looking.saw]
    skews = [abs(each.fault.by_ms) for each in run.case.plan if isinstance(each.fault, ClockSkew)]
    run.own["skew_ms"] = max(skews, default=0)
    for watch in WATCHES:
        watch(run, tracing)
    with trio.move_on_after(SAFETY_SECONDS_MAX) as limit:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(looking.run)
            async with trio.open_nursery() as actors:
                playing = trio.CancelScope()
                actors.start_soon(_playing, player, playing)
                async with trio.open_nursery() as errands:
                    for errand in run.case.errands:
                        errands.start_soon(_carry_out, run, errand)
                playing.cancel()
            nursery.cancel_scope.cancel()
    if limit.cancelled_caught:
        run.breach(ENDS, f"over within {SAFETY_SECONDS_MAX} s", "somebody still waits")
    run.say("障害がすべて終わる")
    await player.heal()
    run.is_calm = True
    await _liveness(run)


async def _playing(player: Player, scope: trio.CancelScope) -> None:
    with scope:
        await player.run()


async def _carry_out(run: Exploration, errand: Errand) -> None:
    await run.pause(errand.at_ms / 1000)
    chance = run.chance.fork(f"errand/{errand.number}")
    actor = registry.ACTORS[errand.actor](run, errand, chance)
    for name in errand.steps:
        step = registry.STEPS.get((errand.actor, name))
        if step is None:
            continue
        run.say(f"用事{errand.number} {actor!r}: {name}")
        await step.do(actor)
    run.journeys += 1


async def _liveness(run: Exploration) -> None:
    """Everything pending ends: first what nobody must decide, then all of it."""
    world = run.world
    await world.sleep(LIVENESS_SECONDS)
    await check(run, When.OFTEN)
    from scenarios.explorer import ending

    await ending.end(run)
    if run.breached is None:
        await check(run, When.END)


class _Looking:
    """Checks what is checked often, in a task of its own, so that nobody's task is held up."""

    def __init__(self, run: Exploration) -> None:
        self._run = run
        self._wanted = trio.Event()
        self._messages = 0

    def saw(self, _: Sighting) -> None:
        self._messages += 1
        if self._messages >= LOOK_EVERY:
            self._messages = 0
            self._wanted.set()

    def happened(self, _: Happening) -> None:
        self._wanted.set()

    async def run(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted = trio.Event()
            await check(self._run, When.OFTEN)


async def check(run: Exploration, when: When) -> None:
    """Check all invariants of this time; at the end those that are checked often too."""
    for invariant in tuple(INVARIANTS.values()):
        if invariant.check is None or (invariant.when is not when and when is When.OFTEN):
            continue
        broken = await invariant.check(run)
        if broken is not None:
            run.breach(invariant, broken.expected, broken.seen)
            return


WATCHES: list[Any] = []
"""Functions of the parts that listen for situations: called with the run and its recorder when it begins."""

_errors: list[list[str]] = []


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing is logged to the terminal; what systems log as unexpected is kept."""
    before = structlog.get_config()
    structlog.configure(processors=[_keep], cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)


def _keep(_: Any, level: str, event: MutableMapping[str, Any]) -> Any:
    if event.get("event") in LOGGED_ERRORS and _errors:
        text = traceback.format_exc(limit=-4)
        _errors[-1].append(f"{event.get('event')} {event.get('operation') or event.get('kind')}\n{text}")
    raise structlog.DropEvent
