"""RSA keys that derive from a seed: for simulation only.

A resident's card must be the same on every machine, without a table of keys (STACK.md, row 11). Both primes are
the next primes after numbers drawn from SHAKE-256 of the seed and a label. Whoever knows the seed knows every
key: that is the point here and the reason that nothing real may ever be protected with these keys.

"Next prime" is defined by mathematics, not by a library's random choices, so any correct implementation gives
the same key.
"""

import hashlib
from typing import Final, Protocol

import gmpy2
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

MODULUS_BITS: Final = 2048
PUBLIC_EXPONENT: Final = 65537
_PRIME_BYTES: Final = MODULUS_BITS // 16
_DOMAIN: Final = b"mynasim rsa-2048 v1"
_P384_DOMAIN: Final = b"mynasim p-384 v1"
_P384_ORDER: Final = int(
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16
)
# FIPS 186-5 A.1.3: primes this close together make the modulus easy to factor. Chance never brings it about;
# a rule is a rule.
_PRIME_DISTANCE_MIN: Final = 1 << (MODULUS_BITS // 2 - 100)


class KeySource(Protocol):
    """Whoever has the keys: the cache on disk, or the derivation alone."""

    def private_key(self, seed: bytes, label: str) -> rsa.RSAPrivateKey: ...


def key_der(seed: bytes, label: str) -> bytes:
    """The key of this seed and label as PKCS#8 DER, derived (about 26 ms)."""
    p, q = _primes(seed, label)
    d = int(gmpy2.invert(PUBLIC_EXPONENT, gmpy2.lcm(p - 1, q - 1)))
    numbers = rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=d % (p - 1),
        dmq1=d % (q - 1),
        iqmp=int(gmpy2.invert(q, p)),
        public_numbers=rsa.RSAPublicNumbers(PUBLIC_EXPONENT, p * q),
    )
    key = numbers.private_key(unsafe_skip_rsa_key_validation=True)
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def load_key(der: bytes) -> rsa.RSAPrivateKey:
    """A key that we derived ourselves, without OpenSSL's check of it (31 ms against 4 µs).

    Raises ValueError when these bytes are not an RSA key of our size.
    """
    key = load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size != MODULUS_BITS:
        raise ValueError("not an RSA-2048 key")
    return key


def private_key(seed: bytes, label: str) -> rsa.RSAPrivateKey:
    """Derive and load in one step, for the few keys that are not worth a cache."""
    return load_key(key_der(seed, label))


def p384_key(seed: bytes, label: str) -> ec.EllipticCurvePrivateKey:
    """A P-384 key of this seed and label, for the provisional next-generation card: cheap, so there is no cache."""
    name = label.encode()
    message = b"".join((_P384_DOMAIN, len(seed).to_bytes(4, "big"), seed, len(name).to_bytes(4, "big"), name))
    # 16 bytes more than the order has, so that the remainder favours no number (FIPS 186-5, A.2.1).
    number = int.from_bytes(hashlib.shake_256(message).digest(48 + 16))
    return ec.derive_private_key(number % (_P384_ORDER - 1) + 1, ec.SECP384R1())


def _primes(seed: bytes, label: str) -> tuple[int, int]:
    name = label.encode()
    message = b"".join((_DOMAIN, len(seed).to_bytes(4, "big"), seed, len(name).to_bytes(4, "big"), name))
    attempt = 0
    while True:
        stream = hashlib.shake_256(message + attempt.to_bytes(4, "big")).digest(2 * _PRIME_BYTES)
        p, q = _prime_from(stream[:_PRIME_BYTES]), _prime_from(stream[_PRIME_BYTES:])
        if abs(p - q) >= _PRIME_DISTANCE_MIN and (p * q).bit_length() == MODULUS_BITS:
            return p, q
        attempt += 1


def _prime_from(stream: bytes) -> int:
    """The first fitting prime after this number, whose two highest bits are set so that the product has all
    its bits."""
    candidate = gmpy2.mpz(int.from_bytes(stream, "big") | 3 << (len(stream) * 8 - 2))
    while True:
        candidate = gmpy2.next_prime(candidate)
        if (candidate - 1) % PUBLIC_EXPONENT:  # otherwise the public exponent has no inverse
            return int(candidate)
