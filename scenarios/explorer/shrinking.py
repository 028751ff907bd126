"""Making a failing case small: faults, errands, steps and residents are left out as long as the same thing still breaks."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from scenarios.explorer import running
from scenarios.explorer.case import Case, Errand
from scenarios.explorer.running import Outcome
from sim.faults.vocabulary import Planned
from sim.world.facts import WorldFacts

T = TypeVar("T")
RUNS_MAX = 400


class Shrunk(NamedTuple):
    """The smallest case that was found, what it breaks, and how many runs that took."""

    outcome: Outcome
    runs: int


class _Trying:
    """Runs smaller cases, and keeps the smallest that fails in the same way."""

    def __init__(self, first: Outcome, facts: WorldFacts, progress: Callable[[int, int], None]) -> None:
        assert first.breach is not None, "only what fails can be made smaller"
        self.best = first
        self.runs = 0
        self._broken = first.breach.invariant
        self._facts = facts
        self._progress = progress

    def fails(self, case: Case) -> bool:
        if self.runs >= RUNS_MAX or case == self.best.case:
            return False
        self.runs += 1
        outcome = running.run(case, self._facts)
        if outcome.breach is None or outcome.breach.invariant != self._broken:
            return False
        self.best = outcome
        self._progress(self.runs, size(case))
        return True


def size(case: Case) -> int:
    """How much there is in a case: faults, steps and residents."""
    return len(case.plan) + sum(len(errand.steps) for errand in case.errands) + len(case.residents)


def shrink(first: Outcome, facts: WorldFacts, progress: Callable[[int, int], None]) -> Shrunk:
    """The smallest case that breaks the same invariant, as far as leaving out one thing after another leads."""
    trying = _Trying(first, facts, progress)
    while True:
        before = size(trying.best.case)
        _less(trying.best.case.plan, lambda plan: trying.fails(_with(trying.best.case, plan=plan)))
        _less(
            trying.best.case.errands, lambda errands: trying.fails(_with(trying.best.case, errands=errands))
        )
        for number in [errand.number for errand in trying.best.case.errands]:
            _fewer_steps(trying, number)
        _fewer_residents(trying)
        if size(trying.best.case) == before or trying.runs >= RUNS_MAX:
            return Shrunk(trying.best, trying.runs)


def _less(whole: Sequence[T], fails: Callable[[tuple[T, ...]], bool]) -> None:
    """Leave out pieces, large ones first: half, a quarter, … one."""
    left = tuple(whole)
    piece = max(1, len(left) // 2)
    while left:
        at = 0
        while at < len(left):
            shorter = left[:at] + left[at + piece :]
            if fails(shorter):
                left = shorter
            else:
                at += piece
        if piece == 1:
            return
        piece //= 2


def _fewer_steps(trying: _Trying, number: int) -> None:
    errand = next((each for each in trying.best.case.errands if each.number == number), None)
    if errand is None:
        return

    def fails(steps: tuple[str, ...]) -> bool:
        errands = tuple(
            Errand(each.number, each.actor, each.who, each.at_ms, steps) if each.number == number else each
            for each in trying.best.case.errands
        )
        return bool(steps) and trying.fails(_with(trying.best.case, errands=errands))

    _less(errand.steps, fails)


def _fewer_residents(trying: _Trying) -> None:
    """Those about whom nobody does anything; who is left keeps the own index."""
    case = trying.best.case
    needed = max((errand.who % len(case.residents) for errand in case.errands), default=0) + 1
    if needed < len(case.residents):
        trying.fails(_with(case, residents=case.residents[:needed]))


def _with(
    case: Case,
    *,
    plan: tuple[Planned, ...] | None = None,
    errands: tuple[Errand, ...] | None = None,
    residents: tuple[int, ...] | None = None,
) -> Case:
    return Case(
        case.seed,
        case.residents if residents is None else residents,
        case.terms,
        case.errands if errands is None else errands,
        case.plan if plan is None else plan,
        case.is_year_long,
    )
