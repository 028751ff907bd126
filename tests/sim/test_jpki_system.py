"""JPKI through its dispatcher: OCSP, lists, linkage, revocation; what was revoked stays so over a restart."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponseStatus
from sim_wiring import Wiring, code_of
from trio.testing import MockClock

from portal.wire import jpki as wire
from portal.wire.controls import Mode
from portal.wire.jpki import AuthorityName, Linkage, OneAuthority, OneSerial, RevocationReason, Revoke
from portal.wire.operation import Done
from portal.wire.problems import ProblemCode
from portal.wire.systems import Caller, Party, System
from sim.jpki import system as jpki_system
from sim.jpki.authority import Authority
from sim.jpki.key_cache import KeyCache
from sim.jpki.serials import Kind
from sim.jpki.service import Jpki

PEOPLE = 1000
N = 7
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder: Path = tmp_path_factory.mktemp("keys")
    return Authority(b"jpki under test", KeyCache(folder))


class World:
    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.wiring = Wiring({System.JPKI: jpki_system.SCHEMAS})
        self.jpki: Jpki

    @asynccontextmanager
    async def running(self) -> AsyncIterator["World"]:
        surroundings = self.wiring.surroundings(System.JPKI)
        self.jpki = Jpki(surroundings, self.authority, PEOPLE, refresh_every=MINUTE)
        async with self.wiring.running(jpki_system.build(surroundings, self.jpki)):
            yield self

    def serial(self, generation: int = 0, kind: Kind = Kind.AUTH, n: int = N) -> str:
        return str(self.authority.serials.serial_of(n, generation, kind))

    async def status(self, serial: str, kind: Kind = Kind.AUTH) -> ocsp.OCSPResponse:
        ca = self.authority.ca(kind).certificate
        request = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
            *_hashes(ca), int(serial), hashes.SHA256()
        )
        answer = await self.wiring.ask(wire.OCSP, request.build().public_bytes(Encoding.DER), System.PORTAL)
        assert isinstance(answer, bytes), answer
        return ocsp.load_der_ocsp_response(answer)

    async def linkage(self, serial: str, sender: Caller = System.PORTAL) -> object:
        return await self.wiring.ask(wire.LINKAGE, OneSerial(serial), sender)

    async def revoke(self, serial: str, sender: Caller = Party.OPERATOR) -> object:
        asked = Revoke(serial, RevocationReason.KEY_COMPROMISE)
        return await self.wiring.ask(wire.REVOKE, asked, sender)

    async def crl(self, name: AuthorityName) -> x509.CertificateRevocationList:
        answer = await self.wiring.ask(wire.CRL, OneAuthority(name), System.PORTAL)
        assert isinstance(answer, bytes), answer
        return x509.load_der_x509_crl(answer)


def _hashes(ca: x509.Certificate) -> tuple[bytes, bytes]:
    name = hashes.Hash(hashes.SHA256())
    name.update(ca.subject.public_bytes())
    key = hashes.Hash(hashes.SHA256())
    key.update(ca.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1))
    return name.finalize(), key.finalize()


@pytest.fixture
def world(authority: Authority) -> World:
    return World(authority)


@pytest.fixture
async def up(world: World) -> AsyncIterator[World]:
    async with world.running():
        yield world


@pytest.mark.requirement("ACC-1")
async def test_good_then_revoked(up: World, autojump_clock: MockClock) -> None:
    assert (await up.status(up.serial())).certificate_status is OCSPCertStatus.GOOD

    assert await up.revoke(up.serial()) == Done()
    assert await up.revoke(up.serial()) == Done(), "the same again"
    await trio.sleep(61)

    status = await up.status(up.serial())
    assert status.certificate_status is OCSPCertStatus.REVOKED
    assert status.revocation_reason is x509.ReasonFlags.key_compromise
    listed = await up.crl(AuthorityName.AUTHENTICATION)
    assert [entry.serial_number for entry in listed] == [int(up.serial())]
    assert list(await up.crl(AuthorityName.SIGNATURE)) == []


@pytest.mark.requirement("ACC-1")
async def test_a_certificate_that_nobody_has_is_unknown(up: World, autojump_clock: MockClock) -> None:
    for serial in ("5", up.serial(1), up.serial(n=PEOPLE), up.serial(kind=Kind.SIGN)):
        assert (await up.status(serial)).certificate_status is OCSPCertStatus.UNKNOWN
        if serial != up.serial(kind=Kind.SIGN):
            assert code_of(await up.revoke(serial)) is ProblemCode.NOT_FOUND
        assert code_of(await up.linkage(serial)) is ProblemCode.NOT_FOUND


async def test_nonsense_gets_an_ocsp_error(up: World, autojump_clock: MockClock) -> None:
    answer = await up.wiring.ask(wire.OCSP, b"nonsense", System.PORTAL)

    assert isinstance(answer, bytes)
    assert ocsp.load_der_ocsp_response(answer).response_status is OCSPResponseStatus.MALFORMED_REQUEST
    large = await up.wiring.ask(wire.OCSP, bytes(wire.OCSP_BYTES_MAX + 1), System.PORTAL)
    assert code_of(large) is ProblemCode.TOO_LARGE


@pytest.mark.requirement("ACC-2")
async def test_linkage_leads_to_the_first_certificate(up: World, autojump_clock: MockClock) -> None:
    assert await up.linkage(up.serial()) == Linkage(up.serial(), ())

    assert await up.jpki.reissue(N) == int(up.serial(1))
    assert await up.jpki.reissue(N, issued_on=date(2026, 5, 1)) == int(up.serial(2))

    linked = Linkage(up.serial(0), (up.serial(0), up.serial(1)))
    assert await up.linkage(up.serial(2)) == linked
    assert await up.linkage(up.serial(0)) == linked
    await trio.sleep(61)
    for generation, expected in enumerate(
        [OCSPCertStatus.REVOKED, OCSPCertStatus.REVOKED, OCSPCertStatus.GOOD]
    ):
        for kind in Kind:
            status = await up.status(up.serial(generation, kind), kind)
            assert status.certificate_status is expected
    assert (await up.status(up.serial(0))).revocation_reason is x509.ReasonFlags.superseded


@pytest.mark.requirement("ACC-2")
async def test_renewals_and_revocations_outlive_a_restart(world: World, autojump_clock: MockClock) -> None:
    async with world.running():
        await world.jpki.reissue(N, issued_on=date(2026, 5, 1))
        await world.revoke(world.serial(n=8))
        await world.wiring.set(System.JPKI, Mode.NORMAL)
    await trio.sleep(61)
    async with world.running():
        assert await world.linkage(world.serial(1)) == Linkage(world.serial(0), (world.serial(0),))
        assert world.jpki.current(N).issued_on == date(2026, 5, 1)
        assert (await world.status(world.serial(0))).certificate_status is OCSPCertStatus.REVOKED
        assert (await world.status(world.serial(n=8))).certificate_status is OCSPCertStatus.REVOKED
        assert (await world.status(world.serial(1))).certificate_status is OCSPCertStatus.GOOD


async def test_a_revocation_that_was_not_written_does_not_show(up: World, autojump_clock: MockClock) -> None:
    up.wiring.stores[System.JPKI].refuse = "disk full"
    assert code_of(await up.revoke(up.serial())) is ProblemCode.STORAGE_REFUSED
    await trio.sleep(61)

    assert (await up.status(up.serial())).certificate_status is OCSPCertStatus.GOOD


async def test_two_renewals_at_once_are_two_generations(up: World, autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(up.jpki.reissue, N)
        nursery.start_soon(up.jpki.reissue, N)

    assert up.jpki.current(N).generation == 2
    with pytest.raises(ValueError):
        await up.jpki.reissue(PEOPLE)


@pytest.mark.requirement("ACC-1")
@pytest.mark.parametrize("name", AuthorityName)
async def test_authorities_and_their_lists(up: World, autojump_clock: MockClock, name: AuthorityName) -> None:
    der = await up.wiring.ask(wire.CA_CERTIFICATE, OneAuthority(name), System.PORTAL)
    assert isinstance(der, bytes)
    ca = x509.load_der_x509_certificate(der)
    listed = await up.crl(name)

    key = ca.public_key()
    assert listed.is_signature_valid(key)  # type: ignore[arg-type]
    now = datetime.fromtimestamp(up.wiring.clock.now_ms() / 1000, UTC)
    assert listed.next_update_utc is not None and listed.last_update_utc <= now < listed.next_update_utc


async def test_no_third_authority(up: World, autojump_clock: MockClock) -> None:
    for operation in (wire.CRL, wire.CA_CERTIFICATE):
        answer = await up.wiring.ask(operation, OneAuthority("third"), System.PORTAL)
        assert code_of(answer) is ProblemCode.NOT_FOUND


async def test_who_may_do_what(up: World, autojump_clock: MockClock) -> None:
    assert code_of(await up.linkage(up.serial(), System.NETWORK)) is ProblemCode.FORBIDDEN
    assert code_of(await up.revoke(up.serial(), System.PORTAL)) is ProblemCode.FORBIDDEN
    assert code_of(await up.linkage("x")) is ProblemCode.UNPROCESSABLE


@pytest.mark.requirement("ACC-1")
async def test_stopped(up: World, autojump_clock: MockClock) -> None:
    await up.wiring.set(System.JPKI, Mode.STOPPED)
    assert code_of(await up.wiring.ask(wire.OCSP, b"", System.PORTAL)) is ProblemCode.STOPPED
    assert code_of(await up.linkage(up.serial())) is ProblemCode.STOPPED

    await up.wiring.set(System.JPKI, Mode.NORMAL)

    assert (await up.status(up.serial())).certificate_status is OCSPCertStatus.GOOD
