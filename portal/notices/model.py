"""お知らせとアンケート: the rules of a notice in a folder, apart from storage. :data:`TRANSITIONS` is its whole life.

It arrives, is opened, its questionnaire is answered; it goes when its retention ends, when its owner deletes it, or
when its sender takes it back before it was opened. What was opened and is taken back stays as an empty shell, so that
nobody doubts his memory. Signing out does nothing to it (FLD-4).
"""

from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec

from portal.wire.disclosure import Named
from portal.wire.limits import ANSWER_CHARACTERS_MAX
from portal.wire.moments import DAY, start_of, to_ms
from portal.wire.notices import NoticeContent, NoticeState, Question, QuestionKind, Questionnaire
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.texts import forbidden_in, is_blank

LAST_NUMBER: Final = 999_999_999_999_999_999
"""No notice has a larger one."""


NOT_HERE: Final = problem(
    ProblemCode.NOT_FOUND, "このお知らせはありません（保存期限が過ぎたか、取り消されたか、削除されました）。"
)


class State(StrEnum):
    """Where a notice is."""

    UNOPENED = "unopened"
    OPENED = "opened"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"
    GONE = "gone"
    """Not stored any more."""


class Event(StrEnum):
    """What can happen to a notice."""

    OPENING = "opening"
    ANSWER = "answer"
    """Before the deadline of its questionnaire."""
    CANCELLATION = "cancellation"
    """Its sender takes it back (NOT-6)."""
    DELETION = "deletion"
    """By its owner's hand (FLD-5)."""
    RETENTION_END = "retention_end"
    """保存期限, read or not (FLD-4)."""


TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.UNOPENED, Event.OPENING): State.OPENED,
    (State.UNOPENED, Event.CANCELLATION): State.GONE,
    (State.UNOPENED, Event.DELETION): State.GONE,
    (State.UNOPENED, Event.RETENTION_END): State.GONE,
    (State.OPENED, Event.OPENING): State.OPENED,
    (State.OPENED, Event.ANSWER): State.ANSWERED,
    (State.OPENED, Event.CANCELLATION): State.WITHDRAWN,
    (State.OPENED, Event.DELETION): State.GONE,
    (State.OPENED, Event.RETENTION_END): State.GONE,
    (State.ANSWERED, Event.OPENING): State.ANSWERED,
    (State.ANSWERED, Event.ANSWER): State.ANSWERED,
    (State.ANSWERED, Event.CANCELLATION): State.WITHDRAWN,
    (State.ANSWERED, Event.DELETION): State.GONE,
    (State.ANSWERED, Event.RETENTION_END): State.GONE,
    (State.WITHDRAWN, Event.OPENING): State.WITHDRAWN,
    (State.WITHDRAWN, Event.CANCELLATION): State.WITHDRAWN,
    (State.WITHDRAWN, Event.DELETION): State.GONE,
    (State.WITHDRAWN, Event.RETENTION_END): State.GONE,
}
"""All that is not here is refused: an answer to what was not opened or was withdrawn."""

SHOWN_AS: Final[dict[State, NoticeState]] = {
    State.UNOPENED: NoticeState.UNOPENED,
    State.OPENED: NoticeState.OPENED,
    State.ANSWERED: NoticeState.OPENED,
    State.WITHDRAWN: NoticeState.WITHDRAWN,
}


def after(state: State, event: Event) -> State | None:
    """The state that follows, or None when this event is refused in this state."""
    return TRANSITIONS.get((state, event))


def state_of(*, opened: bool, answered: bool, withdrawn: bool) -> State:
    """The state of a stored notice, from what is stored of it."""
    if withdrawn:
        return State.WITHDRAWN
    if answered:
        return State.ANSWERED
    return State.OPENED if opened else State.UNOPENED


def kept_until_ms(last_day: date) -> int:
    """When a notice goes: as the last day of its retention ends in Japan."""
    return start_of(last_day) + DAY


