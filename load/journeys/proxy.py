"""代理人: two at one terminal; one lets the other look at her records for some days, and ends it (PRX-1, 3, 5, 7).

Both sign in with their own cards; the companion's card signs the terms in the owner's session. A step that fails ends
its own part, and both sign out.
"""

from datetime import timedelta

from load.journeys import Journey, Visit
from load.parts import CHOOSE_SECONDS, LOOK_SECONDS, PIN_SECONDS, enter, leave, look_at_records
from load.steps import Hand, Steps, ask, sign
from portal.wire import proxies
from portal.wire.operation import Nothing
from portal.wire.proxies import (
    DelegationState,
    DelegationView,
    OneDelegation,
    Registration,
    Right,
    Scope,
    Terms,
)

GRANTED_DAYS = 30
IN_FORCE = (DelegationState.PENDING, DelegationState.ACTIVE)


def proxy(visit: Visit) -> Steps[None]:
    beside = visit.of_companion
    companion = yield from enter(beside)
    if companion is None:
        return
    owner = yield from enter(visit)
    if owner is not None:
        delegation = yield from _grant(visit, owner)
        if delegation is not None:
            one = OneDelegation(delegation.delegation_id)
            yield from _look_after(beside, companion, one)
            yield from visit.think(8, LOOK_SECONDS)
            yield from ask(proxies.END_PROXY, one, owner)
        yield from leave(visit, owner)
    yield from leave(beside, companion)


def _grant(visit: Visit, owner: str) -> Steps[DelegationView | None]:
    """代理人の登録: the owner says what for and how long, the companion's card signs it."""
    yield from visit.think(6, CHOOSE_SECONDS)
    listed = yield from ask(proxies.LIST_PROXIES, Nothing(), owner)
    # An earlier visit may have been cut off before its end; the same two can't have it twice.
    for each in listed.proxies if listed else ():
        if each.state in IN_FORCE and each.nickname == visit.companion:
            yield from ask(proxies.END_PROXY, OneDelegation(each.delegation_id), owner)
    terms = Terms(Scope((Right.RECORDS,)), visit.today, visit.today + timedelta(days=GRANTED_DAYS - 1))
    challenge = yield from ask(proxies.PREPARE_PROXY, terms, owner)
    if challenge is None:
        return None
    yield from visit.think(7, PIN_SECONDS)
    signed = yield from sign(challenge.digest_info, Hand.COMPANION)
    if signed is None:
        return None
    wanted = Registration(
        terms.scope,
        terms.start,
        terms.end,
        True,
        challenge.challenge,
        signed.signature,
        signed.certificate,
    )
    return (yield from ask(proxies.REGISTER_PROXY, wanted, owner))


def _look_after(beside: Visit, companion: str, one: OneDelegation) -> Steps[None]:
    """The companion looks at the owner's records, and goes back to her own screen."""
    yield from beside.think(6, LOOK_SECONDS)
    if (yield from ask(proxies.ACT_AS_PROXY, one, companion)) is None:
        return
    yield from look_at_records(beside, companion)
    yield from ask(proxies.STOP_ACTING, Nothing(), companion)


JOURNEY = Journey("proxy", "代理人になってもらう", proxy, company=True)
