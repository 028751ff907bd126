"""Operations of the portal: よくある質問 and お問い合わせ (FAQ-1, FAQ-2)."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from portal.wire import limits
from portal.wire.operation import Done, Message, Method, Nothing, Operation
from portal.wire.problems import ProblemCode as P
from portal.wire.records import RequestKey
from portal.wire.systems import Party, System


class InquiryKind(StrEnum):
    """お問い合わせの種類 (FAQ-2)."""

    SIGN_IN = "sign_in"
    ACCOUNT = "account"
    RECORDS = "records"
    SELF_INFORMATION = "self_information"
    NOTICES = "notices"
    PROXIES = "proxies"
    OTHER = "other"


class InquiryState(StrEnum):
    """お問い合わせの状態."""

    SENT = "sent"
    """受け付けました: nobody has answered yet."""
    ANSWERED = "answered"


class FaqEntry(msgspec.Struct, frozen=True):
    """よくある質問の一つ."""

    faq_id: str
    kind: InquiryKind
    question: str
    answer: str


class SearchFaq(Message, frozen=True):
    """Entries with all of these words; all entries without."""

    words: Annotated[str, msgspec.Meta(max_length=limits.SEARCH_TEXT_CHARACTERS_MAX)] | None = None
    kind: InquiryKind | None = None


class FaqEntries(msgspec.Struct, frozen=True):
    entries: tuple[FaqEntry, ...]


class SendInquiry(Message, frozen=True):
    """お問い合わせ."""

    kind: InquiryKind
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=limits.INQUIRY_CHARACTERS_MAX)]
    key: RequestKey | None = None


class InquiryView(msgspec.Struct, frozen=True):
    """As whoever wrote it sees it."""

    inquiry_id: str
    kind: InquiryKind
    state: InquiryState
    sent_at: datetime
    answered_at: datetime | None
    read: bool


class Inquiries(msgspec.Struct, frozen=True):
    """Newest first."""

    inquiries: tuple[InquiryView, ...]


class OneInquiry(Message, frozen=True):
    inquiry_id: Annotated[str, msgspec.Meta(max_length=64)]


class InquiryContent(msgspec.Struct, frozen=True):
    inquiry: InquiryView
    text: str
    answer: str | None


class ListForDesk(Message, frozen=True):
    """Those that wait, oldest first; or those that were answered, newest first."""

    answered: bool = False


class DeskInquiry(msgspec.Struct, frozen=True):
    """As the operator sees it: not from whom it is (FLD-2)."""

    inquiry_id: str
    kind: InquiryKind
    sent_at: datetime
    answered_at: datetime | None
    text: str
    answer: str | None


class DeskInquiries(msgspec.Struct, frozen=True):
    inquiries: tuple[DeskInquiry, ...]
    waiting: int
    """How many wait, shown here or not."""


class AnswerInquiry(Message, frozen=True):
    inquiry_id: Annotated[str, msgspec.Meta(max_length=64)]
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=limits.INQUIRY_CHARACTERS_MAX)]


SEARCH_FAQ = Operation(
    "faq.search", System.PORTAL, Method.GET, "/api/faq", SearchFaq, FaqEntries,
    callers=[Party.ANYONE], repeatable=True, requirements=["FAQ-1"], summary="よくある質問を探す",
    problems=[P.TOO_MANY],
)  # fmt: skip

SEND_INQUIRY = Operation(
    "inquiries.send", System.PORTAL, Method.POST, "/api/inquiries", SendInquiry, InquiryView,
    callers=[Party.CITIZEN], repeatable=False, status=201, requirements=["FAQ-2"], summary="お問い合わせを送る",
    problems=[P.ACCOUNT_NEEDED, P.CONFLICT, P.TOO_MANY, P.STORAGE_REFUSED],
)  # fmt: skip

LIST_INQUIRIES = Operation(
    "inquiries.list", System.PORTAL, Method.GET, "/api/inquiries", Nothing, Inquiries,
    callers=[Party.CITIZEN], repeatable=True, requirements=["FAQ-2"], summary="自分のお問い合わせの一覧",
    problems=[P.ACCOUNT_NEEDED],
)  # fmt: skip

READ_INQUIRY = Operation(
    "inquiries.read", System.PORTAL, Method.POST, "/api/inquiries/{inquiry_id}/read", OneInquiry, InquiryContent,
    callers=[Party.CITIZEN], repeatable=True, requirements=["FAQ-2"], summary="お問い合わせと回答を読む",
    problems=[P.ACCOUNT_NEEDED, P.NOT_FOUND, P.STORAGE_REFUSED],
)  # fmt: skip

DELETE_INQUIRY = Operation(
    "inquiries.delete", System.PORTAL, Method.POST, "/api/inquiries/{inquiry_id}/deletion", OneInquiry, Done,
    callers=[Party.CITIZEN], repeatable=False, requirements=["FLD-5"], summary="お問い合わせを削除する",
    problems=[P.ACCOUNT_NEEDED, P.NOT_FOUND, P.STORAGE_REFUSED],
)  # fmt: skip

LIST_FOR_DESK = Operation(
    "desk.inquiries", System.PORTAL, Method.GET, "/api/desk/inquiries", ListForDesk, DeskInquiries,
    callers=[Party.OPERATOR], repeatable=True, requirements=["FAQ-2"], summary="窓口に届いたお問い合わせの一覧",
)  # fmt: skip

ANSWER_INQUIRY = Operation(
    "desk.answer", System.PORTAL, Method.POST, "/api/desk/inquiries/{inquiry_id}/answer", AnswerInquiry, Done,
    callers=[Party.OPERATOR], repeatable=False, requirements=["FAQ-2"], summary="お問い合わせに答える",
    problems=[P.NOT_FOUND, P.CONFLICT, P.STORAGE_REFUSED],
)  # fmt: skip

OPERATIONS = (
    SEARCH_FAQ, SEND_INQUIRY, LIST_INQUIRIES, READ_INQUIRY, DELETE_INQUIRY, LIST_FOR_DESK, ANSWER_INQUIRY,
)  # fmt: skip
