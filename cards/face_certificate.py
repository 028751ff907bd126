"""CV証明書: the card-verifiable certificate that ties the issuer's key to a root, and the RSA keys beside it.

Layout and signature: CARD.md 1.5 (text 0004): `7F21 { 5F4E { issuer key id, subject key id, key }, 5F37 signature }`.
"""

from __future__ import annotations

from cards.chip.tlv import content, objects, tlv
from cards.keys import Signer, sign_sha256

KEY_ID_BYTES = 16
MODULUS_BYTES = 256
_EXPONENT = b"\x01\x00\x01"


def public_key(modulus: int) -> bytes:
    """An RSA-2048 public key as the card writes it: `90 03 exponent 91 82 0100 modulus` (265 bytes)."""
    return tlv(0x90, _EXPONENT) + tlv(0x91, modulus.to_bytes(MODULUS_BYTES, "big"))


def key_id(name: str) -> bytes:
    """鍵ID: 16 bytes, the name padded with FF. Real ones look like `6000023/001`; their padding is assumed."""
    encoded = name.encode("ascii")
    if len(encoded) > KEY_ID_BYTES:
        raise ValueError("a key identifier has at most 16 bytes")
    return encoded.ljust(KEY_ID_BYTES, b"\xff")


def card_verifiable_certificate(
    root: Signer, root_id: bytes, subject_id: bytes, subject_modulus: int
) -> bytes:
    """Certify a 2048-bit key (568 bytes). The signature is sha256WithRSAEncryption over the body without its header."""
    if len(root_id) != KEY_ID_BYTES or len(subject_id) != KEY_ID_BYTES:
        raise ValueError("a key identifier has 16 bytes")
    body = root_id + subject_id + public_key(subject_modulus)
    return tlv(0x7F21, tlv(0x5F4E, body) + tlv(0x5F37, sign_sha256(root, body)))


def subject_key_id(certificate: bytes) -> bytes:
    """被証明者鍵ID of a CV certificate. Raises `tlv.Malformed`."""
    body = dict(objects(content(certificate, 0x7F21)))[0x5F4E]
    return body[KEY_ID_BYTES : 2 * KEY_ID_BYTES]
