"""Operations of the portal: やりとり履歴 (REC-1, 2, 3, 4)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from portal.wire.disclosure import ProvisionRecord
from portal.wire.operation import CSV, PDF, Message, Method, Nothing, Operation
from portal.wire.problems import ProblemCode as P
from portal.wire.systems import Party, System


class RequestState(StrEnum):
    """開示請求の状態, as its owner sees it."""

    WAITING = "waiting"
    """問い合わせ中: not answered yet; the answer comes later."""
    ANSWERED = "answered"
    """回答あり"""
    REFUSED = "refused"
    """お断り: the law or the holder does not allow it."""
    PAPER = "paper"
    """書面での請求をお願いします: the holder does not answer electronically (SELF-5)."""
    WITHHELD = "withheld"
    """不開示: the holder has decided to withhold all of it (SELF-9)."""
    NOT_HELD = "not_held"
    """該当なし: the holder has no such information."""
    UNANSWERED = "unanswered"
    """回答なし: nobody answered in time; guided to paper, though an answer may still come."""


RequestKey = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
"""Chosen by the client: the same key is the same request, however often it is sent."""


class RecordsRequest(Message, frozen=True):
    """情報提供等記録開示の請求: both days are included."""

    start: date
    end: date
    key: RequestKey | None = None


class RecordsRequestView(msgspec.Struct, frozen=True):
    request_id: str
    state: RequestState
    start: date
    end: date
    asked_at: datetime
    answered_at: datetime | None
    read: bool
    guidance: str | None = None
    """What to do, when there is no answer."""


class RecordsRequests(msgspec.Struct, frozen=True):
    requests: tuple[RecordsRequestView, ...]


class OneRequest(Message, frozen=True):
    request_id: Annotated[str, msgspec.Meta(max_length=64)]


class RecordsContent(msgspec.Struct, frozen=True):
    request: RecordsRequestView
    records: tuple[ProvisionRecord, ...]


class InformationOfRecord(Message, frozen=True):
    """この記録でやりとりされた自己情報の提供要求 (REC-4): of the provider in that record, of that kind."""

    request_id: Annotated[str, msgspec.Meta(max_length=64)]
    """Of the records."""
    record_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    key: RequestKey | None = None


_PROBLEMS = (P.ACCOUNT_NEEDED,)

REQUEST_RECORDS = Operation(
    "records.request", System.PORTAL, Method.POST, "/api/records/requests", RecordsRequest, RecordsRequestView,
    callers=[Party.CITIZEN], repeatable=False, status=201, requirements=["REC-1", "REC-2", "REC-3"],
    summary="期間を指定してやりとり履歴の開示を請求する", problems=[*_PROBLEMS, P.PERIOD_REFUSED, P.NOT_FOUND, P.CONFLICT, P.STORAGE_REFUSED, P.TOO_MANY],
)  # fmt: skip

LIST_RECORDS_REQUESTS = Operation(
    "records.list", System.PORTAL, Method.GET, "/api/records/requests", Nothing, RecordsRequests,
    callers=[Party.CITIZEN], repeatable=True, requirements=["REC-1"], summary="自分の請求の一覧", problems=_PROBLEMS,
)  # fmt: skip

VIEW_RECORDS_REQUEST = Operation(
    "records.view", System.PORTAL, Method.GET, "/api/records/requests/{request_id}", OneRequest, RecordsRequestView,
    callers=[Party.CITIZEN], repeatable=True, requirements=["REC-3"], summary="請求の状態を見る",
    problems=[*_PROBLEMS, P.NOT_FOUND],
)  # fmt: skip

READ_RECORDS = Operation(
    "records.read", System.PORTAL, Method.POST, "/api/records/requests/{request_id}/read", OneRequest,
    RecordsContent, callers=[Party.CITIZEN], repeatable=True, requirements=["REC-2", "FLD-3"],
    summary="開示された記録を読む（既読になる）", problems=[*_PROBLEMS, P.NOT_FOUND, P.CONFLICT, P.STORAGE_REFUSED],
)  # fmt: skip

RECORDS_CSV = Operation(
    "records.csv", System.PORTAL, Method.POST, "/api/records/requests/{request_id}/csv", OneRequest, bytes,
    callers=[Party.CITIZEN], repeatable=True, requirements=["FLD-5", "FLD-3"], response_media=CSV,
    summary="開示された記録をCSVで受け取る（既読になる）", problems=[*_PROBLEMS, P.NOT_FOUND, P.CONFLICT, P.STORAGE_REFUSED, P.TOO_MANY],
)  # fmt: skip

RECORDS_PDF = Operation(
    "records.pdf", System.PORTAL, Method.POST, "/api/records/requests/{request_id}/pdf", OneRequest, bytes,
    callers=[Party.CITIZEN], repeatable=True, requirements=["FLD-5", "FLD-3"], response_media=PDF,
    summary="開示された記録をPDFで受け取る（既読になる）",
    problems=[*_PROBLEMS, P.NOT_FOUND, P.CONFLICT, P.STORAGE_REFUSED, P.OVERLOADED, P.TOO_MANY],
)  # fmt: skip

OPERATIONS = (
    REQUEST_RECORDS,
    LIST_RECORDS_REQUESTS,
    VIEW_RECORDS_REQUEST,
    READ_RECORDS,
    RECORDS_CSV,
    RECORDS_PDF,
)
