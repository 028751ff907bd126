"""Plots as SVG, drawn by hand: axes, lines, bands and bars, with a text beside every picture for who can't see it.

Colours are CSS variables of the page (``--s1`` …), so the same picture serves light and dark and print.
"""

from collections.abc import Sequence
from html import escape
from math import ceil, floor, isfinite, log10
from typing import NamedTuple

WIDTH = 960
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 14, 34


class Series(NamedTuple):
    """系列."""

    name: str
    points: Sequence[tuple[float, float]]
    colour: str
    dashed: bool = False
    filled: bool = False


class Band(NamedTuple):
    """帯: a stretch of the time axis with something to say about it."""

    begins: float
    ends: float
    text: str


class Axis(NamedTuple):
    """軸: from a value to a place."""

    low: float
    high: float
    first: float
    last: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        low, high = self.low, self.high
        if self.logarithmic:
            value, low, high = log10(max(value, low)), log10(low), log10(high)
        share = (value - low) / (high - low) if high > low else 0.0
        return self.first + min(1.0, max(0.0, share)) * (self.last - self.first)

    def ticks(self) -> list[float]:
        if self.logarithmic:
            decades = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
            steps = (1.0,) if len(decades) > 4 else (1.0, 2.0, 5.0)
            found = [step * 10.0**decade for decade in decades for step in steps]
            return [value for value in found if self.low <= value * 1.0001 and value <= self.high * 1.0001]
        step = nice((self.high - self.low) / 6)
        first = ceil(self.low / step)
        return [number * step for number in range(first, floor(self.high / step + 1e-9) + 1)]


def nice(value: float) -> float:
    """The next larger of 1, 2, 5 times a power of ten."""
    if value <= 0 or not isfinite(value):
        return 1.0
    power = 10.0 ** floor(log10(value))
    return next((step * power for step in (1, 2, 5) if step * power >= value * 0.999), 10 * power)


