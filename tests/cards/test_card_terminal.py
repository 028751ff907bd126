"""The reader's side against the card: what actors, Locust and the browser's reader build on."""

from __future__ import annotations

import hashlib
from datetime import date

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from sample_cards import certificate, make_card

from cards import terminal
from cards.card import Card
from cards.contents import CardKind
from cards.keys import sha256_digest_info
from cards.pins import PinName

NONCE = b"the portal's nonce"


def _checks(certificate_der: bytes, signature: bytes, message: bytes) -> None:
    key = x509.load_der_x509_certificate(certificate_der).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.requirement("ACC-1")
def test_authenticate_signs_with_the_right_pin(card: Card) -> None:
    digest_info = sha256_digest_info(hashlib.sha256(NONCE).digest())
    outcome = terminal.authenticate(card.transmit, "1234", digest_info)
    assert isinstance(outcome, terminal.Signed)
    assert outcome.certificate == certificate("auth")
    _checks(outcome.certificate, outcome.signature, NONCE)


@pytest.mark.requirement("ACC-1")
def test_wrong_pins_count_down_and_lock(card: Card) -> None:
    outcomes = [terminal.authenticate(card.transmit, pin, b"x") for pin in ("0000", "0000", "0000", "1234")]
    assert outcomes == [
        terminal.WrongPin(2),
        terminal.WrongPin(1),
        terminal.Locked(),
        terminal.Locked(),
    ]
    assert terminal.tries_left(card.transmit) == terminal.TriesLeft(0)
    card.power_off()
    card.power_on()
    assert terminal.authenticate(card.transmit, "1234", b"x") == terminal.Locked()


def test_a_right_pin_gives_the_tries_back(card: Card) -> None:
    assert terminal.authenticate(card.transmit, "9999", b"x") == terminal.WrongPin(2)
    assert isinstance(terminal.authenticate(card.transmit, "1234", b"x"), terminal.Signed)
    assert terminal.tries_left(card.transmit) == terminal.TriesLeft(3)


@pytest.mark.parametrize("typed", ["", "１２３４"])
def test_what_cannot_be_a_pin_costs_no_try(card: Card, typed: str) -> None:
    assert terminal.authenticate(card.transmit, typed, b"x") == terminal.CardError(0x6A80)
    assert terminal.tries_left(card.transmit) == terminal.TriesLeft(3)


def test_sign_takes_small_letters_from_people(card: Card) -> None:
    outcome = terminal.sign(card.transmit, "abc123", NONCE, terminal.Scheme.HASH_ON_CARD)
    assert isinstance(outcome, terminal.Signed)
    assert outcome.certificate == certificate("sign")
    _checks(outcome.certificate, outcome.signature, NONCE)


def test_sign_on_a_childs_card_is_locked() -> None:
    card = make_card(grown_up=False)
    card.power_on()
    assert terminal.sign(card.transmit, "ABC123", b"x") == terminal.Locked()
    assert isinstance(terminal.authenticate(card.transmit, "1234", b"x"), terminal.Signed)


def test_read_what_is_printed_on_the_card(card: Card) -> None:
    assert terminal.read_basic_four(card.transmit, "2345") == terminal.BasicFour(
        "黒桐　幹也", "東京都清瀬市観布子南１２－７－２０２", date(1980, 2, 17), 1
    )
    assert terminal.read_my_number(card.transmit, "2345") == terminal.MyNumber("537686677188")
    assert terminal.read_card_record(card.transmit) == terminal.CardRecord(
        "400000012719843", "13221", date(2035, 2, 17)
    )
    assert terminal.read_my_number(card.transmit, "1234") == terminal.WrongPin(2)


def test_auth_certificate_needs_the_pin_on_a_phone_only(card: Card) -> None:
    assert terminal.auth_certificate(card.transmit) == terminal.Certificate(certificate("auth"))
    phone = make_card(CardKind.ANDROID)
    phone.power_on()
    assert terminal.auth_certificate(phone.transmit) == terminal.CardError(0x6982)
    assert terminal.auth_certificate(phone.transmit, "1234") == terminal.Certificate(certificate("auth"))
    assert terminal.read_my_number(phone.transmit, "2345") == terminal.CardError(0x6A82)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (PinName.AUTH, "1234", "7777"),
        (PinName.SIGN, "ABC123", "XYZ98765"),
        (PinName.TEXT, "2345", "8888"),
        (PinName.JUKI, "3456", "9999"),
        (PinName.SHARED_CARD, "3456", "9999"),
    ],
)
def test_change_each_pin(card: Card, name: PinName, old: str, new: str) -> None:
    assert terminal.change_pin(card.transmit, name, new, old) == terminal.WrongPin(
        4 if name is PinName.SIGN else 2
    )
    assert terminal.change_pin(card.transmit, name, old, new) == terminal.Changed()
    assert card.state.values[name] == new
    assert terminal.change_pin(card.transmit, name, new, "!") == terminal.CardError(0x6A80)
    assert terminal.change_pin(card.transmit, name, new, old) == terminal.Changed()


async def test_the_same_dialogue_over_a_coroutine(card: Card) -> None:
    async def transmit(apdu: bytes) -> bytes:
        return card.transmit(apdu)

    assert await terminal.run_async(terminal.tries_left_steps(PinName.AUTH), transmit) == terminal.TriesLeft(
        3
    )
    refused = terminal.sign_steps(PinName.AUTH, "0000", b"x")
    assert await terminal.run_async(refused, transmit) == terminal.WrongPin(2)
