"""記録の突合: any difference between three places is found, and only those."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

import msgspec
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from linkage_world import DAY_SECONDS, ELSEWHERE, LinkageWorld
from sim_wiring import code_of
from trio.testing import MockClock

from portal.store.store import Op
from portal.wire.linkage import InquiryState, KeptRecord, Outcome, Place
from portal.wire.moments import to_utc
from portal.wire.network import RECONCILE, DifferenceKind, Reconcile
from portal.wire.problems import ProblemCode
from portal.wire.systems import System
from sim.nation.holdings import TAX
from sim.network.inquiries import MAY_BE, PLACES
from sim.network.records import tables
from sim.network.records.reconciliation import COMPARED, reconcile

ENDED = [state for state in InquiryState if state is not InquiryState.PENDING]
RECORD = KeptRecord(
    "1" * 20, Place.CORE, ELSEWHERE, "0000113101600001", "JM90000000000001", "JT90000000000001", TAX, None,
    to_utc(1_775_000_000_000), to_utc(1_775_000_001_000), InquiryState.PROVIDED, Outcome.PROVIDED, False, False,
)  # fmt: skip
OTHER = {
    "version": "0001",
    "requested_at": to_utc(0),
    "provided_at": None,
    "state": InquiryState.NOT_PROVIDED,
    "inquirer_withholds": True,
    "provider_withholds": True,
}


def at(place: Place, **more: object) -> KeptRecord:
    return msgspec.structs.replace(RECORD, place=place, **more)


def three(**more: object) -> dict[Place, list[KeptRecord]]:
    return {place: [at(place, **more)] for place in Place}


def compared(records: dict[Place, list[KeptRecord]]):
    return reconcile(records[Place.CORE], records[Place.INQUIRER], records[Place.PROVIDER])


def test_equal_records_have_no_difference() -> None:
    answer = compared(three())
    assert (answer.inquiries, answer.underway, answer.differences) == (1, 0, ())


@pytest.mark.parametrize("field", COMPARED)
@pytest.mark.parametrize("place", [Place.INQUIRER, Place.PROVIDER])
def test_any_field_that_differs_is_found(field: str, place: Place) -> None:
    records = three()
    records[place] = [at(place, **{field: OTHER.get(field, "something else")})]
    (found,) = compared(records).differences

    assert (found.number, found.place, found.kind, found.field) == (
        RECORD.number,
        place,
        DifferenceKind.DIFFERS,
        field,
    )
    assert found.core_value != found.place_value


def test_every_field_is_compared() -> None:
    assert set(COMPARED) == {field.name for field in msgspec.structs.fields(KeptRecord)} - {"number", "place"}


@pytest.mark.parametrize("state", ENDED)
@pytest.mark.parametrize("place", [Place.INQUIRER, Place.PROVIDER])
def test_a_missing_or_a_wrong_record_is_found(state: InquiryState, place: Place) -> None:
    with_all, without = three(state=state), three(state=state)
    without[place] = []
    if state is InquiryState.REFUSED:
        without[Place.PROVIDER] = []
    kinds = [found.kind for found in compared(with_all).differences if found.place is place]
    assert kinds == ([] if place in MAY_BE[state] else [DifferenceKind.UNEXPECTED])
    kinds = [found.kind for found in compared(without).differences if found.place is place]
    assert kinds == ([DifferenceKind.MISSING] if place in PLACES[state] else [])


def test_a_core_without_the_record_is_found() -> None:
    records = three()
    records[Place.CORE] = []
    (found,) = compared(records).differences
    assert (found.place, found.kind) == (Place.CORE, DifferenceKind.MISSING)
    unheard = {
        Place.CORE: [],
        Place.PROVIDER: [],
        Place.INQUIRER: [at(Place.INQUIRER, state=InquiryState.UNANSWERED)],
    }
    assert compared(unheard).differences == ()


@pytest.mark.parametrize("place", Place)
def test_what_is_pending_anywhere_is_underway(place: Place) -> None:
    records = three()
    records[place] = [at(place, state=InquiryState.PENDING, provided_at=None)]
    answer = compared(records)
    assert (answer.underway, answer.differences) == (1, ())


@settings(max_examples=100)
@given(st.lists(st.integers(0, 99), unique=True, max_size=20), st.data())
def test_among_many_exactly_the_lost_ones_are_found(numbers: list[int], data: st.DataObject) -> None:
    records = {
        place: [at(place, number=f"{number:020d}") for number in data.draw(st.permutations(numbers))]
        for place in Place
    }
    lost = {
        place: {row.number for row in records[place] if data.draw(st.booleans())}
        for place in (Place.INQUIRER, Place.PROVIDER)
    }
    for place, gone in lost.items():
        records[place] = [row for row in records[place] if row.number not in gone]
    found = {(each.place, each.number) for each in compared(records).differences}

    assert found == {(place, number) for place, gone in lost.items() for number in gone}


@pytest.mark.requirement("REC-2")
async def test_the_operator_finds_what_was_tampered_with(
    world: LinkageWorld, autojump_clock: MockClock
) -> None:
    async with world.running():
        numbers = [await world.make(f"q{n}", information=TAX) for n in range(3)]
        await trio.sleep(5)
        assert (await world.reconciled()).differences == ()
        spoil = (
            "UPDATE linkage_records SET affair = 'JM90000000000002' WHERE place = 'provider' AND number = :n"
        )
        drop = "DELETE FROM linkage_records WHERE place = 'inquirer' AND number = :n"
        store = world.wiring.stores[System.INTERMEDIATE]
        await store.write([Op(spoil, {"n": numbers[0]}), Op(drop, {"n": numbers[1]})])

        answer = await world.reconciled()
        assert {(each.number, each.place, each.kind, each.field) for each in answer.differences} == {
            (numbers[0], Place.PROVIDER, DifferenceKind.DIFFERS, "affair"),
            (numbers[1], Place.INQUIRER, DifferenceKind.MISSING, None),
        }
        another_day = await world.side(RECONCILE, Reconcile(date(2026, 5, 1), date(2026, 5, 2)))
        assert another_day.inquiries == 0
        backwards = await world.side(RECONCILE, Reconcile(date(2026, 5, 2), date(2026, 5, 1)))
        assert code_of(backwards) is ProblemCode.UNPROCESSABLE
        assert code_of(
            await world.ask(RECONCILE, Reconcile(date(2026, 5, 1), date(2026, 5, 2)), System.PORTAL)
        ) is (ProblemCode.FORBIDDEN)


async def test_pages_are_followed(
    world: LinkageWorld, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "RECORDS_READ_MAX", 2)
    async with world.running():
        for n in range(5):
            await world.make(f"q{n}")
        await trio.sleep(5)
        answer = await world.reconciled()
        assert (answer.inquiries, answer.underway, answer.differences) == (5, 0, ())


async def test_without_the_servers_there_is_nothing_to_compare(
    world: LinkageWorld, autojump_clock: MockClock
) -> None:
    async with world.running(world.core()):
        answer = await world.side(RECONCILE, Reconcile(date(2026, 4, 1), date(2026, 4, 1)))
        assert code_of(answer) is ProblemCode.UPSTREAM_UNAVAILABLE


@pytest.mark.requirement("REC-2")
async def test_records_stay_for_seven_years(world: LinkageWorld, autojump_clock: MockClock) -> None:
    async with world.running():
        number = await world.make()
        await trio.sleep(5)
        world.wiring.clock.move(7 * 365 * DAY_SECONDS * 1000)
        await world.make("after seven years less two days")
        await trio.sleep(5)
        assert len(await world.kept(number)) == 3
        world.wiring.clock.move(4 * DAY_SECONDS * 1000)
        await world.make("after seven years")
        await trio.sleep(5)
        assert await world.kept(number) == {}


class Busy:
    """Inquiries that go on all the while, one after another by several hands."""

    def __init__(self, world: LinkageWorld, hands: int) -> None:
        self.world, self.hands = world, hands
        self.numbers: list[str] = []

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            for hand in range(self.hands):
                nursery.start_soon(self._go_on, hand)

    async def _go_on(self, hand: int) -> None:
        for count in itertools.count():
            self.numbers.append(await self.world.make(f"h{hand}-{count}", information=TAX))
            await trio.sleep(0.01)


@asynccontextmanager
async def busy_world(world: LinkageWorld, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Busy]:
    """The whole world under traffic, with records read by small pages."""
    monkeypatch.setattr(tables, "RECORDS_READ_MAX", 10)
    async with world.running(), trio.open_nursery() as nursery:
        busy = Busy(world, 5)
        nursery.start_soon(busy.run)
        await trio.sleep(0.1)
        yield busy
        nursery.cancel_scope.cancel()


@pytest.mark.requirement("REC-2")
async def test_what_is_on_its_way_is_no_difference(
    world: LinkageWorld, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While traffic runs, places are read one after another, page by page, and what comes meanwhile is in the later ones."""
    async with busy_world(world, monkeypatch):
        for _ in range(5):
            answer = await world.reconciled()
            assert answer.differences == ()
            assert answer.inquiries > 20


@pytest.mark.requirement("REC-2")
async def test_a_real_difference_is_found_while_traffic_runs(
    world: LinkageWorld, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with busy_world(world, monkeypatch) as busy:
        lost, spoiled, unheard = busy.numbers[:3]
        await world.wiring.stores[System.INTERMEDIATE].write(
            [
                Op("DELETE FROM linkage_records WHERE place = 'inquirer' AND number = :n", {"n": lost}),
                Op(
                    "UPDATE linkage_records SET affair = 'JM90000000000002' WHERE place = 'provider' AND number = :n",
                    {"n": spoiled},
                ),
            ]
        )
        await world.wiring.stores[System.NETWORK].write(
            [Op("DELETE FROM linkage_records WHERE number = :n", {"n": unheard})]
        )
        answer = await world.reconciled()
    assert {(each.number, each.place, each.kind, each.field) for each in answer.differences} == {
        (lost, Place.INQUIRER, DifferenceKind.MISSING, None),
        (spoiled, Place.PROVIDER, DifferenceKind.DIFFERS, "affair"),
        (unheard, Place.CORE, DifferenceKind.MISSING, None),
    }
