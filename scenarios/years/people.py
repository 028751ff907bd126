"""Who signs in, who renews the card when: residents of the run, drawn from its seed."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from math import ceil
from typing import Final

from scenarios.years.order import Order
from sim.cards_desk.wallet import Wallet
from sim.jpki.validity import expires_on
from sim.nation.chance import draw, key_for
from sim.nation.nation import Nation
from sim.nation.numbers import Permutation
from sim.world.facts import FIRST_DAY

VISITS_A_YEAR: Final = 6
"""How often a user of the portal comes, on the average: **assumed**; from it and the rate follows how many users there are."""
AGE_MIN: Final = 18
MAIL_PERCENT: Final = 70
"""Users who give a mail address and wish to be told of everything: assumed."""
PROTECTED_OF_1000: Final = 20
"""Users of whose records one side keeps some back until it has decided (REC-5): assumed, and far more than in truth."""
RENEWS_BEFORE_DAYS: Final = 90
"""A certificate can be renewed in its last three months (CARD.md 4)."""
FORGETS_PERCENT: Final = 5
FORGETS_DAYS: Final = 60
"""Who forgets renews so much later, with no valid certificate until then: assumed."""


class Visitor:
    """利用者: what one remembers between two visits."""

    __slots__ = ("has_account", "has_mail", "n", "swapped", "visits", "waiting")

    def __init__(self, n: int, word: int) -> None:
        self.n = n
        self.has_mail = word % 100 < MAIL_PERCENT
        self.visits = 0
        self.has_account = False
        self.waiting: dict[str, str] = {}
        """Requests that had no answer at the last visit, and of which kind they are."""
        self.swapped = 0
        """Visits that were made earlier than planned, to read an answer."""

    def __repr__(self) -> str:
        return f"<Visitor {self.n}, {self.visits} visits>"

    @property
    def address(self) -> str:
        return f"resident{self.n}@example.jp"


class Crowd:
    """利用者たち: the residents who ever sign in, and in which order they come."""

    def __init__(self, order: Order, nation: Nation) -> None:
        wanted = min(order.residents, ceil(order.residents * order.sign_ins * 12 / VISITS_A_YEAR))
        self.users: tuple[int, ...] = tuple(_card_holders(nation, order.seed, wanted))
        self._set = frozenset(self.users)
        self._seed = order.seed
        self._key = key_for(order.seed, "years: users")
        self._visitors: dict[int, Visitor] = {}
        self._turn = 0
        self._order: Permutation | None = None

    def __repr__(self) -> str:
        return f"<Crowd of {len(self.users)}>"

    def __contains__(self, n: int) -> bool:
        return n in self._set

    def visitor(self, n: int) -> Visitor:
        visitor = self._visitors.get(n)
        if visitor is None:
            visitor = self._visitors[n] = Visitor(n, draw(self._key, n))
        return visitor

    @property
    def known(self) -> Iterable[Visitor]:
        """Those who have come."""
        return self._visitors.values()

    def is_protected(self, n: int) -> bool:
        return (draw(self._key, n) >> 32) % 1000 < PROTECTED_OF_1000

    def next_visitor(self) -> int:
        """Everybody comes once before anybody comes again, each round in an order of its own."""
        side = ceil(len(self.users) ** 0.5)
        while True:
            turn, place = divmod(self._turn, side * side)
            if self._order is None or place == 0:
                self._order = Permutation(self._seed, f"years: round {turn}", side, side)
            self._turn += 1
            number = self._order(place)
            if number < len(self.users):
                return self.users[number]


def _card_holders(nation: Nation, seed: int, count: int) -> Iterable[int]:
    """So many adults with a card, in an order of the seed; fewer where there are no more."""
    side = ceil(nation.size**0.5)
    order = Permutation(seed, "years: who uses the portal", side, side)
    found = 0
    for place in range(side * side):
        if found == count:
            return
        n = order(place)
        if n < nation.size:
            person = nation.person(n)
            if person.holds_card and person.age(nation.reference_date) >= AGE_MIN:
                found += 1
                yield n


class Renewals:
    """カードの更新: on which day which resident gets new certificates, because the old ones run out."""

    def __init__(self, order: Order, nation: Nation, wallet: Wallet) -> None:
        self._nation = nation
        self._last_day = order.last_day
        self._key = key_for(order.seed, "years: renewal")
        self._days: defaultdict[date, list[int]] = defaultdict(list)
        for n in range(nation.size):
            if nation.person(n).holds_card:
                self._plan(n, wallet.expires_on(n))

    def __repr__(self) -> str:
        return f"<Renewals on {len(self._days)} days>"

    def on(self, day: date) -> list[int]:
        """Those of a day; they are forgotten here."""
        return self._days.pop(day, [])

    def renewed(self, n: int, on: date) -> None:
        """New certificates from that day on: they run out too."""
        self._plan(n, expires_on(self._nation.person(n).birth_date, on))

    def _plan(self, n: int, expiry: date) -> None:
        word = draw(self._key, n << 5 | expiry.year & 31)
        if word % 100 < FORGETS_PERCENT:
            day = expiry + timedelta(days=1 + (word >> 8) % FORGETS_DAYS)
        else:
            day = expiry - timedelta(days=1 + (word >> 8) % RENEWS_BEFORE_DAYS)
        # Who would have gone to renew before this world began goes in its first days.
        day = max(day, FIRST_DAY + timedelta(days=(word >> 40) % 30))
        if day <= self._last_day:
            self._days[day].append(n)
