"""The report as one file: nothing is loaded from anywhere, so it can be mailed, archived and opened in ten years."""

from html import escape
from importlib.resources import files
from pathlib import Path

from load.capacity import Found
from load.histogram import Histogram
from load.measuring import CARD, JOURNEY, LATE, REQUEST, Report, StepReport
from load.report import capacity as capacity_part
from load.report import journeys as journeys_part
from load.report.chart import Band, Series, histogram, lines, plain
from load.report.comparing import Difference, differences
from load.report.words import milliseconds
from load.result import Exit, Result

VERDICTS: dict[Exit, tuple[str, str, str]] = {
    Exit.HELD: ("good", "合格", "水準をすべて満たしました。"),
    Exit.BROKEN: ("bad", "不合格", "満たさない水準があります。"),
    Exit.INVALID: ("void", "無効", "負荷をかける側が妨げになりました。ポータルについては何も言えません。"),
    Exit.STOPPED: ("void", "途中まで", "途中で止められました。"),
}
NAN = float("nan")


def write(result: Result, path: Path, earlier: Result | None = None, capacity: Found | None = None) -> None:
    """Raises ``OSError``."""
    path.write_text(page(result, earlier, capacity), encoding="utf-8")


def page(result: Result, earlier: Result | None = None, capacity: Found | None = None) -> str:
    about = result.about
    style = (files("load.report") / "page.css").read_text(encoding="utf-8")
    body = "".join(
        [
            _head(result),
            _figures(result.report),
            _levels(result),
            capacity_part.section(capacity),
            _over_time(result, earlier),
            _distribution(result.report),
            journeys_part.section(result.report),
            _comparison(result, earlier),
            _failures(result.report),
            _generator(result),
            _conditions(result),
        ]
    )
    return (
        '<!doctype html>\n<html lang="ja"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>負荷試験: {escape(about.title)}</title><style>{style}</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    )


def _head(result: Result) -> str:
    kind, word, text = VERDICTS[result.exit_code]
    if result.exit_code is Exit.BROKEN and result.nothing_ended:
        text = "一度も訪問が終わりませんでした。"
    elif result.exit_code is Exit.HELD and not result.levels.levels:
        text = "失敗も、始められなかった開始もありません（水準のファイルなし）。"
    reasons = result.spoiled if result.exit_code is Exit.INVALID else result.complaints
    listed = "".join(f"<li>{escape(reason)}</li>" for reason in reasons)
    about = result.about
    return (
        f'<header><p class="kicker">mynasim load 負荷試験の報告（模擬システム）</p><h1>{escape(about.title)}</h1>'
        f'<p class="sub">{escape(about.began_at)} ・ {escape(about.host)} ・ {result.report.seconds:,.0f}秒</p>'
        f'<div class="verdict {kind}"><strong>{word}</strong><span>{escape(text)}（終了コード {int(result.exit_code)}）</span>'
        f"{f'<ul>{listed}</ul>' if listed else ''}</div></header>"
    )


def _figures(report: Report) -> str:
    starts = report.starts
    whole = _whole(report, JOURNEY)
    requests = _whole(report, REQUEST)
    seconds = max(report.seconds, 1e-9)
    ended = whole.histogram.count
    cards = []
    if starts.due:
        share = starts.lost / starts.due
        cards.append(("予定した開始", f"{starts.due:,}", f"毎秒 {starts.due / seconds:,.1f}"))
        cards.append(
            ("始められなかった", f"{starts.lost:,}", f"{share:.2%} ・ 遅れて始まった {starts.waited:,}")
        )
        cards.append(("終わった訪問", f"{ended:,}", f"途中のまま {max(0, starts.made - ended):,}"))
    else:
        cards.append(("終わった訪問", f"{ended:,}", f"毎秒 {ended / seconds:,.1f}"))
    count = requests.histogram.count
    cards.append(("要求", f"{count:,}", f"毎秒 {count / seconds:,.1f}"))
    cards.append(("失敗", f"{report.failures:,}", f"{report.failures / count:.2%}" if count else ""))
    cards.append(
        (
            "訪問 p99",
            milliseconds(whole.felt.percentile(99)),
            f"p50 {milliseconds(whole.felt.percentile(50))}",
        )
    )
    cards.append(
        (
            "要求 p99",
            milliseconds(requests.histogram.percentile(99)),
            f"p50 {milliseconds(requests.histogram.percentile(50))}",
        )
    )
    late = _whole(report, LATE).histogram
    if late.count:
        cards.append(
            (
                "後日回答まで p99",
                milliseconds(late.percentile(99)),
                f"p50 {milliseconds(late.percentile(50))} ・ {late.count:,}件",
            )
        )
    shown = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd><dd class='small'>{escape(more)}</dd></div>"
        for name, value, more in cards
    )
    return f'<dl class="figures">{shown}</dl>'


