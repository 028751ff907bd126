"""The report (報告) of a run of years: one HTML file with its plots, nothing from elsewhere; and the same as data."""

from datetime import timedelta
from html import escape
from importlib.resources import files
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import msgspec

from load.report.chart import Series, columns, lines, plain
from scenarios.years.counting import (
    BETWEEN,
    CITIZENS,
    INQUIRIES,
    INQUIRIES_FOLDED,
    MAIL_SENT,
    SIGN_INS,
    Data,
)
from scenarios.years.order import place_of
from scenarios.years.running import Outcome
from sim.nation.life import LifeEventKind

WEEK: Final = 7
WEEKLY_FROM_DAYS: Final = 120
"""Longer runs are drawn week by week: single days would be a comb."""
NAMES: Final = {
    SIGN_INS: "ログイン",
    CITIZENS: "利用者の要求",
    INQUIRIES: "機関どうしの照会（全経路を通したもの）",
    INQUIRIES_FOLDED: "機関どうしの照会（数えただけのもの）",
    BETWEEN: "システム間のメッセージ",
    MAIL_SENT: "メール",
}
LIFE_NAMES: Final = {
    LifeEventKind.BIRTH: "出生",
    LifeEventKind.DEATH: "死亡",
    LifeEventKind.MARRIAGE: "婚姻",
    LifeEventKind.MOVE: "転居・転出",
    LifeEventKind.JOB: "就職・転職・退職",
}
KINDS: Final = {"records": "やりとり履歴", "self_information": "わたしの情報"}
VISITS: Final = {
    "signed_in": "ログインした",
    "registered": "はじめてログインし、利用者登録をした",
    "refused": "ログインを断られた（電子証明書の期限切れなど）",
    "died": "その前に亡くなっていた",
    "walked_away": "ログアウトせずに立ち去った（上の内数）",
}
ENDS: Final = {
    "asked": "求めた",
    "answered": "その場で回答",
    "refused": "お断り",
    "paper": "書面での請求を案内",
    "withheld": "不開示",
    "not_held": "該当なし",
    "unanswered": "回答なし",
    "gone": "読まないうちに期限で消えた",
}
NOTICES: Final = {
    "sent": "送った",
    "delivered": "フォルダーに届いた",
    "without_folder": "フォルダーがなかった",
    "opened": "開かれた",
    "refused": "断られた",
}
COLOURS: Final = ("var(--s1)", "var(--s2)", "var(--s3)", "var(--s5)", "var(--s4)", "var(--bad)")
BUCKETS: Final = (
    (60, "1分未満"), (600, "10分未満"), (3_600, "1時間未満"), (21_600, "6時間未満"), (86_400, "1日未満"),
    (259_200, "3日未満"), (604_800, "7日未満"), (1 << 60, "7日以上"),
)  # fmt: skip
"""Time until a late answer, in seconds."""


def for_programs(outcome: Outcome, *, repeat: str) -> dict[str, Any]:
    """The JSON form: *data* is the same for the same order, *speed* is this machine's."""
    breach = outcome.breach
    return {
        "order": outcome.order._asdict(),
        "data": msgspec.to_builtins(outcome.data),
        "passed": breach is None,
        "stopped": outcome.was_stopped,
        "breach": None if breach is None else breach._asdict(),
        "repeat": repeat,
        "speed": {**outcome.speed._asdict(), "factor": outcome.speed.factor},
    }


def write(path: Path, outcome: Outcome, *, repeat: str) -> None:
    """Raises ``OSError``."""
    path.write_text(page(outcome, repeat=repeat), encoding="utf-8")


def page(outcome: Outcome, *, repeat: str) -> str:
    data = outcome.data
    style = (files("load.report") / "page.css").read_text(encoding="utf-8")
    body = "".join(
        [
            _head(outcome, repeat),
            _figures(outcome),
            _traffic(data),
            _late(data),
            _folders(data),
            _life(data),
            _cards(data),
            _tables(data),
            _stores(data),
            _notes(outcome),
        ]
    )
    title = f"{place_of(outcome.order).full_name} {data.residents:,}人の{_length(data.days)}"
    return (
        '<!doctype html>\n<html lang="ja"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body><main>{body}</main></body></html>\n"
    )


def _length(days: int) -> str:
    years, rest = divmod(days, 365)
    return f"{years}年" if years and rest < 2 else f"{days:,}日"


