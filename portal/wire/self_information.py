"""Operations of the portal: あなたの情報 (SELF-1…9), also from a record straight to the information (REC-4)."""

from datetime import datetime
from typing import Annotated

import msgspec

from portal.wire import limits
from portal.wire.disclosure import Named, SelfInformation
from portal.wire.operation import CSV, PDF, Message, Method, Nothing, Operation
from portal.wire.problems import ProblemCode as P
from portal.wire.records import InformationOfRecord, OneRequest, RequestKey, RequestState
from portal.wire.systems import Party, System

InformationCode = Annotated[str, msgspec.Meta(pattern=r"^TM[0-9]{14}$(?!\n)")]
"""特定個人情報名コード (DOMAIN.md 4)."""
OrganisationCode = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{16}$(?!\n)")]
"""機関コード (DOMAIN.md 4)."""
MunicipalityCode = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}$(?!\n)")]
"""全国地方公共団体コード, with its check digit (DOMAIN.md 6)."""
SearchText = Annotated[str, msgspec.Meta(max_length=limits.SEARCH_TEXT_CHARACTERS_MAX)]


class InformationKind(msgspec.Struct, frozen=True):
    """特定個人情報: one kind that can be asked for, where it stands in the catalogue."""

    information: Named
    field: str
    """分野"""
    detail: str
    """細目"""


class Catalogue(msgspec.Struct, frozen=True):
    profile: str
    kinds: tuple[InformationKind, ...]


class Search(Message, frozen=True):
    """自己情報の検索: by name, by field and detail field, with or without a municipality; all given must match."""

    name: SearchText | None = None
    field: SearchText | None = None
    detail: SearchText | None = None
    municipality: MunicipalityCode | None = None


class Candidate(msgspec.Struct, frozen=True):
    """An organisation that holds this information about the user (SELF-3)."""

    information: Named
    organisation: Named
    field: str
    detail: str


class Candidates(msgspec.Struct, frozen=True):
    candidates: tuple[Candidate, ...]


class Selection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    information: InformationCode
    organisation: OrganisationCode


class SelfInformationRequest(Message, frozen=True):
    """自己情報の提供要求."""

    selections: Annotated[tuple[Selection, ...], msgspec.Meta(min_length=1, max_length=limits.SELECTIONS_MAX)]
    key: RequestKey | None = None


class SelfInformationRequestView(msgspec.Struct, frozen=True):
    request_id: str
    state: RequestState
    information: Named
    organisation: Named
    asked_at: datetime
    answered_at: datetime | None
    read: bool
    guidance: str | None = None


class SelfInformationRequests(msgspec.Struct, frozen=True):
    requests: tuple[SelfInformationRequestView, ...]


class SelfInformationContent(msgspec.Struct, frozen=True):
    request: SelfInformationRequestView
    content: SelfInformation


_PROBLEMS = (P.ACCOUNT_NEEDED,)

VIEW_CATALOGUE = Operation(
    "self_information.catalogue", System.PORTAL, Method.GET, "/api/self-information/catalogue", Nothing, Catalogue,
    callers=[Party.CITIZEN], repeatable=True, requirements=["SELF-2"], summary="分野と特定個人情報の一覧",
    problems=[*_PROBLEMS, P.UPSTREAM_UNAVAILABLE],
)  # fmt: skip

SEARCH = Operation(
    "self_information.search", System.PORTAL, Method.GET, "/api/self-information/candidates", Search, Candidates,
    callers=[Party.CITIZEN], repeatable=True, requirements=["SELF-1", "SELF-2", "SELF-3", "SELF-4"],
    summary="自己情報を持っている機関を探す", problems=[*_PROBLEMS, P.UPSTREAM_UNAVAILABLE, P.TOO_MANY],
)  # fmt: skip

