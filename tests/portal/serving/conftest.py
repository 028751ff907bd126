"""A server of made-up operations over real sockets, and a client of it."""

import pytest
from made_up import make
from raw_client import running

from portal.seams.clock import LiveClock
from portal.serving.front import Front
from portal.serving.limits import DEFAULTS


@pytest.fixture
def made_up():
    return make(LiveClock())


@pytest.fixture
def limits():
    """What the server takes on; a test with other limits is parametrised with them."""
    return DEFAULTS


@pytest.fixture
async def server(made_up, limits):
    async with running(Front(made_up.dispatcher), limits=limits) as server:
        yield server


@pytest.fixture
async def client(server):
    async with server.client() as client:
        yield client
