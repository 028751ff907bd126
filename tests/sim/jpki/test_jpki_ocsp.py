"""OCSP answers, read by the certificate library; and whatever else may arrive on that port."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.wire.jpki import OCSP_BYTES_MAX
from portal.wire.jpki import RevocationReason as Reason
from sim.jpki import der
from sim.jpki.authority import Authority
from sim.jpki.ocsp import NONCE_BYTES_MAX, OcspResponder
from sim.jpki.personalisation import IssuedCertificates
from sim.jpki.revocation import RevocationList, RevokeOutcome
from sim.jpki.serials import Kind

QUARTER = datetime(2026, 4, 1, 3, 15, tzinfo=UTC)
NOW = QUARTER + timedelta(minutes=7, microseconds=5)
MINUTES = timedelta(minutes=1)
MALFORMED = ocsp.OCSPResponseStatus.MALFORMED_REQUEST


@pytest.fixture
def revocations(authority: Authority) -> RevocationList:
    return RevocationList(authority.serials)


@pytest.fixture
def responder(authority: Authority, revocations: RevocationList) -> OcspResponder:
    return OcspResponder(authority, revocations)


@pytest.fixture
def auth_serial(issued: IssuedCertificates) -> int:
    return x509.load_der_x509_certificate(issued.auth_der).serial_number


def _request(
    authority: Authority,
    serial: int,
    kind: Kind = Kind.AUTH,
    *,
    nonce: bytes | None = None,
    algorithm: hashes.HashAlgorithm | None = None,
    extension: x509.UnrecognizedExtension | None = None,
    critical: bool = False,
) -> bytes:
    algorithm = algorithm or hashes.SHA1()
    ca = authority.ca(kind).certificate
    identified = (
        ocsp.OCSPRequestBuilder().add_certificate(ca, ca, algorithm).build()
    )  # only for the issuer's hashes
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        identified.issuer_name_hash, identified.issuer_key_hash, serial, algorithm
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    if extension is not None:
        builder = builder.add_extension(extension, critical=critical)
    return builder.build().public_bytes(Encoding.DER)


def _read(answer: bytes, authority: Authority, kind: Kind = Kind.AUTH) -> ocsp.OCSPResponse:
    """A successful answer, its signature and its signer's certificate checked."""
    response = ocsp.load_der_ocsp_response(answer)
    assert response.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
    [signer] = response.certificates
    signer.verify_directly_issued_by(authority.ca(kind).certificate)
    key = signer.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), hashes.SHA256())
    assert response.responder_key_hash == x509.SubjectKeyIdentifier.from_public_key(key).digest
    return response


def _status(answer: bytes) -> ocsp.OCSPResponseStatus:
    return ocsp.load_der_ocsp_response(answer).response_status


@pytest.mark.requirement("ACC-1")
def test_good_revoked_unknown(
    authority: Authority, responder: OcspResponder, revocations: RevocationList, auth_serial: int
) -> None:
    good = _read(responder.answer(_request(authority, auth_serial), NOW), authority)
    assert good.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert good.serial_number == auth_serial
    assert (good.this_update_utc, good.next_update_utc) == (QUARTER, QUARTER + 30 * MINUTES)

    revocations.revoke(auth_serial, Reason.KEY_COMPROMISE, QUARTER - MINUTES)
    revoked = _read(responder.answer(_request(authority, auth_serial), NOW), authority)
    assert revoked.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert revoked.revocation_reason is x509.ReasonFlags.key_compromise
    assert revoked.revocation_time_utc == QUARTER - MINUTES

    unknown = _read(responder.answer(_request(authority, 4711), NOW), authority)
    assert unknown.certificate_status is ocsp.OCSPCertStatus.UNKNOWN


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_can_be_said(
    authority: Authority,
    responder: OcspResponder,
    revocations: RevocationList,
    auth_serial: int,
    reason: Reason,
) -> None:
    revocations.revoke(auth_serial, reason, QUARTER)
    answer = _read(responder.answer(_request(authority, auth_serial), NOW), authority)

    said = answer.revocation_reason
    assert (said.value if said else "unspecified") == reason.value


