"""The rules of the browser bridge: shapes of messages, the life of a consent. No sockets here."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given
from hypothesis import strategies as st
from sample_cards import certificate, make_card

from cards.bridge.carrying_out import carry_out
from cards.bridge.consents import LIFE_MS, OPEN_FOR_AN_ORIGIN_MAX, OPEN_MAX, Consent, Consents, TooMany
from cards.bridge.messages import (
    DIGESTS_MAX,
    MESSAGE_CHARACTERS_MAX,
    Asked,
    Mode,
    Unreadable,
    is_digest_info,
    read_request,
)
from cards.card import Card
from cards.contents import CardKind
from cards.keys import sha256_digest_info
from cards.terminal import Locked, WrongPin

MESSAGE = "ログインします".encode()
DIGEST_INFO = sha256_digest_info(hashlib.sha256(MESSAGE).digest())
DIGEST = base64.b64encode(DIGEST_INFO).decode()
SITE, OTHER = "http://127.0.0.1:8600", "http://127.0.0.1:8601"


def asked(mode: str = "01", **more: Any) -> Asked:
    read = read_request(json.dumps({"mode": mode, "service_id": "01", "digest": DIGEST} | more))
    assert isinstance(read, Asked), read
    return read


def holds(der: str, signature: str, message: bytes = MESSAGE) -> None:
    key = x509.load_der_x509_certificate(base64.b64decode(der + "=" * (-len(der) % 4))).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(base64.b64decode(signature), message, padding.PKCS1v15(), hashes.SHA256())


def test_authentication_as_the_real_client_answers_it(card: Card) -> None:
    answer = carry_out(asked(), card.transmit, "1234", "an installation")

    assert isinstance(answer, dict)
    assert set(answer) == {"mode", "result", "uuid", "signature", "certificate", "combination_code"}
    assert (answer["mode"], answer["result"], answer["uuid"]) == ("01", "0", "an installation")
    assert not answer["certificate"].endswith("=")
    holds(answer["certificate"], answer["signature"])


def test_the_combination_code_tells_cards_and_installations_apart(card: Card) -> None:
    codes = set()
    for uuid in ("one", "other"):
        answers = [carry_out(asked(), card.transmit, "1234", uuid) for _ in range(2)]
        assert answers[0] == answers[1]
        assert isinstance(answers[0], dict)
        codes.add(answers[0]["combination_code"])
    assert len(codes) == 2


def test_a_phone_has_no_combination_code() -> None:
    phone = make_card(CardKind.ANDROID)
    phone.power_on()
    answer = carry_out(asked(), phone.transmit, "1234", "an installation")
    assert isinstance(answer, dict)
    assert "combination_code" not in answer


def test_several_signatures_for_one_consent(card: Card) -> None:
    messages = [b"one", b"two", b"three"]
    digests = [
        base64.b64encode(sha256_digest_info(hashlib.sha256(message).digest())).decode()
        for message in messages
    ]
    # A person's small letters are capitals on the card.
    answer = carry_out(asked("02", digest=digests), card.transmit, "abc123", "")
    assert isinstance(answer, dict)
    assert set(answer) == {"mode", "result", "signature", "certificate"}
    assert base64.b64decode(answer["certificate"] + "==") == certificate("sign")
    for message, signature in zip(messages, answer["signature"], strict=True):
        holds(answer["certificate"], signature, message)


def test_the_basic_four_as_hexadecimal(card: Card) -> None:
    answer = carry_out(asked("04", digest=None), card.transmit, "2345", "")
    assert isinstance(answer, dict)
    said = {
        name: bytes.fromhex(value).decode()
        for name, value in answer.items()
        if name not in ("mode", "result")
    }
    assert said == {
        "name": "黒桐　幹也",
        "sex": "1",
        "address": "東京都清瀬市観布子南１２－７－２０２",
        "birthday": "19800217",
    }


def test_a_wrong_pin_is_for_the_person_alone(card: Card) -> None:
    for left in (2, 1):
        assert carry_out(asked(), card.transmit, "0000", "") == WrongPin(left)
    assert carry_out(asked(), card.transmit, "0000", "") == Locked()
    assert carry_out(asked(), card.transmit, "1234", "") == Locked()


def test_close_needs_nothing() -> None:
    assert read_request('{"mode": "05"}') == Asked(Mode.CLOSE, (), {"mode": "05"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '"01"',
        "{",
        "[" * 5000,
        json.dumps({"service_id": "01", "digest": DIGEST}),
        json.dumps({"mode": "03", "service_id": "01", "digest": DIGEST}),
        json.dumps({"mode": ["01"], "service_id": "01", "digest": DIGEST}),
        json.dumps({"mode": "01", "digest": DIGEST}),
        json.dumps({"mode": "01", "service_id": "02", "digest": DIGEST}),
        json.dumps({"mode": "01", "service_id": "01"}),
        json.dumps({"mode": "01", "service_id": "01", "digest": [DIGEST]}),
        json.dumps({"mode": "01", "service_id": "01", "digest": "あ"}),
        json.dumps({"mode": "01", "service_id": "01", "digest": base64.b64encode(bytes(32)).decode()}),
        json.dumps({"mode": "02", "service_id": "01", "digest": []}),
        json.dumps({"mode": "02", "service_id": "01", "digest": [DIGEST] * (DIGESTS_MAX + 1)}),
        json.dumps({"mode": "02", "service_id": "01", "digest": [DIGEST, 7]}),
        json.dumps({"mode": "04"}) + " " * MESSAGE_CHARACTERS_MAX,
    ],
)
def test_what_is_not_a_request(text: str) -> None:
    assert isinstance(read_request(text), Unreadable)


@given(st.text() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert isinstance(read_request(text), Unreadable | Asked)


@given(st.binary(max_size=100))
def test_only_digest_infos_are_signed(value: bytes) -> None:
    assert is_digest_info(value) == (value[:19] == DIGEST_INFO[:19] and len(value) == 51)


def consents() -> Consents:
    numbers = itertools.count()
    return Consents(lambda: f"token {next(numbers)}")


def begun(all_of_them: Consents, origin: str = SITE, now_ms: int = 0) -> Consent:
    consent = all_of_them.ask(origin, asked(), now_ms)
    assert isinstance(consent, Consent)
    return consent


def test_an_answer_is_given_once_and_fetched_once() -> None:
    every = consents()
    consent = begun(every)
    assert every.take(consent.identifier, SITE, 1) is consent, "not yet"

    assert every.settle(consent, {"result": "0"}, 2)
    assert not every.settle(consent, {"result": "another"}, 3)
    assert not every.cancel(consent, 3)

    assert every.take(consent.identifier, OTHER, 4) is None, "not its own"
    assert every.take(consent.identifier, SITE, 4) == {"result": "0"}
    assert every.take(consent.identifier, SITE, 5) is None
    assert len(every) == 0


def test_who_gives_up_sends_the_request_back_with_the_real_error() -> None:
    every = consents()
    consent = begun(every)
    every.cancel(consent, 1)
    assert every.take(consent.identifier, SITE, 2) == {
        "mode": "01",
        "service_id": "01",
        "digest": DIGEST,
        "result": "1",
        "errcode": "EW044-C300",
    }


def test_time_gives_up_too_and_then_forgets() -> None:
    every = consents()
    first, second = begun(every), begun(every)
    answer = every.take(first.identifier, SITE, LIFE_MS)
    assert isinstance(answer, dict)
    assert answer["errcode"] == "EW044-C300"
    assert not every.settle(second, {"result": "0"}, LIFE_MS), "too late to sign"
    assert every.find(second.identifier, 2 * LIFE_MS) is None


def test_there_is_a_limit_for_each_site_and_for_all() -> None:
    every = consents()
    for _ in range(OPEN_FOR_AN_ORIGIN_MAX):
        begun(every)
    assert every.ask(SITE, asked(), 0) == TooMany()
    for number in range(OPEN_MAX - OPEN_FOR_AN_ORIGIN_MAX):
        begun(every, f"http://site{number}")
    assert every.ask(OTHER, asked(), 0) == TooMany()
    begun(every, OTHER, now_ms=2 * LIFE_MS)


def test_close_gives_up_what_this_site_asked() -> None:
    every = consents()
    mine, others = begun(every), begun(every, OTHER)
    every.close(SITE, 1)
    assert mine.answer is not None
    assert others.answer is None


def test_identifier_and_seal_differ() -> None:
    consent = begun(consents())
    assert consent.identifier != consent.seal
    assert consent.seal not in repr(consent)
