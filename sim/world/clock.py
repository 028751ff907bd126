"""Time in a simulated world: Trio's own, which under ``MockClock`` jumps to whatever is waited for next."""

import trio

from portal.seams.clock import Clock


class SimulatedClock(Clock):
    """Starts at a named moment when it is made; only waiting moves it on."""

    def __init__(self, start_ms: int) -> None:
        super().__init__()
        self._start_ms = start_ms
        self._zero = trio.current_time()

    def _unmoved_ms(self) -> int:
        return self._start_ms + round((trio.current_time() - self._zero) * 1000)
