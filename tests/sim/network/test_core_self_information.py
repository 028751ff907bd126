"""自己情報 over the core, through its dispatcher: found, brokered, guided to paper, never lost."""

from typing import Any

import pytest
import trio
from linkage_world import DAY_SECONDS, LinkageWorld
from sim_wiring import code_of
from trio.testing import MockClock

from portal.links.memory import Passage
from portal.wire.network import (
    BROKER_SELF_INFORMATION,
    FIND_HOLDERS,
    VIEW_CATALOGUE,
    Brokered,
    BrokerOutcome,
    BrokerSelfInformation,
    FindHolders,
    Holders,
)
from portal.wire.operation import Nothing
from portal.wire.problems import ProblemCode
from portal.wire.self_information import Catalogue
from portal.wire.systems import System
from sim.nation.holdings import RESIDENCE, TAX


@pytest.mark.requirement("SELF-2")
async def test_catalogue(up: LinkageWorld, autojump_clock: MockClock) -> None:
    catalogue = await up.ask(VIEW_CATALOGUE, Nothing())

    assert isinstance(catalogue, Catalogue)
    kinds = {kind.information.code: kind for kind in catalogue.kinds}
    assert (kinds[TAX].information.name, kinds[TAX].field) == ("地方税関係情報", "税")


@pytest.mark.requirement("SELF-3", "SELF-4")
async def test_finds_who_holds_it(up: LinkageWorld, autojump_clock: MockClock) -> None:
    found = await up.ask(FIND_HOLDERS, FindHolders(up.code, (RESIDENCE, TAX)))

    assert isinstance(found, Holders)
    assert {(held.information, held.organisation.code) for held in found.holders} >= {
        (RESIDENCE, up.here),
        (TAX, up.here),
    }
    narrowed = await up.ask(
        FIND_HOLDERS, FindHolders(up.code, (RESIDENCE,), municipality=up.person.municipality_code)
    )
    assert isinstance(narrowed, Holders)
    assert [held.organisation.code for held in narrowed.holders] == [up.here]
    elsewhere = await up.ask(FIND_HOLDERS, FindHolders(up.code, (RESIDENCE,), municipality="011002"))
    assert elsewhere == Holders(())


@pytest.mark.parametrize(
    "change",
    [
        {"information": ("TM99999999999999",)},
        {"municipality": "999999"},
        {"information": ()},
        {"code": "1" * 32},
    ],
)
async def test_refuses_bad_searches(
    up: LinkageWorld, autojump_clock: MockClock, change: dict[str, Any]
) -> None:
    answer = await up.ask(FIND_HOLDERS, FindHolders(**{"code": up.code, "information": (TAX,), **change}))

    assert code_of(answer) is ProblemCode.UNPROCESSABLE


