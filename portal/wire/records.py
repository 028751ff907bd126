"""Operations of the portal: やりとり履歴 (REC-1, 2, 3)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from portal.wire.disclosure import ProvisionRecord
from portal.wire.operation import Message, Method, Nothing, Operation
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
    """書面での請求をお願いします (SELF-5), also what ends a request that nobody answers."""


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


_PROBLEMS = (P.ACCOUNT_NEEDED,)

REQUEST_RECORDS = Operation(
    "records.request", System.PORTAL, Method.POST, "/api/records/requests", RecordsRequest, RecordsRequestView,
    callers=[Party.CITIZEN], repeatable=False, status=201, requirements=["REC-1", "REC-2", "REC-3"],
    summary="期間を指定してやりとり履歴の開示を請求する", problems=[*_PROBLEMS, P.PERIOD_REFUSED, P.CONFLICT, P.STORAGE_REFUSED],
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

OPERATIONS = (REQUEST_RECORDS, LIST_RECORDS_REQUESTS, VIEW_RECORDS_REQUEST, READ_RECORDS)
