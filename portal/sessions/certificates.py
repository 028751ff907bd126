"""User-authentication certificates (利用者証明用電子証明書): whose hand, signed by which CA, still in force?

The CA generations share one name, so the issuer is found by its key (CARD.md 4). The order of the checks is the
server rule there: chain to the right CA, then the signature over our challenge; revocation is asked afterwards.
"""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils
from cryptography.x509 import ocsp

from portal.wire.problems import ProblemCode

CERTIFICATES_KNOWN_MAX = 2_000
"""Certificates whose chain was verified and that need not be read again, some 5 kB each."""

_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What the certificate library raises for bytes that are no certificate, or none that it can follow."""

_PKCS1 = padding.PKCS1v15()
_PREHASHED = utils.Prehashed(hashes.SHA256())


class Issuer:
    """認証局: one of our CAs, with what is asked of it again and again."""

    def __init__(self, certificate: x509.Certificate) -> None:
        self.certificate = certificate
        self.fingerprint = certificate.fingerprint(hashes.SHA256())
        self.key = certificate.public_key()
        self.not_before = certificate.not_valid_before_utc
        self.not_after = certificate.not_valid_after_utc

    def __repr__(self) -> str:
        return f"<Issuer {self.fingerprint.hex()[:16]}>"


class Verified:
    """A certificate that one of our CAs issued for signing in: whatever time and revocation cannot change of it."""

    def __init__(self, certificate: x509.Certificate, key: rsa.RSAPublicKey, issuer: Issuer) -> None:
        self.certificate = certificate
        self.issuer = issuer
        self.serial_number = certificate.serial_number
        self.serial = str(self.serial_number)
        """発行番号, decimal."""
        self._key = key
        self._not_before = certificate.not_valid_before_utc
        self._not_after = certificate.not_valid_after_utc

    def __repr__(self) -> str:
        return f"<Verified {self.serial}>"

    def is_valid_at(self, now: datetime) -> bool:
        return self._not_before <= now <= self._not_after

    def signed(self, signature: bytes, digest: bytes) -> bool:
        """Whether this certificate's key signed this SHA-256 digest (PKCS#1 v1.5, as the card does)."""
        try:
            self._key.verify(signature, digest, _PKCS1, _PREHASHED)
        except InvalidSignature:
            return False
        return True

    @cached_property
    def ocsp_request(self) -> bytes:
        """What JPKI is asked about this certificate, DER."""
        builder = ocsp.OCSPRequestBuilder().add_certificate(
            self.certificate,
            self.issuer.certificate,
            hashes.SHA1(),  # noqa: S303 - names the CA, proves nothing
        )
        return builder.build().public_bytes(serialization.Encoding.DER)


class Unacceptable(NamedTuple):
    code: ProblemCode
    detail: str


_ANOTHER_CERTIFICATE = "マイナンバーカードの利用者証明用電子証明書を使ってください。"


def _refused(reason: str) -> Unacceptable:
    return Unacceptable(ProblemCode.CERTIFICATE_REFUSED, reason + _ANOTHER_CERTIFICATE)


class TrustAnchors:
    """信頼する認証局."""

    def __init__(self, certificates: Iterable[bytes], policies: Iterable[str]) -> None:
        self._by_key: dict[bytes, Issuer] = {}
        for der in certificates:
            authority = x509.load_der_x509_certificate(der)
            key_id = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
            self._by_key[key_id] = Issuer(authority)
        self._policies = frozenset(policies)
        # Whether a CA signed these bytes, and for what, is the same each time they come; only time and revocation
        # must be asked anew.
        self._known: OrderedDict[bytes, Verified] = OrderedDict()

    def __repr__(self) -> str:
        return f"<TrustAnchors: {len(self)}>"

    def __len__(self) -> int:
        return len(self._by_key)

    def issuers(self) -> tuple[Issuer, ...]:
        return tuple(self._by_key.values())

    def verify(self, der: bytes, now: datetime) -> Verified | Unacceptable:
        """Chain, validity, and that it is a certificate for signing in (ACC-1)."""
        verified: Verified | Unacceptable | None = self._known.get(der)
        if verified is None:
            verified = self._read(der)
            if isinstance(verified, Unacceptable):
                return verified
            self._known[der] = verified
            if len(self._known) > CERTIFICATES_KNOWN_MAX:
                self._known.popitem(last=False)
        assert isinstance(verified, Verified)
        if not verified.is_valid_at(now):
            return Unacceptable(
                ProblemCode.CERTIFICATE_EXPIRED,
                "電子証明書の有効期間を過ぎているか、まだ始まっていません。市区町村の窓口で更新してください。",
            )
        return verified

    def _read(self, der: bytes) -> Verified | Unacceptable:
        try:
            certificate = x509.load_der_x509_certificate(der)
            extensions = certificate.extensions
            key = certificate.public_key()
        except _UNREADABLE:
            return _refused("電子証明書として読み取れません。")
        issuer = self._issuer_of(certificate, extensions)
        if issuer is None:
            return _refused("信頼する認証局が発行した電子証明書ではありません。")
        if not _is_for_signing_in(extensions, self._policies) or not isinstance(key, rsa.RSAPublicKey):
            return _refused("ログイン用の電子証明書ではありません。")
        return Verified(certificate, key, issuer)

    def _issuer_of(self, certificate: x509.Certificate, extensions: x509.Extensions) -> Issuer | None:
        try:
            key_id = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
            issuer = self._by_key.get(key_id or b"")
            if issuer is None:
                return None
            certificate.verify_directly_issued_by(issuer.certificate)
        except (x509.ExtensionNotFound, InvalidSignature, *_UNREADABLE):
            return None
        return issuer


def _is_for_signing_in(extensions: x509.Extensions, policies: frozenset[str]) -> bool:
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        stated = extensions.get_extension_for_class(x509.CertificatePolicies).value
    except x509.ExtensionNotFound:
        return False
    return usage.digital_signature and any(
        policy.policy_identifier.dotted_string in policies for policy in stated
    )
