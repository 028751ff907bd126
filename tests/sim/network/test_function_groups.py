"""機能群: every group of the servers is there, with its hours, stops and caps; settings choose them; the page shows them."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
import trio
from linkage_world import START, LinkageWorld
from sim_wiring import Browser, code_of
from trio.testing import MockClock

from mynasim import settings
from portal.wire.intermediate_keeping import (
    PROTECT,
    REGISTER_DOCUMENT,
    VIEW_GROUPS,
    Configure,
    Group,
    Groups,
    OneOrganisation,
    PlannedStop,
    Protect,
    RegisterDocument,
)
from portal.wire.linkage import InquiryState
from portal.wire.network import BROKER_SELF_INFORMATION, Brokered, BrokerOutcome, BrokerSelfInformation
from portal.wire.operation import Done
from portal.wire.problems import ProblemCode
from portal.wire.systems import System
from sim.intermediate import system as intermediate
from sim.intermediate.notices.model import PER_SEND_MAX
from sim.intermediate.profiles import GROUP_NAMES, PROFILES, group_of
from sim.nation.holdings import RESIDENCE
from sim.nation.organisations import of_municipality
from sim.world.settings import WorldSettings


async def groups(up: LinkageWorld, organisation: str) -> Groups:
    answer = await up.side(VIEW_GROUPS, OneOrganisation(organisation))
    assert isinstance(answer, Groups), answer
    return answer


def test_the_nine_groups_have_names_and_operations() -> None:
    assert " ".join(Group) == "SKI TKY TKM DBM SCM SYM JTK OSR FGU"
    assert set(GROUP_NAMES) == set(Group)
    found = {group_of(path) for path in ("/ski/inquiries", "/osr/notices", "/sym/sends")}
    assert found == {Group.SKI, Group.OSR, Group.SYM}
    with pytest.raises(ValueError):
        group_of("/health")


@pytest.mark.requirement("SELF-6")
async def test_every_group_says_how_it_stands(up: LinkageWorld, autojump_clock: MockClock) -> None:
    await up.configure(up.here, profile="small")
    view = await groups(up, up.here)

    assert [each.group for each in view.groups] == list(Group)
    assert all(each.takes and each.stopped_until is None for each in view.groups)
    caps = {each.group: each.per_send_max for each in view.groups}
    assert caps[Group.DBM] == caps[Group.SKI] == PROFILES["small"].per_send_max
    assert caps[Group.OSR] == PER_SEND_MAX["small"]
    assert {each.connections_max for each in view.groups} == {2}
    assert code_of(await up.side(VIEW_GROUPS, OneOrganisation("9" * 16))) is ProblemCode.NOT_FOUND


async def test_a_stop_of_one_group_leaves_the_others(up: LinkageWorld, autojump_clock: MockClock) -> None:
    end = START + timedelta(hours=1)
    await up.configure(up.here, stops=(PlannedStop(START, end, Group.DBM),))

    document = RegisterDocument(up.here, up.person.n, RESIDENCE, "申請書", "text/plain", b"x")
    refused = await up.side(REGISTER_DOCUMENT, document)
    assert code_of(refused) is ProblemCode.STOPPED
    assert "副本の管理（DBM）" in refused.detail and "計画停止中" in refused.detail
    assert await up.side(PROTECT, Protect(up.here, up.person.n, True)) == Done()
    view = {each.group: each for each in (await groups(up, up.here)).groups}
    assert (view[Group.DBM].takes, view[Group.DBM].stopped_until) == (False, end)
    assert view[Group.DBM].works_from == end
    assert all(each.takes for group, each in view.items() if group is not Group.DBM)
    await trio.sleep(3_700)
    assert await up.side(REGISTER_DOCUMENT, document) == Done()


@pytest.mark.parametrize(
    ("group", "arrives"), [(Group.TKY, False), (Group.SKI, False), (Group.JTK, True), (Group.OSR, True)]
)
async def test_inquiries_wait_for_the_groups_that_they_need(
    up: LinkageWorld, autojump_clock: MockClock, group: Group, arrives: bool
) -> None:
    number = await up.make()
    await up.configure(up.here, stops=(PlannedStop(START, START + timedelta(hours=2), group),))
    asked = await up.make("q2") if group is not Group.SKI else number
    if group is Group.SKI:
        code = code_of(await up.side(*_from(up)))
        assert code is ProblemCode.STOPPED
        return
    await trio.sleep(60)
    assert ((await up.result(asked)).state is InquiryState.PROVIDED) == arrives
    await trio.sleep(9_000)
    assert (await up.result(asked)).state is InquiryState.PROVIDED


def _from(up: LinkageWorld) -> tuple[Any, Any]:
    """An inquiry by the organisation here."""
    from portal.wire.intermediate import MAKE_INQUIRY

    there = of_municipality("141003").code
    return MAKE_INQUIRY, up.inquiry("q3", inquirer=up.here, provider=there)


# Settings


async def test_the_usual_profile_is_a_setting(world: LinkageWorld, autojump_clock: MockClock) -> None:
    servers = intermediate.build(
        world.wiring.surroundings(System.INTERMEDIATE), world.nation, world.codes, usual="crowded"
    )
    async with world.running(world.portal.built(), world.registry(), world.core(), servers):
        assert (await groups(world, world.here)).profile == "crowded"
        await world.configure(world.here, profile="online")
        assert (await groups(world, world.here)).profile == "online"


@pytest.mark.requirement("SELF-5")
async def test_organisations_on_paper_only_by_the_settings(
    world: LinkageWorld, autojump_clock: MockClock
) -> None:
    loaded = settings.load(None, {"MYNASIM_WORLD__PAPER_ONLY": f"131016、 {of_municipality('011002').code}"})
    chosen = loaded.world.paper_organisations
    assert chosen == {of_municipality("131016").code, of_municipality("011002").code}

    core = world.core(paper_only=chosen)
    async with world.running(world.portal.built(), world.registry(), core, world.servers()):
        wanted = BrokerSelfInformation("s1", world.code, RESIDENCE, world.here)
        answer = await world.ask(BROKER_SELF_INFORMATION, wanted)
        assert answer == Brokered(BrokerOutcome.ACCEPTED)
        await trio.sleep(5)
        (delivered,) = world.portal.got
        assert delivered.content is None
        assert "書面で開示を請求してください" in delivered.guidance


@pytest.mark.parametrize(
    "wrong",
    [{"paper_only": "131017"}, {"paper_only": "1" * 16}, {"server_profile": "slow"}, {"life_in": "東京"}],
)
def test_wrong_settings_are_said(wrong: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"ありません|選べるのは"):
        msgspec.convert(wrong, WorldSettings)


def test_the_settings_name_every_profile() -> None:
    explained = settings.explained(settings.Settings())
    assert all(name in explained for name in PROFILES)


# The page


async def test_the_page_shows_what_goes_on(world: LinkageWorld, autojump_clock: MockClock) -> None:
    servers = world.servers()
    async with world.running(world.portal.built(), world.registry(), world.core(), servers):
        browser = Browser(servers)
        quiet = (await browser.get("/now")).text
        for words in ("まだ照会がありません", "まだ送信がありません", "どの機関も、既定の動き方です"):
            assert words in quiet
        await world.configure(world.here, profile="small", electronic=False)
        number = await world.make()
        await trio.sleep(60)
        busy = (await browser.get("/now")).text
        assert number in busy and "書面だけ" in busy and PROFILES["small"].about in busy
        one = (await browser.get("/now", {"organisation": "131016"})).text
        assert all(f"{group} {GROUP_NAMES[group]}" in one for group in Group)
        for typed in ("131017", "<script>", "x" * 500):
            wrong = await browser.get("/now", {"organisation": typed})
            assert wrong.status == 200 and "の機関はありません" in wrong.text
            assert "<script>" not in wrong.text
        assert (await browser.post("/now", {})).status == 422


def test_configure_takes_a_stop_of_a_group() -> None:
    stop = msgspec.json.decode(
        b'{"start":"2026-04-01T00:00:00Z","end":"2026-04-02T00:00:00Z","group":"OSR"}', type=PlannedStop
    )
    assert stop.group is Group.OSR
    assert Configure("0000113101600001").stops == ()
