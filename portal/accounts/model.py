"""アカウント: who has a folder, by which certificate, under which nickname. Nothing here names the person (FLD-2)."""

import string
import unicodedata
from typing import NamedTuple

import msgspec

from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.sign_in import AccountSettings, MailEvent


class Account(NamedTuple):
    """アカウント as it is stored."""

    account_id: str
    root_serial: str
    """Of the person's first certificate: one account for each, for life (ACC-2)."""
    wrapped_key: bytes
    settings: bytes
    """Sealed :class:`AccountSettings`."""
    code: bytes | None
    """Sealed 開示システム用符号; None until the network could be asked."""
    opened_ms: int


class OpenedAccount(msgspec.Struct, frozen=True):
    """An account whose settings have been unsealed."""

    account: Account
    settings: AccountSettings

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
    if not settings.nickname.strip(string.whitespace + "\u3000" + _JOINERS):
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


def mails_about(settings: AccountSettings, event: MailEvent) -> bool:
    """Whether a mail will be sent when this happens (ACC-4)."""
    return event in settings.mail_events and bool(settings.mail_addresses)
