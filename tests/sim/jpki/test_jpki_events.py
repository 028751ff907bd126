"""What a move, a marriage, a loss, a fifteenth birthday do to certificates, on the card and at JPKI."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta

import msgspec
import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.ocsp import OCSPCertStatus
from sim_wiring import Wiring
from trio.testing import MockClock

from portal.wire.jpki import AuthorityName, RevocationReason
from portal.wire.systems import System
from sim.cards_desk.wallet import Wallet
from sim.jpki import system as jpki_system
from sim.jpki.authority import Authority
from sim.jpki.events import REVOKED_BY, CardEvent
from sim.jpki.holder import Issue
from sim.jpki.profile import ADDRESS_OID, NAME_OID
from sim.jpki.serials import Holder, Kind, Medium
from sim.jpki.service import Jpki
from sim.jpki.validity import birthday_in
from sim.nation.nation import REFERENCE_DATE, Nation
from sim.nation.person import Person

MINUTE = timedelta(minutes=1)
TODAY = REFERENCE_DATE
UNCHANGED = [CardEvent.MOVED, CardEvent.NAME_CHANGED, CardEvent.CORRECTED]


class Counter:
    """JPKI, and the wallet that its certificates go into."""

    def __init__(self, authority: Authority, nation: Nation) -> None:
        self.nation = nation
        self.authority = authority
        self.wallet = Wallet(nation, authority, authority.keys, TODAY)
        self.wiring = Wiring({System.JPKI: jpki_system.SCHEMAS})
        self.jpki: Jpki

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        surroundings = self.wiring.surroundings(System.JPKI)
        first_issue = self.wallet.first_issue
        self.jpki = Jpki(
            surroundings, self.authority, self.nation.size, first_issue=first_issue, refresh_every=MINUTE
        )
        async with self.wiring.running(jpki_system.build(surroundings, self.jpki)):
            yield

    def person(self, *, over: int = 0, under: int = 200, first_over: int = 0) -> Person:
        """The first resident of this age today, whose first certificates were issued at *first_over* or later."""
        for n in range(5_000):
            person = self.nation.person(n)
            first = self.wallet.first_issue(n)
            if over <= person.age(TODAY) < under and person.age(first.issued_on) >= first_over:
                return person
        raise AssertionError("nobody of that age")

    async def status(self, n: int, kind: Kind, generation: int = 0) -> ocsp.OCSPResponse:
        """After the next refresh."""
        await trio.sleep(61)
        ca = self.authority.ca(kind).certificate
        key = ca.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
        name_hash, key_hash = (_sha256(part) for part in (ca.subject.public_bytes(), key))
        serial = self.authority.serials.serial_of(n, generation, kind)
        request = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
            name_hash, key_hash, serial, hashes.SHA256()
        )
        return ocsp.load_der_ocsp_response(self.jpki.ocsp(request.build().public_bytes(Encoding.DER)))

    async def certificate_status(self, n: int, kind: Kind, generation: int = 0) -> OCSPCertStatus:
        return (await self.status(n, kind, generation)).certificate_status


def _sha256(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(data)
    return digest.finalize()


@pytest.fixture
async def counter(authority: Authority, nation: Nation) -> AsyncIterator[Counter]:
    counter = Counter(authority, nation)
    async with counter.open():
        yield counter


def test_every_event_is_in_the_table() -> None:
    assert set(REVOKED_BY) == set(CardEvent)
    for event, revoked in REVOKED_BY.items():
        expected = {Kind.SIGN} if event in UNCHANGED else set(Kind)
        assert set(revoked) == expected, event


@pytest.mark.requirement("ACC-1")
@pytest.mark.parametrize("event", list(CardEvent))
async def test_an_event_revokes_what_the_table_says(
    counter: Counter, autojump_clock: MockClock, event: CardEvent
) -> None:
    n = counter.person(over=30, first_over=15).n

    await counter.jpki.happened(n, event)

    for kind in Kind:
        for medium in (Medium.CARD, Medium.PHONE):
            said = await counter.status(n, kind, medium.generation(0))
            reason = REVOKED_BY[event].get(kind)
            if reason is None:
                assert said.certificate_status is OCSPCertStatus.GOOD
            else:
                assert said.certificate_status is OCSPCertStatus.REVOKED
                assert said.revocation_reason is not None
                assert said.revocation_reason.value == reason


@pytest.mark.requirement("ACC-1")
async def test_a_move_revokes_the_signature_certificate_only(
    counter: Counter, autojump_clock: MockClock
) -> None:
    n = counter.person(over=30, first_over=15).n

    revoked = await counter.jpki.happened(n, CardEvent.MOVED)

    holders = [counter.authority.serials.holder_of(serial) for serial in revoked]
    assert holders == [Holder(n, medium.generation(0), Kind.SIGN) for medium in (Medium.CARD, Medium.PHONE)]
    said = await counter.status(n, Kind.SIGN)
    assert said.revocation_reason is x509.ReasonFlags.affiliation_changed
    assert await counter.certificate_status(n, Kind.AUTH) is OCSPCertStatus.GOOD
    listed = x509.load_der_x509_crl(counter.jpki.crl(AuthorityName.SIGNATURE))
    assert {entry.serial_number for entry in listed} == set(revoked)


async def test_a_new_signature_certificate_after_the_move(
    counter: Counter, autojump_clock: MockClock
) -> None:
    n = counter.person(over=30, first_over=15).n
    await counter.jpki.happened(n, CardEvent.MOVED)

    serial = await counter.jpki.issue_signature(n)

    assert serial == counter.authority.serials.serial_of(n, 1, Kind.SIGN)
    assert await counter.certificate_status(n, Kind.SIGN, 1) is OCSPCertStatus.GOOD
    said = await counter.status(n, Kind.SIGN, 0)
    assert said.revocation_reason is x509.ReasonFlags.affiliation_changed, "the first reason stays"
    assert await counter.certificate_status(n, Kind.AUTH) is OCSPCertStatus.GOOD
    issued = counter.jpki.issued_to(n)
    assert issued is not None
    old, new = counter.wallet.contents(n), counter.wallet.contents(n, issued)
    assert old.auth_certificate == new.auth_certificate
    assert new.sign_certificate is not None
    assert x509.load_der_x509_certificate(new.sign_certificate).serial_number == serial


async def test_what_was_issued_is_known_after_a_restart(counter: Counter, autojump_clock: MockClock) -> None:
    n = counter.person(over=30, first_over=15).n
    await counter.jpki.reissue(n)
    await counter.jpki.happened(n, CardEvent.NAME_CHANGED)
    await counter.jpki.issue_signature(n)
    before = counter.jpki.issued_to(n)

    async with counter.open():
        assert counter.jpki.issued_to(n) == before
        assert await counter.certificate_status(n, Kind.SIGN, 1) is OCSPCertStatus.REVOKED
        assert await counter.certificate_status(n, Kind.SIGN, 2) is OCSPCertStatus.GOOD


@pytest.mark.requirement("ACC-1")
async def test_a_child_has_no_signature_certificate(counter: Counter, autojump_clock: MockClock) -> None:
    child = counter.person(over=3, under=14)

    assert await counter.certificate_status(child.n, Kind.AUTH) is OCSPCertStatus.GOOD
    assert await counter.certificate_status(child.n, Kind.SIGN) is OCSPCertStatus.UNKNOWN
    serial = counter.authority.serials.serial_of(child.n, 0, Kind.SIGN)
    assert counter.jpki.holder_of(serial) is None
    assert (await counter.jpki.revoke(serial, RevocationReason.UNSPECIFIED)).name == "NOT_OURS"
    assert await counter.jpki.issue_signature(child.n) is None

    await counter.jpki.reissue(child.n)

    assert await counter.certificate_status(child.n, Kind.AUTH, 1) is OCSPCertStatus.GOOD
    for generation in (0, 1):
        assert await counter.certificate_status(child.n, Kind.SIGN, generation) is OCSPCertStatus.UNKNOWN
    contents = counter.wallet.contents(child.n, counter.jpki.issued_to(child.n))
    assert contents.sign_certificate is None
    assert list(x509.load_der_x509_crl(counter.jpki.crl(AuthorityName.SIGNATURE))) == []


async def test_at_fifteen_the_first_signature_certificate(
    counter: Counter, autojump_clock: MockClock
) -> None:
    child = counter.person(over=14, under=15, first_over=11)
    kept = counter.wallet.fresh_state(child.n)
    fifteenth = birthday_in(child.birth_date.year + 15, child.birth_date)
    assert await counter.jpki.issue_signature(child.n, issued_on=fifteenth - timedelta(days=1)) is None

    serial = await counter.jpki.issue_signature(child.n, issued_on=fifteenth)

    assert serial == counter.authority.serials.serial_of(child.n, 0, Kind.SIGN)
    assert await counter.certificate_status(child.n, Kind.SIGN) is OCSPCertStatus.GOOD
    issued = counter.jpki.issued_to(child.n)
    assert issued is not None
    assert issued.sign == (0, fifteenth)
    state = counter.wallet.state_for(child.n, kept, issued)
    assert state.values["sign"] == counter.wallet.pins(child.n).sign  # type: ignore[index]


async def test_nobody_has_events(counter: Counter, autojump_clock: MockClock) -> None:
    for person in (-1, counter.nation.size):
        with pytest.raises(ValueError, match="person number"):
            await counter.jpki.happened(person, CardEvent.MOVED)
        with pytest.raises(ValueError, match="person number"):
            await counter.jpki.issue_signature(person)


def test_the_card_says_what_the_register_said_on_the_day_of_issue(
    authority: Authority, nation: Nation
) -> None:
    """A move and a marriage between two signature certificates: face and new certificate have the new items."""
    moved_on = date(2026, 6, 1)

    def registered(n: int, day: date) -> Person:
        person = nation.person(n)
        if day < moved_on:
            return person
        address = msgspec.structs.replace(
            person.address, text="東京都清瀬市中里五丁目８４２番地", municipality="132217"
        )
        return msgspec.structs.replace(person, family="新山", address=address)

    wallet = Wallet(nation, authority, authority.keys, TODAY, residents=registered)
    n = next(n for n in range(5000) if wallet.contents(n).sign_certificate is not None)
    first = wallet.first_issue(n).issued_on

    before = wallet.contents(n)
    after = wallet.contents(n, Issue(0, first, 1, moved_on))

    assert after.auth_certificate == before.auth_certificate
    assert (after.name.split("\u3000")[0], after.municipality) == ("新山", "13221")
    items = [_items(contents.sign_certificate) for contents in (before, after)]
    person = nation.person(n)
    assert items[0][NAME_OID] == person.name
    assert items[1][NAME_OID] == f"新山\u3000{person.given}"
    assert items[1][ADDRESS_OID] == after.address == "東京都清瀬市中里五丁目８４２番地"


def _items(der: bytes | None) -> dict[str, str]:
    assert der is not None
    names = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    others = names.value.get_values_for_type(x509.OtherName)
    return {other.type_id.dotted_string: other.value[2:].decode() for other in others}
