"""Every known bug still applies as a patch, there are enough of them, and the explorer finds a sample of them."""

import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "mutants"
sys.path.insert(0, str(FOLDER))
import hunting  # noqa: E402

MUTANTS = hunting.mutants()
MUTANTS_MIN = 12
SAMPLE = ("drop-the-idempotency-key", "sign-out-forgets-to-delete", "lose-the-outbox-on-restart")
"""Found within a few seeds; the whole is hunted for by ``python tests/mutants/hunting.py``."""


def test_there_are_enough() -> None:
    assert len(MUTANTS) >= MUTANTS_MIN


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_applies(mutant: hunting.Mutant) -> None:
    assert hunting.applies(mutant) == ""


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", SAMPLE)
def test_a_mutant_is_found(name: str) -> None:
    (mutant,) = hunting.mutants([name])

    found = hunting.hunt(mutant)

    assert found.seed is not None, f"not found within {mutant.seeds} seeds"
