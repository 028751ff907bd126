"""``mynasim load --find-capacity``: a staircase until the level breaks, the law through its steps, and a plan on paper."""

from pathlib import Path
from typing import TYPE_CHECKING

from mynasim.load_world import LoadFailed, World

if TYPE_CHECKING:
    from mynasim.load import Wanted

STEPS_MOST = 12
STEP_SECONDS_LEAST = 4.0
SETTLING = 0.3
"""Of each step: so much of its beginning does not count, because the step before still shows."""
FIRST_SHARE = 1 / STEPS_MOST
PERCENTS = (1.0, 5.0)
LATENESS_P99_MS = 3_000.0
"""The level where none was given: visits end within this time at p99."""


def find(wanted: "Wanted", where: World, report: Path | None, *, json: bool) -> int:
    """Search, tell, and return the exit code. Raises :class:`LoadFailed`."""
    raise LoadFailed("まだです。")
