"""Commands and their status words, one by one (CARD.md 1.4)."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from sample_cards import JPKI, JUKI, MANAGER, SHARED, SURFACE, TEXT, make_card, p384_key, rsa_key, send

from cards.card import Card, CardIsOff
from cards.chip.apdu import Command, build, parse
from cards.chip.status import SW, meaning
from cards.contents import CardKind
from cards.pins import PinName


@pytest.mark.parametrize(
    ("apdu", "expected"),
    [
        ("00A40400", Command(0, 0xA4, 4, 0, b"", None, False)),
        ("00B0000000", Command(0, 0xB0, 0, 0, b"", 256, False)),
        ("00B0000005", Command(0, 0xB0, 0, 0, b"", 5, False)),
        ("00A4020C020001", Command(0, 0xA4, 2, 0xC, b"\0\1", None, False)),
        ("802A009702010200", Command(0x80, 0x2A, 0, 0x97, b"\1\2", 256, False)),
        ("00CA00F8000000", Command(0, 0xCA, 0, 0xF8, b"", 65536, True)),
        ("00CA00F8000010", Command(0, 0xCA, 0, 0xF8, b"", 16, True)),
        ("80A200000000020102", Command(0x80, 0xA2, 0, 0, b"\1\2", None, True)),
        ("80A2000000000201020000", Command(0x80, 0xA2, 0, 0, b"\1\2", 65536, True)),
        ("", None),
        ("00A404", None),
        ("00A4020C0200", None),
        ("00A4020C0200010000", None),
        ("00A4020C0000", None),
        ("00A4020C000000AA", None),
        ("00A4020C000003AABB", None),
    ],
)
def test_lengths(apdu: str, expected: Command | None) -> None:
    assert parse(bytes.fromhex(apdu)) == expected


@pytest.mark.parametrize(
    ("size", "le"), [(0, None), (0, 256), (3, None), (3, 10), (300, None), (300, 256), (0, 65536)]
)
def test_built_commands_parse_back(size: int, le: int | None) -> None:
    command = parse(build(0x80, 0x2A, 1, 2, bytes(size), le))
    assert command is not None
    assert (command.data, command.le) == (bytes(size), le)


@pytest.mark.parametrize(
    ("before", "apdu", "expected"),
    [
        # SELECT
        ("", "00A4040C0AD392F000260100000001", "9000"),
        ("", "00A404000AD392F00026010000000100", "9000"),
        ("", "00A4040C09D392F0002601000000", "6A82"),
        ("", "00A4040C0AD392F000260100000002", "6A82"),
        ("", "00A4040C", "6700"),
        ("", "00A4040C110102030405060708090A0B0C0D0E0F1011", "6700"),
        ("", "00A40400", "6700"),
        ("", "00A4000C023F00", "6A82"),
        ("", "00A40000023F0000", "6A82"),
        ("", "00A40000", "6A86"),
        (JPKI, "00A40000", "9000"),
        ("", "00A4080C023F00", "6A86"),
        ("", "00A4040405D392F00026", "6A86"),
        ("", "00A4020C02000A", "6A82"),
        (JPKI, "00A4020C02000A", "9000"),
        (JPKI, "00A4020C02001A", "9000"),
        (JPKI, "00A4020C020003", "6A82"),
        (JPKI, "00A4020C0100", "6700"),
        # READ BINARY
        (JPKI, "00B0000000", "6986"),
        (JPKI, "00B0830001", "6A82"),
        (JPKI, "00B0810001", "6982"),
        (JPKI, "00B0980001", "6981"),
        (JPKI, "00B0970001", "6981"),
        (JPKI, "00B0C10001", "6A86"),
        (JPKI, "00B09F0001", "6A86"),
        (JPKI, "00B0880203", "009000"),
        (JPKI, "00B0880303", "6B00"),
        (JPKI, "00B0880000", "8F8F009000"),
        (JPKI, "00B08800", "6700"),
        (JPKI, "00B088000101", "6700"),
        # VERIFY
        (JPKI, "00200098", "63C3"),
        (JPKI, "0020009800", "63C3"),
        (JPKI, "0020009B", "63C5"),
        (JPKI, "00200080", "6986"),
        (JPKI, "0020008A", "6981"),
        (JPKI, "00200083", "6A82"),
        (JPKI, "00200018", "6A86"),
        (JPKI, "00200198", "6A86"),
        (JPKI, "00200098" + "11" + "31" * 17, "6700"),
        (JPKI, "0020009804303030300000", "6700"),
        (TEXT, "00200092", "63C0"),
        (TEXT, "002000920431323334", "6984"),
        # CHANGE
        (JPKI, "002401980431323334", "6982"),
        (JPKI, "002400980431323334", "6A86"),
        (JPKI, "00240198", "6700"),
        (JPKI, "8032009804" + "31323334", "6985"),
        (JUKI, "0024019C0431323334", "6985"),
        (JUKI, "8032009C0431323334", "6982"),
        (TEXT, "0024019404" + "31323334", "6985"),
        # signing
        (JPKI, "802A0097010100", "6982"),
        (JPKI, "802A0697010100", "6A86"),
        (JPKI, "802A0000010100", "6A86"),
        (JPKI, "802A0017010100", "6A86"),
        (JPKI, "802A0080010100", "6986"),
        (JPKI, "802A0098010100", "6981"),
        (JPKI, "802A0096010100", "6985"),
        (JPKI, "802A009700", "6700"),
        (JPKI, "802A0097010110", "6700"),
        (SURFACE, "802A0200010100", "6985"),
        # challenge and authentication
        ("", "0084000001", None),
        ("", "0084010001", "6A86"),
        ("", "00840000000100", "6985"),
        ("", "00840000", "6700"),
        (JPKI, "0088009701AA00", "6982"),
        (TEXT, "0088009301AA00", "6985"),
        (SHARED, "0088001901AA00", "6A86"),
        (SHARED, "00880099", "6700"),
        ("", "0082000008AABBCCDDEEFF0011", "6985"),
        # the issuer's, and secure messaging
        (JPKI, "80540098", "6982"),
        (JPKI, "80AE000001AA", "6982"),
        (JUKI, "80AE000001AA", "6982"),
        (SHARED, "80AE000001AA", "66F1"),
        (SURFACE, "80AE000001AA", "66F1"),
        (TEXT, "80AE000001AA", "6A81"),
        (JPKI, "80A2000001AA", "6A86"),
        (JPKI, "80FC0000", "6700"),
        # classes and instructions
        (JPKI, "01B0880001", "6881"),
        (JPKI, "0CB0880001", "69FC"),
        (JPKI, "08200098", "69FC"),
        (JPKI, "0CA4040C0AD392F000260100000001", "6882"),
        (JPKI, "A0A40000023F00", "6E00"),
        (JPKI, "FFB0880001", "6E00"),
        (JPKI, "00C00000FF", "6D00"),
        (JPKI, "80B0880001", "6D00"),
        ("", "00CA018100", "6A88"),
        ("", "00CA00F0", "6700"),
        ("", "00", "6700"),
    ],
)
def test_status_words(card: Card, before: str, apdu: str, expected: str | None) -> None:
    if before:
        assert send(card, before) == "9000"
    answer = send(card, apdu)
    if expected is None:
        assert answer.endswith("9000")
    else:
        assert answer == expected
    assert "返さない" not in meaning(int(answer[-4:], 16))


def test_read_by_offset_to_the_end(card: Card) -> None:
    send(card, JPKI)
    assert send(card, "00A4020C020006") == "9000"
    assert send(card, "00B0009F10") == "399000"
    assert send(card, "00B000A001") == "6B00"
    assert len(send(card, "00B0000000")) == 2 * 162


def test_challenge_comes_from_outside() -> None:
    card = make_card()
    card.power_on()
    assert card.transmit(bytes.fromhex("0084000010")) != card.transmit(bytes.fromhex("0084000010"))
    again = make_card()
    again.power_on()
    assert len(again.transmit(bytes.fromhex("0084000000"))) == 258


def test_query_never_says_9000(card: Card) -> None:
    """OpenSC refuses a card that does (CARD.md 2.2)."""
    send(card, JPKI)
    assert send(card, "002000980431323334") == "9000"
    assert send(card, "00200098") == "63C3"


@pytest.mark.parametrize("ends", [JPKI, TEXT, MANAGER, "reset", "power"])
def test_what_ends_a_right(card: Card, ends: str) -> None:
    send(card, JPKI)
    send(card, "002000980431323334")
    assert send(card, "802A0097010100")[-4:] == "9000"
    if ends == "reset":
        card.reset()
    elif ends == "power":
        card.power_off()
        card.power_on()
    else:
        send(card, ends)
    send(card, JPKI)
    assert send(card, "802A0097010100") == "6982"


def test_what_does_not_end_a_right(card: Card) -> None:
    send(card, JPKI)
    send(card, "002000980431323334")
    assert send(card, "00A4040C0AD392F000260100000009") == "6A82"
    assert send(card, "002000" + "9B" + "06414243313234") == "63C4"
    for _ in range(3):
        assert send(card, "802A0097010100")[-4:] == "9000"


def test_a_wrong_try_ends_the_right(card: Card) -> None:
    send(card, JPKI)
    send(card, "002000980431323334")
    assert send(card, "002000980430303030") == "63C2"
    assert send(card, "802A0097010100") == "6982"
    assert send(card, "002401980431313131") == "6982"


def test_no_power_no_answer() -> None:
    card = make_card()
    with pytest.raises(CardIsOff):
        card.transmit(b"\x00\xa4\x04\x00")
    card.power_off()
    assert card.power_on() == card.atr


def _signature(card: Card, apdu: str) -> bytes:
    answer = bytes.fromhex(send(card, apdu))
    assert answer[-2:] == b"\x90\x00", answer.hex()
    assert len(answer) == 258
    return answer[:-2]


MESSAGE = b"what is to be signed"
DIGEST = hashlib.sha256(MESSAGE).digest()
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)


@pytest.mark.parametrize(
    ("pin", "pin_value", "key"), [("98", "31323334", "97"), ("9B", "414243313233", "9A")]
)
def test_all_modes_of_signing(card: Card, pin: str, pin_value: str, key: str) -> None:
    public = rsa_key("auth" if key == "97" else "sign").public_key()
    send(card, JPKI)
    assert send(card, f"002000{pin}{len(pin_value) // 2:02X}{pin_value}") == "9000"

    def signed(p1: int, data: bytes) -> bytes:
        return _signature(card, f"802A{p1:02X}{key}{len(data):02X}{data.hex()}00")

    verbatim = b"\x30 anything at all, without a look at it"
    assert public.recover_data_from_signature(signed(0, verbatim), padding.PKCS1v15(), None) == verbatim
    longest = bytes(range(245))
    assert public.recover_data_from_signature(signed(0, longest), padding.PKCS1v15(), None) == longest
    assert public.recover_data_from_signature(signed(1, MESSAGE), padding.PKCS1v15(), None) == DIGEST
    public.verify(signed(2, DIGEST), MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    public.verify(signed(3, MESSAGE), MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    public.verify(signed(4, DIGEST), MESSAGE, PSS, hashes.SHA256())
    public.verify(signed(5, MESSAGE), MESSAGE, PSS, hashes.SHA256())
    assert signed(5, MESSAGE) != signed(5, MESSAGE)
    for p1, data in ((0, bytes(246)), (2, bytes(31)), (2, bytes(33)), (4, bytes(31))):
        assert send(card, f"802A{p1:02X}{key}{len(data):02X}{data.hex()}00") == "6985"


def test_signing_with_a_selected_key(card: Card) -> None:
    send(card, JPKI)
    send(card, "002000980431323334")
    send(card, "00A4020C020017")
    by_selection = _signature(card, "802A008002AABB00")
    assert by_selection == _signature(card, "802A009702AABB00")


@pytest.mark.parametrize(
    ("application", "reference"), [(TEXT, "00"), (TEXT, "93"), (SURFACE, "00"), (SURFACE, "9A")]
)
def test_card_surface_keys_sign_without_a_pin(card: Card, application: str, reference: str) -> None:
    send(card, application)
    signature = _signature(card, f"802A03{reference}{len(MESSAGE):02X}{MESSAGE.hex()}00")
    rsa_key("card").public_key().verify(signature, MESSAGE, padding.PKCS1v15(), hashes.SHA256())


def test_internal_authenticate(card: Card) -> None:
    send(card, SHARED)
    signature = _signature(card, f"00880099{len(MESSAGE):02X}{MESSAGE.hex()}00")
    rsa_key("card").public_key().verify(signature, MESSAGE, padding.PKCS1v15(), hashes.SHA256())


def test_provisional_next_generation() -> None:
    card = make_card(CardKind.NEXT_GENERATION_PROVISIONAL)
    card.power_on()
    assert send(card, SURFACE) == "6A82"
    send(card, JPKI)
    assert bytes.fromhex(send(card, "00B0860020")).startswith(b"JPKIAP-NEXT-PROVISIONAL")
    send(card, "002000980431323334")
    assert send(card, "802A0097010100") == "6A86"
    answer = bytes.fromhex(send(card, f"802A0397{len(MESSAGE):02X}{MESSAGE.hex()}00"))
    public = p384_key("auth").public_key()
    public.verify(answer[:-2], MESSAGE, ec.ECDSA(hashes.SHA384()))
    digest = hashlib.sha384(MESSAGE).digest()
    answer = bytes.fromhex(send(card, f"802A0297{len(digest):02X}{digest.hex()}00"))
    public.verify(answer[:-2], digest, ec.ECDSA(utils.Prehashed(hashes.SHA384())))
    assert send(card, f"802A029720{DIGEST.hex()}00") == "6985"
    # The plan: one four-digit PIN where there are three now.
    assert send(card, TEXT) == "9000"
    assert send(card, "002000910431323334") == "9000"
    assert send(card, "00B0810003") == "FF100C9000"


def test_blocked_pins_stay_blocked_over_power(card: Card) -> None:
    send(card, JPKI)
    for expected in ("63C4", "63C3", "63C2", "63C1", "63C0", "6984", "6984"):
        assert send(card, "0020009B06303030303030") == expected
    card.power_off()
    card.power_on()
    send(card, JPKI)
    assert send(card, "0020009B06414243313233") == "6984"
    assert send(card, "0020009B") == "63C0"
    assert card.state.tries_left[PinName.SIGN] == 0


def test_meanings_are_for_people() -> None:
    assert meaning(0x63C2).endswith("残り2回です")
    assert "ロック" in meaning(0x63C0)
    for status in SW:
        assert "返さない" not in meaning(status)
    assert "返さない" in meaning(0x1234)
