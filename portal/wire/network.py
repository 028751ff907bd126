"""Operations of the information provision network's core system (コアシステム)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from portal.wire.deliveries import RequestId
from portal.wire.disclosure import Named, ProvisionRecord
from portal.wire.jpki import SerialText
from portal.wire.linkage import (
    Asked,
    Decision,
    InquiryNumber,
    InquiryState,
    KeptRecord,
    Key,
    Outcome,
    PersonNumber,
    Place,
    Refusal,
)
from portal.wire.operation import Done, Message, Method, Nothing, Operation
from portal.wire.problems import ProblemCode as P
from portal.wire.self_information import Catalogue, InformationCode, MunicipalityCode, OrganisationCode
from portal.wire.systems import Party, System

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


class Inquire(Message, frozen=True):
    """情報照会 (SKI), from the inquirer's intermediate server, in its own code for the person."""

    number: InquiryNumber
    code: LinkageCode
    asked: Asked
    requested_at: datetime
    withheld: bool = False
    """照会側不開示コード"""


class InquiryTaken(msgspec.Struct, frozen=True):
    """What the core says at once: it has written the inquiry down, and passes it on or not."""

    number: str
    state: InquiryState
    refusal: Refusal | None = None


class ReportProvision(Message, frozen=True):
    """提供の報告 (TKY): the fact and the moment, never the content, which the core does not see."""

    number: InquiryNumber
    provider: OrganisationCode
    outcome: Outcome
    provided_at: datetime
    withheld: bool = False
    """提供側不開示コード"""


class Decided(Message, frozen=True):
    """開示可否の回答 (TKM) of one side about one record."""

    question_id: Key
    decision: Decision


class TakeAcquisition(Message, frozen=True):
    """符号の生成依頼 (FGU): the registry says whose code is asked for under this number."""

    organisation: OrganisationCode
    acquisition_number: Annotated[str, msgspec.Meta(min_length=8, max_length=64)]
    person: PersonNumber


class NoteHolding(Message, frozen=True):
    """副本の存否: an intermediate server registered or deleted a copy; of what, never its content."""

    organisation: OrganisationCode
    code: LinkageCode
    information: InformationCode
    held: bool


class Reconcile(Message, frozen=True):
    """記録の突合: of all inquiries that were asked in this period; both days are included."""

    start: date
    end: date


class DifferenceKind(StrEnum):
    MISSING = "missing"
    """This place should have the record and has not."""
    UNEXPECTED = "unexpected"
    """This place has a record that it should not have."""
    DIFFERS = "differs"
    """A field is not what the core has."""


class Difference(msgspec.Struct, frozen=True):
    """相違: what one place's record is, against the core's."""

    number: str
    place: Place
    kind: DifferenceKind
    field: str | None = None
    core_value: str | None = None
    place_value: str | None = None


class Reconciliation(msgspec.Struct, frozen=True):
    inquiries: int
    underway: int
    """Not ended yet, so their records may still differ."""
    differences: tuple[Difference, ...]


class RecordsOfPlace(msgspec.Struct, frozen=True):
    records: tuple[KeptRecord, ...]


class SetTraffic(Message, frozen=True):
    """照会の流れ: how much the other organisations of the nation ask each other meanwhile."""

    rate: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    """``off``, the name of a rate, or inquiries per second."""


class TrafficView(msgspec.Struct, frozen=True):
    rate: str
    """As it was set."""
    per_second: float
    """What that means."""
    reached_per_second: float | None
    """What the servers took, on the average of the last minute or since it was set; None in the first ten seconds."""
    taken: int
    refused: int
    """By a server that is stopped, crowded or not there."""
    left_out: int
    """The world was slower than the rate."""


ACQUIRE_CODE = Operation(
    "network.acquire_code", System.NETWORK, Method.POST, "/fgu/codes", AcquireCode, AcquiredCode,
    callers=[System.PORTAL], repeatable=True, requirements=["ACC-2"], summary="開示システム用符号を取得する",
    problems=[P.NOT_FOUND, P.UPSTREAM_UNAVAILABLE],
)  # fmt: skip

