"""The reader's side: what actors, load and the browser's card reader do with a card, over any `transmit`.

Each dialogue is a generator that yields command APDUs, is sent the answers, and returns a typed outcome; `run` drives one
with a plain callable, `run_async` with a coroutine. Nothing here does I/O. The functions below the generators are
what most callers want.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import TypeVar

from cards.applications import jpki, juki, shared_card, text
from cards.chip.apdu import build
from cards.chip.status import SW, meaning
from cards.chip.tlv import Malformed, content, objects, read_header
from cards.pins import PinName

Transmit = Callable[[bytes], bytes]
T = TypeVar("T")
Dialogue = Generator[bytes, bytes, T]


@dataclass(frozen=True, slots=True)
class Signed:
    """The signature, and the certificate of the key that made it (DER)."""

    signature: bytes
    certificate: bytes


@dataclass(frozen=True, slots=True)
class WrongPin:
    """At least one try is left."""

    tries_left: int


@dataclass(frozen=True, slots=True)
class Locked:
    """The PIN is blocked, by this try or an earlier one; only the counter can help."""


@dataclass(frozen=True, slots=True)
class CardError:
    """The card said something else than expected: another card, no such application, or no such certificate."""

    sw: int

    @property
    def meaning(self) -> str:
        return meaning(self.sw)


@dataclass(frozen=True, slots=True)
class BasicFour:
    """基本4情報 as the card has them."""

    name: str
    address: str
    birth_date: date
    sex: int


@dataclass(frozen=True, slots=True)
class MyNumber:
    """個人番号."""

    number: str


@dataclass(frozen=True, slots=True)
class CardRecord:
    """The record of the 共通カードAP, which portals read on every sign-in."""

    serial: str
    municipality: str
    expiry: date


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate read off the card, DER."""

    der: bytes


@dataclass(frozen=True, slots=True)
class TriesLeft:
    """0: blocked."""

    count: int


@dataclass(frozen=True, slots=True)
class Changed:
    """The PIN has its new value."""


class Scheme(Enum):
    """P1 of COMPUTE DIGITAL SIGNATURE (CARD.md 1.4)."""

    VERBATIM = 0x00
    SHA256_BARE = 0x01
    DIGEST = 0x02
    HASH_ON_CARD = 0x03
    PSS_DIGEST = 0x04
    PSS_HASH_ON_CARD = 0x05


PIN_FILES: dict[PinName, tuple[bytes, int]] = {
    PinName.AUTH: (jpki.AID, jpki.AUTH_PIN),
    PinName.SIGN: (jpki.AID, jpki.SIGN_PIN),
    PinName.TEXT: (text.AID, text.PIN),
    PinName.TEXT_CODE_A: (text.AID, text.CODE_A),
    PinName.TEXT_CODE_B: (text.AID, text.CODE_B),
    PinName.JUKI: (juki.AID, juki.PIN),
    PinName.SHARED_CARD: (shared_card.AID, shared_card.PIN),
}


class _Refused(Exception):
    """Ends a dialogue early with an outcome; never leaves this module."""

    def __init__(self, outcome: WrongPin | Locked | CardError) -> None:
        self.outcome = outcome


def _ask(apdu: bytes) -> Dialogue[bytes]:
    """The answer's data; refused unless 9000."""
    answer = yield apdu
    status = int.from_bytes(answer[-2:], "big")
    if status != SW.OK:
        raise _Refused(CardError(status))
    return answer[:-2]


def _select(aid: bytes) -> Dialogue[bytes]:
    return (yield from _ask(build(0x00, 0xA4, 0x04, 0x0C, aid)))


