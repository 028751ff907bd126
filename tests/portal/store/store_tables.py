"""A table for the store's tests: things with a name and an amount that must not be negative."""

from typing import NamedTuple

from portal.store.store import Op, Query, Schema, Store, read_one

SCHEMA = Schema(
    "things",
    ("CREATE TABLE thing (name TEXT PRIMARY KEY, amount INTEGER NOT NULL CHECK (amount >= 0))",),
)


class Thing(NamedTuple):
    name: str
    amount: int


ALL = Query("SELECT name, amount FROM thing ORDER BY name", Thing)
ONE = Query("SELECT name, amount FROM thing WHERE name = :name", Thing)


def put(name: str, amount: int = 0) -> Op:
    return Op("INSERT INTO thing (name, amount) VALUES (:name, :amount)", {"name": name, "amount": amount})


def add(name: str, amount: int) -> Op:
    """Conflicts when there is no such thing, or when it would have less than nothing."""
    return Op(
        "UPDATE thing SET amount = amount + :amount WHERE name = :name", {"name": name, "amount": amount}
    )


def drop(name: str, *, changes: int | None = 1) -> Op:
    return Op("DELETE FROM thing WHERE name = :name", {"name": name}, changes)


async def things(store: Store) -> dict[str, int]:
    return dict(await store.read(ALL))


async def amount_of(store: Store, name: str) -> int | None:
    thing = await read_one(store, ONE, {"name": name})
    return None if thing is None else thing.amount
