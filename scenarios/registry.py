"""The scenarios there are: small async functions that register themselves with an id, a title and requirements."""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from scenarios import requirements as deck

if TYPE_CHECKING:
    from scenarios.stage import Stage

Play = Callable[["Stage"], Awaitable[None]]


class Scenario(NamedTuple):
    """シナリオ."""

    id: str
    title: str
    requirements: tuple[str, ...]
    play: Play

    @property
    def subject(self) -> str:
        """The file of the suite that it stands in."""
        return self.play.__module__.rpartition(".")[2]


_REGISTERED: dict[str, Scenario] = {}


def scenario(scenario_id: str, title: str, *requirements: str) -> Callable[[Play], Play]:
    """Register the decorated function; it is played on a fresh stage of its own each time."""
    assert requirements, f"{scenario_id} shows nothing"
    assert scenario_id not in _REGISTERED, f"{scenario_id} is there twice"
    for requirement in requirements:
        assert requirement in deck.TITLES, f"{scenario_id}: no requirement {requirement}"

    def register(play: Play) -> Play:
        _REGISTERED[scenario_id] = Scenario(scenario_id, title, requirements, play)
        return play

    return register


def suite() -> tuple[Scenario, ...]:
    """Every scenario, in the order of the suite's files and of the functions in them."""
    from scenarios import suite as package

    for module in sorted(found.name for found in pkgutil.iter_modules(package.__path__)):
        importlib.import_module(f"{package.__name__}.{module}")
    ours = [each for each in _REGISTERED.values() if each.play.__module__.startswith(package.__name__)]
    # Whoever imported one of the files before must not change the order, which is part of the trace.
    return tuple(sorted(ours, key=lambda each: each.play.__module__))


def select(ids: Sequence[str] = (), requirements: Iterable[str] = ()) -> tuple[Scenario, ...]:
    """Those of these ids or of these requirements; all when neither is given. Raises ``Unknown``."""
    everything = suite()
    wanted = frozenset(requirements)
    for scenario_id in ids:
        deck.check(scenario_id, [each.id for each in everything], "シナリオ")
    for requirement in wanted:
        deck.check(requirement, deck.TITLES, "要件")
    if not ids and not wanted:
        return everything
    chosen = tuple(each for each in everything if each.id in ids or wanted.intersection(each.requirements))
    if not chosen:
        raise deck.Unknown(f"要件 {'、'.join(sorted(wanted))} を示すシナリオは、まだありません。")
    return chosen