VIEW_CATALOGUE = Operation(
    "network.catalogue", System.NETWORK, Method.GET, "/catalogue", Nothing, Catalogue,
    callers=[System.PORTAL, Party.OPERATOR], repeatable=True, requirements=["SELF-2"], summary="特定個人情報の一覧",
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

INQUIRE = Operation(
    "network.inquire", System.NETWORK, Method.POST, "/ski/inquiries", Inquire, InquiryTaken,
    callers=[System.INTERMEDIATE], repeatable=True, status=202, requirements=["REC-2", "USE-2"],
    summary="情報照会を受け付け、認められたものを提供機関に通知する", problems=[P.STOPPED, P.STORAGE_REFUSED],
)  # fmt: skip

REPORT_PROVISION = Operation(
    "network.report_provision", System.NETWORK, Method.POST, "/tky/reports", ReportProvision, Done,
    callers=[System.INTERMEDIATE], repeatable=True, requirements=["REC-2"], summary="情報提供の事実を記録する",
    problems=[P.NOT_FOUND, P.STOPPED, P.STORAGE_REFUSED],
)  # fmt: skip

RECEIVE_DECISION = Operation(
    "network.receive_decision", System.NETWORK, Method.POST, "/tkm/decisions", Decided, Done,
    callers=[System.INTERMEDIATE], repeatable=True, requirements=["REC-5"],
    summary="不開示の記録について、機関の開示可否の判断を受け取る", problems=[P.NOT_FOUND, P.STOPPED, P.STORAGE_REFUSED],
)  # fmt: skip

RECONCILE = Operation(
    "network.reconcile", System.NETWORK, Method.POST, "/tkm/reconciliations", Reconcile, Reconciliation,
    callers=[Party.OPERATOR], repeatable=True, requirements=["REC-2"],
    summary="照会側・提供側・コアシステムの三つの記録を突き合わせる", problems=[P.STOPPED, P.UPSTREAM_UNAVAILABLE],
)  # fmt: skip

TAKE_ACQUISITION = Operation(
    "network.take_acquisition", System.NETWORK, Method.POST, "/fgu/acquisitions", TakeAcquisition, Done,
    callers=[System.REGISTRY], repeatable=True, status=202, requirements=["USE-2"],
    summary="取得番号で、機関の符号を生成する", problems=[P.STOPPED, P.STORAGE_REFUSED],
)  # fmt: skip

NOTE_HOLDING = Operation(
    "network.note_holding", System.NETWORK, Method.POST, "/dbm/holdings", NoteHolding, Done,
    callers=[System.INTERMEDIATE], repeatable=True, requirements=["SELF-3"],
    summary="副本が登録・削除されたことを記録する", problems=[P.STOPPED, P.STORAGE_REFUSED],
)  # fmt: skip

SET_TRAFFIC = Operation(
    "network.set_traffic", System.NETWORK, Method.PUT, "/traffic", SetTraffic, TrafficView,
    callers=[Party.OPERATOR], repeatable=True, summary="ほかの機関どうしの照会を流す、増やす、止める",
    problems=[P.STORAGE_REFUSED],
)  # fmt: skip

VIEW_TRAFFIC = Operation(
    "network.view_traffic", System.NETWORK, Method.GET, "/traffic", Nothing, TrafficView,
    callers=[Party.ANYONE], repeatable=True, summary="照会の流れを見る",
)  # fmt: skip

OPERATIONS = (
    ACQUIRE_CODE,
    VIEW_CATALOGUE,
    DISCLOSE_RECORDS,
    FIND_HOLDERS,
    BROKER_SELF_INFORMATION,
    INQUIRE,
    REPORT_PROVISION,
    RECEIVE_DECISION,
    RECONCILE,
    TAKE_ACQUISITION,
    NOTE_HOLDING,
    SET_TRAFFIC,
    VIEW_TRAFFIC,
)
