"""A run of the suite: plays what was selected, tells as it goes, leaves reports, says how it ended.

>>> run(Order(ids=("sign-in",)), Console())  # doctest: +SKIP
"""

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.markup import escape

from portal.refusal import Refusal
from portal.seams.clock import stopwatch_ns
from scenarios import console as terminal
from scenarios import junit, page, registry
from scenarios import requirements as deck
from scenarios.playing import Result, play_live, play_simulated
from scenarios.registry import Scenario

PASSED, FAILED = 0, 1
FLD_2 = "FLD-2"


class Order(NamedTuple):
    """What is to be run and what is to be left behind."""

    ids: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    live: bool = False
    seed: int = 1
    junit: Path | None = None
    html: Path | None = None
    json: bool = False
    keys: Path | None = None
    """Where card keys are kept between runs."""


class Run(NamedTuple):
    """What came of a run."""

    order: Order
    results: tuple[Result, ...]
    seconds: float

    @property
    def passed(self) -> int:
        return sum(result.passed for result in self.results)

    @property
    def trace(self) -> str:
        """SHA-256 over the scenarios and their traces: the same for the same seed and commit, unless live."""
        whole = hashlib.sha256()
        for result in self.results:
            whole.update(f"{result.scenario.id}\t{result.trace}\n".encode())
        return whole.hexdigest()

    @property
    def requirements(self) -> dict[str, list[str]]:
        """Which scenarios showed what, in the deck's order; every world is checked for FLD-2."""
        shown: dict[str, list[str]] = {}
        for requirement in deck.TITLES:
            ids = [each.scenario.id for each in self.results if requirement in each.scenario.requirements]
            if requirement == FLD_2:
                ids = [each.scenario.id for each in self.results]
            if ids:
                shown[requirement] = ids
        return shown

    @property
    def exit_code(self) -> int:
        return PASSED if self.results and self.passed == len(self.results) else FAILED

    def summary(self) -> dict[str, Any]:
        """For programs."""
        return {
            "passed": self.passed,
            "failed": len(self.results) - self.passed,
            "requirements": self.requirements,
            "trace": self.trace,
            "seed": self.order.seed,
            "live": self.order.live,
            "seconds": round(self.seconds, 3),
            "messages": sum(len(result.messages) for result in self.results),
            "failures": {
                result.scenario.id: str(result.failure)
                for result in self.results
                if result.failure is not None
            },
        }


class NotWritten(Refusal):
    """A report could not be left where it was wanted."""


def run(order: Order, out: Console, scenarios: Sequence[Scenario] | None = None) -> Run:
    """Play what is ordered, or these, and report.

    Raises ``scenarios.requirements.Unknown`` for what there is not, and :class:`NotWritten`.
    """
    chosen = registry.select(order.ids, order.requirements) if scenarios is None else scenarios
    began = stopwatch_ns()
    kind = "実際の通信" if order.live else "模擬時間"
    out.print(f"{len(chosen)}件のシナリオを{kind}で動かします（種 {order.seed}）。")
    play = play_live if order.live else play_simulated
    with terminal.Progressing(out, len(chosen)) as progress:
        results = play(chosen, order.seed, order.keys, progress.heard)
    done = Run(order, tuple(results), (stopwatch_ns() - began) / 1e9)
    terminal.summed_up(out, done.results, done.requirements, done.seconds)
    _leave_reports(done, out)
    return done


def _leave_reports(done: Run, out: Console) -> None:
    try:
        _write_files(done, out)
    except OSError as error:
        raise NotWritten(f"報告を {error.filename} に書けません（{error.strerror}）。") from error
    finally:
        if done.order.json:
            sys.stdout.write(json.dumps(done.summary(), ensure_ascii=False) + "\n")
            sys.stdout.flush()


def _write_files(done: Run, out: Console) -> None:
    if done.order.junit is not None:
        junit.write(done.order.junit, done.results)
        out.print(f"JUnit XML: {escape(str(done.order.junit))}")
    if done.order.html is not None:
        page.write(
            done.order.html, done.results, done.requirements, live=done.order.live, seed=done.order.seed
        )
        out.print(f"報告のページ: {escape(str(done.order.html))}")


def show_list(ids: Sequence[str], requirements: Sequence[str], out: Console, *, as_json: bool) -> None:
    """What there is to run."""
    chosen = registry.select(ids, requirements)
    if as_json:
        rows = [{"id": each.id, "title": each.title, "requirements": each.requirements} for each in chosen]
        sys.stdout.write(json.dumps(rows, ensure_ascii=False) + "\n")
    else:
        terminal.listed(out, chosen)
