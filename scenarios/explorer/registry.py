"""What there is to explore with: actors, their steps, invariants, situations to reach, ways to draw faults.

Each file of ``parts/`` registers its own when it is imported, and is found by itself: whoever adds a feature adds a file.
"""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from scenarios import requirements as deck

if TYPE_CHECKING:
    from scenarios.explorer.case import Case, Errand
    from scenarios.explorer.exploring import Exploration
    from sim.faults.vocabulary import Planned
    from sim.world.chance import SeededChance


K = TypeVar("K")
T = TypeVar("T")


class Broken(NamedTuple):
    """What an invariant's check found."""

    expected: str
    seen: str


class When(StrEnum):
    """When an invariant is checked."""

    OFTEN = "often"
    """After each fault, crash and start, and after every few messages."""
    END = "end"
    """When all faults are over and everything pending has had its time."""


Check = Callable[["Exploration"], Awaitable[Broken | None]]


class Invariant(NamedTuple):
    """不変条件. One that actors notice by themselves has no check of its own."""

    name: str
    requirement: str
    when: When | None
    check: Check | None


class Sometimes(NamedTuple):
    """A situation that a long exploration must have reached."""

    name: str
    about: str


class Step(NamedTuple):
    """One thing that an actor can do."""

    actor: str
    name: str
    weight: float
    do: Callable[[Any], Awaitable[None]]


class Arc(NamedTuple):
    """いきさつ: errands about one resident that belong together, one after the other, each of some actor's steps.

    What takes several people, such as an organisation that has to decide about what a citizen asked for, would
    otherwise come about once in a thousand cases.
    """

    name: str
    share: float
    """Of the cases."""
    errands: tuple[tuple[str, tuple[str, ...]], ...]
    """Actor, steps."""


Make = Callable[["Exploration", "Errand", "SeededChance"], Any]
"""Makes the actor of an errand."""
Draw = Callable[["SeededChance", "Case"], "list[Planned]"]
"""Draws faults of one kind for a case that has all but its plan."""

INVARIANTS: dict[str, Invariant] = {}
SOMETIMES: dict[str, Sometimes] = {}
ACTORS: dict[str, Make] = {}
STEPS: dict[tuple[str, str], Step] = {}
DRAWS: dict[str, Draw] = {}
ARCS: dict[str, Arc] = {}


def noticed(name: str, requirement: str) -> Invariant:
    """An invariant that actors notice broken (:meth:`Exploration.breach`)."""
    return _add(INVARIANTS, name, Invariant(name, _known(requirement), None, None))


def invariant(name: str, requirement: str, when: When) -> Callable[[Check], Check]:
    """Register the decorated check."""

    def register(check: Check) -> Check:
        _add(INVARIANTS, name, Invariant(name, _known(requirement), when, check))
        return check

    return register


def sometimes(name: str, about: str) -> Sometimes:
    """A situation; actors and watchers say when it was reached (:meth:`Exploration.reached`)."""
    return _add(SOMETIMES, name, Sometimes(name, about))


def actor(name: str, make: Make) -> None:
    _add(ACTORS, name, make)


def step(
    actor_name: str, name: str, weight: float
) -> Callable[[Callable[[Any], Awaitable[None]]], Callable[[Any], Awaitable[None]]]:
    """Register the decorated function as something that this kind of actor does now and then."""

    def register(do: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
        _add(STEPS, (actor_name, name), Step(actor_name, name, weight, do))
        return do

    return register


def arc(name: str, share: float, *errands: tuple[str, tuple[str, ...]]) -> None:
    _add(ARCS, name, Arc(name, share, errands))


def drawn(kind: str) -> Callable[[Draw], Draw]:
    """Register the decorated function as the way to draw faults of this kind."""

    def register(draw: Draw) -> Draw:
        return _add(DRAWS, kind, draw)

    return register


def steps_of(actor_name: str) -> list[Step]:
    return [each for (of, _), each in STEPS.items() if of == actor_name]


def load() -> None:
    """Import every file of ``parts/``, in the order of their names, so that draws are the same in every process."""
    from scenarios.explorer import parts

    for module in sorted(found.name for found in pkgutil.iter_modules(parts.__path__)):
        importlib.import_module(f"{parts.__name__}.{module}")


def _add(table: dict[K, T], name: K, what: T) -> T:
    assert name not in table, f"{name} is there twice"
    table[name] = what
    return what


def _known(requirement: str) -> str:
    assert requirement in deck.TITLES, f"no requirement {requirement}"
    return requirement
