"""The part of the page about journeys: waterfalls of real visits, and a table of the steps."""

from html import escape

from load.journeys import journeys
from load.measuring import CARD, JOURNEY, LATE, Report, StepReport
from load.report.chart import Bar, plain, waterfall
from load.report.words import milliseconds
from load.traces import Span, Trace

PORTAL, NETWORK, MUNICIPALITY, WAY, CARD_COLOUR = (f"var(--s{number})" for number in (1, 2, 3, 4, 5))
SAME_STEPS_SHOWN_MAX = 3
"""Of a step that comes again and again in a row, such as looking for a late answer; the rest is told in words."""


def section(report: Report) -> str:
    parts = ["<section><h2>行程</h2>", _legend()]
    for name in report.journeys():
        title = journeys()[name].title if name in journeys() else name
        steps = [step for step in report.steps.values() if step.journey == name and step.kind != JOURNEY]
        whole = report.steps[name, JOURNEY, name]
        parts.append(f"<h3>{escape(title)} <code>{escape(name)}</code></h3>")
        traces = report.traces.get(name)
        if traces is not None:
            median = whole.histogram.percentile(50)
            ordinary = traces.near(median)
            if ordinary is not None:
                parts.append(
                    _figure(f"ふつうの訪問（p50 {milliseconds(median)} に近いもの）", title, ordinary)
                )
            if traces.longest is not None and traces.longest != ordinary:
                parts.append(_figure("いちばん長かった訪問", title, traces.longest))
        parts.append(_table([*steps, whole]))
    return "".join([*parts, "</section>"])


def _legend() -> str:
    items = "".join(
        f'<li><span class=box style="background:{colour}"></span>{name}</li>'
        for name, colour in (
            ("ポータル", PORTAL),
            ("情報提供ネットワークなど", NETWORK),
            ("市区町村など（中間サーバー）", MUNICIPALITY),
            ("往復と待ち", WAY),
            ("カードの署名（負荷側）", CARD_COLOUR),
        )
    )
    return (
        "<p class=note>本当にあった訪問です。内訳はポータルが答えに付ける <code>Server-Timing</code> により、"
        f"あいだの空白は、人が考える時間か、後日回答を待つ時間です。</p><ul class=legend>{items}</ul>"
    )


def _figure(words: str, title: str, trace: Trace) -> str:
    drawn = waterfall(f"{title}: {words}", _bars(trace))
    return (
        f"<figure><figcaption>{escape(words)}: {milliseconds(trace.took)}</figcaption>{drawn}"
        "<p class=axis>訪問の始まりからのミリ秒</p></figure>"
    )


def _bars(trace: Trace) -> list[Bar]:
    bars: list[Bar] = []
    place = 0
    while place < len(trace.spans):
        end = place
        while end < len(trace.spans) and trace.spans[end].name == trace.spans[place].name:
            end += 1
        same = trace.spans[place:end]
        for span in same[:SAME_STEPS_SHOWN_MAX]:
            bars.append(_bar(span))
        if len(same) > SAME_STEPS_SHOWN_MAX:
            rest = same[SAME_STEPS_SHOWN_MAX:]
            took = (rest[-1].begins + rest[-1].took - rest[0].begins) / 1000
            note = f"ほか {len(rest)} 回、{plain(took)} ms のあいだ"
            bars.append(Bar(same[0].name, note, rest[0].begins / 1000, [("くり返し", WAY, took)]))
        place = end
    return bars


def _bar(span: Span) -> Bar:
    took = span.took / 1000
    note = f"{plain(took)} ms" + (" 失敗" if span.failed else "")
    if span.kind == CARD:
        return Bar("カードの署名", note, span.begins / 1000, [("署名", CARD_COLOUR, took)])
    told = span.portal + span.network + span.municipality
    # Two clocks: what the portal says can be longer than what we saw by some microseconds.
    factor = min(1.0, span.took / told) / 1000 if told else 0.0
    parts = [
        ("ポータル", PORTAL, span.portal * factor),
        ("情報提供ネットワークなど", NETWORK, span.network * factor),
        ("市区町村など", MUNICIPALITY, span.municipality * factor),
        ("往復と待ち", WAY, max(0.0, took - told * factor)),
    ]
    return Bar(span.name, note, span.begins / 1000, parts)


def _table(steps: list[StepReport]) -> str:
    planned = any(step.intended.count for step in steps)
    extra = "<th>予定から p50</th><th>予定から p99</th>" if planned else ""
    rows = []
    names = {LATE: "後日回答まで: ", CARD: "負荷側: ", JOURNEY: "訪問全体"}
    for step in steps:
        name = names.get(step.kind, "") + ("" if step.kind == JOURNEY else step.name)
        found = step.histogram
        cells = "".join(
            f"<td>{milliseconds(found.percentile(percent))}</td>" for percent in (50, 90, 99, 100)
        )
        if planned:
            cells += "".join(
                f"<td>{milliseconds(step.intended.percentile(p)) if step.intended.count else '–'}</td>"
                for p in (50, 99)
            )
        failed = f"<td class=no>{step.failed:,}</td>" if step.failed else "<td>0</td>"
        rows.append(f"<tr><th>{escape(name)}</th><td>{found.count:,}</td>{failed}{cells}</tr>")
    return (
        "<div class=wide><table><thead><tr><th>手順</th><th>回数</th><th>失敗</th><th>p50</th><th>p90</th><th>p99</th>"
        f"<th>最大</th>{extra}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )
