"""Messages between a page and the card software, in the shapes of the real client (CARD.md 4.1).

The page dispatches a CustomEvent ``launchApp`` on its document, with a JSON text as its detail, and is answered by
a CustomEvent ``recvMsg``, again with a JSON text.

| mode | asks for | answer, besides mode and result "0" |
|---|---|---|
| 01 | one signature by the user-authentication key over `digest` | uuid, signature, certificate, combination_code |
| 02 | signatures by the signature key over each of `digest` | signature (a list), certificate |
| 04 | the basic four items | name, sex, address, birthday: hexadecimal of UTF-8 |
| 05 | nothing any more | - |

Where something went wrong the request comes back with result "1" and an errcode; EW044-C300, for a person who gave
up, is the only one that is known, so that it stands for everything here.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from cards.terminal import BasicFour, CardRecord

SERVICE_ID: Final = "01"
EXTENSION_VERSION: Final = "24"
"""Value of ``#extension-is-installed``."""
APP_VERSION: Final = "29"
"""Value of ``#app-is-installed``."""
CANCELLED: Final = "EW044-C300"
MESSAGE_CHARACTERS_MAX: Final = 16_000
DIGESTS_MAX: Final = 32
"""Signatures for one consent; assumed."""
_SALT: Final = hashlib.sha256(b"mynasim combination code").digest()[:16]
"""Not the real client's: nobody shall take a code of ours for one of its."""

Message = dict[str, Any]


class Mode(StrEnum):
    """What is asked for."""

    AUTHENTICATE = "01"
    SIGN = "02"
    TEXT = "04"
    CLOSE = "05"


class Asked(NamedTuple):
    """A request that can be understood."""

    mode: Mode
    digest_infos: tuple[bytes, ...]
    message: Message
    """As it came: an error carries it back."""


class Unreadable(NamedTuple):
    """A request that can't; *why* is for developers of pages."""

    why: str


# DER up to the digest, by its algorithm.
_DIGEST_INFOS: Final = {
    bytes.fromhex("3031300d060960864801650304020105000420"): 32,
    bytes.fromhex("3041300d060960864801650304020205000430"): 48,
    bytes.fromhex("3051300d060960864801650304020305000440"): 64,
}


def is_digest_info(value: bytes) -> bool:
    """Whether this is a DigestInfo of SHA-256, SHA-384 or SHA-512. The card would sign anything: we don't let it."""
    return any(
        value.startswith(head) and len(value) == len(head) + size for head, size in _DIGEST_INFOS.items()
    )


def read_request(text: str) -> Asked | Unreadable:
    """What a page dispatched."""
    if len(text) > MESSAGE_CHARACTERS_MAX:
        return Unreadable(f"more than {MESSAGE_CHARACTERS_MAX} characters")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return Unreadable("not JSON")
    if not isinstance(message, dict):
        return Unreadable("not a JSON object")
    try:
        mode = Mode(message.get("mode", ""))
    except (ValueError, TypeError):
        return Unreadable(f"mode must be one of {', '.join(Mode)}")
    if mode is Mode.CLOSE:
        return Asked(mode, (), message)
    if message.get("service_id") != SERVICE_ID:
        return Unreadable(f'service_id must be "{SERVICE_ID}"')
    wanted = message.get("digest")
    texts: list[object] = []
    if mode is Mode.AUTHENTICATE:
        texts = [wanted]
    elif mode is Mode.SIGN:
        texts = wanted if isinstance(wanted, list) else [wanted]
        if not 1 <= len(texts) <= DIGESTS_MAX:
            return Unreadable(f"digest must have 1 to {DIGESTS_MAX} entries")
    digest_infos = tuple(map(_digest_info, texts))
    if None in digest_infos:
        return Unreadable("digest must be DigestInfo (SHA-256, SHA-384 or SHA-512) in base64")
    return Asked(mode, tuple(each for each in digest_infos if each is not None), message)


def _digest_info(text: object) -> bytes | None:
    if not isinstance(text, str):
        return None
    try:
        value = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (ValueError, binascii.Error):
        return None
    return value if is_digest_info(value) else None


def authenticated(uuid: str, signature: bytes, certificate: bytes, record: CardRecord | None) -> Message:
    """Answer to mode 01; *uuid* is of this installation, *record* None for a phone, which has none."""
    answer = {
        "mode": Mode.AUTHENTICATE.value,
        "result": "0",
        "uuid": uuid,
        "signature": base64.b64encode(signature).decode(),
        "certificate": _unpadded(certificate),
    }
    if record is not None:
        answer["combination_code"] = combination_code(record, uuid)
    return answer


def combination_code(record: CardRecord, uuid: str) -> str:
    """Ties a card to an installation: SHA-256 over a salt, the manufacture number and the installation."""
    # "Characters 2 to 15" of the record: taken as those of its fifteen digits (assumed).
    return hashlib.sha256(_SALT + record.serial[1:].encode() + uuid.encode()).hexdigest()


def signed(signatures: Sequence[bytes], certificate: bytes) -> Message:
    """Answer to mode 02, in the order of the digests."""
    return {
        "mode": Mode.SIGN.value,
        "result": "0",
        "signature": [base64.b64encode(signature).decode() for signature in signatures],
        "certificate": _unpadded(certificate),
    }


def text_read(four: BasicFour) -> Message:
    """Answer to mode 04."""
    fields = {
        "name": four.name,
        "sex": str(four.sex),
        "address": four.address,
        "birthday": f"{four.birth_date:%Y%m%d}",
    }
    return {
        "mode": Mode.TEXT.value,
        "result": "0",
        **{name: value.encode().hex() for name, value in fields.items()},
    }


def closed() -> Message:
    """Answer to mode 05."""
    return {"mode": Mode.CLOSE.value, "result": "0"}


def refused(message: Message) -> Message:
    """The request comes back, as from a person who gave up."""
    return {**message, "result": "1", "errcode": CANCELLED}


def _unpadded(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")
