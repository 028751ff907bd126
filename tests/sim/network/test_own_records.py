"""自機関の記録: the two sides of a record know it as the core does, those from before the world began too (REC-2)."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import trio
from linkage_world import ELSEWHERE, START, TODAY, LinkageWorld
from sim_wiring import Browser, code_of
from trio.testing import MockClock

from portal.wire.disclosure import ProvisionRecord, ProvisionResult
from portal.wire.intermediate_keeping import LIST_RECORDS_OF_PERSON, ListRecordsOfPerson
from portal.wire.linkage import InquiryState, KeptRecord, Place
from portal.wire.network import DISCLOSE_RECORDS, DiscloseRecords, RecordsAnswer, RecordsOfPlace
from portal.wire.problems import ProblemCode
from portal.wire.systems import System
from sim.jpki.serials import Serials
from sim.nation.holdings import RESIDENCE
from sim.nation.nation import Nation
from sim.nation.organisations import of_municipality
from sim.nation.past import JST
from sim.network.codes import DISCLOSURE_SYSTEM, LinkageCodes

FIRST = TODAY - timedelta(days=7 * 365)
RESULTS = {
    InquiryState.PENDING: ProvisionResult.PENDING,
    InquiryState.PROVIDED: ProvisionResult.PROVIDED,
    InquiryState.NOT_PROVIDED: ProvisionResult.NOT_PROVIDED,
}


@pytest.fixture
async def world(
    nation: Nation, codes: LinkageCodes, serials: Serials, autojump_clock: MockClock
) -> AsyncIterator[LinkageWorld]:
    world = LinkageWorld(nation, codes, serials)
    async with world.running():
        yield world


async def of_core(world: LinkageWorld, person: int) -> tuple[ProvisionRecord, ...]:
    code = world.codes.code_of(person, DISCLOSURE_SYSTEM)
    answer = await world.ask(DISCLOSE_RECORDS, DiscloseRecords(f"r{person}", code, FIRST, TODAY))
    assert isinstance(answer, RecordsAnswer), answer
    return answer.records


async def of_side(world: LinkageWorld, organisation: str, person: int) -> tuple[KeptRecord, ...]:
    answer = await world.side(LIST_RECORDS_OF_PERSON, ListRecordsOfPerson(organisation, person, FIRST, TODAY))
    assert isinstance(answer, RecordsOfPlace), answer
    return answer.records


@pytest.mark.requirement("REC-2")
async def test_every_record_of_the_past_stands_in_three_places(
    world: LinkageWorld, autojump_clock: MockClock
) -> None:
    seen: Counter[ProvisionResult] = Counter()
    for person in range(0, world.nation.size, world.nation.size // 40):
        shown = await of_core(world, person)
        at_core = {record.record_id: record for record in shown}
        assert len(at_core) == len(shown)
        sides = {record.inquirer.code for record in shown} | {record.provider.code for record in shown}
        kept = [record for side in sides for record in await of_side(world, side, person)]
        for place in (Place.INQUIRER, Place.PROVIDER):
            assert sorted(one.number for one in kept if one.place is place) == sorted(at_core)
        for one in kept:
            core = at_core[one.number]
            assert (one.inquirer, one.provider) == (core.inquirer.code, core.provider.code)
            assert (one.affair, one.procedure) == (core.affair.code, core.procedure.code)
            assert (one.information, one.requested_at) == (core.information.code, core.requested_at)
            assert (one.provided_at, RESULTS[one.state]) == (core.provided_at, core.result)
            assert not one.inquirer_withholds and one.provider_withholds is False
        seen.update(record.result for record in shown)
    assert seen[ProvisionResult.PROVIDED] > 500 and seen[ProvisionResult.NOT_PROVIDED] > 0


@pytest.mark.requirement("REC-2")
async def test_a_record_of_this_run_stands_before_them(
    world: LinkageWorld, autojump_clock: MockClock
) -> None:
    before = {side: await of_side(world, side, world.person.n) for side in (ELSEWHERE, world.here)}
    number = await world.make()
    await trio.sleep(5)

    for side, place in ((ELSEWHERE, Place.INQUIRER), (world.here, Place.PROVIDER)):
        newest, *rest = await of_side(world, side, world.person.n)
        assert (newest.number, newest.place, newest.state) == (number, place, InquiryState.PROVIDED)
        assert tuple(rest) == before[side]
    # About somebody else, or at an organisation that had no part in it, it is not there.
    for side, person in ((ELSEWHERE, world.person.n + 1), (of_municipality("271004").code, world.person.n)):
        assert number not in {record.number for record in await of_side(world, side, person)}


@pytest.mark.requirement("REC-2")
async def test_a_period_is_a_part_of_it(world: LinkageWorld, autojump_clock: MockClock) -> None:
    whole = await of_side(world, world.here, world.person.n)
    middle = whole[len(whole) // 2].requested_at
    day = middle.astimezone(JST).date()
    wanted = ListRecordsOfPerson(world.here, world.person.n, day, day)
    part = await world.side(LIST_RECORDS_OF_PERSON, wanted)
    assert part.records == tuple(
        record for record in whole if record.requested_at.astimezone(JST).date() == day
    )
    assert [record.requested_at for record in whole] == sorted(
        (record.requested_at for record in whole), reverse=True
    )


async def test_what_is_wrong_is_said(world: LinkageWorld, autojump_clock: MockClock) -> None:
    def wanted(**more: object) -> ListRecordsOfPerson:
        usual = {"organisation": world.here, "person": 7, "start": FIRST, "end": TODAY}
        return ListRecordsOfPerson(**{**usual, **more})  # type: ignore[arg-type]

    nobody = await world.side(LIST_RECORDS_OF_PERSON, wanted(person=world.nation.size))
    assert code_of(nobody) == ProblemCode.NOT_FOUND
    backwards = await world.side(LIST_RECORDS_OF_PERSON, wanted(start=TODAY, end=FIRST))
    assert (code_of(backwards), backwards.field) == (ProblemCode.UNPROCESSABLE, "$.end")
    unknown = await world.side(LIST_RECORDS_OF_PERSON, wanted(organisation="0000113101600002"))
    assert code_of(unknown) == ProblemCode.NOT_FOUND
    forbidden = await world.ask(LIST_RECORDS_OF_PERSON, wanted(), System.PORTAL)
    assert code_of(forbidden) == ProblemCode.FORBIDDEN


async def test_a_clerk_looks_them_up_on_a_page(
    nation: Nation, codes: LinkageCodes, serials: Serials, autojump_clock: MockClock
) -> None:
    world = LinkageWorld(nation, codes, serials)
    servers = world.servers()
    async with world.running(world.portal.built(), world.registry(), world.core(), servers):
        clerk = Browser(servers)
        assert "自機関の記録" in (await clerk.get("/keeping")).text
        empty = await clerk.get("/records")
        assert empty.status == 200 and "処理通番" not in empty.text
        number = await world.make()
        await trio.sleep(5)
        page = await clerk.get("/records", {"organisation": "131016", "person": world.person.resident_id})
        count = len(await of_side(world, world.here, world.person.n))
        assert f"{count}件あります" in page.text and number in page.text and "提供側" in page.text
        assert page.text.count("<tr") == count + 1
        assert f"{START + timedelta(hours=9):%Y-%m-%d}" in page.text

        for typed, words in (
            ({"organisation": "131016", "person": ""}, "「」の人はいません"),
            ({"organisation": "", "person": "7"}, "「」の機関はありません"),
            ({"organisation": "131016", "person": "999999999"}, "統合宛名番号の人はいません"),
            ({"organisation": "<b>", "person": "7"}, "「&lt;b&gt;」の機関はありません"),
        ):
            assert words in (await clerk.get("/records", typed)).text
        assert RESIDENCE not in page.text  # names, not codes
        assert (await clerk.post("/records", {})).status == 422
