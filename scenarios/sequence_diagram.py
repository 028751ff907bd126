"""Sequence diagrams (シーケンス図) as SVG, drawn from recorded messages: no script, no font, nothing from outside.

A message is one row: its operation above the arrow, its outcome below. Rows are in the order in which messages were
sent; a step of the story is a band across. What repeats itself is drawn once with a count, and a diagram that is
still too long leaves out its middle and says how much.
"""

import unicodedata
from collections.abc import Sequence
from html import escape
from itertools import accumulate, groupby, pairwise
from typing import NamedTuple

from portal.links.link import Sighting
from portal.wire.moments import to_jst
from portal.wire.systems import JAPANESE_NAMES, Caller, Party, System
from scenarios.stage import Step

LIFELINES: tuple[Caller, ...] = (
    Party.CITIZEN, System.PORTAL, System.JPKI, System.REGISTRY, System.NETWORK, System.INTERMEDIATE,
    System.MAILBOX, Party.ANYONE, System.CARD_DESK, System.FRONT, Party.OPERATOR,
)  # fmt: skip
"""From left to right."""
PARTY_NAMES = {Party.CITIZEN: "利用者", Party.ANYONE: "メールを読む人", Party.OPERATOR: "運用者"}

ROWS_MAX = 90
ROWS_AT_START = 55
BLOCK_ROWS_MAX = 4
"""Repetitions of so many rows in a row are found."""
REPEATS_MIN = 3
ASIDE_SECONDS_MIN = 60.0
"""A pause of this length is told."""

LETTER = 6.6
"""Width of a Latin letter at 12 pixels; a Japanese one takes two."""
HEAD_SCALE = 13 / 12
"""Names of lifelines are written at 13 pixels."""
GAP_MIN = 110.0
TIME_WIDTH = 92
HEAD_HEIGHT = 64
ROW_HEIGHT = 40
BAND_HEIGHT = 34
MARGIN = 14


class Folded(NamedTuple):
    """The *rows* rows before this one came *times* times more."""

    rows: int
    times: int


class LeftOut(NamedTuple):
    rows: int


class Pause(NamedTuple):
    seconds: float


Row = Sighting | Step | Folded | LeftOut | Pause


def name_of(party: Caller) -> str:
    """In Japanese."""
    return PARTY_NAMES[party] if isinstance(party, Party) else JAPANESE_NAMES[party]


def in_order(messages: Sequence[Sighting]) -> list[tuple[int, Sighting]]:
    """As they were sent, each with its place in the record, where it stands by the time of its outcome.

    Of two that were sent in the same millisecond the inner call comes first there and second here.
    """
    ordered: list[tuple[int, Sighting]] = []
    numbered = sorted(enumerate(messages), key=lambda each: each[1].sent_ms)
    for _, group in groupby(numbered, key=lambda each: each[1].sent_ms):
        same_time: list[tuple[int, Sighting]] = []
        for index, message in group:
            inner = len(same_time)
            while inner and same_time[inner - 1][1].sender == message.receiver:
                inner -= 1
            same_time.insert(inner, (index, message))
        ordered += same_time
    return ordered


def rows_of(messages: Sequence[Sighting], steps: Sequence[Step] = ()) -> list[Row]:
    """Messages and steps in the order of their times, with pauses told, repetitions folded, the middle left out."""
    waiting = list(steps)
    rows: list[Row] = []
    last_ms: int | None = None

    def add(row: Sighting | Step, moment_ms: int) -> None:
        nonlocal last_ms
        if last_ms is not None and moment_ms - last_ms >= ASIDE_SECONDS_MIN * 1000:
            rows.append(Pause((moment_ms - last_ms) / 1000))
        last_ms = moment_ms
        rows.append(row)

    for index, message in in_order(messages):
        while waiting and (waiting[0].moment_ms, waiting[0].before) <= (message.sent_ms, index):
            step = waiting.pop(0)
            add(step, step.moment_ms)
        add(message, message.sent_ms)
    for step in waiting:
        add(step, step.moment_ms)
    return _shortened(_folded(rows))


def _sameness(row: Row) -> object:
    match row:
        case Sighting():
            return row.sender, row.receiver, row.operation, row.outcome
        case Pause(seconds):
            return duration(seconds)
        case _:
            return row


