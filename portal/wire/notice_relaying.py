"""お知らせの中継: from a sender's intermediate server through the core to the portal, and back what came of it.

The core turns the sender's codes into the portal's and gives every notice its number. Each message bears a key by
which it is recognised when it comes again: the send, and within it the batch.
"""

from typing import Annotated

import msgspec

from portal.wire import limits
from portal.wire.disclosure import Named
from portal.wire.linkage import AffairCode
from portal.wire.network import LinkageCode
from portal.wire.notices import NoticeContent, OwnPart, Position
from portal.wire.operation import Done, Message, Method, Operation
from portal.wire.problems import ProblemCode as P
from portal.wire.self_information import OrganisationCode
from portal.wire.systems import System

SendId = Annotated[str, msgspec.Meta(pattern=r"^[a-z2-7]{24}$(?!\n)")]
"""送信番号, unique at its organisation."""
ContentId = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{16}\.[a-z2-7]{24}$(?!\n)")]
"""The organisation and its 送信番号: unique everywhere."""
Recipients = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
BatchNumber = Annotated[int, msgspec.Meta(ge=0, le=99_999_999)]


class Entry(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One recipient in a batch."""

    code: LinkageCode
    own: OwnPart | None = None


Entries = Annotated[tuple[Entry, ...], msgspec.Meta(min_length=1, max_length=limits.NOTICES_IN_BATCH_MAX)]


# Sender's server → core


class RelayContent(Message, frozen=True):
    """お知らせの内容, once for each send, before its recipients."""

    organisation: OrganisationCode
    send_id: SendId
    affair: AffairCode
    content: NoticeContent
    recipients: Recipients = 0
    """Of the whole send; 0 where its sender does not say."""


class RelayBatch(Message, frozen=True):
    """お知らせの宛先: so many recipients, in the sender's own codes."""

    organisation: OrganisationCode
    send_id: SendId
    batch: BatchNumber
    first: Position
    """Of the first entry in the send."""
    entries: Entries


class OneSend(Message, frozen=True):
    organisation: OrganisationCode
    send_id: SendId


class AskFolders(Message, frozen=True):
    """利用者フォルダーの有無 (NOT-2)."""

    organisation: OrganisationCode
    codes: Annotated[
        tuple[LinkageCode, ...], msgspec.Meta(min_length=1, max_length=limits.NOTICES_IN_BATCH_MAX)
    ]


class Folders(msgspec.Struct, frozen=True):
    """In the order of the codes."""

    exist: tuple[bool, ...]


class AskMarks(Message, frozen=True):
    """開封状況, or answers, since a moment; *after* is the last position of that very moment that is known."""

    organisation: OrganisationCode
    send_id: SendId
    since_ms: Annotated[int, msgspec.Meta(ge=0)] = 0
    after: Annotated[int, msgspec.Meta(ge=-1)] = -1


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """開封: which recipient, and when."""

    position: int
    at_ms: int


class Marks(msgspec.Struct, frozen=True):
    marks: tuple[Mark, ...]
    more: bool


class GivenAnswers(msgspec.Struct, frozen=True):
    """回答 of one recipient, as it stands at this moment."""

    position: int
    at_ms: int
    answers: tuple[tuple[str, ...], ...]


class Collected(msgspec.Struct, frozen=True):
    answers: tuple[GivenAnswers, ...]
    more: bool


# Core → sender's server


class ReceiveResults(Message, frozen=True):
    """送達結果 of one batch: all were laid into folders, except these (there is no folder)."""

    organisation: OrganisationCode
    send_id: SendId
    batch: BatchNumber
    undelivered: Annotated[tuple[Position, ...], msgspec.Meta(max_length=limits.NOTICES_IN_BATCH_MAX)]


# Core → portal


class ReceiveContent(Message, frozen=True):
    content_id: ContentId
    sender: Named
    affair: Named
    content: NoticeContent
    recipients: Recipients = 0
    """What is for one person alone goes with her notice: content for many stays until its retention ends."""


class ReceiveNotices(Message, frozen=True):
    """お知らせの配信, in the portal's codes. The number of entry *n* is *number* + *n*."""

    content_id: ContentId
    batch: BatchNumber
    number: Annotated[int, msgspec.Meta(ge=1, le=999_999_999_999_999_999)]
    first: Position
    entries: Entries


class NoticesReceived(msgspec.Struct, frozen=True):
    """受け取った; there is no folder for these positions."""

    undelivered: tuple[int, ...]


class OneContent(Message, frozen=True):
    content_id: ContentId


class HaveFolders(Message, frozen=True):
    codes: Annotated[
        tuple[LinkageCode, ...], msgspec.Meta(min_length=1, max_length=limits.NOTICES_IN_BATCH_MAX)
    ]


class ReadMarks(Message, frozen=True):
    content_id: ContentId
    since_ms: Annotated[int, msgspec.Meta(ge=0)] = 0
    after: Annotated[int, msgspec.Meta(ge=-1)] = -1


_TO_CORE = (P.NOT_FOUND, P.NOT_PERMITTED, P.CONFLICT, P.OVERLOADED, P.STOPPED, P.STORAGE_REFUSED)
_ASKED = (P.NOT_FOUND, P.STOPPED, P.UPSTREAM_UNAVAILABLE)
_SENDER = (System.INTERMEDIATE,)

RELAY_CONTENT = Operation(
    "network.relay_notice_content", System.NETWORK, Method.POST, "/osr/contents", RelayContent, Done, callers=_SENDER,
    repeatable=True, status=202, requirements=["NOT-1"], summary="お知らせの内容を受け付ける", problems=_TO_CORE,
    body_bytes_max=limits.DELIVERY_BYTES_MAX,
)  # fmt: skip

RELAY_BATCH = Operation(
    "network.relay_notices", System.NETWORK, Method.POST, "/osr/batches", RelayBatch, Done, callers=_SENDER,
    repeatable=True, status=202, requirements=["NOT-1"], summary="お知らせの宛先を受け付ける", problems=_TO_CORE,
    body_bytes_max=limits.DELIVERY_BYTES_MAX,
)  # fmt: skip

RELAY_CANCEL = Operation(
    "network.cancel_notices", System.NETWORK, Method.POST, "/osr/cancellations", OneSend, Done, callers=_SENDER,
    repeatable=True, status=202, requirements=["NOT-6"], summary="お知らせの取り消しを受け付ける", problems=_TO_CORE,
)  # fmt: skip

ASK_FOLDERS = Operation(
    "network.ask_folders", System.NETWORK, Method.POST, "/osr/folders", AskFolders, Folders, callers=_SENDER,
    repeatable=True, requirements=["NOT-2"], summary="利用者フォルダーの有無を確かめる", problems=_ASKED,
)  # fmt: skip

ASK_MARKS = Operation(
    "network.ask_opened_notices", System.NETWORK, Method.POST, "/osr/opened", AskMarks, Marks, callers=_SENDER,
    repeatable=True, requirements=["NOT-4"], summary="お知らせの開封状況を確かめる", problems=_ASKED,
)  # fmt: skip

ASK_ANSWERS = Operation(
    "network.collect_answers", System.NETWORK, Method.POST, "/osr/answers", AskMarks, Collected, callers=_SENDER,
    repeatable=True, requirements=["NOT-4"], summary="アンケートの回答を回収する", problems=_ASKED,
)  # fmt: skip

RECEIVE_RESULTS = Operation(
    "intermediate.receive_notice_results", System.INTERMEDIATE, Method.POST, "/osr/results", ReceiveResults, Done,
    callers=[System.NETWORK], repeatable=True, requirements=["NOT-6"], summary="お知らせの送達結果を受け取る",
    problems=[P.NOT_FOUND, P.STOPPED, P.STORAGE_REFUSED],
)  # fmt: skip

_CORE = (System.NETWORK,)

RECEIVE_CONTENT = Operation(
    "notices.receive_content", System.PORTAL, Method.POST, "/deliveries/notice-contents", ReceiveContent, Done,
    callers=_CORE, repeatable=True, requirements=["NOT-1"], summary="お知らせの内容を受け取る",
    problems=[P.CONFLICT, P.STORAGE_REFUSED], body_bytes_max=limits.DELIVERY_BYTES_MAX,
)  # fmt: skip

RECEIVE_NOTICES = Operation(
    "notices.receive", System.PORTAL, Method.POST, "/deliveries/notices", ReceiveNotices, NoticesReceived,
    callers=_CORE, repeatable=True, requirements=["NOT-1", "NOT-3"], summary="お知らせを利用者フォルダーに届ける",
    problems=[P.NOT_FOUND, P.CONFLICT, P.STORAGE_REFUSED], body_bytes_max=limits.DELIVERY_BYTES_MAX,
)  # fmt: skip

WITHDRAW_NOTICES = Operation(
    "notices.withdraw", System.PORTAL, Method.POST, "/deliveries/notice-withdrawals", OneContent, Done,
    callers=_CORE, repeatable=True, requirements=["NOT-6"], summary="お知らせを利用者フォルダーから取り消す",
    problems=[P.STORAGE_REFUSED],
)  # fmt: skip

HAVE_FOLDERS = Operation(
    "notices.have_folders", System.PORTAL, Method.POST, "/deliveries/folders", HaveFolders, Folders,
    callers=_CORE, repeatable=True, requirements=["NOT-2"], summary="利用者フォルダーの有無を答える",
)  # fmt: skip

READ_MARKS = Operation(
    "notices.read_marks", System.PORTAL, Method.POST, "/deliveries/notice-marks", ReadMarks, Marks,
    callers=_CORE, repeatable=True, requirements=["NOT-4"], summary="お知らせの開封状況を答える",
    problems=[P.NOT_FOUND],
)  # fmt: skip

READ_ANSWERS = Operation(
    "notices.read_answers", System.PORTAL, Method.POST, "/deliveries/notice-answers", ReadMarks, Collected,
    callers=_CORE, repeatable=True, requirements=["NOT-4"], summary="アンケートの回答を渡す", problems=[P.NOT_FOUND],
)  # fmt: skip

OPERATIONS = (
    RELAY_CONTENT,
    RELAY_BATCH,
    RELAY_CANCEL,
    ASK_FOLDERS,
    ASK_MARKS,
    ASK_ANSWERS,
    RECEIVE_RESULTS,
    RECEIVE_CONTENT,
    RECEIVE_NOTICES,
    WITHDRAW_NOTICES,
    HAVE_FOLDERS,
    READ_MARKS,
    READ_ANSWERS,
)
