"""The explorer: journeys and requests of citizens in one CPU second with faults on, and what a second process brings."""

import statistics
from pathlib import Path

from benchmarks.ledger import Row
from scenarios.explorer import many

SEEDS = 400
"""So many that the second or two in which workers come up do not count: a nightly run has 2,000."""
CALLS_IN_A_JOURNEY = 8
"""A disclosure journey has at least so many requests; the explorer's people do not walk in straight lines."""
AIM = 500.0
TWO_AIM = 1.8


def explored(keys: Path, processes: int, seeds: int = SEEDS) -> many.Summary:
    """The first seeds, with everything that is checked in them."""
    order = many.Order(1, seeds, None, processes, keys)
    return many.explore(order, lambda done, failed: None)


def rows(keys: Path, rounds: int, seeds: int = SEEDS) -> list[Row]:
    one = [explored(keys, 1, seeds) for _ in range(rounds)]
    two = [explored(keys, 2, seeds) for _ in range(rounds)]
    assert not any(each.failures for each in (*one, *two)), "the explorer found something"
    rate = statistics.median(each.calls / CALLS_IN_A_JOURNEY / each.cpu_seconds for each in one)
    speed_one = statistics.median(each.seeds / each.seconds for each in one)
    speed_two = statistics.median(each.seeds / each.seconds for each in two)
    seeds_rate = statistics.median(each.seeds / each.cpu_seconds for each in one)
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
            speed_two / speed_one,
            "times one process",
            f"aim of {TWO_AIM}",
            speed_two / speed_one / TWO_AIM,
            aim=TWO_AIM,
            note=f"{speed_one:.1f} and {speed_two:.1f} seeds/s; workers start anew each time",
        ),
    ]