def plain(value: float) -> str:
    """A number as a person would write it."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def lines(
    title: str,
    series: Sequence[Series],
    *,
    unit: str,
    seconds: float,
    bands: Sequence[Band] = (),
    logarithmic: bool = False,
    height: int = 250,
    clock: tuple[str, str] = ("", ""),
    across: str = "秒",
    marks: Sequence[tuple[float, str]] = (),
) -> str:
    """Values over the time of the run; *marks* name places on its axis in place of round numbers."""
    values = [value for each in series for _, value in each.points if isfinite(value)]
    most = max(values, default=1.0) or 1.0
    down = height - BOTTOM
    if logarithmic:
        positive = [value for value in values if value > 0]
        low = 10.0 ** floor(log10(min(positive, default=1.0)))
        high = max(10.0 ** ceil(log10(most * 1.0001)), low * 10)
        y = Axis(low, high, down, TOP, logarithmic=True)
    else:
        step = nice(most / 5)
        y = Axis(0.0, ceil(most / step) * step, down, TOP)
    x = Axis(0.0, max(seconds, 1.0), LEFT, WIDTH - RIGHT)
    parts = [_frame(title, height), _bands(bands, x, down), _grid(x, y, down, unit, clock, across, marks)]
    parts += [_line(each, x, y, down) for each in series]
    return "".join([*parts, "</svg>", _legend(series)])


def _frame(title: str, height: int) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}" '
        f'preserveAspectRatio="xMidYMid meet">'
    )


def _bands(bands: Sequence[Band], x: Axis, down: float) -> str:
    parts = []
    for number, band in enumerate(bands):
        left, right = x.at(band.begins), x.at(band.ends)
        width = max(2.0, right - left)
        parts.append(
            f'<g class="fault"><rect x="{left:.1f}" y="{TOP}" width="{width:.1f}" height="{down - TOP:.1f}">'
            f"<title>{escape(band.text)} {band.begins:.0f}–{band.ends:.0f}秒</title></rect>"
            f'<text x="{left + 4:.1f}" y="{TOP + 12 + number % 3 * 14}">{escape(band.text)}</text></g>'
        )
    return "".join(parts)


def _grid(
    x: Axis,
    y: Axis,
    down: float,
    unit: str,
    clock: tuple[str, str],
    across: str = "秒",
    marks: Sequence[tuple[float, str]] = (),
) -> str:
    parts = []
    for value in y.ticks():
        at = y.at(value)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(
            f'<text class="tick" x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{plain(value)}</text>'
        )
    for value, text in marks or [(value, plain(value)) for value in x.ticks()]:
        at = x.at(value)
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{down}" y2="{down + 5}"/>')
        parts.append(
            f'<text class="tick" x="{at:.1f}" y="{down + 18}" text-anchor="middle">{escape(text)}</text>'
        )
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{down}" y2="{down}"/>')
    parts.append(f'<text class="unit" x="{LEFT + 6}" y="{TOP + 4}">{escape(unit)}</text>')
    text = across
    if clock[0]:
        text = f"秒（{clock[0]}から{clock[1]}までを縮めて）"
    parts.append(
        f'<text class="tick" x="{WIDTH - RIGHT}" y="{down + 31}" text-anchor="end">{escape(text)}</text>'
    )
    return "".join(parts)


def _line(series: Series, x: Axis, y: Axis, down: float) -> str:
    """Gaps where there is no value."""
    pieces: list[list[tuple[float, float]]] = [[]]
    for at, value in series.points:
        if isfinite(value):
            pieces[-1].append((x.at(at), y.at(value)))
        elif pieces[-1]:
            pieces.append([])
    drawn = []
    dash = ' stroke-dasharray="5 4"' if series.dashed else ""
    for piece in pieces:
        if len(piece) == 1:
            drawn.append(
                f'<circle cx="{piece[0][0]:.1f}" cy="{piece[0][1]:.1f}" r="2.2" style="fill:{series.colour}"/>'
            )
        elif piece:
            path = " ".join(f"{px:.1f},{py:.1f}" for px, py in piece)
            if series.filled:
                drawn.append(
                    f'<polygon points="{piece[0][0]:.1f},{down} {path} {piece[-1][0]:.1f},{down}" '
                    f'style="fill:{series.colour};opacity:.14"/>'
                )
            drawn.append(f'<polyline points="{path}" style="stroke:{series.colour}"{dash}/>')
    return f'<g class="line"><title>{escape(series.name)}</title>{"".join(drawn)}</g>'


def _legend(series: Sequence[Series]) -> str:
    items = []
    for each in series:
        style = f"border-top:{'2px dashed' if each.dashed else '3px solid'} {each.colour}"
        items.append(f'<li><span style="{style}"></span>{escape(each.name)}</li>')
    return f'<ul class="legend">{"".join(items)}</ul>'


def columns(
    title: str, names: Sequence[str], series: Sequence[Series], *, unit: str, across: str, height: int = 230
) -> str:
    """棒: for each of *names* a column of each series; its points are (number of the name, value)."""
    most = max((value for each in series for _, value in each.points), default=0.0) or 1.0
    down, step = height - BOTTOM, nice(most / 4)
    y = Axis(0.0, ceil(most / step) * step, down, TOP)
    x = Axis(0.0, float(len(names)), LEFT, WIDTH - RIGHT)
    marks = [(number + 0.5, name) for number, name in enumerate(names)]
    parts = [_frame(title, height), _grid(x, y, down, unit, ("", ""), across, marks)]
    wide = (x.at(1) - x.at(0)) * 0.8 / max(1, len(series))
    for place, each in enumerate(series):
        for number, value in each.points:
            left, top = x.at(number + 0.1) + place * wide, y.at(value)
            parts.append(
                f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{down - top:.1f}" '
                f'style="fill:{each.colour}"><title>{escape(names[int(number)])}: {escape(each.name)} '
                f"{plain(value)}</title></rect>"
            )
    return "".join([*parts, "</svg>", _legend(series)])


def histogram(
    title: str, bars: Sequence[tuple[str, str, Sequence[tuple[int, int]]]], *, height: int = 240
) -> str:
    """度数分布 over logarithmic time; each of *bars*: name, colour, (µs, count)."""
    values = [max(1, value) for _, _, each in bars for value, _ in each]
    if not values:
        return ""
    low, high = 10.0 ** floor(log10(min(values) / 1000)), 10.0 ** ceil(log10(max(values) / 1000 * 1.0001))
    x = Axis(low, max(high, low * 10), LEFT, WIDTH - RIGHT, logarithmic=True)
    columns = 120
    sums: list[list[int]] = []
    for _, _, each in bars:
        heights = [0] * (columns + 1)
        for value, count in each:
            share = (x.at(max(1, value) / 1000) - LEFT) / (WIDTH - RIGHT - LEFT)
            heights[int(share * columns)] += count
        sums.append(heights)
    most = max(max(heights) for heights in sums) or 1
    down = height - BOTTOM
    step = max(1.0, nice(most / 4))
    y = Axis(0.0, ceil(most / step) * step, down, TOP)
    parts = [_frame(title, height)]
    for tick in y.ticks():
        at = y.at(tick)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(
            f'<text class="tick" x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{plain(tick)}</text>'
        )
    for tick in x.ticks():
        at = x.at(tick)
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{down + 5}"/>')
        parts.append(
            f'<text class="tick" x="{at:.1f}" y="{down + 18}" text-anchor="middle">{plain(tick)}</text>'
        )
    wide = (WIDTH - RIGHT - LEFT) / columns
    for (name, colour, _), heights in zip(bars, sums, strict=True):
        path = [f"{LEFT},{down}"]
        for number, count in enumerate(heights):
            left = LEFT + number * wide
            path += [f"{left:.1f},{y.at(count):.1f}", f"{left + wide:.1f},{y.at(count):.1f}"]
        path.append(f"{WIDTH - RIGHT},{down}")
        parts.append(
            f'<polygon class="bars" points="{" ".join(path)}" style="fill:{colour};stroke:{colour}">'
            f"<title>{escape(name)}</title></polygon>"
        )
    parts.append(f'<text class="unit" x="{LEFT + 6}" y="{TOP + 4}">件</text>')
    parts.append(
        f'<text class="tick" x="{WIDTH - RIGHT}" y="{down + 31}" text-anchor="end">ミリ秒（対数）</text>'
    )
    shown = [Series(name, (), colour) for name, colour, _ in bars]
    return "".join([*parts, "</svg>", _legend(shown)])


def scatter(
    title: str,
    points: Sequence[tuple[float, float, bool]],
    curve: Sequence[tuple[float, float]],
    *,
    across: str,
    up: str,
    height: int = 300,
) -> str:
    """Points (hollow where the third is false) and a curve through them."""
    if not points:
        return ""
    down = height - BOTTOM
    wide, tall = max(x for x, _, _ in points) * 1.05, max(y for _, y, _ in points) * 1.1
    step = nice(tall / 5)
    x, y = Axis(0.0, wide or 1.0, LEFT, WIDTH - RIGHT), Axis(0.0, ceil(tall / step) * step or 1.0, down, TOP)
    parts = [_frame(title, height), _grid(x, y, down, up, ("", ""), across)]
    if curve:
        path = " ".join(f"{x.at(px):.1f},{y.at(py):.1f}" for px, py in curve)
        parts.append(f'<g class="line"><polyline points="{path}" style="stroke:var(--s1)"/></g>')
    for px, py, holds in points:
        fill = "var(--s3)" if holds else "var(--paper)"
        stroke = "var(--s3)" if holds else "var(--bad)"
        parts.append(
            f'<circle cx="{x.at(px):.1f}" cy="{y.at(py):.1f}" r="4.5" style="fill:{fill};stroke:{stroke};stroke-width:2">'
            f"<title>{plain(px)} / {plain(py)}</title></circle>"
        )
    return "".join([*parts, "</svg>"])


class Bar(NamedTuple):
    """滝の一段: a step's beginning, and its parts one after the other; milliseconds."""

    name: str
    note: str
    begins: float
    parts: Sequence[tuple[str, str, float]]
    """Name, colour, length."""


