"""Controls of a simulator: how a tester makes it stop, come back, or answer late. Real systems have none of these."""

from enum import StrEnum
from functools import cache
from typing import Annotated

import msgspec

from portal.wire.operation import Message, Method, Nothing, Operation
from portal.wire.self_information import OrganisationCode
from portal.wire.systems import Party, System


class Mode(StrEnum):
    """How a simulator answers."""

    NORMAL = "normal"
    STOPPED = "stopped"
    """停止中: every operation but these answers 503."""
    LATE = "late"
    """後日回答: takes requests, answers after ``late_seconds`` (the core system only)."""


class Control(Message, frozen=True):
    mode: Mode
    organisation: OrganisationCode | None = None
    """Only this organisation's intermediate server."""
    late_seconds: Annotated[int, msgspec.Meta(ge=0, le=31_536_000)] = 60


class Controls(msgspec.Struct, frozen=True):
    mode: Mode
    late_seconds: int
    stopped_organisations: tuple[str, ...]


@cache
def control(system: System) -> Operation[Control, Controls]:
    return Operation(
        f"{system}.control", system, Method.PUT, "/controls", Control, Controls,
        callers=[Party.OPERATOR], repeatable=True, summary="模擬の動き方を変える",
    )  # fmt: skip


@cache
def view_controls(system: System) -> Operation[Nothing, Controls]:
    return Operation(
        f"{system}.view_controls", system, Method.GET, "/controls", Nothing, Controls,
        callers=[Party.ANYONE], repeatable=True, summary="模擬の動き方を見る",
    )  # fmt: skip
