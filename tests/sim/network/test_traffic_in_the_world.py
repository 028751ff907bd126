"""Background traffic switched on by settings, by an operator and on the page; it goes on, stops, and ends with its core."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

import msgspec
import pytest
import trio
from linkage_world import LinkageWorld
from sim_wiring import Browser, code_of
from trio.testing import MockClock

from mynasim import settings
from portal.serving.system import BuiltSystem
from portal.wire.controls import Mode
from portal.wire.linkage import Outcome, Refusal
from portal.wire.network import (
    DISCLOSE_RECORDS,
    SET_TRAFFIC,
    VIEW_TRAFFIC,
    DiscloseRecords,
    RecordsAnswer,
    SetTraffic,
    TrafficView,
)
from portal.wire.operation import Nothing
from portal.wire.problems import ProblemCode
from portal.wire.systems import Party, System
from sim.jpki.serials import Serials
from sim.nation.nation import Nation
from sim.network.codes import LinkageCodes
from sim.network.now import REASONS
from sim.network.rates import PER_SECOND_MAX, RATES, rate_of
from sim.network.traffic import WATCHED_EVERY_SECONDS, TrafficPlan
from sim.network.traffic_desk import Source
from sim.world.settings import WorldSettings


class World(LinkageWorld):
    def core_with(self, rate: str) -> BuiltSystem:
        link = self.wiring.link(Party.OPERATOR, System.INTERMEDIATE)
        return self.core(traffic=Source(rate, link, (self.person.n,)))

    @asynccontextmanager
    async def up(self, rate: str) -> AsyncIterator[BuiltSystem]:
        core = self.core_with(rate)
        async with self.running(self.portal.built(), self.registry(), core, self.servers()):
            yield core

    async def view(self) -> TrafficView:
        answer = await self.ask(VIEW_TRAFFIC, Nothing())
        assert isinstance(answer, TrafficView), answer
        return answer

    async def set(self, rate: str) -> object:
        return await self.ask(SET_TRAFFIC, SetTraffic(rate), Party.OPERATOR)

    async def records_today(self) -> int:
        asked = DiscloseRecords("r1", self.code, date(2026, 4, 1), date(2026, 4, 1))
        answer = await self.ask(DISCLOSE_RECORDS, asked)
        assert isinstance(answer, RecordsAnswer), answer
        return len(answer.records)


@pytest.fixture
def world(nation: Nation, codes: LinkageCodes, serials: Serials) -> World:
    return World(nation, codes, serials)


@pytest.mark.requirement("REC-2")
async def test_the_records_of_somebody_who_looks_grow(world: World, autojump_clock: MockClock) -> None:
    async with world.up("actual"):
        before = await world.records_today()
        await trio.sleep(5)
        assert (await world.view()).reached_per_second is None, "so short a time says nothing of a rate"
        await trio.sleep(4 * WATCHED_EVERY_SECONDS)
        view = await world.view()
        assert await world.records_today() >= before + 3

    assert (view.rate, view.per_second) == ("actual", 27)
    assert view.reached_per_second == pytest.approx(27, abs=1)
    assert (view.refused, view.left_out) == (0, 0)


async def test_it_is_off_unless_somebody_wants_it(world: World, autojump_clock: MockClock) -> None:
    async with world.up(WorldSettings().traffic_rate):
        await trio.sleep(100)
        assert await world.view() == TrafficView("off", 0, 0, 0, 0, 0)
        assert (await world.reconciled()).inquiries == 0


async def test_an_operator_starts_and_stops_it(world: World, autojump_clock: MockClock) -> None:
    async with world.up("off"):
        await world.set("5")
        await trio.sleep(10)
        view = await world.view()
        assert view.taken == pytest.approx(50, abs=5)
        stopped = await world.set("off")
        assert isinstance(stopped, TrafficView) and stopped.per_second == 0
        await trio.sleep(60)
        made = (await world.reconciled()).inquiries
        await trio.sleep(60)
        assert (await world.reconciled()).inquiries == made


async def test_only_an_operator_may(world: World, autojump_clock: MockClock) -> None:
    async with world.up("off"):
        assert code_of(await world.ask(SET_TRAFFIC, SetTraffic("5"))) is ProblemCode.FORBIDDEN
        assert (await world.view()).rate == "off"


async def test_whatever_was_said_last_counts(world: World, autojump_clock: MockClock) -> None:
    async with world.up("off"):
        await world.set("3")
    async with world.up("off"):
        assert (await world.view()).rate == "3", "after a restart under the same settings"
    async with world.up("1"):
        assert (await world.view()).rate == "1", "the settings have said something new"


async def test_it_survives_servers_that_are_stopped_and_gone(world: World, autojump_clock: MockClock) -> None:
    async with world.running(world.portal.built(), world.registry(), world.core_with("5")):
        await trio.sleep(5)
        gone = await world.view()
        assert (gone.taken, gone.refused) == (0, pytest.approx(25, abs=5))
        servers = world.servers()
        async with world.wiring.running(servers):
            await world.wiring.set(System.INTERMEDIATE, Mode.STOPPED)
            stopped = await world.view()
            await trio.sleep(5)
            assert (await world.view()).taken == stopped.taken
            await world.wiring.set(System.INTERMEDIATE, Mode.NORMAL)
            await trio.sleep(5)
            assert (await world.view()).taken == pytest.approx(stopped.taken + 25, abs=3)


async def test_the_page_shows_and_changes_it(world: World, autojump_clock: MockClock) -> None:
    async with world.up("off") as core:
        browser = Browser(core)
        assert "流していません" in (await browser.get("/now")).text
        done = await browser.post("/now", {"section": "traffic", "rate": " 4 "})
        assert (done.status, done.location) == (303, "/now?done=1")
        await trio.sleep(30)
        page = await browser.get("/now", {"done": "1"})
        assert "1秒に4件" in page.text
        assert "提供" in page.text and "2026-04-01" in page.text, "the latest inquiries"
        for typed in ("", "lots", "-1", "-0", "-0.0", "nan", "x" * 30, f"{PER_SECOND_MAX + 1}"):
            wrong = await browser.post("/now", {"section": "traffic", "rate": typed})
            assert wrong.status == 422 and "エラー" in wrong.text, typed
        assert (await browser.post("/now", {"rate": "0"}, sec_fetch_site="cross-site")).status == 403
        assert (await world.view()).rate == "4"


async def test_the_page_says_why_an_inquiry_was_refused(world: World, autojump_clock: MockClock) -> None:
    assert set(REASONS) == {*Refusal, *Outcome}
    async with world.up("off") as core:
        await world.make("q1", procedure="JT90000000000004")
        await trio.sleep(5)
        page = (await Browser(core).get("/now")).text
        assert REASONS[Refusal.PROCEDURE_OF_ANOTHER_AFFAIR] in page and "照会不可" in page


@pytest.mark.parametrize("wrong", ["", "x", "-1", "nan", "inf", "10001"])
async def test_a_wrong_rate_is_refused(world: World, autojump_clock: MockClock, wrong: str) -> None:
    with pytest.raises(ValueError, match="1秒あたりの件数"):
        rate_of(wrong)
    with pytest.raises(msgspec.ValidationError, match="1秒あたりの件数"):
        msgspec.convert({"traffic": wrong}, WorldSettings)
    if wrong:
        async with world.up("off"):
            assert code_of(await world.set(wrong)) is ProblemCode.UNPROCESSABLE


def test_settings_take_names_numbers_and_the_environment() -> None:
    for name, rate in RATES.items():
        loaded = settings.load(None, {"MYNASIM_WORLD__TRAFFIC": name})
        assert rate_of(loaded.world.traffic_rate) == rate
    assert rate_of(settings.load(None, {"MYNASIM_WORLD__TRAFFIC": "12.5"}).world.traffic_rate) == 12.5
    assert rate_of(msgspec.convert({"traffic": 12.5}, WorldSettings).traffic_rate) == 12.5
    with pytest.raises(settings.SettingsWrong, match="1秒あたりの件数"):
        settings.load(None, {"MYNASIM_WORLD__TRAFFIC": "lots"})


def test_so_often_it_is_about_somebody_whom_people_look_at(nation: Nation) -> None:
    watched = [person.n for person in nation.examples()]
    for rate in (0.01, 1, 27):
        plan = TrafficPlan(nation, 1, rate, watched=watched)
        seconds = range(600 if rate >= 1 else 1000)
        asked = [inquiry.person for second in seconds for inquiry in plan.inquiries(second)]
        about = [n for n in asked if n in watched]
        expected = len(seconds) / WATCHED_EVERY_SECONDS if rate >= 1 else len(asked)
        assert len(about) == pytest.approx(expected, abs=2), rate
        assert len(set(about)) >= min(len(about), 4), "now about this one, now about that"