class SharedContent(msgspec.Struct, frozen=True):
    """What all recipients of a send have in common, as it is sealed; its attachments are sealed by themselves."""

    sender: Named
    affair: Named
    content: NoticeContent
    """Without attachments."""
    attachments: tuple[tuple[str, str, int], ...]
    """Name, type, bytes."""


class ContentRow(NamedTuple):
    """お知らせの内容 as it is stored, once for each send."""

    content_id: str
    wrapped_key: bytes
    sealed: bytes
    kept_until_ms: int
    collect_until_ms: int
    """0 without a questionnaire."""
    withdrawn: int
    recipients: int
    """Of the whole send; 0: not known."""


class NoticeRow(NamedTuple):
    """お知らせ in one folder, as it is stored."""

    account_id: str
    number: int
    content_id: str
    position: int
    own: bytes | None
    """Sealed :class:`~portal.wire.notices.OwnPart`."""
    arrived_ms: int
    kept_until_ms: int
    opened_ms: int | None
    answered_ms: int | None
    withdrawn: int
    asks: int = 0
    """Whether it carries a questionnaire."""

    @property
    def state(self) -> State:
        return state_of(
            opened=self.opened_ms is not None,
            answered=self.answered_ms is not None,
            withdrawn=bool(self.withdrawn),
        )


# アンケート


def version_of(answers: tuple[tuple[str, ...], ...] | None) -> str:
    """回答の版: tells the answers somebody was shown from others, 16 hexadecimal digits; of none, too."""
    return sha256(msgspec.msgpack.encode(answers)).hexdigest()[:16]


def can_answer(questionnaire: Questionnaire | None, now_ms: int) -> bool:
    return questionnaire is not None and now_ms < to_ms(questionnaire.deadline)


def check_answers(questionnaire: Questionnaire, answers: tuple[tuple[str, ...], ...]) -> Problem | None:
    """The first mistake in these answers, at the question where it is."""
    if len(answers) != len(questionnaire.questions):
        return problem(
            ProblemCode.UNPROCESSABLE,
            f"設問は{len(questionnaire.questions)}問です。すべての設問に、回答か空の回答を付けてください。",
            field="$.answers",
        )
    for number, wrong in wrong_answers(questionnaire, answers).items():
        return problem(ProblemCode.UNPROCESSABLE, f"設問{number + 1}: {wrong}", field=f"$.answers[{number}]")
    return None


def wrong_answers(questionnaire: Questionnaire, answers: tuple[tuple[str, ...], ...]) -> dict[int, str]:
    """By the number of the question, from 0: what is wrong with its answer."""
    found: dict[int, str] = {}
    for number, (question, answer) in enumerate(zip(questionnaire.questions, answers, strict=True)):
        wrong = _wrong_answer(question, answer)
        if wrong is not None:
            found[number] = wrong
    return found


def _wrong_answer(question: Question, answer: tuple[str, ...]) -> str | None:
    given = tuple(each for each in answer if not is_blank(each))
    if len(given) != len(answer):
        return "空の回答は、何も入れずに送ってください。"
    if not given:
        return "必ず答える設問です。" if question.required else None
    match question.kind:
        case QuestionKind.CHOICE | QuestionKind.CHOICES:
            if any(each not in question.choices for each in given):
                return "選択肢の中から選んでください。"
            if question.kind is QuestionKind.CHOICE and len(given) > 1:
                return "一つだけ選んでください。"
            if len(set(given)) != len(given):
                return "同じ選択肢が2回選ばれています。"
        case QuestionKind.TEXT:
            if len(given) > 1 or len(given[0]) > ANSWER_CHARACTERS_MAX:
                return f"{ANSWER_CHARACTERS_MAX}文字までの文章一つで答えてください。"
            if forbidden_in(given[0], lines=True) is not None:
                return "使えない文字（制御文字など）が入っています。"
        case QuestionKind.DATE:
            if len(given) > 1 or not _is_day(given[0]):
                return "ある日付を、2026-04-01 の形で答えてください。"
    return None


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