def _head(outcome: Outcome, repeat: str) -> str:
    data, breach = outcome.data, outcome.breach
    last = data.first_day + timedelta(days=data.days - 1)
    kind, word, text = "good", "すべて守られた", "守られるべきことが、最後まで守られました。"
    more = ""
    if breach is not None:
        kind, word, text = "bad", "守られないことがある", f"{breach.invariant}（{breach.requirement}）"
        more = f"<ul><li>期待: {escape(breach.expected)}</li><li>実際: {escape(breach.seen)}</li></ul>"
    elif outcome.was_stopped:
        kind, word, text = "void", "途中まで", f"{last}に止められました。そこまでの結果です。"
    return (
        '<header><p class="kicker">mynasim simulate 年月の報告（模擬システム）</p>'
        f"<h1>{escape(place_of(outcome.order).full_name)} {data.residents:,}人の{_length(data.days)}</h1>"
        f'<p class="sub">{data.first_day} から {last} まで ・ 種 {outcome.order.seed} ・ '
        f"<code>{escape(repeat)}</code></p>"
        f'<div class="verdict {kind}"><strong>{word}</strong><span>{escape(text)}</span>{more}</div></header>'
    )


def _figures(outcome: Outcome) -> str:
    data = outcome.data
    late = sum(len(times) for times in data.late.values())
    last = data.folders[-1] if data.folders else None
    cards = [
        ("ログイン", f"{data.traffic[SIGN_INS].total:,}", f"利用者 {data.users:,}人"),
        ("利用者の要求", f"{data.traffic[CITIZENS].total:,}", ""),
        (
            "機関どうしの照会",
            f"{data.traffic[INQUIRIES].total + data.traffic[INQUIRIES_FOLDED].total:,}",
            f"うち全経路 {data.traffic[INQUIRIES].total:,}",
        ),
        ("後日回答", f"{late:,}", "次の訪問で受け取ったもの"),
        ("メール", f"{data.traffic[MAIL_SENT].total:,}", ""),
        ("異動", f"{sum(map(sum, data.life.values())):,}", f"カード更新 {sum(data.renewals):,}"),
        ("アカウント", f"{0 if last is None else last.accounts:,}", ""),
        ("エラー", f"{sum(data.errors.values()):,}", f"メッセージ {data.messages:,}件のうち"),
    ]
    shown = "".join(
        f"<div><dt>{name}</dt><dd>{value}</dd><dd class='small'>{more}</dd></div>"
        for name, value, more in cards
    )
    return f'<dl class="figures">{shown}</dl>'


