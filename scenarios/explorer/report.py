"""What an exploration tells: a failure with its last messages and the line that repeats it, and the sum of many seeds."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from portal.refusal import Refusal
from scenarios import sequence_diagram
from scenarios.explorer import tree
from scenarios.explorer.many import NIGHTLY_SEEDS, Found, Summary
from scenarios.explorer.registry import SOMETIMES
from scenarios.explorer.running import Outcome
from scenarios.sequence_diagram import duration
from scenarios.stage import Step

LINES_SHOWN = 45
PIECE = 600
"""Of what was expected or seen, so many characters."""


class NotWritten(Refusal):
    """A report could not be left where it was wanted."""


def repeat_line(seed: int) -> str:
    """The command that repeats a seed."""
    return f"mynasim explore --seed {seed} --commit {tree.commit()}"


def failure(out: Console, outcome: Outcome, diagram: Path | None, *, repeat: str | None = None) -> None:
    """One failing case, whole."""
    breach = outcome.breach
    assert breach is not None, "nothing failed"
    seed = outcome.case.seed
    out.print(
        f"[bold red]✕ 種 {seed}[/bold red] 守られなかったこと: {escape(breach.invariant)}", soft_wrap=True
    )
    out.print(f"  要件: [cyan]{breach.requirement}[/cyan]")
    out.print(f"  期待: {escape(breach.expected[:PIECE])}", soft_wrap=True)
    out.print(f"  実際: {escape(breach.seen[:PIECE])}", soft_wrap=True)
    out.print("  最後のメッセージ:")
    rows = sequence_diagram.rows_of(outcome.last, _late_steps(outcome))
    for row in rows[-LINES_SHOWN:]:
        out.print(f"    [dim]{escape(sequence_diagram.told(row))}[/dim]", soft_wrap=True)
    if diagram is not None:
        title = f"種 {seed}: {breach.invariant}"
        drawn = sequence_diagram.draw(title, outcome.last, _late_steps(outcome))
        _write(diagram, drawn)
        out.print(f"  シーケンス図: {escape(str(diagram))}", soft_wrap=True)
    out.print(f"  もう一度起こすには: [bold]{escape(repeat or repeat_line(seed))}[/bold]", soft_wrap=True)


def _late_steps(outcome: Outcome) -> list[Step]:
    if not outcome.last:
        return list(outcome.steps)
    first = min(message.sent_ms for message in outcome.last)
    return [step for step in outcome.steps if step.moment_ms >= first]


def write_trace(path: Path, outcome: Outcome) -> None:
    """The trace, line by line. Raises :class:`NotWritten`."""
    _write(path, "".join(f"{line}\n" for line in outcome.lines))


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise NotWritten(f"{path} に書けません（{error.strerror}）。") from error


def short(out: Console, found: Found) -> None:
    """One line for a failing seed of many."""
    out.print(f"[bold red]✕ 種 {found.seed}[/bold red] {escape(str(found.invariant))}", soft_wrap=True)


def summed_up(out: Console, summary: Summary, first: int) -> None:
    """The sum of many seeds."""
    clean = summary.seeds - len(summary.failures)
    out.print(
        f"種 {first} から{summary.seeds:,}個: 異常なし {clean:,}、失敗 {len(summary.failures):,}"
        f"（{duration(summary.seconds)}、{summary.processes}プロセス、"
        f"利用者の要求 {summary.calls:,}件、メッセージ {summary.messages:,}件）"
    )
    if summary.unreached:
        mark = "[bold red]✕[/bold red]" if summary.is_nightly else "[yellow]…[/yellow]"
        out.print(f"{mark} 一度も起こらなかった場面（{len(summary.unreached)}/{len(SOMETIMES)}）:")
        for name in summary.unreached:
            out.print(f"    {name}: {escape(SOMETIMES[name].about)}", soft_wrap=True)
        if not summary.is_nightly:
            out.print(f"    （種が{NIGHTLY_SEEDS:,}個以上のときは、これも失敗とします）")
    elif summary.seeds:
        out.print(f"[green]✓[/green] {len(SOMETIMES)}の場面が、すべて起こりました。")


def for_programs(summary: Summary, first: int) -> dict[str, Any]:
    return {
        "first_seed": first,
        "seeds": summary.seeds,
        "clean": summary.seeds - len(summary.failures),
        "failures": [
            {
                "seed": each.seed,
                "invariant": each.invariant,
                "expected": each.expected,
                "seen": each.seen,
                "repeat": repeat_line(each.seed),
            }
            for each in summary.failures
        ],
        "reached": summary.reached,
        "unreached": list(summary.unreached),
        "faults": summary.faults,
        "messages": summary.messages,
        "calls": summary.calls,
        "seconds": round(summary.seconds, 3),
        "cpu_seconds": round(summary.cpu_seconds, 3),
        "processes": summary.processes,
        "commit": tree.commit(),
        "passed": summary.passed,
    }
