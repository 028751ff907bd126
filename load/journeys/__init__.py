"""Journeys: what people and organisations come for. One file each; a new file here is a new journey.

A file defines ``JOURNEY``; :func:`journeys` finds them all, also those in the folder that ``MYNASIM_LOAD_JOURNEYS`` names.
"""

import importlib
import os
import pkgutil
from collections.abc import Callable
from datetime import date
from functools import cache
from math import exp
from typing import NamedTuple

from load.steps import Hand, Steps, Wait
from portal.wire.sign_in import Terminal
from portal.wire.systems import System
from sim.nation.chance import draw
from sim.nation.nation import Nation

FOLDER_VARIABLE = "MYNASIM_LOAD_JOURNEYS"
"""A folder with journeys of one's own, beside these."""
if FOLDER_VARIABLE in os.environ:
    __path__.append(os.environ[FOLDER_VARIABLE])

COMPANIONS_WORD = 1_000_000
"""Beyond all that :meth:`Visit.think` draws."""
THINK_SPREAD = 0.6
"""Of the log-normal distribution of think times."""
THINK_FACTORS: dict[Terminal, float] = {
    Terminal.PC: 0.9,
    Terminal.PHONE: 1.0,
    Terminal.TABLET: 1.1,
    Terminal.TV: 1.5,
    Terminal.STORE: 1.2,
    Terminal.PUBLIC: 1.6,
}
"""How much longer than at a phone people pause; assumed."""


class Visit(NamedTuple):
    """One visit of one resident: what a journey may know."""

    nickname: str
    """For the first-time registration."""
    today: date
    """In Japan, by the portal's clock."""
    number: int = 0
    """How many visits this resident has made before; different numbers may do different things."""
    terminal: Terminal = Terminal.PC
    person: int = 0
    """The resident's number in the nation."""
    nation: Nation | None = None
    key: int = 0
    """Chance for this visit alone: see :meth:`think` and :func:`sim.nation.chance.draw`."""
    pace: float = 0.0
    """Times the usual think times; 0: nobody pauses."""
    companion: str = ""
    """The nickname of who came along, in a journey with company."""
    hand: Hand = Hand.VISITOR
    """Whose side of the visit this is: whose card is held out, and whose nickname this is."""

    @property
    def of_companion(self) -> "Visit":
        """The same visit from the companion's side, with pauses of her own."""
        return self._replace(
            nickname=self.companion, hand=Hand.COMPANION, key=draw(self.key, COMPANIONS_WORD)
        )

    def think(self, place: int, seconds: float) -> Steps[None]:
        """Pause as people do at the *place*-th point of a journey: log-normal around *seconds*, by the terminal."""
        if self.pace > 0:
            # A sum of twelve uniform numbers is normal enough, and the same on every machine.
            normal = sum(draw(self.key, place * 12 + i) for i in range(12)) / 2**64 - 6
            factor = exp(THINK_SPREAD * normal - THINK_SPREAD**2 / 2)
            yield Wait(seconds * factor * THINK_FACTORS[self.terminal] * self.pace)


class Journey(NamedTuple):
    """行程."""

    name: str
    title: str
    """In Japanese."""
    steps: Callable[[Visit], Steps[None]]
    systems: frozenset[System] = frozenset({System.PORTAL})
    """Which systems it speaks to; those beside the portal ask who speaks to them."""
    signs: bool = True
    """Whether the visitor holds a card."""
    company: bool = False
    """Whether a second resident comes along with her own card."""


@cache
def journeys() -> dict[str, Journey]:
    """All journeys by name."""
    found: dict[str, Journey] = {}
    for module in pkgutil.iter_modules(__path__):
        journey = importlib.import_module(f"{__name__}.{module.name}").JOURNEY
        assert isinstance(journey, Journey), f"{module.name} defines no JOURNEY"
        assert journey.name == module.name, f"{module.name} calls its journey {journey.name}"
        found[journey.name] = journey
    return found


def user_class_name(journey_name: str) -> str:
    """The name of its Locust user: ``disclosure`` becomes ``Disclosure``."""
    return "".join(part.capitalize() for part in journey_name.split("_"))
