"""住基AP: the resident-registry application. Little is known of it (CARD.md 1.2)."""

from __future__ import annotations

from cards.applications.shared_card import key_reference
from cards.chip.files import Application, ChangedBy, File, PinFile, RecordFile
from cards.pins import PinName

AID = bytes.fromhex("D3921000310001010401")

KEY_REFERENCE = 0x0002
PIN = 0x001C

_FILES: dict[int, File] = {
    KEY_REFERENCE: RecordFile(key_reference),
    PIN: PinFile(PinName.JUKI, ChangedBy.CHANGE_KEY),
}

PLASTIC = Application("住基AP", AID, _FILES)
