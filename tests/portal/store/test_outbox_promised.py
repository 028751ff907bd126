"""What a transaction promised is taken up, or expected at its time, without a look in between."""

import math

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from store_tables import SCHEMA, put

from portal.seams.clock import Clock
from portal.store import outbox as outbox_module
from portal.store.outbox import Again, Finished, Outbox, Row
from portal.store.sqlite import SimulatedStore
from portal.store.store import Op, Query
from sim.world.determinism import run_deterministic

START_MS = 1_900_000_000_000
ROWS = Query("SELECT kind, key, due_ms, attempts, put_ms FROM outbox ORDER BY kind, key", Row)


class TrialClock(Clock):
    """The trial's own time, which the mock clock moves."""

    is_only_moved_here = True

    def _unmoved_ms(self) -> int:
        return START_MS + math.floor(trio.current_time() * 1000 + 0.5)


class CountingStore:
    """Counts reads; they may take their time, as another process' do."""

    sole_writer = True

    def __init__(self, store, takes_s=0.0):
        self._store = store
        self._takes_s = takes_s
        self.reads = 0

    async def read(self, query, params={}):  # noqa: B006 - never written to
        self.reads += 1
        rows = await self._store.read(query, params)
        if self._takes_s:
            await trio.sleep(self._takes_s)
        return rows

    async def write(self, ops):
        return await self._store.write(ops)


@pytest.fixture
def store():
    store = SimulatedStore([SCHEMA, outbox_module.SCHEMA])
    yield store
    store.close()


class Trial:
    """An outbox at work, whose work notes when it was asked for what."""

    def __init__(self, store, *, takes_s=0.0):
        self.store = CountingStore(store, takes_s)
        self.clock = TrialClock()
        self.asked: list[tuple[str, str, int]] = []
        self.leaves: dict[str, list[Op]] = {}
        self.box = Outbox(self.store, self.clock, {"letter": self._work, "parcel": self._work})

    async def _work(self, row):
        self.asked.append((row.kind, row.key, self.now()))
        return Finished(tuple(self.leaves.get(row.key, ())))

    def now(self):
        return self.clock.now_ms() - START_MS

    def put(self, key, in_ms=0, kind="letter"):
        now = self.clock.now_ms()
        return outbox_module.put(kind, key, due_ms=now + in_ms, now_ms=now)

    async def promise(self, *ops):
        await self.store.write(ops)
        self.box.promised(ops)


async def test_what_falls_due_later_is_done_then_and_needs_one_look(store, autojump_clock, nursery):
    trial = Trial(store)
    await nursery.start(trial.box.run)
    await trio.sleep(0.5)
    before = trial.store.reads

    await trial.promise(trial.put("c", 9_000))
    await trial.promise(trial.put("a", 2_000), trial.put("b", 7_000))
    await trio.sleep(1)
    assert trial.store.reads == before
    await trio.sleep(9)

    assert trial.asked == [("letter", "a", 2_500), ("letter", "b", 7_500), ("letter", "c", 9_500)]
    # What is due, and what falls due next.
    assert trial.store.reads - before == 2 * 3


async def test_two_that_were_put_together_are_each_done_in_their_time(store, autojump_clock, nursery):
    trial = Trial(store)
    await nursery.start(trial.box.run)
    await trio.sleep(1)
    now = trial.clock.now_ms()

    await trial.promise(
        outbox_module.put_two("parcel", "letter", "a", due_ms=now, due_2_ms=now + 5_000, now_ms=now)
    )
    await trio.sleep(10)

    assert trial.asked == [("parcel", "a", 1_000), ("letter", "a", 6_000)]


async def test_what_work_leaves_is_begun_without_a_look(store, autojump_clock, nursery):
    trial = Trial(store)
    await nursery.start(trial.box.run)
    await trio.sleep(1)
    trial.leaves["a"] = [trial.put("b", kind="parcel"), trial.put("c", 3_000)]
    before = trial.store.reads

    await trial.promise(trial.put("a"))
    await trio.sleep(1)
    assert trial.store.reads == before
    await trio.sleep(5)

    assert trial.asked == [("letter", "a", 1_000), ("parcel", "b", 1_000), ("letter", "c", 4_000)]


