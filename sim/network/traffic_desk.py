"""How the background traffic of a world is switched: by the settings at the start, by an operator while it runs.

Whatever was said last counts: what an operator set stays over restarts until the settings say something new.
"""

from typing import NamedTuple

import trio

from portal.links.link import Link
from portal.seams.clock import Clock
from portal.store.store import Op, Query, Store, read_one
from portal.wire.network import SetTraffic, TrafficView
from portal.wire.problems import Problem, ProblemCode, problem
from sim.nation.nation import Nation
from sim.network.rates import OFF, rate_of
from sim.network.traffic import Traffic, TrafficPlan


class Source(NamedTuple):
    """照会の流れの元: who asks whom, and how much by the settings."""

    rate: str
    link: Link | None
    """An organisation's side to the intermediate servers; None where nobody can ask."""
    watched: tuple[int, ...] = ()


NO_SOURCE = Source(OFF, None)


class _Row(NamedTuple):
    rate: str
    under: str


_SAID = Query("SELECT rate, under FROM traffic WHERE id = 1", _Row)


def _say(row: _Row) -> Op:
    return Op(
        "INSERT INTO traffic (id, rate, under) VALUES (1, :rate, :under) "
        "ON CONFLICT (id) DO UPDATE SET rate = excluded.rate, under = excluded.under",
        row._asdict(),
    )


class TrafficDesk:
    """照会の流れの操作盤. *source.rate* must be one that `rate_of` knows."""

    def __init__(self, store: Store, clock: Clock, nation: Nation, profile: str, source: Source) -> None:
        self._store = store
        self._clock = clock
        self._nation = nation
        self._profile = profile
        self._source = source
        self._rate = source.rate
        self._traffic: Traffic | None = None
        self._changed = trio.Event()

    def __repr__(self) -> str:
        return f"<TrafficDesk {self._rate}: {self._traffic!r}>"

    @property
    def view(self) -> TrafficView:
        traffic = self._traffic
        if traffic is None:
            return TrafficView(self._rate, rate_of(self._rate), 0.0, 0, 0, 0)
        reached = traffic.reached_per_second
        return TrafficView(
            self._rate,
            traffic.plan.per_second,
            None if reached is None else round(reached, 2),
            *traffic.counts,
        )

    async def load(self) -> None:
        """Read what was set before the last restart. Raises ``StorageRefused``."""
        said = await read_one(self._store, _SAID, {})
        if said is not None and said.under == self._source.rate:
            self._rate = said.rate

    async def set(self, wanted: SetTraffic) -> TrafficView | Problem:
        """Durable when this returns; from now on so much is asked."""
        try:
            per_second = rate_of(wanted.rate)
        except ValueError as error:
            return problem(ProblemCode.UNPROCESSABLE, str(error), field="$.rate")
        if per_second and self._source.link is None:
            return problem(ProblemCode.CONFLICT, "この世界では、照会を流せません。", field="$.rate")
        await self._store.write([_say(_Row(wanted.rate, self._source.rate))])
        if wanted.rate != self._rate:
            self._rate = wanted.rate
            self._traffic = None
            self._changed.set()
        return self.view

    async def run(self) -> None:
        """Ask as much as is set, until cancelled."""
        while True:
            self._changed = trio.Event()
            per_second, link = rate_of(self._rate), self._source.link
            if not per_second or link is None:
                await self._changed.wait()
                continue
            plan = TrafficPlan(
                self._nation, self._nation.seed, per_second, self._profile, watched=self._source.watched
            )
            self._traffic = Traffic(plan, link, self._clock)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._traffic.run)
                await self._changed.wait()
                nursery.cancel_scope.cancel()
