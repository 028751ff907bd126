"""VERIFY, CHANGE REFERENCE DATA, CHANGE KEY."""

from __future__ import annotations

import hmac

from cards.chip.apdu import Command
from cards.chip.chip import Chip
from cards.chip.files import ChangedBy, PinFile
from cards.chip.pin_life import PinEvent, PinOutcome, live
from cards.chip.session import SessionEvent
from cards.chip.status import OK, SW, WRONG_LENGTH, tries_left, wire
from cards.pins import VERIFY_DATA_BYTES_MAX, PinName, well_formed


def verify(chip: Chip, command: Command) -> bytes:
    """00 20 00 80. Without data it tells the tries left, always as 63Cx, also after a right PIN: OpenSC needs that."""
    if command.p1 or not command.p2 & 0x80:
        return wire(SW.WRONG_P1_P2)
    if len(command.data) > VERIFY_DATA_BYTES_MAX or (command.data and command.le is not None):
        return WRONG_LENGTH
    if not command.data and command.le not in (None, 256):
        return WRONG_LENGTH
    file = chip.referred(command.p2)
    if isinstance(file, SW):
        return wire(file)
    if not isinstance(file, PinFile):
        return wire(SW.WRONG_FILE_KIND)
    pin = file.pin
    if not command.data:
        return _answer(chip, pin, live(chip.state, pin, PinEvent.ASKED))
    secret = chip.secret(pin)
    right = secret is not None and hmac.compare_digest(secret, command.data)
    outcome = live(chip.state, pin, PinEvent.RIGHT if right else PinEvent.WRONG)
    accepted = outcome is PinOutcome.ACCEPTED
    chip.session.happen(SessionEvent.PIN_RIGHT if accepted else SessionEvent.PIN_WRONG, pin)
    return _answer(chip, pin, outcome)


def _answer(chip: Chip, pin: PinName, outcome: PinOutcome) -> bytes:
    match outcome:
        case PinOutcome.ACCEPTED:
            return OK
        case PinOutcome.COUNTED:
            return wire(tries_left(chip.state.tries_left[pin]))
        case PinOutcome.EXHAUSTED:
            return wire(SW.PIN_EXHAUSTED)
        case PinOutcome.BLOCKED:
            return wire(SW.KEY_BLOCKED)


def change_reference_data(chip: Chip, command: Command) -> bytes:
    """00 24 01 80 new: in the JPKI and input-support applications, after a right VERIFY of the old PIN."""
    return _change(chip, command, 0x01, ChangedBy.CHANGE_REFERENCE_DATA)


def change_key(chip: Chip, command: Command) -> bytes:
    """80 32 00 80 new: the same for the 住基 and 共通カード applications."""
    return _change(chip, command, 0x00, ChangedBy.CHANGE_KEY)


def _change(chip: Chip, command: Command, p1: int, means: ChangedBy) -> bytes:
    if command.p1 != p1 or not command.p2 & 0x80:
        return wire(SW.WRONG_P1_P2)
    if not 1 <= len(command.data) <= VERIFY_DATA_BYTES_MAX or command.le is not None:
        return WRONG_LENGTH
    file = chip.referred(command.p2)
    if isinstance(file, SW):
        return wire(file)
    if not isinstance(file, PinFile):
        return wire(SW.WRONG_FILE_KIND)
    pin = file.pin
    # What a card answers to the other application's command is not known; these two are our choice.
    if file.changed_by is not means:
        return wire(SW.CONDITIONS_NOT_SATISFIED)
    if pin not in chip.session.granted:
        return wire(SW.SECURITY_NOT_SATISFIED)
    if not well_formed(pin, command.data):
        return wire(SW.WRONG_DATA)
    # A right VERIFY went before, and each wrong one since would have withdrawn its right: it can't be blocked.
    outcome = live(chip.state, pin, PinEvent.CHANGED)
    assert outcome is PinOutcome.ACCEPTED
    chip.state.values[pin] = command.data.decode("ascii")
    chip.state.revision += 1
    return OK
