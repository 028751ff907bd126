"""Many seeds over all cores: each process runs one seed after the other, and asks for the next when it is done."""

import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import NamedTuple

from portal.seams.clock import stopwatch_ns
from scenarios.explorer import drawing, people, running
from scenarios.explorer.registry import SOMETIMES
from sim.world.facts import WorldFacts

NIGHTLY_SEEDS = 2_000
"""A run of this size that does not reach every situation fails."""
SEED_SECONDS_MAX = 120.0
"""Of real time: a seed that takes longer never ends."""
FAILURES_MAX = 10
"""After so many failing seeds a run ends: there is work to do."""


class Found(NamedTuple):
    """What one seed came to, as far as a run of many needs it."""

    seed: int
    invariant: str | None
    expected: str
    seen: str
    trace: str
    messages: int
    calls: int
    reached: frozenset[str]
    faults: frozenset[str]
    cpu_seconds: float
    worker: int
    """The process that ran it."""
    began_ns: int
    """By the stopwatch of the machine, which all its processes share."""
    ended_ns: int


class Summary(NamedTuple):
    """探索の結果."""

    seeds: int
    failures: tuple[Found, ...]
    messages: int
    calls: int
    reached: dict[str, int]
    """Situation → in how many seeds it came about."""
    faults: dict[str, int]
    seconds: float
    """From the order to the last seed, with the processes' coming up."""
    cpu_seconds: float
    processes: int
    starting_seconds: float
    """Until every process had begun its first seed."""
    busy_share: float
    """Of the time from a process's first seed to the end of all: the rest it waited for work, or for the others' last."""

    @property
    def unreached(self) -> tuple[str, ...]:
        return tuple(name for name in SOMETIMES if name not in self.reached)

    @property
    def is_nightly(self) -> bool:
        return self.seeds >= NIGHTLY_SEEDS

    @property
    def passed(self) -> bool:
        return not self.failures and not (self.is_nightly and self.unreached)


class Order(NamedTuple):
    """What is to be explored: so many seeds from the first on, or as many as go into the time."""

    first: int
    seeds: int | None
    seconds: float | None
    processes: int
    keys: Path | None
    failures_max: int = FAILURES_MAX


Progress = Callable[[int, int], None]
"""Called with how many seeds are done, and how many have failed."""


def one(seed: int, facts: WorldFacts) -> Found:
    """Run this seed."""
    began, began_ns = os.times(), stopwatch_ns()
    outcome = running.run(drawing.draw(seed), facts)
    ended, ended_ns = os.times(), stopwatch_ns()
    breach = outcome.breach
    return Found(
        seed,
        None if breach is None else breach.invariant,
        "" if breach is None else breach.expected,
        "" if breach is None else breach.seen,
        outcome.trace,
        outcome.messages,
        outcome.calls,
        outcome.reached,
        outcome.faults,
        (ended.user + ended.system) - (began.user + began.system),
        os.getpid(),
        began_ns,
        ended_ns,
    )


def explore(order: Order, progress: Progress) -> Summary:
    """Run the seeds; ends early at the last failure that is allowed."""
    people.make_ahead(order.keys)
    began = stopwatch_ns()
    found: list[Found] = []
    failed = 0
    for each in _alone(order) if order.processes == 1 else _together(order):
        found.append(each)
        failed += each.invariant is not None
        progress(len(found), failed)
        if failed >= order.failures_max:
            break
    reached: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for each in found:
        reached.update(each.reached)
        faults.update(each.faults)
    return Summary(
        len(found),
        tuple(sorted((each for each in found if each.invariant is not None), key=lambda each: each.seed)),
        sum(each.messages for each in found),
        sum(each.calls for each in found),
        dict(sorted(reached.items())),
        dict(sorted(faults.items())),
        (stopwatch_ns() - began) / 1e9,
        sum(each.cpu_seconds for each in found),
        order.processes,
        *_work_of(found, began),
    )


def _work_of(found: list[Found], began_ns: int) -> tuple[float, float]:
    """How long the processes took to come up, in seconds, and which share of the time after that they worked."""
    first: dict[int, int] = {}
    for each in found:
        if each.worker:
            first[each.worker] = min(each.began_ns, first.get(each.worker, each.began_ns))
    if not first:
        return 0.0, 0.0
    last_ns = max(each.ended_ns for each in found)
    busy_ns = sum(each.ended_ns - each.began_ns for each in found)
    there_ns = sum(last_ns - each for each in first.values())
    return (max(first.values()) - began_ns) / 1e9, busy_ns / there_ns


def _seeds(order: Order) -> Iterator[int]:
    """Those that are still to be begun, until the number or the time is over."""
    began = stopwatch_ns()
    seed = order.first
    while order.seeds is None or seed < order.first + order.seeds:
        if order.seconds is not None and (stopwatch_ns() - began) / 1e9 >= order.seconds:
            return
        yield seed
        seed += 1


def _alone(order: Order) -> Iterator[Found]:
    facts = WorldFacts(people.NATION_SEED, order.keys)
    for seed in _seeds(order):
        yield one(seed, facts)


class _Worker(NamedTuple):
    process: multiprocessing.process.BaseProcess
    line: Connection


def _together(order: Order) -> Iterator[Found]:
    context = multiprocessing.get_context("spawn")
    seeds = _seeds(order)
    busy: dict[Connection, tuple[_Worker, int, int]] = {}

    def begin() -> _Worker:
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(order.keys, theirs), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def give(worker: _Worker) -> None:
        seed = next(seeds, None)
        if seed is None:
            worker.line.close()
            worker.process.join(SEED_SECONDS_MAX)
            return
        worker.line.send(seed)
        busy[worker.line] = worker, seed, stopwatch_ns()

    try:
        for _ in range(order.processes):
            give(begin())
        while busy:
            ready = wait(list(busy), timeout=1.0)
            for line in ready:
                assert isinstance(line, Connection)
                worker, seed, _ = busy.pop(line)
                try:
                    yield line.recv()
                except (EOFError, ConnectionError):
                    yield _broken(seed, "作業プロセスが終わってしまった")
                    worker = begin()
                give(worker)
            now = stopwatch_ns()
            for line, (worker, seed, since) in list(busy.items()):
                if (now - since) / 1e9 > SEED_SECONDS_MAX:
                    busy.pop(line)
                    worker.process.kill()
                    worker.process.join()
                    yield _broken(seed, f"{SEED_SECONDS_MAX:g}秒たっても終わらない")
                    give(begin())
    finally:
        for worker, _, _ in busy.values():
            worker.process.terminate()
            worker.process.join()


def _broken(seed: int, why: str) -> Found:
    return Found(
        seed, running.ENDS.name, "一つの種が終わる", why, "", 0, 0, frozenset(), frozenset(), 0.0, 0, 0, 0
    )


def _work(keys: Path | None, line: Connection) -> None:
    """A worker: runs what it is sent, until nobody sends any more."""
    facts = WorldFacts(people.NATION_SEED, keys)
    try:
        while True:
            line.send(one(line.recv(), facts))
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        return
