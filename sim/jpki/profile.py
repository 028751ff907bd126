"""証明書プロファイル: names and extensions as on JPKI's certificates (CARD.md 4), with an organisation nobody can
mistake.

What differs from the real profile, on purpose: `O=JPKI-SIM`, `（模擬）` in the Japanese name, an OCSP address and
a CPS address under `.invalid`. What is assumed: the CRL distribution point of a holder's certificate names
the authority itself.
"""

import hashlib
from datetime import date
from typing import Final

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from portal.wire.jpki import OCSP
from sim.jpki import der
from sim.jpki.holder import HolderFacts
from sim.jpki.serials import Kind

ORGANISATION: Final = "JPKI-SIM"
ORGANISATION_JA: Final = "公的個人認証サービス（模擬）"
OCSP_URL: Final = f"http://ocsp.jpki-sim.invalid{OCSP.path}"
CPS_URL: Final = "http://www.jpki-sim.invalid/cps.html"

_ARC: Final = "1.2.392.200149.8.5"
POLICY: Final = {Kind.AUTH: f"{_ARC}.1.3.30", Kind.SIGN: f"{_ARC}.1.1.20"}
NAME_OID: Final = f"{_ARC}.5.1"
NAME_SUBSTITUTES_OID: Final = f"{_ARC}.5.2"
SEX_OID: Final = f"{_ARC}.5.3"
BIRTH_DATE_OID: Final = f"{_ARC}.5.4"
ADDRESS_OID: Final = f"{_ARC}.5.5"
ADDRESS_SUBSTITUTES_OID: Final = f"{_ARC}.5.6"

_PURPOSE: Final = {Kind.AUTH: "JPKI for user authentication", Kind.SIGN: "JPKI for digital signature"}
_PURPOSE_JA: Final = {
    Kind.AUTH: "公的個人認証サービス利用者証明用",
    Kind.SIGN: "公的個人認証サービス署名用",
}
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_OPAQUE_CHARACTERS: Final = 14
_ERAS: Final = (
    (date(2019, 5, 1), "5"),
    (date(1989, 1, 8), "4"),
    (date(1926, 12, 25), "3"),
    (date(1912, 7, 30), "2"),
    (date(1868, 10, 23), "1"),
)


def authority_name(kind: Kind) -> x509.Name:
    """The DN of an authority, which real generations of it share."""
    return _name(
        (NameOID.COUNTRY_NAME, "JP"),
        (NameOID.ORGANIZATION_NAME, ORGANISATION),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, _PURPOSE[kind]),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "Japan Agency for Local Authority Information Systems"),
    )


def authority_name_ja(kind: Kind) -> x509.Name:
    """The same in Japanese: subjectAltName of an authority."""
    return _name(
        (NameOID.COUNTRY_NAME, "JP"),
        (NameOID.ORGANIZATION_NAME, ORGANISATION_JA),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, _PURPOSE_JA[kind]),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "地方公共団体情報システム機構"),
    )


def responder_name(kind: Kind) -> x509.Name:
    return _name(
        (NameOID.COUNTRY_NAME, "JP"),
        (NameOID.ORGANIZATION_NAME, ORGANISATION),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, _PURPOSE[kind]),
        (NameOID.COMMON_NAME, "OCSP responder"),
    )


def holder_name(seed: bytes, facts: HolderFacts, generation: int, kind: Kind) -> x509.Name:
    """Subject of a holder's certificate: an opaque name that ends in the municipality's code, never the
    person's name.

    Only a signature certificate says where the holder lives (`L=`).
    """
    material = (
        b"mynasim subject v1|%d|%d|%d|%s" % (facts.n, generation, len(seed), kind.value.encode()) + seed
    )
    number = int.from_bytes(hashlib.shake_256(material).digest(16), "big")
    opaque = []
    for _ in range(_OPAQUE_CHARACTERS):
        number, digit = divmod(number, len(_ALPHABET))
        opaque.append(_ALPHABET[digit])
    locality = [(NameOID.LOCALITY_NAME, facts.locality)] if kind is Kind.SIGN and facts.locality else []
    return _name(
        (NameOID.COUNTRY_NAME, "JP"),
        *locality,
        (NameOID.COMMON_NAME, "".join(opaque) + facts.municipality_code[:5]),
    )