def test_a_certificate_is_unknown_to_the_other_authority(
    authority: Authority, responder: OcspResponder, auth_serial: int
) -> None:
    answer = responder.answer(_request(authority, auth_serial, Kind.SIGN), NOW)

    assert _read(answer, authority, Kind.SIGN).certificate_status is ocsp.OCSPCertStatus.UNKNOWN


def test_an_authority_that_is_not_ours_gets_unauthorized(responder: OcspResponder, auth_serial: int) -> None:
    request = (
        ocsp.OCSPRequestBuilder()
        .add_certificate_by_hash(bytes(20), bytes(20), auth_serial, hashes.SHA1())
        .build()
        .public_bytes(Encoding.DER)
    )

    assert _status(responder.answer(request, NOW)) is ocsp.OCSPResponseStatus.UNAUTHORIZED


@pytest.mark.parametrize(
    "algorithm",
    [hashes.SHA1(), hashes.SHA224(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()],
    ids=lambda a: a.name,
)
def test_certificates_may_be_named_by_any_hash(
    authority: Authority, responder: OcspResponder, auth_serial: int, algorithm: hashes.HashAlgorithm
) -> None:
    request = _request(authority, auth_serial, algorithm=algorithm)
    asked = ocsp.load_der_ocsp_request(request)
    answer = _read(responder.answer(request, NOW), authority)

    assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert answer.hash_algorithm.name == algorithm.name
    assert (answer.issuer_name_hash, answer.issuer_key_hash) == (
        asked.issuer_name_hash,
        asked.issuer_key_hash,
    )


@pytest.mark.parametrize("length", [1, 16, 32, NONCE_BYTES_MAX])
def test_a_nonce_comes_back(
    authority: Authority, responder: OcspResponder, auth_serial: int, length: int
) -> None:
    nonce = bytes(range(length))
    answer = _read(responder.answer(_request(authority, auth_serial, nonce=nonce), NOW), authority)

    assert answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == nonce
    assert answer.produced_at_utc == NOW.replace(microsecond=0)


@pytest.mark.parametrize("nonce", [b"", bytes(NONCE_BYTES_MAX + 1)])
def test_an_unusable_nonce_is_malformed(
    authority: Authority, responder: OcspResponder, auth_serial: int, nonce: bytes
) -> None:
    assert _status(responder.answer(_request(authority, auth_serial, nonce=nonce), NOW)) is MALFORMED


def test_an_extension_counts_only_when_it_is_critical(
    authority: Authority, responder: OcspResponder, auth_serial: int
) -> None:
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")

    harmless = responder.answer(_request(authority, auth_serial, extension=extension), NOW)
    assert _read(harmless, authority).certificate_status is ocsp.OCSPCertStatus.GOOD
    critical = _request(authority, auth_serial, extension=extension, critical=True)
    assert _status(responder.answer(critical, NOW)) is MALFORMED


def test_two_certificates_in_one_request_are_refused(
    authority: Authority, responder: OcspResponder, auth_serial: int
) -> None:
    ca = ocsp.load_der_ocsp_request(_request(authority, auth_serial))
    one = der.sequence(
        der.sequence(
            der.algorithm("1.3.14.3.2.26"),
            der.octets(ca.issuer_name_hash),
            der.octets(ca.issuer_key_hash),
            der.integer(auth_serial),
        )
    )

    def of(count: int) -> bytes:
        return der.sequence(der.sequence(der.sequence(*[one] * count)))

    assert of(1) == _request(authority, auth_serial)
    assert _status(responder.answer(of(2), NOW)) is MALFORMED
    assert _status(responder.answer(of(0), NOW)) is MALFORMED


def test_answers_of_a_quarter_are_the_same_bytes_and_signed_once(
    authority: Authority, responder: OcspResponder, auth_serial: int
) -> None:
    request = _request(authority, auth_serial)
    first = responder.answer(request, QUARTER)

    assert responder.answer(request, QUARTER + 15 * MINUTES - timedelta(microseconds=1)) is first
    assert responder.answer(request, QUARTER + 15 * MINUTES) != first
    assert OcspResponder(authority, RevocationList(authority.serials)).answer(request, NOW) == first


def test_a_revocation_shows_from_the_next_quarter_on_with_nonce_and_without(
    authority: Authority, responder: OcspResponder, revocations: RevocationList, auth_serial: int
) -> None:
    plain, with_nonce = _request(authority, auth_serial), _request(authority, auth_serial, nonce=bytes(16))
    responder.answer(plain, NOW)
    revocations.revoke(auth_serial, Reason.SUPERSEDED, NOW)

    for at, expected in ((NOW, ocsp.OCSPCertStatus.GOOD), (NOW + 15 * MINUTES, ocsp.OCSPCertStatus.REVOKED)):
        for request in (plain, with_nonce):
            assert _read(responder.answer(request, at), authority).certificate_status is expected


def test_a_revocation_entered_late_is_not_hidden_by_a_kept_answer(
    authority: Authority, responder: OcspResponder, revocations: RevocationList, auth_serial: int
) -> None:
    request = _request(authority, auth_serial)
    responder.answer(request, NOW)
    assert revocations.revoke(auth_serial, Reason.SUPERSEDED, QUARTER - MINUTES) is RevokeOutcome.REVOKED

    answer = _read(responder.answer(request, NOW), authority)
    assert answer.certificate_status is ocsp.OCSPCertStatus.REVOKED


def test_a_world_that_does_not_wait(
    authority: Authority, revocations: RevocationList, auth_serial: int
) -> None:
    responder = OcspResponder(authority, revocations, refresh_every=timedelta(seconds=1))
    revocations.revoke(auth_serial, Reason.SUPERSEDED, NOW)

    at = NOW + timedelta(seconds=1)
    answer = _read(responder.answer(_request(authority, auth_serial), at), authority)
    assert answer.certificate_status is ocsp.OCSPCertStatus.REVOKED
    with pytest.raises(ValueError, match="whole seconds"):
        OcspResponder(authority, revocations, refresh_every=timedelta(milliseconds=1500))


def test_kept_answers_are_bounded(authority: Authority, revocations: RevocationList) -> None:
    responder = OcspResponder(authority, revocations, answers_kept_max=3)
    for serial in range(1, 9):
        responder.answer(_request(authority, serial), NOW)

    assert "kept 3/3" in repr(responder)


def test_a_request_that_is_too_long_is_refused_unread(
    authority: Authority, responder: OcspResponder, auth_serial: int
) -> None:
    padding_ = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), bytes(OCSP_BYTES_MAX))

    assert _status(responder.answer(_request(authority, auth_serial, extension=padding_), NOW)) is MALFORMED


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_any_bytes_get_an_answer(responder: OcspResponder, request_: bytes) -> None:
    assert _status(responder.answer(request_, NOW)) is MALFORMED


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_to_a_request_gets_an_answer(
    authority: Authority, responder: OcspResponder, auth_serial: int, data: st.DataObject
) -> None:
    nonce = data.draw(st.none() | st.binary(max_size=140))
    request = bytearray(_request(authority, auth_serial, nonce=nonce))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(0, len(request) - 1)))
        match data.draw(st.sampled_from(["change", "insert", "cut", "double"])):
            case "change":
                request[at : at + 1] = bytes([data.draw(st.integers(0, 255))])
            case "insert":
                request[at:at] = data.draw(st.binary(min_size=1, max_size=5))
            case "cut":
                del request[at : at + data.draw(st.integers(1, 9))]
            case "double":
                request[at:at] = request[at : at + 30]

    answer = ocsp.load_der_ocsp_response(responder.answer(bytes(request), NOW))
    if answer.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL:
        # What was damaged may still be a request: then the answer is about what it asks.
        assert answer.serial_number == ocsp.load_der_ocsp_request(bytes(request)).serial_number
    else:
        assert answer.response_status in (MALFORMED, ocsp.OCSPResponseStatus.UNAUTHORIZED)
