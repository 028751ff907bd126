"""Notices on their way: refused by law, kept in order, exactly once however the links and processes behave."""

from datetime import UTC, datetime, timedelta

import pytest
import trio
from notice_world import TODAY, VACCINATION, LossyWeather, NoticeWorld, csv_of
from sim_wiring import code_of
from trio.testing import MockClock

from portal.links.memory import Passage
from portal.serving.uploads import KnownSignatures
from portal.wire import notice_relaying as relaying
from portal.wire import notice_sending as sending
from portal.wire.controls import Mode
from portal.wire.disclosure import Attachment
from portal.wire.intermediate_keeping import CONFIGURE, NOTE_RESIDENT, Configure
from portal.wire.notice_sending import NoticeSend, RecipientsFormat, SendState
from portal.wire.notices import OwnPart, Question, QuestionKind, Questionnaire, ServiceLink
from portal.wire.operation import Done
from portal.wire.problems import ProblemCode
from portal.wire.registry import ResidentChange
from portal.wire.systems import System
from sim.nation.catalogue import PROFILE_2016, catalogue
from sim.nation.nation import Nation
from sim.nation.notice_affairs import affairs_of, may_send, ordinance_affairs
from sim.nation.organisations import ORGANISATIONS, Kind, organisation
from sim.network.codes import LinkageCodes

NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)


@pytest.fixture
def world(nation: Nation, codes: LinkageCodes) -> NoticeWorld:
    return NoticeWorld(nation, codes)


@pytest.mark.requirement("NOT-1")
async def test_a_notice_is_laid_once_and_said_so(world: NoticeWorld, autojump_clock: MockClock) -> None:
    world.folders.people = {7}
    async with world.running():
        send = await world.send(7, own=OwnPart(text="あなただけに"))
        assert (send.state, send.recipients) == (SendState.SENDING, 1)
        nobody = await world.send(8)
        await world.pass_time()

        done = await world.view(send)
        assert (done.state, done.delivered, done.without_folder) == (SendState.SENT, 1, 0)
        assert (await world.view(nobody)).without_folder == 1
        assert [person for _, person, _ in world.folders.got] == [7]
        (content, *_) = world.folders.contents.values()
        assert (content.sender.code, content.affair.code) == (world.here, VACCINATION)


@pytest.mark.requirement("NOT-1")
@pytest.mark.parametrize("seed", range(6))
async def test_exactly_once_and_in_order_however_often_a_link_drops(
    world: NoticeWorld, seed: int, autojump_clock: MockClock
) -> None:
    world.folders.people = {*range(0, 2_000, 2), world.away}
    weather = LossyWeather(seed)
    world.wiring.weather = weather  # type: ignore[assignment]
    async with world.running():
        sends = [await world.send(0)]
        sends.append(await world.send_file(csv_of(range(1_200))))
        sends += [await world.send(0) for _ in range(3)]
        other = await world.send(world.away, organisation=world.elsewhere)
        await world.pass_time(3_600)
        weather.share = 0.0
        await world.pass_time(3_600)

        for send in [*sends, other]:
            assert (await world.view(send)).state is SendState.SENT
    got = world.folders.got
    assert len(set(got)) == len(got) == 600 + 5
    numbers = [number for _, _, number in got]
    assert len(set(numbers)) == len(numbers)
    mine = [content.partition(".")[2] for content, person, _ in got if person == 0]
    ours = [each for each in mine if each != other.send_id]
    assert ours == [send.send_id for send in sends]


@pytest.mark.requirement("NOT-1")
@pytest.mark.parametrize("milliseconds", [0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30])
async def test_whoever_dies_at_any_point_goes_on(
    world: NoticeWorld, milliseconds: int, autojump_clock: MockClock
) -> None:
    """Both processes are gone so long after the confirmation, and come back."""
    world.folders.people = set(range(1_000))
    async with world.running():
        send = await world.send_file(csv_of(range(2_000)))
        await trio.sleep(milliseconds / 1000)
    async with world.running():
        await world.pass_time(120)
        done = await world.view(send)
    assert (done.state, done.delivered, done.without_folder) == (SendState.SENT, 1_000, 1_000)
    assert sorted(person for _, person, _ in world.folders.got) == list(range(1_000))


