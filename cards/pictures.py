"""The pictures of the card-surface application: name, address, My Number, security code, photograph (CARD.md 1.5).

No font and no photograph come with this program. Digits are drawn here, in the sizes seen on a test card (72x12, 24x12);
name and address are blank, and the photograph is a flat grey JPEG 2000, unless the issuer passes better ones.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cards.contents import CardContents

CELL_WIDTH, CELL_HEIGHT = 6, 12

_GLYPHS: dict[str, tuple[int, ...]] = {
    "0": (0x0E, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0E),
    "1": (0x04, 0x0C, 0x04, 0x04, 0x04, 0x04, 0x0E),
    "2": (0x0E, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1F),
    "3": (0x1F, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0E),
    "4": (0x02, 0x06, 0x0A, 0x12, 0x1F, 0x02, 0x02),
    "5": (0x1F, 0x10, 0x1E, 0x01, 0x01, 0x11, 0x0E),
    "6": (0x06, 0x08, 0x10, 0x1E, 0x11, 0x11, 0x0E),
    "7": (0x1F, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08),
    "8": (0x0E, 0x11, 0x11, 0x0E, 0x11, 0x11, 0x0E),
    "9": (0x0E, 0x11, 0x11, 0x0F, 0x01, 0x02, 0x0C),
}
"""Five by seven dots, the most significant of five bits on the left."""


class Pictures(NamedTuple):
    """What the issuer renders; `photo` is JPEG 2000 in a JP2 container, the others 1-bit PNG."""

    name_png: bytes
    address_png: bytes
    photo_jp2: bytes


def png(rows: list[int], width: int) -> bytes:
    """A 1-bit greyscale PNG. Each row is an integer of `width` bits; a set bit is black."""
    stride = (width + 7) // 8
    pad = stride * 8 - width
    white = (1 << width) - 1
    raw = b"".join(b"\x00" + ((white ^ row) << pad).to_bytes(stride, "big") for row in rows)

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, len(rows), 1, 0, 0, 0, 0)
    data = zlib.compress(raw, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def digits_png(digits: str) -> bytes:
    """The digits, six dots wide and twelve high each."""
    rows = [0] * CELL_HEIGHT
    for digit in digits:
        glyph = _GLYPHS[digit]
        for line in range(CELL_HEIGHT):
            dots = glyph[line - 2] if 2 <= line < 9 else 0
            rows[line] = rows[line] << CELL_WIDTH | dots
    return png(rows, CELL_WIDTH * len(digits))


def grey_jp2(width: int, height: int) -> bytes:
    """A flat mid-grey JPEG 2000: every packet of its one tile is empty, so every coefficient is zero."""
    siz = struct.pack(">HIIIIIIIIHBBB", 0, width, height, 0, 0, width, height, 0, 0, 1, 7, 1, 1)
    cod = bytes((0, 0, 0, 1, 0, 0, 4, 4, 0, 1))
    qcd = bytes((0x40, 0x40))

    def segment(marker: int, data: bytes) -> bytes:
        return struct.pack(">HH", marker, len(data) + 2) + data

    packets = b"\x00"
    tile = segment(0xFF90, struct.pack(">HIBB", 0, 14 + len(packets), 0, 1)) + b"\xff\x93" + packets
    main = segment(0xFF51, siz) + segment(0xFF52, cod) + segment(0xFF5C, qcd)
    stream = b"\xff\x4f" + main + tile + b"\xff\xd9"

    def box(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data) + 8) + name + data

    image = box(b"ihdr", struct.pack(">IIHBBBB", height, width, 1, 7, 7, 0, 0))
    colour = box(b"colr", b"\x01\x00\x00" + struct.pack(">I", 17))
    signature = box(b"jP  ", b"\r\n\x87\n")
    kind = box(b"ftyp", b"jp2 " + bytes(4) + b"jp2 ")
    return signature + kind + box(b"jp2h", image + colour) + box(b"jp2c", stream)


def plain_pictures(contents: CardContents) -> Pictures:
    """Blank name and address in sizes that fit their texts, and a grey photograph."""
    name_width = max(24, 12 * len(contents.name))
    address_width = max(24, 12 * min(len(contents.address), 24))
    address_lines = (len(contents.address) + 23) // 24
    return Pictures(
        name_png=png([0] * 14, name_width),
        address_png=png([0] * (14 * max(1, address_lines)), address_width),
        photo_jp2=grey_jp2(80, 100),
    )
