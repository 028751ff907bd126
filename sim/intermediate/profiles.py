"""Profiles of an intermediate server: service hours, caps and latency, by name.

The real figures are not public (DOMAIN.md 4). Every number here is **assumed**; each profile says for what it stands.
"""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

from portal.wire.intermediate_keeping import Group
from portal.wire.moments import JST, to_jst, to_ms

ASSUMED: Final = True
_LOOKS_MAX = 1_000
"""So many closed spans in a row are skipped at most: two years of nights and weekends."""


class ServerProfile(NamedTuple):
    """中間サーバーの運用: assumed, see the module's text."""

    name: str
    about: str
    opens: time | None = None
    """None: at all hours."""
    closes: time | None = None
    weekdays_only: bool = False
    connections_max: int = 1_000
    """Requests of one organisation that its server works on at a time; one more is refused at once."""
    per_send_max: int = 10_000
    """Entries of one send (copies, lines of an inquiry file)."""
    intake_ms: int = 0
    """How long a connection is held by one request."""
    answer_ms_min: int = 0
    answer_ms_max: int = 0
    """How long a provider takes to answer from its copy."""


_ALL: Final = (
    ServerProfile("always", "答えは即時、終日。試験のための既定"),
    ServerProfile("online", "終日、数秒で回答", answer_ms_min=500, answer_ms_max=8_000, intake_ms=20),
    ServerProfile(
        "office_hours", "平日の日中だけ回答", time(8, 45), time(19), weekdays_only=True,
        per_send_max=5_000, intake_ms=20, answer_ms_min=1_000, answer_ms_max=60_000,
    ),
    ServerProfile(
        "nightly", "夜間にまとめて回答", time(22), time(23, 59), per_send_max=10_000,
        answer_ms_min=1_000, answer_ms_max=600_000,
    ),
    ServerProfile(
        "small", "接続数と一回の送信件数が少ない団体", connections_max=2, per_send_max=100, intake_ms=200,
        answer_ms_min=2_000, answer_ms_max=30_000,
    ),
    ServerProfile(
        "crowded", "混雑した日", connections_max=30, per_send_max=1_000, intake_ms=2_000,
        answer_ms_min=30_000, answer_ms_max=1_800_000,
    ),
)  # fmt: skip
PROFILES: Final = MappingProxyType({profile.name: profile for profile in _ALL})
ALWAYS: Final = PROFILES["always"]


class Span(NamedTuple):
    """計画停止, in milliseconds; the end is not included."""

    start_ms: int
    end_ms: int


GROUP_NAMES: Final = MappingProxyType(
    {
        Group.SKI: "情報照会",
        Group.TKY: "情報提供",
        Group.TKM: "記録の管理",
        Group.DBM: "副本の管理",
        Group.SCM: "セキュリティ",
        Group.SYM: "システム",
        Group.JTK: "自己情報",
        Group.OSR: "お知らせ",
        Group.FGU: "符号",
    }
)


def group_of(path: str) -> Group:
    """機能群 of an operation: the first part of its path says it. Raises ValueError for another path."""
    return Group(path.split("/")[1].upper())


def stopped_until(stops: Iterable[Span], at_ms: int) -> int | None:
    """When the planned stop of this moment ends, or None when there is none."""
    return max((stop.end_ms for stop in stops if stop.start_ms <= at_ms < stop.end_ms), default=None)


def open_from(profile: ServerProfile, stops: Iterable[Span], at_ms: int) -> int:
    """The first moment from *at_ms* on at which this server serves: *at_ms* itself when it does then.

    After two years of closed doors it is given up and the moment reached so far is returned.
    """
    planned = tuple(stops)
    for _ in range(_LOOKS_MAX):
        until = stopped_until(planned, at_ms)
        following = _opening(profile, at_ms) if until is None else until
        if following == at_ms:
            return at_ms
        at_ms = following
    return at_ms


def is_open(profile: ServerProfile, stops: Iterable[Span], at_ms: int) -> bool:
    return open_from(profile, stops, at_ms) == at_ms


def answer_ms(profile: ServerProfile, number: str) -> int:
    """How long this provider takes for the inquiry of this number: the same each time."""
    return profile.answer_ms_min + int(number) % (profile.answer_ms_max - profile.answer_ms_min + 1)


def _opening(profile: ServerProfile, at_ms: int) -> int:
    """The next moment within service hours, planned stops left aside."""
    if profile.opens is None or profile.closes is None:
        return at_ms
    now = to_jst(at_ms)
    day = now.date()
    if now.time() >= profile.closes:
        day += timedelta(days=1)
    while profile.weekdays_only and day.weekday() >= 5:
        day += timedelta(days=1)
    if day == now.date() and now.time() >= profile.opens:
        return at_ms
    return to_ms(datetime.combine(day, profile.opens, JST))
