"""お知らせとアンケート: what a notice holds, and what its recipient does with it in the portal (NOT-1…7, FLD-4, 5)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from portal.wire import limits
from portal.wire.disclosure import Attachment, Named
from portal.wire.operation import CSV, PDF, Done, Message, Method, Operation
from portal.wire.problems import ProblemCode as P
from portal.wire.systems import Party, System

NoticeId = Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,17}$(?!\n)")]
"""お知らせの通番: given by the core in the order in which it took the notices."""
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=limits.NOTICE_TITLE_CHARACTERS_MAX)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=limits.NOTICE_TEXT_CHARACTERS_MAX)]
OwnText = Annotated[str, msgspec.Meta(min_length=1, max_length=limits.NOTICE_OWN_TEXT_CHARACTERS_MAX)]
Url = Annotated[str, msgspec.Meta(min_length=1, max_length=limits.NOTICE_URL_CHARACTERS_MAX)]
Position = Annotated[int, msgspec.Meta(ge=0, le=999_999_999)]
"""Of a recipient in a send, from 0."""


class QuestionKind(StrEnum):
    """回答の形."""

    CHOICE = "choice"
    """一つを選ぶ"""
    CHOICES = "choices"
    """いくつでも選ぶ"""
    TEXT = "text"
    """文章で答える"""
    DATE = "date"
    """日付で答える"""


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """設問."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    kind: QuestionKind
    required: bool = True
    choices: Annotated[
        tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=limits.CHOICE_CHARACTERS_MAX)], ...],
        msgspec.Meta(max_length=limits.CHOICES_MAX),
    ] = ()
    """For the two kinds that choose."""


class Questionnaire(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """アンケート (NOT-4), as its sender builds it."""

    questions: Annotated[tuple[Question, ...], msgspec.Meta(min_length=1, max_length=limits.QUESTIONS_MAX)]
    deadline: datetime
    """回答期限: answered, and changed, before this moment."""
    collect_until: datetime
    """回収期限: the portal keeps the answers until then."""


class ServiceLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """手続への案内: a service or a form (NOT-7)."""

    label: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    url: Url


class NoticeContent(Message, frozen=True):
    """お知らせの内容: the same for all recipients of one send."""

    title: Title
    text: Text
    kept_until: date
    """保存期限 (NOT-5): the last day in Japan on which it stands in the folder."""
    service: ServiceLink | None = None
    payment_url: Url | None = None
    """支払いのURL (NOT-7)."""
    attachments: Annotated[
        tuple[Attachment, ...], msgspec.Meta(max_length=limits.NOTICE_ATTACHMENTS_MAX)
    ] = ()
    """添付ファイル: a leaflet, a receipt."""
    questionnaire: Questionnaire | None = None


class OwnPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """個別の内容: what is for one recipient alone, in place of the send's own words."""

    title: Title | None = None
    text: OwnText | None = None
    payment_url: Url | None = None


AnswerText = Annotated[str, msgspec.Meta(max_length=limits.ANSWER_CHARACTERS_MAX)]
Answer = Annotated[tuple[AnswerText, ...], msgspec.Meta(max_length=limits.CHOICES_MAX)]
"""One question's answer: the choices as they are worded, or one text, or one day (``2026-04-01``); empty: none."""
Answers = Annotated[tuple[Answer, ...], msgspec.Meta(min_length=1, max_length=limits.QUESTIONS_MAX)]
"""In the order of the questions."""


class NoticeState(StrEnum):
    """お知らせの状態, as its recipient sees it."""

    UNOPENED = "unopened"
    OPENED = "opened"
    WITHDRAWN = "withdrawn"
    """取り消されたお知らせ: it had been opened, and its sender took it back."""


class ListNotices(Message, frozen=True):
    """お知らせの一覧, newest first; *before* is the last one of the page before."""

    before: NoticeId | None = None
    most: Annotated[int, msgspec.Meta(ge=1, le=limits.NOTICES_ON_PAGE_MAX)] = 20
    unopened: bool = False
    """Only these."""


class NoticeView(msgspec.Struct, frozen=True):
    notice_id: str
    state: NoticeState
    title: str
    sender: Named
    affair: Named
    arrived_at: datetime
    opened_at: datetime | None
    kept_until: date
    deadline: datetime | None = None
    """Of its questionnaire."""
    answered_at: datetime | None = None


class Notices(msgspec.Struct, frozen=True):
    notices: tuple[NoticeView, ...]
    more: bool
    """Whether there are older ones."""


class OneNotice(Message, frozen=True):
    notice_id: NoticeId


class AttachmentName(msgspec.Struct, frozen=True):
    name: str
    media_type: str
    size: int
    """Bytes."""


class OpenedNotice(msgspec.Struct, frozen=True):
    """開いたお知らせ."""

    notice: NoticeView
    text: str
    service: ServiceLink | None
    payment_url: str | None
    attachments: tuple[AttachmentName, ...]
    questionnaire: Questionnaire | None
    answers: tuple[tuple[str, ...], ...] | None
    """As they were given last."""
    can_answer: bool
    version: str = ""
    """回答の版, of *answers*, also when there are none: goes back with new ones. Empty: nothing to answer."""


class OneAttachment(Message, frozen=True):
    notice_id: NoticeId
    place: Annotated[str, msgspec.Meta(pattern=r"^[0-9]$(?!\n)")]
    """From 0."""


class GiveAnswers(Message, frozen=True):
    """アンケートの回答; given again, it takes the place of what was given before."""

    notice_id: NoticeId
    answers: Answers
    version: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}$(?!\n)")] | None = None
    """Of the answers that were shown when these were made: refused when others were given since. None: the last wins."""


