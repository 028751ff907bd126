"""``make bench``: every benchmark in one run on one machine, next to named others; a row each in the ledger.

``python -m benchmarks [--only NAME]… [--rounds N] [--no-ledger] [--list]``
"""

import argparse
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks import ledger, pictures
from benchmarks.ledger import Row
from benchmarks.processes import LOAD_CORES, SERVER_CORES, generator_name
from sim.world.key_folder import key_folder

ROUNDS = 5
Benchmark = Callable[[Path, int], list[Row]]
"""Is handed an empty folder and the number of rounds."""


def _citizen(folder: Path, rounds: int) -> list[Row]:
    from benchmarks import operations

    return operations.citizen(key_folder(), folder, rounds)


def _simulator(folder: Path, rounds: int) -> list[Row]:
    from benchmarks import operations

    return operations.simulator(key_folder(), folder, rounds)


def _journeys(folder: Path, rounds: int) -> list[Row]:
    from benchmarks import journeys

    return journeys.rows(key_folder(), rounds)


def _living(folder: Path, rounds: int) -> list[Row]:
    from benchmarks import living

    return living.rows(rounds)


def _exploring(folder: Path, rounds: int) -> list[Row]:
    from benchmarks import exploring

    return exploring.rows(key_folder(), rounds)


def _starting(folder: Path, rounds: int) -> list[Row]:
    from benchmarks import starting

    return starting.rows(folder, rounds)


def _signing_in(folder: Path, rounds: int) -> list[Row]:
    from benchmarks import signing_in

    return signing_in.rows(key_folder(), folder, rounds)


def _calls(folder: Path, rounds: int) -> list[Row]:
    from benchmarks import calls

    return calls.rows(rounds)


def _serving(name: str) -> Benchmark:
    def run(folder: Path, rounds: int) -> list[Row]:
        from benchmarks import serving

        found: list[Row] = getattr(serving, name)(folder, rounds)
        return found

    return run


def _writes(folder: Path, rounds: int) -> list[Row]:
    from benchmarks import writes

    return writes.rows(folder, rounds)


def _notices(folder: Path, rounds: int) -> list[Row]:
    from benchmarks import notices

    return notices.rows(key_folder(), folder, rounds)


def _folder(folder: Path, rounds: int) -> list[Row]:
    from benchmarks import folder as measured

    return measured.rows(key_folder(), folder, rounds)


def _database(folder: Path, rounds: int) -> list[Row]:
    from benchmarks import database

    return database.store(folder, rounds)


def _workers(folder: Path, rounds: int) -> list[Row]:
    from benchmarks import database

    return database.workers(key_folder(), folder, rounds)


def _generator(folder: Path, rounds: int) -> list[Row]:
    from benchmarks import generating

    return generating.rows(key_folder(), folder, rounds)


def _others(module: str) -> Benchmark:
    """The rows of a benchmark file that measures by itself; they name their aims in words."""

    def run(folder: Path, rounds: int) -> list[Row]:
        # These files also run as programs, and find their neighbours as such.
        sys.path.insert(0, str(Path(__file__).parent))
        try:
            measured = import_module(module)
        finally:
            sys.path.pop(0)
        rows: list[Row] = []
        for benchmark in measured.BENCHMARKS:
            for row in benchmark():
                is_aim = row["versus"].startswith("aim")
                rows.append(
                    Row(
                        row["name"].replace(": ", ".").replace(" ", "_"),
                        row["value"],
                        row["unit"],
                        row["versus"],
                        row["ratio"],
                        aim=_aim(row["value"], row["ratio"], row["unit"]) if is_aim else None,
                        more_is_better=_more_is_better(row["unit"]),
                    )
                )
        return rows

    return run


def _more_is_better(unit: str) -> bool:
    return unit.endswith("/s")


def _aim(value: float, ratio: float, unit: str) -> float:
    return value / ratio if _more_is_better(unit) else value * ratio


BENCHMARKS: dict[str, Benchmark] = {
    "citizen": _citizen,
    "simulator": _simulator,
    "journeys": _journeys,
    "explorer": _exploring,
    "years": _living,
    "starting": _starting,
    "signing_in": _signing_in,
    "calls": _calls,
    "hello": _serving("hello"),
    "page": _serving("page"),
    "lane_writes": _serving("writes"),
    "connections": _serving("connections"),
    "sessions": _serving("sessions"),
    "writes": _writes,
    "notices": _notices,
    "folder": _folder,
    "database": _database,
    "workers": _workers,
    "generator": _generator,
    "card": _others("card_bench"),
    "nation": _others("nation_bench"),
    "network": _others("network_bench"),
}


def run(names: Sequence[str], rounds: int) -> tuple[list[Row], list[str]]:
    """The rows of these benchmarks, and the names of those that failed."""
    rows: list[Row] = []
    failed: list[str] = []
    for name in names:
        sys.stderr.write(f"{name} …\n")
        sys.stderr.flush()
        with tempfile.TemporaryDirectory(prefix="mynasim-bench-") as folder:
            try:
                found = BENCHMARKS[name](Path(folder), rounds)
            except Exception:
                traceback.print_exc()
                failed.append(name)
                continue
        rows += found
        for row in found:
            sys.stderr.write(f"  {row.name}: {_figure(row.value)} {row.unit}\n")
    return rows, failed


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(rows: Sequence[Row]) -> Table:
    shown = Table("row", title=f"load by {generator_name()}; servers on {SERVER_CORES}, load on {LOAD_CORES}")
    for heading in ("value", "unit", "aim", "reached", "ratio"):
        shown.add_column(heading, justify="right")
    shown.add_column("versus")
    for row in rows:
        reached = {None: "", True: Text("yes"), False: Text("no", style="red")}[row.reached]
        shown.add_row(
            row.name,
            _figure(row.value),
            row.unit,
            "" if row.aim is None else _figure(row.aim),
            reached,
            "" if row.ratio is None else f"{row.ratio:.2f}",
            row.versus,
        )
    return shown


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(BENCHMARKS), help="this one; may be repeated")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"medians of so many (default {ROUNDS})")
    parser.add_argument("--no-ledger", action="store_true", help="don't write the rows down")
    parser.add_argument("--list", action="store_true", help="print the names")
    options = parser.parse_args(arguments)
    if options.list:
        print("\n".join(BENCHMARKS))
        return 0
    rows, failed = run(options.only or list(BENCHMARKS), options.rounds)
    # What a row says is text: brackets and colons in it are no markup and no emoji.
    console = Console(width=None if sys.stdout.isatty() else 160, markup=False, emoji=False, highlight=False)
    console.print(table(rows))
    for row in rows:
        if row.note:
            console.print(f"{row.name}: {row.note}", style="dim")
    if rows and not options.no_ledger:
        console.print(f"written to {ledger.append(rows).relative_to(Path(__file__).parents[1])}")
        console.print(f"shown in {pictures.write().relative_to(Path(__file__).parents[1])}")
    if failed:
        console.print(f"failed: {', '.join(failed)}", style="red")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
