"""Any sequence of transactions leaves every twin as it leaves a plain dictionary."""

import contextlib
import tempfile
from pathlib import Path

import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from store_tables import SCHEMA, add, drop, put, things

from portal.store.sqlite import SimulatedStore, open_sqlite
from portal.store.store import COMMITTED, Committed, Conflict

NAMES = st.sampled_from(["cup", "pot", "jar", "茶碗"])
STEPS = st.one_of(
    st.tuples(st.just("put"), NAMES, st.integers(0, 5)),
    st.tuples(st.just("add"), NAMES, st.integers(-3, 3)),
    st.tuples(st.just("drop"), NAMES, st.just(0)),
)
TRANSACTIONS = st.lists(STEPS, min_size=1, max_size=4)
REOPEN = st.just("reopen")
COMMANDS = st.lists(st.one_of(TRANSACTIONS, TRANSACTIONS, TRANSACTIONS, REOPEN), max_size=25)

OPS = {"put": put, "add": add, "drop": lambda name, _: drop(name)}


def model_write(state: dict[str, int], steps) -> Committed | Conflict:
    """What the interface promises, on a dictionary."""
    after = dict(state)
    for index, (kind, name, amount) in enumerate(steps):
        if kind == "put":
            if name in after:
                return Conflict(index)
            after[name] = amount
        elif name not in after:
            return Conflict(index)
        elif kind == "drop":
            del after[name]
        else:
            after[name] += amount
            if after[name] < 0:
                return Conflict(index)
    state.clear()
    state.update(after)
    return COMMITTED


@settings(max_examples=60, deadline=None)
@given(commands=COMMANDS)
async def test_twins_behave_like_a_dictionary(commands):
    model: dict[str, int] = {}
    simulated = SimulatedStore([SCHEMA])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "things.db"
        async with contextlib.AsyncExitStack() as opened:
            store = await opened.enter_async_context(open_sqlite(path, [SCHEMA]))
            for command in commands:
                if command == "reopen":
                    await opened.aclose()
                    store = await opened.enter_async_context(open_sqlite(path, [SCHEMA]))
                else:
                    expected = model_write(model, command)
                    ops = [OPS[kind](name, amount) for kind, name, amount in command]
                    assert await simulated.write(ops) == expected
                    assert await store.write(ops) == expected
                assert await things(simulated) == model
                assert await things(store) == model
    simulated.close()


@settings(max_examples=40, deadline=None)
@given(transactions=st.lists(TRANSACTIONS, max_size=12))
async def test_transactions_in_one_commit_are_as_if_one_after_the_other(transactions):
    """Tasks write at once; each outcome and the state at the end are those of some order, and order is kept."""
    model: dict[str, int] = {}
    outcomes: dict[int, Committed | Conflict] = {}
    order: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        async with open_sqlite(Path(folder) / "things.db", [SCHEMA]) as store:

            async def write(number: int) -> None:
                order.append(number)
                ops = [OPS[kind](name, amount) for kind, name, amount in transactions[number]]
                outcomes[number] = await store.write(ops)

            async with trio.open_nursery() as nursery:
                for number in range(len(transactions)):
                    nursery.start_soon(write, number)
            assert outcomes == {number: model_write(model, transactions[number]) for number in order}
            assert await things(store) == model
