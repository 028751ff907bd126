"""認証局: the two self-signed authorities, one for user authentication and one for digital signature, and what
they issue.

Everything is computed: the same seed gives the same authorities and the same certificates, bit for bit, on
any machine. Two deviations from the real ones (CARD.md 4): one generation of each authority with a life of 20
years, where the real ones live 10 and follow each other every 4; and the authorities' own serials are 1 and 2,
where later real ones come from the counter of everybody's.
"""

from datetime import date, datetime
from functools import cached_property
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from sim.jpki import profile
from sim.jpki.holder import HolderFacts
from sim.jpki.keys import KeySource, p384_key
from sim.jpki.serials import GENERATIONS_ON_A_MEDIUM_MAX, Kind, Medium, Serials
from sim.jpki.validity import first_moment, last_moment

FOUNDED_ON: Final = date(2015, 10, 20)
"""First day of the authorities, as of the real first generation."""
CLOSES_ON: Final = date(2035, 10, 19)

_AUTHORITY_SERIAL: Final = 1
_RESPONDER_SERIAL: Final = 2


class CertificateAuthority:
    """One of the two: its key, its certificate, its OCSP responder. Made by :class:`Authority`."""

    def __init__(self, kind: Kind, seed: bytes, keys: KeySource) -> None:
        self.kind = kind
        self.name = profile.authority_name(kind)
        self._seed = seed
        self._keys = keys

    def __repr__(self) -> str:
        return f"CertificateAuthority({self.kind.value})"

    @cached_property
    def key(self) -> rsa.RSAPrivateKey:
        return self._keys.private_key(self._seed, authority_key_label(self.kind))

    @cached_property
    def responder_key(self) -> rsa.RSAPrivateKey:
        return self._keys.private_key(self._seed, responder_key_label(self.kind))

    @cached_property
    def key_identifier(self) -> x509.SubjectKeyIdentifier:
        return x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())

    @cached_property
    def as_issuer(self) -> x509.AuthorityKeyIdentifier:
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(self.key_identifier)

    @cached_property
    def certificate(self) -> x509.Certificate:
        return self.sign(
            self.name,
            self.key.public_key(),
            _AUTHORITY_SERIAL,
            (FOUNDED_ON, CLOSES_ON),
            profile.authority_extensions(self.kind, self.key_identifier),
        )

    @cached_property
    def certificate_der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @cached_property
    def responder_certificate(self) -> x509.Certificate:
        """Of the delegated OCSP responder (RFC 6960, 4.2.2.2)."""
        public = self.responder_key.public_key()
        identifier = x509.SubjectKeyIdentifier.from_public_key(public)
        return self.sign(
            profile.responder_name(self.kind),
            public,
            _RESPONDER_SERIAL,
            (FOUNDED_ON, CLOSES_ON),
            profile.responder_extensions(identifier, self.as_issuer),
        )

    def sign(
        self,
        subject: x509.Name,
        public_key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
        serial: int,
        days: tuple[date, date],
        extensions: list[tuple[x509.ExtensionType, bool]],
    ) -> x509.Certificate:
        """A certificate of this authority, valid from the first to the last of these days.

        PKCS#1 v1.5 needs no chance, so the same arguments give the same bytes.
        """
        first, last = days
        # Not by the builder's methods: each copies the builder and checks the list of extensions anew.
        builder = x509.CertificateBuilder(
            issuer_name=self.name,
            subject_name=subject,
            public_key=public_key,
            serial_number=serial,
            not_valid_before=_naive(first_moment(first)),
            not_valid_after=_naive(last_moment(last)),
            extensions=[x509.Extension(value.oid, critical, value) for value, critical in extensions],
        )
        return builder.sign(self.key, hashes.SHA256())


class Authority:
    """公的個人認証サービス: both authorities of one seed."""

    def __init__(self, seed: bytes, keys: KeySource, *, ocsp_url: str = profile.OCSP_URL) -> None:
        self.seed = seed
        self.keys = keys
        self.ocsp_url = ocsp_url
        self.serials = Serials(seed)
        self._cas = {kind: CertificateAuthority(kind, seed, keys) for kind in Kind}
        self._same_for_all: dict[Kind, list[tuple[x509.ExtensionType, bool]]] = {}

    def __repr__(self) -> str:
        return f"Authority({self.ocsp_url})"

    def ca(self, kind: Kind) -> CertificateAuthority:
        return self._cas[kind]

    def certificate(
        self, kind: Kind, facts: HolderFacts, generation: int, issued_on: date, expires_on: date
    ) -> bytes:
        """One holder's certificate of one kind, DER, about 1 kB. `expires_on` is its last day.

        Whether the holder may have it, and until when, is decided in :mod:`sim.jpki.personalisation`.
        Raises ValueError outside the authorities' own life.
        """
        if not FOUNDED_ON <= issued_on <= expires_on <= CLOSES_ON:
            raise ValueError(f"{issued_on} to {expires_on} is not within {FOUNDED_ON} to {CLOSES_ON}")
        ca = self._cas[kind]
        same = self._same_for_all.get(kind)
        if same is None:
            same = profile.holder_extensions(kind, ca.as_issuer, self.ocsp_url)
            self._same_for_all[kind] = same
        return ca.sign(
            profile.holder_name(self.seed, facts, generation, kind),
            self.holder_key(holder_key_label(facts.n, generation, kind), generation).public_key(),
            self.serials.serial_of(facts.n, generation, kind),
            (issued_on, expires_on),
            [*same, (profile.basic_four(facts), False)] if kind is Kind.SIGN else same,
        ).public_bytes(Encoding.DER)

    def holder_key(self, label: str, generation: int) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
        """The key of a holder: P-384 on the provisional next-generation card, else RSA-2048."""
        if generation >= Medium.NEXT_GENERATION * GENERATIONS_ON_A_MEDIUM_MAX:
            return p384_key(self.seed, label)
        return self.keys.private_key(self.seed, label)


def authority_key_label(kind: Kind) -> str:
    return f"jpki/ca/{kind.value}"


def responder_key_label(kind: Kind) -> str:
    return f"jpki/ocsp/{kind.value}"


def holder_key_label(n: int, generation: int, kind: Kind) -> str:
    """The label of a holder's key; a new certificate always has a new key."""
    return f"jpki/holder/{n}/{generation}/{kind.value}"


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)
