"""Operations of the portal: 利用者フォルダーの一覧, whatever lies in it, in one list (FLD-3, 4, 5)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from portal.wire import limits
from portal.wire.operation import Message, Method, Operation
from portal.wire.problems import ProblemCode as P
from portal.wire.systems import Party, System


class InboxKind(StrEnum):
    """フォルダーにあるものの種類; each is opened, taken home and deleted by its own operations."""

    RECORDS = "records"
    """やりとり履歴"""
    SELF_INFORMATION = "self_information"
    """あなたの情報"""
    NOTICE = "notice"
    """お知らせ"""
    QUESTIONNAIRE = "questionnaire"
    """アンケートの付いたお知らせ; asking for notices finds these too."""
    INQUIRY = "inquiry"
    """お問い合わせと、その回答"""


class InboxState(StrEnum):
    """As the owner sees it."""

    WAITING = "waiting"
    """No answer has come yet."""
    UNREAD = "unread"
    READ = "read"
    PAPER = "paper"
    WITHHELD = "withheld"
    NOT_HELD = "not_held"
    UNANSWERED = "unanswered"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class ListInbox(Message, frozen=True):
    """Which things: what is left out is not asked for; both days are included."""

    kind: InboxKind | None = None
    unread: bool = False
    """Only what has come and was not opened."""
    start: date | None = None
    end: date | None = None
    text: Annotated[str, msgspec.Meta(max_length=limits.SEARCH_TEXT_CHARACTERS_MAX)] | None = None
    """Words of the title or the sender; all of them must be there."""
    before: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    """Go on where an earlier answer ended: its *next*."""
    most: Annotated[int, msgspec.Meta(ge=1, le=limits.INBOX_ON_PAGE_MAX)] = 20


class InboxItem(msgspec.Struct, frozen=True):
    """フォルダーの中の一つ."""

    kind: InboxKind
    item_id: str
    title: str
    sender: str
    """From whom it comes, or who was asked."""
    state: InboxState
    at: datetime
    """When it came; when it was asked for, as long as nothing has come."""
    kept_until: date | None
    """The last day on which it is kept; None while an answer is awaited, and for what goes at sign-out."""
    goes_at_sign_out: bool
    """Read, and therefore deleted with the sign-out (FLD-3)."""
    deadline: datetime | None = None
    """Of a questionnaire."""
    answered_at: datetime | None = None
    """When the questionnaire was answered last."""


class InboxItems(msgspec.Struct, frozen=True):
    """What came last first."""

    items: tuple[InboxItem, ...]
    next: str | None
    """For *before*, if there may be more. With *text* a page may hold few things, or none, and still go on:
    one answer looks through INBOX_SEARCHED_MAX things."""


LIST_INBOX = Operation(
    "inbox.list", System.PORTAL, Method.GET, "/api/inbox", ListInbox, InboxItems, callers=[Party.CITIZEN],
    repeatable=True, requirements=["FLD-3", "FLD-4", "FLD-5"],
    summary="利用者フォルダーにあるものを、種類・未読・期間・ことばで探す",
    problems=[P.ACCOUNT_NEEDED, P.PERIOD_REFUSED, P.UNPROCESSABLE],
)  # fmt: skip

OPERATIONS = (LIST_INBOX,)