def _verify(identifier: int, pin: str) -> Dialogue[None]:
    # Full-width digits are a common slip of the keyboard: sent as they are, each would cost a try. And an empty
    # VERIFY is a question, not an attempt.
    if not pin or not pin.isascii():
        raise _Refused(CardError(SW.WRONG_DATA))
    answer = yield build(0x00, 0x20, 0x00, 0x80 | identifier, pin.encode("utf-8"))
    status = int.from_bytes(answer[-2:], "big")
    if status == SW.OK:
        return
    if status in (SW.PIN_EXHAUSTED, SW.KEY_BLOCKED):
        raise _Refused(Locked())
    if status & 0xFFF0 == 0x63C0:
        raise _Refused(WrongPin(status & 0xF))
    raise _Refused(CardError(status))


def _read(identifier: int) -> Dialogue[bytes]:
    """The BER-TLV object that a file starts with; its header tells how much there is to read."""
    data = yield from _ask(build(0x00, 0xB0, 0x80 | identifier, 0x00, le=256))
    try:
        _, _, end = read_header(data)
    except Malformed:
        # Filler where the object would be: there is nothing in this file.
        raise _Refused(CardError(SW.FILE_NOT_FOUND)) from None
    while len(data) < end:
        offset = len(data)
        more = yield from _ask(build(0x00, 0xB0, offset >> 8, offset & 0xFF, le=min(256, end - offset)))
        if not more:
            raise _Refused(CardError(SW.OFFSET_OUTSIDE_FILE))
        data += more
    return data[:end]


def _day(digits: bytes) -> date:
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))


def sign_steps(key: PinName, pin: str, data: bytes, scheme: Scheme = Scheme.VERBATIM) -> Dialogue[Signed]:
    """Present the PIN, read the certificate, sign. `key` is `AUTH` or `SIGN`."""
    key_file, pin_file, certificate_file = {
        PinName.AUTH: (jpki.AUTH_KEY, jpki.AUTH_PIN, jpki.AUTH_CERTIFICATE),
        PinName.SIGN: (jpki.SIGN_KEY, jpki.SIGN_PIN, jpki.SIGN_CERTIFICATE),
    }[key]
    yield from _select(jpki.AID)
    yield from _verify(pin_file, pin)
    certificate = yield from _read(certificate_file)
    signature = yield from _ask(build(0x80, 0x2A, scheme.value, 0x80 | key_file, data, 256))
    return Signed(signature, certificate)


def auth_certificate_steps(pin: str | None = None) -> Dialogue[Certificate]:
    """The user-authentication certificate; a phone wants the PIN for it, a card does not."""
    yield from _select(jpki.AID)
    if pin is not None:
        yield from _verify(jpki.AUTH_PIN, pin)
    return Certificate((yield from _read(jpki.AUTH_CERTIFICATE)))


def tries_left_steps(name: PinName) -> Dialogue[TriesLeft]:
    """Ask, without using up a try."""
    aid, identifier = PIN_FILES[name]
    yield from _select(aid)
    answer = yield build(0x00, 0x20, 0x00, 0x80 | identifier)
    status = int.from_bytes(answer[-2:], "big")
    if status & 0xFFF0 != 0x63C0:
        raise _Refused(CardError(status))
    return TriesLeft(status & 0xF)


def basic_four_steps(pin: str) -> Dialogue[BasicFour]:
    """Name, address, birth date and sex, with the input-support PIN."""
    yield from _select(text.AID)
    yield from _verify(text.PIN, pin)
    file = yield from _read(text.BASIC_FOUR)
    try:
        fields = dict(objects(content(file, 0xFF20)))
        return BasicFour(
            fields[0xDF22].decode(), fields[0xDF23].decode(), _day(fields[0xDF24]), int(fields[0xDF25])
        )
    except (Malformed, KeyError, ValueError):
        raise _Refused(CardError(SW.WRONG_DATA)) from None


def my_number_steps(pin: str) -> Dialogue[MyNumber]:
    """The My Number, with the input-support PIN."""
    yield from _select(text.AID)
    yield from _verify(text.PIN, pin)
    file = yield from _read(text.MY_NUMBER)
    try:
        return MyNumber(content(file, 0xFF10).decode("ascii"))
    except ValueError:
        raise _Refused(CardError(SW.WRONG_DATA)) from None


