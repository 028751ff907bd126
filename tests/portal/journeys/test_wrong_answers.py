"""What is delivered to a request it does not answer is not taken, and the right answer still is (SELF-3)."""

from collections.abc import Awaitable, Callable

import pytest

from portal.settings import PortalSettings
from portal.wire.deliveries import DELIVER_SELF_INFORMATION, DeliveredSelfInformation
from portal.wire.disclosure import CopyItem, Named, SelfInformation
from portal.wire.operation import Done
from portal.wire.problems import Problem, ProblemCode
from portal.wire.records import RequestState
from portal.wire.self_information import SelfInformationContent
from portal.wire.systems import System
from scenarios.actors.resident import Resident
from scenarios.stage import Stage
from sim.world.building import Description
from sim.world.determinism import run_deterministic
from sim.world.facts import WorldFacts
from sim.world.key_folder import key_folder
from sim.world.settings import WorldSettings
from sim.world.simulated import SimulatedWorld, simulated_world


@pytest.fixture(scope="module")
def facts() -> WorldFacts:
    return WorldFacts(1, key_folder())


def in_simulated_time(facts: WorldFacts, play: Callable[[Stage, SimulatedWorld], Awaitable[None]]) -> None:
    async def main() -> None:
        description = Description(facts, WorldSettings(), PortalSettings())
        async with simulated_world(description, 3) as world:
            await play(Stage(world, world.recorder, world.chance.fork("actors"), live=False), world)

    run_deterministic(3, main)


@pytest.mark.requirement("SELF-3")
@pytest.mark.parametrize("wrong", ["information", "organisation"])
def test_an_answer_to_another_question_is_not_taken(facts: WorldFacts, wrong: str) -> None:
    async def play(stage: Stage, world: SimulatedWorld) -> None:
        resident = Resident(stage, stage.person(0))
        await resident.enter()
        found, other, *_ = await resident.search()
        await stage.stop(System.INTERMEDIATE)
        (asked,) = await resident.request_self_information(found)
        named = {"information": found.information, "organisation": found.organisation}
        elsewhere = Named("0000400000000001", "日本年金機構")
        named[wrong] = other.information if wrong == "information" else elsewhere
        content = SelfInformation(
            named["information"],
            named["organisation"],
            stage.today,
            "0100",
            (CopyItem("だれの", "ほかの人"),),
        )
        line = world.link(System.INTERMEDIATE, System.PORTAL)

        refused = await line.call(
            DELIVER_SELF_INFORMATION, DeliveredSelfInformation(asked.request_id, content)
        )

        assert isinstance(refused, Problem)
        assert refused.code is ProblemCode.CONFLICT
        (listed,) = await resident.list_self_information()
        assert listed.state is RequestState.WAITING
        right = SelfInformation(found.information, found.organisation, stage.today, "0100", ())
        taken = await line.call(DELIVER_SELF_INFORMATION, DeliveredSelfInformation(asked.request_id, right))
        assert taken == Done()
        read = await resident.read_self_information(asked.request_id)
        assert isinstance(read, SelfInformationContent)
        assert read.content == right

    in_simulated_time(facts, play)
