"""お知らせの送信 (OSR): what a municipality's system asks of its intermediate server (NOT-1, 2, 4, 5, 6, 7).

A bulk send is opened with its content, takes its recipients' file in parts, each named by its offset, and is
confirmed; until then nothing goes out. Whoever was cut off asks where the send stands and goes on from there.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from portal.wire import limits
from portal.wire.intermediate_keeping import ORGANISATION_SIDE, UserId
from portal.wire.linkage import AffairCode, Key, PersonNumber
from portal.wire.notice_relaying import SendId
from portal.wire.notices import NoticeContent, OwnPart
from portal.wire.operation import Message, Method, Operation
from portal.wire.problems import ProblemCode as P
from portal.wire.self_information import OrganisationCode
from portal.wire.systems import System

PART_BYTES_MAX = 256 * 1024
"""Of a recipients' file, in one request: read in some tens of milliseconds."""


class RecipientsFormat(StrEnum):
    """宛先ファイルの形."""

    CSV = "csv"
    """UTF-8, with a heading: 宛名番号, and if wished 件名, 本文, 支払いURL."""
    JSON_LINES = "jsonl"
    """One object a line: ``person``, and if wished ``title``, ``text``, ``payment_url``."""


class SendState(StrEnum):
    """送信の状態."""

    RECEIVING = "receiving"
    """宛先の受付中"""
    REFUSED = "refused"
    """受け付けなかった: the file has mistakes, or is over the cap"""
    SENDING = "sending"
    """送信中"""
    SENT = "sent"
    """送信済み: every batch was laid into folders, or has no folder"""
    CANCELLING = "cancelling"
    """取り消し中"""
    CANCELLED = "cancelled"
    """取り消した"""


class SendNotice(Message, frozen=True):
    """お知らせの個別送信."""

    organisation: OrganisationCode
    key: Key
    """The sender's own: the same again is the same send."""
    affair: AffairCode
    person: PersonNumber
    content: NoticeContent
    own: OwnPart | None = None
    user: UserId | None = None


class OpenSend(Message, frozen=True):
    """一括送信の開始: everything but the recipients."""

    organisation: OrganisationCode
    key: Key
    affair: AffairCode
    format: RecipientsFormat
    content: NoticeContent
    user: UserId | None = None


class PutPart(Message, frozen=True):
    """宛先ファイルの一部: the bytes from *offset* on."""

    send_id: SendId
    organisation: OrganisationCode
    offset: Annotated[int, msgspec.Meta(ge=0)]
    content: Annotated[bytes, msgspec.Meta(max_length=PART_BYTES_MAX)]


class ConfirmSend(Message, frozen=True):
    """送信の確定: the file is whole; its last line may lack its end."""

    send_id: SendId
    organisation: OrganisationCode
    recipients: int | None = None
    """How many there must be, if the sender wants it checked."""


class SendOfOrganisation(Message, frozen=True):
    send_id: SendId
    organisation: OrganisationCode


class Mistake(msgspec.Struct, frozen=True):
    """宛先ファイルの誤り."""

    line: int
    """From 1."""
    column: int | None
    """From 1: of a CSV file the column, of JSON lines the byte."""
    field: str | None
    reason: str


class NoticeSend(msgspec.Struct, frozen=True):
    """送信の状況 (NOT-6)."""

    send_id: str
    organisation: str
    key: str
    affair: str
    title: str
    state: SendState
    bulk: bool
    opened_at: datetime
    confirmed_at: datetime | None
    received_bytes: int
    """Of the recipients' file: where the next part begins."""
    recipients: int
    relayed: int
    """Handed to the network."""
    delivered: int
    """Laid into folders."""
    without_folder: int
    opened: int
    answered: int
    mistakes: int
    first_mistakes: tuple[Mistake, ...]
    reason: str | None
    """Why it was refused."""
    cap: int
    """一回の送信の上限, of the group's profile."""
    polled_at: datetime | None
    """When opened marks and answers were fetched last."""


