"""Every file of every application: who may read it, and what is in it (CARD.md 1.2 and 1.5)."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import replace
from datetime import date

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from sample_cards import JPKI, JUKI, MANAGER, SHARED, SURFACE, TEXT, make_card, make_contents, rsa_key, send

from cards.applications.profiles import PROFILES
from cards.card import Card
from cards.chip.files import TransparentFile
from cards.chip.tlv import content, objects, tlv
from cards.contents import CardKind
from cards.eras import era_digits
from cards.keys import sha256_digest_info
from cards.pins import PinName
from cards.state import CardState

SHA256 = (padding.PKCS1v15(), hashes.SHA256())

CODES = {
    PinName.AUTH: b"1234",
    PinName.SIGN: b"ABC123",
    PinName.TEXT: b"2345",
    PinName.TEXT_CODE_A: b"537686677188",
    PinName.TEXT_CODE_B: b"55021720352285",
    PinName.SURFACE_BIRTH: b"550217",
    PinName.SURFACE_CODE_A: b"537686677188",
    PinName.SURFACE_CODE_B: b"55021720352285",
}

PIN_FILES = {
    JPKI: {PinName.AUTH: 0x18, PinName.SIGN: 0x1B},
    TEXT: {PinName.TEXT: 0x11, PinName.TEXT_CODE_A: 0x14, PinName.TEXT_CODE_B: 0x15},
    SURFACE: {PinName.SURFACE_BIRTH: 0x11, PinName.SURFACE_CODE_B: 0x12, PinName.SURFACE_CODE_A: 0x13},
}

# Written down from CARD.md 1.2 by hand, not taken from the applications: file, and the PINs that open it.
FREE = frozenset({None, *CODES})
OPENED_BY = {
    JPKI: {
        0x01: {PinName.SIGN},
        0x02: FREE,
        0x06: FREE,
        0x08: FREE,
        0x09: set(),
        0x0A: FREE,
        0x0B: FREE,
    },
    TEXT: {
        0x01: {PinName.TEXT, PinName.TEXT_CODE_A},
        0x02: {PinName.TEXT, PinName.TEXT_CODE_B},
        0x03: {PinName.TEXT, PinName.TEXT_CODE_A, PinName.TEXT_CODE_B},
        0x04: FREE,
        0x05: FREE,
        0x06: {PinName.TEXT, PinName.TEXT_CODE_A, PinName.TEXT_CODE_B},
        0x07: {PinName.TEXT, PinName.TEXT_CODE_A, PinName.TEXT_CODE_B},
    },
    SURFACE: {
        0x01: {PinName.SURFACE_BIRTH},
        0x02: {PinName.SURFACE_CODE_A, PinName.SURFACE_CODE_B},
        0x03: FREE,
        0x04: FREE,
        0x05: {PinName.SURFACE_CODE_A},
    },
}


def verify(card: Card, identifier: int, value: bytes) -> bytes:
    return card.transmit(bytes((0x00, 0x20, 0x00, 0x80 | identifier, len(value))) + value)


def read(card: Card, identifier: int) -> bytes:
    """The whole file, filler included."""
    assert card.transmit(bytes((0x00, 0xA4, 0x02, 0x0C, 0x02, 0x00, identifier))) == b"\x90\x00"
    data = b""
    while True:
        answer = card.transmit(bytes((0x00, 0xB0, len(data) >> 8, len(data) & 0xFF, 0x00)))
        if answer == b"\x6b\x00":
            return data
        assert answer[-2:] == b"\x90\x00", answer[-2:].hex()
        data += answer[:-2]


@pytest.mark.parametrize("application", OPENED_BY)
def test_who_may_read_what(card: Card, application: str) -> None:
    for name in (None, *PIN_FILES[application]):
        assert send(card, application) == "9000"
        if name is not None:
            assert verify(card, PIN_FILES[application][name], CODES[name]) == b"\x90\x00"
        for identifier, openers in OPENED_BY[application].items():
            answer = card.transmit(bytes((0x00, 0xB0, 0x80 | identifier, 0x00, 0x01)))
            opened = name in openers
            assert answer[-2:].hex() == ("9000" if opened else "6982"), (identifier, name)
            assert len(answer) == (3 if opened else 2)


@pytest.mark.parametrize("kind", CardKind)
def test_a_fresh_card_shows_free_files_alone(kind: CardKind) -> None:
    card = make_card(kind)
    card.power_on()
    for aid, application in PROFILES[kind].applications.items():
        card.transmit(bytes((0x00, 0xA4, 0x04, 0x0C, len(aid))) + aid)
        for identifier, file in application.files.items():
            answer = card.transmit(bytes((0x00, 0xB0, 0x80 | identifier, 0x00, 0x01)))
            if not isinstance(file, TransparentFile):
                assert answer.hex() == "6981"
            elif file.guard is None:
                assert answer[-2:].hex() == "9000"
            else:
                assert answer.hex() == "6982"


def test_token_information(card: Card) -> None:
    send(card, JPKI)
    token = read(card, 0x06)
    assert len(token) == 160
    assert token[:32] == b"JPKIAPICCTOKEN2".ljust(32)
    assert token[96:100].hex() == "0000040d"
    assert token[-20:] == b"0301" + 16 * b"9"
    assert read(card, 0x08).hex() == "8f8f00"
    phone = make_card(CardKind.ANDROID)
    phone.power_on()
    send(phone, JPKI)
    assert read(phone, 0x06)[:32] == b"JPKIAPGPSETOKEN".ljust(32)
    child = make_card(grown_up=False)
    child.power_on()
    send(child, JPKI)
    assert read(child, 0x08).hex() == "008f00"


def test_basic_four_is_byte_for_byte_that_of_a_test_card(card: Card) -> None:
    """The example that others read off a real test card (CARD.md 1.5)."""
    send(card, TEXT)
    verify(card, 0x11, b"2345")
    assert read(card, 0x02).hex() == (
        "ff2065df2108000e002000590064df220fe9bb92e6a190e38080e5b9b9e4b99fdf2336e69db1e4baace983bde6b885e7"
        "80ace5b882e8a6b3e5b883e5ad90e58d97efbc91efbc92efbc8defbc97efbc8defbc92efbc90efbc92df240831393830"
        "30323137df250131"
    )
    assert read(card, 0x01) == b"\xff\x10\x0c537686677188\xff\xff"


@pytest.mark.parametrize("characters", [10, 30, 60, 200])
def test_offsets_hold_for_long_addresses(characters: int) -> None:
    card = make_card()
    long = replace(card.contents, address="長" * characters)
    card = Card(long, card.state, bytes)
    card.power_on()
    send(card, TEXT)
    verify(card, 0x11, b"2345")
    file = read(card, 0x02)
    parts = dict(objects(content(file, 0xFF20)))
    offsets = [int.from_bytes(parts[0xDF21][at : at + 2], "big") for at in range(0, 8, 2)]
    assert [file[at : at + 2].hex() for at in offsets] == ["df22", "df23", "df24", "df25"]


def test_text_files_are_signed(card: Card) -> None:
    issuer = rsa_key("issuer").public_key()
    send(card, TEXT)
    verify(card, 0x11, b"2345")
    digests = dict(objects(content(read(card, 0x03), 0xFF30)))
    assert digests[0xDF31] == hashlib.sha256(read(card, 0x01)).digest()
    four = content(read(card, 0x02), 0xFF20)
    assert digests[0xDF32] == hashlib.sha256(four[11:]).digest()
    issuer.verify(digests[0xDF33], tlv(0xDF31, digests[0xDF31]) + tlv(0xDF32, digests[0xDF32]), *SHA256)
    key = dict(objects(content(read(card, 0x07), 0xFF50)))
    issuer.verify(key[0xDF52], tlv(0xDF51, key[0xDF51]), *SHA256)
    assert [len(read(card, each)) for each in (0x03, 0x04, 0x07)] == [336, 568, 536]
    certificate = dict(objects(content(read(card, 0x04), 0x7F21)))
    rsa_key("root").public_key().verify(certificate[0x5F37], certificate[0x5F4E], *SHA256)


def test_surface_files_are_signed(card: Card) -> None:
    issuer = rsa_key("issuer").public_key()
    send(card, SURFACE)
    verify(card, 0x13, b"537686677188")
    verify(card, 0x11, b"550217")
    face_file = read(card, 0x02)
    face = dict(objects(content(face_file, 0xFF20)))
    offsets = [int.from_bytes(face[0xDF21][at : at + 2], "big") for at in range(0, 18, 2)]
    assert [face_file[at + 1] for at in offsets] == list(range(0x22, 0x2B))
    groups = ((0xDF22, 0xDF23, 0xDF24), (0xDF25, 0xDF26), (0xDF27,))
    covered = b"".join(
        hashlib.sha256(b"".join(tlv(tag, face[tag]) for tag in group)).digest() for group in groups
    )
    n = issuer.public_numbers().n
    block = pow(int.from_bytes(face[0xDF28], "big"), 65537, n).to_bytes(256, "big")
    assert block.endswith(b"\x00" + sha256_digest_info(covered))
    assert (face[0xDF22], face[0xDF29]) == (b"19800217", b"20350217")
    for tag in (0xDF25, 0xDF26, 0xDF2A):
        assert face[tag].startswith(b"\x89PNG\r\n\x1a\n")
    assert face[0xDF27][4:8] == b"jP  "
    age = dict(objects(content(read(card, 0x01), 0xFF10)))
    issuer.verify(age[0xDF13], tlv(0xDF11, age[0xDF11]) + tlv(0xDF12, age[0xDF12]), *SHA256)
    number = dict(objects(content(read(card, 0x05), 0xFF40)))
    issuer.verify(number[0xDF43], tlv(0xDF41, number[0xDF41]) + tlv(0xDF42, number[0xDF42]), *SHA256)
    assert number[0xDF41][16:24] == (72).to_bytes(4, "big") + (12).to_bytes(4, "big")


def test_pictures_are_whole_png(card: Card) -> None:
    send(card, SURFACE)
    verify(card, 0x12, b"55021720352285")
    picture = dict(objects(content(read(card, 0x02), 0xFF20)))[0xDF2A]
    start = picture.index(b"IDAT") + 4
    size = int.from_bytes(picture[start - 8 : start - 4], "big")
    assert len(zlib.decompress(picture[start : start + size])) == 12 * (1 + 3)


def test_shared_card_record(card: Card) -> None:
    send(card, SHARED)
    record = b"\x01\x1c" + b"400000012719843" + b"13221" + b"20350217"
    assert send(card, "00B2010C00") == record.hex().upper() + "9000"
    assert send(card, "00B2010D00") == record.hex().upper() + "9000"
    assert send(card, "00B2020C00") == "6A83"
    assert send(card, "00B2000C00") == "6A83"
    assert send(card, "00B2010400") == record.hex().upper() + "9000"
    assert send(card, "00B2010E00") == "6A86"
    assert send(card, "00B201E400") == "6981"
    assert send(card, "00B0810000") == "6981"
    assert send(card, JUKI) == "9000"
    assert send(card, "00B2011400")[-4:] == "9000"


def test_card_manager_objects(card: Card) -> None:
    assert send(card, "00CA00F000") == b"13221".hex().upper() + "9000"
    assert send(card, "00CA00F200") == b"20350217".hex().upper() + "9000"
    assert send(card, "00CA5F5100") == "E000FF8131FE45149000"
    for tag in ("0042", "0045", "0066", "00F7"):
        assert send(card, f"00CA{tag}00")[-4:] == "9000"
    assert send(card, "00CA00F800") == "6700"
    assert len(send(card, "00CA00F8000000")) == 2 * (563 + 2)
    assert send(card, "00CA7F2100") == "6A88"
    send(card, JPKI)
    assert send(card, "00CA00F000") == "6A88"
    assert send(card, "00CA5F5100") == "E000FF8131FE45149000"
    assert send(card, MANAGER) == "9000"
    assert send(card, "00CA00F000")[-4:] == "9000"


@pytest.mark.parametrize(
    ("day", "digits"),
    [
        (date(1980, 2, 17), "550217"),
        (date(2019, 4, 30), "310430"),
        (date(2019, 5, 1), "010501"),
        (date(1989, 1, 7), "640107"),
        (date(1989, 1, 8), "010108"),
        (date(1926, 12, 24), "151224"),
        (date(1926, 12, 25), "011225"),
        (date(1912, 7, 29), "450729"),
    ],
)
def test_era_digits(day: date, digits: str) -> None:
    assert era_digits(day) == digits


@pytest.mark.parametrize(
    "wrong",
    [{"my_number": "12345678901"}, {"serial": "x" * 15}, {"sex": 3}, {"sign_key": None}, {"face_keys": None}],
)
def test_contents_that_make_no_card(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        replace(make_contents(), **wrong)


def test_keys_and_images_are_made_only_when_needed() -> None:
    asked: list[str] = []
    contents = make_contents()
    real = contents.face_keys
    assert real is not None

    def card_key():  # type: ignore[no-untyped-def]
        asked.append("card")
        return real.card_key()

    lazy = replace(contents, face_keys=replace(real, card_key=card_key))
    card = Card(lazy, CardState.fresh(text_pin="2345"), bytes)
    card.power_on()
    send(card, TEXT)
    verify(card, 0x11, b"2345")
    read(card, 0x02)
    assert asked == []
    read(card, 0x07)
    read(card, 0x07)
    assert asked == ["card"]
