"""The certificate revocation list, read back by the certificate library."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from portal.wire.jpki import RevocationReason as Reason
from sim.jpki.authority import Authority
from sim.jpki.crl import build_crl, crl_moment
from sim.jpki.revocation import RevocationList
from sim.jpki.serials import Kind
from sim.jpki.validity import JST

MIDNIGHT = datetime(2026, 4, 1, tzinfo=JST)
HOUR = timedelta(hours=1)


def test_an_empty_list(authority: Authority) -> None:
    ca = authority.ca(Kind.AUTH)
    crl = x509.load_der_x509_crl(build_crl(ca, RevocationList(authority.serials), MIDNIGHT))

    assert len(crl) == 0
    assert crl.issuer == ca.name
    assert crl.is_signature_valid(ca.key.public_key())
    assert crl.last_update_utc == datetime(2026, 3, 31, 15, tzinfo=UTC)
    assert crl.next_update_utc == datetime(2026, 4, 2, 15, tzinfo=UTC)
    assert crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value == ca.as_issuer


def test_each_reason_and_time_stands_on_the_list(authority: Authority) -> None:
    revocations = RevocationList(authority.serials)
    serial = {reason: authority.serials.serial_of(n, 0, Kind.SIGN) for n, reason in enumerate(Reason)}
    for n, reason in enumerate(Reason):
        revocations.revoke(serial[reason], reason, MIDNIGHT - n * HOUR)
    revocations.revoke(authority.serials.serial_of(0, 0, Kind.AUTH), Reason.SUPERSEDED, MIDNIGHT - HOUR)
    revocations.revoke(authority.serials.serial_of(99, 0, Kind.SIGN), Reason.SUPERSEDED, MIDNIGHT + HOUR)

    crl = x509.load_der_x509_crl(build_crl(authority.ca(Kind.SIGN), revocations, MIDNIGHT))

    assert len(crl) == len(Reason)
    for n, reason in enumerate(Reason):
        entry = crl.get_revoked_certificate_by_serial_number(serial[reason])
        assert entry is not None
        assert entry.revocation_date_utc == MIDNIGHT - n * HOUR
        if reason is Reason.UNSPECIFIED:
            assert len(entry.extensions) == 0
        else:
            assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value == reason.value


def test_the_number_rises_with_every_list(authority: Authority) -> None:
    revocations = RevocationList(authority.serials)

    def number(at: datetime) -> int:
        crl = x509.load_der_x509_crl(build_crl(authority.ca(Kind.AUTH), revocations, at))
        return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number

    numbers = [number(MIDNIGHT + n * HOUR) for n in range(4)]
    assert numbers == sorted(set(numbers))
    with pytest.raises(ValueError, match="founded"):
        build_crl(authority.ca(Kind.AUTH), revocations, datetime(2015, 1, 1, tzinfo=UTC))


def test_the_list_in_force_is_that_of_midnight_in_japan() -> None:
    assert crl_moment(datetime(2026, 4, 1, 14, 59, 59, tzinfo=UTC)) == MIDNIGHT
    assert crl_moment(datetime(2026, 4, 1, 15, tzinfo=UTC)) == MIDNIGHT + timedelta(days=1)
    assert crl_moment(MIDNIGHT + 90 * timedelta(minutes=1), HOUR) == MIDNIGHT + HOUR


def test_cost_and_size_grow_with_the_list_and_not_with_its_square(authority: Authority) -> None:
    """Four times the list, far less than sixteen times the work: counted in CPU time, with room for noise."""

    def cost(length: int) -> tuple[float, int]:
        revocations = RevocationList(authority.serials)
        for n in range(length):
            revocations.revoke(
                authority.serials.serial_of(n, 0, Kind.AUTH), Reason.SUPERSEDED, MIDNIGHT - HOUR
            )
        seconds = []
        der = b""
        for _ in range(3):  # the best of three, so that a collection of garbage is nobody's fault
            start = time.process_time()
            der = build_crl(authority.ca(Kind.AUTH), revocations, MIDNIGHT)
            seconds.append(time.process_time() - start)
        return min(seconds), len(der)

    (short, short_bytes), (long, long_bytes) = cost(5_000), cost(20_000)
    assert long < 10 * short
    assert 3.5 < long_bytes / short_bytes < 4.5
