"""共通カードAP: which card this is. Portals read it on every sign-in (CARD.md 1.1 and 4.1)."""

from __future__ import annotations

from cards.applications.text import face_keys
from cards.chip.files import Application, ChangedBy, File, KeyFile, KeyUse, PinFile, RecordFile
from cards.chip.status import SW
from cards.contents import CardContents
from cards.face_certificate import key_id
from cards.pins import PinName

AID = bytes.fromhex("D3921000310001010100")

CARD_RECORD = 0x0001
KEY_REFERENCE = 0x0002
INTERNAL_KEY = 0x0019
PIN = 0x001C


def card_record(contents: CardContents) -> tuple[bytes, ...]:
    """EF 0001: one simple-TLV record of 28 digits: serial, municipality, expiry (CARD.md 1.2)."""
    digits = f"{contents.serial}{contents.municipality}{contents.expiry:%Y%m%d}".encode()
    return (b"\x01" + bytes((len(digits),)) + digits,)


def key_reference(contents: CardContents) -> tuple[bytes, ...]:
    """EF 0002, the same in the 住基AP: one record with a 16-byte key reference. Which key it names is not known."""
    reference = key_id("0000004")
    return (b"\x01" + bytes((len(reference),)) + reference,)


_FILES: dict[int, File] = {
    CARD_RECORD: RecordFile(card_record),
    KEY_REFERENCE: RecordFile(key_reference),
    # A real card has a key of its own here whose public half is nowhere on it; ours is the card-surface key.
    INTERNAL_KEY: KeyFile(KeyUse.INTERNAL_AUTHENTICATE, None, lambda contents: face_keys(contents).card_key),
    PIN: PinFile(PinName.SHARED_CARD, ChangedBy.CHANGE_KEY),
}

PLASTIC = Application("共通カードAP", AID, _FILES, session_key_answer=SW.NO_KEY_DELIVERY)