async def test_work_that_promises_itself_again_has_done_it(store, autojump_clock, nursery):
    trial = Trial(store)
    await nursery.start(trial.box.run)
    await trio.sleep(1)
    trial.leaves["a"] = [trial.put("a")]

    await trial.promise(trial.put("a"))
    await trio.sleep(10)

    assert (trial.asked, await store.read(ROWS)) == ([("letter", "a", 1_000)], [])


async def test_what_is_hurried_is_done_when_it_says(store, autojump_clock, nursery):
    trial = Trial(store)
    await nursery.start(trial.box.run)
    await trio.sleep(1)
    await trial.promise(trial.put("a", 60_000))

    await trial.promise(outbox_module.hurry("letter", "a", now_ms=trial.clock.now_ms() + 2_000))
    await trio.sleep(10)

    assert trial.asked == [("letter", "a", 3_000)]


async def test_of_rows_put_by_a_query_only_a_look_can_tell(store, autojump_clock, nursery):
    trial = Trial(store)
    await nursery.start(trial.box.run)
    await trio.sleep(1)
    sql = "INSERT INTO outbox (kind, key, due_ms, attempts, put_ms) SELECT 'letter', name, 0, 0, 0 FROM thing"

    await trial.promise(put("a"), Op(sql, {}))
    await trio.sleep(1)

    assert trial.asked == [("letter", "a", 1_000)]


async def test_an_expectation_outlives_a_moved_clock(store, autojump_clock, nursery):
    trial = Trial(store)
    await nursery.start(trial.box.run)
    await trio.sleep(1)
    await trial.promise(trial.put("a", 60_000))

    trial.clock.move(-30_000)
    await trio.sleep(59)
    trial.clock.move(10_000)
    await trio.sleep(30)

    assert [key for _, key, _ in trial.asked] == ["a"]
    assert trial.asked[0][2] == pytest.approx(61_000, abs=2)


lives = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 300), st.integers(0, 60), st.integers(0, 2), st.booleans()),
    max_size=14,
)


@settings(deadline=None, max_examples=150)
@given(lives, st.sampled_from([0.0, 0.003]))
def test_each_is_done_at_its_time_whatever_else_goes_on(lives, takes_s):
    """Put when, due after, how long its work takes, how often it fails, whether it leaves another: all by chance."""
    asked: dict[str, list[int]] = {}
    due: dict[str, int] = {}

    async def main():
        store = SimulatedStore([SCHEMA, outbox_module.SCHEMA])
        trial = Trial(store, takes_s=takes_s)
        failures: dict[str, int] = {}

        async def work(row):
            asked.setdefault(row.key, []).append(trial.now())
            number, _, _ = row.key.partition("/")
            _, after, takes, fails, leaves = lives[int(number)]
            await trio.sleep(takes / 1000)
            failures[row.key] = failures.get(row.key, 0) + 1
            if failures[row.key] <= fails:
                return Again("not yet")
            if not leaves or "/" in row.key:
                return Finished()
            due[f"{number}/2"] = trial.now() + after
            return Finished((trial.put(f"{number}/2", after),))

        async def put_at_its_time(number):
            at, after, _, _, _ = lives[number]
            await trio.sleep(at / 1000)
            due[str(number)] = trial.now() + after
            await trial.promise(trial.put(str(number), after))

        trial.box.add_work("letter", work)
        async with trio.open_nursery() as nursery:
            await nursery.start(trial.box.run)
            async with trio.open_nursery() as putting:
                for number in range(len(lives)):
                    putting.start_soon(put_at_its_time, number)
            await trio.sleep(20)
            nursery.cancel_scope.cancel()
        left = await store.read(ROWS)
        store.close()
        return left

    assert run_deterministic(1, main) == []

    assert asked.keys() == due.keys()
    # Two reads of a look, and perhaps those of one that had just begun.
    late = 1 + 1000 * takes_s * 4
    for key, moment in due.items():
        assert moment <= asked[key][0] <= moment + late, (key, moment, asked[key])
        fails = lives[int(key.partition("/")[0])][3]
        assert len(asked[key]) == fails + 1
