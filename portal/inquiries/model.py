"""お問い合わせ: what it is, how it lives, its limits (FAQ-2)."""

from enum import StrEnum
from typing import NamedTuple

from portal.wire.inquiries import InquiryKind, InquiryState
from portal.wire.limits import INQUIRY_KEPT_YEARS
from portal.wire.moments import add_years
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.texts import forbidden_in, is_blank, with_line_feeds

KINDS: dict[InquiryKind, str] = {
    InquiryKind.SIGN_IN: "ログイン・カード",
    InquiryKind.ACCOUNT: "アカウント設定・メール",
    InquiryKind.RECORDS: "やりとり履歴",
    InquiryKind.SELF_INFORMATION: "あなたの情報",
    InquiryKind.NOTICES: "お知らせ",
    InquiryKind.PROXIES: "代理人",
    InquiryKind.OTHER: "そのほか",
}


class Event(StrEnum):
    """What can happen to an inquiry."""

    ANSWER = "answer"
    READ = "read"
    DELETE = "delete"
    RETENTION_END = "retention_end"


class State(StrEnum):
    """Where an inquiry is."""

    SENT = "sent"
    ANSWERED = "answered"
    READ = "read"
    GONE = "gone"


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.SENT, Event.ANSWER): State.ANSWERED,
    (State.SENT, Event.DELETE): State.GONE,
    (State.ANSWERED, Event.READ): State.READ,
    (State.ANSWERED, Event.DELETE): State.GONE,
    (State.ANSWERED, Event.RETENTION_END): State.GONE,
    (State.READ, Event.DELETE): State.GONE,
    (State.READ, Event.RETENTION_END): State.GONE,
}
"""All that is not here changes nothing: a second answer, reading before there is an answer."""


class Inquiry(NamedTuple):
    """お問い合わせ as it is stored; *text* and *answer* are sealed."""

    inquiry_id: str
    account_id: str
    kind: str
    text: bytes
    sent_ms: int
    answer: bytes | None
    answered_ms: int | None
    read_ms: int | None

    @property
    def state(self) -> State:
        if self.answered_ms is None:
            return State.SENT
        return State.ANSWERED if self.read_ms is None else State.READ

    @property
    def shown_as(self) -> InquiryState:
        return InquiryState.SENT if self.state is State.SENT else InquiryState.ANSWERED


def kept_until_ms(answered_ms: int) -> int:
    """When an answered inquiry is deleted; one that waits is never."""
    return add_years(answered_ms, INQUIRY_KEPT_YEARS)


def check_text(text: str) -> Problem | None:
    """What is wrong with these words, if anything: line ends are welcome, other controls are not."""
    if is_blank(text):
        return problem(ProblemCode.UNPROCESSABLE, "内容を入力してください。", field="$.text")
    if forbidden_in(with_line_feeds(text), lines=True) is not None:
        return problem(
            ProblemCode.UNPROCESSABLE,
            "内容に、使えない文字（制御文字など）が入っています。取りのぞいてください。",
            field="$.text",
        )
    return None
