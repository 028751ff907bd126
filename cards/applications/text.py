"""券面事項入力補助AP: what is printed on the card, as text, so that nobody types it in (CARD.md 1.2 and 1.5)."""

from __future__ import annotations

import hashlib

from cards.chip.files import (
    Application,
    ChangedBy,
    File,
    KeyFile,
    KeyUse,
    PinFile,
    TransparentFile,
    needs,
)
from cards.chip.status import SW
from cards.chip.tlv import tlv, with_offsets
from cards.contents import CardContents, FaceKeys
from cards.face_certificate import key_id, public_key
from cards.keys import sign_sha256
from cards.pins import PinName

AID = bytes.fromhex("D3921000310001010408")

MY_NUMBER = 0x0001
BASIC_FOUR = 0x0002
DIGESTS = 0x0003
CERTIFICATE = 0x0004
BASIC_DATA = 0x0005
SESSION_PUBLIC_KEY = 0x0006
SIGNED_PUBLIC_KEY = 0x0007
PIN = 0x0011
SEALED = 0x0012
KEY = 0x0013
CODE_A = 0x0014
CODE_B = 0x0015


def face_keys(contents: CardContents) -> FaceKeys:
    """The keys that `CardContents` has checked to be there for every card with these applications."""
    assert contents.face_keys is not None
    return contents.face_keys


def my_number(contents: CardContents) -> bytes:
    """EF 0001: 17 bytes with two of filler, which the digest of EF 0003 covers too."""
    return tlv(0xFF10, contents.my_number.encode()) + b"\xff\xff"


def basic_four_objects(contents: CardContents) -> tuple[bytes, ...]:
    """基本4情報: name, address, birth date, sex."""
    return (
        tlv(0xDF22, contents.name.encode()),
        tlv(0xDF23, contents.address.encode()),
        tlv(0xDF24, contents.birth_date.strftime("%Y%m%d").encode()),
        tlv(0xDF25, str(contents.sex).encode()),
    )


def basic_four(contents: CardContents) -> bytes:
    """EF 0002."""
    return with_offsets(0xFF20, 0xDF21, basic_four_objects(contents))


def digests(contents: CardContents) -> bytes:
    """EF 0003: digests of the two files above, over different parts of each, signed by the issuer (336 bytes)."""
    whole_file = hashlib.sha256(my_number(contents)).digest()
    without_table = hashlib.sha256(b"".join(basic_four_objects(contents))).digest()
    signed = tlv(0xDF31, whole_file) + tlv(0xDF32, without_table)
    return tlv(0xFF30, signed + tlv(0xDF33, sign_sha256(face_keys(contents).issuer_key(), signed)))


def certificate(contents: CardContents) -> bytes:
    """EF 0004: the CV certificate of the issuer's key."""
    return face_keys(contents).issuer_certificate()


def basic_data(contents: CardContents) -> bytes:
    """EF 0005. The 32 bytes before the filler are of unknown meaning; here they are a digest of the serial."""
    unknown = hashlib.sha256(contents.serial.encode()).digest() + 96 * b"\xff"
    fields = tlv(0xDF41, bytes.fromhex("01030E01")) + tlv(0xDF42, key_id("0000034")) + tlv(0xDF43, unknown)
    return tlv(0xFF40, fields)


def session_public_key(contents: CardContents) -> bytes:
    """EF 0006. Secure messaging is not simulated; a real card has a key of its own here, this one its signing key."""
    return tlv(0xA1, public_key(face_keys(contents).card_key().modulus))


def signed_public_key(contents: CardContents) -> bytes:
    """EF 0007: the key that signs challenges, signed by the issuer (536 bytes)."""
    keys = face_keys(contents)
    signed = tlv(0xDF51, public_key(keys.card_key().modulus))
    return tlv(0xFF50, signed + tlv(0xDF52, sign_sha256(keys.issuer_key(), signed)))


def _application(pin: PinName) -> Application:
    anyone = needs(pin, PinName.TEXT_CODE_A, PinName.TEXT_CODE_B)
    files: dict[int, File] = {
        MY_NUMBER: TransparentFile(my_number, needs(pin, PinName.TEXT_CODE_A)),
        BASIC_FOUR: TransparentFile(basic_four, needs(pin, PinName.TEXT_CODE_B)),
        DIGESTS: TransparentFile(digests, anyone),
        CERTIFICATE: TransparentFile(certificate),
        BASIC_DATA: TransparentFile(basic_data),
        SESSION_PUBLIC_KEY: TransparentFile(session_public_key, anyone),
        SIGNED_PUBLIC_KEY: TransparentFile(signed_public_key, anyone),
        0x0008: TransparentFile(lambda contents: 16 * b"\xff", anyone),
        PIN: PinFile(pin, ChangedBy.CHANGE_REFERENCE_DATA),
        SEALED: PinFile(PinName.TEXT_SEALED),
        KEY: KeyFile(KeyUse.SIGNATURE, None, lambda contents: face_keys(contents).card_key),
        CODE_A: PinFile(PinName.TEXT_CODE_A),
        CODE_B: PinFile(PinName.TEXT_CODE_B),
    }
    return Application("券面事項入力補助AP", AID, files, default_key=KEY, session_key_answer=SW.NOT_SUPPORTED)


PLASTIC = _application(PinName.TEXT)
NEXT_GENERATION = _application(PinName.AUTH)
"""The plan merges the three four-digit PINs into one (CARD.md 4)."""