def _levels(result: Result) -> str:
    if not result.findings:
        return ""
    rows = "".join(
        f"<tr><td>{'<b class=ok>満たす</b>' if finding.holds else '<b class=no>満たさない</b>'}</td>"
        f"<td class=text>{escape(finding.text)}</td></tr>"
        for finding in result.findings
    )
    return f"<section><h2>サービス水準</h2><table class=levels><tbody>{rows}</tbody></table></section>"


def _over_time(result: Result, earlier: Result | None) -> str:
    report, about = result.report, result.about
    timeline = report.timeline
    width = timeline.width_s
    windows = timeline.windows()
    seconds = max(report.seconds, (windows[-1][0] + width) if windows else 1.0)
    bands = [Band(*mark) for mark in report.marks]
    middle = [(at + width / 2, window) for at, window in windows]
    rates = [Series("要求", [(at, w.requests.count / width) for at, w in middle], "var(--s1)", filled=True)]
    visits = []
    if report.starts.due:
        visits.append(
            Series("予定した開始", [(at, w.due / width) for at, w in middle], "var(--ink2)", dashed=True)
        )
        visits.append(Series("始まった訪問", [(at, w.made / width) for at, w in middle], "var(--s1)"))
        visits.append(Series("始められなかった", [(at, w.dropped / width) for at, w in middle], "var(--bad)"))
    visits.append(Series("終わった訪問", [(at, w.journeys.count / width) for at, w in middle], "var(--s3)"))
    rates.append(Series("失敗した要求", [(at, w.failures / width) for at, w in middle], "var(--bad)"))
    slow = [
        Series(f"訪問 p{percent:g}", [(at, _percentile(w.journeys, percent)) for at, w in middle], colour)
        for percent, colour in ((50, "var(--s3)"), (90, "var(--s2)"), (99, "var(--s5)"))
    ]
    quick = [
        Series(f"要求 p{percent:g}", [(at, _percentile(w.requests, percent)) for at, w in middle], colour)
        for percent, colour in ((50, "var(--s3)"), (90, "var(--s2)"), (99, "var(--s5)"))
    ]
    if earlier is not None:
        before = earlier.report.timeline
        shift = before.width_s / 2
        old = before.windows()
        slow.append(
            Series(
                "前回の訪問 p99",
                [(at + shift, _percentile(w.journeys, 99)) for at, w in old],
                "var(--ink2)",
                True,
            )
        )
        quick.append(
            Series(
                "前回の要求 p99",
                [(at + shift, _percentile(w.requests, 99)) for at, w in old],
                "var(--ink2)",
                True,
            )
        )
    going = [
        Series(
            "同時に続いている訪問", [(at, w.under_way / width) for at, w in middle], "var(--s4)", filled=True
        )
    ]
    clock = about.clock

    def plot(
        name: str, series: list[Series], unit: str, *, logarithmic: bool = False, height: int = 230
    ) -> str:
        drawn = lines(
            name,
            series,
            unit=unit,
            seconds=seconds,
            bands=bands,
            logarithmic=logarithmic,
            height=height,
            clock=clock,
        )
        return f"<figure><figcaption>{escape(name)}</figcaption>{drawn}</figure>"

    from_where = "予定した開始から" if report.starts.due else "始まりから"
    note = "色のついた帯は、世界に起こした障害です。" if bands else ""
    return (
        f"<section><h2>時間の経過</h2><p class=note>{width:g}秒ごとの値です。{note}</p>"
        + plot("訪問（毎秒）", visits, "件/秒")
        + plot("要求（毎秒）", rates, "件/秒")
        + plot(f"訪問の時間（{from_where}終わりまで）", slow, "ミリ秒（対数）", logarithmic=True)
        + plot("要求の応答時間（送信から）", quick, "ミリ秒（対数）", logarithmic=True)
        + plot("同時に続いている訪問", going, "件", height=180)
        + "</section>"
    )


