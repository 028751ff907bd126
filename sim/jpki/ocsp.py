"""OCSP (RFC 6960): is this certificate revoked? One request in, one answer out, both DER; no I/O and no
clock.

Theory of operation. JPKI refreshes its data every 15 minutes (CARD.md 4, "Status"), so every answer says what
held at the last quarter of an hour (`thisUpdate`). Within a quarter all answers about a serial are therefore
the same bytes, unless the asker sent a nonce: those without one are signed once and kept. A revocation shows
from the next quarter on, in every answer alike; `refresh_every` shortens that for worlds in which nobody
wants to wait.

| asked                                                      | answer                              |
|------------------------------------------------------------|-------------------------------------|
| not DER, too long, several certificates, unusable nonce    | error `malformedRequest`            |
| an extension that must be understood and isn't             | error `malformedRequest`            |
| a certificate of an authority that isn't ours              | error `unauthorized`                |
| a serial that this authority never issued                  | `unknown`, signed                   |
| otherwise                                                  | `good` or `revoked`, signed         |

A request's own signature is not looked at: who may ask is the business of whoever serves this.
"""

import hashlib
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp

from portal.wire.jpki import OCSP_BYTES_MAX
from sim.jpki import der
from sim.jpki.authority import Authority, CertificateAuthority
from sim.jpki.crl import REASON_CODE
from sim.jpki.revocation import Good, RevocationList, Revoked, Status
from sim.jpki.serials import Kind

OCSP_REFRESH: Final = timedelta(minutes=15)
OCSP_LIFE_INTERVALS: Final = 2
"""nextUpdate lies so many intervals after thisUpdate, so that an answer fetched just before a refresh can
still be used."""
NONCE_BYTES_MAX: Final = 128
"""RFC 9654, 2.1."""
ANSWERS_KEPT_MAX: Final = 10_000
"""Signed answers kept, about 2 kB each."""

_BASIC_RESPONSE: Final = "1.3.6.1.5.5.7.48.1.1"
_NONCE: Final = "1.3.6.1.5.5.7.48.1.2"
_HASH_OID: Final = {
    "sha1": "1.3.14.3.2.26",
    "sha224": "2.16.840.1.101.3.4.2.4",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
_GOOD: Final = b"\x80\x00"
_UNKNOWN: Final = b"\x82\x00"


class ErrorStatus(IntEnum):
    """OCSPResponseStatus, those that this responder gives besides success (0)."""

    MALFORMED_REQUEST = 1
    UNAUTHORIZED = 6


class _Question(msgspec.Struct, frozen=True):
    hash_name: str
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: int
    nonce: bytes | None


class OcspResponder:
    """Answers for both authorities, each with its own delegated responder key."""

    def __init__(
        self,
        authority: Authority,
        revocations: RevocationList,
        *,
        refresh_every: timedelta = OCSP_REFRESH,
        answers_kept_max: int = ANSWERS_KEPT_MAX,
    ) -> None:
        if refresh_every < timedelta(seconds=1) or refresh_every % timedelta(seconds=1):
            raise ValueError("answers carry whole seconds: refresh every second or less often")
        self._authority = authority
        self._revocations = revocations
        self._refresh_every = refresh_every
        self._answers_kept_max = answers_kept_max
        self._kept: OrderedDict[tuple[Kind, str, int, Status, datetime], bytes] = OrderedDict()
        self._kinds: dict[tuple[str, bytes, bytes], Kind] = {}
        for kind in Kind:
            for name in _HASH_OID:
                self._kinds[(name, *_issuer_hashes(authority.ca(kind), name))] = kind
        self._signers = {kind: _Signer(authority.ca(kind)) for kind in Kind}

    def __repr__(self) -> str:
        return f"OcspResponder({self._revocations!r}, kept {len(self._kept)}/{self._answers_kept_max})"

    def answer(self, request: bytes, now: datetime) -> bytes:
        """The answer to these bytes, whatever they are. `now` must be aware."""
        question = _read(request)
        if question is None:
            return error(ErrorStatus.MALFORMED_REQUEST)
        kind = self._kinds.get((question.hash_name, question.issuer_name_hash, question.issuer_key_hash))
        if kind is None:
            return error(ErrorStatus.UNAUTHORIZED)
        this_update = self.this_update(now)
        status = self._revocations.status(question.serial, kind, this_update)
        if question.nonce is not None:
            return self._sign(kind, question, status, this_update, now)
        # The status is part of the key: a revocation entered late, for an earlier moment, is not hidden by a
        # kept answer.
        key = (kind, question.hash_name, question.serial, status, this_update)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = self._sign(kind, question, status, this_update, this_update)
            while len(self._kept) > self._answers_kept_max:
                self._kept.popitem(last=False)
        return kept

    def this_update(self, now: datetime) -> datetime:
        """The last refresh at or before that moment."""
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        return epoch + (now - epoch) // self._refresh_every * self._refresh_every

    def _sign(
        self, kind: Kind, question: _Question, status: Status, this_update: datetime, produced_at: datetime
    ) -> bytes:
        certificate_id = der.sequence(
            der.algorithm(_HASH_OID[question.hash_name]),
            der.octets(question.issuer_name_hash),
            der.octets(question.issuer_key_hash),
            der.integer(question.serial),
        )
        single = der.sequence(
            certificate_id,
            _status(status),
            der.generalized_time(this_update),
            der.explicit(0, der.generalized_time(this_update + OCSP_LIFE_INTERVALS * self._refresh_every)),
        )
        nonce = b""
        if question.nonce is not None:
            nonce = der.explicit(1, der.sequence(der.extension(_NONCE, der.octets(question.nonce))))
        return self._signers[kind].response(der.generalized_time(produced_at), der.sequence(single), nonce)


class _Signer:
    """The delegated responder of one authority (RFC 6960, 4.2.2.2)."""

    def __init__(self, ca: CertificateAuthority) -> None:
        self._key = ca.responder_key
        digest = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()).digest
        self._responder_id = der.explicit(2, der.octets(digest))
        certificate = ca.responder_certificate.public_bytes(Encoding.DER)
        self._certificates = der.explicit(0, der.sequence(certificate))

    def response(self, produced_at: bytes, responses: bytes, extensions: bytes) -> bytes:
        data = der.sequence(self._responder_id, produced_at, responses, extensions)
        signature = der.bits(self._key.sign(data, padding.PKCS1v15(), hashes.SHA256()))
        basic = der.sequence(data, der.SHA256_WITH_RSA, signature, self._certificates)
        payload = der.sequence(der.oid(_BASIC_RESPONSE), der.octets(basic))
        return der.sequence(der.enumerated(0), der.explicit(0, payload))