def _folded(rows: list[Row]) -> list[Row]:
    result: list[Row] = []
    same = [_sameness(row) for row in rows]
    at = 0
    while at < len(rows):
        for length in range(1, BLOCK_ROWS_MAX + 1):
            times = 1
            while same[at + times * length : at + (times + 1) * length] == same[at : at + length]:
                times += 1
            if times >= REPEATS_MIN and not isinstance(rows[at], Step):
                result += [*rows[at : at + length], Folded(length, times - 1)]
                at += length * times
                break
        else:
            result.append(rows[at])
            at += 1
    return result


def _shortened(rows: list[Row]) -> list[Row]:
    if len(rows) <= ROWS_MAX:
        return rows
    rest = len(rows) - ROWS_MAX
    return [*rows[:ROWS_AT_START], LeftOut(rest), *rows[ROWS_AT_START + rest :]]


def width_of(text: str) -> float:
    """About how wide this text is at 12 pixels."""
    return sum(LETTER * (2 if unicodedata.east_asian_width(letter) in "WF" else 1) for letter in text)


def duration(seconds: float) -> str:
    """In words, to two units at most."""
    units = (("日", 86_400), ("時間", 3_600), ("分", 60))
    for index, (unit, size) in enumerate(units):
        if seconds >= size:
            count, rest = divmod(round(seconds), size)
            smaller = units[index + 1] if index + 1 < len(units) else ("秒", 1)
            more = f"{rest // smaller[1]}{smaller[0]}" if rest >= smaller[1] else ""
            return f"{count}{unit}{more}"
    return f"{seconds:.3g}秒" if seconds >= 1 else f"{round(seconds * 1000)}ミリ秒"


def outcome_of(message: Sighting) -> str:
    """With a mark, so that colour is not needed."""
    took = duration(message.took_ms / 1000)
    return f"✓ {took}" if message.outcome == "ok" else f"✕ {message.outcome}・{took}"


def told(row: Row) -> str:
    """A row in words."""
    match row:
        case Sighting():
            time = f"{to_jst(row.sent_ms):%H:%M:%S.%f}"[:-3]
            ends = f"{name_of(row.sender)}から{name_of(row.receiver)}へ"
            return f"{time} {ends} {row.operation}: {outcome_of(row)}"
        case Step(text=text):
            return f"【{text}】"
        case Folded(count, times):
            return (
                f"直前の{count}行を、ほかに{times}回くり返した"
                if count > 1
                else f"同じものが、ほかに{times}回"
            )
        case LeftOut(count):
            return f"…途中の{count}行を省略…"
        case Pause(seconds):
            return f"（{duration(seconds)}たつ）"


def draw(
    title: str, messages: Sequence[Sighting], steps: Sequence[Step] = (), *, name: str = "diagram"
) -> str:
    """An ``svg`` element; *name* makes its ids unique on a page."""
    rows = rows_of(messages, steps)
    present = {party for message in messages for party in (message.sender, message.receiver)}
    parties = [party for party in LIFELINES if party in present] or [Party.CITIZEN, System.PORTAL]
    gaps = _gaps(rows, parties)
    edges = list(accumulate(gaps, initial=TIME_WIDTH + width_of(name_of(parties[0])) / 2 + 16))
    at = dict(zip(parties, edges, strict=True))
    width = round(edges[-1] + width_of(name_of(parties[-1])) / 2 + 24 + MARGIN)
    longest = max((width_of(told(row)) for row in rows if not isinstance(row, Sighting)), default=0)
    width = max(width, round(longest * 1.1) + 2 * MARGIN + 24)
    body: list[str] = []
    top = HEAD_HEIGHT
    for row in rows:
        height = ROW_HEIGHT if isinstance(row, Sighting) else BAND_HEIGHT
        body.append(_drawn(row, top, width, at))
        top += height
    height = top + MARGIN
    failed = sum(message.outcome != "ok" for message in messages)
    description = f"メッセージ{len(messages)}件、うち失敗{failed}件。内容は図の下の一覧で読めます。"
    lines = "".join(
        f'<line class="life" x1="{x:g}" y1="{HEAD_HEIGHT - 14}" x2="{x:g}" y2="{height - MARGIN}"/>'
        for x in at.values()
    )
    heads = "".join(_head(party, x) for party, x in at.items())
    return (
        f'<svg class="sequence" xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{description}</desc>'
        f"<style>{STYLE}</style>{lines}{heads}{''.join(body)}</svg>"
    )


