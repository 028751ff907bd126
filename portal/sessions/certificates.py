"""User-authentication certificates (利用者証明用電子証明書): whose hand, signed by which CA, still in force?

The CA generations share one name, so the issuer is found by its key (CARD.md 4). The order of the checks is the
server rule there: chain to the right CA, then the signature over our challenge; revocation is asked afterwards.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils

from portal.wire.problems import ProblemCode


class Verified(NamedTuple):
    """A certificate that one of our CAs issued and that is in force now."""

    certificate: x509.Certificate
    issuer: x509.Certificate

    @property
    def serial(self) -> str:
        """発行番号, decimal."""
        return str(self.certificate.serial_number)


class Unacceptable(NamedTuple):
    code: ProblemCode
    detail: str


_ANOTHER_CERTIFICATE = "マイナンバーカードの利用者証明用電子証明書を使ってください。"


class TrustAnchors:
    """信頼する認証局."""

    def __init__(self, certificates: Iterable[bytes], policies: Iterable[str]) -> None:
        self._by_key: dict[bytes, x509.Certificate] = {}
        for der in certificates:
            authority = x509.load_der_x509_certificate(der)
            key_id = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
            self._by_key[key_id] = authority
        self._policies = frozenset(policies)

    def __repr__(self) -> str:
        return f"<TrustAnchors: {len(self)}>"

    def __len__(self) -> int:
        return len(self._by_key)

    def issuers(self) -> tuple[x509.Certificate, ...]:
        return tuple(self._by_key.values())

    def verify(self, der: bytes, now: datetime) -> Verified | Unacceptable:
        """Chain, validity, and that it is a certificate for signing in (ACC-1)."""
        try:
            certificate = x509.load_der_x509_certificate(der)
            extensions = certificate.extensions
            key = certificate.public_key()
        except ValueError:
            return Unacceptable(
                ProblemCode.CERTIFICATE_REFUSED, "電子証明書として読み取れません。" + _ANOTHER_CERTIFICATE
            )
        issuer = self._issuer_of(certificate, extensions)
        if issuer is None:
            return Unacceptable(
                ProblemCode.CERTIFICATE_REFUSED,
                "信頼する認証局が発行した電子証明書ではありません。" + _ANOTHER_CERTIFICATE,
            )
        if not _is_for_signing_in(extensions, self._policies) or not isinstance(key, rsa.RSAPublicKey):
            return Unacceptable(
                ProblemCode.CERTIFICATE_REFUSED,
                "ログイン用の電子証明書ではありません。" + _ANOTHER_CERTIFICATE,
            )
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            return Unacceptable(
                ProblemCode.CERTIFICATE_EXPIRED,
                "電子証明書の有効期間を過ぎているか、まだ始まっていません。市区町村の窓口で更新してください。",
            )
        return Verified(certificate, issuer)

    def _issuer_of(
        self, certificate: x509.Certificate, extensions: x509.Extensions
    ) -> x509.Certificate | None:
        try:
            key_id = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
            issuer = self._by_key.get(key_id or b"")
            if issuer is None:
                return None
            certificate.verify_directly_issued_by(issuer)
        except (x509.ExtensionNotFound, ValueError, TypeError, InvalidSignature):
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


def signature_holds(certificate: x509.Certificate, signature: bytes, digest: bytes) -> bool:
    """Whether this certificate's key signed this SHA-256 digest (PKCS#1 v1.5, as the card does)."""
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey), "verify() admits RSA only"
    try:
        key.verify(signature, digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
