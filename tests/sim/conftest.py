"""What the simulators' tests have in common; the wiring itself is in sim_wiring.py beside this."""

import pytest

from sim.jpki.serials import Serials
from sim.nation.nation import Nation
from sim.network.codes import LinkageCodes

SEED = 1


@pytest.fixture(scope="session")
def nation() -> Nation:
    return Nation(SEED)


@pytest.fixture(scope="session")
def serials() -> Serials:
    return Serials(b"serials under test")


@pytest.fixture(scope="session")
def codes() -> LinkageCodes:
    return LinkageCodes(b"linkage codes under test")
