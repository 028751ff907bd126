"""Revocation (失効): asked by OCSP; when JPKI does not answer, looked up in a CRL that is still fresh."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from portal.links.link import Link
from portal.seams.clock import Clock
from portal.sessions.certificates import TrustAnchors, Verified
from portal.wire import jpki
from portal.wire.moments import to_utc

log = structlog.get_logger(__name__)

CLOCK_SKEW = timedelta(minutes=5)
CRL_LOOK_SECONDS = 6 * 60 * 60.0
"""How often the CRL is fetched while all is well: JPKI makes a new one every day (CARD.md 4)."""
CRL_RETRY_SECONDS = 5 * 60.0
RESPONDERS_KNOWN_MAX = 16


class Standing(StrEnum):
    """What is known of a certificate."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    """JPKI answers that it knows no such certificate."""
    NO_ANSWER = "no_answer"
    """Neither OCSP nor a fresh CRL."""


class _FreshCrl(NamedTuple):
    crl: x509.CertificateRevocationList
    next_update: datetime


class Revocation:
    """失効確認."""

    def __init__(self, link: Link, clock: Clock, anchors: TrustAnchors, *, crl_instead_of_ocsp: bool) -> None:
        self._link = link
        self._clock = clock
        self._anchors = anchors
        self._crl_instead = crl_instead_of_ocsp
        self._crls: dict[bytes, _FreshCrl] = {}
        self._responders: dict[bytes, x509.Certificate] = {}

    def __repr__(self) -> str:
        return f"<Revocation by {self._link}>"

    async def standing(self, verified: Verified) -> Standing:
        """Ask JPKI; a signed answer decides, anything else leaves the CRL to decide."""
        request = (
            ocsp.OCSPRequestBuilder()
            .add_certificate(verified.certificate, verified.issuer, hashes.SHA1())  # noqa: S303 - names the CA, proves nothing
            .build()
            .public_bytes(serialization.Encoding.DER)
        )
        answer = await self._link.call(jpki.OCSP, request)
        if isinstance(answer, bytes):
            standing = self._read(answer, verified)
            if standing is not None:
                return standing
        log.warning("ocsp_no_answer", outcome=type(answer).__name__)
        return self._by_crl(verified) if self._crl_instead else Standing.NO_ANSWER

    def _read(self, der: bytes, verified: Verified) -> Standing | None:
        """What a response says; None when it can't be trusted."""
        now = to_utc(self._clock.now_ms())
        try:
            response = ocsp.load_der_ocsp_response(der)
            if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
                return None
            if response.serial_number != verified.certificate.serial_number:
                return None
            next_update = response.next_update_utc
            if (
                response.this_update_utc > now + CLOCK_SKEW
                or next_update is None
                or next_update < now - CLOCK_SKEW
            ):
                return None
            if not self._signed_by_responder(response, verified.issuer, now):
                return None
        except (ValueError, TypeError):
            return None
        return {
            ocsp.OCSPCertStatus.GOOD: Standing.GOOD,
            ocsp.OCSPCertStatus.REVOKED: Standing.REVOKED,
            ocsp.OCSPCertStatus.UNKNOWN: Standing.UNKNOWN,
        }[response.certificate_status]

    def _signed_by_responder(
        self, response: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime
    ) -> bool:
        """By the CA itself, or by a responder that this CA made for the purpose (RFC 6960 4.2.2.2)."""
        signer = issuer
        for candidate in response.certificates:
            responder = self._known_responder(candidate, issuer)
            if responder is not None:
                signer = responder
                break
        if not signer.not_valid_before_utc <= now <= signer.not_valid_after_utc:
            return False
        key = signer.public_key()
        algorithm = response.signature_hash_algorithm
        if not isinstance(key, rsa.RSAPublicKey) or algorithm is None:
            return False
        try:
            key.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), algorithm)
        except InvalidSignature:
            return False
        return True

    def _known_responder(
        self, candidate: x509.Certificate, issuer: x509.Certificate
    ) -> x509.Certificate | None:
        name = candidate.fingerprint(hashes.SHA256()) + issuer.fingerprint(hashes.SHA256())
        known = self._responders.get(name)
        if known is not None:
            return known
        try:
            candidate.verify_directly_issued_by(issuer)
            usages = candidate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            return None
        if ExtendedKeyUsageOID.OCSP_SIGNING not in usages:
            return None
        if len(self._responders) >= RESPONDERS_KNOWN_MAX:
            self._responders.clear()
        self._responders[name] = candidate
        return candidate

    def _by_crl(self, verified: Verified) -> Standing:
        fresh = self._crls.get(verified.issuer.fingerprint(hashes.SHA256()))
        if fresh is None or fresh.next_update < to_utc(self._clock.now_ms()):
            return Standing.NO_ANSWER
        revoked = fresh.crl.get_revoked_certificate_by_serial_number(verified.certificate.serial_number)
        return Standing.GOOD if revoked is None else Standing.REVOKED

    async def fetch_crl(self) -> bool:
        """Fetch the CRL of the authentication CA; whether a fresh and genuine one came."""
        answer = await self._link.call(jpki.CRL, jpki.OneAuthority(jpki.AuthorityName.AUTHENTICATION))
        if not isinstance(answer, bytes):
            return False
        try:
            crl = x509.load_der_x509_crl(answer)
            next_update = crl.next_update_utc
        except ValueError:
            return False
        if next_update is None or next_update < to_utc(self._clock.now_ms()):
            return False
        for issuer in self._anchors.issuers():
            key = issuer.public_key()
            if (
                isinstance(key, rsa.RSAPublicKey)
                and crl.issuer == issuer.subject
                and crl.is_signature_valid(key)
            ):
                self._crls[issuer.fingerprint(hashes.SHA256())] = _FreshCrl(crl, next_update)
                return True
        return False

    async def run(self) -> None:
        """Keep a fresh CRL at hand, until cancelled."""
        while True:
            fetched = await self.fetch_crl()
            await self._clock.sleep(CRL_LOOK_SECONDS if fetched else CRL_RETRY_SECONDS)
