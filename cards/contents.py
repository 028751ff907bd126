"""What is on a card: the person, the certificates, the keys. Given by the issuer, never changed by the card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import Enum

from cards.eras import era_digits
from cards.keys import KeySource, Signer
from cards.pictures import Pictures, plain_pictures


class CardKind(Enum):
    """What the card is."""

    PLASTIC = "plastic"
    """個人番号カード as issued since 2016: RSA-2048."""
    ANDROID = "android"
    """スマホ用電子証明書: the JPKI application alone, in a phone's secure element."""
    NEXT_GENERATION_PROVISIONAL = "next_generation_provisional"
    """次期個人番号カード, provisional: its specification is not public. P-384, two applications, two PINs."""


@dataclass(frozen=True, slots=True)
class FaceKeys:
    """Keys behind the card-surface applications: the card's own, and the issuing municipality's.

    All three callables are called when a file that needs them is first read. Cards may share one `FaceKeys`.
    """

    card_key: Callable[[], Signer]
    """Proves that the card is present; its public half is in the signed files."""
    issuer_key: Callable[[], Signer]
    """Signs the files of the card."""
    issuer_certificate: Callable[[], bytes]
    """CV証明書: certifies `issuer_key` (`face_certificate.card_verifiable_certificate`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardContents:
    """One person's card. Raises ValueError when a field has not the form that the card's files need."""

    kind: CardKind = CardKind.PLASTIC
    my_number: str
    """個人番号, 12 digits."""
    name: str
    """氏名: family name, U+3000, given name."""
    address: str
    birth_date: date
    sex: int
    """1 male, 2 female, 9 not applicable (JIS X 0303)."""
    municipality: str
    """全国地方公共団体コード without its check digit: 5 digits."""
    expiry: date
    serial: str
    """製造番号, 15 digits."""
    security_code: str
    """セキュリティコード, 4 digits, printed on the face."""
    auth_certificate: bytes
    """利用者証明用電子証明書, DER."""
    auth_ca: bytes
    sign_certificate: bytes | None
    """署名用電子証明書, DER; None when there is none (under 15, or not wished)."""
    sign_ca: bytes
    auth_key: KeySource
    sign_key: KeySource | None = None
    face_keys: FaceKeys | None = None
    """Needed by every kind except the phone, which has no card-surface applications."""
    pictures: Callable[[CardContents], Pictures] = plain_pictures

    def __post_init__(self) -> None:
        for what, value, digits in (
            ("my_number", self.my_number, 12),
            ("municipality", self.municipality, 5),
            ("serial", self.serial, 15),
            ("security_code", self.security_code, 4),
        ):
            if len(value) != digits or not (value.isascii() and value.isdigit()):
                raise ValueError(f"{what} must be {digits} digits")
        if self.sex not in (1, 2, 9):
            raise ValueError("sex must be 1, 2 or 9")
        if self.sign_certificate is not None and self.sign_key is None:
            raise ValueError("a signature certificate needs its key")
        if self.kind is not CardKind.ANDROID and self.face_keys is None:
            raise ValueError("a card with card-surface applications needs face_keys")

    def __repr__(self) -> str:
        return (
            f"CardContents({self.kind.value}, serial {self.serial}, {self.municipality}, until {self.expiry})"
        )

    @property
    def code_a(self) -> str:
        """照合番号A."""
        return self.my_number

    @property
    def code_b(self) -> str:
        """照合番号B: birth date with its era year, year of expiry, security code; 14 digits (CARD.md 1.3)."""
        return f"{era_digits(self.birth_date)}{self.expiry.year:04}{self.security_code}"