def waterfall(title: str, bars: Sequence[Bar]) -> str:
    """滝: when in a visit which step goes on, on the average."""
    row, top = 26, 26
    height = top + row * len(bars) + 14
    left, right = 250, WIDTH - 110
    ends = max((bar.begins + sum(length for _, _, length in bar.parts) for bar in bars), default=1.0)
    step = nice(ends / 6)
    x = Axis(0.0, max(ends, 1e-3), left, right)
    parts = [_frame(title, height)]
    number = 0
    while number * step <= ends * 1.0001:
        at = x.at(number * step)
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{top - 6}" y2="{height - 12}"/>')
        parts.append(
            f'<text class="tick" x="{at:.1f}" y="{top - 10}" text-anchor="middle">{plain(number * step)}</text>'
        )
        number += 1
    for place, bar in enumerate(bars):
        y = top + place * row
        parts.append(
            f'<text class="label" x="{left - 10}" y="{y + 15}" text-anchor="end">{escape(bar.name)}</text>'
        )
        at = bar.begins
        for name, colour, length in bar.parts:
            if length <= 0:
                continue
            width = max(1.2, x.at(at + length) - x.at(at))
            parts.append(
                f'<rect x="{x.at(at):.1f}" y="{y + 3}" width="{width:.1f}" height="{row - 9}" rx="1.5" style="fill:{colour}">'
                f"<title>{escape(bar.name)}: {escape(name)} {length:.2f} ms</title></rect>"
            )
            at += length
        parts.append(f'<text class="tick" x="{x.at(at) + 7:.1f}" y="{y + 15}">{escape(bar.note)}</text>')
    return "".join([*parts, "</svg>"])