@pytest.mark.requirement("SELF-3")
async def test_self_information_comes_from_the_holder_straight_to_the_portal(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    assert await up.ask(BROKER_SELF_INFORMATION, up.provision()) == Brokered(BrokerOutcome.ACCEPTED)
    assert await up.ask(BROKER_SELF_INFORMATION, up.provision()) == Brokered(BrokerOutcome.ACCEPTED)
    await trio.sleep(DAY_SECONDS)

    (delivered,) = up.portal.got
    assert delivered.request_id == "s1"
    assert delivered.content.information.code == RESIDENCE
    assert delivered.content.organisation.code == up.here
    assert delivered.guidance is None


@pytest.mark.requirement("SELF-3")
async def test_is_quick_when_everybody_is_there(up: LinkageWorld, autojump_clock: MockClock) -> None:
    await up.ask(BROKER_SELF_INFORMATION, up.provision())
    await trio.sleep(0.1)

    assert len(up.portal.got) == 1


@pytest.mark.requirement("SELF-3")
async def test_refuses_at_once_what_the_organisation_does_not_hold(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    asked = BrokerSelfInformation("s1", up.code, RESIDENCE, "0000101100200001")
    answer = await up.ask(BROKER_SELF_INFORMATION, asked)

    assert isinstance(answer, Brokered)
    assert answer.outcome is BrokerOutcome.REFUSED
    assert answer.guidance


@pytest.mark.requirement("SELF-5")
async def test_guides_to_paper_where_nothing_is_provided_electronically(
    world: LinkageWorld, autojump_clock: MockClock
) -> None:
    core = world.core(paper_only=[world.here])
    async with world.wiring.running(world.portal.built()), world.wiring.running(core):
        assert await world.ask(BROKER_SELF_INFORMATION, world.provision()) == Brokered(BrokerOutcome.ACCEPTED)
        await trio.sleep(1)

    (delivered,) = world.portal.got
    assert delivered.content is None
    assert "書面" in delivered.guidance


@pytest.mark.requirement("SELF-6")
async def test_an_intermediate_server_that_is_down_answers_when_it_is_up(
    world: LinkageWorld, autojump_clock: MockClock
) -> None:
    wiring = world.wiring
    async with wiring.running(world.portal.built()), wiring.running(world.core()):
        await world.ask(BROKER_SELF_INFORMATION, world.provision())
        await trio.sleep(900)
        assert world.portal.got == []
        async with wiring.running(world.servers()):
            await trio.sleep(600)
            assert [got.request_id for got in world.portal.got] == ["s1"]


@pytest.mark.requirement("SELF-6", "SELF-5")
async def test_a_holder_that_never_answers_ends_in_guidance_to_paper(
    world: LinkageWorld, autojump_clock: MockClock
) -> None:
    wiring = world.wiring
    async with wiring.running(world.portal.built()), wiring.running(world.core()):
        await world.ask(BROKER_SELF_INFORMATION, world.provision())
        await trio.sleep(10)
        wiring.clock.move(31 * DAY_SECONDS * 1000)
        await trio.sleep(600)

    (delivered,) = world.portal.got
    assert delivered.content is None
    assert "書面" in delivered.guidance


@pytest.mark.requirement("SELF-6")
async def test_nothing_is_lost_between_acknowledging_and_handing_over(
    world: LinkageWorld, autojump_clock: MockClock
) -> None:
    wiring = world.wiring
    async with wiring.running(world.core()):
        await world.ask(BROKER_SELF_INFORMATION, world.provision())
    async with wiring.running(world.portal.built()), wiring.running(world.servers()):
        await trio.sleep(600)
        assert world.portal.got == []
        async with wiring.running(world.core()):
            await trio.sleep(1)
            assert [got.request_id for got in world.portal.got] == ["s1"]


@pytest.mark.requirement("SELF-6")
@pytest.mark.parametrize("operation", ["intermediate.provide_self_information", "self_information.deliver"])
@pytest.mark.parametrize(
    "fault",
    [Passage(lose_reply=True), Passage(duplicate=True), Passage(reset=True), Passage(lose_request=True)],
)
async def test_lines_that_break_bring_no_doubles_in_the_end(
    up: LinkageWorld, autojump_clock: MockClock, operation: str, fault: Passage
) -> None:
    up.wiring.weather.passages[operation] = fault
    await up.ask(BROKER_SELF_INFORMATION, up.provision())
    await trio.sleep(30)
    del up.wiring.weather.passages[operation]
    await trio.sleep(DAY_SECONDS)

    assert {got.request_id for got in up.portal.got} == {"s1"}
    # What the portal took without our hearing of it comes again; the portal knows it by its request id.
    assert all(got == up.portal.got[0] for got in up.portal.got)


async def test_a_full_disk_promises_nothing(up: LinkageWorld, autojump_clock: MockClock) -> None:
    up.wiring.stores[System.NETWORK].refuse = "disk full"
    refused = await up.ask(BROKER_SELF_INFORMATION, up.provision())
    assert code_of(refused) is ProblemCode.STORAGE_REFUSED
    up.wiring.stores[System.NETWORK].refuse = None
    await trio.sleep(DAY_SECONDS)

    assert up.portal.got == []
