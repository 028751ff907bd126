"""The explorer: journeys and requests of citizens in one CPU second with faults on, and what a second process brings.

By the wall alone a second process says more about who else is at work on the machine, and about processes that come up,
than about the explorer. What it brings is reckoned from what each process gets done in a second of its own CPU while both
work, and from how much of their time they work: the rest is lost in handing out seeds. The wall stands beside it.
"""

import os
import statistics
from collections.abc import Iterator
from pathlib import Path

from benchmarks.ledger import Row
from scenarios.explorer import many

SEEDS = 600
"""So many that what each process must learn at first (keys, catalogues, copies) weighs little; a nightly run has 2,000."""
CALLS_IN_A_JOURNEY = 8
"""A disclosure journey has at least so many requests; the explorer's people do not walk in straight lines."""
AIM = 500.0
TWO_AIM = 1.8


def explored(keys: Path, processes: int, seeds: int = SEEDS) -> many.Summary:
    """The first seeds, with everything that is checked in them."""
    order = many.Order(1, seeds, None, processes, keys)
    return many.explore(order, lambda done, failed: None)


def gained(one: many.Summary, two: many.Summary) -> float:
    """How much more two processes get done than one on a machine that does nothing else, without their coming up."""
    each = (two.seeds / two.cpu_seconds) / (one.seeds / one.cpu_seconds)
    return two.processes * each * two.busy_share / one.busy_share


def _by_turns(keys: Path, rounds: int, seeds: int) -> Iterator[tuple[many.Summary, many.Summary]]:
    """One process, then two, again and again: what else is going on meets both."""
    for _ in range(rounds):
        yield explored(keys, 1, seeds), explored(keys, 2, seeds)


def rows(keys: Path, rounds: int, seeds: int = SEEDS) -> list[Row]:
    found = list(_by_turns(keys, rounds, seeds))
    one = [each for each, _ in found]
    two = [each for _, each in found]
    assert not any(each.failures for each in (*one, *two)), "the explorer found something"
    rate = statistics.median(each.calls / CALLS_IN_A_JOURNEY / each.cpu_seconds for each in one)
    seeds_rate = statistics.median(each.seeds / each.cpu_seconds for each in one)
    gain = statistics.median(gained(*each) for each in found)
    wall = statistics.median(
        (b.seeds / (b.seconds - b.starting_seconds)) / (a.seeds / (a.seconds - a.starting_seconds))
        for a, b in found
    )
    rate_two = statistics.median(each.seeds / each.cpu_seconds for each in two)
    busy = statistics.median(each.busy_share for each in two)
    starting = statistics.median(each.starting_seconds for each in two)
    return [
        Row(
            "explorer.journeys",
            rate,
            "journeys/CPU s",
            f"aim of {AIM:.0f}",
            rate / AIM,
            aim=AIM,
            note=f"{CALLS_IN_A_JOURNEY} requests each, faults, model and invariants on; {seeds_rate:.1f} seeds/CPU s",
        ),
        Row(
            "explorer.two_processes",
            gain,
            "times one process",
            f"aim of {TWO_AIM}",
            gain / TWO_AIM,
            aim=TWO_AIM,
            note=f"{seeds_rate:.1f} seeds/CPU s alone, {rate_two:.1f} in each of two, at work {busy:.0%} of the time; "
            f"by the wall {wall:.2f} with others at work too (load {os.getloadavg()[0]:.1f}), "
            f"without the {starting:.1f} s of coming up",
        ),
    ]
