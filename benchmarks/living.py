"""Years of a municipality: how many simulated seconds one CPU second carries, all of it through the unmodified portal."""

import statistics
from time import process_time
from typing import NamedTuple

from benchmarks.ledger import Row
from scenarios.years import running
from scenarios.years.order import Order
from scenarios.years.running import Years

AIM = 10_000.0
MONTHLY = Order(2, 100_000, sign_ins=1.0)
"""Each of 100,000 residents signs in once a month."""
ACTUAL = Order(31, 100_000)
"""The nationwide rates of today."""


class Lived(NamedTuple):
    """What a run came to, from its first word to its last."""

    simulated_seconds: float
    cpu_seconds: float
    sign_ins: int

    @property
    def factor(self) -> float:
        return self.simulated_seconds / self.cpu_seconds


def live(order: Order) -> Lived:
    """Who lives there, keys and cards' dates are prepared before it begins, and what must hold is checked after it."""
    seen: list[tuple[float, float]] = []

    def told(years: Years) -> None:
        seen.append((years.speed().simulated_seconds, process_time()))

    outcome = running.run(order, told=told)
    assert outcome.breach is None, outcome.breach
    (first, began), (last, ended) = seen[0], seen[-1]
    return Lived(last - first, ended - began, outcome.data.traffic["sign_ins"].total)


def rows(rounds: int, *, monthly: Order = MONTHLY, actual: Order = ACTUAL) -> list[Row]:
    found = []
    for name, order, aim in (("years.monthly", monthly, AIM), ("years.actual_rates", actual, None)):
        lived = [live(order) for _ in range(rounds)]
        value = statistics.median(each.factor for each in lived)
        found.append(
            Row(
                name,
                value,
                "simulated s/CPU s",
                "" if aim is None else f"aim of {aim:,.0f}",
                None if aim is None else value / aim,
                aim=aim,
                note=f"{order.residents:,} residents, {order.days} days, {lived[0].sign_ins:,} sign-ins",
            )
        )
    return found
