"""Operations of JPKI (公的個人認証サービス): revocation, CA certificates, old and new serials."""

from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec

from portal.wire.operation import Done, Message, Method, Operation
from portal.wire.problems import ProblemCode as P
from portal.wire.systems import Party, System

OCSP_REQUEST = "application/ocsp-request"
OCSP_RESPONSE = "application/ocsp-response"
OCSP_BYTES_MAX = 4096

SerialText = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,49}$(?!\n)")]
"""発行番号: the serial number of a certificate, decimal."""


class AuthorityName(StrEnum):
    """Which of the two CAs."""

    AUTHENTICATION = "user-authentication"
    """利用者証明用"""
    SIGNATURE = "digital-signature"
    """署名用"""


class OneAuthority(Message, frozen=True):
    authority: Annotated[str, msgspec.Meta(max_length=40)]
    """An :class:`AuthorityName`."""


class OneSerial(Message, frozen=True):
    serial: SerialText


class Linkage(msgspec.Struct, frozen=True):
    """新旧シリアル番号: all user-authentication certificates that one person has had (ACC-2)."""

    root_serial: str
    """Of the first certificate; it stays the same for life."""
    previous_serials: tuple[str, ...]


class RevocationReason(StrEnum):
    """失効事由 (CARD.md 4)."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    CA_COMPROMISE = "cACompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    CERTIFICATE_HOLD = "certificateHold"


class Revoke(Message, frozen=True):
    serial: SerialText
    reason: RevocationReason


class CardEvent(StrEnum):
    """失効の原因となるできごと: what happens to a person or a card (CARD.md 4)."""

    MOVED = "moved"
    """転居・転入: the address changed."""
    NAME_CHANGED = "name_changed"
    """婚姻など: the name changed."""
    CORRECTED = "corrected"
    """Birth date or sex was recorded wrongly."""
    RENEWED = "renewed"
    """更新: new certificates of both kinds follow."""
    LOST = "lost"
    """紛失・盗難"""
    RETURNED = "returned"
    """返納, at the holder's wish."""
    DIED = "died"
    EMIGRATED = "emigrated"
    """国外転出"""


class NoteEvent(Message, frozen=True):
    """異動の通知, from the registry, in whose number of the person; the same notice again revokes nothing more."""

    notice: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    person: Annotated[int, msgspec.Meta(ge=0, le=(1 << 27) - 1)]
    event: CardEvent


class Reissued(msgspec.Struct, frozen=True):
    """更新: the certificates that followed, of both kinds."""

    serial: str
    """Of the new user-authentication certificate."""
    generation: int
    """Which of the person's certificates it is; the first is 0."""
    issued_on: date


OCSP = Operation(
    "jpki.ocsp", System.JPKI, Method.POST, "/ocsp", bytes, bytes,
    callers=[Party.ANYONE], repeatable=True, requirements=["ACC-1"], summary="証明書の失効を答える（RFC 6960）",
    request_media=OCSP_REQUEST, response_media=OCSP_RESPONSE, body_bytes_max=OCSP_BYTES_MAX,
)  # fmt: skip

CRL = Operation(
    "jpki.crl", System.JPKI, Method.GET, "/crl/{authority}", OneAuthority, bytes,
    callers=[Party.ANYONE], repeatable=True, requirements=["ACC-1"], summary="失効リスト（DER）",
    response_media="application/pkix-crl", problems=[P.NOT_FOUND],
)  # fmt: skip

CA_CERTIFICATE = Operation(
    "jpki.ca_certificate", System.JPKI, Method.GET, "/ca/{authority}", OneAuthority, bytes,
    callers=[Party.ANYONE], repeatable=True, requirements=["ACC-1"], summary="認証局の証明書（DER）",
    response_media="application/pkix-cert", problems=[P.NOT_FOUND],
)  # fmt: skip

LINKAGE = Operation(
    "jpki.linkage", System.JPKI, Method.GET, "/linkage/{serial}", OneSerial, Linkage,
    callers=[System.PORTAL], repeatable=True, requirements=["ACC-2"],
    summary="利用者証明用電子証明書の新旧シリアル番号の紐付け", problems=[P.NOT_FOUND],
)  # fmt: skip

REVOKE = Operation(
    "jpki.revoke", System.JPKI, Method.POST, "/certificates/{serial}/revocation", Revoke, Done,
    callers=[Party.OPERATOR], repeatable=True, summary="証明書を失効させる", problems=[P.NOT_FOUND],
)  # fmt: skip

REISSUE = Operation(
    "jpki.reissue", System.JPKI, Method.POST, "/certificates/{serial}/reissue", OneSerial, Reissued,
    callers=[Party.OPERATOR], repeatable=False, status=201, requirements=["ACC-2"],
    summary="この証明書を持つ人に、新しい証明書を発行する（古いものは失効する）", problems=[P.NOT_FOUND, P.CONFLICT],
)  # fmt: skip

ISSUE_SIGNATURE = Operation(
    "jpki.issue_signature", System.JPKI, Method.POST, "/certificates/{serial}/signature", OneSerial, Reissued,
    callers=[Party.OPERATOR], repeatable=False, status=201, requirements=["APP-1"],
    summary="利用者証明用の証明書を持つ人に、新しい署名用の証明書を発行する（転居の後や15歳になったとき）",
    problems=[P.NOT_FOUND, P.CONFLICT],
)  # fmt: skip

NOTE_EVENT = Operation(
    "jpki.note_event", System.JPKI, Method.POST, "/events", NoteEvent, Done,
    callers=[System.REGISTRY], repeatable=True, requirements=["ACC-2"],
    summary="住民の異動を受け取り、失効させるべき証明書を失効させる", problems=[P.NOT_FOUND, P.STORAGE_REFUSED],
)  # fmt: skip

OPERATIONS = (OCSP, CRL, CA_CERTIFICATE, LINKAGE, REVOKE, REISSUE, ISSUE_SIGNATURE, NOTE_EVENT)
