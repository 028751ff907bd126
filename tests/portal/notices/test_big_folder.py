"""A folder of ten thousand notices: its first page costs what one of ten does, by the way the rows are found."""

from collections.abc import AsyncIterator

import pytest

from portal.app import SCHEMAS
from portal.notices import tables
from portal.notices.model import ContentRow, NoticeRow
from portal.store.sqlite import SimulatedStore
from portal.store.store import Query
from portal.wire.limits import NOTICES_COUNTED_MAX

MANY = 10_000
NOW = 1_000
FIRST = {"before": 1 << 60, "now": NOW, "most": 21, "since": 0, "until": NOW + 1}


@pytest.fixture
async def store() -> AsyncIterator[SimulatedStore]:
    store = SimulatedStore(SCHEMAS)
    connection = store._connection
    connection.execute("PRAGMA foreign_keys=OFF")
    rows = [
        NoticeRow(account, number, f"content {number % 7}", number, None, NOW, NOW + 1, None, None, 0)
        for account, count in (("many", MANY), ("few", 10))
        for number in range(1, count + 1)
    ]
    for number in range(7):
        content = ContentRow(f"content {number}", b"", b"", NOW + 1, 0, 0, 2)
        (op,) = tables.insert_content(content, ())
        connection.execute(op.sql, op.params)
    for row in rows:
        op = tables.insert(row)
        connection.execute(op.sql, op.params)
    yield store
    store.close()


def steps(store: SimulatedStore, query: Query, account: str) -> int:
    """How many steps of SQLite's machine this read takes: its cost, without a clock."""
    params = {"account_id": account, **FIRST}
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    store._connection.set_progress_handler(count, 1)
    try:
        wanted = {name: value for name, value in params.items() if f":{name}" in query.sql}
        store._connection.execute(query.sql, wanted).fetchall()
    finally:
        store._connection.set_progress_handler(None, 0)
    return taken


@pytest.mark.parametrize("query", [tables.PAGE[False, False], tables.PAGE[True, False]])
async def test_the_first_page_does_not_grow_with_the_folder(store: SimulatedStore, query: Query) -> None:
    few, many = steps(store, query, "few"), steps(store, query, "many")
    # Twenty-one rows in place of ten: no more than that.
    assert many < few * 2.4


async def test_a_page_far_back_costs_what_the_first_does(store: SimulatedStore) -> None:
    params = {**FIRST, "account_id": "many", "before": 50, "most": 20}
    far = await store.read(tables.PAGE[False, False], params)
    assert [row.number for row in far] == list(range(49, 29, -1))


async def test_unopened_ones_are_counted_no_further_than_the_limit(store: SimulatedStore) -> None:
    (total,) = await store.read(tables.UNOPENED, {"account_id": "many", "now": NOW})
    assert total.total == NOTICES_COUNTED_MAX
    assert steps(store, tables.UNOPENED, "many") < 12 * steps(store, tables.UNOPENED, "few")
    (total,) = await store.read(tables.UNOPENED, {"account_id": "few", "now": NOW})
    assert total.total == 10


async def test_looking_for_questionnaires_does_not_pass_over_all_that_have_none(
    store: SimulatedStore,
) -> None:
    few, many = (steps(store, tables.PAGE[False, True], account) for account in ("few", "many"))
    assert many <= few + 50