def _percentile(found: Histogram, percent: float) -> float:
    return found.percentile(percent) / 1000 if found.count else NAN


def _distribution(report: Report) -> str:
    whole, requests = _whole(report, JOURNEY), _whole(report, REQUEST)
    drawn = histogram(
        "要求の応答時間の度数分布",
        [("要求（送信から）", "var(--s1)", requests.histogram.bars())]
        + (
            [("要求（予定した時刻から）", "var(--s5)", requests.intended.bars())]
            if requests.intended.count
            else []
        ),
    )
    visits = histogram("訪問の時間の度数分布", [("訪問", "var(--s3)", whole.felt.bars())])
    names = (50, 75, 90, 95, 99, 99.9, 99.99, 100)
    head = "".join(f"<th>p{percent:g}</th>" for percent in names)
    rows = []
    for name, found in (
        ("要求（送信から）", requests.histogram),
        ("要求（予定した時刻から）", requests.intended),
        ("訪問（始まりから）", whole.histogram),
        ("訪問（予定した時刻から）", whole.intended),
        ("後日回答まで", _whole(report, LATE).histogram),
    ):
        if found.count:
            cells = "".join(f"<td>{milliseconds(found.percentile(percent))}</td>" for percent in names)
            rows.append(f"<tr><th>{name}</th><td>{found.count:,}</td>{cells}</tr>")
    return (
        f"<section><h2>分布</h2><figure><figcaption>要求</figcaption>{drawn}</figure>"
        f"<figure><figcaption>訪問</figcaption>{visits}</figure>"
        f"<div class=wide><table><thead><tr><th></th><th>件数</th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div></section>"
    )


