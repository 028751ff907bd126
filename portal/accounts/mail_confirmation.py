"""メールアドレスの確認: an address gets mail only after the code that was sent to it has been typed in (ACC-4).

The rules alone; where an address stands is sealed with the account's settings, so that a change of both is one write.
"""

import unicodedata
from enum import StrEnum

import msgspec

from portal.seams.chance import Chance, identifier
from portal.wire.limits import (
    MAIL_CODE_DIGITS,
    MAIL_CODE_PAUSE_SECONDS,
    MAIL_CODE_SECONDS,
    MAIL_CODE_TRIES_MAX,
    MAIL_CODES_A_DAY_MAX,
)
from portal.wire.moments import DAY


class Confirmation(msgspec.Struct, frozen=True):
    """確認待ち: one address whose code is on its way or in its mailbox."""

    address: str
    confirmation_id: str
    """Names the mail in the outbox; every code has its own."""
    code: str
    sent_ms: int
    tries: int = 0

    def over(self, now_ms: int) -> bool:
        """Whether this code can't be typed in any more."""
        return self.tries >= MAIL_CODE_TRIES_MAX or now_ms >= self.sent_ms + MAIL_CODE_SECONDS * 1000


class Try(StrEnum):
    """What came of typing a code in."""

    RIGHT = "right"
    WRONG = "wrong"
    OVER = "over"
    """Too late, or tried too often: only a new code helps."""


def begin(chance: Chance, address: str, now_ms: int) -> Confirmation:
    """A code for this address."""
    number = int.from_bytes(chance.random_bytes(8)) % 10**MAIL_CODE_DIGITS
    return Confirmation(address, identifier(chance), f"{number:0{MAIL_CODE_DIGITS}}", now_ms)


def plain(code: str) -> str:
    """The digits that were meant: ``１２３-４５６`` is ``123456``."""
    return "".join(c for c in unicodedata.normalize("NFKC", code) if not c.isspace() and c not in "-‐−ー")


def attempt(confirmation: Confirmation, code: str, now_ms: int) -> tuple[Try, Confirmation]:
    """What came of it, and where the address stands now; a wrong code costs a try."""
    if confirmation.over(now_ms):
        return Try.OVER, confirmation
    if plain(code) == confirmation.code:
        return Try.RIGHT, confirmation
    tried = msgspec.structs.replace(confirmation, tries=confirmation.tries + 1)
    return Try.WRONG, tried


def too_soon(confirmation: Confirmation, now_ms: int) -> bool:
    """Whether the last code to this address was sent only just now."""
    return now_ms < confirmation.sent_ms + MAIL_CODE_PAUSE_SECONDS * 1000


def sent_today(codes_sent: tuple[int, ...], now_ms: int) -> tuple[int, ...]:
    """Of these moments the ones within a day: all that an account has to remember."""
    return tuple(moment for moment in codes_sent if moment > now_ms - DAY)


def may_send(codes_sent: tuple[int, ...], now_ms: int, more: int = 1) -> bool:
    """Whether this account may be sent so many codes more today."""
    return len(sent_today(codes_sent, now_ms)) + more <= MAIL_CODES_A_DAY_MAX
