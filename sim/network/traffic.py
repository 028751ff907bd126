"""照会の流れ: inquiries of other organisations in the background, so that records appear while people look.

What is asked in a second of the world's clock follows from the seed alone; a worker that dies and comes back asks the
same again, which the servers recognise. Each inquiry is shaped after one of its person's past, so it is as plausible.
"""

from datetime import timedelta
from math import floor
from types import MappingProxyType
from typing import Final, NamedTuple

import structlog
import trio

from portal.links.link import Link, Unreachable
from portal.seams.clock import Clock
from portal.wire.intermediate import MAKE_INQUIRY, MakeInquiry
from portal.wire.moments import SECOND
from portal.wire.problems import Problem
from sim.nation.catalogue import CURRENT
from sim.nation.chance import draw, key_for
from sim.nation.nation import Nation
from sim.nation.past import records_of

log = structlog.get_logger(__name__)

PEAK_FACTOR: Final = 5
RATES: Final = MappingProxyType(
    {
        "actual": 27.0,  # inquiries per second, about 190 million in a year's office hours (DOMAIN.md 8)
        "design": 91.0,
        "actual_peak": 27.0 * PEAK_FACTOR,
        "design_peak": 91.0 * PEAK_FACTOR,
    }
)
AT_ONCE_MAX: Final = 64
"""Inquiries on their way to their servers at a time; what comes on top is left out and counted."""
_TRIES_MAX = 50


class Counts(NamedTuple):
    """What became of the inquiries of a worker."""

    taken: int = 0
    refused: int = 0
    """By a server that is stopped or crowded."""
    left_out: int = 0
    """The world was slower than the rate."""


class TrafficPlan:
    """照会の予定: a pure function from a second to its inquiries."""

    def __init__(self, nation: Nation, seed: int, per_second: float, profile: str = CURRENT) -> None:
        if not 0 <= per_second <= 10_000:
            raise ValueError(f"per_second must be in 0..10000, not {per_second}")
        self.per_second = per_second
        self._nation = nation
        self._seed = seed
        self._profile = profile
        self._key = key_for(seed, "traffic")

    def __repr__(self) -> str:
        return f"TrafficPlan(seed={self._seed}, per_second={self.per_second})"

    def inquiries(self, second: int) -> tuple[MakeInquiry, ...]:
        """Those of this second since 1970; over many seconds their number is the rate's."""
        count = floor((second + 1) * self.per_second) - floor(second * self.per_second)
        return tuple(self._inquiry(second, number) for number in range(count))

    def _inquiry(self, second: int, number: int) -> MakeInquiry:
        end = self._nation.reference_date
        start = end - timedelta(days=365)
        key = draw(self._key, second)
        for attempt in range(_TRIES_MAX):
            word = draw(key, number << 8 | attempt)
            person = word % self._nation.size
            past = records_of(self._nation, self._nation.person(person), start, end, self._profile)
            if past:
                like = past[(word >> 40) % len(past)]
                return MakeInquiry(
                    f"traffic-{self._seed}-{second}-{number}",
                    like.inquirer.code,
                    person,
                    like.affair,
                    like.procedure,
                    like.provider.code,
                    like.information,
                )
        raise AssertionError(f"nobody with a past among {_TRIES_MAX}")


class Traffic:
    """照会を流す: a worker that somebody starts and stops."""

    def __init__(self, plan: TrafficPlan, link: Link, clock: Clock) -> None:
        self.plan = plan
        self.counts = Counts()
        self._link = link
        self._clock = clock
        self._on_the_way = 0

    def __repr__(self) -> str:
        return f"<Traffic {self.plan!r}: {self.counts}>"

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Ask until cancelled, second by second of the world's clock; seconds that a clock jumps over are not made up."""
        async with trio.open_nursery() as nursery:
            task_status.started()
            second = self._clock.now_ms() // SECOND
            while True:
                inquiries = self.plan.inquiries(second)
                for number, inquiry in enumerate(inquiries):
                    # Spread over the second: a crowd at its beginning would be another traffic.
                    await self._until(second * SECOND + number * SECOND // len(inquiries))
                    if self._on_the_way >= AT_ONCE_MAX:
                        self.counts = self.counts._replace(left_out=self.counts.left_out + 1)
                        continue
                    self._on_the_way += 1
                    nursery.start_soon(self._ask, inquiry)
                await self._until((second + 1) * SECOND)
                second = max(second + 1, self._clock.now_ms() // SECOND)

    async def _until(self, moment_ms: int) -> None:
        await trio.lowlevel.checkpoint()
        await self._clock.sleep(max(0, moment_ms - self._clock.now_ms()) / SECOND)

    async def _ask(self, inquiry: MakeInquiry) -> None:
        try:
            outcome = await self._link.call(MAKE_INQUIRY, inquiry)
        finally:
            self._on_the_way -= 1
        if isinstance(outcome, (Problem, Unreachable)):
            self.counts = self.counts._replace(refused=self.counts.refused + 1)
        else:
            self.counts = self.counts._replace(taken=self.counts.taken + 1)
