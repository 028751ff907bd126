"""The card's PINs: their names, formats and tries (CARD.md 1.3)."""

from __future__ import annotations

from enum import StrEnum


class PinName(StrEnum):
    """暗証番号: every secret that a VERIFY can present. The value is what the saved state calls it."""

    AUTH = "auth"
    """利用者証明用: 4 digits."""
    SIGN = "sign"
    """署名用: 6 to 16 capital letters and digits, at least one of each."""
    TEXT = "text"
    """券面事項入力補助用: 4 digits."""
    JUKI = "juki"
    """住民基本台帳用, as kept by the resident-registry application: 4 digits."""
    SHARED_CARD = "shared_card"
    """住民基本台帳用, as kept by the 共通カードAP: the same to a person, another key to the card."""
    TEXT_CODE_A = "text_code_a"
    """照合番号A in the input-support application: the My Number."""
    TEXT_CODE_B = "text_code_b"
    """照合番号B in the input-support application: birth date, year of expiry, security code."""
    TEXT_SEALED = "text_sealed"
    """A key that every examined card was issued with blocked; what it guards is not known (CARD.md 1.2)."""
    SURFACE_BIRTH = "surface_birth"
    """The birth date alone, in the card-surface application: era year, month, day."""
    SURFACE_CODE_A = "surface_code_a"
    SURFACE_CODE_B = "surface_code_b"


TRIES_MAX: dict[PinName, int] = {
    PinName.AUTH: 3,
    PinName.SIGN: 5,
    PinName.TEXT: 3,
    PinName.JUKI: 3,
    PinName.SHARED_CARD: 3,
    PinName.TEXT_CODE_A: 10,
    PinName.TEXT_CODE_B: 10,
    PinName.TEXT_SEALED: 0,
    PinName.SURFACE_BIRTH: 10,
    PinName.SURFACE_CODE_A: 10,
    PinName.SURFACE_CODE_B: 10,
}
"""Tries before the PIN locks. 10 is published for 照合番号B and assumed for the other printed codes (CARD.md 1.3)."""

CHOSEN_BY_HOLDER: tuple[PinName, ...] = (
    PinName.AUTH,
    PinName.SIGN,
    PinName.TEXT,
    PinName.JUKI,
    PinName.SHARED_CARD,
)
"""These are set at the counter and can be changed; the others follow from what is printed on the card."""

VERIFY_DATA_BYTES_MAX = 16


def well_formed(name: PinName, value: bytes) -> bool:
    """Whether the card takes `value` as a new PIN of this kind. ASCII only, capital letters only."""
    if name is PinName.SIGN:
        digits = sum(0x30 <= each <= 0x39 for each in value)
        letters = sum(0x41 <= each <= 0x5A for each in value)
        return 6 <= len(value) <= 16 and digits + letters == len(value) and digits > 0 and letters > 0
    return name in CHOSEN_BY_HOLDER and len(value) == 4 and all(0x30 <= each <= 0x39 for each in value)
