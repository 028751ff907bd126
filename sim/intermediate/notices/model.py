"""送信の決まり: the life of a send as one table, its cap, and what a notice's content may be. No I/O.

Either all recipients of a file get the notice or none does: a file with a mistake in it is refused as a whole, with the
places of its first mistakes, so that nobody has to find out which lines went and which did not.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from portal.serving.uploads import Scanner, unfit
from portal.wire.limits import NOTICE_KEPT_YEARS_MAX
from portal.wire.moments import add_years, day_of, to_ms
from portal.wire.notice_sending import SendState
from portal.wire.notices import NoticeContent, OwnPart, QuestionKind, Questionnaire
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.texts import forbidden_in, is_blank, is_web_address

PER_SEND_MAX: Final[Mapping[str, int]] = MappingProxyType(
    {
        "always": 1_000_000,
        "online": 1_000_000,
        "office_hours": 200_000,
        "nightly": 1_000_000,
        "small": 10_000,
        "crowded": 200_000,
    }
)
"""一回の送信の上限 by the server's profile. The real caps are not public: **assumed**."""
PER_SEND_OTHERS_MAX: Final = 200_000
"""In a profile that is not named above: also assumed."""


class Event(StrEnum):
    """What can happen to a send."""

    MISTAKES = "mistakes"
    """The file has mistakes, is over the cap, or the core refuses it."""
    CONFIRMATION = "confirmation"
    ALL_LAID = "all_laid"
    """Of every recipient it is known whether the notice is in a folder."""
    RECALL = "recall"
    """取り消し, before anything had left."""
    CANCELLATION = "cancellation"
    """取り消し, when something may be in folders already."""
    TAKEN_BACK = "taken_back"
    """The core has taken the cancellation."""


TRANSITIONS: Final[dict[tuple[SendState, Event], SendState]] = {
    (SendState.RECEIVING, Event.MISTAKES): SendState.REFUSED,
    (SendState.RECEIVING, Event.CONFIRMATION): SendState.SENDING,
    (SendState.RECEIVING, Event.RECALL): SendState.CANCELLED,
    (SendState.SENDING, Event.MISTAKES): SendState.REFUSED,
    (SendState.SENDING, Event.ALL_LAID): SendState.SENT,
    (SendState.SENDING, Event.RECALL): SendState.CANCELLED,
    (SendState.SENDING, Event.CANCELLATION): SendState.CANCELLING,
    (SendState.SENT, Event.CANCELLATION): SendState.CANCELLING,
    (SendState.CANCELLING, Event.TAKEN_BACK): SendState.CANCELLED,
}
"""All that is not here changes nothing."""


def after(state: SendState, event: Event) -> SendState | None:
    return TRANSITIONS.get((state, event))


def sources(event: Event) -> tuple[SendState, ...]:
    """The states in which this event does something."""
    return tuple(state for state, of in TRANSITIONS if of is event)


def cap_of(profile: str) -> int:
    return PER_SEND_MAX.get(profile, PER_SEND_OTHERS_MAX)


def check(content: NoticeContent, scanner: Scanner, now_ms: int) -> Problem | None:
    """The first mistake in the content of a notice."""
    words = (("title", "件名", content.title), ("text", "本文", content.text))
    for name, japanese, text in words:
        if (wrong := wrong_words(text, lines=name == "text")) is not None:
            return _unfit(f"{japanese}{wrong}", f"$.content.{name}")
    if content.payment_url is not None and not is_web_address(content.payment_url):
        return _unfit(f"支払いのURLは{_URL_FORM}", "$.content.payment_url")
    if content.service is not None:
        if (wrong := wrong_words(content.service.label, lines=False)) is not None:
            return _unfit(f"案内の名前{wrong}", "$.content.service.label")
        if not is_web_address(content.service.url):
            return _unfit(f"案内のURLは{_URL_FORM}", "$.content.service.url")
    if (refused := _wrong_retention(content.kept_until, now_ms)) is not None:
        return refused
    for place, file in enumerate(content.attachments):
        if (refused := unfit(file, f"$.content.attachments[{place}]", scanner)) is not None:
            return refused
    return None if content.questionnaire is None else _wrong_questionnaire(content.questionnaire, now_ms)


