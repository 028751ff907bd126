"""Journeys: what residents come to the portal for. One file each; a new file here is a new journey.

A file defines ``JOURNEY``; :func:`journeys` finds them all.
"""

import importlib
import pkgutil
from collections.abc import Callable
from datetime import date
from functools import cache
from typing import NamedTuple

from load.steps import Steps


class Visit(NamedTuple):
    """One visit of one resident to the portal: what a journey may know."""

    nickname: str
    """For the first-time registration."""
    today: date
    """In Japan, by the portal's clock."""
    number: int
    """How many visits this resident has made before; different numbers may do different things."""


class Journey(NamedTuple):
    """行程."""

    name: str
    title: str
    """In Japanese."""
    steps: Callable[[Visit], Steps[None]]


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
