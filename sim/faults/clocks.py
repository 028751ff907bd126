"""A clock of one system's own, which can be wrong."""

from portal.seams.clock import Clock


class OwnClock(Clock):
    """時計: the world's, ahead or behind by an offset of its own."""

    is_only_moved_here = True

    def __init__(self, world: Clock) -> None:
        super().__init__()
        self._world = world
        world.on_move(self._moved_with_the_world)

    def _unmoved_ms(self) -> int:
        return self._world.now_ms()

    def _moved_with_the_world(self) -> None:
        self.move(0)

    def skew(self, by_ms: int) -> None:
        """Be so much ahead (behind, if negative) from now on."""
        self.move(by_ms - self.offset_ms)