def _gaps(rows: Sequence[Row], parties: Sequence[Caller]) -> list[float]:
    """Between each lifeline and the next, so wide that every name and every label fits."""
    names = [width_of(name_of(party)) * HEAD_SCALE + 24 for party in parties]
    gaps = [max(GAP_MIN, (left + right) / 2 + 16) for left, right in pairwise(names)]
    place = {party: index for index, party in enumerate(parties)}
    for row in rows:
        if isinstance(row, Sighting):
            first, last = sorted((place[row.sender], place[row.receiver]))
            wanted = max(width_of(row.operation), width_of(outcome_of(row))) + 28
            missing = wanted - sum(gaps[first:last])
            for index in range(first, last):
                gaps[index] += max(0.0, missing / (last - first))
    return gaps


def _head(party: Caller, x: float) -> str:
    box = width_of(name_of(party)) * HEAD_SCALE + 24
    kind = "person" if isinstance(party, Party) else "system"
    return (
        f'<rect class="{kind}" x="{x - box / 2:g}" y="14" width="{box:g}" height="34" rx="{17 if kind == "person" else 4}"/>'
        f'<text class="head" x="{x:g}" y="36">{escape(name_of(party))}</text>'
    )


def _drawn(row: Row, top: float, width: float, at: dict[Caller, float]) -> str:
    if isinstance(row, Sighting):
        return _arrow(row, top, at)
    kind = "step" if isinstance(row, Step) else "aside"
    words = row.text if isinstance(row, Step) else told(row)
    band = f'<rect class="{kind}" x="{MARGIN}" y="{top + 5:g}" width="{width - 2 * MARGIN:g}" height="24" rx="4"/>'
    return f'{band}<text class="{kind}" x="{MARGIN + 10}" y="{top + 22:g}">{escape(words)}</text>'


def _arrow(row: Sighting, top: float, at: dict[Caller, float]) -> str:
    x1, x2 = at[row.sender], at[row.receiver]
    y = top + 22
    kind = "went" if row.outcome == "ok" else "broke"
    tip = 7 if x2 > x1 else -7
    middle = (x1 + x2) / 2
    time = f"{to_jst(row.sent_ms):%H:%M:%S.%f}"[:-3]
    return (
        f'<g class="{kind}"><title>{escape(told(row))}・送り{row.bytes_out}バイト・受け{row.bytes_in}バイト</title>'
        f'<text class="time" x="{MARGIN}" y="{y + 4:g}">{time}</text>'
        f'<line x1="{x1:g}" y1="{y:g}" x2="{x2 - tip:g}" y2="{y:g}"/>'
        f'<path d="M{x2:g} {y:g}l{-tip * 1.4:g} -5v10z"/>'
        f'<text class="operation" x="{middle:g}" y="{y - 6:g}">{escape(row.operation)}</text>'
        f'<text class="outcome" x="{middle:g}" y="{y + 14:g}">{escape(outcome_of(row))}</text></g>'
    )


STYLE = (
    ".sequence{background:#fff;font:12px 'Noto Sans JP','Noto Sans CJK JP','Hiragino Sans','Yu Gothic UI',Meiryo,sans-serif}"
    ".sequence .life{stroke:#949494;stroke-dasharray:2 4}"
    ".sequence .head{font-size:13px;font-weight:700;text-anchor:middle;fill:#1a1a1a}"
    ".sequence rect.system{fill:#e8f1fe;stroke:#0017c1}.sequence rect.person{fill:#fff;stroke:#1a1a1a}"
    ".sequence .time{fill:#4d4d4d;font-size:11px}"
    ".sequence .operation,.sequence .outcome{text-anchor:middle;paint-order:stroke;stroke:#fff;stroke-width:4px;fill:#1a1a1a}"
    ".sequence .outcome{font-size:11px;fill:#4d4d4d}"
    ".sequence .went line{stroke:#0017c1;stroke-width:1.5}.sequence .went path{fill:#0017c1}"
    ".sequence .broke line{stroke:#ce0000;stroke-width:2;stroke-dasharray:6 3}.sequence .broke path{fill:#ce0000}"
    ".sequence .broke .outcome{fill:#ce0000;font-weight:700}"
    ".sequence rect.step{fill:#fff0b3}.sequence text.step{font-weight:700;fill:#1a1a1a}"
    ".sequence rect.aside{fill:#f2f2f2}.sequence text.aside{fill:#333333}"
)
