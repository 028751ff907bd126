"""Journeys of the load in simulated time: how many disclosure journeys one CPU second carries, signatures included."""

import gc
import statistics
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from time import process_time
from typing import NamedTuple

import trio

from benchmarks.ledger import Row
from benchmarks.visiting import Tally, carry_out
from load.holders import CardCase, facts_of, make_ahead
from load.journeys import Visit, journeys
from portal.settings import PortalSettings
from portal.wire.moments import day_of
from portal.wire.systems import Party, System
from sim.faults.vocabulary import Delay, Duplication, Fault, Loss, Reordering, Reset, Shape
from sim.faults.weather import BadWeather
from sim.world.building import Description
from sim.world.chance import SeededChance
from sim.world.determinism import run_deterministic
from sim.world.settings import WorldSettings
from sim.world.simulated import simulated_world
from sim.world.weather import FairWeather

SEED = 1
AT_ONCE = 100
"""Visitors at the same time."""
AIM = 500.0
FAULTS: tuple[Fault, ...] = (
    Delay(Shape.EXPONENTIAL, 0, 50),
    Reordering(0.02, 200),
    Loss(0.002, 0.002),
    Duplication(0.01),
    Reset(0.005),
)
"""Of every message, all the time: bad, but so that most journeys come to their end."""


class Round(NamedTuple):
    """What one round came to."""

    journeys: int
    requests: int
    messages: int
    cpu_seconds: float
    signing_seconds: float
    """Of the CPU time, the cards' answers with their RSA signatures."""
    failures: int
    """Steps without the answer that was asked for; each ends its own part of a journey."""

    @property
    def per_second(self) -> float:
        return self.journeys / self.cpu_seconds


async def _round(case: CardCase, count: int, residents: int, name: str, faults: Sequence[Fault]) -> Round:
    description = Description(case.facts, WorldSettings(), PortalSettings())
    journey = journeys()[name]
    holders = [case.holder(index) for index in range(residents + 1)]
    if journey.company:
        for index, each in enumerate(holders):
            case.accompanied(each, index)
    tally = Tally()
    chance = SeededChance(SEED, "the benchmark's weather")
    weather = BadWeather(FairWeather(chance), chance)
    async with simulated_world(description, SEED, weather if faults else None) as world:
        link = world.link(Party.CITIZEN, System.PORTAL, deadline_s=60.0)
        waiting = iter(range(count))

        async def visit(number: int) -> None:
            holder = holders[number]
            beside = "" if holder.companion is None else holder.companion.nickname
            today = day_of(world.clock.now_ms())
            steps = journey.steps(Visit(holder.nickname, today, holder.visits, companion=beside))
            holder.visits += 1
            await carry_out(steps, link, holder, tally)

        async def visitor() -> None:
            for number in waiting:
                await visit(number % residents)

        # One visit ahead of the measured window: tables, catalogue, the CA's own keys.
        await visit(residents)
        ahead, messages = tally.requested, world.recorder.count
        for number, fault in enumerate(faults):
            weather.begin(number, fault)
        gc.collect()
        begun = process_time()
        async with trio.open_nursery() as nursery:
            for _ in range(AT_ONCE):
                nursery.start_soon(visitor)
        took = process_time() - begun
        assert faults or not tally.failures, tally.failures[:5]
        return Round(
            count,
            tally.requested - ahead,
            world.recorder.count - messages,
            took,
            tally.signing_seconds,
            len(tally.failures),
        )


def simulated(
    keys: Path,
    *,
    count: int = 1000,
    residents: int = 300,
    name: str = "disclosure",
    seed: int = SEED,
    faults: Sequence[Fault] = (),
) -> Round:
    """*count* journeys of *residents* different people; the first of each opens the account."""
    make_ahead(SEED, seed, residents + 1, keys, company=journeys()[name].company)
    case = CardCase(facts_of(SEED, keys), seed)
    return run_deterministic(seed, partial(_round, case, count, residents, name, faults))


def _row(name: str, found: Sequence[Round], what: str) -> Row:
    rate = statistics.median(one.per_second for one in found)
    one = found[0]
    share = statistics.median(each.signing_seconds / each.cpu_seconds for each in found)
    note = (
        f"{one.requests / one.journeys:.1f} requests and {one.messages / one.journeys:.1f} messages a journey; {what}; "
        f"{AT_ONCE} visitors at a time; cards {share:.0%} of the CPU time; best {max(each.per_second for each in found):.0f}"
    )
    return Row(name, rate, "journeys/CPU s", f"aim of {AIM:.0f}", rate / AIM, aim=AIM, note=note)


def rows(keys: Path, rounds: int, *, count: int = 1000, residents: int = 300) -> list[Row]:
    """Residents who come again and again, as most do; those who come for the first time; and the former with faults."""
    mixed, first, faulty = [], [], []
    for _ in range(rounds):
        mixed.append(simulated(keys, count=count, residents=residents))
        first.append(simulated(keys, count=residents, residents=residents))
        faulty.append(simulated(keys, count=count, residents=residents, faults=FAULTS))
    again = f"{1 - residents / count:.0%} of them by residents who have an account"
    failed = faulty[0].failures / faulty[0].requests
    return [
        _row("simulated.journeys", mixed, again),
        _row("simulated.journeys_first_time", first, "all of them open an account"),
        _row("simulated.journeys_with_faults", faulty, f"{again}; {failed:.1%} of the requests fail"),
    ]
