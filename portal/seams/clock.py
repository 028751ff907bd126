"""Time: asked of a clock that the world hands out. This file alone reads the real one."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable

import trio


class Clock(ABC):
    """時計: the time of the world, which can be moved (a rehearsal stands a year ahead; a fault skews one system)."""

    is_only_moved_here = False
    """Whether it never jumps but by :meth:`move`: a machine's clock is set by others, too."""

    def __init__(self, offset_ms: int = 0) -> None:
        self.offset_ms = offset_ms
        self.steady_seconds: Callable[[], float] = trio.current_time
        """The loop's own time since some moment, which nobody moves: for deadlines."""
        self._on_move: list[Callable[[], None]] = []
        self._moved = trio.Event()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(offset_ms={self.offset_ms})"

    @abstractmethod
    def _unmoved_ms(self) -> int: ...

    def now_ms(self) -> int:
        """UTC, milliseconds since 1970."""
        return self._unmoved_ms() + self.offset_ms

    def move(self, by_ms: int) -> None:
        """Jump; whoever waits on this clock looks again."""
        self.offset_ms += by_ms
        moved, self._moved = self._moved, trio.Event()
        moved.set()
        for callback in self._on_move:
            callback()

    def on_move(self, callback: Callable[[], None]) -> None:
        """Call this after each jump."""
        self._on_move.append(callback)

    async def sleep(self, seconds: float) -> None:
        """Until so much of this clock's time has passed."""
        due = self.now_ms() + int(seconds * 1000)
        while (left := due - self.now_ms()) > 0:
            moved = self._moved
            with trio.move_on_after(left / 1000):
                await moved.wait()


class LiveClock(Clock):
    """The machine's clock."""

    def _unmoved_ms(self) -> int:
        return time.time_ns() // 1_000_000


stopwatch_ns: Callable[[], int] = time.perf_counter_ns
"""For measuring how long our own work takes (server timing, benchmarks): never for a decision."""
