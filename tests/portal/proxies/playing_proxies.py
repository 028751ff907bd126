"""A scene between an owner and a proxy, played in a simulated world."""

from collections.abc import Awaitable, Callable

from portal.wire.problems import Problem, ProblemCode
from scenarios.actors.resident import Resident
from scenarios.stage import Stage
from scenarios.staging import simulated
from sim.world.determinism import run_deterministic
from sim.world.facts import WorldFacts


def play(world_facts: WorldFacts, scene: Callable[[Stage], Awaitable[None]]) -> None:
    async def main() -> None:
        async with simulated(world_facts, 1) as on:
            await scene(on.stage)

    run_deterministic(1, main)


async def two(stage: Stage, mail: tuple[str, ...] = (), *, second: int = 1) -> tuple[Resident, Resident]:
    """An owner and the *second* of the stage's people, who is not yet a proxy and may want mail."""
    owner, proxy = Resident(stage, stage.person(0)), Resident(stage, stage.person(second))
    await owner.enter("みかん")
    await proxy.enter("りんご", mail=mail)
    return owner, proxy


def code_of(outcome: object) -> ProblemCode | None:
    return outcome.code if isinstance(outcome, Problem) else None
