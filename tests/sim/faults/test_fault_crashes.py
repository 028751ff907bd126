"""A process that dies, also on its way up, comes back; what it had acknowledged is there."""

import trio

from portal.links.link import Unreachable
from portal.settings import PortalSettings
from portal.wire.operation import Nothing, WireRequest, WireResponse
from portal.wire.sign_in import ASK_CHALLENGE
from portal.wire.systems import Party, System
from scenarios.explorer import people
from sim.faults.simulated import FaultyWorld, Happening, Player
from sim.faults.vocabulary import Crash, Planned
from sim.world.building import Description
from sim.world.chance import SeededChance
from sim.world.determinism import run_deterministic
from sim.world.facts import WorldFacts
from sim.world.key_folder import key_folder
from sim.world.settings import WorldSettings
from sim.world.simulated import running_world

MINUTE_MS = 60_000


async def _deaths(crash: Crash) -> tuple[list[Happening], bool]:
    heard: list[Happening] = []
    facts = WorldFacts(people.NATION_SEED, key_folder())
    description = Description(facts, WorldSettings(seed=facts.seed), PortalSettings())

    def make(description: Description, chance: SeededChance, nursery: trio.Nursery) -> FaultyWorld:
        return FaultyWorld(description, chance, nursery)

    async with running_world(description, 1, make) as world:
        world.listeners.append(heard.append)
        player = Player(world, (Planned(crash, 0),))
        with trio.move_on_after(3600):
            await player.run()
        await player.heal()
        is_up = world.is_up(crash.system)
    return [each for each in heard if each.what in ("crash", "start")], is_up


def _told(crash: Crash) -> list[tuple[str, bool]]:
    found, is_up = run_deterministic(1, _deaths, crash)
    assert is_up
    return [(each.what, each.was_up) for each in found]


def test_a_process_dies_and_comes_back() -> None:
    assert _told(Crash(System.PORTAL, 0, False, MINUTE_MS)) == [("crash", True), ("start", True)]


def test_it_may_die_on_its_way_up_as_often_as_is_planned() -> None:
    told = _told(Crash(System.PORTAL, 0, False, MINUTE_MS, (0, 1)))

    assert told == [("crash", True), ("crash", False), ("crash", False), ("start", True)]


def test_it_may_die_right_after_a_write() -> None:
    assert _told(Crash(System.PORTAL, 0, True, MINUTE_MS)) == [("crash", True), ("start", True)]


async def _dies_while_it_answers() -> tuple[object, int, bool]:
    facts = WorldFacts(people.NATION_SEED, key_folder())
    description = Description(facts, WorldSettings(seed=facts.seed), PortalSettings())
    went_on = False
    heard: list[Happening] = []

    def make(description: Description, chance: SeededChance, nursery: trio.Nursery) -> FaultyWorld:
        return FaultyWorld(description, chance, nursery)

    async with running_world(description, 1, make) as world:
        world.listeners.append(heard.append)

        async def dying(request: WireRequest) -> WireResponse:
            nonlocal went_on
            world.crash(System.PORTAL)
            # Alone in the whole world, so that the clock could jump on the spot.
            await world.sleep(0.001)
            went_on = True
            return WireResponse(200, "application/json", b"{}")

        world.slots[System.PORTAL].occupy(dying)
        outcome = await world.link(Party.CITIZEN, System.PORTAL).call(ASK_CHALLENGE, Nothing())
    return outcome, heard[-1].busy, went_on


def test_who_answers_for_a_process_that_has_died_does_not_go_on_after_a_wait() -> None:
    outcome, busy, went_on = run_deterministic(1, _dies_while_it_answers)

    assert isinstance(outcome, Unreachable)
    assert (busy, went_on) == (1, False)
