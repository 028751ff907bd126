"""Revocation (失効): asked by OCSP; when JPKI does not answer, looked up in a CRL that is still fresh."""

from collections import OrderedDict
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from portal.links.link import Link
from portal.seams.clock import Clock
from portal.sessions.certificates import Issuer, TrustAnchors, Verified
from portal.wire import jpki
from portal.wire.moments import to_utc

log = structlog.get_logger(__name__)

CLOCK_SKEW = timedelta(minutes=5)
CRL_LOOK_SECONDS = 6 * 60 * 60.0
"""How often the CRL is fetched while all is well: JPKI makes a new one every day (CARD.md 4)."""
CRL_RETRY_SECONDS = 5 * 60.0
RESPONDERS_KNOWN_MAX = 16
ANSWERS_KNOWN_MAX = 2_000
"""Answers whose signature was verified and that need not be read again, some 3 kB each."""


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


class _Answer(NamedTuple):
    """What a signed OCSP response says, and when it may be believed."""

    standing: Standing
    this_update: datetime
    next_update: datetime
    signer_from: datetime
    signer_until: datetime

    def counts_at(self, now: datetime) -> bool:
        return (
            self.this_update <= now + CLOCK_SKEW
            and self.next_update >= now - CLOCK_SKEW
            and self.signer_from <= now <= self.signer_until
        )


class Revocation:
    """失効確認."""

    def __init__(self, link: Link, clock: Clock, anchors: TrustAnchors, *, crl_instead_of_ocsp: bool) -> None:
        self._link = link
        self._clock = clock
        self._anchors = anchors
        self._crl_instead = crl_instead_of_ocsp
        self._crls: dict[bytes, _FreshCrl] = {}
        self._responders: dict[bytes, Issuer] = {}
        self._answers: OrderedDict[tuple[bytes, int, bytes], _Answer] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Revocation by {self._link}>"

    async def standing(self, verified: Verified) -> Standing:
        """Ask JPKI; a signed answer decides, anything else leaves the CRL to decide."""
        der = await self._link.call(jpki.OCSP, verified.ocsp_request)
        if isinstance(der, bytes):
            answer = self._answer(der, verified)
            if answer is not None and answer.counts_at(to_utc(self._clock.now_ms())):
                return answer.standing
        log.warning("ocsp_no_answer", outcome=type(der).__name__)
        return self._by_crl(verified) if self._crl_instead else Standing.NO_ANSWER

    def _answer(self, der: bytes, verified: Verified) -> _Answer | None:
        """What a response says about this certificate; None when it can't be trusted.

        JPKI gives the same bytes until its next refresh; whose signature they bear does not change in between.
        """
        name = (verified.issuer.fingerprint, verified.serial_number, der)
        answer = self._answers.get(name)
        if answer is None:
            answer = self._read(der, verified)
            if answer is not None:
                self._answers[name] = answer
                if len(self._answers) > ANSWERS_KNOWN_MAX:
                    self._answers.popitem(last=False)
        return answer

    def _read(self, der: bytes, verified: Verified) -> _Answer | None:
        try:
            response = ocsp.load_der_ocsp_response(der)
            if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
                return None
            if response.serial_number != verified.serial_number:
                return None
            next_update = response.next_update_utc
            signer = self._signer(response, verified.issuer)
            if next_update is None or not _signed_by(response, signer):
                return None
            return _Answer(
                _STANDINGS[response.certificate_status],
                response.this_update_utc,
                next_update,
                signer.not_before,
                signer.not_after,
            )
        except (ValueError, TypeError):
            return None

    def _signer(self, response: ocsp.OCSPResponse, issuer: Issuer) -> Issuer:
        """The CA itself, or a responder that this CA made for the purpose (RFC 6960 4.2.2.2)."""
        for candidate in response.certificates:
            responder = self._known_responder(candidate, issuer)
            if responder is not None:
                return responder
        return issuer

    def _known_responder(self, candidate: x509.Certificate, issuer: Issuer) -> Issuer | None:
        name = candidate.fingerprint(hashes.SHA256()) + issuer.fingerprint
        known = self._responders.get(name)
        if known is not None:
            return known
        try:
            candidate.verify_directly_issued_by(issuer.certificate)
            usages = candidate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            return None
        if ExtendedKeyUsageOID.OCSP_SIGNING not in usages:
            return None
        if len(self._responders) >= RESPONDERS_KNOWN_MAX:
            self._responders.clear()
        responder = self._responders[name] = Issuer(candidate)
        return responder

    def _by_crl(self, verified: Verified) -> Standing:
        fresh = self._crls.get(verified.issuer.fingerprint)
        if fresh is None or fresh.next_update < to_utc(self._clock.now_ms()):
            return Standing.NO_ANSWER
        revoked = fresh.crl.get_revoked_certificate_by_serial_number(verified.serial_number)
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
            if (
                isinstance(issuer.key, rsa.RSAPublicKey)
                and crl.issuer == issuer.certificate.subject
                and crl.is_signature_valid(issuer.key)
            ):
                self._crls[issuer.fingerprint] = _FreshCrl(crl, next_update)
                return True
        return False

    async def run(self) -> None:
        """Keep a fresh CRL at hand, until cancelled."""
        while True:
            fetched = await self.fetch_crl()
            await self._clock.sleep(CRL_LOOK_SECONDS if fetched else CRL_RETRY_SECONDS)


_STANDINGS = {
    ocsp.OCSPCertStatus.GOOD: Standing.GOOD,
    ocsp.OCSPCertStatus.REVOKED: Standing.REVOKED,
    ocsp.OCSPCertStatus.UNKNOWN: Standing.UNKNOWN,
}


def _signed_by(response: ocsp.OCSPResponse, signer: Issuer) -> bool:
    algorithm = response.signature_hash_algorithm
    if not isinstance(signer.key, rsa.RSAPublicKey) or algorithm is None:
        return False
    try:
        signer.key.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True
