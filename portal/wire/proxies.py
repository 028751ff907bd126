"""Operations of the portal: 代理人 (PRX-1…7), registered with both cards in one session."""

from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec

from portal.wire import limits
from portal.wire.operation import Done, Message, Method, Nothing, Operation
from portal.wire.problems import ProblemCode as P
from portal.wire.self_information import InformationCode
from portal.wire.sign_in import Challenge
from portal.wire.systems import Party, System


class Right(StrEnum):
    """代理人にまかせること (PRX-3)."""

    RECORDS = "records"
    """やりとり履歴"""
    SELF_INFORMATION = "self_information"
    """あなたの情報, of what is ticked"""
    NOTICES = "notices"
    """お知らせ"""


class Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """代理の範囲: what the owner may change while it is granted (PRX-3, 4)."""

    rights: Annotated[tuple[Right, ...], msgspec.Meta(min_length=1, max_length=len(Right))]
    information: Annotated[
        tuple[InformationCode, ...], msgspec.Meta(max_length=limits.PROXY_INFORMATION_MAX)
    ] = ()
    """特定個人情報名コード that are ticked; needed for, and only for, self-information."""
    mail: bool = False
    """メール通知: its proxy gets a mail when something of what was granted comes to the folder (PRX-3)."""
    memo: Annotated[str, msgspec.Meta(max_length=limits.PROXY_MEMO_CHARACTERS_MAX)] = ""
    """The owner's own words; its proxy does not see them."""
    warn_days: Annotated[int, msgspec.Meta(ge=1, le=limits.PROXY_WARN_DAYS_MAX)] = limits.PROXY_WARN_DAYS
    """So many days before its end both are warned on their screens (PRX-6)."""


class Terms(Message, frozen=True):
    """What both agree to; both days are included."""

    scope: Scope
    start: date
    end: date


class Registration(Message, frozen=True):
    """代理人の登録: the owner's session, and the proxy's card over these very terms (PRX-1)."""

    scope: Scope
    start: date
    end: date
    agreed: bool
    """The owner has confirmed the terms."""
    challenge: Annotated[str, msgspec.Meta(max_length=400)]
    signature: Annotated[bytes, msgspec.Meta(max_length=limits.SIGNATURE_BYTES_MAX)]
    certificate: Annotated[bytes, msgspec.Meta(max_length=limits.CERTIFICATE_BYTES_MAX)]
    """The proxy's 利用者証明用電子証明書, DER."""

    @property
    def terms(self) -> Terms:
        return Terms(self.scope, self.start, self.end)


class DelegationState(StrEnum):
    """代理の状態."""

    PENDING = "pending"
    """開始前"""
    ACTIVE = "active"
    """有効"""
    ENDED = "ended"
    """本人が終えた"""
    WITHDRAWN = "withdrawn"
    """代理人が辞めた"""
    EXPIRED = "expired"
    """期間が終わった"""


class DelegationView(msgspec.Struct, frozen=True):
    """代理, as one of its two sides sees it."""

    delegation_id: str
    state: DelegationState
    nickname: str
    """Of the other side."""
    scope: Scope
    start: date
    end: date
    ends_soon: bool
    """To be warned of (PRX-6)."""
    version: int
    """Counts its changes."""


class Delegations(msgspec.Struct, frozen=True):
    """What is in force, then what is over and stays for a while; newest first, no more than `PROXIES_SHOWN_MAX` of each."""

    proxies: tuple[DelegationView, ...]
    """Who acts for this account."""
    owners: tuple[DelegationView, ...]
    """For whom this account acts."""


class OneDelegation(Message, frozen=True):
    delegation_id: Annotated[str, msgspec.Meta(max_length=64)]


class ChangeDelegation(Message, frozen=True):
    """変更: another scope; the end only earlier, since a later one needs both again (PRX-1, 4)."""

    delegation_id: Annotated[str, msgspec.Meta(max_length=64)]
    scope: Scope
    end: date
    version: int | None = None
    """Of what it changes: refused when that has been changed meanwhile; None changes whatever there is."""


class Acting(msgspec.Struct, frozen=True):
    """For whom this session acts."""

    delegation: DelegationView | None
    """None: for its own user."""


_PROBLEMS = (P.ACCOUNT_NEEDED, P.FORBIDDEN)

