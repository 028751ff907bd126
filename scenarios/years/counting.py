"""What is counted while a run goes on: plain figures, of a size that depends on its days and not on its traffic."""

from collections import Counter
from datetime import date, datetime, time
from typing import Final

import msgspec

from portal.links.link import Sighting
from portal.wire.intermediate import MAKE_INQUIRY
from portal.wire.moments import DAY, HOUR, JST, to_ms
from portal.wire.sign_in import SIGN_IN
from portal.wire.systems import Party
from sim.world.mail import SMTP_OPERATION
from sim.world.recorder import Recorder

JST_MS: Final = 9 * HOUR
ERROR_KINDS_MAX: Final = 200
"""Pairs of operation and outcome that are told apart; there are not nearly so many."""
LATE_KEPT_MAX: Final = 200_000
"""Times to a late answer that are kept; of more, the first ones."""


class Series(msgspec.Struct):
    """A kind of traffic, over the hours of a day and over the days of the run."""

    by_hour: list[int]
    by_day: list[int]

    @property
    def total(self) -> int:
        return sum(self.by_hour)


class FolderSize(msgspec.Struct, frozen=True):
    """フォルダーの大きさ: entries (requests, answers, notices) and bytes of the accounts on a day."""

    day: int
    accounts: int
    entries: int
    bytes: int
    half: int
    """Entries of the account in the middle, …"""
    nine_of_ten: int
    largest: int


class StoreSize(msgspec.Struct, frozen=True):
    """保管庫の大きさ in bytes, by system, on a day."""

    day: int
    bytes: dict[str, int]


class Data(msgspec.Struct):
    """What the same seed gives again, in any process: the report's contents."""

    first_day: date
    days: int
    """Those that were lived through; fewer than ordered when somebody stopped it."""
    residents: int
    users: int
    traffic: dict[str, Series]
    life: dict[str, list[int]]
    """Life events by kind, on each day."""
    renewals: list[int]
    """Cards renewed on each day."""
    visits: dict[str, int]
    """How visits came out."""
    late: dict[str, list[int]]
    """Seconds from asking to a late answer, by kind of request."""
    asked: dict[str, int]
    """Requests of residents and how they ended, as they saw it."""
    notices: dict[str, int]
    folders: list[FolderSize]
    stores: list[StoreSize]
    mail: dict[str, int]
    errors: dict[str, int]
    """``operation: outcome`` → how often."""
    messages: int
    trace: str
    """SHA-256 over every message."""


CITIZENS: Final = "citizens"
INQUIRIES: Final = "inquiries"
INQUIRIES_FOLDED: Final = "inquiries_folded"
BETWEEN: Final = "between_systems"
MAIL_SENT: Final = "mail"
SIGN_INS: Final = "sign_ins"
SERIES: Final = (SIGN_INS, CITIZENS, INQUIRIES, INQUIRIES_FOLDED, BETWEEN, MAIL_SENT)


class Counting(Recorder):
    """記録係 of a run: counts what passes instead of keeping it; the newest messages are there for a breach."""

    def __init__(self, first_day: date, days: int, kept_max: int = 60) -> None:
        super().__init__(kept_max)
        self._first_ms = to_ms(datetime.combine(first_day, time(), JST))
        # One day more: what was begun on the last one may end on the next.
        self._days = days + 1
        self.traffic = {name: Series([0] * 24, [0] * self._days) for name in SERIES}
        self.life: dict[str, list[int]] = {}
        self.renewals = [0] * self._days
        self.visits: Counter[str] = Counter()
        self.late: dict[str, list[int]] = {}
        self.asked: Counter[str] = Counter()
        self.notices: Counter[str] = Counter()
        self.folders: list[FolderSize] = []
        self.stores: list[StoreSize] = []
        self.mail: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.events = 0
        """Everything that was counted: messages, and what was folded in."""

    def __call__(self, sighting: Sighting) -> None:
        super().__call__(sighting)
        sent_ms, _, sender, _, operation, outcome, _, _ = sighting
        name = BETWEEN
        if sender == Party.CITIZEN:
            name = CITIZENS
            if operation == SIGN_IN.name and outcome == "ok":
                self._count(SIGN_INS, sent_ms)
        elif operation == SMTP_OPERATION:
            name = MAIL_SENT
            self.mail[outcome] += 1
        elif operation == MAKE_INQUIRY.name:
            name = INQUIRIES
        self._count(name, sent_ms)
        if outcome != "ok" and (
            len(self.errors) < ERROR_KINDS_MAX or f"{operation}: {outcome}" in self.errors
        ):
            self.errors[f"{operation}: {outcome}"] += 1

    def day_of(self, moment_ms: int) -> int:
        """Which day of the run, from 0."""
        return min(self._days - 1, max(0, (moment_ms - self._first_ms) // DAY))

    def _count(self, name: str, moment_ms: int) -> None:
        self.events += 1
        series = self.traffic[name]
        series.by_hour[(moment_ms - self._first_ms) // HOUR % 24] += 1
        series.by_day[self.day_of(moment_ms)] += 1

    def folded(self, moment_ms: int) -> None:
        """An inquiry that is counted and not sent."""
        self._count(INQUIRIES_FOLDED, moment_ms)

    def visited(self, outcome: str) -> None:
        self.visits[outcome] += 1

    def ended(self, kind: str, how: str) -> None:
        """A resident has asked, or has seen how a request ended."""
        self.asked[f"{kind}: {how}"] += 1

    def came_late(self, kind: str, seconds: int) -> None:
        times = self.late.setdefault(kind, [])
        if len(times) < LATE_KEPT_MAX:
            times.append(seconds)

    def notice(self, what: str, count: int = 1) -> None:
        self.notices[what] += count

    def renewed(self, moment_ms: int) -> None:
        self.renewals[self.day_of(moment_ms)] += 1

    def happened(self, kind: str, day: int) -> None:
        """異動."""
        self.life.setdefault(kind, [0] * self._days)[min(day, self._days - 1)] += 1

    def data(self, first_day: date, days: int, residents: int, users: int) -> Data:
        """All of it, in an order that does not depend on what came first."""

        def cut(values: list[int]) -> list[int]:
            # What came after the last day's end belongs to it.
            return [*values[: days - 1], sum(values[days - 1 :])]

        return Data(
            first_day,
            days,
            residents,
            users,
            {name: Series(each.by_hour, cut(each.by_day)) for name, each in self.traffic.items()},
            {kind: cut(values) for kind, values in sorted(self.life.items())},
            cut(self.renewals),
            dict(sorted(self.visits.items())),
            {kind: sorted(times) for kind, times in sorted(self.late.items())},
            dict(sorted(self.asked.items())),
            dict(sorted(self.notices.items())),
            self.folders,
            self.stores,
            dict(sorted(self.mail.items())),
            dict(sorted(self.errors.items())),
            self.count,
            self.trace,
        )