class ListSends(Message, frozen=True):
    organisation: OrganisationCode
    before: SendId | None = None


class NoticeSends(msgspec.Struct, frozen=True):
    """Newest first."""

    sends: tuple[NoticeSend, ...]
    cap: int
    more: bool


class RecipientState(StrEnum):
    """宛先ごとの状態."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    WITHOUT_FOLDER = "without_folder"
    OPENED = "opened"
    ANSWERED = "answered"


class ListRecipients(Message, frozen=True):
    send_id: SendId
    organisation: OrganisationCode
    after: Annotated[int, msgspec.Meta(ge=-1)] = -1
    """The last position that is known."""


class Recipient(msgspec.Struct, frozen=True):
    position: int
    person: int
    state: RecipientState
    opened_at: datetime | None = None
    answered_at: datetime | None = None
    answers: tuple[tuple[str, ...], ...] | None = None


class Recipients(msgspec.Struct, frozen=True):
    recipients: tuple[Recipient, ...]
    more: bool


class ExportOfSend(Message, frozen=True):
    """送信の結果のファイル, a page of it."""

    send_id: SendId
    organisation: OrganisationCode
    after: Annotated[int, msgspec.Meta(ge=-1)] = -1
    """As the page before says."""


class CsvPage(msgspec.Struct, frozen=True):
    """CSV (RFC 4180) of some thousand lines: all pages put together are one file."""

    csv: str
    """The first page begins with a byte order mark and the heading."""
    after: int
    """What to ask for the next page with."""
    more: bool


class CheckFolders(Message, frozen=True):
    """利用者フォルダーの有無の確認 (NOT-2)."""

    organisation: OrganisationCode
    persons: Annotated[
        tuple[PersonNumber, ...], msgspec.Meta(min_length=1, max_length=limits.NOTICES_IN_BATCH_MAX)
    ]


class FoldersFound(msgspec.Struct, frozen=True):
    """In the order of the persons."""

    exist: tuple[bool, ...]


_SIDE = (P.NOT_FOUND, P.STOPPED, P.OVERLOADED, P.STORAGE_REFUSED)
_TAKING = (*_SIDE, P.NOT_PERMITTED, P.CONFLICT, P.PERIOD_REFUSED)

SEND_NOTICE = Operation(
    "intermediate.send_notice", System.INTERMEDIATE, Method.POST, "/osr/notices", SendNotice, NoticeSend,
    callers=ORGANISATION_SIDE, repeatable=True, status=202, requirements=["NOT-1", "NOT-5", "NOT-7"],
    summary="お知らせを一人に送る", problems=_TAKING, body_bytes_max=limits.DELIVERY_BYTES_MAX,
)  # fmt: skip

OPEN_SEND = Operation(
    "intermediate.open_notice_send", System.INTERMEDIATE, Method.POST, "/osr/sends", OpenSend, NoticeSend,
    callers=ORGANISATION_SIDE, repeatable=True, status=201, requirements=["NOT-1", "NOT-5", "NOT-7"],
    summary="お知らせの一括送信を始める", problems=_TAKING, body_bytes_max=limits.DELIVERY_BYTES_MAX,
)  # fmt: skip

PUT_PART = Operation(
    "intermediate.put_notice_recipients", System.INTERMEDIATE, Method.PUT, "/osr/recipients", PutPart, NoticeSend,
    callers=ORGANISATION_SIDE, repeatable=True, requirements=["NOT-1"], summary="宛先ファイルの続きを渡す",
    problems=[*_SIDE, P.CONFLICT], body_bytes_max=2 * PART_BYTES_MAX,
)  # fmt: skip

CONFIRM_SEND = Operation(
    "intermediate.confirm_notice_send", System.INTERMEDIATE, Method.POST, "/osr/sends/{send_id}/confirmation",
    ConfirmSend, NoticeSend, callers=ORGANISATION_SIDE, repeatable=True, requirements=["NOT-1"],
    summary="一括送信を確定する（誤りがあれば1件も送らない）", problems=[*_SIDE, P.CONFLICT],
)  # fmt: skip

VIEW_SEND = Operation(
    "intermediate.view_notice_send", System.INTERMEDIATE, Method.GET, "/osr/sends/{send_id}", SendOfOrganisation,
    NoticeSend, callers=ORGANISATION_SIDE, repeatable=True, requirements=["NOT-6"], summary="送信の状況を見る",
    problems=_SIDE,
)  # fmt: skip

LIST_SENDS = Operation(
    "intermediate.list_notice_sends", System.INTERMEDIATE, Method.GET, "/osr/sends", ListSends, NoticeSends,
    callers=ORGANISATION_SIDE, repeatable=True, requirements=["NOT-6"], summary="送信の一覧", problems=_SIDE,
)  # fmt: skip

CANCEL_SEND = Operation(
    "intermediate.cancel_notice_send", System.INTERMEDIATE, Method.DELETE, "/osr/sends/{send_id}", SendOfOrganisation,
    NoticeSend, callers=ORGANISATION_SIDE, repeatable=True, requirements=["NOT-6"], summary="送信を取り消す",
    problems=[*_SIDE, P.CONFLICT],
)  # fmt: skip

LIST_RECIPIENTS = Operation(
    "intermediate.list_notice_recipients", System.INTERMEDIATE, Method.GET, "/osr/sends/{send_id}/recipients",
    ListRecipients, Recipients, callers=ORGANISATION_SIDE, repeatable=True, requirements=["NOT-4", "NOT-6"],
    summary="宛先ごとの送達・開封・回答", problems=_SIDE,
)  # fmt: skip

RECIPIENTS_CSV = Operation(
    "intermediate.export_notice_recipients", System.INTERMEDIATE, Method.GET, "/osr/sends/{send_id}/recipients/csv",
    ExportOfSend, CsvPage, callers=ORGANISATION_SIDE, repeatable=True, requirements=["NOT-6"],
    summary="宛先ごとの状態を、CSVで取り出す", problems=_SIDE,
)  # fmt: skip

ANSWERS_CSV = Operation(
    "intermediate.export_notice_answers", System.INTERMEDIATE, Method.GET, "/osr/sends/{send_id}/answers/csv",
    ExportOfSend, CsvPage, callers=ORGANISATION_SIDE, repeatable=True, requirements=["NOT-4"],
    summary="回収したアンケートの回答を、CSVで取り出す", problems=_SIDE,
)  # fmt: skip

POLL_SEND = Operation(
    "intermediate.poll_notice_send", System.INTERMEDIATE, Method.POST, "/osr/sends/{send_id}/poll",
    SendOfOrganisation, NoticeSend, callers=ORGANISATION_SIDE, repeatable=True, requirements=["NOT-4"],
    summary="開封状況を取り寄せ、アンケートの回答を回収する", problems=[*_SIDE, P.UPSTREAM_UNAVAILABLE],
)  # fmt: skip

CHECK_FOLDERS = Operation(
    "intermediate.check_folders", System.INTERMEDIATE, Method.POST, "/osr/folders", CheckFolders, FoldersFound,
    callers=ORGANISATION_SIDE, repeatable=True, requirements=["NOT-2"], summary="利用者フォルダーの有無を確かめる",
    problems=[*_SIDE, P.UPSTREAM_UNAVAILABLE],
)  # fmt: skip

OPERATIONS = (
    SEND_NOTICE,
    OPEN_SEND,
    PUT_PART,
    CONFIRM_SEND,
    VIEW_SEND,
    LIST_SENDS,
    CANCEL_SEND,
    LIST_RECIPIENTS,
    RECIPIENTS_CSV,
    ANSWERS_CSV,
    POLL_SEND,
    CHECK_FOLDERS,
)
