"""The virtual cards of the nation's residents, made when they are first wanted (交付済みのカード)."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

import msgspec

from cards.card import Card
from cards.contents import CardContents, CardKind, FaceKeys
from cards.face_certificate import card_verifiable_certificate, key_id
from cards.keys import EcdsaSigner, RsaSigner
from cards.pins import TRIES_MAX, PinName
from cards.state import CardState
from portal.seams.chance import Chance
from sim.cards_desk.pins import Pins, pins_of
from sim.jpki.authority import Authority, holder_key_label
from sim.jpki.holder import FirstIssue, HolderFacts
from sim.jpki.holder import Issue as Issue
from sim.jpki.keys import KeySource, p384_key
from sim.jpki.personalisation import IssuedCertificates, issue, reissue_signature
from sim.jpki.serials import Kind, Medium
from sim.jpki.validity import age_on, expires_on, nth_birthday_after
from sim.nation.nation import Nation
from sim.nation.person import Person

ADULT_AGE = 18
CARDS_MADE_MAX = 50_000
"""Contents of cards held in memory; each is some kilobytes."""
RENEWED_BEFORE = timedelta(days=30)
"""How long before the end people go to renew: assumed; three months is what the law allows (CARD.md 4)."""
_FACE_ISSUER_LABEL = "cards/face issuer"
_FACE_CARD_LABEL = "cards/face"
"""One key for the surface applications of all cards: nothing here depends on telling cards apart by it."""


_MEDIA = {
    CardKind.PLASTIC: Medium.CARD,
    CardKind.ANDROID: Medium.PHONE,
    CardKind.NEXT_GENERATION_PROVISIONAL: Medium.NEXT_GENERATION,
}

Residents = Callable[[int, date], Person]
"""住民票: the person as registered on a day. A nation alone knows one state of everybody; whoever simulates moves and
marriages knows more."""


class Wallet:
    """カードの発行: contents from the nation, certificates from JPKI, keys and PINs from the seed."""

    def __init__(
        self,
        nation: Nation,
        authority: Authority,
        keys: KeySource,
        as_of: date,
        *,
        residents: Residents | None = None,
        made_max: int = CARDS_MADE_MAX,
    ) -> None:
        """*as_of* is when this world began: by then everybody has renewed what had run out."""
        self._nation = nation
        self._residents: Residents = residents or (lambda n, _: nation.person(n))
        self._authority = authority
        self._keys = keys
        self._as_of = as_of
        self._made_max = made_max
        self._made: OrderedDict[tuple[int, Issue | None, CardKind], CardContents] = OrderedDict()
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

    def in_world(self, residents: Residents) -> "Wallet":
        """The same cards in a world whose residents life may change; what was made of one is not in the other."""
        return Wallet(
            self._nation,
            self._authority,
            self._keys,
            self._as_of,
            residents=residents,
            made_max=self._made_max,
        )

    def _signer(self, label: str) -> RsaSigner:
        return RsaSigner(self._keys.private_key(self._authority.seed, label))

    def _p384_signer(self, label: str) -> EcdsaSigner:
        return EcdsaSigner(p384_key(self._authority.seed, label))

    def pins(self, n: int) -> Pins:
        return pins_of(self._nation.seed, n)

    def fresh_state(self, n: int, issued: Issue | None = None) -> CardState:
        """The card's memory as it was handed over."""
        pins = self.pins(n)
        signs = self.contents(n, issued).sign_certificate is not None
        return CardState.fresh(
            auth_pin=pins.auth, sign_pin=pins.sign if signs else None, text_pin=pins.auth, juki_pin=pins.auth
        )

    def contents(
        self, n: int, issued: Issue | None = None, kind: CardKind = CardKind.PLASTIC
    ) -> CardContents:
        """What is on resident *n*'s card; *issued* for one that was issued again (reissue, renewal)."""
        key = (n, issued, kind)
        contents = self._made.get(key)
        if contents is None:
            contents = self._made[key] = self._make(n, issued, kind)
            if len(self._made) > self._made_max:
                self._made.popitem(last=False)
        return contents

    def card(
        self,
        n: int,
        chance: Chance,
        state: CardState | None = None,
        issued: Issue | None = None,
        kind: CardKind = CardKind.PLASTIC,
    ) -> Card:
        """The card itself, with the memory that its holder kept."""
        contents = self.contents(n, issued, kind)
        return Card(contents, self.state_for(n, state, issued), chance.random_bytes)

    def state_for(self, n: int, kept: CardState | None, issued: Issue | None = None) -> CardState:
        """The memory that was kept, or a fresh one.

        Who got the first signature certificate later, at fifteen, chose its PIN at the counter then.
        """
        if kept is None:
            return self.fresh_state(n, issued)
        if PinName.SIGN not in kept.values and self.contents(n, issued).sign_certificate is not None:
            kept.values[PinName.SIGN] = self.pins(n).sign
            kept.tries_left[PinName.SIGN] = TRIES_MAX[PinName.SIGN]
            kept.revision += 1
        return kept

    def first_issue(self, n: int) -> FirstIssue:
        """When the certificates were issued that resident *n* had as this world began."""
        person = self._nation.person(n)
        return FirstIssue(person.birth_date, self._first_days(person)[0])

    def expires_on(self, n: int) -> date:
        """Last day of the user-authentication certificate that resident *n* had as this world began."""
        person = self._nation.person(n)
        first_day, renews, limit = self._first_days(person)
        return expires_on(person.birth_date, first_day, renews=renews, no_later_than=limit)

    def certificates(
        self, n: int, issued: Issue | None = None, medium: Medium = Medium.CARD
    ) -> IssuedCertificates:
        """Those on the card: the first ones, renewed as often as they had run out before this world began, or *issued*."""
        person = self._nation.person(n)
        first_day, renews, expiry = self._first_days(person)
        if issued is None:
            issued = Issue(0, first_day)
        if issued.generation or issued.issued_on != first_day:
            renews, expiry = None, card_expiry(person.birth_date, issued.issued_on)
        sign_generation, sign_issued_on = issued.sign
        at_once = (sign_generation, sign_issued_on) == (issued.generation, issued.issued_on)
        certificates = issue(
            self._authority,
            holder_facts(self._residents(n, issued.issued_on)),
            medium.generation(issued.generation),
            issued.issued_on,
            renews=renews,
            card_expires_on=expiry,
            with_signature=at_once,
        )
        if at_once:
            return certificates
        later = medium.generation(sign_generation)
        sign_der = reissue_signature(
            self._authority,
            holder_facts(self._residents(n, sign_issued_on)),
            later,
            sign_issued_on,
            auth_expires_on=certificates.expires_on,
        )
        label = holder_key_label(n, later, Kind.SIGN)
        return msgspec.structs.replace(certificates, sign_der=sign_der, sign_key_label=label)

    def _first_days(self, person: Person) -> tuple[date, date | None, date | None]:
        """First day of the certificates at this world's beginning, last day of those that they renewed, limit by the card."""
        first_day: date = person.card.issued
        last_day = expires_on(person.birth_date, first_day, no_later_than=person.card.expires)
        if last_day >= self._as_of:
            return first_day, None, person.card.expires
        renews: date | None = None
        while last_day < self._as_of:
            first_day, renews = last_day - RENEWED_BEFORE, last_day
            last_day = expires_on(person.birth_date, first_day, renews=renews)
        return first_day, renews, None

    def _make(self, n: int, issued: Issue | None, kind: CardKind) -> CardContents:
        certificates = self.certificates(n, issued, _MEDIA[kind])
        person, expiry, serial = self._nation.person(n), None, 0
        if issued is not None:
            person = self._residents(n, max(issued.issued_on, issued.sign[1]))
            serial = issued.generation
            if issued.issued_on != self.first_issue(n).issued_on:
                expiry = card_expiry(person.birth_date, issued.issued_on)
        signs = certificates.sign_der is not None
        key = self._p384_signer if kind is CardKind.NEXT_GENERATION_PROVISIONAL else self._signer
        return CardContents(
            kind=kind,
            my_number=person.my_number,
            name=person.name,
            address=person.address.text,
            birth_date=person.birth_date,
            sex=person.sex,
            municipality=person.municipality_code[:5],
            expiry=expiry or person.card.expires,
            # Each card that is handed out has a number of its own; the form is assumed.
            serial=f"{serial:03}{person.card.serial.removeprefix('SM'):0>12}",
            security_code=self.pins(n).sign[-4:],
            auth_certificate=certificates.auth_der,
            auth_ca=self._authority.ca(Kind.AUTH).certificate_der,
            sign_certificate=certificates.sign_der,
            sign_ca=self._authority.ca(Kind.SIGN).certificate_der,
            auth_key=partial(key, certificates.auth_key_label),
            sign_key=partial(key, certificates.sign_key_label) if signs else None,
            face_keys=None if kind is CardKind.ANDROID else self._face,
        )


def card_expiry(birth_date: date, issued_on: date) -> date:
    """有効期限 of a card: the tenth birthday after its issue, the fifth for who is a minor then."""
    return nth_birthday_after(birth_date, issued_on, 10 if age_on(issued_on, birth_date) >= ADULT_AGE else 5)


def holder_facts(person: Person) -> HolderFacts:
    """What JPKI is told of a resident."""
    return HolderFacts(
        person.n, person.name, person.birth_date, person.sex, person.address.text, person.municipality_code
    )
