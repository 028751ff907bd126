"""A writer for the few DER forms that the certificate library cannot make for us.

`cryptography` stamps OCSP answers with the real clock and copies the whole list for each revoked certificate,
so answers and lists are written here instead: a simulated run repeats bit for bit, and a list costs time in
proportion to its length. Values that are certificates, names or keys still come from the library. Nothing
here reads DER.
"""

from datetime import UTC, datetime
from functools import lru_cache

SEQUENCE = 0x30
OCTET_STRING = 0x04
NULL = b"\x05\x00"
TRUE = b"\x01\x01\xff"


def tagged(tag: int, content: bytes) -> bytes:
    """One value: tag, length in its shortest form, content."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def sequence(*parts: bytes) -> bytes:
    return tagged(SEQUENCE, b"".join(parts))


def explicit(number: int, content: bytes) -> bytes:
    """`[number] EXPLICIT`: a wrapper around a whole value."""
    return tagged(0xA0 | number, content)


def integer(value: int) -> bytes:
    """A non-negative INTEGER."""
    if value < 0:
        raise ValueError("only non-negative integers are written here")
    return tagged(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def enumerated(value: int) -> bytes:
    """An ENUMERATED below 128."""
    return bytes((0x0A, 1, value))


def octets(value: bytes) -> bytes:
    return tagged(OCTET_STRING, value)


def bits(value: bytes) -> bytes:
    """A BIT STRING of whole bytes."""
    return tagged(0x03, b"\x00" + value)


def utf8(text: str) -> bytes:
    return tagged(0x0C, text.encode())


@lru_cache(maxsize=256)
def oid(dotted: str) -> bytes:
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    content = bytearray()
    for arc in (first * 40 + second, *rest):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(0x80 | arc & 0x7F)
        content += bytes(reversed(septets))
    return tagged(0x06, bytes(content))


def generalized_time(moment: datetime) -> bytes:
    """GeneralizedTime in UTC, to the second."""
    return tagged(0x18, _utc(moment).strftime("%Y%m%d%H%M%SZ").rjust(15, "0").encode())


def time(moment: datetime) -> bytes:
    """`Time` as RFC 5280 wants it: UTCTime through 2049, GeneralizedTime from 2050."""
    moment = _utc(moment)
    if 1950 <= moment.year < 2050:
        return tagged(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())
    return generalized_time(moment)


def extension(dotted: str, value: bytes, *, critical: bool = False) -> bytes:
    """An Extension around the DER of its value."""
    return sequence(oid(dotted), TRUE if critical else b"", octets(value))


def algorithm(dotted: str) -> bytes:
    """An AlgorithmIdentifier with NULL parameters."""
    return sequence(oid(dotted), NULL)


SHA256_WITH_RSA = algorithm("1.2.840.113549.1.1.11")


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time without a time zone is ambiguous: pass an aware datetime")
    return moment.astimezone(UTC)
