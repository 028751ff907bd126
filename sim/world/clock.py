"""Time in a simulated world: Trio's own, which there jumps to whatever is waited for next."""

import trio

from portal.seams.clock import Clock


class SimulatedClock(Clock):
    """Starts at a named moment when it is made; only waiting moves it on."""

    is_only_moved_here = True

    def __init__(self, start_ms: int) -> None:
        super().__init__()
        self._start_ms = start_ms
        # Asked of the clock itself: by way of Trio's context it costs several times as much.
        self.steady_seconds = trio.lowlevel.current_clock().current_time
        self._zero = self.steady_seconds()

    def now_ms(self) -> int:
        return self._start_ms + self.offset_ms + int((self.steady_seconds() - self._zero) * 1000 + 0.5)

    def _unmoved_ms(self) -> int:
        return self.now_ms() - self.offset_ms