PREPARE_PROXY = Operation(
    "proxies.prepare", System.PORTAL, Method.POST, "/api/proxies/challenges", Terms, Challenge,
    callers=[Party.CITIZEN], repeatable=True, status=201, requirements=["PRX-1", "PRX-5"],
    summary="代理人のカードで署名する、同意の値を受け取る", problems=[*_PROBLEMS, P.PERIOD_REFUSED, P.UNPROCESSABLE],
)  # fmt: skip

REGISTER_PROXY = Operation(
    "proxies.register", System.PORTAL, Method.POST, "/api/proxies", Registration, DelegationView,
    callers=[Party.CITIZEN], repeatable=False, status=201, requirements=["PRX-1", "PRX-2", "PRX-3", "PRX-5"],
    summary="代理人を登録する（本人のログイン中に、代理人のカードで同意する）",
    problems=[
        *_PROBLEMS, P.CHALLENGE_UNKNOWN, P.CHALLENGE_EXPIRED, P.CHALLENGE_USED, P.SIGNATURE_REFUSED,
        P.CERTIFICATE_REFUSED, P.CERTIFICATE_EXPIRED, P.CERTIFICATE_REVOKED, P.REVOCATION_UNKNOWN,
        P.PERIOD_REFUSED, P.UNPROCESSABLE, P.CONFLICT, P.TOO_MANY, P.UPSTREAM_UNAVAILABLE, P.STORAGE_REFUSED,
    ],
)  # fmt: skip

LIST_PROXIES = Operation(
    "proxies.list", System.PORTAL, Method.GET, "/api/proxies", Nothing, Delegations,
    callers=[Party.CITIZEN], repeatable=True, requirements=["PRX-2", "PRX-6"],
    summary="自分の代理人と、自分が代理する方の一覧", problems=_PROBLEMS,
)  # fmt: skip

CHANGE_PROXY = Operation(
    "proxies.change", System.PORTAL, Method.PUT, "/api/proxies/{delegation_id}", ChangeDelegation, DelegationView,
    callers=[Party.CITIZEN], repeatable=True, requirements=["PRX-3", "PRX-4"],
    summary="代理の範囲を変える", problems=[*_PROBLEMS, P.NOT_FOUND, P.PERIOD_REFUSED, P.UNPROCESSABLE, P.CONFLICT, P.STORAGE_REFUSED],
)  # fmt: skip

END_PROXY = Operation(
    "proxies.end", System.PORTAL, Method.POST, "/api/proxies/{delegation_id}/end", OneDelegation, Done,
    callers=[Party.CITIZEN], repeatable=True, requirements=["PRX-3"], summary="代理を終える（本人）",
    problems=[*_PROBLEMS, P.NOT_FOUND, P.STORAGE_REFUSED],
)  # fmt: skip

WITHDRAW_PROXY = Operation(
    "proxies.withdraw", System.PORTAL, Method.POST, "/api/proxies/{delegation_id}/withdrawal", OneDelegation, Done,
    callers=[Party.CITIZEN], repeatable=True, requirements=["PRX-3"], summary="代理を辞める（代理人）",
    problems=[*_PROBLEMS, P.NOT_FOUND, P.STORAGE_REFUSED],
)  # fmt: skip

ACT_AS_PROXY = Operation(
    "proxies.act", System.PORTAL, Method.POST, "/api/proxies/{delegation_id}/acting", OneDelegation, Acting,
    callers=[Party.CITIZEN], repeatable=True, requirements=["PRX-7", "FLD-1"],
    summary="このセッションで、代理人として見る", problems=[*_PROBLEMS, P.NOT_FOUND, P.STORAGE_REFUSED],
)  # fmt: skip

VIEW_ACTING = Operation(
    "proxies.acting", System.PORTAL, Method.GET, "/api/acting", Nothing, Acting,
    callers=[Party.CITIZEN], repeatable=True, requirements=["PRX-7"],
    summary="このセッションが、誰の代理をしているか", problems=_PROBLEMS,
)  # fmt: skip

STOP_ACTING = Operation(
    "proxies.stop_acting", System.PORTAL, Method.POST, "/api/acting/end", Nothing, Acting,
    callers=[Party.CITIZEN], repeatable=True, requirements=["PRX-7"], summary="自分の画面に戻る",
    problems=[*_PROBLEMS, P.STORAGE_REFUSED],
)  # fmt: skip

OPERATIONS = (
    PREPARE_PROXY,
    REGISTER_PROXY,
    LIST_PROXIES,
    CHANGE_PROXY,
    END_PROXY,
    WITHDRAW_PROXY,
    ACT_AS_PROXY,
    VIEW_ACTING,
    STOP_ACTING,
)
