"""A lost card and its successor in a whole world: the same account, and the lost card gets nobody in (ACC-2)."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from trio.testing import MockClock

from cards.card import Card
from cards.contents import CardKind
from cards.terminal import Signed, authenticate
from portal.links.link import Unreachable
from portal.settings import PortalSettings
from portal.wire.jpki import REISSUE, REVOKE, OneSerial, Reissued, RevocationReason, Revoke
from portal.wire.moments import day_of
from portal.wire.operation import Done, Nothing
from portal.wire.problems import Problem, ProblemCode
from portal.wire.sign_in import (
    ASK_CHALLENGE,
    OPEN_ACCOUNT,
    SIGN_IN,
    VIEW_ACCOUNT,
    AccountSettings,
    AccountView,
    Challenge,
    SignedIn,
    SignIn,
)
from portal.wire.systems import Party, System
from sim.cards_desk.wallet import Issue
from sim.jpki.serials import Kind
from sim.world.building import Description
from sim.world.facts import FIRST_DAY, WorldFacts
from sim.world.settings import WorldSettings
from sim.world.simulated import SimulatedWorld, simulated_world

N = 12
NICKNAME = "はなこ"
DAY_MS = 86_400_000


@pytest.fixture(scope="session")
def facts(tmp_path_factory: pytest.TempPathFactory) -> WorldFacts:
    folder: Path = tmp_path_factory.mktemp("keys")
    return WorldFacts(7, folder)


@pytest.fixture
async def world(facts: WorldFacts) -> AsyncIterator[SimulatedWorld]:
    async with simulated_world(Description(facts, WorldSettings(), PortalSettings()), 1) as world:
        yield world


async def sign_in(world: SimulatedWorld, card: Card, n: int = N) -> SignedIn | Problem | Unreachable:
    portal = world.link(Party.CITIZEN, System.PORTAL)
    challenge = await portal.call(ASK_CHALLENGE, Nothing())
    assert isinstance(challenge, Challenge), challenge
    card.power_on()
    signed = authenticate(card.transmit, world.facts.wallet.pins(n).auth, challenge.digest_info)
    card.power_off()
    assert isinstance(signed, Signed), signed
    return await portal.call(SIGN_IN, SignIn(challenge.challenge, signed.signature, signed.certificate))


async def register(world: SimulatedWorld, session: SignedIn) -> AccountView:
    portal = world.link(Party.CITIZEN, System.PORTAL)
    bearer = f"Bearer {session.session}"
    opened = await portal.call(OPEN_ACCOUNT, AccountSettings(NICKNAME), authorization=bearer)
    assert isinstance(opened, AccountView), opened
    return opened


async def revoke(world: SimulatedWorld, serial: int) -> None:
    operator = world.link(Party.OPERATOR, System.JPKI)
    answer = await operator.call(REVOKE, Revoke(str(serial), RevocationReason.KEY_COMPROMISE))
    assert isinstance(answer, Done), answer


@pytest.mark.requirement("ACC-1", "ACC-2")
async def test_lost_and_issued_again(world: SimulatedWorld, autojump_clock: MockClock) -> None:
    wallet, serials = world.facts.wallet, world.facts.serials
    old = wallet.card(N, world.chance)
    first = await sign_in(world, old)
    assert isinstance(first, SignedIn), first
    account = await register(world, first)

    for kind in Kind:
        await revoke(world, serials.serial_of(N, 0, kind))
    await world.pass_time(16 * 60)
    refused = await sign_in(world, old)
    assert isinstance(refused, Problem)
    assert refused.code is ProblemCode.CERTIFICATE_REVOKED

    operator = world.link(Party.OPERATOR, System.JPKI)
    issued = await operator.call(REISSUE, OneSerial(str(serials.serial_of(N, 0, Kind.AUTH))))
    assert isinstance(issued, Reissued), issued
    new = wallet.card(N, world.chance, issued=Issue(issued.generation, issued.issued_on))
    assert new.contents.serial != old.contents.serial
    again = await sign_in(world, new)

    assert isinstance(again, SignedIn), again
    assert again.nickname == NICKNAME
    portal = world.link(Party.CITIZEN, System.PORTAL)
    seen = await portal.call(VIEW_ACCOUNT, Nothing(), authorization=f"Bearer {again.session}")
    assert isinstance(seen, AccountView)
    assert seen.opened_at == account.opened_at
    refused = await sign_in(world, old)
    assert isinstance(refused, Problem)
    assert refused.code is ProblemCode.CERTIFICATE_REVOKED


@pytest.mark.requirement("ACC-2")
async def test_the_phone_opens_the_same_account(world: SimulatedWorld, autojump_clock: MockClock) -> None:
    wallet = world.facts.wallet
    first = await sign_in(world, wallet.card(N, world.chance))
    assert isinstance(first, SignedIn), first
    await register(world, first)

    phone = wallet.card(N, world.chance, kind=CardKind.ANDROID)
    again = await sign_in(world, phone)

    assert isinstance(again, SignedIn), again
    assert again.nickname == NICKNAME


@pytest.mark.requirement("ACC-1")
async def test_the_certificate_ends_with_the_fifth_birthday(
    world: SimulatedWorld, autojump_clock: MockClock
) -> None:
    wallet = world.facts.wallet

    def ends(n: int) -> x509.Certificate:
        return x509.load_der_x509_certificate(wallet.contents(n).auth_certificate)

    # Of some residents the one whose certificate ends next, on a fifth birthday after its issue.
    n = min(range(30), key=lambda n: ends(n).not_valid_after_utc)
    last = ends(n).not_valid_after_utc
    last_day = day_of(int(last.timestamp() * 1000))
    birth, issued_on = wallet.first_issue(n)
    assert (last_day.month, last_day.day) == (birth.month, birth.day)
    assert last_day.year - issued_on.year in (4, 5, 6)
    assert last_day >= FIRST_DAY
    card = wallet.card(n, world.chance)

    to_last_day = (
        int(last.timestamp() * 1000) - world.clock.now_ms() - int(timedelta(minutes=5).total_seconds() * 1000)
    )
    world.clock.move(to_last_day)
    assert isinstance(await sign_in(world, card, n), SignedIn)
    world.clock.move(DAY_MS // 24)

    refused = await sign_in(world, card, n)
    assert isinstance(refused, Problem)
    assert refused.code is ProblemCode.CERTIFICATE_EXPIRED
