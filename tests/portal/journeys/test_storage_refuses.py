"""A full or read-only store: a clear 503, nobody is told of a success that was none, and all is well afterwards."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from portal_process import two_processes

from portal.settings import PortalSettings
from portal.wire.operation import Nothing
from portal.wire.problems import ProblemCode
from portal.wire.records import READ_RECORDS, OneRequest, RecordsContent, RecordsRequestView, RequestState
from portal.wire.self_information import REQUEST_SELF_INFORMATION, Selection, SelfInformationRequest
from portal.wire.sign_in import SIGN_OUT, AccountSettings, AccountView, SignedIn
from portal.wire.systems import System
from scenarios.actors.operator import Operator
from scenarios.actors.resident import Resident
from scenarios.checking import answered, refused
from scenarios.stage import Stage
from sim.world.building import Description
from sim.world.determinism import run_deterministic
from sim.world.facts import WorldFacts
from sim.world.key_folder import key_folder
from sim.world.settings import WorldSettings
from sim.world.simulated import SimulatedWorld, simulated_world

SOON = timedelta(seconds=40)


@pytest.fixture(scope="module")
def facts() -> WorldFacts:
    return WorldFacts(1, key_folder())


def in_simulated_time(facts: WorldFacts, play: Callable[[Stage, SimulatedWorld], Awaitable[None]]) -> None:
    async def main() -> None:
        description = Description(facts, WorldSettings(), PortalSettings())
        async with simulated_world(description, 3) as world:
            stage = Stage(world, world.recorder, world.chance.fork("actors"), live=False)
            await play(stage, world)

    run_deterministic(3, main)


async def _refused_clearly(outcome: Any, what: str) -> None:
    problem = refused(outcome, ProblemCode.STORAGE_REFUSED, what)
    assert problem.status == 503
    assert problem.retry_after_seconds is not None
    assert "空き容量" in problem.detail


def test_every_operation_that_writes_says_so_and_has_done_nothing(facts: WorldFacts) -> None:
    async def play(stage: Stage, world: SimulatedWorld) -> None:
        resident, newcomer = Resident(stage, stage.person(0)), Resident(stage, stage.person(1))
        await resident.enter("みかん")
        asked = await resident.asked_for_records()
        (found, *_) = await resident.search(name="住民票")
        answered(await newcomer.sign_in(), SignedIn, "first sign-in")
        store = world.stores[System.PORTAL]
        before = store.dump()
        selection = Selection(found.information.code, found.organisation.code)

        store.refuse = "database or disk is full"
        await _refused_clearly(await resident.another_window().sign_in(), "sign-in")
        await _refused_clearly(await newcomer.register(), "registration")
        await _refused_clearly(await resident.change_account(AccountSettings("りんご")), "settings")
        await _refused_clearly(await resident.request_records(), "records")
        await _refused_clearly(
            await resident.call(REQUEST_SELF_INFORMATION, SelfInformationRequest((selection,))),
            "self-information",
        )
        await _refused_clearly(await resident.call(READ_RECORDS, OneRequest(asked.request_id)), "reading")
        await _refused_clearly(await resident.call(SIGN_OUT, Nothing()), "sign-out")
        assert store.dump() == before

        # What only looks still works: the store can be read.
        account = answered(await resident.view_account(), AccountView, "settings")
        assert account.nickname == "みかん"

        store.refuse = None
        answered(await newcomer.register(), AccountView, "registration")
        answered(await resident.read_records(asked.request_id), RecordsContent, "records")
        await resident.sign_out()

    in_simulated_time(facts, play)


@pytest.mark.requirement("REC-3")
def test_an_answer_that_could_not_be_written_is_not_acknowledged_and_comes_again(facts: WorldFacts) -> None:
    async def play(stage: Stage, world: SimulatedWorld) -> None:
        resident, operator = Resident(stage, stage.person(0)), Operator(stage)
        await resident.enter()
        await operator.answer_late(System.NETWORK, 10)
        asked = await resident.asked_for_records()
        store = world.stores[System.PORTAL]

        store.refuse = "attempt to write a readonly database"
        await stage.pass_time(timedelta(minutes=5))
        assert stage.seen("records.deliver", ProblemCode.STORAGE_REFUSED) > 0
        assert stage.seen("records.deliver") == 0
        view = answered(await resident.view_records(asked.request_id), RecordsRequestView, "the request")
        assert view.state is RequestState.WAITING

        store.refuse = None
        await resident.wait_for_records(asked.request_id)
        answered(await resident.read_records(asked.request_id), RecordsContent, "records")

    in_simulated_time(facts, play)


async def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """The process may not let a file grow: the kernel refuses, SQLite reports it, the portal says 503 and lives on."""
    async with two_processes(tmp_path) as (stage, portal):
        resident = Resident(stage, stage.person(0))
        await resident.enter()
        first = await resident.asked_for_records()

        portal.limit_files(1024)
        for key in ("a", "b", "c"):
            await _refused_clearly(await resident.request_records(key=key), "records on a full disk")
        await _refused_clearly(await resident.another_window().sign_in(), "sign-in on a full disk")
        assert [each.request_id for each in await resident.list_records()] == [first.request_id]

        portal.limit_files(None)
        again = await resident.asked_for_records(key="a")
        await resident.wait_for_records(again.request_id, at_most=SOON)
        assert len(await resident.list_records()) == 2

        await portal.kill()
        await portal.start()
        assert len(await resident.list_records()) == 2
