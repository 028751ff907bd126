"""The virtual My Number Card: bytes in, bytes out. Sync, no I/O, no clock; randomness comes from outside.

>>> card = Card(contents, CardState.fresh(), chance)
>>> atr = card.power_on()
>>> card.transmit(bytes.fromhex("00A4040C0AD392F000260100000001")).hex()
'9000'
"""

from __future__ import annotations

from collections.abc import Callable

from cards.applications.card_manager import CONTACTLESS_ATR
from cards.applications.profiles import PROFILES
from cards.chip import reading, refusing, selecting, signing, verifying
from cards.chip.apdu import Command, parse
from cards.chip.chip import Chance, Chip
from cards.chip.session import SessionStage
from cards.chip.status import SW, WRONG_LENGTH, wire
from cards.contents import CardContents
from cards.state import CardState

Handler = Callable[[Chip, Command], bytes]

ISO: dict[int, Handler] = {
    0x20: verifying.verify,
    0x24: verifying.change_reference_data,
    0x82: refusing.external_authenticate,
    0x84: reading.get_challenge,
    0x88: signing.internal_authenticate,
    0xA4: selecting.select_file,
    0xB0: reading.read_binary,
    0xB2: reading.read_record,
    0xCA: selecting.get_data,
}
"""CLA 00."""

OWN: dict[int, Handler] = {
    0x06: refusing.issuer_only,
    0x2A: signing.compute_digital_signature,
    0x32: verifying.change_key,
    0x50: refusing.issuer_only,
    0x52: refusing.issuer_only,
    0x54: refusing.issuer_only,
    0x8A: refusing.issuer_only,
    0xA2: refusing.set_public_key,
    0xAE: refusing.set_session_key,
    0xFC: refusing.last_command,
}
"""CLA 80."""

_CLASSES: dict[int, dict[int, Handler]] = {0x00: ISO, 0x80: OWN}
_UNKNOWN_INS = wire(SW.UNKNOWN_INS)
_SECURE_READS = frozenset({0x20, 0xB0, 0xB2})


class CardIsOff(Exception):
    """An APDU was sent to a card without power: the caller's mistake, a real card would be silent."""


class Card:
    """A card that is in somebody's hand. `state` is what survives power off; its holder saves it."""

    __slots__ = ("_atr", "_chip")

    def __init__(
        self, contents: CardContents, state: CardState, chance: Chance, *, contactless: bool = False
    ) -> None:
        """`chance(n)` gives n random bytes, for GET CHALLENGE and the salt of PSS.

        `contactless` changes the answer to reset alone, to what a type-B reader makes up; a phone always has that.
        """
        profile = PROFILES[contents.kind]
        self._atr = CONTACTLESS_ATR if contactless else profile.atr
        self._chip = Chip(contents, state, chance, profile.applications, profile.card_manager)

    def __repr__(self) -> str:
        return f"Card({self.contents!r}, {self._chip.session!r})"

    @property
    def contents(self) -> CardContents:
        return self._chip.contents

    @property
    def state(self) -> CardState:
        return self._chip.state

    @property
    def atr(self) -> bytes:
        """The answer to reset (CARD.md 1.6)."""
        return self._atr

    @property
    def powered(self) -> bool:
        return self._chip.session.stage is not SessionStage.OFF

    def power_on(self) -> bytes:
        """Power on, or reset a card that has power. Returns the ATR."""
        self._chip.power_on()
        return self._atr

    def power_off(self) -> None:
        """All but `state` is forgotten; harmless when the power is off already."""
        self._chip.power_off()

    def reset(self) -> bytes:
        """The same as `power_on` on a card that has power: rights are gone, the card manager is selected."""
        return self.power_on()

    def transmit(self, apdu: bytes) -> bytes:
        """One command, one answer: data and status word. Any bytes are answered. Raises `CardIsOff`."""
        chip = self._chip
        if chip.session.stage is SessionStage.OFF:
            raise CardIsOff
        command = parse(apdu)
        if command is None:
            return WRONG_LENGTH
        handlers = _CLASSES.get(command.cla)
        if handlers is None:
            return wire(_refused_class(command.cla, command.ins))
        handler = handlers.get(command.ins)
        if handler is None:
            return _UNKNOWN_INS
        return handler(chip, command)


def _refused_class(cla: int, ins: int) -> SW:
    """Why a class byte is refused: secure messaging, a logical channel, or not known at all (CARD.md 1.4)."""
    if cla & 0x70:
        return SW.UNKNOWN_CLA
    if cla & 0x03:
        return SW.NO_LOGICAL_CHANNEL
    return SW.SECURE_MESSAGING_REFUSED if ins in _SECURE_READS else SW.NO_SECURE_MESSAGING
