"""情報連携: what organisations ask each other over the network, in the words that all its systems share.

Codes, outcomes and records of an inquiry (情報照会) between two organisations (DOMAIN.md 2 and 4). The operations stand
with the system that answers them: `network.py` and `intermediate.py`.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from portal.wire.disclosure import CopyItem
from portal.wire.operation import Message
from portal.wire.self_information import InformationCode, OrganisationCode

AffairCode = Annotated[str, msgspec.Meta(pattern=r"^JM[0-9]{14}$(?!\n)")]
"""事務コード"""
ProcedureCode = Annotated[str, msgspec.Meta(pattern=r"^JT[0-9]{14}$(?!\n)")]
"""事務手続コード"""
LayoutVersion = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}$(?!\n)")]
"""データ標準レイアウトの版"""
InquiryNumber = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{20}$(?!\n)")]
"""処理通番: what ties the request to its result. Its length is ours."""
PersonNumber = Annotated[int, msgspec.Meta(ge=0, le=(1 << 27) - 1)]
"""団体内統合宛名番号: an organisation's own number of a person. Never a My Number."""
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Refusal(StrEnum):
    """照会を受け付けない理由: why the core does not pass an inquiry on."""

    WRONG_CHECK_DIGIT = "wrong_check_digit"
    """検査数字の誤り: the municipality code inside an organisation code."""
    UNKNOWN_ORGANISATION = "unknown_organisation"
    UNKNOWN_PERSON = "unknown_person"
    """The code is no code of this inquirer."""
    UNKNOWN_AFFAIR = "unknown_affair"
    UNKNOWN_PROCEDURE = "unknown_procedure"
    PROCEDURE_OF_ANOTHER_AFFAIR = "procedure_of_another_affair"
    UNKNOWN_INFORMATION = "unknown_information"
    UNKNOWN_LAYOUT = "unknown_layout"
    """No such version of this information's layout."""
    ASSESSMENT_MISSING = "assessment_missing"
    """特定個人情報保護評価の不備: the inquirer breaks its duty (DOMAIN.md 1)."""
    AFFAIR_NOT_ALLOWED = "affair_not_allowed"
    """The inquirer has no such affair."""
    NOT_PERMITTED = "not_permitted"
    """The permission table has no such row."""


class Outcome(StrEnum):
    """提供の結果: what a provider that was notified answers; it must answer (DOMAIN.md 1)."""

    PROVIDED = "provided"
    NOT_HELD = "not_held"
    """該当なし: no copy of this person."""
    LAYOUT_MISMATCH = "layout_mismatch"
    """版の不一致: the copy can't be brought into the layout that was asked for."""


class InquiryState(StrEnum):
    """照会の状態, in each of the three places that keep its record."""

    PENDING = "pending"
    """処理中"""
    PROVIDED = "provided"
    """提供"""
    NOT_PROVIDED = "not_provided"
    """不提供: the provider answered without content."""
    REFUSED = "refused"
    """照会不可: the core did not pass it on."""
    UNANSWERED = "unanswered"
    """回答なし: nobody answered in time."""


class Place(StrEnum):
    """記録の保管場所: where a record is kept, and on which side a decision is taken."""

    CORE = "core"
    INQUIRER = "inquirer"
    PROVIDER = "provider"


class Decision(StrEnum):
    """開示・不開示の判断, by one side of one record (REC-5)."""

    DISCLOSE = "disclose"
    WITHHOLD = "withhold"


class KeptRecord(msgspec.Struct, frozen=True):
    """情報提供等記録 as one place keeps it, with both sides' non-disclosure flags (不開示コード)."""

    number: InquiryNumber
    place: Place
    inquirer: str
    provider: str
    affair: str
    procedure: str
    information: str
    version: str | None
    requested_at: datetime
    provided_at: datetime | None
    state: InquiryState
    reason: str | None
    """A :class:`Refusal` or an :class:`Outcome`, once there is one."""
    inquirer_withholds: bool
    provider_withholds: bool | None
    """None as long as this place has not heard it from the provider."""


class Asked(Message, frozen=True):
    """What one organisation asks of another about one person: the same from end to end."""

    inquirer: OrganisationCode
    provider: OrganisationCode
    affair: AffairCode
    procedure: ProcedureCode
    information: InformationCode
    version: LayoutVersion | None = None
    """The layout that the inquirer reads; None for the one that is valid now."""


class ProvidedContent(msgspec.Struct, frozen=True):
    """提供された特定個人情報, in the layout that was asked for."""

    as_of: date
    version: str
    items: tuple[CopyItem, ...]
    converted_from: str | None = None
    """The layout of the copy, when it was another one."""
