"""Operations of the portal: 操作履歴 (HIS-1, 2, 3)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from portal.wire.operation import CSV, Message, Method, Operation
from portal.wire.problems import ProblemCode as P
from portal.wire.systems import Party, System


class Service(StrEnum):
    """サービス (HIS-1)."""

    SIGN_IN = "sign_in"
    ACCOUNT = "account"
    RECORDS = "records"
    SELF_INFORMATION = "self_information"
    NOTICES = "notices"
    INQUIRIES = "inquiries"
    PROXIES = "proxies"
    EXTERNAL_SITES = "external_sites"


class Action(StrEnum):
    """操作 (HIS-2)."""

    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    SIGN_OUT_BY_TIME = "sign_out_by_time"
    REGISTER = "register"
    CHANGE = "change"
    CONFIRM = "confirm"
    REQUEST = "request"
    VIEW = "view"
    DOWNLOAD = "download"
    DELETE = "delete"
    ANSWER = "answer"
    SEND = "send"
    GRANT = "grant"
    END = "end"


class Operator(StrEnum):
    """操作者 (HIS-2)."""

    SELF = "self"
    PROXY = "proxy"


class HistoryQuery(Message, frozen=True):
    """Which lines: what is left out is not asked for; both days are included."""

    start: date | None = None
    end: date | None = None
    service: Service | None = None
    action: Action | None = None
    operator: Operator | None = None
    before: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    """Go on where an earlier answer ended: its *next*."""


class HistoryLine(msgspec.Struct, frozen=True):
    """操作履歴の一行."""

    at: datetime
    service: Service
    action: Action
    operator: Operator
    detail: str
    """In words; "" where there is nothing to add."""


class HistoryLines(msgspec.Struct, frozen=True):
    """Newest first."""

    lines: tuple[HistoryLine, ...]
    next: str | None
    """For *before*, if there are more."""


SEARCH_HISTORY = Operation(
    "history.search", System.PORTAL, Method.GET, "/api/history", HistoryQuery, HistoryLines,
    callers=[Party.CITIZEN], repeatable=True, requirements=["HIS-1", "HIS-2", "HIS-3"],
    summary="操作履歴を探す", problems=[P.ACCOUNT_NEEDED, P.PERIOD_REFUSED, P.UNPROCESSABLE],
)  # fmt: skip

HISTORY_CSV = Operation(
    "history.csv", System.PORTAL, Method.GET, "/api/history.csv", HistoryQuery, bytes,
    callers=[Party.CITIZEN], repeatable=True, requirements=["HIS-1"], response_media=CSV,
    summary="操作履歴をCSVで受け取る", problems=[P.ACCOUNT_NEEDED, P.PERIOD_REFUSED, P.UNPROCESSABLE, P.TOO_MANY],
)  # fmt: skip

OPERATIONS = (SEARCH_HISTORY, HISTORY_CSV)
