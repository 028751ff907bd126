"""A portal with pages in a simulated world, and a browser that presses what is on them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from page_house import ORIGIN, READER, STAFF_PASSWORD, House

from portal.app import Browsers, PortalSecrets, build
from portal.links.credentials import SystemKeys
from portal.serving.system import Surroundings
from portal.settings import PortalSettings
from portal.wire.systems import System
from sim.world.building import Description
from sim.world.facts import WorldFacts, secret_of
from sim.world.mail import RecordedMail
from sim.world.settings import WorldSettings
from sim.world.simulated import simulated_world

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def facts(tmp_path_factory: pytest.TempPathFactory) -> WorldFacts:
    folder: Path = tmp_path_factory.mktemp("keys")
    return WorldFacts(7, folder)


def _run_in_simulated_time(
    main: Callable[[], Awaitable[None]], *, clock: trio.abc.Clock | None, instruments: Sequence[Any]
) -> None:
    assert clock is None
    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0), instruments=instruments)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of this folder have a clock that jumps, which pytest-trio finds only in a test's own arguments; but not
    those over sockets: no clock may jump while the kernel is waited for."""
    for item in items:
        if item.path.parent == HERE and not item.path.name.endswith("_over_sockets.py"):
            item.add_marker(pytest.mark.trio(run=_run_in_simulated_time))


@pytest.fixture
def portal_settings() -> PortalSettings:
    """A test file with other wishes has its own."""
    return PortalSettings(immediate_wait_seconds=3.0)


@pytest.fixture
async def house(facts: WorldFacts, portal_settings: PortalSettings) -> AsyncIterator[House]:
    description = Description(facts, WorldSettings(), portal_settings)
    async with simulated_world(description, 1) as world:
        await world.stop(System.PORTAL)
        store = world.stores[System.PORTAL]
        surroundings = Surroundings(
            world.clock,
            world.chance.fork("portal with pages"),
            store,
            lambda to: world.link(System.PORTAL, to),
            SystemKeys(secret_of(facts.seed, "links")),
        )
        keys = PortalSecrets(
            *(secret_of(facts.seed, name) for name in ("master key", "challenge key", "csrf")),
            operator_password=STAFF_PASSWORD,
        )
        mail = RecordedMail(world._mail, world.clock, world.recorder)
        built, portal = build(
            surroundings, description.portal, keys, facts.trust(), mail, Browsers(ORIGIN, READER)
        )
        async with trio.open_nursery() as nursery:
            await nursery.start(built.run)
            world.slots[System.PORTAL].occupy(built.dispatcher.answer)
            yield House(world, built, portal, store)
            world.slots[System.PORTAL].vacate()
            nursery.cancel_scope.cancel()