def card_record_steps() -> Dialogue[CardRecord]:
    """Serial, municipality and expiry: READ RECORD by SFI without SELECT EF, as the real client does."""
    yield from _select(shared_card.AID)
    record = yield from _ask(build(0x00, 0xB2, 0x01, shared_card.CARD_RECORD << 3 | 0x04, le=256))
    if len(record) != 30 or not record[2:].isdigit():
        raise _Refused(CardError(SW.WRONG_DATA))
    digits = record[2:]
    return CardRecord(digits[:15].decode(), digits[15:20].decode(), _day(digits[20:]))


def change_pin_steps(name: PinName, old: str, new: str) -> Dialogue[Changed]:
    """Present the old PIN, then set the new one, with the command of the application concerned."""
    aid, identifier = PIN_FILES[name]
    yield from _select(aid)
    yield from _verify(identifier, old)
    key_command = name in (PinName.JUKI, PinName.SHARED_CARD)
    head = (0x80, 0x32, 0x00) if key_command else (0x00, 0x24, 0x01)
    yield from _ask(build(*head, 0x80 | identifier, new.encode("utf-8")))
    return Changed()


def run(steps: Dialogue[T], transmit: Transmit) -> T | WrongPin | Locked | CardError:
    """Drive a dialogue to its outcome."""
    try:
        apdu = next(steps)
        while True:
            apdu = steps.send(transmit(apdu))
    except StopIteration as end:
        outcome: T = end.value
        return outcome
    except _Refused as refused:
        return refused.outcome


async def run_async(
    steps: Dialogue[T], transmit: Callable[[bytes], Awaitable[bytes]]
) -> T | WrongPin | Locked | CardError:
    """`run` for a card that is reached by a coroutine."""
    try:
        apdu = next(steps)
        while True:
            apdu = steps.send(await transmit(apdu))
    except StopIteration as end:
        outcome: T = end.value
        return outcome
    except _Refused as refused:
        return refused.outcome


def authenticate(transmit: Transmit, pin: str, digest_info: bytes) -> Signed | WrongPin | Locked | CardError:
    """Sign with the user-authentication key. `digest_info` is signed as it is (ACC-1)."""
    return run(sign_steps(PinName.AUTH, pin, digest_info), transmit)


def sign(
    transmit: Transmit, password: str, data: bytes, scheme: Scheme = Scheme.VERBATIM
) -> Signed | WrongPin | Locked | CardError:
    """Sign with the signature key. The card compares bytes, so a person's small letters are made capitals here."""
    return run(sign_steps(PinName.SIGN, password.upper(), data, scheme), transmit)


def auth_certificate(
    transmit: Transmit, pin: str | None = None
) -> Certificate | WrongPin | Locked | CardError:
    """The user-authentication certificate. With `pin` also from a phone."""
    return run(auth_certificate_steps(pin), transmit)


def tries_left(transmit: Transmit, name: PinName = PinName.AUTH) -> TriesLeft | WrongPin | Locked | CardError:
    """Tries left of a PIN; costs none. (`WrongPin` and `Locked` don't happen here: a blocked PIN has 0 left.)"""
    return run(tries_left_steps(name), transmit)


def read_basic_four(transmit: Transmit, pin: str) -> BasicFour | WrongPin | Locked | CardError:
    """基本4情報."""
    return run(basic_four_steps(pin), transmit)


def read_my_number(transmit: Transmit, pin: str) -> MyNumber | WrongPin | Locked | CardError:
    """個人番号."""
    return run(my_number_steps(pin), transmit)


def read_card_record(transmit: Transmit) -> CardRecord | WrongPin | Locked | CardError:
    """Serial, municipality, expiry; open to everybody."""
    return run(card_record_steps(), transmit)


def change_pin(
    transmit: Transmit, name: PinName, old: str, new: str
) -> Changed | WrongPin | Locked | CardError:
    """Change a PIN that its holder knows. A malformed new one is `CardError(0x6A80)`, and the old one stays."""
    return run(change_pin_steps(name, old, new), transmit)
