"""The part of the page about capacity: steps, the law through them, the plan on paper."""

from html import escape

from load.capacity import Found, Step
from load.report.chart import plain, scatter
from load.report.words import milliseconds


def section(found: Found | None) -> str:
    if found is None:
        return ""
    listed = "".join(f"<li>{escape(line.strip())}</li>" for line in found.lines())
    points = [(step.under_way, step.throughput, step.is_carried) for step in found.steps]
    curve = []
    if found.law is not None:
        first, last = min(visits for visits, _, _ in points), found.law.measured_to
        grid = [first + (last - first) * number / 100 for number in range(101)]
        curve = [(visits, found.law.at(visits)) for visits in grid]
    drawn = scatter("同時の訪問と、1秒に終わる訪問", points, curve, across="同時の訪問", up="件/秒")
    head = "".join(
        f"<th>{name}</th>"
        for name in (
            "計画 件/秒",
            "終了 件/秒",
            "同時の訪問",
            "訪問の平均",
            "p99",
            "始められず",
            "失敗",
            "Little",
            "水準",
        )
    )
    rows = "".join(
        f"<tr><td>{plain(step.offered)}</td><td>{plain(step.throughput)}</td><td>{plain(step.under_way)}</td>"
        f"<td>{milliseconds(step.visit_s * 1e6)}</td><td>{milliseconds(step.p99_ms * 1000)}</td><td>{step.dropped:,}</td>"
        f"<td>{step.failures:,}</td><td{'' if step.is_balanced else ' class=no'}>{step.little_percent:.0f} %</td>"
        f"<td>{_carried(step)}</td></tr>"
        for step in found.steps
    )
    return (
        f"<section><h2>容量</h2><ul>{listed}</ul><figure><figcaption>同時の訪問と、1秒に終わる訪問"
        f"（線は普遍拡張則、測った範囲だけ）</figcaption>{drawn}</figure>"
        f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _carried(step: Step) -> str:
    if step.is_carried:
        return "<b class=ok>満たす</b>"
    return "<b class=no>たまる</b>" if step.holds else "<b class=no>満たさない</b>"
