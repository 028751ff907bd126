"""Years of a municipality: how many simulated seconds one CPU second carries, all of it through the unmodified portal."""

import statistics
from time import process_time
from typing import NamedTuple

from benchmarks.ledger import Row
from scenarios.years import running
from scenarios.years.order import Order
from scenarios.years.running import Years

DAY_SECONDS = 86_400
AIM = 10_000.0
TOWN = 100_000
"""Residents for whom the aim is meant."""
MONTHLY = Order(45, 5_000, sign_ins=1.0)
"""Each resident signs in once a month; fewer residents and a longer time, so that most have come before."""
FROM_DAY = 30
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


def live(order: Order, from_day: int = 0) -> Lived:
    """From that day on. Who lives there is prepared before a run begins, and what must hold is checked after it."""
    seen: list[tuple[float, float, int]] = []

    def told(years: Years) -> None:
        speed = years.speed()
        if speed.simulated_seconds >= from_day * DAY_SECONDS:
            sign_ins = years.counting.traffic["sign_ins"].total
            seen.append((speed.simulated_seconds, process_time(), sign_ins))

    outcome = running.run(order, told=told)
    assert outcome.breach is None, outcome.breach
    (first, began, before), (last, ended, after) = seen[0], seen[-1]
    return Lived(last - first, ended - began, after - before)


def rows(
    rounds: int, *, monthly: Order = MONTHLY, actual: Order = ACTUAL, from_day: int = FROM_DAY
) -> list[Row]:
    found = []
    for name, order, aim, first in (
        ("years.monthly", monthly, AIM, from_day),
        ("years.actual_rates", actual, None, 0),
    ):
        lived = [live(order, first) for _ in range(rounds)]
        # What a town of another size would take, at the cost of each of its residents: for fewer residents this is too
        # low rather than too high, as what is done for nobody is counted with theirs.
        value = statistics.median(each.factor for each in lived) * order.residents / TOWN
        found.append(
            Row(
                name,
                value,
                "simulated s/CPU s",
                "" if aim is None else f"aim of {aim:,.0f}",
                None if aim is None else value / aim,
                aim=aim,
                note=f"for {TOWN:,} residents, by {order.residents:,} and {lived[0].sign_ins:,} sign-ins, "
                f"days {first + 1} to {order.days}",
            )
        )
    return found
