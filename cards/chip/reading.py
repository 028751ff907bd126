"""READ BINARY, READ RECORD, GET CHALLENGE."""

from __future__ import annotations

from cards.chip.apdu import Command
from cards.chip.chip import Chip
from cards.chip.files import RecordFile, TransparentFile
from cards.chip.status import OFFSET_OUTSIDE_FILE, OK, SECURITY_NOT_SATISFIED, SW, WRONG_LENGTH, wire


def read_binary(chip: Chip, command: Command) -> bytes:
    """00 B0. At the end of the file what is left comes with 9000; an offset at or past the end is 6B00."""
    if command.data or command.le is None:
        return WRONG_LENGTH
    if command.p1 & 0x80:
        referred = chip.referred(command.p1)
        if isinstance(referred, SW):
            return wire(referred)
        file, offset = referred, command.p2
    else:
        current = chip.file
        if current is None:
            return wire(SW.NO_CURRENT_FILE)
        file, offset = current, command.p1 << 8 | command.p2
    if not isinstance(file, TransparentFile):
        return wire(SW.WRONG_FILE_KIND)
    if file.guard is not None and file.guard.isdisjoint(chip.session.granted):
        return SECURITY_NOT_SATISFIED
    image = chip.image(file)
    if offset >= len(image):
        return OFFSET_OUTSIDE_FILE
    return image[offset : offset + command.le] + OK


def read_record(chip: Chip, command: Command) -> bytes:
    """00 B2. One record (P2 ending in 100) or all from P1 on (101); the upper five bits of P2 are an SFI."""
    if command.data or command.le is None:
        return WRONG_LENGTH
    which = command.p2 & 0x07
    if which not in (4, 5):
        return wire(SW.WRONG_P1_P2)
    file = chip.referred(command.p2 >> 3)
    if isinstance(file, SW):
        return wire(file)
    if not isinstance(file, RecordFile):
        return wire(SW.WRONG_FILE_KIND)
    if not chip.opened(file.guard):
        return SECURITY_NOT_SATISFIED
    records = file.records(chip.contents)
    number = command.p1
    # Record 0 means the current record, and nothing ever makes one current here.
    if not 1 <= number <= len(records):
        return wire(SW.RECORD_NOT_FOUND)
    data = records[number - 1] if which == 4 else b"".join(records[number - 1 :])
    return data[: command.le] + OK


def get_challenge(chip: Chip, command: Command) -> bytes:
    """00 84. 1 to 256 random bytes; the extended form is refused with 6985."""
    if command.p1 or command.p2:
        return wire(SW.WRONG_P1_P2)
    if command.extended:
        return wire(SW.CONDITIONS_NOT_SATISFIED)
    if command.data or command.le is None:
        return WRONG_LENGTH
    return chip.chance(command.le) + OK
