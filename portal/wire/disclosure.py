"""What is disclosed: records of provision (情報提供等記録) and self-information (自己情報)."""

from datetime import date, datetime
from enum import StrEnum

import msgspec

from portal.wire.limits import RECORDS_KEPT_YEARS
from portal.wire.moments import months_before


def records_kept_from(today: date) -> date:
    """The first day of which 情報提供等記録 are still there (DOMAIN.md 1)."""
    return months_before(today, 12 * RECORDS_KEPT_YEARS)


class Named(msgspec.Struct, frozen=True):
    """A code of the field with its name."""

    code: str
    name: str


class ProvisionResult(StrEnum):
    """結果 of an inquiry between two organisations."""

    PROVIDED = "provided"
    """提供"""
    NOT_PROVIDED = "not_provided"
    """不提供"""
    PENDING = "pending"
    """処理中"""


class ProvisionRecord(msgspec.Struct, frozen=True):
    """情報提供等記録: one inquiry about a person, answered or not (DOMAIN.md 2)."""

    record_id: str
    requested_at: datetime
    provided_at: datetime | None
    inquirer: Named
    provider: Named
    affair: Named
    procedure: Named
    information: Named
    result: ProvisionResult


class CopyItem(msgspec.Struct, frozen=True):
    """One item of a duplicate copy (副本), as a person reads it."""

    name: str
    value: str


class Attachment(msgspec.Struct, frozen=True):
    """関連書類: a document outside the data standard layout (SELF-8)."""

    name: str
    media_type: str
    content: bytes


class SelfInformation(msgspec.Struct, frozen=True):
    """自己情報: what one organisation holds about a person under one specific personal information."""

    information: Named
    organisation: Named
    as_of: date
    version: str
    """Of the layout (データ標準レイアウト)."""
    items: tuple[CopyItem, ...]
    attachments: tuple[Attachment, ...] = ()
    withheld_items: int = 0
    """一部不開示: so many items are left out (SELF-9)."""
