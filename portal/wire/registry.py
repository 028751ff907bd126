"""Operations of the resident registry (住民基本台帳ネットワークシステム)."""

import msgspec

from portal.wire.jpki import OneSerial
from portal.wire.operation import Method, Operation
from portal.wire.problems import ProblemCode as P
from portal.wire.systems import System


class Holder(msgspec.Struct, frozen=True):
    """Whose certificate it is, for the core system alone: the internal number that linkage codes are made from."""

    person: int


IDENTIFY_HOLDER = Operation(
    "registry.identify_holder", System.REGISTRY, Method.GET, "/holders/{serial}", OneSerial, Holder,
    callers=[System.NETWORK], repeatable=True, requirements=["ACC-2"],
    summary="電子証明書の発行番号から本人を特定する", problems=[P.NOT_FOUND],
)  # fmt: skip

OPERATIONS = (IDENTIFY_HOLDER,)
