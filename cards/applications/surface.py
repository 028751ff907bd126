"""券面事項確認AP: the face of the card with its pictures, to check that plastic and chip belong together (CARD.md 1.2)."""

from __future__ import annotations

import hashlib

from cards.applications.text import certificate, face_keys
from cards.chip.files import Application, File, KeyFile, KeyUse, PinFile, TransparentFile, needs
from cards.chip.status import SW
from cards.chip.tlv import tlv, with_offsets
from cards.contents import CardContents
from cards.face_certificate import key_id, public_key
from cards.keys import sha256_digest_info, sign_sha256
from cards.pictures import digits_png
from cards.pins import PinName

AID = bytes.fromhex("D3921000310001010402")

AGE = 0x0001
FACE = 0x0002
BASIC_DATA = 0x0003
CERTIFICATE = 0x0004
MY_NUMBER_PICTURE = 0x0005
BIRTH_DATE = 0x0011
CODE_B = 0x0012
CODE_A = 0x0013
KEY = 0x001A


def _signed(contents: CardContents, signed: bytes, tag: int) -> bytes:
    return signed + tlv(tag, sign_sha256(face_keys(contents).issuer_key(), signed))


def _public_key(contents: CardContents, tag: int) -> bytes:
    return tlv(tag, public_key(face_keys(contents).card_key().modulus))


def age(contents: CardContents) -> bytes:
    """EF 0001: birth date, the card's key, the issuer's signature."""
    birth = tlv(0xDF11, contents.birth_date.strftime("%Y%m%d").encode())
    return tlv(0xFF10, _signed(contents, birth + _public_key(contents, 0xDF12), 0xDF13))


def face(contents: CardContents) -> bytes:
    """EF 0002. The signature covers three digests, so that a terminal need not be given the photograph.

    Expiry and security code stand behind the signature and are not covered by it, as on real cards.
    """
    pictures = contents.pictures(contents)
    birth = tlv(0xDF22, contents.birth_date.strftime("%Y%m%d").encode())
    sex = tlv(0xDF23, str(contents.sex).encode())
    key = _public_key(contents, 0xDF24)
    name = tlv(0xDF25, pictures.name_png)
    address = tlv(0xDF26, pictures.address_png)
    photo = tlv(0xDF27, pictures.photo_jp2)
    groups = (birth + sex + key, name + address, photo)
    covered = b"".join(hashlib.sha256(group).digest() for group in groups)
    signature = tlv(0xDF28, face_keys(contents).issuer_key().sign_pkcs1(sha256_digest_info(covered)))
    expiry = tlv(0xDF29, contents.expiry.strftime("%Y%m%d").encode())
    code = tlv(0xDF2A, digits_png(contents.security_code))
    return with_offsets(0xFF20, 0xDF21, (birth, sex, key, name, address, photo, signature, expiry, code))


def basic_data(contents: CardContents) -> bytes:
    """EF 0003. DF35 is opaque on real cards (a key identifier and 256 bytes); here those bytes are zero."""
    fields = (
        tlv(0xDF31, bytes.fromhex("06030E01")),
        tlv(0xDF32, key_id("0000024")),
        tlv(0xDF33, b"\x01"),
        tlv(0xDF34, contents.municipality.encode()),
        tlv(0xDF35, key_id("0000024") + bytes(256)),
    )
    return tlv(0xFF30, b"".join(fields))


def my_number_picture(contents: CardContents) -> bytes:
    """EF 0005: the My Number as a picture, the card's key, the issuer's signature."""
    picture = tlv(0xDF41, digits_png(contents.my_number))
    return tlv(0xFF40, _signed(contents, picture + _public_key(contents, 0xDF42), 0xDF43))


_CODES = needs(PinName.SURFACE_CODE_A, PinName.SURFACE_CODE_B)
_FILES: dict[int, File] = {
    AGE: TransparentFile(age, needs(PinName.SURFACE_BIRTH)),
    FACE: TransparentFile(face, _CODES),
    BASIC_DATA: TransparentFile(basic_data),
    CERTIFICATE: TransparentFile(certificate),
    MY_NUMBER_PICTURE: TransparentFile(my_number_picture, needs(PinName.SURFACE_CODE_A)),
    0x0006: TransparentFile(lambda contents: 16 * b"\xff", _CODES),
    BIRTH_DATE: PinFile(PinName.SURFACE_BIRTH),
    CODE_B: PinFile(PinName.SURFACE_CODE_B),
    CODE_A: PinFile(PinName.SURFACE_CODE_A),
    KEY: KeyFile(KeyUse.SIGNATURE, None, lambda contents: face_keys(contents).card_key),
}

PLASTIC = Application("券面事項確認AP", AID, _FILES, default_key=KEY, session_key_answer=SW.NO_KEY_DELIVERY)