_PROBLEMS = (P.ACCOUNT_NEEDED,)
_ONE = (P.ACCOUNT_NEEDED, P.NOT_FOUND)

LIST_NOTICES = Operation(
    "notices.list", System.PORTAL, Method.GET, "/api/notices", ListNotices, Notices,
    callers=[Party.CITIZEN], repeatable=True, requirements=["NOT-1", "FLD-4"], summary="お知らせの一覧",
    problems=_PROBLEMS,
)  # fmt: skip

OPEN_NOTICE = Operation(
    "notices.open", System.PORTAL, Method.POST, "/api/notices/{notice_id}/open", OneNotice, OpenedNotice,
    callers=[Party.CITIZEN], repeatable=True, requirements=["NOT-4", "NOT-7"], summary="お知らせを開く（開封済みになる）",
    problems=[*_ONE, P.STORAGE_REFUSED],
)  # fmt: skip

NOTICE_CSV = Operation(
    "notices.csv", System.PORTAL, Method.POST, "/api/notices/{notice_id}/csv", OneNotice, bytes,
    callers=[Party.CITIZEN], repeatable=True, requirements=["FLD-5"], response_media=CSV,
    summary="お知らせをCSVで受け取る（開封になる）", problems=[*_ONE, P.TOO_MANY, P.STORAGE_REFUSED],
)  # fmt: skip

NOTICE_PDF = Operation(
    "notices.pdf", System.PORTAL, Method.POST, "/api/notices/{notice_id}/pdf", OneNotice, bytes,
    callers=[Party.CITIZEN], repeatable=True, requirements=["FLD-5"], response_media=PDF,
    summary="お知らせをPDFで受け取る（開封になる）", problems=[*_ONE, P.TOO_MANY, P.STORAGE_REFUSED, P.OVERLOADED],
)  # fmt: skip

FETCH_ATTACHMENT = Operation(
    "notices.attachment", System.PORTAL, Method.GET, "/api/notices/{notice_id}/attachments/{place}", OneAttachment,
    Attachment, callers=[Party.CITIZEN], repeatable=True, requirements=["NOT-7", "FLD-5"],
    summary="お知らせの添付ファイルを受け取る", problems=[*_ONE, P.STORAGE_REFUSED],
)  # fmt: skip

DELETE_NOTICE = Operation(
    "notices.delete", System.PORTAL, Method.DELETE, "/api/notices/{notice_id}", OneNotice, Done,
    callers=[Party.CITIZEN], repeatable=True, requirements=["FLD-5"], summary="お知らせを削除する",
    problems=[*_ONE, P.STORAGE_REFUSED],
)  # fmt: skip

ANSWER_NOTICE = Operation(
    "notices.answer", System.PORTAL, Method.PUT, "/api/notices/{notice_id}/answers", GiveAnswers, NoticeView,
    callers=[Party.CITIZEN], repeatable=True, requirements=["NOT-4"], summary="アンケートに答える（期限まで直せる）",
    problems=[*_ONE, P.CONFLICT, P.PERIOD_REFUSED, P.STORAGE_REFUSED],
)  # fmt: skip

OPERATIONS = (
    LIST_NOTICES,
    OPEN_NOTICE,
    NOTICE_CSV,
    NOTICE_PDF,
    FETCH_ATTACHMENT,
    DELETE_NOTICE,
    ANSWER_NOTICE,
)
