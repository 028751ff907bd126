"""What the nation costs: a person, columns, a past, a copy, a day's events.

Each function returns rows `{"name", "value", "unit", "versus", "ratio"}`. `ratio` is how many times better than what
`versus` names: an aim of the nation's own, or the same work one person at a time. Run alone, it prints JSON lines.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from time import process_time
from typing import TypedDict

from sim.nation.copies import duplicate_copy
from sim.nation.holdings import TAX, organisations_holding
from sim.nation.life import life_events
from sim.nation.nation import Nation
from sim.nation.organisations import of_municipality
from sim.nation.past import records_of
from sim.nation.search import Wanted, find

PERSON_MICROSECONDS_AIM = 30.0
COLUMNS_PER_SECOND_AIM = 500_000.0
MEMORY_MEGABYTES_AIM = 200.0
_REPEATS = 5
_STRIDE = 7_919_017  # a prime: neighbours in time are strangers in the nation


class Row(TypedDict):
    """One line of the ledger, but for what the ledger adds."""

    name: str
    value: float
    unit: str
    versus: str
    ratio: float


def _best_seconds(work: Callable[[], object]) -> float:
    """The fastest of some runs, of CPU time: what the work costs a core, without what else the machine does."""
    seconds = []
    for _ in range(_REPEATS):
        begun = process_time()
        work()
        seconds.append(process_time() - begun)
    return min(seconds)


def person() -> list[Row]:
    """`Nation.person`, scattered over the whole nation."""
    nation = Nation(1)
    numbers = [i * _STRIDE % nation.size for i in range(10_000)]
    cost = _best_seconds(lambda: [nation.person(n) for n in numbers]) / len(numbers) * 1e6
    number = nation.person(numbers[0]).my_number
    back = _best_seconds(lambda: [nation.by_my_number(number) for _ in range(10_000)]) / 10_000 * 1e6
    aim = f"aim of {PERSON_MICROSECONDS_AIM:.0f} µs"
    return [
        Row(name="nation: person", value=cost, unit="µs", versus=aim, ratio=PERSON_MICROSECONDS_AIM / cost),
        Row(name="nation: by My Number", value=back, unit="µs", versus="person", ratio=cost / back),
    ]


def columns() -> list[Row]:
    """`Nation.columns`, without and with My Numbers and resident codes."""
    nation, count = Nation(1), 500_000
    numbers = range(60_000_000, 60_000_000 + count)

    def with_numbers() -> None:
        people = nation.columns(numbers)
        assert len(people.my_number) == len(people.resident_code) == count

    aim = f"aim of {COLUMNS_PER_SECOND_AIM:,.0f} people/s"
    rows = []
    for name, work in (("columns", lambda: nation.columns(numbers)), ("columns with numbers", with_numbers)):
        rate = count / _best_seconds(work)
        rows.append(
            Row(
                name=f"nation: {name}",
                value=rate,
                unit="people/s",
                versus=aim,
                ratio=rate / COLUMNS_PER_SECOND_AIM,
            )
        )
    return rows


def disclosure() -> list[Row]:
    """A year's records and one duplicate copy, made anew; against `person`, which they contain some times."""
    nation = Nation(1)
    people = [nation.person(i * _STRIDE % nation.size) for i in range(300)]
    adults = [p for p in people if organisations_holding(nation, p, TAX)]
    base = _best_seconds(lambda: [nation.person(p.n) for p in people]) / len(people) * 1e6
    start, end = date(2025, 4, 1), date(2026, 3, 31)
    past = _best_seconds(lambda: [records_of(nation, p, start, end) for p in people]) / len(people) * 1e6
    copy = (
        _best_seconds(
            lambda: [duplicate_copy(nation, of_municipality(p.municipality_code), p, TAX) for p in adults]
        )
        / len(adults)
        * 1e6
    )
    return [
        Row(name="nation: a year's records", value=past, unit="µs", versus="person", ratio=base / past),
        Row(name="nation: duplicate copy", value=copy, unit="µs", versus="person", ratio=base / copy),
    ]


def whole_nation() -> list[Row]:
    """A simulated day's events of everybody, and a search through one city; against calling people one by one."""
    nation = Nation(1)
    seconds = _best_seconds(lambda: life_events(nation, date(2026, 7, 7)))
    city = nation.residents_of("141003")
    wanted = Wanted(municipality="141003", family="佐藤", age_min=101)
    scan = len(city) / _best_seconds(lambda: sum(1 for _ in find(nation, wanted)))
    one_by_one = 5_000 / _best_seconds(lambda: [nation.person(n) for n in city[:5_000]])
    return [
        Row(
            name="nation: a day's events",
            value=seconds,
            unit="s",
            versus="its 345,606 people one by one",
            ratio=nation.size / 365 / one_by_one / seconds,
        ),
        Row(name="nation: find", value=scan, unit="people/s", versus="one by one", ratio=scan / one_by_one),
    ]


def memory() -> list[Row]:
    """Peak resident memory of this process after people from everywhere (Linux; elsewhere no row)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return []
    nation = Nation(1)
    for i in range(20_000):
        nation.person(i * _STRIDE % nation.size)
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    megabytes = int(peak.split()[1]) / 1024
    aim = f"aim of {MEMORY_MEGABYTES_AIM:.0f} MB"
    return [
        Row(
            name="nation: peak memory",
            value=megabytes,
            unit="MB",
            versus=aim,
            ratio=MEMORY_MEGABYTES_AIM / megabytes,
        )
    ]


# Memory first: later benchmarks make large columns.
BENCHMARKS: tuple[Callable[[], list[Row]], ...] = (memory, person, columns, disclosure, whole_nation)


def main() -> None:
    for benchmark in BENCHMARKS:
        for row in benchmark():
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
