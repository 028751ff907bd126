"""What a card remembers without power: PINs and the tries left. Whoever holds the card saves it."""

from __future__ import annotations

import msgspec

from cards.pins import TRIES_MAX, PinName, well_formed


class CardState(msgspec.Struct, kw_only=True):
    """The card's changing memory.

    `values` has only the PINs that a holder chose; the printed codes follow from the card's contents.
    `revision` grows with every change, so that a holder of many cards knows which to save.
    """

    values: dict[PinName, str]
    tries_left: dict[PinName, int]
    revision: int = 0

    @classmethod
    def fresh(
        cls,
        *,
        auth_pin: str = "1234",
        sign_pin: str | None = "ABC123",
        text_pin: str = "1234",
        juki_pin: str = "1234",
    ) -> CardState:
        """A card as handed over. `sign_pin=None` for a holder without a signature certificate (under 15).

        Raises ValueError for a PIN the counter's terminal would not have taken.
        """
        values = {
            PinName.AUTH: auth_pin,
            PinName.TEXT: text_pin,
            PinName.JUKI: juki_pin,
            PinName.SHARED_CARD: juki_pin,
        }
        if sign_pin is not None:
            values[PinName.SIGN] = sign_pin
        for name, value in values.items():
            if not well_formed(name, value.encode()):
                raise ValueError(f"{name} PIN has the wrong form")
        tries_left = dict(TRIES_MAX)
        if sign_pin is None:
            tries_left[PinName.SIGN] = 0
        return cls(values=values, tries_left=tries_left)

    def to_json(self) -> bytes:
        """For saving. It holds the PINs in clear: this is a simulated card, whose PINs its users hand out."""
        return msgspec.json.encode(self)

    @classmethod
    def from_json(cls, saved: bytes) -> CardState:
        """Raises `msgspec.ValidationError` (a ValueError) when `saved` is not a card's state."""
        state = msgspec.json.decode(saved, type=cls)
        for name, limit in TRIES_MAX.items():
            if not 0 <= state.tries_left.get(name, -1) <= limit:
                raise msgspec.ValidationError(f"tries left of {name} outside 0..{limit}")
        for name, value in state.values.items():
            if not well_formed(name, value.encode()):
                raise msgspec.ValidationError(f"{name} PIN has the wrong form")
        return state
