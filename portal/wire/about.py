"""What every system tells of itself."""

from functools import cache
from typing import Literal

import msgspec

from portal.wire.operation import Method, Nothing, Operation
from portal.wire.systems import Party, System


class Health(msgspec.Struct, frozen=True):
    """稼働状況: sent when the system can take requests."""

    system: str
    status: Literal["up"]
    now: str
    """The system's own clock, RFC 3339."""


@cache
def health(system: System) -> Operation[Nothing, Health]:
    """Is this system there?"""
    return Operation(
        f"{system}.health", system, Method.GET, "/health", Nothing, Health,
        callers=[Party.ANYONE], repeatable=True, summary="稼働状況を答える",
    )  # fmt: skip


@cache
def api_document(system: System) -> Operation[Nothing, msgspec.Raw]:
    """The OpenAPI document of this system."""
    return Operation(
        f"{system}.api_document", system, Method.GET, "/openapi.json", Nothing, msgspec.Raw,
        callers=[Party.ANYONE], repeatable=True, summary="APIの説明（OpenAPI 3.1）",
    )  # fmt: skip