REQUEST_SELF_INFORMATION = Operation(
    "self_information.request", System.PORTAL, Method.POST, "/api/self-information/requests",
    SelfInformationRequest, SelfInformationRequests, callers=[Party.CITIZEN], repeatable=False, status=201,
    requirements=["SELF-3", "SELF-4", "SELF-6"], summary="選んだ自己情報の提供を求める",
    problems=[*_PROBLEMS, P.NOT_FOUND, P.CONFLICT, P.STORAGE_REFUSED, P.UPSTREAM_UNAVAILABLE, P.TOO_MANY],
)  # fmt: skip

LIST_SELF_INFORMATION_REQUESTS = Operation(
    "self_information.list", System.PORTAL, Method.GET, "/api/self-information/requests", Nothing,
    SelfInformationRequests, callers=[Party.CITIZEN], repeatable=True, requirements=["SELF-6"],
    summary="自分の提供要求の一覧", problems=_PROBLEMS,
)  # fmt: skip

VIEW_SELF_INFORMATION_REQUEST = Operation(
    "self_information.view", System.PORTAL, Method.GET, "/api/self-information/requests/{request_id}", OneRequest,
    SelfInformationRequestView, callers=[Party.CITIZEN], repeatable=True, requirements=["SELF-6"],
    summary="提供要求の状態を見る", problems=[*_PROBLEMS, P.NOT_FOUND],
)  # fmt: skip

READ_SELF_INFORMATION = Operation(
    "self_information.read", System.PORTAL, Method.POST, "/api/self-information/requests/{request_id}/read",
    OneRequest, SelfInformationContent, callers=[Party.CITIZEN], repeatable=True, requirements=["SELF-3", "FLD-3"],
    summary="届いた自己情報を読む（既読になる）", problems=[*_PROBLEMS, P.NOT_FOUND, P.CONFLICT, P.STORAGE_REFUSED],
)  # fmt: skip

SELF_INFORMATION_CSV = Operation(
    "self_information.csv", System.PORTAL, Method.POST, "/api/self-information/requests/{request_id}/csv",
    OneRequest, bytes, callers=[Party.CITIZEN], repeatable=True, requirements=["FLD-5", "FLD-3"], response_media=CSV,
    summary="届いた自己情報をCSVで受け取る（既読になる）", problems=[*_PROBLEMS, P.NOT_FOUND, P.CONFLICT, P.STORAGE_REFUSED, P.TOO_MANY],
)  # fmt: skip

SELF_INFORMATION_PDF = Operation(
    "self_information.pdf", System.PORTAL, Method.POST, "/api/self-information/requests/{request_id}/pdf",
    OneRequest, bytes, callers=[Party.CITIZEN], repeatable=True, requirements=["FLD-5", "FLD-3"], response_media=PDF,
    summary="届いた自己情報をPDFで受け取る（既読になる）",
    problems=[*_PROBLEMS, P.NOT_FOUND, P.CONFLICT, P.STORAGE_REFUSED, P.OVERLOADED, P.TOO_MANY],
)  # fmt: skip

REQUEST_INFORMATION_OF_RECORD = Operation(
    "records.request_information", System.PORTAL, Method.POST, "/api/records/requests/{request_id}/information",
    InformationOfRecord, SelfInformationRequestView, callers=[Party.CITIZEN], repeatable=False, status=201,
    requirements=["REC-4"], summary="記録から、やりとりされた自己情報そのものの提供を求める",
    problems=[*_PROBLEMS, P.NOT_FOUND, P.CONFLICT, P.STORAGE_REFUSED, P.TOO_MANY],
)  # fmt: skip

OPERATIONS = (
    VIEW_CATALOGUE,
    SEARCH,
    REQUEST_SELF_INFORMATION,
    LIST_SELF_INFORMATION_REQUESTS,
    VIEW_SELF_INFORMATION_REQUEST,
    READ_SELF_INFORMATION,
    SELF_INFORMATION_CSV,
    SELF_INFORMATION_PDF,
    REQUEST_INFORMATION_OF_RECORD,
)
