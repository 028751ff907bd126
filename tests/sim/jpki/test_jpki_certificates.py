"""What stands on the certificates, and that it is the same on every machine."""

import hashlib
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from sim.jpki.authority import Authority
from sim.jpki.holder import HolderFacts
from sim.jpki.keys import private_key
from sim.jpki.personalisation import IssuedCertificates, issue, reissue_signature
from sim.jpki.profile import birth_date_text
from sim.jpki.serials import Kind

ISSUED_ON = date(2025, 10, 27)


def _der_of_both(issued: IssuedCertificates) -> tuple[bytes, bytes]:
    assert issued.sign_der is not None
    return issued.auth_der, issued.sign_der


def test_certificates_are_the_same_on_every_machine(issued: IssuedCertificates) -> None:
    # They change only when the profile is meant to change: then every issued card changes with them.
    assert [hashlib.sha256(der).hexdigest()[:16] for der in _der_of_both(issued)] == [
        "f2846aca348ff2b3",
        "bc114ab9f02a1f01",
    ]


def test_certificates_do_not_depend_on_the_process(issued: IssuedCertificates, key_folder: Path) -> None:
    program = (
        "import sys, hashlib; from pathlib import Path; from datetime import date; import conftest as c\n"
        "a = c.Authority(c.SEED, c.KeyCache(Path(sys.argv[1]))); i = c.issue(a, c.HANAKO, 0, c.ISSUED_ON)\n"
        "print(hashlib.sha256(i.auth_der + i.sign_der).hexdigest())"
    )
    root = Path(__file__).parents[3]
    path = os.pathsep.join([str(root), str(Path(__file__).parent)])
    said = {
        subprocess.run(
            [sys.executable, "-c", program, key_folder],
            env=os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for hash_seed in ("1", "2")
    }

    assert said == {hashlib.sha256(b"".join(_der_of_both(issued))).hexdigest()}


def test_opensc_can_read_the_size_off_the_first_four_bytes(
    issued: IssuedCertificates, authority: Authority
) -> None:
    for der in (*_der_of_both(issued), *(authority.ca(kind).certificate_der for kind in Kind)):
        assert der[:2] == b"\x30\x82"
        assert int.from_bytes(der[2:4], "big") + 4 == len(der)


def test_the_authorities_cannot_be_mistaken(authority: Authority) -> None:
    auth, sign = (authority.ca(kind).certificate for kind in Kind)

    assert (
        auth.subject.rfc4514_string()
        == "OU=Japan Agency for Local Authority Information Systems,OU=JPKI for user authentication,O=JPKI-SIM,C=JP"
    )
    assert auth.subject != sign.subject
    assert auth.public_key() != sign.public_key()
    for certificate in (auth, sign):
        assert certificate.issuer == certificate.subject
        certificate.verify_directly_issued_by(certificate)
        assert certificate.extensions.get_extension_for_class(x509.BasicConstraints) == x509.Extension(
            ExtensionOID.BASIC_CONSTRAINTS, True, x509.BasicConstraints(ca=True, path_length=None)
        )
        with pytest.raises(x509.ExtensionNotFound):
            certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)


@pytest.mark.requirement("ACC-1")
def test_the_authentication_certificate_says_nothing_of_its_holder(
    issued: IssuedCertificates, authority: Authority, hanako: HolderFacts
) -> None:
    certificate = x509.load_der_x509_certificate(issued.auth_der)
    [name] = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)

    assert str(name.value).endswith("13221")
    assert len(str(name.value)) == 19
    assert [attribute.oid for attribute in certificate.subject] == [NameOID.COUNTRY_NAME, NameOID.COMMON_NAME]
    for fact in (hanako.name, hanako.address, "1980", "Kiyose"):
        assert fact.encode() not in issued.auth_der
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert (usage.value.digital_signature, usage.value.content_commitment) == (True, False)
    policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies)
    assert [policy.policy_identifier.dotted_string for policy in policies.value] == [
        "1.2.392.200149.8.5.1.3.30"
    ]
    certificate.verify_directly_issued_by(authority.ca(Kind.AUTH).certificate)


def test_the_signature_certificate_carries_the_basic_four_in_a_cards_order(
    issued: IssuedCertificates, authority: Authority, hanako: HolderFacts
) -> None:
    certificate = x509.load_der_x509_certificate(_der_of_both(issued)[1])
    names = certificate.extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    ).value.get_values_for_type(x509.OtherName)

    arc = "1.2.392.200149.8.5.5."
    assert [name.type_id.dotted_string for name in names] == [arc + last for last in "143526"]
    assert [name.value[2:].decode() for name in names] == [
        hanako.name,
        "319800217",
        "2",
        hanako.address,
        "0" * len(hanako.name),
        "0" * len(hanako.address),
    ]
    assert all(name.value[0] == 0x0C and name.value[1] == len(name.value) - 2 for name in names)  # UTF8String
    [locality] = certificate.subject.get_attributes_for_oid(NameOID.LOCALITY_NAME)
    assert locality.value == "Kiyose-shi"
    assert certificate.extensions.get_extension_for_class(x509.CertificatePolicies).critical
    certificate.verify_directly_issued_by(authority.ca(Kind.SIGN).certificate)


