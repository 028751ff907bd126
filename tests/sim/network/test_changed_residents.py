"""異動 at the intermediate servers: copies follow, the core learns who holds what, and nothing older undoes it."""

from collections.abc import AsyncIterator
from datetime import date

import pytest
import trio
from linkage_world import LinkageWorld
from sim_wiring import code_of
from trio.testing import MockClock

from portal.wire.intermediate_keeping import DELETE_COPY, NOTE_RESIDENT, DeleteCopy
from portal.wire.linkage import InquiryState
from portal.wire.network import FIND_HOLDERS, FindHolders, Holders
from portal.wire.operation import Done
from portal.wire.problems import ProblemCode
from portal.wire.registry import HouseholdMember, ResidentChange
from portal.wire.systems import Party, System
from sim.jpki.serials import Serials
from sim.nation.holdings import RESIDENCE
from sim.nation.nation import Nation
from sim.nation.organisations import of_municipality
from sim.network.codes import LinkageCodes

SAPPORO = "011002"


class World(LinkageWorld):
    def change(self, version: int = 1, to: str = SAPPORO, person: int | None = None) -> ResidentChange:
        members = tuple(
            HouseholdMember(each.n, each.birth_date, each.sex, int(each.role))
            for each in self.nation.members(self.person)
        )
        return ResidentChange(
            version, self.person.n if person is None else person, date(2026, 4, 1), to, "0600000", "北海道札幌市",
            self.person.household, members, None, self.person.municipality_code, date(2026, 4, 1),
        )  # fmt: skip

    async def note(self, change: ResidentChange) -> object:
        return await self.ask(NOTE_RESIDENT, change, System.REGISTRY)

    async def holders(self) -> list[str]:
        answer = await self.ask(FIND_HOLDERS, FindHolders(self.code, (RESIDENCE,)))
        assert isinstance(answer, Holders), answer
        return [each.organisation.code for each in answer.holders]


@pytest.fixture
async def up(nation: Nation, codes: LinkageCodes, serials: Serials) -> AsyncIterator[World]:
    world = World(nation, codes, serials)
    async with world.running():
        yield world


@pytest.mark.requirement("SELF-3")
async def test_copies_and_holders_follow_a_move(up: World, autojump_clock: MockClock) -> None:
    assert await up.holders() == [up.here]
    assert await up.note(up.change()) == Done()
    await trio.sleep(5)

    there = of_municipality(SAPPORO).code
    assert await up.holders() == [there]
    asked, old = await up.make("q1", provider=there), await up.make("q2", provider=up.here)
    await trio.sleep(5)
    assert (await up.result(asked)).state is InquiryState.PROVIDED
    result = await up.result(old)
    assert (result.state, result.reason) == (InquiryState.NOT_PROVIDED, "not_held")


async def test_nothing_older_undoes_it_and_a_return_puts_it_back(
    up: World, autojump_clock: MockClock
) -> None:
    await up.note(up.change(3))
    await up.note(up.change(2, to="472018"))
    await up.note(up.change(3, to="472018"))
    await trio.sleep(5)
    assert await up.holders() == [of_municipality(SAPPORO).code]
    await up.note(up.change(4, to=up.person.municipality_code))
    await trio.sleep(5)
    assert await up.holders() == [up.here]


async def test_it_survives_a_restart(
    nation: Nation, codes: LinkageCodes, serials: Serials, autojump_clock: MockClock
) -> None:
    world = World(nation, codes, serials)
    async with world.running():
        await world.note(world.change())
    async with world.running():
        await trio.sleep(120)
        assert await world.holders() == [of_municipality(SAPPORO).code]


async def test_what_an_office_deleted_stays_deleted(up: World, autojump_clock: MockClock) -> None:
    there = of_municipality(SAPPORO).code
    await up.note(up.change())
    assert await up.side(DELETE_COPY, DeleteCopy(there, up.person.n, RESIDENCE)) == Done()
    await trio.sleep(5)
    assert await up.holders() == []
    await up.note(up.change(2))
    await trio.sleep(5)
    assert await up.holders() == []


async def test_only_the_registry_and_only_of_residents(up: World, autojump_clock: MockClock) -> None:
    assert code_of(await up.ask(NOTE_RESIDENT, up.change(), Party.OPERATOR)) is ProblemCode.FORBIDDEN
    nobody = up.change(person=up.nation.size + 1)
    assert code_of(await up.note(nobody)) is ProblemCode.NOT_FOUND
