"""A card with throw-away keys, for the benchmarks of `cards/`."""

from __future__ import annotations

import os
from datetime import date, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from cards.card import Card
from cards.contents import CardContents, FaceKeys
from cards.face_certificate import card_verifiable_certificate, key_id
from cards.keys import RsaSigner
from cards.state import CardState

JPKI = bytes.fromhex("00A4040C0AD392F000260100000001")
AUTH_CERTIFICATE = bytes.fromhex("00A4020C02000A")
VERIFY = bytes.fromhex("002000980431323334")
READ_256 = bytes.fromhex("00B0000000")


@cache
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def certificate() -> bytes:
    """As long as a real one (about 890 bytes)."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "BENCHMARK"[:9] * 7)])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key().public_key())
    built = (
        builder.serial_number(1).not_valid_before(datetime(2026, 1, 1)).not_valid_after(datetime(2036, 1, 1))
    )
    return built.sign(key(), hashes.SHA256()).public_bytes(Encoding.DER)


@cache
def face_keys() -> FaceKeys:
    signer = RsaSigner(key())
    certified = card_verifiable_certificate(signer, key_id("9000033"), key_id("1"), signer.modulus)
    return FaceKeys(lambda: signer, lambda: signer, lambda: certified)


def sample_card(number: int = 0) -> Card:
    """Each has strings and certificates of its own in memory, as cards of different people do."""
    signer = RsaSigner(key())
    contents = CardContents(
        my_number=f"{number:012}",
        name=f"試験　{number}",
        address=f"東京都清瀬市観布子南{number}",
        birth_date=date(1980, 2, 17),
        sex=1,
        municipality="13221",
        expiry=date(2035, 2, 17),
        serial=f"{number:015}",
        security_code="2285",
        auth_certificate=bytes(bytearray(certificate())),
        auth_ca=certificate(),
        sign_certificate=bytes(bytearray(certificate())),
        sign_ca=certificate(),
        auth_key=lambda: signer,
        sign_key=lambda: signer,
        face_keys=face_keys(),
    )
    return Card(contents, CardState.fresh(), os.urandom)