def test_substitute_characters_are_marked_on_the_certificate(
    authority: Authority, hanako: HolderFacts
) -> None:
    facts = msgspec.structs.replace(hanako, name_substitutes="01000")
    der = authority.certificate(Kind.SIGN, facts, 0, ISSUED_ON, ISSUED_ON)

    names = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert names.value.get_values_for_type(x509.OtherName)[4].value[2:] == b"01000"


def test_the_keys_on_the_certificates_are_those_named(
    issued: IssuedCertificates, authority: Authority
) -> None:
    auth, sign = _der_of_both(issued)
    for der, label in ((auth, issued.auth_key_label), (sign, issued.sign_key_label)):
        expected = private_key(authority.seed, label).public_key()
        assert x509.load_der_x509_certificate(der).public_key() == expected


def test_validity_runs_from_the_day_of_issue_to_the_end_of_the_birthday(issued: IssuedCertificates) -> None:
    for der in _der_of_both(issued):
        certificate = x509.load_der_x509_certificate(der)
        assert certificate.not_valid_before_utc == datetime(2025, 10, 26, 15, tzinfo=UTC)
        assert certificate.not_valid_after_utc == datetime(2030, 2, 17, 14, 59, 59, tzinfo=UTC)


def test_under_fifteen_there_is_no_signature_certificate(authority: Authority, hanako: HolderFacts) -> None:
    child = msgspec.structs.replace(hanako, birth_date=date(2010, 10, 28))

    assert issue(authority, child, 0, ISSUED_ON).sign_der is None
    assert reissue_signature(authority, child, 0, ISSUED_ON, auth_expires_on=date(2030, 1, 1)) is None


def test_a_signature_certificate_issued_later_ends_with_the_other(
    authority: Authority, hanako: HolderFacts
) -> None:
    der = reissue_signature(authority, hanako, 1, date(2027, 1, 1), auth_expires_on=date(2030, 2, 17))

    assert der is not None
    certificate = x509.load_der_x509_certificate(der)
    assert certificate.not_valid_after_utc == datetime(2030, 2, 17, 14, 59, 59, tzinfo=UTC)
    assert certificate.serial_number == authority.serials.serial_of(hanako.n, 1, Kind.SIGN)


@pytest.mark.requirement("ACC-2")
def test_a_renewal_has_a_new_key_and_serial_and_loses_no_time(
    authority: Authority, hanako: HolderFacts
) -> None:
    old, new = (
        x509.load_der_x509_certificate(i.auth_der)
        for i in (
            issue(authority, hanako, 0, ISSUED_ON),
            issue(authority, hanako, 1, date(2029, 12, 1), renews=date(2030, 2, 17)),
        )
    )

    assert new.not_valid_after_utc == datetime(2035, 2, 17, 14, 59, 59, tzinfo=UTC)
    assert old.public_key() != new.public_key()
    assert old.subject != new.subject
    assert authority.serials.holder_of(new.serial_number) == authority.serials.holder_of(
        authority.serials.serial_of(hanako.n, 1, Kind.AUTH)
    )


def test_a_certificate_never_outlives_its_card_or_its_authority(
    authority: Authority, hanako: HolderFacts
) -> None:
    short = issue(authority, hanako, 0, ISSUED_ON, card_expires_on=date(2027, 2, 17))
    late = issue(authority, hanako, 0, date(2035, 10, 1))

    assert x509.load_der_x509_certificate(short.auth_der).not_valid_after_utc.year == 2027
    assert x509.load_der_x509_certificate(late.auth_der).not_valid_after_utc == datetime(
        2035, 10, 19, 14, 59, 59, tzinfo=UTC
    )
    with pytest.raises(ValueError):
        issue(authority, hanako, 0, date(2036, 1, 1))
    with pytest.raises(ValueError):
        issue(authority, hanako, 0, date(2015, 10, 19))


@pytest.mark.parametrize("kind", Kind)
def test_the_responder_may_sign_ocsp_answers_and_nothing_else(authority: Authority, kind: Kind) -> None:
    ca = authority.ca(kind)
    extensions = ca.responder_certificate.extensions

    ca.responder_certificate.verify_directly_issued_by(ca.certificate)
    assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.OCSP_SIGNING
    ]
    extensions.get_extension_for_class(x509.OCSPNoCheck)
    assert ca.responder_key.public_key().public_bytes(
        Encoding.DER, PublicFormat.PKCS1
    ) != ca.key.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)


@pytest.mark.parametrize(
    ("birth", "text"),
    [
        (date(1912, 7, 29), "119120729"),
        (date(1912, 7, 30), "219120730"),
        (date(1926, 12, 24), "219261224"),
        (date(1926, 12, 25), "319261225"),
        (date(1989, 1, 7), "319890107"),
        (date(1989, 1, 8), "419890108"),
        (date(2019, 4, 30), "420190430"),
        (date(2019, 5, 1), "520190501"),
        (date(1850, 1, 1), "018500101"),
    ],
)
def test_a_birth_date_carries_its_era(birth: date, text: str) -> None:
    assert birth_date_text(birth) == text


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "名" * 513},
        {"address": ""},
        {"sex": 0},
        {"municipality_code": "1322"},
        {"municipality_code": "１３２２１"},
        {"locality": "x" * 129},
        {"name_substitutes": "0"},
        {"name_substitutes": "0000x"},
    ],
)
def test_facts_that_cannot_stand_on_a_certificate_are_refused(
    hanako: HolderFacts, wrong: dict[str, object]
) -> None:
    with pytest.raises(ValueError):
        msgspec.structs.replace(hanako, **wrong)