@pytest.mark.requirement("NOT-1")
async def test_a_stopped_organisation_holds_up_nobody_else(
    world: NoticeWorld, autojump_clock: MockClock
) -> None:
    world.folders.people = {0, world.away}
    async with world.running():
        await world.wiring.set(System.NETWORK, Mode.STOPPED)
        mine, other = await world.send(0), await world.send(world.away, organisation=world.elsewhere)
        await world.wiring.set(System.INTERMEDIATE, Mode.STOPPED, organisation=world.here)
        await world.wiring.set(System.NETWORK, Mode.NORMAL)
        await world.pass_time(400)
        assert [content for content, _, _ in world.folders.got] == [f"{world.elsewhere}.{other.send_id}"]
        await world.wiring.set(System.INTERMEDIATE, Mode.NORMAL, organisation=world.here)
        await world.pass_time(2)
        assert (await world.view(mine)).state is SendState.SENT


@pytest.mark.requirement("NOT-1")
async def test_an_affair_of_no_law_is_refused_on_both_sides(
    world: NoticeWorld, autojump_clock: MockClock
) -> None:
    async with world.running():
        for affair in ("JM90000000000018", "JM90000000000010", "JM99999999999999"):
            assert code_of(await world.send(affair=affair)) is ProblemCode.NOT_PERMITTED
            content = relaying.RelayContent(world.here, "a" * 24, affair, world.content())
            answer = await world.wiring.ask(relaying.RELAY_CONTENT, content, System.INTERMEDIATE)
            assert code_of(answer) is ProblemCode.NOT_PERMITTED
        assert not world.folders.contents


@pytest.mark.requirement("NOT-1")
def test_ordinances_are_some_municipalities_own() -> None:
    law, municipalities = catalogue(), [o for o in ORGANISATIONS if o.kind is Kind.MUNICIPALITY]
    for code, ordinance in ordinance_affairs(law.profile.id).items():
        share = sum(may_send(law, town, code) is None for town in municipalities) / len(municipalities)
        assert abs(share - ordinance.percent / 100) < 0.05
        assert ordinance.assumed
    pension = next(o for o in ORGANISATIONS if o.kind is Kind.PENSION_SERVICE)
    assert [affair.code for affair in affairs_of(law, pension)] == ["JM90000000000010"]
    only_now = set(ordinance_affairs(law.profile.id)) - set(ordinance_affairs(PROFILE_2016))
    assert only_now == {"JM91000000000003"}
    assert "条例" in (may_send(law, organisation(pension.code), "JM91000000000001") or "")


@pytest.mark.requirement("NOT-5")
@pytest.mark.parametrize(
    ("days", "code"), [(-1, ProblemCode.PERIOD_REFUSED), (0, None), (366 * 5 + 3, ProblemCode.PERIOD_REFUSED)]
)
async def test_retention(
    world: NoticeWorld, days: int, code: ProblemCode | None, autojump_clock: MockClock
) -> None:
    async with world.running():
        answer = await world.send(0, world.content(kept_until=TODAY + timedelta(days=days)))
        assert code_of(answer) is code


ASKED = Question("どれ", QuestionKind.CHOICE, True, ("あ", "い"))


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"title": " 　"}, "$.content.title"),
        ({"title": "a\nb"}, "$.content.title"),
        ({"text": "a\x00"}, "$.content.text"),
        ({"payment_url": "javascript:alert(1)"}, "$.content.payment_url"),
        ({"service": ServiceLink("手続", "ftp://x")}, "$.content.service.url"),
        (
            {"attachments": (Attachment("a.pdf", "application/pdf", b"PK\x03\x04"),)},
            "$.content.attachments[0].content",
        ),
        (
            {"questionnaire": Questionnaire((ASKED,), NOW - timedelta(days=1), NOW)},
            "$.content.questionnaire.deadline",
        ),
        (
            {"questionnaire": Questionnaire((ASKED,), NOW + timedelta(days=2), NOW + timedelta(days=1))},
            "$.content.questionnaire.collect_until",
        ),
        (
            {
                "questionnaire": Questionnaire(
                    (Question("?", QuestionKind.CHOICE, True, ("一",)),),
                    NOW + timedelta(1),
                    NOW + timedelta(2),
                )
            },
            "$.content.questionnaire.questions[0].choices",
        ),
        (
            {
                "questionnaire": Questionnaire(
                    (Question("?", QuestionKind.TEXT, True, ("一", "二")),),
                    NOW + timedelta(1),
                    NOW + timedelta(2),
                )
            },
            "$.content.questionnaire.questions[0].choices",
        ),
    ],
)
async def test_content_that_is_refused(
    world: NoticeWorld, content: dict, field: str, autojump_clock: MockClock
) -> None:
    async with world.running():
        answer = await world.send(0, world.content(**content))
        assert getattr(answer, "field", None) == field, answer


