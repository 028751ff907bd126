"""Notices that are handled wrongly on purpose: the explorer must find it within some hundred seeds."""

from collections.abc import Callable
from typing import Any

import pytest

from portal.notices.retention import Retention
from portal.wire.operation import Done
from scenarios.explorer import drawing, people, running
from sim.delivering import Pushed
from sim.intermediate.notices import relaying as sending
from sim.network.notices import relaying as core
from sim.world.facts import WorldFacts
from sim.world.key_folder import key_folder

SEEDS_MAX = 300


@pytest.fixture(scope="module")
def facts() -> WorldFacts:
    people.make_ahead(key_folder())
    return WorldFacts(people.NATION_SEED, key_folder())


def sender_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sender's server takes silence for a yes."""
    monkeypatch.setattr(sending, "pushed", lambda outcome, **_: Pushed.TAKEN)


def core_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The core takes the portal's silence for a yes."""
    monkeypatch.setattr(core, "pushed", lambda outcome, **_: Pushed.TAKEN)


def withdrawal_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The portal acknowledges a cancellation and does nothing."""

    async def nothing(retention: Retention, content_id: str) -> object:
        return Done()

    monkeypatch.setattr(Retention, "withdraw", nothing)


@pytest.mark.parametrize("mutate", [sender_forgets, core_forgets, withdrawal_is_lost])
def test_a_mutant_is_found(
    mutate: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch, facts: WorldFacts
) -> None:
    mutate(monkeypatch)
    for seed in range(1, SEEDS_MAX + 1):
        outcome = running.run(drawing.draw(seed), facts)
        if outcome.breach is not None:
            assert "notice" in outcome.breach.invariant or "cancelled" in outcome.breach.invariant, (
                outcome.breach
            )
            return
    pytest.fail(f"not found in {SEEDS_MAX} seeds")
