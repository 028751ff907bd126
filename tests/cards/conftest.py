"""The card that most tests here start from."""

from __future__ import annotations

import pytest
from sample_cards import make_card

from cards.card import Card


@pytest.fixture
def card() -> Card:
    """A plastic card with power. PINs: 1234, ABC123, 2345 (text), 3456 (resident registry)."""
    card = make_card()
    card.power_on()
    return card
