"""No sequence of APDUs reads a protected file, signs without its PIN, or gains a try.

A state machine plays with a card and with a model of the access rules that was written from CARD.md by itself: it shares
no table with `cards/`.
"""

from __future__ import annotations

from unittest.mock import patch

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sample_cards import JPKI, JUKI, MANAGER, SHARED, SURFACE, TEXT, make_card

from cards.card import Card
from cards.issuing import set_pin
from cards.keys import RsaSigner
from cards.pins import PinName
from cards.state import CardState

# application: {file: (secret's name, limit, how it is changed)}
SECRETS = {
    JPKI: {0x18: ("auth", 3, "24"), 0x1B: ("sign", 5, "24")},
    TEXT: {0x11: ("text", 3, "24"), 0x14: ("text_code_a", 10, ""), 0x15: ("text_code_b", 10, "")},
    SURFACE: {
        0x11: ("surface_birth", 10, ""),
        0x12: ("surface_code_b", 10, ""),
        0x13: ("surface_code_a", 10, ""),
    },
    JUKI: {0x1C: ("juki", 3, "32")},
    SHARED: {0x1C: ("shared_card", 3, "32")},
    MANAGER: {},
}
# application: {file: secrets that open it}; a missing file is free, an empty list opens never
READ = {
    JPKI: {0x01: ["sign"], 0x02: None, 0x06: None, 0x08: None, 0x09: [], 0x0A: None, 0x0B: None},
    TEXT: {
        0x01: ["text", "text_code_a"],
        0x02: ["text", "text_code_b"],
        0x03: ["text", "text_code_a", "text_code_b"],
        0x04: None,
        0x05: None,
        0x06: ["text", "text_code_a", "text_code_b"],
        0x07: ["text", "text_code_a", "text_code_b"],
        0x08: ["text", "text_code_a", "text_code_b"],
    },
    SURFACE: {
        0x01: ["surface_birth"],
        0x02: ["surface_code_a", "surface_code_b"],
        0x03: None,
        0x04: None,
        0x05: ["surface_code_a"],
        0x06: ["surface_code_a", "surface_code_b"],
    },
    JUKI: {},
    SHARED: {},
    MANAGER: {},
}
SIGN = {JPKI: {0x17: "auth", 0x1A: "sign"}}
STARTING = {
    "auth": b"1234",
    "sign": b"ABC123",
    "text": b"2345",
    "juki": b"3456",
    "shared_card": b"3456",
    "text_code_a": b"537686677188",
    "surface_code_a": b"537686677188",
    "text_code_b": b"55021720352285",
    "surface_code_b": b"55021720352285",
    "surface_birth": b"550217",
}
DIGIT_FORMS = (b"1234", b"2345", b"3456", b"0000", b"7777")
SIGN_FORMS = (b"ABC123", b"NEW9999")
PLACES = {name: (where, each) for where, files in SECRETS.items() for each, (name, _, _) in files.items()}
LIMITS = {name: limit for files in SECRETS.values() for name, limit, _ in files.values()}

applications = st.sampled_from(sorted(SECRETS))
guesses = st.sampled_from(
    [*STARTING.values(), b"0000", b"7777", b"NEW9999", b"abc123", b"1", b"12345678901234567"]
)
identifiers = st.integers(1, 0x1E)


_signatures: dict[bytes, bytes] = {}


def _remembered(self: RsaSigner, data: bytes) -> bytes:
    """Signatures are made once: the machine asks for the same ones thousands of times."""
    signature = _signatures.get(data)
    if signature is None:
        signature = _signatures[data] = really_sign(self, data)
    return signature


really_sign = RsaSigner.sign_pkcs1


