"""How long `mynasim up` takes until all systems answer, from the start of the command."""

import statistics
from pathlib import Path

from benchmarks.ledger import Row
from benchmarks.live import live_world

AIM_SECONDS = 5.0


def rows(folder: Path, rounds: int) -> list[Row]:
    """The first start on an empty state and later ones differ by the making of tables only; all are counted."""
    found = []
    for number in range(rounds):
        with live_world(folder / f"state{number}") as live:
            found.append(live.seconds)
    seconds = statistics.median(found)
    return [
        Row(
            "up.start",
            seconds,
            "s",
            f"aim of {AIM_SECONDS:g} s",
            AIM_SECONDS / seconds,
            aim=AIM_SECONDS,
            more_is_better=False,
            note="all processes on one core, card keys on disk",
        )
    ]
