"""A page with plots from the ledger: ``python -m benchmarks.pictures`` writes ``docs/pictures/benchmarks.html``.

One file, no script and nothing from elsewhere: for each row its latest figure next to its aim and to whom it was
measured with, and all figures there ever were as a line over the runs.
"""

import html
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.ledger import FOLDER

TARGET = Path(__file__).parents[1] / "docs" / "pictures" / "benchmarks.html"
WIDTH, HEIGHT, EDGE = 220, 48, 5
BAR_WIDTH = 260
Entry = Mapping[str, Any]

STYLE = """
body { font: 15px/1.6 system-ui, sans-serif; color: #1a1a1c; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .5rem .6rem; border-bottom: 1px solid #d8d8db; }
td.figure { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
small { color: #626264; }
.yes { color: #197a4b; } .no { color: #c8102e; font-weight: bold; }
"""


def entries(folder: Path = FOLDER) -> list[dict[str, Any]]:
    """Every row of the ledger, oldest first."""
    found = [
        json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()
    ]
    return sorted(found, key=lambda entry: str(entry["when"]))


def by_name(every: Iterable[Entry]) -> dict[str, list[Entry]]:
    """The history of each row, by name."""
    found: dict[str, list[Entry]] = {}
    for entry in every:
        found.setdefault(entry["name"], []).append(entry)
    return dict(sorted(found.items()))


def line(values: Sequence[float], title: str) -> str:
    """Figures over runs; from nothing to the largest, so that a small change looks small."""
    most = max(values) or 1.0
    step = (WIDTH - 2 * EDGE) / max(1, len(values) - 1)
    points = [
        (EDGE + index * step, HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * value / most)
        for index, value in enumerate(values)
    ]
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    return (
        f'<svg role="img" aria-label="{html.escape(title)}" width="{WIDTH}" height="{HEIGHT}">'
        f'<polyline points="{drawn}" fill="none" stroke="#0017c1" stroke-width="1.5"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#0017c1"/></svg>'
    )


def bar(ratio: float, wanted: float | None) -> str:
    """How many times better than the other one, on a scale of powers of ten, with a mark where it is meant to be."""

    def at(times: float) -> float:
        # A tenth is at the left edge, a hundred times at the right one.
        decades = 0.0
        while times >= 10 and decades < 2:
            times, decades = times / 10, decades + 1
        position = (decades + 1 + (times - 1) / 9) if times >= 1 else max(0.0, (times - 0.1) / 0.9)
        return min(BAR_WIDTH, BAR_WIDTH * position / 3)

    one, end = at(1.0), at(ratio)
    left, width = min(one, end), max(2.0, abs(end - one))
    colour = "#0017c1" if ratio >= 1 else "#c8102e"
    mark = ""
    if wanted is not None:
        mark = f'<line x1="{at(wanted):.1f}" x2="{at(wanted):.1f}" y1="2" y2="26" stroke="#1a1a1c" stroke-width="2"/>'
    label = f"{ratio:.2f} times" + ("" if wanted is None else f", {wanted:.2f} wanted")
    return (
        f'<svg role="img" aria-label="{label}" width="{BAR_WIDTH}" height="28">'
        f'<line x1="{one:.1f}" x2="{one:.1f}" y1="0" y2="28" stroke="#949497" stroke-dasharray="2 2"/>'
        f'<rect x="{left:.1f}" y="7" width="{width:.1f}" height="14" fill="{colour}"/>{mark}</svg>'
    )


def _wanted(entry: Entry) -> float | None:
    """The ratio that would just reach the aim, where the other one is a rival."""
    aim, value, ratio = entry.get("aim"), entry["value"], entry.get("ratio")
    if not aim or not ratio or not value:
        return None
    times = aim / value if entry["unit"].endswith(("/s", "core", "CPU", "CPU s")) else value / aim
    return float(ratio * times)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _line_of(name: str, history: Sequence[Entry]) -> str:
    latest = history[-1]
    reached = {True: '<span class="yes">reached</span>', False: '<span class="no">not reached</span>'}
    aim = "" if latest.get("aim") is None else f"<br><small>aim {_figure(latest['aim'])}</small>"
    ratio = latest.get("ratio")
    return (
        f"<tr><th scope=row>{html.escape(name)}<br><small>{html.escape(latest.get('note') or '')}</small></th>"
        f'<td class="figure">{_figure(latest["value"])} {html.escape(latest["unit"])}{aim}<br>'
        f"{reached.get(latest.get('reached'), '')}</td>"
        f"<td>{'' if ratio is None else bar(ratio, _wanted(latest))}<br>"
        f"<small>{'' if ratio is None else f'{ratio:.2f} × '}{html.escape(latest['versus'])}</small></td>"
        f"<td>{line([entry['value'] for entry in history], f'{name}, {len(history)} runs')}<br>"
        f"<small>{len(history)} runs, last {html.escape(latest['when'][:10])} of {html.escape(latest['commit'])}</small></td></tr>"
    )


def page(every: Iterable[Entry]) -> str:
    """The page."""
    histories = by_name(every)
    machines = sorted(
        {f"{entry['machine']['cpu']}, {entry['machine']['cores']} cores, Python {entry['machine']['python']}"
         for history in histories.values() for entry in history}
    )  # fmt: skip
    rows = "\n".join(_line_of(name, history) for name, history in histories.items())
    return (
        "<!doctype html>\n<html lang=en><head><meta charset=utf-8><title>mynasim: benchmarks</title>"
        f"<style>{STYLE}</style></head><body>\n<h1>Benchmarks</h1>\n"
        "<p>Made from <code>benchmarks/ledger/</code>. A figure means something next to the other one of its row, which was "
        "measured in the same run. Bars: how many times better than that one, from a tenth to a hundred times; dashed is "
        "the same pace, the black mark what is wanted. Lines: every run, from nothing to the largest.</p>\n"
        f"<p>Measured on: {html.escape('; '.join(machines))}.</p>\n"
        "<table><thead><tr><th>what</th><th>latest</th><th>next to</th><th>over the runs</th></tr></thead>\n"
        f"<tbody>\n{rows}\n</tbody></table></body></html>\n"
    )


def write() -> Path:
    """Writes the page; where it is."""
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(page(entries()), encoding="utf-8")
    return TARGET


def main() -> None:
    sys.stdout.write(f"{write().relative_to(Path(__file__).parents[1])}\n")


if __name__ == "__main__":
    main()
