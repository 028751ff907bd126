"""操作履歴: a line for everything that is done in an account, by its owner or a proxy. The rules, apart from storage."""

from datetime import date
from typing import NamedTuple

from portal.wire.history import Action, HistoryQuery, Operator, Service
from portal.wire.limits import HISTORY_KEPT_MONTHS
from portal.wire.moments import DAY, add_months, start_of
from portal.wire.problems import Problem, ProblemCode, problem

LINES_AT_ONCE_MAX = 50
"""Of one answer."""
LINES_OF_PAGE_MAX = 20
"""Of one page on screen, where a line stands in five rows on a phone."""

SERVICES: dict[Service, str] = {
    Service.SIGN_IN: "ログイン・ログアウト",
    Service.ACCOUNT: "アカウント設定",
    Service.RECORDS: "やりとり履歴",
    Service.SELF_INFORMATION: "あなたの情報",
    Service.NOTICES: "お知らせ",
    Service.INQUIRIES: "お問い合わせ",
    Service.PROXIES: "代理人",
    Service.EXTERNAL_SITES: "外部サイト",
}
ACTIONS: dict[Action, str] = {
    Action.SIGN_IN: "ログイン",
    Action.SIGN_OUT: "ログアウト",
    Action.SIGN_OUT_BY_TIME: "時間によるログアウト",
    Action.REGISTER: "利用者登録",
    Action.CHANGE: "変更",
    Action.CONFIRM: "確認",
    Action.REQUEST: "請求",
    Action.VIEW: "閲覧",
    Action.DOWNLOAD: "ダウンロード",
    Action.DELETE: "削除",
    Action.ANSWER: "回答",
    Action.SEND: "送信",
    Action.GRANT: "設定",
    Action.END: "終了",
}
OPERATORS: dict[Operator, str] = {Operator.SELF: "本人", Operator.PROXY: "代理人"}

LIST_DETAIL = "一覧"
"""Of looking at what there is, without opening any of it."""
DETAIL_CHARACTERS_MAX = 200


def detail_of(title: str, sender: str = "", taken_as: str = "") -> str:
    """内容 in words: which thing it was done with, whose it is, and as what it was taken home."""
    named = f"「{_cut(title)}」" + (f"（{_cut(sender)}）" if sender else "")
    return f"{named} {_cut(taken_as)}" if taken_as else named


def _cut(text: str) -> str:
    return text if len(text) <= DETAIL_CHARACTERS_MAX else text[: DETAIL_CHARACTERS_MAX - 1] + "…"


class Line(NamedTuple):
    """操作履歴の一行 as it is stored. The same thing done in the same millisecond is done once."""

    account_id: str
    at_ms: int
    service: str
    action: str
    about: str
    """Tells lines of one moment apart, such as the request that was viewed; shown to nobody."""
    operator: str
    detail: bytes | None
    """Sealed words."""

    @property
    def place(self) -> str:
        """Where its detail is sealed for."""
        return f"history/{self.at_ms}/{self.service}/{self.action}/{self.about}"


class Cursor(NamedTuple):
    """The line after which an answer goes on."""

    at_ms: int
    service: str
    action: str
    about: str

    def text(self) -> str:
        return "/".join(map(str, self))


def read_cursor(text: str) -> Cursor | None:
    """What :meth:`Cursor.text` wrote, or None."""
    parts = text.split("/", 3)
    if len(parts) != 4 or not parts[0].isascii() or not parts[0].isdigit():
        return None
    return Cursor(int(parts[0]), *parts[1:])


class Range(NamedTuple):
    """From, including, to, excluding, in milliseconds."""

    start_ms: int
    end_ms: int


def oldest_ms(now_ms: int) -> int:
    """What is older is deleted (HIS-3)."""
    return add_months(now_ms, -HISTORY_KEPT_MONTHS)


def range_of(query: HistoryQuery, now_ms: int) -> Range | Problem:
    """The moments asked for: nothing beyond what is kept."""
    if query.start is not None and query.end is not None and query.end < query.start:
        return problem(
            ProblemCode.PERIOD_REFUSED, "終わりの日は、始まりの日と同じか後にしてください。", field="$.end"
        )
    oldest = oldest_ms(now_ms)
    start = oldest if query.start is None else max(oldest, start_of(query.start))
    end = now_ms + 1 if query.end is None else min(now_ms + 1, _end_of(query.end))
    return Range(start, end)


def _end_of(day: date) -> int:
    return start_of(day) + DAY
