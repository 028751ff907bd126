"""Several portal processes at one port over one PostgreSQL database: killed one by one, or left without their database."""

import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import trio
import trio.testing
from portal_process import two_processes

from benchmarks.postgres_server import programs, running_server
from portal.links.link import Unreachable
from portal.wire.problems import Problem, ProblemCode
from portal.wire.records import RecordsContent, RecordsRequestView, RequestState
from portal.wire.self_information import SelfInformationRequestView
from portal.wire.sign_in import MailEvent
from portal.wire.systems import System
from scenarios.actors.mail_reader import MailReader
from scenarios.actors.operator import Operator
from scenarios.actors.resident import Resident
from scenarios.checking import answered

pytestmark = pytest.mark.real_client("PostgreSQL")

ADDRESS = "mikan@example.jp"
SOON = timedelta(seconds=90)
WINDOWS = 6
REQUESTS = 60
"""Of a round."""
KILLS = 3
"""In a round."""
ROUNDS_MAX = 3
"""A worker may be dead between two requests, and then its death shows nothing."""


@pytest.mark.requirement("REC-1", "REC-3")
async def test_workers_killed_under_fire_lose_nothing_that_was_accepted(
    tmp_path: Path, postgres_url: str
) -> None:
    """Whoever got no answer asks again with the same key; the other worker and the next one take over the work."""
    async with two_processes(tmp_path, store=postgres_url, workers="2") as (stage, portal):
        residents = [Resident(stage, stage.person(number)) for number in range(3)]
        for resident in residents:
            await resident.enter()
        acknowledged: dict[tuple[int, str], str] = {}
        again: list[tuple[int, str]] = []
        handed = 0

        async def ask(keys: Iterator[tuple[int, str]]) -> None:
            for owner, key in keys:
                outcome = await residents[owner].request_records(key=key)
                if isinstance(outcome, Unreachable):
                    again.append((owner, key))
                else:
                    acknowledged[owner, key] = answered(outcome, RecordsRequestView, key).request_id

        async def kill() -> None:
            for number in range(1, KILLS + 1):
                before = portal.workers()
                while len(acknowledged) + len(again) < handed - REQUESTS + REQUESTS * number // (KILLS + 2):
                    await trio.testing.wait_all_tasks_blocked(0.001)
                # Wherever it is, there it stands still until windows wait for it, and there it dies.
                os.kill(before[0], signal.SIGSTOP)
                await trio.testing.wait_all_tasks_blocked(0.05)
                os.kill(before[0], signal.SIGKILL)
                with trio.fail_after(60):
                    while len(after := portal.workers()) < 2 or before[0] in after:
                        await trio.testing.wait_all_tasks_blocked(0.01)

        while not again and handed < REQUESTS * ROUNDS_MAX:
            keys = iter([(number % 3, f"key-{number}") for number in range(handed, handed + REQUESTS)])
            handed += REQUESTS
            async with trio.open_nursery() as nursery:
                nursery.start_soon(kill)
                for _ in range(WINDOWS):
                    nursery.start_soon(ask, keys)
        assert again, "they died too softly to show anything"
        for owner, key in again:
            acknowledged[owner, key] = (await residents[owner].asked_for_records(key=key)).request_id

        for owner, resident in enumerate(residents):
            kept = [each.request_id for each in await resident.list_records()]
            mine = [request_id for (whose, _), request_id in acknowledged.items() if whose == owner]
            assert sorted(mine) == sorted(kept)
            assert len(set(kept)) == handed // 3
            for request_id in kept:
                await resident.wait_for_records(request_id, at_most=SOON)


@pytest.mark.requirement("REC-3", "ACC-6")
async def test_work_that_a_dead_worker_had_promised_is_done_by_the_others_once(
    tmp_path: Path, postgres_url: str
) -> None:
    async with two_processes(tmp_path, store=postgres_url, workers="2") as (stage, portal):
        resident, operator, mail = (
            Resident(stage, stage.person(1)),
            Operator(stage),
            MailReader(stage, ADDRESS),
        )
        await resident.enter(mail=(ADDRESS,), events=(MailEvent.LATE_RECORDS,))
        await operator.stop(System.NETWORK)
        asked = await resident.asked_for_records()
        assert asked.state is RequestState.WAITING
        for pid in portal.workers():
            os.kill(pid, signal.SIGKILL)
        await operator.resume(System.NETWORK)

        await resident.wait_for_records(asked.request_id, at_most=SOON)
        answered(await resident.read_records(asked.request_id), RecordsContent, "records")
        await mail.wait_for("やりとり履歴の回答が届きました", at_most=SOON)
        subjects = [each.subject for each in await mail.mails()]
        assert sum("やりとり履歴" in subject for subject in subjects) == 1


async def test_a_database_that_dies_is_a_503_and_all_is_well_when_it_is_back(tmp_path: Path) -> None:
    if programs() is None:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    with running_server() as server:
        async with two_processes(tmp_path, store=server.url, workers="2") as (stage, portal):
            resident = Resident(stage, stage.person(0))
            await resident.enter()
            first = await resident.asked_for_records(key="before")
            workers = portal.workers()

            await trio.to_thread.run_sync(server.kill)
            outcome = await resident.request_records(key="meanwhile")
            assert isinstance(outcome, Problem), outcome
            assert outcome.code is ProblemCode.STORAGE_REFUSED
            assert outcome.status == 503
            await trio.to_thread.run_sync(server.start)

            with trio.fail_after(60):
                while isinstance(outcome, (Problem, Unreachable)):
                    outcome = await resident.request_records(key="meanwhile")
            kept = {each.request_id for each in await resident.list_records()}
            assert kept == {first.request_id, answered(outcome, RecordsRequestView, "again").request_id}
            assert portal.workers() == workers


@pytest.mark.requirement("SELF-4", "ACC-6")
async def test_an_answer_that_comes_to_another_worker_is_seen_by_the_user_who_waits_and_mailed_to_nobody(
    tmp_path: Path, postgres_url: str
) -> None:
    """A dozen at once use many connections, so that some deliveries come to the worker where their user is not."""
    async with two_processes(tmp_path, store=postgres_url, workers="2", immediate_wait_seconds="20") as (
        stage,
        _,
    ):
        resident, operator = Resident(stage, stage.person(0)), Operator(stage)
        await resident.enter(mail=(ADDRESS,), events=(MailEvent.LATE_SELF_INFORMATION,))
        (found, *_) = await resident.search(name="住民票")
        await operator.answer_late(System.NETWORK, 1)
        views: list[SelfInformationRequestView] = []

        async def ask() -> None:
            views.extend(await resident.request_self_information(found))

        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            for _ in range(12):
                nursery.start_soon(ask)

        assert [view.state for view in views] == [RequestState.ANSWERED] * 12
        assert trio.current_time() - began < 15, "they waited for the end of their time, not for the answers"
        assert {view.organisation.name for view in views} == {found.organisation.name}
        with psycopg.connect(postgres_url) as database:
            assert database.execute("SELECT key FROM outbox WHERE kind = 'mail'").fetchall() == []
