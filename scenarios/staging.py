"""Setting a stage: a fresh world for one scenario, simulated in memory or live over real sockets."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import NamedTuple

import trio

from portal.live import SmtpAddress
from portal.seams.chance import LiveChance
from portal.seams.clock import LiveClock
from portal.secrets import new_secrets
from portal.serving.listen import bind
from portal.settings import PortalSettings
from portal.wire.moments import to_ms
from portal.wire.systems import System
from scenarios.stage import Stage
from sim.world.building import Description
from sim.world.chance import SeededChance
from sim.world.facts import WorldFacts
from sim.world.live import LiveWorld, Sockets
from sim.world.recorder import Recorder
from sim.world.settings import WorldSettings
from sim.world.simulated import START, SYSTEMS, simulated_world

NATION_SEED = 1
"""The nation's own: residents and cards are the same whatever the run's seed, and their keys are made once."""
LOOPBACK = "127.0.0.1"
NOWHERE = "http://127.0.0.1:9"
"""Stands for the systems that only browsers need: no scenario calls them."""


class Set(NamedTuple):
    """A stage, and how its stores are read when all is over."""

    stage: Stage
    dump: Callable[[System], sqlite3.Connection]
    """A copy of a system's store, to be closed by who asked."""


def facts(key_folder: Path | None) -> WorldFacts:
    """What is true in every scenario's world; made once for a run, since nothing changes it."""
    return WorldFacts(NATION_SEED, key_folder)


def _description(world_facts: WorldFacts) -> Description:
    return Description(world_facts, WorldSettings(seed=world_facts.seed), PortalSettings())


@asynccontextmanager
async def simulated(world_facts: WorldFacts, seed: int) -> AsyncIterator[Set]:
    """In simulated time; call it under ``run_deterministic``."""
    async with simulated_world(_description(world_facts), seed) as world:
        stage = Stage(world, world.recorder, world.chance.fork("actors"), live=False)

        def dump(system: System) -> sqlite3.Connection:
            copy = sqlite3.connect(":memory:")
            copy.executescript("\n".join(world.stores[system].dump()))
            return copy

        yield Set(stage, dump)


@asynccontextmanager
async def live(world_facts: WorldFacts, seed: int, state: Path) -> AsyncIterator[Set]:
    """Over sockets on free ports of this machine, with its state in this folder. Its clock begins where a simulated one does."""
    clock = LiveClock()
    clock.move(to_ms(START) - clock.now_ms())
    chance, recorder = LiveChance(), Recorder()
    sockets = {system: bind(LOOPBACK, 0) for system in SYSTEMS}
    smtp = bind(LOOPBACK, 0)
    async with trio.open_nursery() as nursery:
        world = LiveWorld(
            _description(world_facts),
            state,
            new_secrets(chance),
            Sockets(sockets, smtp),
            {system: sockets[system].url if system in sockets else NOWHERE for system in System},
            SmtpAddress(smtp.host, smtp.port),
            clock,
            chance,
            nursery,
            recorder,
        )
        for system in SYSTEMS:
            await world.start(system)

        def dump(system: System) -> sqlite3.Connection:
            copy = sqlite3.connect(":memory:")
            with closing(sqlite3.connect(state / f"{system}.sqlite")) as file:
                file.backup(copy)
            return copy

        try:
            yield Set(Stage(world, recorder, SeededChance(seed, "actors"), live=True), dump)
        finally:
            with trio.CancelScope(shield=True):
                await world.aclose()