def error(status: ErrorStatus) -> bytes:
    """An answer without content, which needs no signature (RFC 6960, 4.2.1)."""
    return der.sequence(der.enumerated(status))


def _status(status: Status) -> bytes:
    if isinstance(status, Good):
        return _GOOD
    if isinstance(status, Revoked):
        code = REASON_CODE[status.reason]
        reason = der.explicit(0, der.enumerated(code)) if code else b""
        return der.tagged(0xA1, der.generalized_time(status.at) + reason)
    return _UNKNOWN


def _read(request: bytes) -> _Question | None:
    """What is asked, or None when it cannot be answered as it stands."""
    if len(request) > OCSP_BYTES_MAX:
        return None
    try:
        parsed = ocsp.load_der_ocsp_request(request)
        nonce = _nonce(parsed.extensions)
        question = _Question(
            hash_name=parsed.hash_algorithm.name,
            issuer_name_hash=parsed.issuer_name_hash,
            issuer_key_hash=parsed.issuer_key_hash,
            serial=parsed.serial_number,
            nonce=nonce,
        )
    except Exception:  # the library reads lazily and raises a dozen kinds; all of them mean "unreadable"
        return None
    # A negative serial is DER, but nothing that an authority may issue or that an answer of ours could
    # repeat.
    return question if question.serial >= 0 else None


def _nonce(extensions: x509.Extensions) -> bytes | None:
    """The nonce to repeat. Raises ValueError for one that is empty or too long, or for an unknown critical
    extension."""
    nonce = None
    for extension in extensions:
        if isinstance(extension.value, x509.OCSPNonce):
            nonce = extension.value.nonce
            if not 0 < len(nonce) <= NONCE_BYTES_MAX:
                raise ValueError("unusable nonce")
        elif extension.critical and isinstance(extension.value, x509.UnrecognizedExtension):
            raise ValueError("critical extension not understood")
    return nonce


def _issuer_hashes(ca: CertificateAuthority, hash_name: str) -> tuple[bytes, bytes]:
    """How a CertID names this authority: hashes of its DN and of its bare public key."""
    key = ca.key.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    name = ca.name.public_bytes()
    return hashlib.new(hash_name, name).digest(), hashlib.new(hash_name, key).digest()
