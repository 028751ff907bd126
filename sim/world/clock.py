"""Time in a simulated world: Trio's own, which there jumps to whatever is waited for next."""

import trio

from portal.seams.clock import Clock


class SimulatedClock(Clock):
    """Starts at a named moment when it is made; only waiting moves it on."""

    def __init__(self, start_ms: int) -> None:
        super().__init__()
        self._start_ms = start_ms
        # Asked of the clock itself: by way of Trio's context it costs several times as much.
        self._seconds = trio.lowlevel.current_clock().current_time
        self._zero = self._seconds()

    def _unmoved_ms(self) -> int:
        return self._start_ms + int((self._seconds() - self._zero) * 1000 + 0.5)
