"""The portal killed with SIGKILL between acknowledging and delivering, and started again: nothing is lost."""

from datetime import timedelta
from pathlib import Path

import pytest
import trio
from portal_process import two_processes

from portal.links.link import Unreachable
from portal.wire.records import RecordsContent, RecordsRequestView, RequestState
from portal.wire.self_information import SelfInformationContent
from portal.wire.sign_in import MailEvent
from portal.wire.systems import System
from scenarios.actors.mail_reader import MailReader
from scenarios.actors.operator import Operator
from scenarios.actors.resident import Resident
from scenarios.checking import answered
from scenarios.stage import Stage

ADDRESS = "mikan@example.jp"
SOON = timedelta(seconds=40)


async def _until_refused(stage: Stage, operation: str) -> None:
    """Somebody has tried to reach the portal in vain."""

    async def refused() -> bool:
        return stage.seen(operation, "refused") > 0

    await stage.until(refused, at_most=SOON, what=f"{operation} が届かない")


@pytest.mark.requirement("REC-3", "SELF-6", "FLD-3")
async def test_answers_that_come_while_it_is_dead_come_again(tmp_path: Path) -> None:
    async with two_processes(tmp_path) as (stage, portal):
        resident, operator, mail = (
            Resident(stage, stage.person(0)),
            Operator(stage),
            MailReader(stage, ADDRESS),
        )
        await resident.enter(
            mail=(ADDRESS,), events=(MailEvent.LATE_RECORDS, MailEvent.LATE_SELF_INFORMATION)
        )
        (found, *_) = await resident.search(name="住民票")
        await operator.answer_late(System.NETWORK, 1)
        asked = await resident.asked_for_records()
        (wanted,) = await resident.request_self_information(found)
        assert (asked.state, wanted.state) == (RequestState.WAITING, RequestState.WAITING)

        await portal.kill()
        await _until_refused(stage, "records.deliver")
        await _until_refused(stage, "self_information.deliver")
        await portal.start()

        await resident.wait_for_records(asked.request_id, at_most=SOON)
        await resident.wait_for_self_information(wanted.request_id, at_most=SOON)
        answered(await resident.read_records(asked.request_id), RecordsContent, "records")
        content = await resident.read_self_information(wanted.request_id)
        answered(content, SelfInformationContent, "self-information")
        await mail.wait_for("やりとり履歴の回答が届きました", at_most=SOON)
        await mail.wait_for("あなたの情報の回答が届きました", at_most=SOON)


@pytest.mark.requirement("REC-3")
async def test_a_request_that_nobody_had_taken_yet_is_asked_afterwards(tmp_path: Path) -> None:
    async with two_processes(tmp_path) as (stage, portal):
        resident, operator = Resident(stage, stage.person(1)), Operator(stage)
        await resident.enter()
        await operator.stop(System.NETWORK)
        asked = await resident.asked_for_records()
        assert asked.state is RequestState.WAITING

        await portal.kill()
        await operator.resume(System.NETWORK)
        await portal.start()

        await resident.wait_for_records(asked.request_id, at_most=SOON)
        answered(await resident.read_records(asked.request_id), RecordsContent, "records")


@pytest.mark.requirement("ACC-6")
async def test_a_mail_that_was_promised_is_sent_afterwards(tmp_path: Path) -> None:
    async with two_processes(tmp_path) as (stage, portal):
        resident, mail = Resident(stage, stage.person(1)), MailReader(stage, ADDRESS)
        await resident.enter(mail=(ADDRESS,), events=(MailEvent.SIGN_IN,))
        await resident.sign_out()
        await stage.stop(System.MAILBOX)
        await resident.enter()

        await portal.kill()
        await stage.start(System.MAILBOX)
        await portal.start()

        await mail.wait_for("ログインのお知らせ", at_most=SOON)


WINDOWS = 6
REQUESTS = 60
KILLED_AFTER = 20


@pytest.mark.requirement("REC-1", "REC-3")
async def test_killed_under_fire_it_keeps_what_it_acknowledged_and_once_only(tmp_path: Path) -> None:
    """Requests come from six windows at once when the portal dies; whoever got no answer asks again with the same key."""
    async with two_processes(tmp_path) as (stage, portal):
        resident = Resident(stage, stage.person(0))
        await resident.enter()
        acknowledged: dict[str, str] = {}
        unanswered: list[str] = []
        keys = iter([f"key-{number}" for number in range(REQUESTS)])
        enough = trio.Event()

        async def ask() -> None:
            for key in keys:
                outcome = await resident.request_records(key=key)
                if isinstance(outcome, Unreachable):
                    unanswered.append(key)
                    continue
                acknowledged[key] = answered(outcome, RecordsRequestView, key).request_id
                if len(acknowledged) >= KILLED_AFTER:
                    enough.set()

        async with trio.open_nursery() as nursery:
            for _ in range(WINDOWS):
                nursery.start_soon(ask)
            await enough.wait()
            await portal.kill()
        assert len(acknowledged) >= KILLED_AFTER
        assert unanswered, "it died too late to show anything"
        await portal.start()

        for key in unanswered:
            acknowledged[key] = (await resident.asked_for_records(key=key)).request_id
        kept = [each.request_id for each in await resident.list_records()]
        assert sorted(acknowledged.values()) == sorted(kept)
        assert len(set(kept)) == REQUESTS
        for request_id in kept:
            await resident.wait_for_records(request_id, at_most=SOON)
