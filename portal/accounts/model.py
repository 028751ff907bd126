"""アカウント: who has a folder, by which certificate, under which nickname. Nothing here names the person (FLD-2)."""

import unicodedata
from typing import NamedTuple

import msgspec

from portal.accounts.mail_confirmation import Confirmation
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.proxies import Right
from portal.wire.sign_in import AccountSettings, MailEvent
from portal.wire.texts import is_blank


class Account(NamedTuple):
    """アカウント as it is stored."""

    account_id: str
    root_serial: str
    """Of the person's first certificate: one account for each, for life (ACC-2)."""
    wrapped_key: bytes
    settings: bytes
    """Sealed :class:`KeptSettings`."""
    code: bytes | None
    """Sealed 開示システム用符号; None until the network could be asked."""
    opened_ms: int


class KeptSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """アカウント設定 as they are kept: what was wished, and which addresses wait for their code."""

    nickname: str
    mail_addresses: tuple[str, ...]
    mail_events: tuple[MailEvent, ...]
    waiting: tuple[Confirmation, ...] = ()
    codes_sent: tuple[int, ...] = ()
    """Moments (ms) of the codes of the last day."""

    @property
    def wished(self) -> AccountSettings:
        return AccountSettings(self.nickname, self.mail_addresses, self.mail_events)

    def confirmation_of(self, address: str) -> Confirmation | None:
        return next((each for each in self.waiting if each.address == address), None)


def changed_in(before: KeptSettings, now: KeptSettings) -> list[str]:
    """The names of the settings that are different, for the history (HIS-2)."""
    return [
        name
        for name, was, is_now in (
            ("ニックネーム", before.nickname, now.nickname),
            ("メールアドレス", before.mail_addresses, now.mail_addresses),
            ("メール通知", before.mail_events, now.mail_events),
        )
        if was != is_now
    ]


class Hand(msgspec.Struct, frozen=True):
    """代理人: by whose hand an account is opened, if not by its owner's, and how far that hand reaches (PRX-3, 4)."""

    delegation_id: str
    nickname: str
    rights: frozenset[Right]
    information: frozenset[str]
    """特定個人情報名コード that are ticked."""
    mail: bool
    """Whether it is told by mail of what comes."""


class OpenedAccount(msgspec.Struct, frozen=True):
    """An account whose settings have been unsealed."""

    account: Account
    kept: KeptSettings
    by: Hand | None = None
    """None: by its owner, or by the portal itself. What is written with it stands in the history as this hand's."""

    @property
    def settings(self) -> AccountSettings:
        """As wished, with addresses that are not confirmed yet."""
        return self.kept.wished

    @property
    def unconfirmed(self) -> tuple[str, ...]:
        return tuple(each.address for each in self.kept.waiting)

    @property
    def confirmed_addresses(self) -> tuple[str, ...]:
        """Where mail goes."""
        return tuple(each for each in self.kept.mail_addresses if each not in self.unconfirmed)

    def mails_about(self, event: MailEvent) -> bool:
        """Whether a mail will be sent when this happens (ACC-4)."""
        return event in self.kept.mail_events and bool(self.confirmed_addresses)

    @property
    def account_id(self) -> str:
        return self.account.account_id


_JOINERS = "\u200c\u200d"
"""Invisible, but parts of words in some scripts and of many emoji."""


def _is_plain(character: str) -> bool:
    """Whether a character can stand in a nickname: no controls, nothing that hides or turns other text around."""
    category = unicodedata.category(character)
    return character in _JOINERS or category not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def check_settings(settings: AccountSettings) -> Problem | None:
    """What is wrong with these settings, if anything (ACC-3, ACC-4)."""
    if is_blank(settings.nickname):
        return problem(ProblemCode.UNPROCESSABLE, "ニックネームを入力してください。", field="$.nickname")
    if not all(_is_plain(character) for character in settings.nickname):
        return problem(
            ProblemCode.UNPROCESSABLE,
            "ニックネームに使えない文字（改行や制御文字など）が入っています。",
            field="$.nickname",
        )
    for index, address in enumerate(settings.mail_addresses):
        if not address.isascii() or any(ord(c) < 33 or ord(c) == 127 for c in address):
            return problem(
                ProblemCode.UNPROCESSABLE,
                "メールアドレスは半角の英数字と記号で入力してください。",
                field=f"$.mail_addresses[{index}]",
            )
    if len(set(settings.mail_addresses)) != len(settings.mail_addresses):
        return problem(
            ProblemCode.UNPROCESSABLE, "同じメールアドレスが2回入力されています。", field="$.mail_addresses"
        )
    return None
