"""Messages between a program linked with libpcsclite and its daemon: protocol 4.4, as of pcsc-lite 1.9 (CARD.md 2.4).

A request is a header (size and command) and a struct; a reply is the same struct, filled in, without a header. Numbers
are in the machine's own order, as both ends are on one machine.
"""

from __future__ import annotations

import struct
from enum import IntEnum

VERSION = (4, 4)
READERS_MAX = 16
"""The array of reader states has this many places (PCSCLITE_MAX_READERS_CONTEXTS)."""
APDU_BYTES_MAX = 4 + 3 + 65536 + 3 + 2
"""MAX_BUFFER_SIZE_EXTENDED."""

READER_NAME_BYTES = 128
ATTRIBUTE_BYTES = 264


class Call(IntEnum):
    """The command of a request."""

    ESTABLISH = 0x01
    RELEASE = 0x02
    CONNECT = 0x04
    RECONNECT = 0x05
    DISCONNECT = 0x06
    BEGIN = 0x07
    END = 0x08
    TRANSMIT = 0x09
    CONTROL = 0x0A
    STATUS = 0x0B
    CANCEL = 0x0D
    GET_ATTRIBUTE = 0x0F
    SET_ATTRIBUTE = 0x10
    VERSION = 0x11
    READERS_STATE = 0x12
    WAIT_CHANGE = 0x13
    STOP_WAITING = 0x14


class Rv(IntEnum):
    """Return values of the PC/SC calls."""

    SUCCESS = 0
    CANCELLED = 0x80100002
    INVALID_HANDLE = 0x80100003
    INVALID_PARAMETER = 0x80100004
    INSUFFICIENT_BUFFER = 0x80100008
    UNKNOWN_READER = 0x80100009
    SHARING_VIOLATION = 0x8010000B
    NO_SMARTCARD = 0x8010000C
    PROTO_MISMATCH = 0x8010000F
    INVALID_VALUE = 0x80100011
    NOT_TRANSACTED = 0x80100016
    SERVICE_STOPPED = 0x8010001E
    UNSUPPORTED_FEATURE = 0x8010001F
    RESET_CARD = 0x80100068
    REMOVED_CARD = 0x80100069


class Share(IntEnum):
    """How a program wants to use the reader."""

    EXCLUSIVE = 1
    SHARED = 2
    DIRECT = 3


class Disposition(IntEnum):
    """What to do with the card at the end."""

    LEAVE = 0
    RESET = 1
    UNPOWER = 2
    EJECT = 3


PROTOCOL_T1 = 2

STATE_ABSENT = 0x02
STATE_PRESENT = 0x04
STATE_POWERED = 0x10
STATE_SPECIFIC = 0x40

ATTRIBUTE_VENDOR_NAME = 0x00010100
ATTRIBUTE_ATR = 0x00090303
ATTRIBUTE_FRIENDLY_NAME = 0x7FFF0003

HEADER = struct.Struct("=II")
ESTABLISH = struct.Struct("=III")
RELEASE = struct.Struct("=II")
CONNECT = struct.Struct(f"=I{READER_NAME_BYTES}sIIiII")
RECONNECT = struct.Struct("=iIIIII")
DISCONNECT = struct.Struct("=iII")
BEGIN = struct.Struct("=iI")
END = struct.Struct("=iII")
TRANSMIT = struct.Struct("=iIIIIIII")
CONTROL = struct.Struct("=iIIIII")
STATUS = struct.Struct("=iI")
CANCEL = struct.Struct("=iI")
ATTRIBUTE = struct.Struct(f"=iI{ATTRIBUTE_BYTES}sII")
PROTOCOL = struct.Struct("=iiI")
WAIT = struct.Struct("=II")
READER_STATE = struct.Struct(f"={READER_NAME_BYTES}sIIi33s3xII")

BODIES: dict[Call, int] = {
    Call.ESTABLISH: ESTABLISH.size,
    Call.RELEASE: RELEASE.size,
    Call.CONNECT: CONNECT.size,
    Call.RECONNECT: RECONNECT.size,
    Call.DISCONNECT: DISCONNECT.size,
    Call.BEGIN: BEGIN.size,
    Call.END: END.size,
    Call.TRANSMIT: TRANSMIT.size,
    Call.CONTROL: CONTROL.size,
    Call.STATUS: STATUS.size,
    Call.CANCEL: CANCEL.size,
    Call.GET_ATTRIBUTE: ATTRIBUTE.size,
    Call.SET_ATTRIBUTE: ATTRIBUTE.size,
    Call.VERSION: PROTOCOL.size,
    Call.READERS_STATE: 0,
    Call.WAIT_CHANGE: 0,
    Call.STOP_WAITING: 0,
}
"""How many bytes follow the header. A request of another size ends the connection."""

NO_READER = bytes(READER_STATE.size)


def reader_state(name: str, events: int, state: int, sharing: int, atr: bytes, protocol: int) -> bytes:
    """One place of the reader-state array. `sharing`: -1 exclusive, else how many share it."""
    return READER_STATE.pack(name.encode(), events, state, sharing, atr, len(atr), protocol)
