"""Command APDUs: bytes to fields (ISO/IEC 7816-4; short and extended lengths)."""

from __future__ import annotations

from typing import NamedTuple

LE_MAX_SHORT = 256
LE_MAX_EXTENDED = 65536


class Command(NamedTuple):
    """One command. `le` is None when no answer data is asked for, else 1..65536 (a coded 0 is the maximum)."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes
    le: int | None
    extended: bool


def parse(apdu: bytes) -> Command | None:
    """The command in `apdu`, or None when its lengths contradict each other (the card answers 6700)."""
    size = len(apdu)
    if size == 5:
        cla, ins, p1, p2, p3 = apdu
        return Command(cla, ins, p1, p2, b"", p3 or LE_MAX_SHORT, False)
    if size < 4:
        return None
    cla, ins, p1, p2 = apdu[:4]
    if size == 4:
        return Command(cla, ins, p1, p2, b"", None, False)
    lc = apdu[4]
    if lc:
        if size == 5 + lc:
            return Command(cla, ins, p1, p2, apdu[5:], None, False)
        if size == 6 + lc:
            return Command(cla, ins, p1, p2, apdu[5:-1], apdu[-1] or LE_MAX_SHORT, False)
        return None
    if size < 7:
        return None
    first = int.from_bytes(apdu[5:7], "big")
    if size == 7:
        return Command(cla, ins, p1, p2, b"", first or LE_MAX_EXTENDED, True)
    if first == 0:
        return None
    if size == 7 + first:
        return Command(cla, ins, p1, p2, apdu[7:], None, True)
    if size == 9 + first:
        le = int.from_bytes(apdu[-2:], "big") or LE_MAX_EXTENDED
        return Command(cla, ins, p1, p2, apdu[7:-2], le, True)
    return None


def build(cla: int, ins: int, p1: int, p2: int, data: bytes = b"", le: int | None = None) -> bytes:
    """A short command APDU. `data` at most 255 bytes, `le` 1..256; longer ones use the extended form."""
    header = bytes((cla, ins, p1, p2))
    if len(data) > 0xFF or (le or 0) > LE_MAX_SHORT:
        body = b"" if not data else len(data).to_bytes(2, "big") + data
        return header + b"\x00" + body + (b"" if le is None else (le % LE_MAX_EXTENDED).to_bytes(2, "big"))
    body = b"" if not data else bytes((len(data),)) + data
    return header + body + (b"" if le is None else bytes((le % LE_MAX_SHORT,)))
