"""What the worlds of proxies are made from."""

import pytest

from scenarios.staging import facts
from sim.world.facts import WorldFacts
from sim.world.key_folder import key_folder


@pytest.fixture(scope="session")
def world_facts() -> WorldFacts:
    return facts(key_folder())
