"""The card manager (GlobalPlatform's issuer security domain): selected at power-on; data objects, no files.

CARD.md 1.2, "MF level". Its objects are got by GET DATA only while it is selected.
"""

from __future__ import annotations

from cards.applications.text import certificate
from cards.chip.files import Application
from cards.chip.tlv import content
from cards.contents import CardContents, CardKind
from cards.face_certificate import key_id, subject_key_id

AID = bytes.fromhex("A0000001510000")

CONTACT_ATR = bytes.fromhex("3BE000FF8131FE4514")
CONTACTLESS_ATR = bytes.fromhex("3B888001000005E0B381A1007F")
"""As a type-B reader makes it up from the card's answer (CARD.md 1.6)."""

CONTACT_ATR_OBJECT = 0x5F51


def contact_atr(contents: CardContents) -> bytes:
    """5F51: the contact interface's ATR without its first byte. The one object that applications answer too."""
    return CONTACT_ATR[1:]


# GlobalPlatform's card recognition data: GP 2.1.1, SCP 02 option 15 (assumed; only that it is there was seen).
_RECOGNITION = bytes.fromhex(
    "732F06072A864886FC6B01600C060A2A864886FC6B02020101630906072A864886FC6B03640B06092A864886FC6B040215"
)

PLASTIC = Application(
    "カードマネージャ",
    AID,
    {},
    data_objects={
        0x0042: lambda contents: key_id("0000004"),
        0x0045: lambda contents: contents.serial.encode(),
        0x0066: lambda contents: _RECOGNITION,
        0x00F0: lambda contents: contents.municipality.encode(),
        0x00F2: lambda contents: f"{contents.expiry:%Y%m%d}".encode(),
        0x00F7: lambda contents: subject_key_id(certificate(contents)),
        # GET DATA hands back what is inside the certificate's template. 7F21, the lower half of the chain, is
        # missing on some cards (CARD.md 1.2), and on ours: the issuer's key is certified by the root itself.
        0x00F8: lambda contents: content(certificate(contents), 0x7F21),
        CONTACT_ATR_OBJECT: contact_atr,
    },
)
SECURE_ELEMENT = Application("カードマネージャ", AID, {})
"""A phone's secure element tells nothing of a card (assumed)."""


def of_kind(kind: CardKind) -> Application:
    """The card manager of a kind of card."""
    return SECURE_ELEMENT if kind is CardKind.ANDROID else PLASTIC
