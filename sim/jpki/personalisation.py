"""発行: the certificates that go onto one card (ACC-1)."""

from datetime import date

import msgspec

from sim.jpki.authority import CLOSES_ON, Authority, holder_key_label
from sim.jpki.holder import HolderFacts
from sim.jpki.serials import Kind
from sim.jpki.validity import expires_on, may_sign


class IssuedCertificates(msgspec.Struct, frozen=True):
    """What goes onto a card; the keys are named, not carried."""

    auth_der: bytes
    sign_der: bytes | None
    """None for a holder under 15."""
    auth_key_label: str
    sign_key_label: str
    """Of the key that the signature certificate is for; without one the card has no such key."""
    expires_on: date
    """Last day of the user-authentication certificate; the other never outlives it."""


def issue(
    authority: Authority,
    facts: HolderFacts,
    generation: int,
    issued_on: date,
    *,
    renews: date | None = None,
    card_expires_on: date | None = None,
    with_signature: bool = True,
) -> IssuedCertificates:
    """Both certificates of a holder, or the one that the holder may have.

    `generation` counts this person's certificates from 0. `renews` is the last day of those that these
    follow; `card_expires_on` the card's last day. Without `with_signature` the signature certificate is left to
    :func:`reissue_signature`. Raises ValueError outside the limits.
    """
    limit = CLOSES_ON if card_expires_on is None else min(card_expires_on, CLOSES_ON)
    last = expires_on(facts.birth_date, issued_on, renews=renews, no_later_than=limit)
    return IssuedCertificates(
        auth_der=authority.certificate(Kind.AUTH, facts, generation, issued_on, last),
        sign_der=authority.certificate(Kind.SIGN, facts, generation, issued_on, last)
        if with_signature and may_sign(facts.birth_date, issued_on)
        else None,
        auth_key_label=holder_key_label(facts.n, generation, Kind.AUTH),
        sign_key_label=holder_key_label(facts.n, generation, Kind.SIGN),
        expires_on=last,
    )


def reissue_signature(
    authority: Authority,
    facts: HolderFacts,
    generation: int,
    issued_on: date,
    *,
    auth_expires_on: date,
) -> bytes | None:
    """A signature certificate alone, after one of the basic four items changed; None for a holder under 15.

    `generation` counts signature certificates. It never outlives the authentication certificate beside it.
    """
    if not may_sign(facts.birth_date, issued_on):
        return None
    last = expires_on(facts.birth_date, issued_on, no_later_than=min(auth_expires_on, CLOSES_ON))
    return authority.certificate(Kind.SIGN, facts, generation, issued_on, last)
