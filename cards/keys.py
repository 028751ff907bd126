"""Keys of a card: what signs, and how it reaches the card only when it is needed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

_SHA256_DIGEST_INFO = bytes.fromhex("300d060960864801650304020105000420")
_PKCS1 = padding.PKCS1v15()
_VERBATIM = utils.NoDigestInfo()


@runtime_checkable
class Signer(Protocol):
    """An RSA key of the card. Signatures are as long as the modulus."""

    @property
    def modulus(self) -> int:
        """The public modulus; the exponent is always 65537."""

    def sign_pkcs1(self, data: bytes) -> bytes:
        """Type-1 padding of `data` as it is: nothing is hashed, no DigestInfo is looked for (CARD.md 1.4)."""

    def sign_pss(self, digest: bytes, salt: bytes) -> bytes:
        """RSASSA-PSS over a SHA-256 digest, MGF1 with SHA-256, with the salt given."""


@runtime_checkable
class EllipticSigner(Protocol):
    """A P-384 key, of the provisional next-generation card only."""

    def sign_ecdsa(self, digest: bytes) -> bytes:
        """ECDSA over a SHA-384 digest, DER encoded, with the nonce of RFC 6979."""


KeySource = Callable[[], Signer | EllipticSigner]
"""Gives the key when it is first used: 100,000 cards in a process must not mean 100,000 private keys in memory."""


class RsaSigner:
    """A `Signer` on a private key of the `cryptography` package."""

    __slots__ = ("_key",)

    def __init__(self, private_key: rsa.RSAPrivateKey) -> None:
        self._key = private_key

    def __repr__(self) -> str:
        return f"RsaSigner({self._key.key_size} bits)"

    @property
    def modulus(self) -> int:
        return self._key.public_key().public_numbers().n

    def sign_pkcs1(self, data: bytes) -> bytes:
        return self._key.sign(data, _PKCS1, _VERBATIM)

    def sign_pss(self, digest: bytes, salt: bytes) -> bytes:
        # OpenSSL would draw the salt from its own randomness, which a simulated world could not repeat. So the
        # block is made here and only the private-key operation is left, by the Chinese remainder theorem.
        numbers = self._key.private_numbers()
        bits = self._key.key_size
        block = int.from_bytes(pss_block(digest, salt, bits - 1), "big")
        left = pow(block, numbers.dmp1, numbers.p)
        right = pow(block, numbers.dmq1, numbers.q)
        signature = right + numbers.q * ((left - right) * numbers.iqmp % numbers.p)
        return signature.to_bytes((bits + 7) // 8, "big")


class EcdsaSigner:
    """An `EllipticSigner` on a P-384 private key of the `cryptography` package."""

    __slots__ = ("_key",)

    def __init__(self, private_key: ec.EllipticCurvePrivateKey) -> None:
        assert isinstance(private_key.curve, ec.SECP384R1)
        self._key = private_key

    def __repr__(self) -> str:
        return "EcdsaSigner(P-384)"

    def sign_ecdsa(self, digest: bytes) -> bytes:
        scheme = ec.ECDSA(utils.Prehashed(hashes.SHA384()), deterministic_signing=True)
        return self._key.sign(digest, scheme)


def sha256_digest_info(digests: bytes) -> bytes:
    """DigestInfo of SHA-256, with a NULL parameter. The card face has three digests in one (CARD.md 1.5)."""
    if len(digests) == 32:
        return b"\x30\x31" + _SHA256_DIGEST_INFO + digests
    inner = _SHA256_DIGEST_INFO[:-1] + bytes((len(digests),)) + digests
    return b"\x30" + bytes((len(inner),)) + inner


def sign_sha256(signer: Signer, message: bytes) -> bytes:
    """An ordinary sha256WithRSAEncryption signature."""
    return signer.sign_pkcs1(sha256_digest_info(hashlib.sha256(message).digest()))


def pss_block(digest: bytes, salt: bytes, bits: int) -> bytes:
    """EMSA-PSS-ENCODE of RFC 8017 9.1.1 with SHA-256, for a block of `bits` bits."""
    size = (bits + 7) // 8
    seal = hashlib.sha256(bytes(8) + digest + salt).digest()
    plain = bytes(size - len(salt) - len(seal) - 2) + b"\x01" + salt
    mask = b""
    counter = 0
    while len(mask) < len(plain):
        mask += hashlib.sha256(seal + counter.to_bytes(4, "big")).digest()
        counter += 1
    masked = bytearray(a ^ b for a, b in zip(plain, mask, strict=False))
    masked[0] &= 0xFF >> (8 * size - bits)
    return bytes(masked) + seal + b"\xbc"