def _comparison(result: Result, earlier: Result | None) -> str:
    if earlier is None:
        return ""
    rows = "".join(_difference(each) for each in differences(earlier.report, result.report))
    return (
        f"<section><h2>前回との比較</h2><p class=note>前回: {escape(earlier.about.began_at)}「{escape(earlier.about.title)}」"
        f"、{earlier.report.seconds:,.0f}秒。5 %より大きな違いに色を付けています。1回ずつの測定なので、偶然の違いも含みます。</p>"
        "<div class=wide><table><thead><tr><th></th><th>前回</th><th>今回</th><th>違い</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _difference(each: Difference) -> str:
    kind = "" if abs(each.change) <= 0.05 else (" class=no" if each.worse else " class=ok")
    return (
        f"<tr><th>{escape(each.name)}</th><td>{plain(each.before)} {each.unit}</td><td>{plain(each.now)} {each.unit}</td>"
        f"<td{kind}>{each.change:+.1%}</td></tr>"
    )


def _failures(report: Report) -> str:
    found = sorted(
        ((count, step.name, reason) for step in report.steps.values() if step.kind != JOURNEY for reason, count in step.failures.items()),
        reverse=True,
    )  # fmt: skip
    found += [(count, "開始", reason) for reason, count in report.starts.dropped.items()]
    if not found:
        return ""
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td class=text>{escape(reason)}</td><td>{count:,}</td></tr>"
        for count, name, reason in found
    )
    return (
        "<section><h2>失敗の理由</h2><div class=wide><table><thead><tr><th>手順</th><th class=text>理由</th><th>件数</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _generator(result: Result) -> str:
    limits = result.levels.generator
    rows = []
    for watched in result.report.watched:
        lag = milliseconds(watched.lag.percentile(99)) if watched.lag.count else "–"
        rows.append(
            f"<tr><th>{escape(watched.name)}</th><td>{watched.cpu_share:.0%}</td>"
            f"<td>{watched.cpu.max_us / 1e6:.0%}</td><td>{milliseconds(watched.delay.percentile(99))}</td>"
            f"<td>{milliseconds(watched.delay.max_us)}</td><td>{lag}</td></tr>"
        )
    card = _whole(result.report, CARD).histogram
    about = result.about
    notes = []
    if card.count or result.report.signed_ahead:
        notes.append(
            f"カードの署名（RSA）は本物です。計測中に {card.count:,} 回"
            + (f"（p50 {milliseconds(card.percentile(50))}）" if card.count else "")
            + (
                f"、計測の前に {result.report.signed_ahead:,} 回。先に署名した訪問では、署名する値の要求（sign_in.challenge）は計測に入りません。"
                if result.report.signed_ahead
                else "行いました。"
            )
        )
    if about.card_keys:
        notes.append(
            f"住民はみな違う電子証明書を持ちますが、カードの鍵は {about.card_keys} 組を全員で共有します（鍵を作る時間を省くため）。"
        )
    listed = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return (
        "<section><h2>負荷をかける側</h2>"
        f"<p class=note>上限: CPU {limits.cpu_percent:g} %、イベントループの遅れ p99 {limits.loop_p99_ms:g} ms、開始の遅れ p99 "
        f"{limits.lag_p99_ms:g} ms。超えた測定は無効です（終了コード {int(Exit.INVALID)}）。</p><div class=wide><table><thead><tr>"
        "<th>プロセス</th><th>CPU 平均</th><th>CPU 最大（1秒）</th><th>ループの遅れ p99</th><th>ループの遅れ 最大</th><th>開始の遅れ p99</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div><ul class=notes>{listed}</ul></section>"
    )


def _conditions(result: Result) -> str:
    about = result.about
    model = (
        "開いた型（到着を計画し、遅くても待たない）"
        if about.model == "open"
        else "閉じた型（利用者が終えてから次を始める）"
    )
    rows = [
        ("型", model),
        (
            "プロファイル",
            f"{about.profile}（{about.arrivals}、山 毎秒{about.peak:g}）" if about.profile else "なし",
        ),
        ("説明", about.what),
        ("接続の数の上限", f"{about.users:,}"),
        ("プロセス", f"{about.processes}"),
        (
            "住民",
            "全員が1回ずつ" if about.model == "open" and not about.residents else f"{about.residents:,} 人",
        ),
        ("考える時間", f"×{about.think:g}" if about.think else "なし"),
        ("種", f"負荷 {about.seed}、国 {about.nation}"),
    ]
    if about.national_peak:
        share = about.peak / about.national_peak
        rows.insert(2, ("国全体の山", f"毎秒 {about.national_peak:,g}（この試験はその {share:.2%}）"))
    shown = "".join(
        f"<tr><th>{escape(name)}</th><td class=text>{escape(value)}</td></tr>"
        for name, value in rows
        if value
    )
    return (
        f"<section><h2>条件と読み方</h2><table><tbody>{shown}</tbody></table><ul class=notes>"
        "<li>「予定した時刻から」は、訪問が予定どおり始まっていたら待ったはずの時間です。遅れて始まった分も数えるので、遅いポータルが少ししか聞かれずに済むことはありません。</li>"
        "<li>分布は3桁まで正確で、プロセスをまたいで損なわずに足し合わせています。</li>"
        "<li>始められなかった開始（空いた接続がない、終了した）は、成功にも失敗にも数えず、別に示します。</li></ul></section>"
    )


def _whole(report: Report, kind: str) -> StepReport:
    whole = StepReport("", kind, "")
    for step in report.of(kind):
        whole.merge(step)
    return whole