async def test_every_script_arrives_as_it_was(world: NoticeWorld, autojump_clock: MockClock) -> None:
    world.folders.people = {0}
    text = "全角　空白 😀 👩‍👩‍👧 العربية हिन्दी 𠮷 <b>&amp;</b>\n二行目\tタブ"
    async with world.running():
        assert isinstance(
            await world.send(0, world.content("題 🇯🇵", text=text.replace("\n", "\r\n"))), NoticeSend
        )
        await world.pass_time()
    (content,) = world.folders.contents.values()
    assert (content.content.title, content.content.text) == ("題 🇯🇵", text)


async def test_the_eicar_test_file_is_refused(world: NoticeWorld, autojump_clock: MockClock) -> None:
    eicar = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    assert KnownSignatures().scan(eicar)
    async with world.running():
        file = Attachment("eicar.txt", "text/plain", eicar)
        answer = await world.send(0, world.content(attachments=(file,)))
    assert code_of(answer) is ProblemCode.UNPROCESSABLE
    assert "EICAR" in answer.detail


@pytest.mark.requirement("NOT-1")
async def test_a_resident_who_is_not(world: NoticeWorld, autojump_clock: MockClock) -> None:
    async with world.running():
        assert code_of(await world.send(134_000_000)) is ProblemCode.NOT_FOUND


@pytest.mark.requirement("NOT-6")
async def test_cancelling_before_and_after_it_left(world: NoticeWorld, autojump_clock: MockClock) -> None:
    world.folders.people = {0}
    async with world.running():
        receiving = await world.open_send()
        assert (await world.cancel(receiving)).state is SendState.CANCELLED
        await world.wiring.set(System.NETWORK, Mode.STOPPED)
        waiting = await world.send(0)
        assert (await world.cancel(waiting)).state is SendState.CANCELLED
        await world.wiring.set(System.NETWORK, Mode.NORMAL)
        sent = await world.send(0)
        await world.pass_time()
        assert (await world.cancel(sent)).state is SendState.CANCELLING
        await world.pass_time()
        assert (await world.view(sent)).state is SendState.CANCELLED
        assert (await world.cancel(sent)).state is SendState.CANCELLED
        refused = await world.send_file(b"nothing\n1\n")
        assert refused.state is SendState.REFUSED
        assert code_of(await world.cancel(refused)) is ProblemCode.CONFLICT
    assert world.folders.withdrawn == [f"{world.here}.{sent.send_id}"]
    assert list(world.folders.contents) == [f"{world.here}.{sent.send_id}"]


@pytest.mark.requirement("NOT-1")
async def test_a_part_comes_twice_and_one_is_left_out(world: NoticeWorld, autojump_clock: MockClock) -> None:
    world.folders.people = {1, 2, 3}
    file = csv_of([1, 2, 3])
    async with world.running():
        send = await world.open_send()
        await world.put(send, 0, file[:20])
        again = await world.put(send, 0, file[:20])
        assert again.received_bytes == 20
        assert code_of(await world.put(send, 30, file[30:])) is ProblemCode.CONFLICT
        await world.put(send, 20, file[20:])
        assert code_of(await world.confirm(send, recipients=4)) is ProblemCode.CONFLICT
        assert (await world.confirm(send, recipients=3)).state is SendState.SENDING
        assert code_of(await world.put(send, len(file), b"4\n")) is ProblemCode.CONFLICT
        await world.pass_time()
    assert [person for _, person, _ in world.folders.got] == [1, 2, 3]


@pytest.mark.requirement("NOT-1")
async def test_one_bad_line_and_nothing_goes_out(world: NoticeWorld, autojump_clock: MockClock) -> None:
    world.folders.people = set(range(10_000))
    lines = csv_of(range(10_000)).replace(f"{6_000:015d}".encode(), b"six thousand")
    async with world.running():
        send = await world.send_file(lines)
        await world.pass_time()
        assert (send.state, send.mistakes) == (SendState.REFUSED, 1)
        (mistake,) = send.first_mistakes
        assert (mistake.line, mistake.column, mistake.field) == (6_002, 1, "宛名番号")
    assert world.folders.got == []


@pytest.mark.requirement("NOT-6")
async def test_a_send_over_the_cap(world: NoticeWorld, autojump_clock: MockClock) -> None:
    async with world.running():
        await world.ask(CONFIGURE, Configure(world.here, "small"))
        send = await world.open_send()
        file = csv_of(range(send.cap + 1))
        answers = [await world.put(send, at, file[at : at + 100_000]) for at in range(0, len(file), 100_000)]
        assert answers[-1].state is SendState.REFUSED
        assert f"{send.cap:,}件" in answers[-1].reason
        listed = await world.ask(sending.LIST_SENDS, sending.ListSends(world.here))
        assert [each.state for each in listed.sends] == [SendState.REFUSED]
        assert listed.cap == send.cap


