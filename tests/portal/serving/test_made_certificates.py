"""The certificate that is made at the start: kept, renewed in time, never taken from a broken file."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from portal.seams.chance import LiveChance
from portal.seams.clock import LiveClock
from portal.serving.tls import (
    CERTIFICATE_DAYS,
    RENEWED_DAYS_BEFORE,
    CertificateUnreadable,
    Identity,
    load_or_make,
)

DAY_MS = 86_400_000


def made(folder: Path, *hosts: str, clock: LiveClock | None = None) -> Identity:
    return load_or_make(folder, hosts, clock or LiveClock(), LiveChance())


def chain(identity: Identity) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(identity.private.read_bytes())


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    first = made(tmp_path / "state", "192.0.2.7", "portal.example")
    assert made(tmp_path / "state", "192.0.2.7", "portal.example") == first
    leaf, issuer = chain(first)
    leaf.verify_directly_issued_by(issuer)
    assert first.private.stat().st_mode & 0o077 == 0
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"localhost", "portal.example"} == set(names.get_values_for_type(x509.DNSName))
    assert "192.0.2.7" in map(str, names.get_values_for_type(x509.IPAddress))
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=398)
    assert issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    # Nobody can make another certificate that passes for this portal's: the authority's key is nowhere.
    assert first.private.read_bytes().count(b"PRIVATE KEY-----") == 2
    assert b"PRIVATE" not in first.authority.read_bytes()


def test_it_is_renewed_before_it_expires_and_for_other_names(tmp_path: Path) -> None:
    clock = LiveClock()
    first = made(tmp_path, clock=clock)
    clock.move((CERTIFICATE_DAYS - RENEWED_DAYS_BEFORE - 2) * DAY_MS)
    assert made(tmp_path, clock=clock).fingerprint == first.fingerprint
    clock.move(3 * DAY_MS)
    later = made(tmp_path, clock=clock)
    assert later.fingerprint != first.fingerprint
    assert made(tmp_path, "portal.example", clock=clock).fingerprint != later.fingerprint
    assert x509.load_pem_x509_certificate(later.authority.read_bytes()) == chain(later)[1]


@pytest.mark.parametrize("content", [b"", b"rubbish", b"-----BEGIN CERTIFICATE-----\n"])
def test_a_broken_file_is_said_and_not_replaced(tmp_path: Path, content: bytes) -> None:
    identity = made(tmp_path)
    identity.private.write_bytes(content)
    with pytest.raises(CertificateUnreadable, match="壊れています"):
        made(tmp_path)
    assert identity.private.read_bytes() == content
