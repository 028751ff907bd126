"""Operations of the portal that the network and the intermediate servers call: answers that come to a folder."""

from enum import StrEnum
from typing import Annotated

import msgspec

from portal.wire import limits
from portal.wire.disclosure import ProvisionRecord, SelfInformation
from portal.wire.operation import Done, Message, Method, Operation
from portal.wire.problems import ProblemCode as P
from portal.wire.systems import System

RequestId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class DeliveredRecords(Message, frozen=True):
    """後日の回答: records that the core could not give at once (REC-3)."""

    request_id: RequestId
    records: tuple[ProvisionRecord, ...]


class WithoutContent(StrEnum):
    """Why an answer has no content."""

    PAPER = "paper"
    """Not electronically (SELF-5)."""
    WITHHELD = "withheld"
    """不開示 (SELF-9)."""
    NOT_HELD = "not_held"
    """There is none."""
    UNANSWERED = "unanswered"
    """The holder could not be brought to answer."""


class DeliveredSelfInformation(Message, frozen=True):
    """自己情報の回答, from the holder straight to the folder; without content it says why (SELF-5, SELF-9)."""

    request_id: RequestId
    content: SelfInformation | None
    guidance: Annotated[str, msgspec.Meta(max_length=limits.GUIDANCE_CHARACTERS_MAX)] | None = None
    """For its owner: what that means and where to ask."""
    why: WithoutContent = WithoutContent.PAPER
    """Of an answer without content."""


DELIVER_RECORDS = Operation(
    "records.deliver", System.PORTAL, Method.POST, "/deliveries/records", DeliveredRecords, Done,
    callers=[System.NETWORK], repeatable=True, requirements=["REC-3"], summary="記録の後日回答を届ける",
    problems=[P.NOT_FOUND, P.STORAGE_REFUSED], body_bytes_max=limits.DELIVERY_BYTES_MAX,
)  # fmt: skip

DELIVER_SELF_INFORMATION = Operation(
    "self_information.deliver", System.PORTAL, Method.POST, "/deliveries/self-information",
    DeliveredSelfInformation, Done, callers=[System.INTERMEDIATE, System.NETWORK], repeatable=True,
    requirements=["SELF-3", "SELF-5", "SELF-6", "SELF-8", "SELF-9"], summary="自己情報を利用者フォルダーに届ける",
    problems=[P.NOT_FOUND, P.CONFLICT, P.STORAGE_REFUSED], body_bytes_max=limits.DELIVERY_BYTES_MAX,
)  # fmt: skip

OPERATIONS = (DELIVER_RECORDS, DELIVER_SELF_INFORMATION)
