"""Operations of the resident registry (住民基本台帳ネットワークシステム)."""

from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec

from portal.wire.jpki import OneSerial
from portal.wire.linkage import Key
from portal.wire.operation import Done, Message, Method, Operation
from portal.wire.problems import ProblemCode as P
from portal.wire.self_information import MunicipalityCode, OrganisationCode
from portal.wire.systems import Party, System


class Holder(msgspec.Struct, frozen=True):
    """Whose certificate it is, for the core system alone: the internal number that linkage codes are made from."""

    person: int


class ForwardAcquisition(Message, frozen=True):
    """符号の取得依頼 (FGU): a 住民票コード under the 取得番号 of an organisation's intermediate server."""

    organisation: OrganisationCode
    acquisition_number: Annotated[str, msgspec.Meta(min_length=8, max_length=64)]
    resident_code: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{11}$(?!\n)")]
    """It goes no further than this: the core gets its own number of the person."""


class EventKind(StrEnum):
    """異動の種類."""

    BIRTH = "birth"
    """出生"""
    DEATH = "death"
    """死亡"""
    MARRIAGE = "marriage"
    """婚姻"""
    MOVE = "move"
    """転出・転入"""
    JOB = "job"
    """就職・転職・退職: another insurer."""


class ReportEvent(Message, frozen=True):
    """異動の届出: what happened to a resident. Fields that a kind does not need stay None."""

    request_id: Key
    """The same again is the same event."""
    resident: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    """住民番号 like ``131016-12``; of a birth the mother's, of a marriage that of whose surname both bear."""
    kind: EventKind
    day: date | None = None
    """Between the beginning of the nation and today; None for today."""
    to: Annotated[str, msgspec.Meta(min_length=1, max_length=40)] | None = None
    """A move: the new municipality's code."""
    alone: bool = False
    """A move: only the resident, not the whole household."""
    partner: Annotated[str, msgspec.Meta(min_length=1, max_length=20)] | None = None
    """A marriage: 住民番号 of the one who takes the other's surname."""
    insurer: OrganisationCode | None = None
    """A job: the new insurer."""


class ChangedResident(msgspec.Struct, frozen=True):
    """異動後の住民, as the registry has them now."""

    resident: str
    what: tuple[str, ...]
    """moved, renamed, died, born; nothing when only household or insurer changed."""
    name: str
    address: str
    household: int
    """How many live there, the resident among them."""


class EventTaken(msgspec.Struct, frozen=True):
    request_id: str
    day: date
    changes: tuple[ChangedResident, ...]


class HouseholdMember(msgspec.Struct, frozen=True):
    """世帯員."""

    person: int
    birth_date: date
    sex: int
    role: Annotated[int, msgspec.Meta(ge=0, le=3)]
    """続柄: 0 head, 1 spouse, 2 child, 3 parent of the head."""


class ResidentChange(Message, frozen=True):
    """異動の反映: one resident as registered now, for the back offices that keep duplicate copies. No name, no My Number."""

    version: Annotated[int, msgspec.Meta(ge=1)]
    """Grows with every event; what is older than what one has is of no interest."""
    person: Annotated[int, msgspec.Meta(ge=0, le=(1 << 27) - 1)]
    since: date
    municipality: MunicipalityCode
    postal_code: Annotated[str, msgspec.Meta(max_length=7)]
    address: Annotated[str, msgspec.Meta(max_length=200)]
    household: int
    members: Annotated[tuple[HouseholdMember, ...], msgspec.Meta(max_length=100)]
    died: date | None = None
    moved_from: MunicipalityCode | None = None
    moved_on: date | None = None
    insurer: OrganisationCode | None = None


IDENTIFY_HOLDER = Operation(
    "registry.identify_holder", System.REGISTRY, Method.GET, "/holders/{serial}", OneSerial, Holder,
    callers=[System.NETWORK], repeatable=True, requirements=["ACC-2"],
    summary="電子証明書の発行番号から本人を特定する", problems=[P.NOT_FOUND],
)  # fmt: skip

FORWARD_ACQUISITION = Operation(
    "registry.forward_acquisition", System.REGISTRY, Method.POST, "/fgu/acquisitions", ForwardAcquisition, Done,
    callers=[Party.OPERATOR], repeatable=True, status=202, requirements=["USE-2"],
    summary="取得番号と住民票コードから、機関の符号の生成を依頼する", problems=[P.NOT_FOUND, P.UPSTREAM_UNAVAILABLE],
)  # fmt: skip

REPORT_EVENT = Operation(
    "registry.report_event", System.REGISTRY, Method.POST, "/events", ReportEvent, EventTaken,
    callers=[Party.OPERATOR], repeatable=True, status=202, requirements=["ACC-2"],
    summary="異動（出生・死亡・婚姻・転居・就職）を届け出る", problems=[P.NOT_FOUND, P.CONFLICT, P.STORAGE_REFUSED],
)  # fmt: skip

OPERATIONS = (IDENTIFY_HOLDER, FORWARD_ACQUISITION, REPORT_EVENT)
