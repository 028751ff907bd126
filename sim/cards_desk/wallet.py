"""The virtual cards of the nation's residents, made when they are first wanted (交付済みのカード)."""

from collections import OrderedDict
from datetime import date, timedelta
from functools import partial
from typing import NamedTuple

from cards.card import Card
from cards.contents import CardContents, FaceKeys
from cards.face_certificate import card_verifiable_certificate, key_id
from cards.keys import RsaSigner
from cards.state import CardState
from portal.seams.chance import Chance
from sim.cards_desk.pins import Pins, pins_of
from sim.jpki.authority import Authority
from sim.jpki.holder import HolderFacts
from sim.jpki.key_cache import KeyCache
from sim.jpki.personalisation import IssuedCertificates, issue
from sim.jpki.serials import Kind
from sim.jpki.validity import expires_on
from sim.nation.nation import Nation
from sim.nation.person import Person

CARDS_MADE_MAX = 50_000
"""Contents of cards held in memory; each is some kilobytes."""
RENEWED_BEFORE = timedelta(days=30)
"""How long before the end people go to renew: assumed; three months is what the law allows (CARD.md 4)."""
_FACE_ISSUER_LABEL = "cards/face issuer"
_FACE_CARD_LABEL = "cards/face"
"""One key for the surface applications of all cards: nothing here depends on telling cards apart by it."""


class Issue(NamedTuple):
    """Which certificates are on a card: the how-manieth, and since when."""

    generation: int
    issued_on: date


class Wallet:
    """カードの発行: contents from the nation, certificates from JPKI, keys and PINs from the seed."""

    def __init__(self, nation: Nation, authority: Authority, keys: KeyCache, as_of: date) -> None:
        """*as_of* is when this world began: by then everybody has renewed what had run out."""
        self._nation = nation
        self._authority = authority
        self._keys = keys
        self._as_of = as_of
        self._made: OrderedDict[tuple[int, Issue | None], CardContents] = OrderedDict()
        seed = authority.seed
        issuer = partial(self._signer, _FACE_ISSUER_LABEL)
        card = partial(self._signer, _FACE_CARD_LABEL)
        self._face = FaceKeys(
            card,
            issuer,
            lambda: card_verifiable_certificate(
                RsaSigner(keys.private_key(seed, _FACE_ISSUER_LABEL)),
                key_id("MYNASIM/CA"),
                key_id("MYNASIM/001"),
                issuer().modulus,
            ),
        )

    def __repr__(self) -> str:
        return f"<Wallet: {len(self._made)} cards made>"

    def _signer(self, label: str) -> RsaSigner:
        return RsaSigner(self._keys.private_key(self._authority.seed, label))

    def pins(self, n: int) -> Pins:
        return pins_of(self._nation.seed, n)

    def fresh_state(self, n: int) -> CardState:
        """The card's memory as it was handed over."""
        pins = self.pins(n)
        signs = self.contents(n).sign_certificate is not None
        return CardState.fresh(
            auth_pin=pins.auth, sign_pin=pins.sign if signs else None, text_pin=pins.auth, juki_pin=pins.auth
        )

    def contents(self, n: int, issued: Issue | None = None) -> CardContents:
        """What is on resident *n*'s card; *issued* for one that was issued again (reissue, renewal)."""
        key = (n, issued)
        contents = self._made.get(key)
        if contents is None:
            contents = self._made[key] = self._make(self._nation.person(n), issued)
            if len(self._made) > CARDS_MADE_MAX:
                self._made.popitem(last=False)
        return contents

    def card(
        self, n: int, chance: Chance, state: CardState | None = None, issued: Issue | None = None
    ) -> Card:
        """The card itself, with the memory that its holder kept."""
        return Card(self.contents(n, issued), state or self.fresh_state(n), chance.random_bytes)

    def certificates(self, person: Person, issued: Issue | None) -> IssuedCertificates:
        """Those on the card: the first ones, renewed as often as they had run out before this world began."""
        facts = holder_facts(person)
        if issued is not None:
            expiry = person.card.expires if issued.issued_on < person.card.expires else None
            return issue(self._authority, facts, issued.generation, issued.issued_on, card_expires_on=expiry)
        first_day: date = person.card.issued
        renews: date | None = None
        last_day = expires_on(person.birth_date, first_day, no_later_than=person.card.expires)
        while last_day < self._as_of:
            first_day, renews = last_day - RENEWED_BEFORE, last_day
            last_day = expires_on(person.birth_date, first_day, renews=renews)
        return issue(self._authority, facts, 0, first_day, renews=renews)

    def _make(self, person: Person, issued: Issue | None) -> CardContents:
        certificates = self.certificates(person, issued)
        signs = certificates.sign_der is not None
        return CardContents(
            my_number=person.my_number,
            name=person.name,
            address=person.address.text,
            birth_date=person.birth_date,
            sex=person.sex,
            municipality=person.municipality_code[:5],
            expiry=person.card.expires,
            serial=person.card.serial.removeprefix("SM").rjust(15, "0"),
            security_code=self.pins(person.n).sign[-4:],
            auth_certificate=certificates.auth_der,
            auth_ca=self._authority.ca(Kind.AUTH).certificate_der,
            sign_certificate=certificates.sign_der,
            sign_ca=self._authority.ca(Kind.SIGN).certificate_der,
            auth_key=partial(self._signer, certificates.auth_key_label),
            sign_key=partial(self._signer, certificates.sign_key_label) if signs else None,
            face_keys=self._face,
        )


def holder_facts(person: Person) -> HolderFacts:
    """What JPKI is told of a resident."""
    return HolderFacts(
        person.n, person.name, person.birth_date, person.sex, person.address.text, person.municipality_code
    )
