"""Throw-away keys and certificates for the cards of these tests; the real ones come from the simulated J-LIS."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from cards.card import Card
from cards.contents import CardContents, CardKind, FaceKeys
from cards.face_certificate import card_verifiable_certificate, key_id
from cards.keys import EcdsaSigner, RsaSigner
from cards.state import CardState


@cache
def rsa_key(which: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def p384_key(which: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP384R1())


@cache
def certificate(which: str, kind: str = "rsa") -> bytes:
    key = rsa_key(which) if kind == "rsa" else p384_key(which)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "CARD-TEST"),
            x509.NameAttribute(NameOID.COMMON_NAME, which),
        ]
    )
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(4711)
        .not_valid_before(datetime(2026, 1, 1))
        .not_valid_after(datetime(2036, 1, 1))
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(Encoding.DER)


@cache
def face_keys() -> FaceKeys:
    root, issuer, card = (RsaSigner(rsa_key(which)) for which in ("root", "issuer", "card"))
    certified = card_verifiable_certificate(root, key_id("9000033"), key_id("13221/001"), issuer.modulus)
    return FaceKeys(lambda: card, lambda: issuer, lambda: certified)


def make_contents(
    kind: CardKind = CardKind.PLASTIC, *, grown_up: bool = True, person: str = ""
) -> CardContents:
    elliptic = kind is CardKind.NEXT_GENERATION_PROVISIONAL
    algorithm = "p384" if elliptic else "rsa"

    def key(which: str) -> Callable[[], RsaSigner | EcdsaSigner]:
        return lambda: EcdsaSigner(p384_key(which)) if elliptic else RsaSigner(rsa_key(which))

    return CardContents(
        kind=kind,
        my_number="537686677188",
        name="黒桐　幹也",
        address="東京都清瀬市観布子南１２－７－２０２",
        birth_date=date(1980, 2, 17),
        sex=1,
        municipality="13221",
        expiry=date(2035, 2, 17),
        serial="400000012719843",
        security_code="2285",
        auth_certificate=certificate(f"auth{person}", algorithm),
        auth_ca=certificate("auth-ca"),
        sign_certificate=certificate(f"sign{person}", algorithm) if grown_up else None,
        sign_ca=certificate("sign-ca"),
        auth_key=key(f"auth{person}"),
        sign_key=key(f"sign{person}") if grown_up else None,
        face_keys=None if kind is CardKind.ANDROID else face_keys(),
    )


def make_card(kind: CardKind = CardKind.PLASTIC, *, grown_up: bool = True, person: str = "") -> Card:
    state = CardState.fresh(sign_pin="ABC123" if grown_up else None, text_pin="2345", juki_pin="3456")
    return Card(make_contents(kind, grown_up=grown_up, person=person), state, random.Random(7).randbytes)


def send(card: Card, apdu: str) -> str:
    """Hex in, hex out."""
    return card.transmit(bytes.fromhex(apdu)).hex().upper()


JPKI = "00A4040C0AD392F000260100000001"
TEXT = "00A4040C0AD3921000310001010408"
SURFACE = "00A4040C0AD3921000310001010402"
JUKI = "00A4040C0AD3921000310001010401"
SHARED = "00A4040C0AD3921000310001010100"
MANAGER = "00A4040C07A0000001510000"
