"""Commands that the card knows and refuses: the issuer's, and those of secure messaging (CARD.md 1.4)."""

from __future__ import annotations

from cards.chip.apdu import Command
from cards.chip.chip import Chip
from cards.chip.status import SECURITY_NOT_SATISFIED, SW, WRONG_LENGTH, wire


def issuer_only(chip: Chip, command: Command) -> bytes:
    """ERASE RECORDS, LOCK and UNLOCK DF, UNLOCK KEY, MANAGE ATTRIBUTES: need the issuer's key.

    The issuer of a simulated card has a way of its own: `cards.issuing`.
    """
    return SECURITY_NOT_SATISFIED


def set_session_key(chip: Chip, command: Command) -> bytes:
    """80 AE. Each application refuses in its own way, as measured, except input support, which really offers it."""
    return wire(chip.application.session_key_answer)


def external_authenticate(chip: Chip, command: Command) -> bytes:
    """00 82. No key for it is known to a holder (the status word is assumed)."""
    return wire(SW.CONDITIONS_NOT_SATISFIED)


def set_public_key(chip: Chip, command: Command) -> bytes:
    """80 A2. Every P1 and P2 that others tried was answered 6A86."""
    return wire(SW.WRONG_P1_P2)


def last_command(chip: Chip, command: Command) -> bytes:
    """80 FC. Belongs to a phone's card; plastic ones answer 6700."""
    return WRONG_LENGTH