def _marks(data: Data) -> list[tuple[float, str]]:
    """The first days of months, as many as have room."""
    days = [data.first_day + timedelta(days=number) for number in range(data.days)]
    firsts = [(number, day) for number, day in enumerate(days) if day.day == 1]
    if len(firsts) < 3:
        every = max(1, data.days // 8)
        return [(number + 0.5, f"{day.month}/{day.day}") for number, day in enumerate(days)][::every]
    every = -(-len(firsts) // 12)
    return [(float(number), f"{day.year}/{day.month}") for number, day in firsts[::every]]


def _over_days(values: list[int], days: int) -> list[tuple[float, float]]:
    """Points at the middle of each day; of a long run the average days of its weeks."""
    if days < WEEKLY_FROM_DAYS:
        return [(number + 0.5, float(value)) for number, value in enumerate(values)]
    weeks = [values[first : first + WEEK] for first in range(0, days - days % WEEK, WEEK)]
    return [(number * WEEK + WEEK / 2, sum(week) / WEEK) for number, week in enumerate(weeks)]


def _daily(title: str, data: Data, series: list[tuple[str, list[int]]], unit: str) -> str:
    drawn = [
        Series(name, _over_days(values, data.days), COLOURS[number % len(COLOURS)])
        for number, (name, values) in enumerate(series)
    ]
    how = "（週ごとの平均）" if data.days >= WEEKLY_FROM_DAYS else ""
    plot = lines(title, drawn, unit=unit, seconds=float(data.days), across="月日", marks=_marks(data))
    return f"<figure><figcaption>{escape(title)}{how}</figcaption>{plot}</figure>"


def _hourly(title: str, data: Data, names: tuple[str, ...], unit: str) -> str:
    drawn = [
        Series(
            NAMES[name],
            [(float(hour), count / data.days) for hour, count in enumerate(data.traffic[name].by_hour)],
            COLOURS[number],
        )
        for number, name in enumerate(names)
    ]
    plot = columns(title, [str(hour) for hour in range(24)], drawn, unit=unit, across="時")
    return f"<figure><figcaption>{escape(title)}</figcaption>{plot}</figure>"


def _traffic(data: Data) -> str:
    whole = [
        a + b
        for a, b in zip(*(data.traffic[name].by_day for name in (INQUIRIES, INQUIRIES_FOLDED)), strict=True)
    ]
    parts = [
        _hourly("時刻ごとの利用者の要求とログイン", data, (CITIZENS, SIGN_INS), "件／時（1日の平均）"),
        _hourly("時刻ごとの機関どうしの照会", data, (INQUIRIES, INQUIRIES_FOLDED), "件／時（1日の平均）"),
        _hourly("時刻ごとのシステム間のメッセージ", data, (BETWEEN, MAIL_SENT), "件／時（1日の平均）"),
        _daily("日ごとのログイン", data, [(NAMES[SIGN_INS], data.traffic[SIGN_INS].by_day)], "件／日"),
        _daily("日ごとの利用者の要求", data, [(NAMES[CITIZENS], data.traffic[CITIZENS].by_day)], "件／日"),
        _daily(
            "日ごとの機関どうしの照会", data,
            [("すべて", whole), ("全経路を通したもの", data.traffic[INQUIRIES].by_day)], "件／日",
        ),
        _daily(
            "日ごとのメッセージとメール", data,
            [(NAMES[name], data.traffic[name].by_day) for name in (BETWEEN, MAIL_SENT)], "件／日",
        ),
    ]  # fmt: skip
    return f"<section><h2>流れ</h2>{''.join(parts)}</section>"


def _late(data: Data) -> str:
    if not any(data.late.values()):
        return "<section><h2>後日回答</h2><p class=note>後日の回答はありませんでした。</p></section>"
    series = []
    for number, (kind, times) in enumerate(data.late.items()):
        counts = [0] * len(BUCKETS)
        for seconds in times:
            counts[next(place for place, (below, _) in enumerate(BUCKETS) if seconds < below)] += 1
        points = [(float(place), float(count)) for place, count in enumerate(counts)]
        series.append(Series(KINDS[kind], points, COLOURS[number]))
    title = "求めてから後日の回答が届くまで"
    plot = columns(title, [name for _, name in BUCKETS], series, unit="件", across="時間")
    rows = "".join(
        f"<tr><td>{KINDS[kind]}</td><td>{len(times):,}</td><td>{_span(times[len(times) // 2])}</td>"
        f"<td>{_span(times[-1])}</td></tr>"
        for kind, times in data.late.items()
        if times
    )
    return (
        f"<section><h2>後日回答</h2><figure><figcaption>{title}</figcaption>{plot}</figure>"
        "<table><thead><tr><th>種類</th><th>件数</th><th>まん中</th><th>最長</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></section>"
    )


def _span(seconds: int) -> str:
    if seconds < 3_600:
        return f"{seconds / 60:.1f}分"
    return f"{seconds / 3_600:.1f}時間" if seconds < 86_400 else f"{seconds / 86_400:.1f}日"


def _folders(data: Data) -> str:
    if not data.folders:
        return "<section><h2>フォルダー</h2><p class=note>アカウントはまだありません。</p></section>"
    entries = [
        Series("いちばん多い人", [(each.day, each.largest) for each in data.folders], COLOURS[1]),
        Series("10人に9人まで", [(each.day, each.nine_of_ten) for each in data.folders], COLOURS[0]),
        Series("まん中の人", [(each.day, each.half) for each in data.folders], COLOURS[2]),
    ]
    sizes = [
        Series("全員の合計", [(each.day, each.bytes / 1e6) for each in data.folders], COLOURS[0], filled=True)
    ]
    accounts = [
        Series("アカウント", [(each.day, each.accounts) for each in data.folders], COLOURS[0], filled=True)
    ]
    drawn = (
        ("フォルダーの大きさ（回答・お知らせの件数）", entries, "件"),
        ("フォルダーの中身の大きさ", sizes, "MB"),
        ("アカウントの数", accounts, "人"),
    )
    plots = "".join(
        f"<figure><figcaption>{title}</figcaption>"
        + lines(title, series, unit=unit, seconds=float(data.days), across="月日", marks=_marks(data))
        + "</figure>"
        for title, series, unit in drawn
    )
    return f"<section><h2>フォルダー</h2>{plots}</section>"


def _life(data: Data) -> str:
    if not data.life:
        return "<section><h2>異動</h2><p class=note>異動はありませんでした。</p></section>"
    series = [
        (LIFE_NAMES[LifeEventKind(kind)], list(accumulate(values))) for kind, values in data.life.items()
    ]
    drawn = [
        Series(name, [(number + 1.0, float(value)) for number, value in enumerate(values)], COLOURS[place])
        for place, (name, values) in enumerate(series)
    ]
    title = "異動の累計"
    plot = lines(title, drawn, unit="件", seconds=float(data.days), across="月日", marks=_marks(data))
    rows = "".join(f"<tr><td>{name}</td><td>{values[-1]:,}</td></tr>" for name, values in series)
    return (
        f"<section><h2>異動</h2><figure><figcaption>{title}</figcaption>{plot}</figure>"
        f"<table><thead><tr><th>種類</th><th>件数</th></tr></thead><tbody>{rows}</tbody></table></section>"
    )


def _cards(data: Data) -> str:
    plot = _daily("日ごとのカードの更新", data, [("更新", data.renewals)], "件／日")
    return f"<section><h2>カードの更新</h2>{plot}</section>"


def _tables(data: Data) -> str:
    asked = "".join(
        f"<tr><td>{KINDS[kind]}</td><td class=text>{_end(how)}</td><td>{count:,}</td></tr>"
        for (kind, how), count in ((name.split(": "), count) for name, count in data.asked.items())
    )
    parts = [
        _table("訪問", ("結果", "件数"), [(VISITS[name], count) for name, count in data.visits.items()]),
        "<h3>求めた情報と、その結果</h3><table><thead><tr><th>種類</th><th class=text>結果</th><th>件数</th></tr></thead>"
        f"<tbody>{asked}</tbody></table>",
        _table("お知らせ", ("", "通"), [(NOTICES[name], count) for name, count in data.notices.items()]),
        _table(
            "メール",
            ("結果", "通"),
            [({"ok": "届いた"}.get(name, name), count) for name, count in data.mail.items()],
        ),
        _table("エラー（断り・届かないもの）", ("操作: 結果", "件数"), list(data.errors.items())),
    ]
    return f"<section><h2>内訳</h2>{''.join(parts)}</section>"


def _end(how: str) -> str:
    return f"後日: {ENDS[how[5:]]}" if how.startswith("late_") else ENDS[how]


def _table(title: str, heads: tuple[str, str], rows: list[tuple[str, int]]) -> str:
    if not rows:
        return f"<h3>{title}</h3><p class=note>ありませんでした。</p>"
    body = "".join(f"<tr><td>{escape(name)}</td><td>{count:,}</td></tr>" for name, count in rows)
    return (
        f"<h3>{title}</h3><table><thead><tr><th>{heads[0]}</th><th>{heads[1]}</th></tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def _stores(data: Data) -> str:
    systems = sorted({name for each in data.stores for name in each.bytes})
    series = [
        Series(
            name, [(each.day, each.bytes[name] / 1e6) for each in data.stores], COLOURS[number % len(COLOURS)]
        )
        for number, name in enumerate(systems)
    ]
    title = "保管庫の大きさ"
    plot = lines(title, series, unit="MB", seconds=float(data.days), across="月日", marks=_marks(data))
    return f"<section><h2>保管庫</h2><figure><figcaption>{title}</figcaption>{plot}</figure></section>"


def _notes(outcome: Outcome) -> str:
    data, speed = outcome.data, outcome.speed
    notes = (
        f"利用者のログインから先は、すべてそのままのポータルと模擬システムを通っています。メッセージ {data.messages:,}件、"
        f"経過のSHA-256 {data.trace}。",
        f"利用者でない住民についての照会は、{outcome.order.through:.0%}だけを全経路に通し、ほかは数えただけです。",
        "季節・曜日・時刻の分布、利用者の割合、お知らせ、計画停止、判断にかかる日数は仮定です（docs/simulate.md）。",
        "カードの鍵は共有です。電子証明書と署名は、住民ごとに本物の手順で作っています。",
        f"この計算機で {speed.seconds:,.0f}秒、実際の時間の{speed.factor:,.0f}倍（{plain(speed.events / max(speed.seconds, 1e-9))} 件／秒）。",
    )
    listed = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f"<section><h2>この報告について</h2><ul class=notes>{listed}</ul></section>"
