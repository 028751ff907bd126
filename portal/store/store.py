"""The store's interface: typed reads, and writes that are lists of operations with preconditions.

A write resolves when it is durable, so many writers share one commit. What a write can come to is closed:
:class:`Committed`, :class:`Conflict` (a precondition did not hold, nothing was changed), or the exceptions
:class:`StorageRefused` and :class:`StoreOverloaded`, which the serving layer turns into a 503 so that nobody is
told of a success that was none.

SQL is written once, in the part of the language that SQLite and PostgreSQL share, with ``:name`` parameters.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from portal.refusal import Refusal

Row = TypeVar("Row")

Params = Mapping[str, Any]
WRITES_WAITING_MAX = 10_000
"""Transactions that may wait for a commit; one more is refused at once."""


class Query(Generic[Row]):
    """A read: its SQL and the type that each row becomes (columns in the order of the type's fields)."""

    __slots__ = ("make", "row", "sql")

    def __init__(self, sql: str, row: type[Row]) -> None:
        self.sql = sql
        self.row = row
        # A named tuple is made of the store's own tuple, without a call for each column's sake.
        self.make: Callable[[tuple[Any, ...]], Row] = (
            partial(tuple.__new__, row) if issubclass(row, tuple) else lambda columns: row(*columns)
        )

    def __repr__(self) -> str:
        return f"Query({self.sql!r})"


class Op(NamedTuple):
    """One statement of a transaction."""

    sql: str
    params: Params
    changes: int | None = 1
    """So many rows must change, or the whole transaction is undone; None: any number."""


class Committed(NamedTuple):
    """Durable."""


class Conflict(NamedTuple):
    """A precondition did not hold: nothing of the transaction was done."""

    op: int
    """Which operation, from 0."""


COMMITTED = Committed()


class StorageRefused(Exception):
    """The disk is full, read-only or broken: nothing was written."""


class StoreOverloaded(Exception):
    """Too many writes are waiting: this one was not begun."""


class StoreTooNew(Refusal):
    """The state was written by a newer version than this program."""


class Schema(NamedTuple):
    """The tables of one part, as steps: version 1 is the first step, and steps are only ever added."""

    part: str
    steps: tuple[str, ...]


class Store(Protocol):
    """保管庫."""

    sole_writer: bool
    """Whether this process alone writes into it; otherwise what is known in memory is not all that is known."""

    async def read(self, query: Query[Row], params: Params = {}) -> list[Row]:  # noqa: B006 - never written to
        """Rows as of the last commit. The embedded store answers at once, without letting other tasks run."""
        ...

    async def write(self, ops: Sequence[Op]) -> Committed | Conflict:
        """All of *ops* or none; returns when durable."""
        ...


async def read_one(store: Store, query: Query[Row], params: Params) -> Row | None:
    """The one row, or None."""
    rows = await store.read(query, params)
    assert len(rows) <= 1, f"{query} found {len(rows)} rows"
    return rows[0] if rows else None
