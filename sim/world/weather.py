"""Weather: how messages fare between systems. Fair weather delays and does nothing else; faults are a later layer."""

from portal.links.memory import Passage
from portal.wire.operation import AnyOperation
from portal.wire.systems import Caller, Party, System
from sim.world.chance import SeededChance

TERMINAL_SECONDS = (0.010, 0.040)
"""From a resident's terminal to the portal, least and most: assumed."""
SYSTEM_SECONDS = (0.002, 0.010)
"""Between systems on government lines: assumed."""
STEP_SECONDS = 0.001
"""Delays are whole milliseconds, as the clock's."""


class FairWeather:
    """Every message arrives. The whole delay lies on the way there, so that a message costs one timer."""

    def __init__(self, chance: SeededChance) -> None:
        self._chance = chance
        self._passages: dict[int, Passage] = {}

    def __repr__(self) -> str:
        return "FairWeather()"

    def passage(self, sender: Caller, receiver: System, operation: AnyOperation) -> Passage:
        least, most = TERMINAL_SECONDS if isinstance(sender, Party) else SYSTEM_SECONDS
        steps = int((least + (most - least) * self._chance.uniform()) / STEP_SECONDS)
        passage = self._passages.get(steps)
        if passage is None:
            passage = self._passages[steps] = Passage(request_delay_s=steps * STEP_SECONDS)
        return passage
