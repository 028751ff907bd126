"""Two residents at one terminal: one makes the other a proxy (代理人), with both cards."""

from datetime import timedelta

from cards.terminal import Signed
from portal.links.link import Unreachable
from portal.wire import proxies
from portal.wire.problems import Problem
from portal.wire.proxies import DelegationView, Registration, Right, Scope, Terms
from portal.wire.sign_in import Challenge
from scenarios.actors.resident import Resident
from scenarios.checking import answered

NoAnswer = Problem | Unreachable
RECORDS_ONLY = Scope((Right.RECORDS,))


def for_days(owner: Resident, days: int, scope: Scope = RECORDS_ONLY) -> Terms:
    """From today on."""
    today = owner.stage.today
    return Terms(scope, today, today + timedelta(days=days - 1))


async def prepare(owner: Resident, terms: Terms) -> Challenge | NoAnswer:
    return await owner.call(proxies.PREPARE_PROXY, terms)


async def agree(
    owner: Resident, proxy: Resident, terms: Terms, challenge: Challenge, *, agreed: bool = True
) -> DelegationView | NoAnswer:
    """The proxy's card signs in the owner's session, and the owner confirms."""
    signed = answered(proxy.sign(challenge), Signed, f"{proxy.name}のカードの署名")
    registration = Registration(
        terms.scope, terms.start, terms.end, agreed, challenge.challenge, signed.signature, signed.certificate
    )
    return await owner.call(proxies.REGISTER_PROXY, registration)


async def register(owner: Resident, proxy: Resident, terms: Terms) -> DelegationView | NoAnswer:
    """The whole way at one terminal."""
    challenge = await prepare(owner, terms)
    if not isinstance(challenge, Challenge):
        return challenge
    return await agree(owner, proxy, terms, challenge)


async def registered(owner: Resident, proxy: Resident, terms: Terms) -> DelegationView:
    """It must be taken."""
    return answered(await register(owner, proxy, terms), DelegationView, "代理人の登録")


async def act(proxy: Resident, delegation_id: str) -> proxies.Acting | NoAnswer:
    """The proxy looks at the owner's folder from now on."""
    return await proxy.call(proxies.ACT_AS_PROXY, proxies.OneDelegation(delegation_id))
