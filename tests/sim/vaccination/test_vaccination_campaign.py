"""A vaccination campaign, step by step against a running world, as its page takes them (USE-1)."""

from datetime import timedelta

import pytest
import trio

from portal.settings import PortalSettings
from portal.store.sqlite import SimulatedStore
from portal.wire.notice_sending import NoticeSend, SendState
from portal.wire.problems import Problem, ProblemCode
from portal.wire.systems import Party, System
from scenarios.actors.municipality import Municipality
from scenarios.actors.resident import Resident
from scenarios.stage import Stage as Scene
from sim.nation.organisations import of_municipality
from sim.vaccination import programme, tables
from sim.vaccination.campaign import TRANSITIONS, Campaign, Stage, Step, after, comers
from sim.vaccination.office import VaccinationOffice
from sim.world.building import Description
from sim.world.determinism import run_deterministic
from sim.world.facts import WorldFacts
from sim.world.front import VACCINATING
from sim.world.settings import WorldSettings
from sim.world.simulated import SimulatedWorld, simulated_world


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> WorldFacts:
    return WorldFacts(1, tmp_path_factory.mktemp("keys"))


def test_every_stage_but_the_last_has_one_way_on() -> None:
    for stage in Stage:
        forward = {step for step in Step if after(stage, step) not in (None, stage, Stage.PLANNED)}
        assert len(forward) == (stage is not Stage.CLOSED), stage
    reached = {Stage.PLANNED}
    for _ in Stage:
        reached |= {to for (before, _), to in TRANSITIONS.items() if before in reached}
    assert reached == set(Stage)


def test_who_comes() -> None:
    campaign = Campaign(1, due=(1, 2, 3, 4, 5, 6), with_folder=(2, 5))
    assert campaign.on_paper == (1, 3, 4, 6)
    assert comers(campaign, (5, 99)) == (5, 1, 4), "nobody who is not due, or was not chosen"
    assert comers(campaign, ()) == (1, 4)


class Played:
    """A campaign in a simulated world, with residents who look."""

    def __init__(self, world: SimulatedWorld) -> None:
        self.world = world
        self.store = SimulatedStore((tables.SCHEMA,))
        self.scene = Scene(world, world.recorder, world.chance.fork("played"), live=False)
        self.town = Municipality(self.scene, of_municipality(VACCINATING))

    def office(self) -> VaccinationOffice:
        """Anew: as after a restart, everything it knows is in its store."""
        link = self.world.link(Party.OPERATOR, System.INTERMEDIATE)
        return VaccinationOffice(self.store, self.world.clock, self.world.facts.nation, self.town.body, link)

    async def take(self, step: Step, chosen: tuple[int, ...] = ()) -> Campaign:
        taken = await self.office().take(step, chosen)
        assert isinstance(taken, Campaign), taken
        return taken

    async def with_folders(self, count: int) -> list[Resident]:
        due = self.office().due_at_first(self.scene.today)
        residents = [Resident(self.scene, person) for person in due if person.holds_card][:count]
        for number, resident in enumerate(residents):
            await resident.enter(f"村民{number + 1}")

        async def known() -> bool:
            return all(await self.town.have_folders([each.person for each in residents]))

        await self.scene.until(known, at_most=timedelta(minutes=5), what="フォルダーが分かる")
        return residents


