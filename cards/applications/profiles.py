"""Which applications a kind of card has, and the ATR it answers with (CARD.md 1.1, 1.6, 4)."""

from __future__ import annotations

from typing import NamedTuple

from cards.applications import card_manager, jpki, juki, shared_card, surface, text
from cards.chip.files import Application
from cards.contents import CardKind


class Profile(NamedTuple):
    """A kind of card."""

    applications: dict[bytes, Application]
    card_manager: Application
    atr: bytes


def _profile(kind: CardKind, atr: bytes, *applications: Application) -> Profile:
    manager = card_manager.of_kind(kind)
    return Profile({each.aid: each for each in (manager, *applications)}, manager, atr)


PROFILES: dict[CardKind, Profile] = {
    CardKind.PLASTIC: _profile(
        CardKind.PLASTIC,
        card_manager.CONTACT_ATR,
        jpki.PLASTIC,
        text.PLASTIC,
        surface.PLASTIC,
        juki.PLASTIC,
        shared_card.PLASTIC,
    ),
    CardKind.ANDROID: _profile(CardKind.ANDROID, card_manager.CONTACTLESS_ATR, jpki.ANDROID),
    # 認証AP and 券面等AP of the plan, under today's identifiers, as theirs are not published.
    CardKind.NEXT_GENERATION_PROVISIONAL: _profile(
        CardKind.NEXT_GENERATION_PROVISIONAL,
        card_manager.CONTACT_ATR,
        jpki.PLASTIC,
        text.NEXT_GENERATION,
    ),
}
