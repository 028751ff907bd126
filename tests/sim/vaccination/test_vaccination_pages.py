"""The campaign's page takes a form as its own page sends it, and nothing else."""

from collections import defaultdict
from pathlib import Path

import pytest
from sim_wiring import Browser

from portal.serving.dispatcher import Dispatcher
from portal.serving.system import BuiltSystem, no_workers
from portal.settings import PortalSettings
from portal.store.sqlite import SimulatedStore
from portal.wire.systems import Party, System
from sim.entrance.look import Look
from sim.nation.organisations import of_municipality
from sim.vaccination import tables
from sim.vaccination.campaign import Stage
from sim.vaccination.office import VaccinationOffice
from sim.vaccination.pages import VACCINATION, add_pages
from sim.world.building import Description
from sim.world.determinism import run_deterministic
from sim.world.facts import WorldFacts
from sim.world.front import VACCINATING
from sim.world.settings import WorldSettings
from sim.world.simulated import simulated_world

FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> WorldFacts:
    return WorldFacts(1, Path(tmp_path_factory.mktemp("keys")))


async def _pressed(facts: WorldFacts) -> None:
    async with simulated_world(Description(facts, WorldSettings(), PortalSettings()), 1) as world:
        link = world.link(Party.OPERATOR, System.INTERMEDIATE)
        town, store = of_municipality(VACCINATING), SimulatedStore((tables.SCHEMA,))
        office = VaccinationOffice(store, world.clock, facts.nation, town, link)
        look = Look(System.FRONT)
        add_pages(look, office, facts.wallet, defaultdict(lambda: "http://127.0.0.1"))
        browser = Browser(BuiltSystem(Dispatcher(System.FRONT), no_workers, look.asgi))
        pick = f"{VACCINATION}/pick"

        twice = await browser.ask("POST", pick, "", b"seen=1&seen=2", FORM)
        assert twice.status == 422
        assert "「seen」が2回以上" in twice.text
        assert (await browser.post(pick, {}, sec_fetch_site="cross-site")).status == 403
        assert (await office.campaign()).stage is Stage.PLANNED

        # Several people may come: a box is ticked for each.
        assert (await browser.ask("POST", pick, "", b"comes=1&comes=2", FORM)).status == 303
        assert (await office.campaign()).stage is Stage.PICKED


def test_a_field_that_comes_twice_is_not_guessed(facts: WorldFacts) -> None:
    run_deterministic(1, _pressed, facts)
