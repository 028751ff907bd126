"""The run on a terminal: a line for each scenario as it ends, what failed and why, the matrix at the end."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from scenarios import requirements as deck
from scenarios.playing import Result
from scenarios.registry import Scenario
from scenarios.sequence_diagram import duration

LAST_MESSAGES_SHOWN = 8


class Progressing:
    """進みぐあい: shown while scenarios run."""

    def __init__(self, console: Console, count: int) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("シナリオ", total=count)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def heard(self, result: Result) -> None:
        """One more has ended."""
        show(self._console, result)
        self._progress.advance(self._task)


def show(console: Console, result: Result) -> None:
    """One scenario's line; for a failure what was expected and seen, and the last messages."""
    scenario = result.scenario
    mark = "[green]✓ 合格[/green]" if result.passed else "[bold red]✕ 失敗[/bold red]"
    shown = " ".join(scenario.requirements)
    lived = duration(result.world_seconds)
    took = f"[dim]{duration(result.seconds)}（世界の時間 {lived}）[/dim]"
    console.print(
        f"{mark} {escape(scenario.title)} [cyan]{shown}[/cyan] [dim]{scenario.id}[/dim] {took}",
        soft_wrap=True,
    )
    failure = result.failure
    if failure is None:
        return
    for line in (failure.what, f"期待: {failure.expected}", f"実際: {failure.seen}"):
        console.print(f"    {escape(line)}", soft_wrap=True)
    if failure.after:
        console.print(f"    直前の段階: {escape(failure.after)}")
    for message in result.messages[-LAST_MESSAGES_SHOWN:]:
        console.print(
            f"    [dim]{message.sender} → {message.receiver} {message.operation}: {message.outcome}[/dim]"
        )
    if failure.trace:
        console.print(escape(failure.trace), style="dim")


def listed(console: Console, scenarios: Sequence[Scenario]) -> None:
    """What there is to run."""
    for scenario in scenarios:
        shown = " ".join(scenario.requirements)
        console.print(f"[bold]{scenario.id}[/bold] [cyan]{shown}[/cyan]", soft_wrap=True)
        console.print(f"    {escape(scenario.title)}", soft_wrap=True)


def summed_up(
    console: Console, results: Sequence[Result], shown: dict[str, list[str]], seconds: float
) -> None:
    """The matrix of requirements, and the last word."""
    failed = {result.scenario.id for result in results if not result.passed}
    table = Table(
        Column("要件", no_wrap=True),
        Column("内容", overflow="fold"),
        Column("合格", no_wrap=True),
        Column("失敗したシナリオ", overflow="fold"),
        title="要件とシナリオ",
        title_justify="left",
    )
    for requirement, ids in shown.items():
        broken = [each for each in ids if each in failed]
        mark = "[bold red]✕[/bold red]" if broken else "[green]✓[/green]"
        passed = f"{mark} {len(ids) - len(broken)}/{len(ids)}"
        table.add_row(requirement, deck.TITLES[requirement], passed, "\n".join(broken))
    console.print(table)
    verdict = (
        "[bold green]すべて合格[/bold green]" if not failed else f"[bold red]{len(failed)}件が失敗[/bold red]"
    )
    console.print(f"{verdict}: {len(results)}件のシナリオ、{duration(seconds)}")
