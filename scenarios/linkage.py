"""The network's invariants as a check: whatever a scenario did, they hold when it is over (`sim.network.invariants`).

That a flagged record is in no immediate answer is checked where answers are seen, in tests and by the explorer: a
scenario's recorder keeps no contents.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, TypeVar

from portal.store.store import Query
from portal.wire.systems import System
from scenarios.stage import Stage
from sim.network.invariants import broken, gather

Row = TypeVar("Row")


class _Copy:
    """A copy of a store, to be read."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    async def read(self, query: Query[Row], params: Any = {}) -> list[Row]:  # noqa: B006 - never written to
        make = query.row
        return [make(*row) for row in self.connection.execute(query.sql, params).fetchall()]


@contextmanager
def _copied(dump: Callable[[System], sqlite3.Connection], system: System) -> Iterator[_Copy]:
    with closing(dump(system)) as connection:
        yield _Copy(connection)


async def findings(stage: Stage, dump: Callable[[System], sqlite3.Connection]) -> list[str]:
    """What does not hold in this stage's network, one line each."""
    # The core first: what the servers know beyond it is on its way, not amiss.
    with _copied(dump, System.NETWORK) as network, _copied(dump, System.INTERMEDIATE) as intermediate:
        evidence = await gather(
            network,
            intermediate,
            stage.facts.nation,
            stage.facts.codes,
            now_ms=stage.world.clock.now_ms(),
            texts=[*network.connection.iterdump(), *intermediate.connection.iterdump()],
        )
    return broken(evidence)
