"""Time: asked of a clock that the world hands out. This file alone reads the real one."""

import time
from typing import Protocol


class Clock(Protocol):
    """時計: the time of the world, which a rehearsal may have moved."""

    def now_ms(self) -> int:
        """UTC, milliseconds since 1970."""
        ...


class LiveClock:
    """The machine's clock, moved by *offset_ms* (a rehearsal can stand a year ahead)."""

    def __init__(self, offset_ms: int = 0) -> None:
        self.offset_ms = offset_ms

    def __repr__(self) -> str:
        return f"LiveClock(offset_ms={self.offset_ms})"

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.offset_ms


def stopwatch_ns() -> int:
    """For measuring how long our own work takes (server timing, benchmarks): never for a decision."""
    return time.perf_counter_ns()