def authority_extensions(
    kind: Kind, key_identifier: x509.SubjectKeyIdentifier
) -> list[tuple[x509.ExtensionType, bool]]:
    """Extensions of an authority, each with whether it is critical."""
    return [
        (_key_usage(certificates=True), True),
        (x509.SubjectAlternativeName([x509.DirectoryName(authority_name_ja(kind))]), False),
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (_distribution_point(kind), False),
        (key_identifier, False),
    ]


def responder_extensions(
    key_identifier: x509.SubjectKeyIdentifier, issuer: x509.AuthorityKeyIdentifier
) -> list[tuple[x509.ExtensionType, bool]]:
    """Extensions of a delegated OCSP responder, which is never asked about itself (RFC 6960, 4.2.2.2.1)."""
    return [
        (_key_usage(), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),
        (x509.OCSPNoCheck(), False),
        (issuer, False),
        (key_identifier, False),
    ]


def holder_extensions(
    kind: Kind, issuer: x509.AuthorityKeyIdentifier, ocsp_url: str
) -> list[tuple[x509.ExtensionType, bool]]:
    """Those extensions of a holder's certificate that are the same for everybody."""
    qualifiers: list[str | x509.UserNotice] | None = [CPS_URL] if kind is Kind.SIGN else None
    policy = x509.PolicyInformation(x509.ObjectIdentifier(POLICY[kind]), qualifiers)
    issuer_ja = _name((NameOID.COUNTRY_NAME, "JP"), (NameOID.ORGANIZATION_NAME, ORGANISATION_JA))
    location = x509.UniformResourceIdentifier(ocsp_url)
    return [
        (_key_usage(signatures_of_will=kind is Kind.SIGN), True),
        (x509.CertificatePolicies([policy]), kind is Kind.SIGN),
        (x509.IssuerAlternativeName([x509.DirectoryName(issuer_ja)]), False),
        (_distribution_point(kind), False),
        (
            x509.AuthorityInformationAccess(
                [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, location)]
            ),
            False,
        ),
        (issuer, False),
    ]


def basic_four(facts: HolderFacts) -> x509.SubjectAlternativeName:
    """基本4情報 of a signature certificate: other names in the order of a real card."""
    fields = (
        (NAME_OID, facts.name),
        (BIRTH_DATE_OID, birth_date_text(facts.birth_date)),
        (SEX_OID, str(facts.sex)),
        (ADDRESS_OID, facts.address),
        (NAME_SUBSTITUTES_OID, facts.name_substitutes or "0" * len(facts.name)),
        (ADDRESS_SUBSTITUTES_OID, facts.address_substitutes or "0" * len(facts.address)),
    )
    return x509.SubjectAlternativeName(
        [x509.OtherName(x509.ObjectIdentifier(oid), der.utf8(text)) for oid, text in fields]
    )


def birth_date_text(birth_date: date) -> str:
    """`EYYYYMMDD`: a digit for the era (明治1 … 令和5, 0 before 明治), then the Gregorian date."""
    era = next((digit for start, digit in _ERAS if birth_date >= start), "0")
    return f"{era}{birth_date.year:04d}{birth_date.month:02d}{birth_date.day:02d}"


def _name(*parts: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts])


def _distribution_point(kind: Kind) -> x509.CRLDistributionPoints:
    """A directory name, no URL: as on real certificates, a verifier must know from elsewhere where the list
    is."""
    return x509.CRLDistributionPoints(
        [
            x509.DistributionPoint(
                full_name=[x509.DirectoryName(authority_name(kind))],
                relative_name=None,
                reasons=None,
                crl_issuer=None,
            )
        ]
    )


def _key_usage(*, certificates: bool = False, signatures_of_will: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=signatures_of_will,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )
