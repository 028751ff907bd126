"""What happens to residents: reported, kept, told to JPKI and to those who keep copies; and life that goes on by itself."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date
from typing import Any

import msgspec
import pytest
import trio
from sim_wiring import Browser, Wiring, code_of
from trio.testing import MockClock

from portal.links.memory import Passage
from portal.serving.dispatcher import Dispatcher
from portal.serving.guards import Peers
from portal.serving.system import BuiltSystem, no_workers
from portal.wire.intermediate_keeping import NOTE_RESIDENT
from portal.wire.jpki import NOTE_EVENT, CardEvent
from portal.wire.moments import DAY
from portal.wire.operation import Done
from portal.wire.problems import ProblemCode
from portal.wire.registry import REPORT_EVENT, EventKind, EventTaken, ReportEvent
from portal.wire.systems import Party, System
from sim.jpki.serials import Serials
from sim.nation.blocks import Role
from sim.nation.life import LifeEventKind, life_events
from sim.nation.nation import Nation
from sim.nation.organisations import Kind, national_body
from sim.nation.person import Person
from sim.registry import system as registry
from sim.registry.service import STILL, Life, Registry

SAPPORO = "011002"
TODAY = date(2026, 4, 1)
DAY_SECONDS = 86_400.0


class Heard:
    """JPKI and the back offices, who keep what they are told."""

    def __init__(self, wiring: Wiring) -> None:
        self.events: list[Any] = []
        self.residents: list[Any] = []
        self._wiring = wiring

    def built(self) -> list[BuiltSystem]:
        found = []
        for operation, kept in ((NOTE_EVENT, self.events), (NOTE_RESIDENT, self.residents)):
            dispatcher = Dispatcher(operation.system)
            dispatcher.add(operation, Peers(self._wiring.keys), _keeping(kept))
            found.append(BuiltSystem(dispatcher, no_workers))
        return found


def _keeping(kept: list[Any]) -> Callable[[Any, Any], Any]:
    async def take(request: Any, _: Any) -> Done:
        kept.append(request)
        return Done()

    return take


class World:
    def __init__(self, nation: Nation, serials: Serials) -> None:
        self.nation, self.serials = nation, serials
        self.wiring = Wiring({System.REGISTRY: registry.SCHEMAS})
        self.heard = Heard(self.wiring)
        self.registry: Registry | None = None
        self.built: BuiltSystem | None = None
        self.person = nation.examples()[0]
        self._reports = 0

    @asynccontextmanager
    async def up(self, life: Life = STILL, *, others: bool = True) -> AsyncIterator[Registry]:
        made = registry.new_registry(self.wiring.surroundings(System.REGISTRY), self.nation, life)
        self.built = registry.build(
            self.wiring.surroundings(System.REGISTRY), self.nation, self.serials, made
        )
        async with AsyncExitStack() as stack:
            for built in (*(self.heard.built() if others else ()), self.built):
                await stack.enter_async_context(self.wiring.running(built))
            yield made

    async def report(self, kind: EventKind, who: Person | str, **more: Any) -> Any:
        self._reports += 1
        resident = who if isinstance(who, str) else who.resident_id
        wanted = ReportEvent(more.pop("key", f"r{self._reports}"), resident, kind, **more)
        return await self.wiring.ask(REPORT_EVENT, wanted, Party.OPERATOR)

    def found(self, fits: Callable[[Person], bool]) -> Person:
        return next(p for p in map(self.nation.person, self.nation.residents_of("131016")) if fits(p))

    def alone(self, sex: int) -> Person:
        return self.found(
            lambda p: p.sex == sex and 25 <= p.age(TODAY) < 45 and len(self.nation.members(p)) == 1
        )


@pytest.fixture
def world(nation: Nation, serials: Serials) -> World:
    return World(nation, serials)


@pytest.mark.requirement("ACC-2")
async def test_a_move_reaches_jpki_and_the_offices(world: World, autojump_clock: MockClock) -> None:
    home = world.nation.household(world.person)
    async with world.up() as made:
        taken = await world.report(EventKind.MOVE, world.person, to=SAPPORO)
        assert isinstance(taken, EventTaken)
        assert [each.what for each in taken.changes] == [("moved",)] * len(home)
        await trio.sleep(1)

        assert {(one.person, one.event) for one in world.heard.events} == {
            (each.n, CardEvent.MOVED) for each in home
        }
        told = {one.person: one for one in world.heard.residents}
        assert set(told) == {each.n for each in home}
        mine = told[world.person.n]
        assert (mine.municipality, mine.moved_from, mine.moved_on) == (
            SAPPORO, world.person.municipality_code, TODAY,
        )  # fmt: skip
        assert mine.members[0].person == mine.household
        assert made.resident_on(world.person.n, TODAY).municipality_code == SAPPORO
        assert made.resident_on(world.person.n, date(2026, 3, 31)).address == world.person.address
        words = msgspec.json.encode(world.heard.residents).decode()
        assert world.person.my_number not in words and world.person.family not in words


async def test_only_one_leaves_home(world: World, autojump_clock: MockClock) -> None:
    async with world.up():
        taken = await world.report(EventKind.MOVE, world.person, to=SAPPORO, alone=True)
        moved = [each.resident for each in taken.changes if "moved" in each.what]
        assert moved == [world.person.resident_id]
        await trio.sleep(1)
        assert {one.person for one in world.heard.events} == {world.person.n}
        assert {one.person for one in world.heard.residents} == {
            each.n for each in world.nation.household(world.person)
        }, "those who stay have another household"


async def test_a_marriage_renames_one_and_a_birth_adds_one(world: World, autojump_clock: MockClock) -> None:
    man, woman = world.alone(1), world.alone(2)
    async with world.up() as made:
        taken = await world.report(EventKind.MARRIAGE, man, partner=woman.resident_id)
        changed = {each.resident: each for each in taken.changes}
        assert set(changed[woman.resident_id].what) == {"moved", "renamed"}
        assert changed[woman.resident_id].name.startswith(man.family)
        again = await world.report(EventKind.MARRIAGE, man, partner=world.person.resident_id)
        assert code_of(again) is ProblemCode.UNPROCESSABLE

        born = await world.report(EventKind.BIRTH, woman)
        assert [each.what for each in born.changes] == [("born",)]
        assert born.changes[0].household == 3
        assert code_of(await world.report(EventKind.BIRTH, woman)) is ProblemCode.UNPROCESSABLE, "no twins"
        await trio.sleep(1)
        last = {one.person: one for one in world.heard.residents}
        assert [member.role for member in last[man.n].members] == [Role.HEAD, Role.SPOUSE, Role.CHILD]
        assert len(made.overlay.events) == 2


async def test_a_death_and_a_job(world: World, autojump_clock: MockClock) -> None:
    insurer = national_body(Kind.HEALTH_ASSOCIATION)
    async with world.up():
        await world.report(EventKind.JOB, world.person, insurer=insurer.code)
        await trio.sleep(1)
        assert world.heard.events == []
        told = {one.person: one for one in world.heard.residents}
        assert told[world.person.n].insurer == insurer.code
        await world.report(EventKind.DEATH, world.person)
        await trio.sleep(1)
        assert [(one.person, one.event) for one in world.heard.events] == [(world.person.n, CardEvent.DIED)]
        dead = {one.person: one for one in world.heard.residents}[world.person.n]
        assert dead.died == TODAY
        moves = await world.report(EventKind.MOVE, world.person, to=SAPPORO)
        assert code_of(moves) is ProblemCode.UNPROCESSABLE
        assert "亡くなった" in moves.detail


@pytest.mark.parametrize(
    ("kind", "resident", "more", "field", "said"),
    [
        (EventKind.MOVE, "131016-0", {"to": SAPPORO}, "$.resident", "1から"),
        (EventKind.MOVE, "花子", {"to": SAPPORO}, "$.resident", "読めません"),
        (EventKind.MOVE, "131016-12", {"to": "131017"}, "$.to", "131017"),
        (EventKind.MOVE, "131016-12", {}, "$.to", ""),
        (EventKind.MOVE, "131016-12", {"to": SAPPORO, "day": date(2026, 4, 2)}, "$.day", "2026-04-01"),
        (EventKind.MOVE, "131016-12", {"to": SAPPORO, "day": date(2020, 1, 1)}, "$.day", "2026-04-01"),
        (EventKind.MARRIAGE, "131016-12", {}, "$.partner", ""),
        (EventKind.MARRIAGE, "131016-12", {"partner": "131016-12"}, "$.partner", "自分"),
        (EventKind.JOB, "131016-12", {"insurer": "9" * 16}, "$.insurer", "9" * 16),
        (EventKind.JOB, "131016-12", {"insurer": "0000400000000001"}, "$.insurer", ""),
    ],
)
async def test_what_is_wrong_is_said_and_not_kept(
    world: World,
    autojump_clock: MockClock,
    kind: EventKind,
    resident: str,
    more: dict[str, Any],
    field: str,
    said: str,
) -> None:
    async with world.up() as made:
        answer = await world.report(kind, resident, **more)
        assert code_of(answer) is ProblemCode.UNPROCESSABLE
        assert answer.field == field
        assert said in answer.detail
        assert made.overlay.events == ()
        await trio.sleep(1)
        assert (world.heard.events, world.heard.residents) == ([], [])


async def test_the_same_report_twice_is_one(world: World, autojump_clock: MockClock) -> None:
    async with world.up() as made:
        for _ in range(2):
            assert isinstance(
                await world.report(EventKind.MOVE, world.person, to=SAPPORO, key="k"), EventTaken
            )
        other = await world.report(EventKind.MOVE, world.person, to=SAPPORO)
        assert isinstance(other, EventTaken) and other.changes == (), "the same event under another number"
        assert len(made.overlay.events) == 1


async def test_a_restart_forgets_nothing_and_tells_what_was_not_told(
    world: World, autojump_clock: MockClock
) -> None:
    async with world.up(others=False):
        await world.report(EventKind.MOVE, world.person, to=SAPPORO)
        await trio.sleep(5)
    async with world.up() as made:
        assert made.resident_on(world.person.n, TODAY).municipality_code == SAPPORO
        await trio.sleep(600)
    assert {one.person for one in world.heard.events} == {
        each.n for each in world.nation.household(world.person)
    }


async def test_who_was_down_for_months_still_hears_of_it(world: World, autojump_clock: MockClock) -> None:
    async with world.up(others=False):
        await world.report(EventKind.MOVE, world.person, to=SAPPORO)
        await trio.sleep(5)
        world.wiring.clock.move(60 * DAY)
        await trio.sleep(600)
    async with world.up():
        await trio.sleep(600)
    household = {each.n for each in world.nation.household(world.person)}
    assert {one.person for one in world.heard.events} == household
    assert {one.person for one in world.heard.residents} == household


async def test_a_disk_that_refuses_keeps_everything_as_it_was(
    world: World, autojump_clock: MockClock
) -> None:
    async with world.up() as made:
        store = world.wiring.stores[System.REGISTRY]
        store.refuse = "disk full"
        answer = await world.report(EventKind.MOVE, world.person, to=SAPPORO)
        assert code_of(answer) is ProblemCode.STORAGE_REFUSED
        assert made.resident_on(world.person.n, TODAY) == world.person
        store.refuse = None
        assert isinstance(await world.report(EventKind.MOVE, world.person, to=SAPPORO), EventTaken)


async def test_lost_answers_are_told_again(world: World, autojump_clock: MockClock) -> None:
    async with world.up():
        world.wiring.weather.passages["jpki.note_event"] = Passage(lose_reply=True)
        await world.report(EventKind.DEATH, world.person)
        await trio.sleep(30)
        world.wiring.weather.passages.clear()
        await trio.sleep(300)
        assert len(world.heard.events) > 1
        assert len({one.notice for one in world.heard.events}) == 1, "by which JPKI knows it"


# Life by itself


def chiyoda() -> Life:
    return Life(frozenset(["131016"]))


async def test_days_pass_and_life_goes_on(world: World, autojump_clock: MockClock) -> None:
    days = [date(2026, 4, day) for day in (1, 2, 3)]
    expected = {
        event for day in days for event in life_events(world.nation, day)
        if chiyoda().concerns(world.nation, event)
    }  # fmt: skip
    async with world.up(chiyoda()) as made:
        await trio.sleep(2 * DAY_SECONDS)
        happened = set(made.overlay.events)
        assert happened <= expected
        assert len(happened) >= len(expected) - 3, "a few could not be true any more"
        assert made.lived_until == days[-1]
        movers = {e.n for e in happened if e.kind is LifeEventKind.MOVE}
        assert movers <= {one.person for one in world.heard.events}


async def test_life_is_still_unless_it_is_wanted(world: World, autojump_clock: MockClock) -> None:
    async with world.up() as made:
        await trio.sleep(3 * DAY_SECONDS)
        assert made.overlay.events == ()


async def test_a_clock_that_jumps_and_a_restart_leave_no_day_out_and_none_twice(
    world: World, autojump_clock: MockClock
) -> None:
    async with world.up(chiyoda()):
        await trio.sleep(1)
        world.wiring.clock.move(2 * 86_400_000)
        await trio.sleep(1)
    async with world.up(chiyoda()) as made:
        await trio.sleep(1)
        jumped = set(made.overlay.events)
    other = World(world.nation, world.serials)
    async with other.up(chiyoda()) as lived:
        await trio.sleep(2 * DAY_SECONDS)
        assert set(lived.overlay.events) == jumped


async def test_a_day_that_the_disk_refused_is_lived_later(world: World, autojump_clock: MockClock) -> None:
    world.wiring.stores[System.REGISTRY].refuse = None
    async with world.up(chiyoda()) as made:
        await trio.sleep(1)
        store = world.wiring.stores[System.REGISTRY]
        store.refuse = "disk full"
        await trio.sleep(DAY_SECONDS)
        assert made.lived_until == TODAY
        store.refuse = None
        await trio.sleep(DAY_SECONDS / 10)
        assert made.lived_until == date(2026, 4, 2)


# The page


async def test_the_page_reports_and_lists(world: World, autojump_clock: MockClock) -> None:
    async with world.up():
        assert world.built is not None
        browser = Browser(world.built)
        assert "まだ、だれにも異動はありません" in (await browser.get("/now")).text
        form = {"section": "report", "resident": world.person.resident_id, "kind": "move", "more": SAPPORO}
        done = await browser.post("/now", form)
        assert (done.status, done.location) == (303, "/now?done=1")
        page = (await browser.get("/now")).text
        assert "転居" in page and "札幌市" in page and world.person.resident_id in page
        for wrong in (
            {"kind": "dance"},
            {"resident": "131016-0"},
            {"more": "000000"},
            {"resident": "x" * 99},
            {"kind": "birth", "resident": "131016-0"},
        ):
            refused = await browser.post("/now", {**form, **wrong})
            assert refused.status == 422 and "エラー" in refused.text, wrong