def wrong_words(text: str, *, lines: bool) -> str | None:
    """What is wrong with a text, as the end of a sentence about it."""
    if is_blank(text):
        return "を入れてください。空白だけでは送れません。"
    place = forbidden_in(text, lines=lines)
    if place is None:
        return None
    return f"の{place + 1}文字目は使えない文字です（制御文字など）。取り除いてください。"


def wrong_own_part(own: OwnPart) -> tuple[str, str] | None:
    """Which field of it is wrong, and why."""
    for name, japanese, text in (("title", "件名", own.title), ("text", "本文", own.text)):
        if text is not None and (wrong := wrong_words(text, lines=name == "text")) is not None:
            return name, f"{japanese}{wrong}"
    if own.payment_url is not None and not is_web_address(own.payment_url):
        return "payment_url", f"支払いのURLは{_URL_FORM}"
    return None


_URL_FORM: Final = "http:// か https:// で始まる、半角のURLにしてください。"


def _unfit(detail: str, field: str) -> Problem:
    return problem(ProblemCode.UNPROCESSABLE, detail, field=field)


def _wrong_retention(last_day: date, now_ms: int) -> Problem | None:
    today = day_of(now_ms)
    if last_day < today:
        return problem(
            ProblemCode.PERIOD_REFUSED,
            f"保存期限（{last_day}）が過ぎています。今日（{today}）か、それより後の日にしてください。",
            field="$.content.kept_until",
        )
    latest = day_of(add_years(now_ms, NOTICE_KEPT_YEARS_MAX))
    if last_day > latest:
        return problem(
            ProblemCode.PERIOD_REFUSED,
            f"保存期限は{NOTICE_KEPT_YEARS_MAX}年以内（{latest}まで）にしてください。",
            field="$.content.kept_until",
        )
    return None


def _wrong_questionnaire(asked: Questionnaire, now_ms: int) -> Problem | None:
    where = "$.content.questionnaire"
    for name in ("deadline", "collect_until"):
        if getattr(asked, name).tzinfo is None:
            return _unfit("時差（+09:00 など）を付けて書いてください。", f"{where}.{name}")
    if to_ms(asked.deadline) <= now_ms:
        return problem(
            ProblemCode.PERIOD_REFUSED,
            "回答期限が過ぎています。後の日時にしてください。",
            field=f"{where}.deadline",
        )
    if asked.collect_until < asked.deadline:
        return problem(
            ProblemCode.PERIOD_REFUSED,
            "回収期限は、回答期限と同じか後にしてください。",
            field=f"{where}.collect_until",
        )
    if to_ms(asked.collect_until) > add_years(now_ms, NOTICE_KEPT_YEARS_MAX):
        return problem(
            ProblemCode.PERIOD_REFUSED,
            f"回収期限は{NOTICE_KEPT_YEARS_MAX}年以内にしてください。",
            field=f"{where}.collect_until",
        )
    for number, question in enumerate(asked.questions):
        here = f"{where}.questions[{number}]"
        if (wrong := wrong_words(question.text, lines=True)) is not None:
            return _unfit(f"設問{number + 1}の文{wrong}", f"{here}.text")
        chooses = question.kind in (QuestionKind.CHOICE, QuestionKind.CHOICES)
        if chooses and len(question.choices) < 2:
            return _unfit(f"設問{number + 1}に、選択肢を二つ以上付けてください。", f"{here}.choices")
        if not chooses and question.choices:
            return _unfit(
                f"設問{number + 1}は選ぶ設問ではないので、選択肢を付けられません。", f"{here}.choices"
            )
        if len(set(question.choices)) != len(question.choices):
            return _unfit(f"設問{number + 1}に、同じ選択肢が二つあります。", f"{here}.choices")
        for place, choice in enumerate(question.choices):
            if (wrong := wrong_words(choice, lines=False)) is not None:
                return _unfit(f"設問{number + 1}の選択肢{place + 1}{wrong}", f"{here}.choices[{place}]")
    return None
