"""SELECT FILE and GET DATA."""

from __future__ import annotations

from cards.applications.card_manager import CONTACT_ATR_OBJECT, contact_atr
from cards.chip.apdu import LE_MAX_SHORT, Command
from cards.chip.chip import Chip
from cards.chip.session import SessionStage
from cards.chip.status import OK, SW, WRONG_LENGTH, wire
from cards.contents import CardKind

_AID_BYTES_MAX = 16


def select_file(chip: Chip, command: Command) -> bytes:
    """00 A4. By AID (P1 04) or, inside an application, an EF by its identifier (P1 02).

    P2 00 asks for a template whose content on real cards is not known; none is given, which satisfied every client
    tried (CARD.md 1.4).
    """
    data = command.data
    if command.p2 not in (0x00, 0x0C):
        return wire(SW.WRONG_P1_P2)
    if command.p1 == 0x04:
        if not 1 <= len(data) <= _AID_BYTES_MAX:
            return WRONG_LENGTH
        return OK if chip.select(data) else wire(SW.FILE_NOT_FOUND)
    if command.p1 == 0x02:
        if len(data) != 2:
            return WRONG_LENGTH
        found = chip.application.files.get(int.from_bytes(data, "big"))
        if found is None:
            return wire(SW.FILE_NOT_FOUND)
        chip.file = found
        return OK
    if command.p1 == 0x00:
        if data:
            # 3F00 and every other identifier: there is no master file to be found (CARD.md 1.4).
            return wire(SW.FILE_NOT_FOUND)
        inside = chip.session.stage is SessionStage.APPLICATION
        return OK if inside else wire(SW.WRONG_P1_P2)
    return wire(SW.WRONG_P1_P2)


def get_data(chip: Chip, command: Command) -> bytes:
    """00 CA. Objects of the card manager; large ones only with an extended Le, for others 6700 (CARD.md 1.2)."""
    if command.data or command.le is None:
        return WRONG_LENGTH
    tag = command.p1 << 8 | command.p2
    make = chip.application.data_objects.get(tag)
    if make is None and tag == CONTACT_ATR_OBJECT and chip.contents.kind is not CardKind.ANDROID:
        make = contact_atr
    if make is None:
        # Software that looks for other cards probes with GET DATA, and needs an error here (CARD.md 2.2).
        return wire(SW.DATA_OBJECT_NOT_FOUND)
    data = make(chip.contents)
    if len(data) > LE_MAX_SHORT and not command.extended:
        return WRONG_LENGTH
    return data[: command.le] + OK
