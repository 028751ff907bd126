"""Operations of the intermediate servers (中間サーバー), all organisations behind one address."""

import msgspec

from portal.wire.deliveries import RequestId
from portal.wire.network import LinkageCode
from portal.wire.operation import Message, Method, Operation
from portal.wire.problems import ProblemCode as P
from portal.wire.self_information import InformationCode, OrganisationCode
from portal.wire.systems import System


class ProvideSelfInformation(Message, frozen=True):
    """自己情報提供要求 (JTK), in the provider's own code for the person."""

    request_id: RequestId
    organisation: OrganisationCode
    code: LinkageCode
    information: InformationCode


class Accepted(msgspec.Struct, frozen=True):
    """受け付けた: written down; the answer goes straight to the portal's folder."""

    request_id: str


PROVIDE_SELF_INFORMATION = Operation(
    "intermediate.provide_self_information", System.INTERMEDIATE, Method.POST, "/jtk/provisions",
    ProvideSelfInformation, Accepted, callers=[System.NETWORK], repeatable=True, status=202,
    requirements=["SELF-3", "SELF-6"], summary="自己情報の提供要求を受け付ける",
    problems=[P.NOT_FOUND, P.STOPPED, P.STORAGE_REFUSED],
)  # fmt: skip

OPERATIONS = (PROVIDE_SELF_INFORMATION,)
