"""FLD-2's check can fail: whatever is planted in the portal's store is found, wherever it lies."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from rich.console import Console

from portal.store.outbox import put
from portal.wire.systems import System
from scenarios.actors.resident import Resident
from scenarios.privacy import findings
from scenarios.registry import Scenario
from scenarios.run import Order, run
from scenarios.stage import Stage
from sim.nation.nation import Nation
from sim.nation.person import Person
from sim.world.simulated import SimulatedWorld


@pytest.fixture(scope="module")
def person() -> Person:
    return Nation(1).examples()[0]


@pytest.fixture
def store() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE kept (key TEXT, content)")
        yield connection


PLANTS: dict[str, Callable[[Person], object]] = {
    "name": lambda p: p.name,
    "name without a space": lambda p: p.family + p.given,
    "given name inside a key": lambda p: f"mail/{p.given}/7",
    "kana": lambda p: p.kana,
    "half-width kana": lambda p: "ｵｶﾀﾞ ﾋﾄﾐ",
    "birth date": lambda p: p.birth_date.isoformat(),
    "birth date, digits": lambda p: f"{p.birth_date:%Y%m%d}",
    "birth date as a number": lambda p: int(f"{p.birth_date:%Y%m%d}"),
    "birth date in its era": lambda p: "昭和58年6月30日",
    "address": lambda p: p.address.text,
    "address without its city": lambda p: "神田小川町2丁目6番20号",
    "full-width address": lambda p: "神田小川町２丁目６番２０号",
    "My Number": lambda p: p.my_number,
    "My Number as a number": lambda p: int(p.my_number),
    "My Number in groups": lambda p: f"{p.my_number[:4]} {p.my_number[4:8]} {p.my_number[8:]}",
    "sex": lambda p: "女",
    "in JSON": lambda p: f'{{"a":"{p.name}"}}'.encode(),
    "in bytes that are no text": lambda p: b"\xff\x00" + p.name.encode() + b"\xfe",
    "in UTF-16": lambda p: b"\xff\x00" + p.address.text.encode("utf-16-le"),
    "in Shift_JIS": lambda p: b"\xff\x00" + p.address.text.encode("cp932"),
}


@pytest.mark.requirement("FLD-2")
@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("column", ["key", "content"])
def test_a_plant_is_found(store: sqlite3.Connection, person: Person, plant: str, column: str) -> None:
    store.execute(f"INSERT INTO kept ({column}) VALUES (?)", (PLANTS[plant](person),))

    found = findings([person], store)

    assert found
    assert {(each.table, each.column) for each in found} == {("kept", column)}
    assert person.my_number not in str(found), "the finding itself does not tell"


@pytest.mark.requirement("FLD-2")
@pytest.mark.parametrize("name", ["sex", "birth_date", "address", "my_number"])
def test_a_column_for_it_is_found_though_it_is_empty(
    store: sqlite3.Connection, person: Person, name: str
) -> None:
    store.execute(f"CREATE TABLE people (id TEXT, {name} TEXT)")

    assert [(each.table, each.column) for each in findings([person], store)] == [("people", name)]


def test_what_is_harmless_is_not_found(store: sqlite3.Connection, person: Person) -> None:
    harmless = [
        "みかん",
        "mikan@example.jp",
        b"\x00\xff\x80sealed",
        None,
        1_775_000_000_000,
        1.5,
        "役所の窓口",
    ]
    store.executemany("INSERT INTO kept (content) VALUES (?)", [(each,) for each in harmless])

    assert findings([person], store) == []


@pytest.mark.requirement("FLD-2")
def test_a_place_that_is_called_like_a_person_is_no_person(store: sqlite3.Connection) -> None:
    nation = Nation(1)
    ishikawa = next(each for each in map(nation.person, range(100_000)) if each.family == "石川")
    store.execute("INSERT INTO kept (content) VALUES ('石川県加賀市から回答がありました。')")

    assert findings([ishikawa], store) == []
    store.execute("INSERT INTO kept (content) VALUES ('石川県の石川さんから回答がありました。')")
    assert [each.column for each in findings([ishikawa], store)] == ["content"]


@pytest.mark.requirement("FLD-2")
def test_a_run_fails_when_a_portal_keeps_a_name(out: Console, keys: Path) -> None:
    async def careless(stage: Stage) -> None:
        resident = Resident(stage, stage.person(0))
        await resident.enter()
        world = stage.world
        assert isinstance(world, SimulatedWorld)
        key = f"sign_in/{resident.person.name}"
        await world.stores[System.PORTAL].write([put("mail", key, due_ms=2**50, now_ms=0)])

    done = run(Order(keys=keys), out, [Scenario("careless", "うっかり", ("FLD-2",), careless)])

    assert done.exit_code == 1
    failure = done.results[0].failure
    assert failure is not None
    assert failure.what.startswith("FLD-2")
    assert "表 outbox の列 key に氏名" in failure.seen
