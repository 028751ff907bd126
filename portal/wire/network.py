"""Operations of the information provision network's core system (コアシステム)."""

from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec

from portal.wire.deliveries import RequestId
from portal.wire.disclosure import Named, ProvisionRecord
from portal.wire.jpki import SerialText
from portal.wire.operation import Message, Method, Nothing, Operation
from portal.wire.problems import ProblemCode as P
from portal.wire.self_information import Catalogue, InformationCode, MunicipalityCode, OrganisationCode
from portal.wire.systems import System

LinkageCode = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")]
"""符号: the name of a person in one organisation's mouth only (DOMAIN.md 3)."""


class AcquireCode(Message, frozen=True):
    """符号の取得: by the certificate with which the account was opened."""

    serial: SerialText
    acquisition_number: Annotated[str, msgspec.Meta(min_length=8, max_length=64)]
    """取得番号: used once and erased by both sides (DOMAIN.md 1)."""


class AcquiredCode(msgspec.Struct, frozen=True):
    code: str


class DiscloseRecords(Message, frozen=True):
    """情報提供等記録開示: both days are included."""

    request_id: RequestId
    code: LinkageCode
    start: date
    end: date


class RecordsOutcome(StrEnum):
    ANSWERED = "answered"
    LATER = "later"
    """即時に回答できない: the core has taken the request and will push the answer (REC-3)."""


class RecordsAnswer(msgspec.Struct, frozen=True):
    outcome: RecordsOutcome
    records: tuple[ProvisionRecord, ...] = ()


class FindHolders(Message, frozen=True):
    """Who holds these kinds about this person? (SELF-3)"""

    code: LinkageCode
    information: Annotated[tuple[InformationCode, ...], msgspec.Meta(min_length=1, max_length=200)]
    municipality: MunicipalityCode | None = None


class HeldInformation(msgspec.Struct, frozen=True):
    information: str
    organisation: Named


class Holders(msgspec.Struct, frozen=True):
    holders: tuple[HeldInformation, ...]


class BrokerSelfInformation(Message, frozen=True):
    """自己情報提供要求の中継: the core asks the holder, who answers straight to the folder."""

    request_id: RequestId
    code: LinkageCode
    information: InformationCode
    organisation: OrganisationCode


class BrokerOutcome(StrEnum):
    ACCEPTED = "accepted"
    """The core has taken it and will see it through."""
    REFUSED = "refused"
    """No such holder, or the law does not allow it."""


class Brokered(msgspec.Struct, frozen=True):
    outcome: BrokerOutcome
    guidance: str | None = None


ACQUIRE_CODE = Operation(
    "network.acquire_code", System.NETWORK, Method.POST, "/fgu/codes", AcquireCode, AcquiredCode,
    callers=[System.PORTAL], repeatable=True, requirements=["ACC-2"], summary="開示システム用符号を取得する",
    problems=[P.NOT_FOUND, P.UPSTREAM_UNAVAILABLE],
)  # fmt: skip

VIEW_CATALOGUE = Operation(
    "network.catalogue", System.NETWORK, Method.GET, "/catalogue", Nothing, Catalogue,
    callers=[System.PORTAL], repeatable=True, requirements=["SELF-2"], summary="特定個人情報の一覧",
)  # fmt: skip

DISCLOSE_RECORDS = Operation(
    "network.disclose_records", System.NETWORK, Method.POST, "/records/disclosures", DiscloseRecords, RecordsAnswer,
    callers=[System.PORTAL], repeatable=True, requirements=["REC-2", "REC-3"],
    summary="情報提供等記録の開示に答える", problems=[P.STOPPED],
)  # fmt: skip

FIND_HOLDERS = Operation(
    "network.find_holders", System.NETWORK, Method.POST, "/jtk/holders", FindHolders, Holders,
    callers=[System.PORTAL], repeatable=True, requirements=["SELF-3", "SELF-4"],
    summary="自己情報を持つ機関を探す", problems=[P.STOPPED],
)  # fmt: skip

BROKER_SELF_INFORMATION = Operation(
    "network.broker_self_information", System.NETWORK, Method.POST, "/jtk/requests", BrokerSelfInformation,
    Brokered, callers=[System.PORTAL], repeatable=True, requirements=["SELF-3", "SELF-6"],
    summary="自己情報の提供要求を機関に取り次ぐ", problems=[P.STOPPED],
)  # fmt: skip

OPERATIONS = (ACQUIRE_CODE, VIEW_CATALOGUE, DISCLOSE_RECORDS, FIND_HOLDERS, BROKER_SELF_INFORMATION)
