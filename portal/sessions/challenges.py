"""Challenges: what a card is asked to sign. Kept nowhere until they are used, so asking for many costs nothing.

A challenge is a nonce and an end of validity under the portal's own seal (HMAC-SHA-256). It is good once: using
it writes it down in the transaction that opens the session.

What a card agrees to beyond being there (*about*) goes into the seal and into the digest: such a challenge is good for
nothing else, least of all for signing in.
"""

import base64
import binascii
import hashlib
import hmac
import struct
from typing import NamedTuple

from portal.seams.chance import Chance

NONCE_BYTES = 32
_SEAL_BYTES = 32
_LENGTH = NONCE_BYTES + 8 + _SEAL_BYTES
SHA256_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
"""CARD.md 1.4: what stands before the 32 bytes of the digest."""


class Issued(NamedTuple):
    challenge: str
    digest_info: bytes
    ends_ms: int


class Presented(NamedTuple):
    """A challenge of ours that came back in time."""

    nonce: bytes
    digest: bytes
    ends_ms: int


class UnknownChallenge(NamedTuple):
    """Not one of ours, or altered."""


class ExpiredChallenge(NamedTuple):
    """Ours, but too old."""


class Challenges:
    """ログインの手続きの値 (ACC-1)."""

    def __init__(self, key: bytes, chance: Chance, seconds: int) -> None:
        self._key = key
        self._chance = chance
        self._valid_ms = seconds * 1000

    def __repr__(self) -> str:
        return f"Challenges(valid_ms={self._valid_ms})"

    def issue(self, now_ms: int, about: bytes = b"") -> Issued:
        ends = now_ms + self._valid_ms
        content = self._chance.random_bytes(NONCE_BYTES) + struct.pack(">Q", ends)
        text = base64.urlsafe_b64encode(content + self._seal(content, about)).decode()
        return Issued(text, SHA256_DIGEST_INFO + hashlib.sha256(content + about).digest(), ends)

    def present(
        self, text: str, now_ms: int, about: bytes = b""
    ) -> Presented | UnknownChallenge | ExpiredChallenge:
        """What this text stands for."""
        try:
            raw = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            return UnknownChallenge()
        # Python also takes the other alphabet's characters; one challenge has one spelling.
        if len(raw) != _LENGTH or base64.urlsafe_b64encode(raw).decode() != text:
            return UnknownChallenge()
        content, seal = raw[:-_SEAL_BYTES], raw[-_SEAL_BYTES:]
        if not hmac.compare_digest(self._seal(content, about), seal):
            return UnknownChallenge()
        (ends,) = struct.unpack(">Q", content[NONCE_BYTES:])
        if now_ms >= ends:
            return ExpiredChallenge()
        return Presented(content[:NONCE_BYTES], hashlib.sha256(content + about).digest(), ends)

    def _seal(self, content: bytes, about: bytes) -> bytes:
        return hmac.digest(self._key, b"sign-in challenge" + content + about, "sha256")
