"""The agenda: everything that is still to happen, on one heap, a day of it at a time.

Citizens and organisations of the background are entries here and nothing else: no task, no object each. A day's entries
are drawn when the day begins, so the heap holds a day, however long the run and however many the residents.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from enum import IntEnum
from heapq import heappop, heappush
from typing import Final, NamedTuple

from portal.wire.moments import JST, to_ms
from scenarios.years import season
from scenarios.years.order import DAYS_A_MONTH, JAPAN, Order
from scenarios.years.people import Crowd, Renewals
from sim.nation.chance import draw, key_for
from sim.nation.holidays import is_office_day
from sim.network.rates import rate_of


class What(IntEnum):
    """出来事の種類; those of one moment happen in this order."""

    DAY = 0
    """A day begins: its entries are drawn."""
    MONTH = 1
    """The invariants are looked at, stores are measured."""
    WEEK = 2
    """Folders are measured."""
    RENEWAL = 3
    """更新: a resident gets a new card."""
    NOTICES = 4
    """お知らせ: the municipality sends one of the year's."""
    CLERKS = 5
    """職員 decide about what is withheld."""
    INQUIRY = 6
    """照会: an organisation asks another one about a resident."""
    VISIT = 7
    """訪問: a resident sits down at a terminal."""
    RETURN = 8
    """A resident comes back because an answer was late."""


class Entry(NamedTuple):
    """予定."""

    moment_ms: int
    what: What
    number: int
    """Among all entries, so that none are equal."""
    who: int
    """The resident; of notices which of the year's; of other things nothing."""


class Notice(NamedTuple):
    """What a municipality sends once a year, on this day or the next on which offices are open."""

    month: int
    day: int
    affair: str
    title: str
    percent: int
    """Of the residents who have a folder, so many are concerned."""


NOTICES: Final = (
    Notice(4, 10, "JM90000000000003", "予防接種のお知らせ", 20),
    Notice(5, 15, "JM90000000000006", "納税通知のお知らせ", 40),
    Notice(6, 3, "JM90000000000001", "児童手当の現況のお知らせ", 25),
    Notice(6, 10, "JM90000000000006", "住民税の税額のお知らせ", 60),
    Notice(7, 15, "JM90000000000008", "国民健康保険料のお知らせ", 25),
    Notice(8, 1, "JM90000000000011", "介護保険の負担割合のお知らせ", 15),
    Notice(10, 1, "JM90000000000003", "インフルエンザ予防接種のお知らせ", 30),
    Notice(11, 10, "JM90000000000005", "保育所等の利用申込みのお知らせ", 10),
    Notice(1, 20, "JM90000000000006", "住民税の申告のお知らせ", 30),
    Notice(3, 10, "JM90000000000004", "乳幼児健康診査のお知らせ", 5),
)
"""**Assumed**, all of it."""


class Agenda:
    """予定表."""

    def __init__(self, order: Order, crowd: Crowd, renewals: Renewals) -> None:
        self._order = order
        self._crowd = crowd
        self._renewals = renewals
        self._heap: list[Entry] = []
        self._numbers = 0
        self._inquiry_key = key_for(order.seed, "years: inquiries")
        self._visit_key = key_for(order.seed, "years: visits")
        self._renewal_key = key_for(order.seed, "years: renewals")
        self._rate = rate_of(order.inquiries) * order.residents / JAPAN
        self._visits_a_day = order.sign_ins * order.residents / DAYS_A_MONTH if crowd.users else 0.0
        self._visits = 0
        self._waiting_notices: list[int] = []

    def __repr__(self) -> str:
        return f"<Agenda: {len(self._heap)} entries>"

    def __len__(self) -> int:
        return len(self._heap)

    def put(self, moment_ms: int, what: What, who: int = 0) -> None:
        self._numbers += 1
        heappush(self._heap, Entry(moment_ms, what, self._numbers, who))

    def pop(self) -> Entry:
        return heappop(self._heap)

    def fill(self, day: date, *, from_ms: int = 0) -> None:
        """Draw a day's entries; nothing that would have been before *from_ms*."""
        midnight = midnight_ms(day)
        for at, what, who in self._day(day):
            if midnight + at >= from_ms:
                self.put(midnight + at, what, who)
        if day < self._order.last_day:
            self.put(midnight + season.DAY_MS, What.DAY)

    def _day(self, day: date) -> Iterator[tuple[int, What, int]]:
        if day.day == 1:
            yield 3 * 3_600_000, What.MONTH, 0
        if day.weekday() == 6:
            yield 3 * 3_600_000 + 1_800_000, What.WEEK, 0
        for n in self._renewals.on(day):
            yield season.office_moment(draw(self._renewal_key, n)), What.RENEWAL, n
        yield from self._offices(day)
        yield from self._inquiries(day)
        yield from self._sign_ins(day)

    def _offices(self, day: date) -> Iterator[tuple[int, What, int]]:
        due = [n for n, each in enumerate(NOTICES) if (each.month, each.day) == (day.month, day.day)]
        self._waiting_notices += due
        if not is_office_day(day):
            return
        for number in self._waiting_notices:
            yield 10 * 3_600_000, What.NOTICES, number
        self._waiting_notices.clear()
        yield 14 * 3_600_000, What.CLERKS, 0

    def _inquiries(self, day: date) -> Iterator[tuple[int, What, int]]:
        """About anybody, each as likely as the other, dead or alive: estates are asked about too."""
        key = draw(self._inquiry_key, day.toordinal())
        for number in range(season.whole(season.inquiries_on(day, self._rate), key, 0)):
            word = draw(key, number + 1)
            yield season.office_moment(word >> 32), What.INQUIRY, (word & 0xFFFF_FFFF) % self._order.residents

    def _sign_ins(self, day: date) -> Iterator[tuple[int, What, int]]:
        key = draw(self._visit_key, day.toordinal())
        for number in range(season.whole(season.sign_ins_on(day, self._visits_a_day), key, 0)):
            yield season.leisure_moment(draw(key, number + 1)), What.VISIT, self._crowd.next_visitor()


def midnight_ms(day: date) -> int:
    """When a day begins in Japan."""
    return to_ms(datetime.combine(day, time(), JST))


def day_after(day: date) -> date:
    return day + timedelta(days=1)
