"""Every operation of a simulator that takes a day or a moment, with any there is: done or refused in words, never broken by it."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
import trio
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from linkage_world import AFFAIR, ELSEWHERE, PROCEDURE, START, LinkageWorld
from sim_wiring import SECRET, Browser, code_of
from trio.testing import MockClock

from portal.links.credentials import authorization_of
from portal.store.store import Op
from portal.wire import intermediate, intermediate_keeping, network, notice_relaying, notice_sending, registry
from portal.wire.dates import YEAR_FIRST, YEAR_LAST, bears_dates
from portal.wire.disclosure import CopyItem
from portal.wire.intermediate_keeping import (
    CONFIGURE,
    VIEW_GROUPS,
    Configure,
    Groups,
    OneOrganisation,
    PlannedStop,
)
from portal.wire.linkage import Asked, Outcome, Place, ProvidedContent
from portal.wire.notices import NoticeContent, Question, QuestionKind, Questionnaire
from portal.wire.operation import JSON, AnyOperation
from portal.wire.problems import Problem, ProblemCode
from portal.wire.systems import Party, System
from sim.jpki.serials import Serials
from sim.nation.catalogue import catalogue
from sim.nation.holdings import RESIDENCE
from sim.nation.nation import Nation
from sim.nation.notice_affairs import affairs_of
from sim.nation.organisations import organisation
from sim.network.codes import LinkageCodes

NUMBER = "1" * 20
MODULES = (intermediate, intermediate_keeping, network, notice_relaying, notice_sending, registry)

days = st.dates() | st.sampled_from([date.min, date.max, date(YEAR_FIRST, 1, 1), date(YEAR_LAST, 12, 31)])
moments = st.datetimes(timezones=st.none() | st.integers(-14, 14).map(lambda h: timezone(timedelta(hours=h))))


@pytest.fixture(scope="module")
def parts(nation: Nation, codes: LinkageCodes, serials: Serials) -> tuple[Nation, LinkageCodes, Serials]:
    return nation, codes, serials


def requests(
    up: LinkageWorld, day: date, moment: datetime, other: datetime
) -> Iterator[tuple[Any, Any, Any]]:
    """Each operation, a request that bears these days and moments, and who asks."""
    code = up.codes.code_of(up.person.n, up.here)
    theirs = up.codes.code_of(up.person.n, ELSEWHERE)
    asked = Asked(ELSEWHERE, up.here, AFFAIR, PROCEDURE, RESIDENCE)
    version = catalogue().information[RESIDENCE].layouts[-1].version
    item = (CopyItem("世帯人員", "3"),)
    question = Question("参加しますか", QuestionKind.TEXT)
    content = NoticeContent("題", "文", day, questionnaire=Questionnaire((question,), moment, other))
    affair = affairs_of(catalogue(), organisation(up.here))[0].code
    side, core, portal = Party.OPERATOR, System.NETWORK, System.PORTAL
    yield intermediate_keeping.LIST_RECORDS, intermediate_keeping.ListRecords(Place.PROVIDER, day, day), side
    for start in (day, date(2026, 1, 1)):
        yield (
            intermediate_keeping.LIST_RECORDS_OF_PERSON,
            intermediate_keeping.ListRecordsOfPerson(up.here, up.person.n, start, day),
            side,
        )
    yield network.RECONCILE, network.Reconcile(day, day), side
    yield network.RECONCILE, network.Reconcile(date(2026, 1, 1), day), side
    yield network.DISCLOSE_RECORDS, network.DiscloseRecords(f"r{day}", up.code, day, day), portal
    yield network.DISCLOSE_RECORDS, network.DiscloseRecords(f"s{day}", up.code, date(2026, 1, 1), day), portal
    yield network.INQUIRE, network.Inquire(NUMBER, theirs, asked, moment), System.INTERMEDIATE
    yield (
        network.REPORT_PROVISION,
        network.ReportProvision(NUMBER, up.here, Outcome.PROVIDED, moment),
        System.INTERMEDIATE,
    )
    yield intermediate.NOTIFY_PROVIDER, intermediate.NotifyProvider(NUMBER, code, asked, moment), core
    yield (
        intermediate.RECEIVE_ANSWER,
        intermediate.ReceiveAnswer(
            NUMBER, ELSEWHERE, Outcome.PROVIDED, moment, content=ProvidedContent(day, version, item)
        ),
        System.INTERMEDIATE,
    )
    yield (
        intermediate_keeping.REGISTER_COPIES,
        intermediate_keeping.RegisterCopies(
            up.here, f"c{day}", (intermediate_keeping.CopyEntry(up.person.n, RESIDENCE, version, day, item),)
        ),
        side,
    )
    yield intermediate_keeping.CONFIGURE, Configure(up.here, stops=(PlannedStop(moment, other),)), side
    yield intermediate_keeping.NOTE_RESIDENT, registry.ResidentChange(
        1, up.person.n, day, "131016", "1000001", "住所", 1,
        (registry.HouseholdMember(up.person.n, day, 1, 0),), None, "131016", day,
    ), System.REGISTRY  # fmt: skip
    yield (
        registry.REPORT_EVENT,
        registry.ReportEvent(f"e{day}", up.person.resident_id, registry.EventKind.DEATH, day),
        side,
    )
    whole = {"organisation": up.here, "affair": affair, "content": content}
    yield (
        notice_sending.SEND_NOTICE,
        notice_sending.SendNotice(key=f"n{day}", person=up.person.n, **whole),
        side,
    )
    yield (
        notice_sending.OPEN_SEND,
        notice_sending.OpenSend(key=f"o{day}", format=notice_sending.RecipientsFormat.CSV, **whole),
        side,
    )
    yield (
        notice_relaying.RELAY_CONTENT,
        notice_relaying.RelayContent(up.here, "9" * 20, affair, content),
        System.INTERMEDIATE,
    )


async def ask_everything(up: LinkageWorld, day: date, moment: datetime, other: datetime) -> set[AnyOperation]:
    tried: set[AnyOperation] = set()
    servers = up.servers()
    async with up.running(up.portal.built(), up.registry(), up.core(), servers):
        for operation, request, sender in requests(up, day, moment, other):
            answer = await up.ask(operation, request, sender)
            tried.add(operation)
            # Neither broken nor unreachable: something of the operation's own, or a problem in words.
            assert not isinstance(answer, Problem) or answer.code is not ProblemCode.INTERNAL, (
                request,
                answer,
            )
            assert isinstance(answer, (operation.response, Problem)), (request, answer)
        assert isinstance(await up.side(VIEW_GROUPS, OneOrganisation(up.here)), Groups)
        browser = Browser(servers)
        for query in ({}, {"organisation": "131016"}):
            assert (await browser.get("/now", query)).status == 200
        await trio.sleep(60)
    return tried


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(days, moments, moments)
@example(date.max, datetime(2026, 4, 1), datetime(2026, 4, 2))
@example(date.min, datetime.max.replace(tzinfo=timezone(-timedelta(hours=14))), START)
@example(date(2026, 4, 1), datetime.min.replace(tzinfo=timezone(timedelta(hours=14))), START)
@example(
    date(YEAR_LAST, 12, 31), START, datetime(YEAR_LAST, 12, 31, 23, tzinfo=timezone(-timedelta(hours=14)))
)
def test_no_day_and_no_moment_breaks_a_simulator(
    parts: tuple[Nation, LinkageCodes, Serials], day: date, moment: datetime, other: datetime
) -> None:
    up = LinkageWorld(*parts)
    tried = trio.run(ask_everything, up, day, moment, other, clock=MockClock(autojump_threshold=0))

    declared = {
        operation
        for module in MODULES
        for operation in module.OPERATIONS
        if operation.request_media == JSON and bears_dates(operation.request)
    }
    assert {each for each in declared if each.system is not System.PORTAL} == tried


@pytest.mark.requirement("SELF-6")
@pytest.mark.parametrize(
    ("stop", "field", "words"),
    [
        ({"start": "2026-04-01T00:00:00", "end": "2026-04-02T00:00:00+09:00"}, "$.stops[0].start", "時差"),
        ({"start": "2026-04-01T00:00:00+09:00", "end": "2026-04-02T00:00:00"}, "$.stops[0].end", "時差"),
        (
            {"start": "2026-04-01T00:00:00+09:00", "end": "9999-12-31T23:59:00+00:00"},
            "$.stops[0].end",
            "2999年まで",
        ),
    ],
)
async def test_a_planned_stop_says_its_zone_and_a_sensible_year(
    world: LinkageWorld, autojump_clock: MockClock, stop: dict[str, str], field: str, words: str
) -> None:
    servers = world.servers()
    async with world.running(servers):
        browser = Browser(servers)
        page = await browser.ask(
            "PUT",
            f"/sym/organisations/{world.here}",
            "",
            msgspec.json.encode({"stops": [stop]}),
            JSON,
            authorization=authorization_of(SECRET, Party.OPERATOR),
        )
        assert page.status == 422
        refused = msgspec.json.decode(page.text, type=Problem)
        assert refused.field == field
        assert words in refused.detail
        assert (await browser.get("/now", {"organisation": "131016"})).status == 200


@pytest.mark.requirement("SELF-6")
@pytest.mark.parametrize(
    ("start", "end", "takes", "until"),
    [
        ("2026-04-01T00:00:00", "2026-04-02T00:00:00", False, datetime(2026, 4, 1, 15)),
        ("2026-03-31T00:00:00+00:00", "9999-12-31T23:59:00+00:00", False, datetime(YEAR_LAST, 12, 30, 15)),
        ("0001-01-01T00:00:00+14:00", "0001-01-02T00:00:00+14:00", True, None),
    ],
)
async def test_stops_that_were_stored_before_are_survived(
    world: LinkageWorld,
    autojump_clock: MockClock,
    start: str,
    end: str,
    takes: bool,
    until: datetime | None,
) -> None:
    stored = {
        "organisation": world.here, "profile": "always", "electronic": True, "old_layouts": False,
        "decision": "withhold", "decision_seconds": 0, "stops": [{"start": start, "end": end}],
    }  # fmt: skip
    sql = "INSERT INTO configurations (organisation, configuration) VALUES (:organisation, :configuration)"
    await world.wiring.stores[System.INTERMEDIATE].write(
        [Op(sql, {"organisation": world.here, "configuration": msgspec.json.encode(stored)})]
    )
    servers = world.servers()
    async with world.running(world.core(), world.registry(), servers):
        view = await world.side(VIEW_GROUPS, OneOrganisation(world.here))
        assert {each.takes for each in view.groups} == {takes}
        assert {each.stopped_until for each in view.groups} == {
            until if until is None else until.replace(tzinfo=START.tzinfo)
        }
        assert (await Browser(servers).get("/now", {"organisation": "131016"})).status == 200
        assert code_of(await world.side(CONFIGURE, Configure(world.here))) is None
        view = await world.side(VIEW_GROUPS, OneOrganisation(world.here))
        assert all(each.takes for each in view.groups)
