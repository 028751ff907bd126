"""Operations of the portal: sign-in, account, sign-out (ACC-1, 2, 3, 4; FLD-1, 3)."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from portal.wire import limits
from portal.wire.operation import Done, Message, Method, Nothing, Operation
from portal.wire.problems import ProblemCode as P
from portal.wire.systems import Party, System


class Terminal(StrEnum):
    """端末の種類 (ACC-7)."""

    PC = "pc"
    PHONE = "phone"
    TABLET = "tablet"
    TV = "tv"
    STORE = "store"
    """コンビニ端末"""
    PUBLIC = "public"
    """公共機関の端末"""


class Challenge(msgspec.Struct, frozen=True):
    """What the card is asked to sign."""

    challenge: str
    """Opaque; comes back with the signature."""
    digest_info: bytes
    """DER DigestInfo (SHA-256) for COMPUTE DIGITAL SIGNATURE, as it is (CARD.md 1.4)."""
    expires_at: datetime


class SignIn(Message, frozen=True):
    """ログイン: the card's answer to a challenge."""

    challenge: Annotated[str, msgspec.Meta(max_length=400)]
    signature: Annotated[bytes, msgspec.Meta(max_length=limits.SIGNATURE_BYTES_MAX)]
    certificate: Annotated[bytes, msgspec.Meta(max_length=limits.CERTIFICATE_BYTES_MAX)]
    """利用者証明用電子証明書, DER."""
    terminal: Terminal = Terminal.PC


class SignedIn(msgspec.Struct, frozen=True):
    """A session was opened; without a nickname the account is still to be opened."""

    session: str
    """Bearer token."""
    nickname: str | None
    expires_at: datetime


class MailEvent(StrEnum):
    """What sends a mail (ACC-4, ACC-6)."""

    SIGN_IN = "sign_in"
    LATE_RECORDS = "late_records"
    LATE_SELF_INFORMATION = "late_self_information"
    NOTICE = "notice"
    INQUIRY_ANSWERED = "inquiry_answered"
    CAUTION = "caution"
    """システムからの注意: of what somebody else may have done in one's name."""


Nickname = Annotated[str, msgspec.Meta(min_length=1, max_length=limits.NICKNAME_CHARACTERS_MAX)]
MailAddress = Annotated[
    str,
    msgspec.Meta(
        max_length=limits.MAIL_ADDRESS_CHARACTERS_MAX, pattern=r"^[^@\s<>,;:\"]+@[^@\s<>,;:\"]+$(?!\n)"
    ),
]


class AccountSettings(Message, frozen=True):
    """アカウント設定."""

    nickname: Nickname
    mail_addresses: Annotated[
        tuple[MailAddress, ...], msgspec.Meta(max_length=limits.MAIL_ADDRESSES_MAX)
    ] = ()
    mail_events: tuple[MailEvent, ...] = ()


class AccountView(msgspec.Struct, frozen=True):
    """アカウント as its owner sees it."""

    nickname: str
    mail_addresses: tuple[str, ...]
    mail_events: tuple[MailEvent, ...]
    opened_at: datetime
    unread_records: int
    unread_self_information: int
    unconfirmed: tuple[str, ...] = ()
    """Addresses among *mail_addresses* whose code has not been typed in yet: no mail goes there but the code."""


ASK_CHALLENGE = Operation(
    "sign_in.challenge", System.PORTAL, Method.POST, "/api/sign-in/challenges", Nothing, Challenge,
    callers=[Party.ANYONE], repeatable=True, status=201, requirements=["ACC-1"],
    summary="カードで署名する値を受け取る",
    problems=[P.TOO_MANY],
)  # fmt: skip

SIGN_IN = Operation(
    "sign_in", System.PORTAL, Method.POST, "/api/sign-in", SignIn, SignedIn,
    callers=[Party.ANYONE], repeatable=False, status=201, requirements=["ACC-1", "ACC-2"],
    summary="カードの署名でログインする",
    problems=[
        P.CHALLENGE_UNKNOWN, P.CHALLENGE_EXPIRED, P.CHALLENGE_USED, P.SIGNATURE_REFUSED, P.CERTIFICATE_REFUSED,
        P.CERTIFICATE_EXPIRED, P.CERTIFICATE_REVOKED, P.REVOCATION_UNKNOWN, P.STORAGE_REFUSED,
        P.UPSTREAM_UNAVAILABLE, P.TOO_MANY,
    ],
)  # fmt: skip

OPEN_ACCOUNT = Operation(
    "account.open", System.PORTAL, Method.POST, "/api/account", AccountSettings, AccountView,
    callers=[Party.CITIZEN], repeatable=True, status=201, requirements=["ACC-2", "ACC-3", "ACC-4"],
    summary="ニックネームを決めて利用者登録をする",
    problems=[P.ACCOUNT_EXISTS, P.UPSTREAM_UNAVAILABLE, P.STORAGE_REFUSED],
)  # fmt: skip

VIEW_ACCOUNT = Operation(
    "account.view", System.PORTAL, Method.GET, "/api/account", Nothing, AccountView,
    callers=[Party.CITIZEN], repeatable=True, requirements=["ACC-3"], summary="アカウント設定を見る",
    problems=[P.ACCOUNT_NEEDED],
)  # fmt: skip

CHANGE_ACCOUNT = Operation(
    "account.change", System.PORTAL, Method.PUT, "/api/account", AccountSettings, AccountView,
    callers=[Party.CITIZEN], repeatable=True, requirements=["ACC-4", "ACC-5"], summary="アカウント設定を変える",
    problems=[P.ACCOUNT_NEEDED, P.CONFLICT, P.TOO_MANY, P.STORAGE_REFUSED],
)  # fmt: skip

SIGN_OUT = Operation(
    "sign_out", System.PORTAL, Method.POST, "/api/sign-out", Nothing, Done,
    callers=[Party.CITIZEN], repeatable=True, requirements=["FLD-3"],
    summary="ログアウトする（読んだ開示結果は消える）", problems=[P.STORAGE_REFUSED],
)  # fmt: skip

OPERATIONS = (ASK_CHALLENGE, SIGN_IN, OPEN_ACCOUNT, VIEW_ACCOUNT, CHANGE_ACCOUNT, SIGN_OUT)
