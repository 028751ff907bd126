"""副本, 関連書類, 不開示, 版, 上限, 一括照会 and 符号の取得: the intermediate servers with the core and the registry."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import trio
from linkage_world import AFFAIR, ALL_PLACES, DAY_SECONDS, ELSEWHERE, PROCEDURE, START, LinkageWorld
from sim_wiring import code_of
from trio.testing import MockClock

from portal.links.memory import Passage
from portal.wire.disclosure import CopyItem
from portal.wire.intermediate import (
    BEGIN_ACQUISITION,
    FETCH_FILE_RESULT,
    MAKE_INQUIRY,
    RECEIVE_CODE,
    SUBMIT_FILE,
    VIEW_ACQUISITION,
    Acquisition,
    BeginAcquisition,
    Begun,
    FileResult,
    OneFile,
    OnePerson,
    ReceiveCode,
    SubmitFile,
)
from portal.wire.intermediate_keeping import (
    BAR_USER,
    CONFIGURE,
    DELETE_COPY,
    DELETE_DOCUMENT,
    DOCUMENTS_MAX,
    LIST_SENDS,
    REGISTER_COPIES,
    REGISTER_DOCUMENT,
    VIEW_CONFIGURATION,
    WITHHOLD,
    BarUser,
    Configuration,
    Configure,
    CopyEntry,
    DeleteCopy,
    DeleteDocument,
    OneOrganisation,
    PlannedStop,
    RegisterCopies,
    RegisterDocument,
    Sends,
    SendState,
    SendView,
    Withhold,
)
from portal.wire.linkage import InquiryState, Outcome
from portal.wire.network import (
    BROKER_SELF_INFORMATION,
    FIND_HOLDERS,
    Brokered,
    BrokerOutcome,
    BrokerSelfInformation,
    FindHolders,
    Holders,
)
from portal.wire.operation import Done
from portal.wire.problems import ProblemCode
from portal.wire.registry import FORWARD_ACQUISITION, ForwardAcquisition
from portal.wire.systems import System
from sim.intermediate.batch_file import Line, name_of, write
from sim.intermediate.profiles import PROFILES
from sim.jpki.serials import Serials
from sim.nation.holdings import RESIDENCE, TAX
from sim.nation.nation import Nation
from sim.network.codes import LinkageCodes

SMALL = PROFILES["small"]


@pytest.fixture
def world(nation: Nation, codes: LinkageCodes, serials: Serials) -> LinkageWorld:
    return LinkageWorld(nation, codes, serials)


@pytest.fixture
async def up(world: LinkageWorld) -> AsyncIterator[LinkageWorld]:
    async with world.running():
        yield world


def send(up: LinkageWorld, name: str = "s1", organisation: str | None = None, **more: Any) -> RegisterCopies:
    entry = {
        "person": up.person.n,
        "information": RESIDENCE,
        "version": "0001",
        "as_of": date(2026, 3, 31),
        "items": (CopyItem("世帯人員", "9人"),),
        **more,
    }
    return RegisterCopies(organisation or up.here, name, (CopyEntry(**entry),))


async def broker(up: LinkageWorld, request_id: str = "s1", information: str = RESIDENCE, **more: Any) -> Any:
    organisation = more.get("organisation", up.here)
    asked = BrokerSelfInformation(request_id, up.code, information, organisation)
    answer = await up.ask(BROKER_SELF_INFORMATION, asked)
    await trio.sleep(5)
    return answer


# 副本


@pytest.mark.requirement("USE-1")
async def test_a_registered_copy_stands_in_for_the_computed_one(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    view = await up.side(REGISTER_COPIES, send(up))
    assert isinstance(view, SendView)
    assert (view.state, view.entries) == (SendState.ACCEPTED, 1)
    assert await up.side(REGISTER_COPIES, send(up)) == view, "the same send is the same send"
    other = send(up, items=(CopyItem("世帯人員", "1人"),))
    assert code_of(await up.side(REGISTER_COPIES, other)) is ProblemCode.CONFLICT

    number = await up.make()
    await broker(up)
    result = await up.result(number)
    assert result.content is not None
    assert result.content.items == (CopyItem("世帯人員", "9人"),)
    assert up.portal.got[0].content.items == (CopyItem("世帯人員", "9人"),)
    assert up.portal.got[0].content.as_of == date(2026, 3, 31)

    replaced = send(up, "s2", items=(CopyItem("世帯人員", "1人"),))
    await up.side(REGISTER_COPIES, replaced)
    await broker(up, "s2")
    assert up.portal.got[1].content.items == (CopyItem("世帯人員", "1人"),)


@pytest.mark.requirement("USE-1", "SELF-3")
async def test_a_deleted_copy_is_gone_and_the_core_knows(up: LinkageWorld, autojump_clock: MockClock) -> None:
    gone = DeleteCopy(up.here, up.person.n, RESIDENCE)
    assert await up.side(DELETE_COPY, gone) == Done()
    assert code_of(await up.side(DELETE_COPY, gone)) is ProblemCode.NOT_FOUND
    number = await up.make()
    await trio.sleep(5)

    assert (await up.result(number)).reason == Outcome.NOT_HELD
    assert await up.ask(FIND_HOLDERS, FindHolders(up.code, (RESIDENCE,))) == Holders(())
    assert (await broker(up)).outcome is BrokerOutcome.REFUSED

    await up.side(REGISTER_COPIES, send(up))
    await trio.sleep(5)
    assert await broker(up, "s2") == Brokered(BrokerOutcome.ACCEPTED)


@pytest.mark.requirement("SELF-3")
async def test_who_registers_a_copy_is_found_as_its_holder(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    up.wiring.weather.passages["network.note_holding"] = Passage(lose_reply=True)
    await up.side(REGISTER_COPIES, send(up, organisation=ELSEWHERE))
    await trio.sleep(20)
    up.wiring.weather.passages.clear()
    await trio.sleep(600)

    found = await up.ask(FIND_HOLDERS, FindHolders(up.code, (RESIDENCE,)))
    assert isinstance(found, Holders)
    assert [held.organisation.code for held in found.holders] == [up.here, ELSEWHERE]
    assert await broker(up, organisation=ELSEWHERE) == Brokered(BrokerOutcome.ACCEPTED)
    assert up.portal.got[0].content.organisation.code == ELSEWHERE


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"version": "0009"}, "$.copies[0].version"),
        ({"information": "TM99999999999999"}, "$.copies[0].information"),
        ({"information": "TM90000000000010"}, "$.copies[0].information"),
        ({"items": (CopyItem("知らない項目", ""),)}, "$.copies[0].items[0].name"),
        ({"person": 127_000_000}, "$.copies[0].person"),
        ({"items": ()}, "$.copies[0].items"),
        ({"items": (CopyItem("世帯人員", "1人"), CopyItem("世帯人員", "2人"))}, "$.copies[0].items[1].name"),
        ({"items": (CopyItem("世帯人員", "1" * 1_001),)}, "$.copies[0].items[0].value"),
        ({"items": (CopyItem("世帯人員", "1人\u202e"),)}, "$.copies[0].items[0].value"),
        (
            {"items": tuple(CopyItem(f"世帯員の続柄{n}", "続" * 1_000) for n in range(1, 101))},
            "$.copies[0].items",
        ),
    ],
)
async def test_a_copy_that_does_not_fit_is_refused_with_its_whole_send(
    up: LinkageWorld, autojump_clock: MockClock, change: dict[str, Any], field: str
) -> None:
    bad, good = (
        send(up, **change),
        send(up, information=TAX, version="0002", items=(CopyItem("給与収入", "0円"),)),
    )
    both = RegisterCopies(up.here, "s1", (*bad.copies, *good.copies))
    answer = await up.side(REGISTER_COPIES, both)

    assert code_of(answer) is ProblemCode.UNPROCESSABLE
    assert answer.field == field
    listed = await up.side(LIST_SENDS, OneOrganisation(up.here))
    assert isinstance(listed, Sends)
    assert [(row.name, row.state, row.reason) for row in listed.sends] == [
        ("s1", SendState.REFUSED, answer.detail)
    ]
    number = await up.make(information=TAX)
    await trio.sleep(5)
    content = (await up.result(number)).content
    assert content is not None and content.items, "the good one was not half-done"


@pytest.mark.requirement("SELF-6")
async def test_an_old_provider_meets_a_new_inquirer(up: LinkageWorld, autojump_clock: MockClock) -> None:
    await up.configure(up.here, old_layouts=True)
    new = await up.make("new", information=TAX)
    old = await up.make("old", information=TAX, version="0001")
    await trio.sleep(5)

    converted, plain = (await up.result(new)).content, (await up.result(old)).content
    assert converted is not None and plain is not None
    assert (converted.version, converted.converted_from) == ("0002", "0001")
    assert (plain.version, plain.converted_from) == ("0001", None)
    added = {item.name: item.value for item in converted.items}
    assert added["定額減税額"] == ""

    up.wiring.clock.move(100 * DAY_SECONDS * 1000)
    late = await up.make("late", information=TAX)
    await trio.sleep(5)
    result = await up.result(late)
    assert (result.state, result.reason) == (InquiryState.NOT_PROVIDED, Outcome.LAYOUT_MISMATCH)
    assert set(await up.kept(late)) == ALL_PLACES


# 自己情報


@pytest.mark.requirement("SELF-5")
async def test_who_does_not_provide_electronically_asks_for_paper(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    await up.configure(up.here, electronic=False)
    assert await broker(up) == Brokered(BrokerOutcome.ACCEPTED)

    assert up.portal.got[0].content is None
    assert "書面" in up.portal.got[0].guidance
    await up.configure(up.here)
    await broker(up, "s2")
    assert up.portal.got[1].content is not None


@pytest.mark.requirement("SELF-8")
async def test_documents_outside_the_data_standard_come_with_it(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    def document(name: str, content: bytes) -> RegisterDocument:
        return RegisterDocument(up.here, up.person.n, RESIDENCE, name, "application/pdf", content)

    assert await up.side(REGISTER_DOCUMENT, document("昨年の現況届.pdf", b"old")) == Done()
    assert await up.side(REGISTER_DOCUMENT, document("昨年の現況届.pdf", b"%PDF")) == Done()
    await broker(up)
    (attachment,) = up.portal.got[0].content.attachments
    assert (attachment.name, attachment.media_type, attachment.content) == (
        "昨年の現況届.pdf",
        "application/pdf",
        b"%PDF",
    )
    await broker(up, "s2", TAX)
    assert up.portal.got[1].content.attachments == (), "of that kind only"
    for number in range(DOCUMENTS_MAX - 1):
        assert await up.side(REGISTER_DOCUMENT, document(f"{number}.pdf", b"x" * 400 * 1024)) == Done()
    assert code_of(await up.side(REGISTER_DOCUMENT, document("more.pdf", b"x"))) is ProblemCode.CONFLICT
    await broker(up, "s3")
    assert len(up.portal.got[2].content.attachments) == DOCUMENTS_MAX, "all of them fit into one delivery"

    gone = DeleteDocument(up.here, up.person.n, RESIDENCE, "0.pdf")
    assert await up.side(DELETE_DOCUMENT, gone) == Done()
    assert code_of(await up.side(DELETE_DOCUMENT, gone)) is ProblemCode.NOT_FOUND
    assert await up.side(REGISTER_DOCUMENT, document("more.pdf", b"x")) == Done(), "there is room again"
    await broker(up, "s4")
    names = {attachment.name for attachment in up.portal.got[3].content.attachments}
    assert "0.pdf" not in names and "more.pdf" in names
    empty = await up.side(REGISTER_DOCUMENT, document("more.pdf", b""))
    assert (code_of(empty), empty.field) == (ProblemCode.UNPROCESSABLE, "$.content")
    assert "空にはできません" in empty.detail


@pytest.mark.requirement("SELF-9")
async def test_what_is_withheld_is_left_out(up: LinkageWorld, autojump_clock: MockClock) -> None:
    await broker(up, "s1")
    whole = up.portal.got[0].content
    name = whole.items[0].name
    assert await up.side(WITHHOLD, Withhold(up.here, up.person.n, RESIDENCE, items=(name,))) == Done()
    await broker(up, "s2")
    part = up.portal.got[1].content
    assert part.items == tuple(item for item in whole.items if item.name != name)
    assert (whole.withheld_items, part.withheld_items) == (0, 1)

    await up.side(WITHHOLD, Withhold(up.here, up.person.n, RESIDENCE, everything=True))
    await broker(up, "s3")
    assert up.portal.got[2].content is None
    assert "開示しない" in up.portal.got[2].guidance
    number = await up.make()
    await trio.sleep(5)
    assert (await up.result(number)).state is InquiryState.PROVIDED, "organisations get it all the same"
    await up.side(WITHHOLD, Withhold(up.here, up.person.n, RESIDENCE))
    await broker(up, "s4")
    assert up.portal.got[3].content == whole


@pytest.mark.parametrize(
    ("operation", "request_", "expected"),
    [
        (WITHHOLD, Withhold(ELSEWHERE, 127_000_000, TAX), ProblemCode.NOT_FOUND),
        (WITHHOLD, Withhold(ELSEWHERE, 1, "TM99999999999999"), ProblemCode.UNPROCESSABLE),
        (WITHHOLD, Withhold("9" * 16, 1, TAX), ProblemCode.NOT_FOUND),
        (
            REGISTER_DOCUMENT,
            RegisterDocument(ELSEWHERE, 1, "TM99999999999999", "x", "a/b", b"x"),
            ProblemCode.UNPROCESSABLE,
        ),
        (
            REGISTER_DOCUMENT,
            RegisterDocument(ELSEWHERE, 127_000_000, TAX, "x", "a/b", b"x"),
            ProblemCode.NOT_FOUND,
        ),
        (DELETE_COPY, DeleteCopy(ELSEWHERE, 127_000_000, TAX), ProblemCode.NOT_FOUND),
        (CONFIGURE, Configure("9" * 16), ProblemCode.NOT_FOUND),
        (CONFIGURE, Configure(ELSEWHERE, profile="no such"), ProblemCode.UNPROCESSABLE),
        (CONFIGURE, Configure(ELSEWHERE, stops=(PlannedStop(START, START),)), ProblemCode.UNPROCESSABLE),
        (VIEW_CONFIGURATION, OneOrganisation("9" * 16), ProblemCode.NOT_FOUND),
        (BAR_USER, BarUser("9" * 16, "x", True), ProblemCode.NOT_FOUND),
        (BEGIN_ACQUISITION, BeginAcquisition(ELSEWHERE, 127_000_000), ProblemCode.NOT_FOUND),
        (FETCH_FILE_RESULT, OneFile(ELSEWHERE, "P640R110_20260401093015"), ProblemCode.NOT_FOUND),
    ],
)
async def test_refuses(
    up: LinkageWorld, autojump_clock: MockClock, operation: Any, request_: Any, expected: ProblemCode
) -> None:
    assert code_of(await up.side(operation, request_)) is expected
    assert code_of(await up.ask(operation, request_, System.PORTAL)) is ProblemCode.FORBIDDEN


# 動き方と上限


async def test_settings_outlive_the_process(world: LinkageWorld, autojump_clock: MockClock) -> None:
    async with world.running(world.servers()):
        await world.configure(ELSEWHERE, profile="nightly", electronic=False)
    async with world.running(world.servers()):
        view = await world.side(VIEW_CONFIGURATION, OneOrganisation(ELSEWHERE))
        assert isinstance(view, Configuration)
        assert (view.profile, view.electronic) == ("nightly", False)
        usual = await world.side(VIEW_CONFIGURATION, OneOrganisation(world.here))
        assert isinstance(usual, Configuration)
        assert (usual.profile, usual.electronic) == ("always", True)


@pytest.mark.requirement("SELF-6")
async def test_a_server_answers_in_its_hours(up: LinkageWorld, autojump_clock: MockClock) -> None:
    await up.configure(up.here, profile="nightly")
    number = await up.make()
    # It is half past eight in the morning; the server answers from ten at night.
    await trio.sleep(13 * 3600)
    assert (await up.result(number)).state is InquiryState.PENDING
    await trio.sleep(1800)
    assert (await up.result(number)).state is InquiryState.PROVIDED


@pytest.mark.requirement("SELF-6")
async def test_a_planned_stop_is_a_stop(up: LinkageWorld, autojump_clock: MockClock) -> None:
    stop = PlannedStop(START - timedelta(hours=1), START + timedelta(hours=2))
    await up.configure(up.here, stops=(stop,))
    await broker(up)
    number = await up.make()
    await trio.sleep(3600)
    assert up.portal.got == []
    assert (await up.result(number)).state is InquiryState.PENDING
    assert code_of(await up.side(MAKE_INQUIRY, up.inquiry(inquirer=up.here, provider=ELSEWHERE))) is (
        ProblemCode.STOPPED
    )
    await trio.sleep(2 * 3600)
    assert len(up.portal.got) == 1
    assert (await up.result(number)).state is InquiryState.PROVIDED


async def test_connections_over_the_cap_are_refused_at_once_and_others_go_on(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    await up.configure(ELSEWHERE, profile="small")
    answers: list[Any] = []

    async def ask(number: int) -> None:
        answers.append(await up.side(MAKE_INQUIRY, up.inquiry(f"q{number}")))

    async with trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(ask, number)
        await trio.sleep(0.05)
        assert [code_of(answer) for answer in answers] == [ProblemCode.OVERLOADED] * 3
        assert code_of(await up.side(MAKE_INQUIRY, up.inquiry(inquirer=up.here, provider=ELSEWHERE))) is None
    assert [code_of(answer) for answer in answers[3:]] == [None] * SMALL.connections_max
    assert code_of(await up.side(MAKE_INQUIRY, up.inquiry("q9"))) is None, "a connection is free again"


async def test_a_contractor_may_not_inquire(up: LinkageWorld, autojump_clock: MockClock) -> None:
    await up.side(BAR_USER, BarUser(ELSEWHERE, "itaku-1", True))
    assert code_of(await up.side(MAKE_INQUIRY, up.inquiry(user="itaku-1"))) is ProblemCode.NOT_PERMITTED
    assert await up.make(user="shokuin-1")
    await up.side(BAR_USER, BarUser(ELSEWHERE, "itaku-1", False))
    assert await up.make("q2", user="itaku-1")


# 一括照会


def line(up: LinkageWorld, **more: Any) -> Line:
    whole: dict[str, Any] = {
        "numbering": "01",
        "person_number": 1,
        "unified_number": up.person.n,
        "requested_at": datetime(2026, 4, 1, 9, 0, 0),
        "department": "KODOMO",
        "user": "U1",
        "inquirer": ELSEWHERE,
        "withheld": False,
        "affair": AFFAIR,
        "procedure": PROCEDURE,
        "inquirer_delegator": None,
        "provider_delegator": None,
        "provider": up.here,
        "information": TAX,
        "condition": 1,
        "fiscal_year": 0,
        "start": None,
        "end": None,
    }
    return Line(**{**whole, **more})


NAME = name_of(datetime(2026, 4, 1, 9, 0, 0))


@pytest.mark.requirement("USE-2")
async def test_a_file_is_taken_whole_and_its_results_are_fetched(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    content = write([line(up), line(up, information=RESIDENCE), line(up, information="TM99999999999999")])
    view = await up.side(SUBMIT_FILE, SubmitFile(ELSEWHERE, NAME, content))
    assert isinstance(view, SendView)
    assert (view.state, view.entries) == (SendState.ACCEPTED, 3)
    assert await up.side(SUBMIT_FILE, SubmitFile(ELSEWHERE, NAME, content)) == view
    changed = SubmitFile(ELSEWHERE, NAME, write([line(up)]))
    assert code_of(await up.side(SUBMIT_FILE, changed)) is ProblemCode.CONFLICT
    await trio.sleep(5)

    result = await up.side(FETCH_FILE_RESULT, OneFile(ELSEWHERE, NAME))
    assert isinstance(result, FileResult)
    assert (result.entries, result.waiting) == (3, 0)
    rows = list(csv.DictReader(io.StringIO(result.content.decode())))
    assert [(row["行"], row["結果"], row["理由"]) for row in rows] == [
        ("1", "提供", "provided"),
        ("2", "提供", "provided"),
        ("3", "照会不可", "unknown_information"),
    ]
    assert "給与収入=" in rows[0]["内容"]
    assert (await up.reconciled()).inquiries == 3
    assert code_of(await up.side(FETCH_FILE_RESULT, OneFile(up.here, NAME))) is ProblemCode.NOT_FOUND


async def test_a_malformed_file_does_nothing_and_says_where(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    await up.side(BAR_USER, BarUser(ELSEWHERE, "itaku-1", True))
    good = write([line(up), line(up, information=RESIDENCE)])
    bad = good[:-10] + b"2026\r\n"
    answer = await up.side(SUBMIT_FILE, SubmitFile(ELSEWHERE, NAME, bad))
    assert code_of(answer) is ProblemCode.UNPROCESSABLE
    assert "2行目" in answer.detail and "桁目" in answer.detail
    for spoiled, words in (
        (write([line(up), line(up, inquirer=up.here)]), "2行目96桁目（照会者機関コード）"),
        (write([line(up, unified_number=10**14)]), "1行目20桁目（統合宛名番号）"),
        (write([line(up, person_number=10**14, unified_number=None)]), "1行目4桁目（宛名番号）"),
        (write([line(up), line(up, user="itaku-1")]), "2行目75桁目（ユーザーID）"),
    ):
        answer = await up.side(SUBMIT_FILE, SubmitFile(ELSEWHERE, NAME, spoiled))
        assert words in answer.detail
    assert (await up.reconciled()).inquiries == 0, "not even the good lines"
    assert code_of(await up.side(SUBMIT_FILE, SubmitFile(ELSEWHERE, "x.csv", good))) is (
        ProblemCode.UNPROCESSABLE
    )
    listed = await up.side(LIST_SENDS, OneOrganisation(ELSEWHERE))
    assert [row.state for row in listed.sends] == [SendState.REFUSED]
    assert isinstance(await up.side(SUBMIT_FILE, SubmitFile(ELSEWHERE, NAME, good)), SendView), "put right"
    assert (await up.reconciled()).inquiries == 2


async def test_a_file_over_the_cap_is_refused_visibly_and_others_go_on(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    await up.configure(ELSEWHERE, profile="small")
    lines = [line(up, person_number=n, unified_number=n) for n in range(SMALL.per_send_max + 1)]
    answer = await up.side(SUBMIT_FILE, SubmitFile(ELSEWHERE, NAME, write(lines)))
    assert code_of(answer) is ProblemCode.TOO_LARGE
    assert str(SMALL.per_send_max) in answer.detail
    next_name = name_of(datetime(2026, 4, 1, 9, 0, 1))
    behind = await up.side(SUBMIT_FILE, SubmitFile(ELSEWHERE, next_name, write(lines[:-1])))
    assert isinstance(behind, SendView)
    many = tuple(send(up, person=n).copies[0] for n in range(SMALL.per_send_max + 1))
    over = await up.side(REGISTER_COPIES, RegisterCopies(ELSEWHERE, "s1", many))
    assert code_of(over) is ProblemCode.TOO_LARGE

    listed = await up.side(LIST_SENDS, OneOrganisation(ELSEWHERE))
    assert {(row.name, row.state) for row in listed.sends} == {
        (NAME, SendState.REFUSED),
        (next_name, SendState.ACCEPTED),
        ("s1", SendState.REFUSED),
    }
    await trio.sleep(600)
    assert (await up.reconciled()).inquiries == SMALL.per_send_max


# 符号の取得


@pytest.mark.requirement("USE-2")
async def test_a_code_comes_under_its_number_which_is_erased(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    begun = await up.side(BEGIN_ACQUISITION, BeginAcquisition(ELSEWHERE, up.person.n))
    assert isinstance(begun, Begun)
    whose = OnePerson(ELSEWHERE, up.person.n)
    assert await up.side(VIEW_ACQUISITION, whose) == Acquisition(False)
    forward = ForwardAcquisition(ELSEWHERE, begun.acquisition_number, up.person.resident_code)
    up.wiring.weather.passages["intermediate.receive_code"] = Passage(lose_reply=True)
    assert await up.side(FORWARD_ACQUISITION, forward) == Done()
    assert await up.side(FORWARD_ACQUISITION, forward) == Done()
    await trio.sleep(20)
    up.wiring.weather.passages.clear()
    await trio.sleep(600)

    assert await up.side(VIEW_ACQUISITION, whose) == Acquisition(True)
    for system in (System.NETWORK, System.INTERMEDIATE, System.REGISTRY):
        kept = "\n".join(up.wiring.stores[system].dump())
        assert begun.acquisition_number not in kept, "erased after use"
        assert up.person.resident_code not in kept
    used = ForwardAcquisition(
        ELSEWHERE, begun.acquisition_number, up.nation.person(up.person.n + 1).resident_code
    )
    assert code_of(await up.side(FORWARD_ACQUISITION, used)) is ProblemCode.UNPROCESSABLE


@pytest.mark.requirement("USE-2")
async def test_a_code_for_somebody_else_is_seen_to_fail_and_the_right_one_still_comes(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    begun = await up.side(BEGIN_ACQUISITION, BeginAcquisition(ELSEWHERE, up.person.n))
    whose = OnePerson(ELSEWHERE, up.person.n)
    number, right = begun.acquisition_number, up.person.resident_code
    neighbour = ForwardAcquisition(ELSEWHERE, number, up.nation.person(up.person.n + 1).resident_code)
    assert await up.side(FORWARD_ACQUISITION, neighbour) == Done()
    await trio.sleep(5)
    seen = await up.side(VIEW_ACQUISITION, whose)
    assert not seen.acquired and "住民票コードを確かめて" in seen.failure
    again = await up.side(FORWARD_ACQUISITION, neighbour)
    assert (
        code_of(again) is ProblemCode.UNPROCESSABLE
        and "取得番号を出した人のものではありません" in again.detail
    )

    astray = ForwardAcquisition(up.here, number, right)
    assert await up.side(FORWARD_ACQUISITION, astray) == Done()
    await trio.sleep(5)
    seen = await up.side(VIEW_ACQUISITION, whose)
    assert not seen.acquired and up.here in seen.failure
    again = await up.side(FORWARD_ACQUISITION, astray)
    assert (
        code_of(again) is ProblemCode.UNPROCESSABLE and "この機関が出したものではありません" in again.detail
    )

    assert await up.side(FORWARD_ACQUISITION, ForwardAcquisition(ELSEWHERE, number, right)) == Done()
    await trio.sleep(5)
    assert await up.side(VIEW_ACQUISITION, whose) == Acquisition(True)
    assert code_of(await up.side(FORWARD_ACQUISITION, neighbour)) is ProblemCode.UNPROCESSABLE, "used up"
    for system in (System.NETWORK, System.INTERMEDIATE):
        assert number not in "\n".join(up.wiring.stores[system].dump()), "erased after use"


async def test_a_number_is_good_for_one_person_at_one_organisation(
    up: LinkageWorld, autojump_clock: MockClock
) -> None:
    begun = await up.side(BEGIN_ACQUISITION, BeginAcquisition(ELSEWHERE, up.person.n))
    somebody = up.codes.code_of(up.person.n + 1, ELSEWHERE)
    wrong = ReceiveCode(ELSEWHERE, begun.acquisition_number, somebody)
    assert code_of(await up.ask(RECEIVE_CODE, wrong, System.NETWORK)) is ProblemCode.UNPROCESSABLE
    mine = up.codes.code_of(up.person.n, up.here)
    elsewhere = ReceiveCode(up.here, begun.acquisition_number, mine)
    assert code_of(await up.ask(RECEIVE_CODE, elsewhere, System.NETWORK)) is ProblemCode.NOT_FOUND
    again = await up.side(BEGIN_ACQUISITION, BeginAcquisition(ELSEWHERE, up.person.n))
    assert again.acquisition_number != begun.acquisition_number
    right = up.codes.code_of(up.person.n, ELSEWHERE)
    void = ReceiveCode(ELSEWHERE, begun.acquisition_number, right)
    assert code_of(await up.ask(RECEIVE_CODE, void, System.NETWORK)) is ProblemCode.NOT_FOUND


async def test_acquisition_without_the_core_or_the_person(
    world: LinkageWorld, autojump_clock: MockClock
) -> None:
    async with world.running(world.registry()):
        unknown = ForwardAcquisition(ELSEWHERE, "12345678", "0" * 11)
        assert code_of(await world.side(FORWARD_ACQUISITION, unknown)) is ProblemCode.NOT_FOUND
        alone = ForwardAcquisition(ELSEWHERE, "12345678", world.person.resident_code)
        assert code_of(await world.side(FORWARD_ACQUISITION, alone)) is ProblemCode.UPSTREAM_UNAVAILABLE
        async with world.running(world.core()):
            nobody = ForwardAcquisition("9" * 16, "12345678", world.person.resident_code)
            assert code_of(await world.side(FORWARD_ACQUISITION, nobody)) is ProblemCode.UNPROCESSABLE


def test_the_moment_of_the_tests() -> None:
    assert START.astimezone(UTC) == START
