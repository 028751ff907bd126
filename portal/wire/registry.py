"""Operations of the resident registry (住民基本台帳ネットワークシステム)."""

from typing import Annotated

import msgspec

from portal.wire.jpki import OneSerial
from portal.wire.operation import Done, Message, Method, Operation
from portal.wire.problems import ProblemCode as P
from portal.wire.self_information import OrganisationCode
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

OPERATIONS = (IDENTIFY_HOLDER, FORWARD_ACQUISITION)
