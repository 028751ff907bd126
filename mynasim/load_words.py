"""What ``mynasim load`` says: a line while it runs, a table and the verdict at its end."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from load.result import Result

PLAIN_COLUMNS = 120
"""Width of the table where there is no terminal."""
_PERCENTILES = (50, 90, 99)


class Progress:
    """One line that changes on a terminal; a line every ten seconds elsewhere."""

    EVERY_SECONDS = 10

    def __init__(self, seconds: float) -> None:
        self._seconds_all = seconds
        self._requests = 0
        self._seconds = 0.0
        self._count = 0
        self._is_terminal = sys.stderr.isatty()

    def show(self, glance: dict[str, Any]) -> bool:
        took = glance["seconds"] - self._seconds
        rate = (glance["requests"] - self._requests) / took if took > 0 else 0.0
        self._requests, self._seconds = glance["requests"], glance["seconds"]
        self._count += 1
        if not self._is_terminal and self._count % self.EVERY_SECONDS != 1:
            return False
        text = (
            f"{max(0.0, glance['seconds']):5.0f}/{self._seconds_all:.0f}秒  接続 {glance['users']}  {rate:7.0f} 件/秒  "
            f"p50 {ms(glance['p50_us'])}  p99 {ms(glance['p99_us'])} ms  "
            f"訪問 {glance['journeys']}  失敗 {glance['failures']}"
        )
        if glance["due"]:
            text += f"  開始 {glance['due']}  うち始められず {glance['dropped']}"
        sys.stderr.write(f"\r{text}\x1b[K" if self._is_terminal else f"{text}\n")
        sys.stderr.flush()
        return False

    def end(self) -> None:
        if self._is_terminal and self._count:
            sys.stderr.write("\n")


def keys_progress() -> Callable[[int, int], None]:
    """For the making of card keys."""

    def show(done: int, total: int) -> None:
        if done == total or done % 20 == 0:
            ending = "\n" if done == total or not sys.stderr.isatty() else ""
            sys.stderr.write(f"\rカードの鍵を作っています: {done}/{total}{ending}")
            sys.stderr.flush()

    return show


def summary(result: "Result") -> dict[str, Any]:
    """The result as a program reads it."""
    import msgspec

    from load.measuring import CARD

    about, report = result.about, result.report
    steps = [
        {
            "journey": step.journey,
            "kind": step.kind,
            "name": step.name,
            "count": step.histogram.count,
            "per_second": round(step.histogram.count / report.seconds, 2),
            "failures": step.failures,
            **{f"p{p}_ms": step.histogram.percentile(p) / 1000 for p in _PERCENTILES},
            "max_ms": step.histogram.max_us / 1000,
            **{
                f"intended_p{p}_ms": step.intended.percentile(p) / 1000
                for p in _PERCENTILES
                if step.intended.count
            },
        }
        for step in report.steps.values()
    ]
    return {
        **msgspec.to_builtins(about),
        "seconds": round(report.seconds, 3),
        "exit_code": int(result.exit_code),
        "stopped": result.was_stopped,
        "failures": report.failures,
        "starts": report.starts.encode(),
        "signed": sum(step.histogram.count for step in report.of(CARD)),
        "signed_ahead": report.signed_ahead,
        "levels": [
            {
                "subject": each.subject,
                "measure": each.measure,
                "most": each.most,
                "found": each.found,
                "holds": each.holds,
            }
            for each in result.findings
        ],
        "invalid": result.spoiled,
        "steps": steps,
    }


def show_table(result: "Result") -> None:
    from rich.markup import escape
    from rich.table import Table

    from load.journeys import journeys
    from load.measuring import CARD, JOURNEY, LATE, REQUEST
    from mynasim.output import console

    about, report = result.about, result.report
    out = console() if sys.stdout.isatty() else console(width=PLAIN_COLUMNS)
    table = Table(
        title=f"{escape(about.title)}  {escape(about.host)}  {report.seconds:.1f}秒",
        title_justify="left",
    )
    table.add_column("手順", no_wrap=True)
    for heading in ("回数", "毎秒", "失敗", "p50 ms", "p90 ms", "p99 ms", "最大 ms"):
        table.add_column(heading, justify="right")
    planned = any(step.intended.count for step in report.steps.values())
    if planned:
        table.add_column("予定から p99", justify="right")
    names = {REQUEST: "", LATE: "後日回答まで: ", CARD: "負荷側: ", JOURNEY: "訪問全体: "}
    for kind, prefix in names.items():
        for step in report.by_name(kind):
            histogram = step.histogram
            name = step.name
            if kind == JOURNEY and name in journeys():
                name = f"{journeys()[name].title}（{name}）"
            row = [
                escape(prefix + name),
                f"{histogram.count:,}",
                f"{histogram.count / report.seconds:,.1f}",
                f"[red]{step.failed:,}[/red]" if step.failed else "0",
                *(ms(histogram.percentile(percent)) for percent in _PERCENTILES),
                ms(histogram.max_us),
            ]
            if planned:
                row.append(ms(step.intended.percentile(99)) if step.intended.count else "")
            table.add_row(*row)
    out.print(table)
    total = report.total(REQUEST)
    out.print(
        f"合計 {total.count:,} 件、毎秒 {total.count / report.seconds:,.1f} 件、失敗 {report.failures:,} 件"
    )
    starts = report.starts
    if starts.due:
        out.print(
            f"予定した開始 {starts.due:,} 件、始まった {starts.made:,} 件（接続が空くのを待って遅れた {starts.waited:,} 件）、始められなかった {starts.lost:,} 件"
        )
        for reason, count in starts.dropped.items():
            out.print(f"  {escape(reason)}: {count:,} 件")
    for step in report.steps.values():
        for reason, count in sorted(step.failures.items(), key=lambda item: -item[1]):
            if step.kind != JOURNEY:
                out.print(f"  失敗 {count:,} 件: {escape(f'{step.name} {reason}')}")
    for finding in result.findings:
        mark = "[green]満たす[/green]" if finding.holds else "[red]満たさない[/red]"
        out.print(f"{mark}  {escape(finding.text)}", highlight=False)
    for reason in result.spoiled:
        out.print(f"[yellow]無効[/yellow]  {escape(reason)}", highlight=False)


def ms(microseconds: int) -> str:
    return f"{microseconds / 1000:,.1f}" if microseconds < 100_000 else f"{microseconds / 1000:,.0f}"
