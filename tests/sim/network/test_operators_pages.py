"""What clerks and the core's operator decide, on pages: forms that do what the operations do, without scripts."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import NamedTuple

import pytest
import trio
from linkage_world import ELSEWHERE, START, LinkageWorld
from sim_wiring import Browser
from trio.testing import MockClock

from portal.store.store import Op
from portal.wire.intermediate_keeping import (
    VIEW_CONFIGURATION,
    DecisionPolicy,
    Group,
    OneOrganisation,
    PlannedStop,
)
from portal.wire.network import BROKER_SELF_INFORMATION, BrokerSelfInformation, RecordsAnswer, RecordsOutcome
from portal.wire.systems import System
from sim.jpki.serials import Serials
from sim.nation.holdings import PENSION, RESIDENCE
from sim.nation.nation import Nation
from sim.network.codes import LinkageCodes

PAGE = "/keeping"


class Up(NamedTuple):
    world: LinkageWorld
    clerk: Browser
    operator: Browser

    def form(self, section: str, **typed: str) -> dict[str, str]:
        whose = {"organisation": "131016", "person": self.world.person.resident_id}
        return {"section": section} | {
            f"{section}_{name}": value for name, value in {**whose, **typed}.items()
        }

    async def shown(self, request_id: str) -> object:
        """What the person gets of it."""
        wanted = BrokerSelfInformation(request_id, self.world.code, RESIDENCE, self.world.here)
        await self.world.ask(BROKER_SELF_INFORMATION, wanted)
        await trio.sleep(5)
        return self.world.portal.got[-1].content


@pytest.fixture
async def up(nation: Nation, codes: LinkageCodes, serials: Serials) -> AsyncIterator[Up]:
    world = LinkageWorld(nation, codes, serials)
    core, servers = world.core(), world.servers()
    async with world.running(world.portal.built(), world.registry(), core, servers):
        yield Up(world, Browser(servers), Browser(core))


@pytest.mark.requirement("SELF-9")
async def test_a_clerk_withholds_items_all_and_nothing(up: Up, autojump_clock: MockClock) -> None:
    whole = await up.shown("s1")
    form = up.form("withholding", information=RESIDENCE, extent="items", items="世帯主との続柄、 世帯人員")
    done = await up.clerk.post(PAGE, form)
    assert (done.status, done.location) == (303, f"{PAGE}?done=1")
    assert "行いました" in (await up.clerk.get(PAGE, {"done": "1"})).text
    part = await up.shown("s2")
    assert {item.name for item in whole.items} - {item.name for item in part.items} == {  # type: ignore[attr-defined]
        "世帯主との続柄",
        "世帯人員",
    }
    everything = up.form("withholding", information=RESIDENCE, extent="everything", items="")
    assert (await up.clerk.post(PAGE, everything)).status == 303
    assert await up.shown("s3") is None
    nothing = up.form("withholding", information="住民票関係情報", extent="nothing")
    assert (await up.clerk.post(PAGE, nothing)).status == 303
    assert await up.shown("s4") == whole


@pytest.mark.requirement("SELF-8")
async def test_a_clerk_adds_a_document(up: Up, autojump_clock: MockClock) -> None:
    form = up.form("document", information=RESIDENCE, name="現況届.txt", content="昨年の現況です。")
    assert (await up.clerk.post(PAGE, form)).status == 303
    content = await up.shown("s1")
    (document,) = content.attachments  # type: ignore[attr-defined]
    assert (document.name, document.media_type) == ("現況届.txt", "text/plain")
    assert document.content.decode() == "昨年の現況です。"

    removal = up.form("removal", information="住民票関係情報", name="現況届.txt")
    assert (await up.clerk.post(PAGE, removal)).status == 303
    assert (await up.shown("s2")).attachments == ()  # type: ignore[attr-defined]
    again = await up.clerk.post(PAGE, removal)
    assert again.status == 422
    assert "ありません" in again.text.partition('id="removal_name-error"')[2][:300]


@pytest.mark.requirement("SELF-9")
@pytest.mark.parametrize(
    ("organisation", "information"),
    [
        ("１３１０１６", "住民票"),
        ("千代田区", "住民票関係"),
        ("東京都千代田区", "".join(chr(ord(each) + 0xFEE0) for each in RESIDENCE)),
    ],
)
async def test_what_people_call_things_is_understood(
    up: Up, autojump_clock: MockClock, organisation: str, information: str
) -> None:
    typed = {"organisation": organisation, "extent": "items", "items": "世帯主との続柄，世帯人員､"}
    form = up.form("withholding", information=information, **typed)
    page = await up.clerk.post(PAGE, form)
    assert page.status == 303, page.text
    names = {item.name for item in (await up.shown("s1")).items}  # type: ignore[attr-defined]
    assert names.isdisjoint({"世帯主との続柄", "世帯人員"})


async def test_a_name_of_several_is_not_guessed(up: Up, autojump_clock: MockClock) -> None:
    for organisation in ("府中市", "区", ""):
        form = up.form("protection", organisation=organisation, protected="yes")
        page = await up.clerk.post(PAGE, form)
        assert page.status == 422, organisation
        assert "都道府県名から" in page.text.partition('id="protection_organisation-error"')[2][:600]
    for organisation in ("東京都府中市", "広島県府中市"):
        assert (
            await up.clerk.post(PAGE, up.form("protection", organisation=organisation, protected="yes"))
        ).status == 303


@pytest.mark.requirement("REC-5")
async def test_how_an_organisation_decides_is_chosen_on_the_page(up: Up, autojump_clock: MockClock) -> None:
    await up.world.configure(up.world.here, old_layouts=True)
    assert (await up.clerk.post(PAGE, up.form("policy", decision="by_hand"))).status == 303
    found = await up.world.side(VIEW_CONFIGURATION, OneOrganisation(up.world.here))
    assert (found.decision, found.old_layouts) == (DecisionPolicy.BY_HAND, True)
    assert "職員が1件ずつ判断する" in (await up.clerk.get("/now")).text
    assert (await up.clerk.post(PAGE, up.form("policy", decision="dice"))).status == 422


@pytest.mark.requirement("REC-5")
async def test_a_clerk_protects_somebody_and_decides_by_hand(up: Up, autojump_clock: MockClock) -> None:
    world = up.world
    await world.configure(world.here, decision=DecisionPolicy.BY_HAND)
    number_of_person = str(world.person.n)
    assert (
        await up.clerk.post(PAGE, up.form("protection", protected="yes", person=number_of_person))
    ).status == 303
    number = await world.make()
    await trio.sleep(1)
    assert await world.disclose() == RecordsAnswer(RecordsOutcome.LATER)
    await trio.sleep(5)

    page = (await up.clerk.get(PAGE, {"organisation": "131016"})).text
    assert number in page and "提供側" in page and "まだ" in page
    (question_id,) = {
        part.partition('"')[0]
        for part in page.split('name="decision_question_id"')[1:]
        for part in [part.partition('value="')[2]]
    }
    unsure = {"section": "decision", "decision_organisation": "131016", "decision_question_id": question_id}
    assert (await up.clerk.post(PAGE, unsure)).status == 422
    assert (await up.clerk.post(PAGE, {**unsure, "decision_decision": "disclose"})).status == 303
    await trio.sleep(5)
    (late,) = world.portal.got
    assert number in {record.record_id for record in late.records}
    assert "開示する" in (await up.clerk.get(PAGE, {"organisation": "131016"})).text
    again = await up.clerk.post(PAGE, {**unsure, "decision_decision": "withhold"})
    assert again.status == 422 and "判断が済んでいます" in again.text
    assert (await up.clerk.post(PAGE, up.form("protection", protected="no"))).status == 303
    unflagged = await world.make("later")
    await trio.sleep(1)
    assert not any(row.flagged for row in (await world.kept(unflagged)).values())


@pytest.mark.parametrize(
    ("section", "typed", "field", "words"),
    [
        ("withholding", {"organisation": "131017"}, "withholding_organisation", "この機関はありません"),
        ("withholding", {"person": "131016-0"}, "withholding_person", "この番号の人はいません"),
        ("withholding", {"person": "999999999"}, "withholding_person", "以下にしてください"),
        ("withholding", {"extent": ""}, "withholding_extent", "選んでください"),
        ("withholding", {"items": ""}, "withholding_items", "項目の名前"),
        ("withholding", {"items": "世帯人數"}, "withholding_items", "世帯主との続柄"),
        ("withholding", {"extent": "everything"}, "withholding_items", "項目を指定するときだけ"),
        ("withholding", {"information": "TM1"}, "withholding_information", "数字14桁"),
        ("withholding", {"information": PENSION}, "withholding_information", "保有する機関ではありません"),
        ("document", {"name": ""}, "document_name", "空にはできません"),
        ("document", {"content": ""}, "document_content", "文章を入れて"),
        ("document", {"name": "x" * 101}, "document_name", "100文字まで"),
        ("protection", {"protected": "maybe"}, "protection_protected", "選んでください"),
        (
            "decision",
            {"decision": "disclose", "question_id": "none"},
            "organisation",
            "来ていません",
        ),
        ("nothing", {}, "withholding_organisation", "ボタン"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(
    up: Up, autojump_clock: MockClock, section: str, typed: dict[str, str], field: str, words: str
) -> None:
    right = {
        "withholding": {"information": RESIDENCE, "extent": "items", "items": "世帯人員"},
        "document": {"information": RESIDENCE, "name": "x.txt", "content": "<script>"},
    }.get(section, {})
    page = await up.clerk.post(PAGE, up.form(section, **{**right, **typed}))

    assert page.status == 422
    assert words in page.text.partition(f'id="{field}-error"')[2][:600]
    assert "<script>" not in page.text
    assert await up.shown("s1") is not None


async def test_a_stopped_group_takes_nothing_from_the_page_either(up: Up, autojump_clock: MockClock) -> None:
    stop = PlannedStop(START, START + timedelta(hours=1), Group.JTK)
    await up.world.configure(up.world.here, stops=(stop,))
    form = up.form("withholding", information=RESIDENCE, extent="items", items="世帯人員")
    page = await up.clerk.post(PAGE, form)
    assert page.status == 422 and "計画停止中" in page.text
    assert (await up.clerk.post(PAGE, form, sec_fetch_site="cross-site")).status == 403


@pytest.mark.requirement("REC-2")
async def test_the_operator_reconciles_on_the_page(up: Up, autojump_clock: MockClock) -> None:
    assert "3つの記録を比べます" in (await up.operator.get("/now")).text
    numbers = [await up.world.make(f"q{n}") for n in range(25)]
    await trio.sleep(5)
    period = {"start": "2026-04-01", "end": "2026-04-01"}
    fine = (await up.operator.get("/now", period)).text
    assert "25件の照会のうち、途中のものが0件、相違が0件です" in fine and "相違はありません" in fine
    await up.world.wiring.stores[System.INTERMEDIATE].write(
        [Op("DELETE FROM linkage_records WHERE place = 'provider'", {}, None)]
    )
    page = (await up.operator.get("/now", period)).text
    assert "相違が25件です。はじめの20件" in page and "提供側" in page and "記録がない" in page
    assert sum(number in page for number in numbers) >= 20
    for typed, words in (
        ({"start": "昨日", "end": "2026-04-01"}, "ない日付です"),
        ({"start": "2026-04-01", "end": ""}, "ない日付です"),
        ({"start": "2026-04-01", "end": "9999-12-31"}, "2999年まで"),
        ({"start": "2026-04-02", "end": "2026-04-01"}, "終わりが始まりより前"),
    ):
        wrong = await up.operator.get("/now", typed)
        assert wrong.status == 200 and words in wrong.text, typed
    assert ELSEWHERE not in page, "of organisations only what differs is said"
