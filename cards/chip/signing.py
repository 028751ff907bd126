"""COMPUTE DIGITAL SIGNATURE and INTERNAL AUTHENTICATE (CARD.md 1.4)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import cast

from cards.chip.apdu import LE_MAX_SHORT, Command
from cards.chip.chip import Chip
from cards.chip.files import KeyFile, KeyUse
from cards.chip.status import OK, SECURITY_NOT_SATISFIED, SW, WRONG_LENGTH, wire
from cards.keys import EllipticSigner, KeySource, Signer, sha256_digest_info

PSS_SALT_BYTES = 32
"""As long as the hash. That real cards use this length is assumed from the verifiers that accept them."""

_VERBATIM_BYTES_MAX = 245
_HASHED_BYTES_MAX = 255


def compute_digital_signature(chip: Chip, command: Command) -> bytes:
    """80 2A P1 P2. Signing uses up nothing: after one VERIFY as many signatures as wanted."""
    if command.p1 > 0x05:
        return wire(SW.WRONG_P1_P2)
    if not command.data or (command.le is not None and command.le < LE_MAX_SHORT):
        return WRONG_LENGTH
    file = _key_file(chip, command.p2)
    if isinstance(file, SW):
        return wire(file)
    if file.use is not KeyUse.SIGNATURE or file.key is None:
        return wire(SW.CONDITIONS_NOT_SATISFIED)
    if not chip.opened(file.guard):
        return SECURITY_NOT_SATISFIED
    source = cast("KeySource | None", file.key(chip.contents))
    if source is None:
        return wire(SW.CONDITIONS_NOT_SATISFIED)
    match source():
        case Signer() as rsa:
            return _rsa(chip, rsa, command.p1, command.data)
        case EllipticSigner() as elliptic:
            return _elliptic(elliptic, command.p1, command.data)
        case other:
            raise TypeError(f"not a key of a card: {other!r}")


def _key_file(chip: Chip, p2: int) -> KeyFile | SW:
    """P2 00: the application's own key (card-surface applications). Else 80 current, or 80|SFI."""
    if p2 == 0x00:
        default = chip.application.default_key
        file = None if default is None else chip.application.files[default]
        if file is None:
            return SW.WRONG_P1_P2
    elif not p2 & 0x80:
        return SW.WRONG_P1_P2
    else:
        referred = chip.referred(p2)
        if isinstance(referred, SW):
            return referred
        file = referred
    return file if isinstance(file, KeyFile) else SW.WRONG_FILE_KIND


def _hash(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


_RSA_MODES: dict[int, tuple[range, Callable[[bytes], bytes]]] = {
    0x00: (range(1, _VERBATIM_BYTES_MAX + 1), bytes),
    0x01: (range(1, _HASHED_BYTES_MAX + 1), _hash),
    0x02: (range(32, 33), sha256_digest_info),
    0x03: (range(1, _HASHED_BYTES_MAX + 1), lambda data: sha256_digest_info(_hash(data))),
    0x04: (range(32, 33), bytes),
    0x05: (range(1, _HASHED_BYTES_MAX + 1), _hash),
}
"""P1: how long the data may be, and what is padded. 00-03 are PKCS #1 v1.5, 04 and 05 are PSS."""


def _rsa(chip: Chip, signer: Signer, p1: int, data: bytes) -> bytes:
    lengths, prepare = _RSA_MODES[p1]
    if len(data) not in lengths:
        return wire(SW.CONDITIONS_NOT_SATISFIED)
    prepared = prepare(data)
    if p1 >= 0x04:
        return signer.sign_pss(prepared, chip.chance(PSS_SALT_BYTES)) + OK
    return signer.sign_pkcs1(prepared) + OK


def _elliptic(signer: EllipticSigner, p1: int, data: bytes) -> bytes:
    """Provisional: modes 02 (a SHA-384 digest) and 03 (hashed on the card), ECDSA in DER. Not published."""
    if p1 not in (0x02, 0x03):
        return wire(SW.WRONG_P1_P2)
    digest = data if p1 == 0x02 else hashlib.sha384(data).digest()
    if len(digest) != 48:
        return wire(SW.CONDITIONS_NOT_SATISFIED)
    return signer.sign_ecdsa(digest) + OK


def internal_authenticate(chip: Chip, command: Command) -> bytes:
    """00 88 00 80|SFI. Only the key of the 共通カードAP answers: sha256WithRSAEncryption over the challenge."""
    if command.p1 or not command.p2 & 0x80:
        return wire(SW.WRONG_P1_P2)
    if not 1 <= len(command.data) <= _HASHED_BYTES_MAX:
        return WRONG_LENGTH
    file = _key_file(chip, command.p2)
    if isinstance(file, SW):
        return wire(file)
    if file.use is not KeyUse.INTERNAL_AUTHENTICATE or file.key is None:
        # Measured: 6985 for the free signing keys of the card-surface applications, 6982 for those behind a PIN.
        return wire(SW.CONDITIONS_NOT_SATISFIED if file.guard is None else SW.SECURITY_NOT_SATISFIED)
    signer = cast("KeySource", file.key(chip.contents))()
    assert isinstance(signer, Signer)
    return signer.sign_pkcs1(sha256_digest_info(_hash(command.data))) + OK
