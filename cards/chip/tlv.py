"""BER-TLV as the card's files use it: one- or two-byte tags, definite lengths (CARD.md 1.5)."""

from __future__ import annotations

from collections.abc import Iterator


def length(size: int) -> bytes:
    """A definite length: one byte below 128, then the 81 and 82 forms."""
    if size < 0x80:
        return bytes((size,))
    if size < 0x100:
        return bytes((0x81, size))
    return b"\x82" + size.to_bytes(2, "big")


def tlv(tag: int, value: bytes) -> bytes:
    """One object. `tag` is written in as many bytes as it has."""
    return tag.to_bytes(2 if tag > 0xFF else 1, "big") + length(len(value)) + value


def with_offsets(outer: int, table: int, objects: tuple[bytes, ...]) -> bytes:
    """A file that opens with a table of where each object starts, counted from the first byte of the file.

    券面 files are written so (CARD.md 1.5). The outer header grows with the content, and shifts every offset.
    """
    table_size = len(tlv(table, bytes(2 * len(objects))))
    body_size = table_size + sum(map(len, objects))
    position = 2 + len(length(body_size)) + table_size
    offsets = b""
    for each in objects:
        offsets += position.to_bytes(2, "big")
        position += len(each)
    return tlv(outer, tlv(table, offsets) + b"".join(objects))


class Malformed(ValueError):
    """The bytes are not BER-TLV of the kind the card writes."""


def read_header(data: bytes, at: int = 0) -> tuple[int, int, int]:
    """(tag, where the value starts, where it ends) of the object at `at`. Raises `Malformed`."""
    try:
        tag = data[at]
        at += 1
        if tag & 0x1F == 0x1F:
            tag = tag << 8 | data[at]
            at += 1
        size = data[at]
        at += 1
        if size > 0x80:
            count = size & 0x7F
            if len(data) < at + count:
                raise Malformed("the length runs past the end")
            size = int.from_bytes(data[at : at + count], "big")
            at += count
        elif size == 0x80:
            raise Malformed("indefinite length")
    except IndexError:
        raise Malformed("the header runs past the end") from None
    return tag, at, at + size


def objects(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(tag, value) of each object in `data`, up to the FF or 00 filler. Raises `Malformed`."""
    at = 0
    while at < len(data) and data[at] not in (0x00, 0xFF):
        tag, start, end = read_header(data, at)
        if end > len(data):
            raise Malformed("a value runs past the end")
        yield tag, data[start:end]
        at = end


def content(data: bytes, tag: int) -> bytes:
    """The value of the one outer object, which must carry `tag`; filler after it is ignored. Raises `Malformed`."""
    found, start, end = read_header(data)
    if found != tag or end > len(data):
        raise Malformed(f"expected {tag:X}, found {found:X}")
    return data[start:end]
