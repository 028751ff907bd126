"""A world of organisations for each test of linkage: not yet running, and all of it running."""

from collections.abc import AsyncIterator

import pytest
from linkage_world import LinkageWorld

from sim.jpki.serials import Serials
from sim.nation.nation import Nation
from sim.network.codes import LinkageCodes


@pytest.fixture
def world(nation: Nation, codes: LinkageCodes, serials: Serials) -> LinkageWorld:
    return LinkageWorld(nation, codes, serials)


@pytest.fixture
async def up(world: LinkageWorld) -> AsyncIterator[LinkageWorld]:
    async with world.running():
        yield world