async def test_the_same_key_is_the_same_send(world: NoticeWorld, autojump_clock: MockClock) -> None:
    async with world.running():
        first = await world.send(5, key="k")
        assert (await world.send(5, key="k")).send_id == first.send_id
        assert code_of(await world.send(6, key="k")) is ProblemCode.CONFLICT
        assert isinstance(await world.send(world.away, key="k", organisation=world.elsewhere), NoticeSend)
        twice: list[object] = []
        async with trio.open_nursery() as nursery:
            for _ in range(2):

                async def open_once() -> None:
                    twice.append((await world.open_send(key="b")).send_id)

                nursery.start_soon(open_once)
        assert len(set(twice)) == 1


async def test_anothers_send_is_not_there(world: NoticeWorld, autojump_clock: MockClock) -> None:
    async with world.running():
        send = await world.send(5)
        for operation in (sending.VIEW_SEND, sending.CANCEL_SEND, sending.POLL_SEND):
            other = sending.SendOfOrganisation(send.send_id, world.elsewhere)
            assert code_of(await world.ask(operation, other)) is ProblemCode.NOT_FOUND
        part = sending.PutPart(send.send_id, world.elsewhere, 0, b"1")
        assert code_of(await world.ask(sending.PUT_PART, part)) is ProblemCode.NOT_FOUND


@pytest.mark.requirement("NOT-2")
async def test_folders_are_asked_about_in_order(world: NoticeWorld, autojump_clock: MockClock) -> None:
    world.folders.people = {2, 4}
    async with world.running():
        asked = sending.CheckFolders(world.here, (1, 2, 3, 4))
        assert await world.ask(sending.CHECK_FOLDERS, asked) == sending.FoldersFound(
            (False, True, False, True)
        )
        world.wiring.weather.passages["network.ask_folders"] = Passage(refuse=True)
        assert code_of(await world.ask(sending.CHECK_FOLDERS, asked)) is ProblemCode.UPSTREAM_UNAVAILABLE


async def test_json_lines(world: NoticeWorld, autojump_clock: MockClock) -> None:
    world.folders.people = {1, 2}
    file = b'{"person": 1}\n{"person": 2, "title": "\xe9\xa1\x8c", "payment_url": "https://pay.example.jp/2"}'
    async with world.running():
        send = await world.send_file(file, form=RecipientsFormat.JSON_LINES)
        assert send.state is SendState.SENDING, send
        await world.pass_time()
        assert (await world.view(send)).delivered == 2


@pytest.mark.requirement("NOT-1", "NOT-2")
async def test_residents_of_other_places_are_no_recipients(
    world: NoticeWorld, autojump_clock: MockClock
) -> None:
    """By where they live now: who moved away is none, who moved here is one, also after a restart."""
    world.folders.people = {1, 2, world.away, world.away + 1}
    moved = [(1, "141003"), (world.away, "011002")]
    async with world.running():
        for person, code in moved:
            life = ResidentChange(1, person, TODAY, code, "", "", person, ())
            assert isinstance(await world.wiring.ask(NOTE_RESIDENT, life, System.REGISTRY), Done)
    async with world.running():
        for person, here, elsewhere in (
            (1, False, True),
            (2, True, False),
            (world.away, True, False),
            (world.away + 1, False, True),
        ):
            for code, is_ours in ((world.here, here), (world.elsewhere, elsewhere)):
                answer = await world.send(person, organisation=code)
                assert isinstance(answer, NoticeSend) == is_ours, (person, code)
                if not is_ours:
                    assert answer.status == 404 and "住民ではありません" in answer.detail
                found = await world.ask(sending.CHECK_FOLDERS, sending.CheckFolders(code, (person,)))
                assert found.exist == (is_ours,)
        send = await world.send_file(csv_of([2, 1, world.away, world.away + 1]))
        assert [each.line for each in send.first_mistakes] == [3, 5]


@pytest.mark.requirement("NOT-1")
@pytest.mark.parametrize("part", [7, 1_000, 200_000])
async def test_nobody_stands_in_a_file_twice(
    world: NoticeWorld, autojump_clock: MockClock, part: int
) -> None:
    people = [*range(60), 5, 70_000, 90_000, 70_000, 1, 200_000]
    async with world.running():
        send = await world.send_file(csv_of(people)[:-2], part)
        assert (send.state, send.mistakes) == (SendState.REFUSED, 3)
        assert [(each.line, each.column) for each in send.first_mistakes] == [(62, 1), (65, 1), (66, 1)]
        assert "前の行にも" in send.first_mistakes[0].reason
        assert (await world.send_file(csv_of(people[:60]), part)).state is SendState.SENDING
