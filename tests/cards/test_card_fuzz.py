"""Random and mutated APDUs: always a status word, never an exception, no state corrupted.

`MYNASIM_CARD_FUZZ_APDUS` says how many; a million otherwise. Each sequence has a seed of its own,
which the assertion names.
"""

from __future__ import annotations

import os
import random

import pytest
from sample_cards import JPKI, JUKI, MANAGER, SHARED, SURFACE, TEXT, make_card

from cards.applications.profiles import PROFILES
from cards.card import ISO, OWN
from cards.chip.status import SW
from cards.contents import CardKind
from cards.keys import RsaSigner
from cards.pins import TRIES_MAX
from cards.state import CardState

APDUS = int(os.environ.get("MYNASIM_CARD_FUZZ_APDUS", "1000000"))
SEQUENCE = 250

KNOWN = {int(each) for each in SW} | {0x63C0 | left for left in range(16)}

TEMPLATES = [
    bytes.fromhex(each)
    for each in (
        *(JPKI, TEXT, SURFACE, JUKI, SHARED, MANAGER),
        *("00A4020C02000A", "00A4020C020018", "00A4020C02001A", "00B0000000", "00B0810000", "00B08A0000"),
        *(
            "002000980431323334",
            "0020009B06414243313233",
            "002000910432333435",
            "00200080",
            "002000980430303030",
        ),
        *(
            "002401980431323334",
            "8032009C0433343536",
            "802A009702AABB00",
            "802A039A02AABB00",
            "802A000002AABB00",
        ),
        *("00B2010C00", "00CA00F800", "00CA00F8000000", "0084000008", "0088009902AABB00", "80AE000001AA"),
        *("80540098", "8050000008AABBCCDDEEFF0011", "80A2000001AA"),
    )
]


def random_apdu(chance: random.Random) -> bytes:
    shape = chance.random()
    if shape < 0.1:
        return chance.randbytes(chance.randrange(0, 12))
    if shape < 0.4:
        ins = chance.choice([*ISO, *OWN])
        cla = chance.choice([0x00, 0x80, 0x00, 0x80, chance.randrange(256)])
        head = bytes((cla, ins, chance.randrange(256), chance.choice([0, 0x80, 0x0C, chance.randrange(256)])))
        body = chance.randbytes(chance.choice([0, 0, 1, 2, 4, 6, 16, 32, 255]))
        return head + (bytes((len(body),)) + body if body else b"") + chance.choice([b"", b"\x00", b"\x10"])
    apdu = bytearray(chance.choice(TEMPLATES))
    if shape < 0.7:
        for _ in range(chance.randrange(1, 4)):
            how = chance.randrange(4)
            at = chance.randrange(len(apdu))
            if how == 0:
                apdu[at] = chance.randrange(256)
            elif how == 1:
                apdu[at] ^= 1 << chance.randrange(8)
            elif how == 2 and len(apdu) > 1:
                del apdu[at]
            else:
                apdu.insert(at, chance.randrange(256))
    return bytes(apdu)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", CardKind)
def test_any_bytes_are_answered_and_nothing_is_corrupted(
    kind: CardKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    # RSA itself is OpenSSL's and would take nine tenths of the time; what is fuzzed is what decides to sign.
    monkeypatch.setattr(RsaSigner, "sign_pkcs1", lambda self, data: bytes(256))
    monkeypatch.setattr(RsaSigner, "sign_pss", lambda self, digest, salt: bytes(256))
    secrets = (b"537686677188",)
    for seed in range(APDUS // SEQUENCE // len(CardKind)):
        chance = random.Random(f"{kind.value} {seed}")
        card = make_card(kind, grown_up=seed % 5 != 0)
        card.power_on()
        opened = False
        for step in range(SEQUENCE):
            if chance.random() < 0.005:
                card.reset()
            apdu = random_apdu(chance)
            before = dict(card.state.tries_left), dict(card.state.values)
            answer = card.transmit(apdu)
            where = f"{kind.value}, seed {seed}, step {step}: {apdu.hex()} -> {answer.hex()}"
            status = int.from_bytes(answer[-2:], "big")
            assert status in KNOWN, where
            assert len(answer) == 2 or status == SW.OK, where
            for name, limit in TRIES_MAX.items():
                assert 0 <= card.state.tries_left[name] <= limit, where
            if (card.state.tries_left, card.state.values) != before:
                # Only a PIN command changes what the card remembers.
                assert apdu[1] in (0x20, 0x24, 0x32), where
            opened = opened or (apdu[:2] == b"\x00\x20" and status == SW.OK)
            if not opened:
                assert not any(secret in answer for secret in secrets), where
        assert CardState.from_json(card.state.to_json()) == card.state
        # Still a card: every application can be selected.
        for aid in PROFILES[kind].applications:
            assert card.transmit(bytes((0, 0xA4, 4, 0x0C, len(aid))) + aid) == b"\x90\x00"
