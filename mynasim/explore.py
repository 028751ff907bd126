"""``mynasim explore``: random worlds with faults, in simulated time; any failure is repeated from its seed."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from portal.refusal import Refusal

if TYPE_CHECKING:
    from rich.console import Console

    from scenarios.explorer.case import Case

SEEDS = 100
"""Explored when nothing else is said."""
PROCESSES_MAX = 256


class WrongOrder(Refusal):
    """The options don't go together."""


def explore(
    *,
    seeds: Annotated[int | None, Parameter(help="調べる種の数。既定は100。")] = None,
    minutes: Annotated[float | None, Parameter(help="種の数の代わりに、この時間（分）だけ調べます。")] = None,
    first: Annotated[int, Parameter(help="はじめの種。")] = 1,
    processes: Annotated[int | None, Parameter(help="同時に使うプロセスの数。既定はすべてのコア。")] = None,
    seed: Annotated[int | None, Parameter(help="この種だけを動かし、くわしく報告します。")] = None,
    case: Annotated[
        Path | None, Parameter(help="種の代わりに、--save で書いた事例のファイルを動かします。")
    ] = None,
    commit: Annotated[
        str | None, Parameter(help="プログラムの版。いまの版と違えば、動かさずに断ります。")
    ] = None,
    trace: Annotated[Path | None, Parameter(help="経過を1行ずつ、このファイルに書きます。")] = None,
    shrink: Annotated[
        bool, Parameter(help="失敗した種の障害と用事を、同じ失敗が起こる範囲で減らします。", negative="")
    ] = False,
    save: Annotated[
        bool,
        Parameter(help="小さくした事例を残します。以後、テストがいつも動かします。", negative=""),
    ] = False,
    failures: Annotated[int, Parameter(help="失敗がこの数になったら終えます。")] = 10,
    diagram: Annotated[Path, Parameter(help="失敗したときのシーケンス図（SVG）を置くフォルダー。")] = Path(
        "artefacts/explorer"
    ),
    json: Annotated[bool, Parameter(help="最後の行に、結果を1行のJSONで書きます。", negative="")] = False,
) -> None:
    """でたらめな世界と障害を試し、守られるべきことが守られるかを調べます。

    すべて守られれば終了コードは0、守られないことがあれば1です。
    """
    from mynasim.output import console
    from scenarios.explorer import tree

    out = console(highlight=False)
    is_one = seed is not None or case is not None
    if is_one and (seeds is not None or minutes is not None or (seed is not None and case is not None)):
        raise WrongOrder("--seed、--case、--seeds（または --minutes）は、どれか一つだけ指定してください。")
    if not is_one and (trace is not None or shrink or save):
        raise WrongOrder("--trace、--shrink、--save は、--seed か --case と一緒に使ってください。")
    if any(given is not None and given < 0 for given in (seed, first)) or any(
        given is not None and given <= 0 for given in (seeds, minutes, processes, failures)
    ):
        raise WrongOrder("種は0以上、種の数・時間・プロセスと失敗の数は1以上にしてください。")
    if commit is not None:
        tree.hold_to(commit)
    if is_one:
        sys.exit(_one(out, seed, case, trace, diagram, shrink=shrink, save=save, json=json))
    count = min(processes or os.cpu_count() or 1, PROCESSES_MAX)
    wanted = seeds if seeds is not None or minutes is not None else SEEDS
    sys.exit(_many(out, wanted, minutes, first, count, diagram, failures=failures, json=json))


def _many(
    out: "Console",
    seeds: int | None,
    minutes: float | None,
    first: int,
    processes: int,
    diagram: Path,
    *,
    failures: int,
    json: bool,
) -> int:
    import json as encoding

    from mynasim.progress import Progressing
    from scenarios.explorer import drawing, many, registry, report, running
    from sim.world.facts import WorldFacts
    from sim.world.key_folder import key_folder

    registry.load()
    keys = key_folder()
    seconds = None if minutes is None else minutes * 60
    order = many.Order(first, seeds, seconds, processes, keys, failures)
    with Progressing("探索", "種") as progress:
        summary = many.explore(order, lambda done, _: progress(done, seeds or max(done, 1)))
    for found in summary.failures:
        report.short(out, found)
    if summary.failures:
        worst = summary.failures[0]
        facts = WorldFacts(1, keys)
        outcome = running.run(drawing.draw(worst.seed), facts)
        if outcome.breach is not None:
            report.failure(out, outcome, diagram / f"seed-{worst.seed}.svg")
        for found in summary.failures[1:]:
            out.print(f"  もう一度起こすには: {report.repeat_line(found.seed)}", soft_wrap=True)
    report.summed_up(out, summary, first)
    if json:
        sys.stdout.write(encoding.dumps(report.for_programs(summary, first), ensure_ascii=False) + "\n")
    return 0 if summary.passed else 1


def _one(
    out: "Console",
    seed: int | None,
    case_file: Path | None,
    trace: Path | None,
    diagram: Path,
    *,
    shrink: bool,
    save: bool,
    json: bool,
) -> int:
    import json as encoding

    from rich.markup import escape

    from scenarios.explorer import case as cases
    from scenarios.explorer import drawing, people, registry, report, running
    from sim.world.facts import WorldFacts
    from sim.world.key_folder import key_folder

    registry.load()
    keys = key_folder()
    people.make_ahead(keys)
    facts = WorldFacts(people.NATION_SEED, keys)
    case: Case = drawing.draw(seed) if seed is not None else cases.read(case_file or Path()).case
    outcome = running.run(case, facts, keep_lines=trace is not None)
    if trace is not None:
        report.write_trace(trace, outcome)
        out.print(f"経過: {escape(str(trace))}（SHA-256 {outcome.trace}）", soft_wrap=True)
    repeat = None if case_file is None else f"mynasim explore --case {case_file}"
    name = f"seed-{case.seed}.svg" if case_file is None else f"{case_file.stem}.svg"
    if outcome.breach is None:
        out.print(
            f"[green]✓[/green] 種 {case.seed}: すべて守られました"
            f"（メッセージ {outcome.messages:,}件、障害 {len(case.plan)}件、経過 {outcome.trace[:16]}）。",
            soft_wrap=True,
        )
    else:
        report.failure(out, outcome, diagram / name, repeat=repeat)
        if shrink or save:
            from scenarios.explorer import kept

            kept.shrink_and_keep(out, outcome, facts, diagram, save=save)
    if json:
        breach = outcome.breach
        told = {
            "seed": case.seed,
            "trace": outcome.trace,
            "messages": outcome.messages,
            "calls": outcome.calls,
            "reached": sorted(outcome.reached),
            "invariant": None if breach is None else breach.invariant,
            "passed": breach is None,
        }
        sys.stdout.write(encoding.dumps(told, ensure_ascii=False) + "\n")
    return 0 if outcome.breach is None else 1