class AccessRules(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.patched = patch.object(RsaSigner, "sign_pkcs1", _remembered)
        self.patched.start()
        self.card = make_card()
        self.card.power_on()
        self.application = MANAGER
        self.values = dict(STARTING)
        self.left = dict(LIMITS)
        self.granted: set[str] = set()

    def teardown(self) -> None:
        self.patched.stop()

    def send(self, apdu: bytes) -> bytes:
        return self.card.transmit(apdu)

    @rule(application=applications)
    def select(self, application: str) -> None:
        assert self.send(bytes.fromhex(application)) == b"\x90\x00"
        self.application = application
        self.granted = set()

    @rule()
    def select_what_is_not_there(self) -> None:
        assert self.send(bytes.fromhex("00A4040C05D392F00099")) == b"\x6a\x82"

    @rule()
    def reset(self) -> None:
        self.card.reset()
        self.application = MANAGER
        self.granted = set()

    @rule()
    def save_and_take_up_again(self) -> None:
        saved = self.card.state.to_json()
        self.card = Card(self.card.contents, CardState.from_json(saved), bytes)
        self.card.power_on()
        self.application = MANAGER
        self.granted = set()

    @rule(identifier=identifiers, selects=st.booleans(), guess=guesses)
    def verify(self, identifier: int, selects: bool, guess: bytes) -> None:
        self._verify(identifier, selects, guess)

    @rule(data=st.data(), right=st.booleans())
    def verify_a_pin(self, data: st.DataObject, right: bool) -> None:
        """More often than chance would have it."""
        if SECRETS[self.application]:
            identifier = data.draw(st.sampled_from(sorted(SECRETS[self.application])))
            name = SECRETS[self.application][identifier][0]
            self._verify(identifier, False, self.values[name] if right else b"0000")

    @rule(secret=st.sampled_from(sorted(PLACES)))
    def enter(self, secret: str) -> None:
        """An application, and its PIN: chance alone would seldom come this far."""
        application, identifier = PLACES[secret]
        self.select(application)
        self._verify(identifier, False, self.values[secret])

    def _verify(self, identifier: int, selects: bool, guess: bytes) -> None:
        secret = SECRETS[self.application].get(identifier)
        reference = 0x80 | identifier
        if selects:
            if self.send(bytes((0, 0xA4, 2, 0xC, 2, 0, identifier))) != b"\x90\x00":
                assert secret is None
                return
            reference = 0x80
        answer = self.send(bytes((0, 0x20, 0, reference, len(guess))) + guess).hex()
        if len(guess) > 16:
            assert answer == "6700"
            return
        if secret is None:
            expected = "6984" if self.application == TEXT and identifier == 0x12 else None
            assert answer == expected if expected else answer in ("6981", "6a82")
            return
        name, limit, _ = secret
        if self.left[name] == 0:
            assert answer == "6984"
        elif guess == self.values[name]:
            assert answer == "9000"
            self.left[name] = limit
            self.granted.add(name)
        else:
            self.left[name] -= 1
            self.granted.discard(name)
            assert answer == f"63c{self.left[name]:x}"

    @rule(data=st.data(), new=guesses, means=st.sampled_from([b"\x00\x24\x01", b"\x80\x32\x00"]))
    def change(self, data: st.DataObject, new: bytes, means: bytes) -> None:
        identifier = data.draw(st.sampled_from([*SECRETS[self.application], 0x0A, 0x1E]))
        answer = self.send(means + bytes((0x80 | identifier, len(new))) + new).hex()
        if len(new) > 16:
            assert answer == "6700"
            return
        if identifier not in SECRETS[self.application]:
            assert answer in ("6981", "6a82")
            return
        name, limit, how = SECRETS[self.application][identifier]
        if how != f"{means[1]:02x}":
            assert answer == "6985"
        elif name not in self.granted:
            assert answer == "6982"
        elif new not in (SIGN_FORMS if name == "sign" else DIGIT_FORMS):
            assert answer == "6a80"
        else:
            assert answer == "9000"
            self.values[name] = new
            self.left[name] = limit

    @rule(identifier=identifiers, offset=st.integers(0, 600))
    def read_what_is_selected(self, identifier: int, offset: int) -> None:
        if self.send(bytes((0, 0xA4, 2, 0xC, 2, 0, identifier))) != b"\x90\x00":
            return
        answer = self.send(bytes((0, 0xB0, offset >> 8, offset & 0xFF, 0)))
        openers = READ[self.application].get(identifier, [])
        if openers is None or self.granted.intersection(openers):
            assert answer[-2:].hex() in ("9000", "6b00")
        else:
            assert answer.hex() in ("6982", "6981")

    @rule(records=st.integers(0, 255), p2=st.integers(0, 255))
    def read_record(self, records: int, p2: int) -> None:
        answer = self.send(bytes((0, 0xB2, records, p2, 0)))
        if len(answer) > 2:
            assert self.application in (JUKI, SHARED)

    @rule(name=st.sampled_from(["auth", "sign", "text", "juki", "shared_card"]))
    def the_counter_sets(self, name: str) -> None:
        new = "NEW9999" if name == "sign" else "7777"
        set_pin(self.card.state, PinName(name), new)
        self.values[name] = new.encode()
        self.left[name] = LIMITS[name]

    @invariant()
    def reads_what_it_may_and_nothing_else(self) -> None:
        for identifier in range(1, 0x1F):
            answer = self.send(bytes((0, 0xB0, 0x80 | identifier, 0, 1)))
            if identifier not in READ[self.application]:
                assert answer.hex() in ("6981", "6a82")
                continue
            openers = READ[self.application][identifier]
            allowed = openers is None or bool(self.granted.intersection(openers))
            assert answer[-2:].hex() == ("9000" if allowed else "6982")
            assert len(answer) == (3 if allowed else 2)

    @invariant()
    def signs_what_it_may_and_nothing_else(self) -> None:
        for identifier in (0x13, 0x17, 0x18, 0x1A):
            answer = self.send(bytes((0x80, 0x2A, 0x03, 0x80 | identifier, 1, 0x55, 0)))
            free = (self.application, identifier) in ((TEXT, 0x13), (SURFACE, 0x1A))
            name = SIGN.get(self.application, {}).get(identifier)
            if free or name in self.granted:
                assert answer[-2:] == b"\x90\x00"
                assert len(answer) == 258
            elif name is not None:
                assert answer.hex() == "6982"
            else:
                assert answer.hex() in ("6981", "6a82", "6985")

    @invariant()
    def counters_agree(self) -> None:
        state = msgspec.json.decode(self.card.state.to_json())
        for name, left in self.left.items():
            assert state["tries_left"][name] == left
        for name, value in state["values"].items():
            assert self.values[name] == value.encode()


AccessRules.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestAccessRules = AccessRules.TestCase