async def _followed(facts: WorldFacts) -> None:
    async with simulated_world(Description(facts, WorldSettings(), PortalSettings()), 1) as world:
        played = Played(world)
        early, late = await played.with_folders(2)
        picked = await played.take(Step.PICK)
        assert picked.with_folder == (early.person.n, late.person.n) and len(picked.due) > 10
        told = await played.take(Step.TELL)
        assert told.told is not None
        for resident in (early, late):
            await resident.wait_for_notice(programme.FIRST)
        send = await played.office().send(told.told)
        assert isinstance(send, NoticeSend) and (send.state, send.delivered) == (SendState.SENT, 2)

        # Not what comes next: nothing is done, and nobody is told.
        wrong = await played.office().take(Step.REMIND)
        assert isinstance(wrong, Problem) and wrong.code is ProblemCode.CONFLICT

        claimed = await played.take(Step.CLAIM, (early.person.n,))
        assert early.person.n in claimed.closed and late.person.n not in claimed.closed
        (found,) = await early.search(name="予防接種", municipality=VACCINATING)
        (wanted,) = await early.request_self_information(found)
        await early.wait_for_self_information(wanted.request_id)
        content = await early.read_self_information(wanted.request_id)
        assert any(programme.VACCINE in item.value for item in content.content.items)  # type: ignore[union-attr]

        reminded = await played.take(Step.REMIND)
        assert reminded.reminded is not None
        await late.wait_for_notice(programme.AGAIN)
        assert [each.title for each in await early.list_notices()] == [programme.FIRST]
        closed = await played.take(Step.CLAIM_REST)
        assert closed.left == () and set(closed.closed) == set(closed.due)

        # Once more from the beginning: sends and copies have names of their own.
        assert (await played.take(Step.BEGIN_AGAIN)).run == 2
        again = await played.take(Step.PICK)
        assert again.due == picked.due and again.closed == ()
        second = await played.take(Step.TELL)
        assert second.told not in (told.told, None)


@pytest.mark.requirement("USE-1")
def test_followed_to_its_end_and_begun_again(facts: WorldFacts) -> None:
    run_deterministic(1, _followed, facts)


async def _on_paper_alone(facts: WorldFacts) -> None:
    async with simulated_world(Description(facts, WorldSettings(), PortalSettings()), 1) as world:
        played = Played(world)
        picked = await played.take(Step.PICK)
        assert picked.with_folder == () and len(picked.on_paper) == len(picked.due) > 1
        told = await played.take(Step.TELL)
        assert (told.stage, told.told) == (Stage.TOLD, None), "all are told by paper, nothing is sent"
        claimed = await played.take(Step.CLAIM)
        assert claimed.closed == told.on_paper[::2]
        reminded = await played.take(Step.REMIND)
        assert (reminded.stage, reminded.reminded) == (Stage.REMINDED, None)
        closed = await played.take(Step.CLAIM_REST)
        assert closed.stage is Stage.CLOSED and closed.left == ()


@pytest.mark.requirement("USE-1")
def test_nobody_has_a_folder(facts: WorldFacts) -> None:
    run_deterministic(1, _on_paper_alone, facts)


async def _pressed_twice(facts: WorldFacts) -> None:
    async with simulated_world(Description(facts, WorldSettings(), PortalSettings()), 1) as world:
        played = Played(world)
        nobody = await played.take(Step.PICK)
        assert nobody.with_folder == ()
        await played.with_folders(1)
        await played.take(Step.PICK)
        office = played.office()
        taken: list[Campaign | Problem] = []

        async def press(by: VaccinationOffice) -> None:
            taken.append(await by.take(Step.TELL))

        async with trio.open_nursery() as nursery:
            # In two windows, and from a second process: the send has the name of its step.
            for by in (office, office, played.office()):
                nursery.start_soon(press, by)
        told = [each for each in taken if isinstance(each, Campaign)]
        assert len(told) == 1 and len(taken) == 3
        await world.pass_time(5)
        send = await office.send(told[0].told or "")
        assert isinstance(send, NoticeSend) and send.recipients == 1

        await world.stop(System.INTERMEDIATE)
        gone = await office.take(Step.CLAIM, ())
        assert isinstance(gone, Problem) and gone.code is ProblemCode.UPSTREAM_UNAVAILABLE
        assert (await office.campaign()).stage is Stage.TOLD
        await world.start(System.INTERMEDIATE)
        assert (await played.take(Step.CLAIM)).stage is Stage.CLAIMED


def test_pressed_twice_too_early_and_while_nobody_answers(facts: WorldFacts) -> None:
    run_deterministic(2, _pressed_twice, facts)
