"""照会の流れ: inquiries of other organisations in the background, so that records appear while people look.

What is asked in a second of the world's clock follows from the seed alone; a worker that dies and comes back asks the
same again, which the servers recognise. Each inquiry is shaped after one of its person's past, so it is as plausible.

A resident is asked about two to ten times a year: among 126 million nobody would ever see a record appear. So one
inquiry every :data:`WATCHED_EVERY_SECONDS` is about one of a few residents whom people look at (the nation's examples).
"""

from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from math import floor
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
from sim.network.rates import PER_SECOND_MAX

log = structlog.get_logger(__name__)

AT_ONCE_MAX: Final = 64
"""Inquiries on their way to their servers at a time; what comes on top is left out and counted."""
WATCHED_EVERY_SECONDS: Final = 20
"""So often an inquiry is about somebody whom people look at; at lower rates every inquiry is."""
REACHED_SECONDS: Final = 60
"""The reached rate is an average of so long."""
REACHED_SECONDS_MIN: Final = 10
"""Before so long has passed the average says nothing."""
_TRIES_MAX = 50


class Counts(NamedTuple):
    """What became of the inquiries of a worker."""

    taken: int = 0
    refused: int = 0
    """By a server that is stopped or crowded."""
    left_out: int = 0
    """The world was slower than the rate."""


class TrafficPlan:
    """照会の予定: a pure function from a second to its inquiries. *watched* are residents whom people look at."""

    def __init__(
        self,
        nation: Nation,
        seed: int,
        per_second: float,
        profile: str = CURRENT,
        *,
        watched: Sequence[int] = (),
    ) -> None:
        if not 0 <= per_second <= PER_SECOND_MAX:
            raise ValueError(f"per_second must be in 0..{PER_SECOND_MAX:g}, not {per_second}")
        self.per_second = per_second
        self._nation = nation
        self._seed = seed
        self._profile = profile
        self._key = key_for(seed, "traffic")
        self._watched = tuple(watched)
        self._watched_every = max(1, floor(per_second * WATCHED_EVERY_SECONDS))

    def __repr__(self) -> str:
        return f"TrafficPlan(seed={self._seed}, per_second={self.per_second})"

    def inquiries(self, second: int) -> tuple[MakeInquiry, ...]:
        """Those of this second since 1970; over many seconds their number is the rate's."""
        first = floor(second * self.per_second)
        count = floor((second + 1) * self.per_second) - first
        return tuple(self._inquiry(second, number, first + number) for number in range(count))

    def _inquiry(self, second: int, number: int, place: int) -> MakeInquiry:
        """*place* is the inquiry's among all since 1970."""
        turn, rest = divmod(place, self._watched_every)
        is_watched = bool(self._watched) and rest == 0
        end = self._nation.reference_date
        start = end - timedelta(days=365)
        key = draw(self._key, second)
        for attempt in range(_TRIES_MAX):
            word = draw(key, number << 8 | attempt)
            person = (
                self._watched[(turn + attempt) % len(self._watched)]
                if is_watched
                else word % self._nation.size
            )
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
        self._began_ms = clock.now_ms()
        self._taken_ms: deque[int] = deque(maxlen=int(PER_SECOND_MAX))
        """When inquiries were taken, those of the last minute; of more than are kept, fewer seconds."""

    def __repr__(self) -> str:
        return f"<Traffic {self.plan!r}: {self.counts}>"

    @property
    def reached_per_second(self) -> float | None:
        """What the servers took, on the average of :data:`REACHED_SECONDS` or of the time since the beginning; None so far."""
        now = self._clock.now_ms()
        if now - self._began_ms < REACHED_SECONDS_MIN * SECOND:
            return None
        since = max(now - REACHED_SECONDS * SECOND, self._began_ms)
        if len(self._taken_ms) == self._taken_ms.maxlen:
            since = max(since, self._taken_ms[0])
        count = sum(1 for moment in self._taken_ms if moment >= since)
        return count * SECOND / (now - since) if now > since else 0.0

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Ask until cancelled, second by second of the world's clock; seconds that a clock jumps over are not made up."""
        async with trio.open_nursery() as nursery:
            task_status.started()
            self._began_ms = self._clock.now_ms()
            second = self._began_ms // SECOND
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
            self._taken_ms.append(self._clock.now_ms())
