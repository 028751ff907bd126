"""Cases that are kept: made small, written into the tests' folder, and run by ``make test`` from then on."""

import re
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from scenarios.explorer import report, shrinking, tree
from scenarios.explorer.case import Saved, write
from scenarios.explorer.running import Outcome
from sim.world.facts import WorldFacts

IN_THE_TREE = tree.ROOT / "tests" / "scenarios" / "explorer" / "cases"
ELSEWHERE = Path("explorer-cases")
"""Where this program's own tests are not at hand."""


def folder() -> Path:
    """Where cases are kept."""
    return IN_THE_TREE if IN_THE_TREE.parent.is_dir() else ELSEWHERE


def shrink_and_keep(
    out: Console, outcome: Outcome, facts: WorldFacts, diagram: Path, *, save: bool
) -> Path | None:
    """Make a failing case small, tell it, and keep it if so ordered. Raises ``NotWritten``."""
    before = shrinking.size(outcome.case)
    small = shrinking.shrink(outcome, facts, lambda _, __: None)
    case, breach = small.outcome.case, small.outcome.breach
    assert breach is not None, "shrinking keeps the failure"
    out.print(f"小さくしました: {before} → {shrinking.size(case)}（{small.runs}回動かしました）")
    for planned in case.plan:
        out.print(f"  障害: {escape(str(planned.fault))} {planned.at_ms}ミリ秒から{planned.lasts_ms}ミリ秒")
    for errand in case.errands:
        steps = "、".join(errand.steps)
        out.print(f"  用事{errand.number}（{errand.actor}、{errand.at_ms}ミリ秒から）: {steps}")
    name = f"seed-{case.seed}-{_slug(breach.invariant)}"
    path = None
    repeat = f"mynasim explore --seed {case.seed} --shrink --commit {tree.commit()}"
    if save:
        path = folder() / f"{name}.json"
        try:
            write(path, Saved(breach.invariant, case))
        except OSError as error:
            raise report.NotWritten(f"{path} に書けません（{error.strerror}）。") from error
        out.print(f"残しました: {escape(str(path))}", soft_wrap=True)
        repeat = f"mynasim explore --case {path}"
    report.failure(out, small.outcome, diagram / f"{name}.svg", repeat=repeat)
    return path


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.partition(":")[2].strip() or text)[:50].strip("-")
