"""Delegations: two people at one terminal, one of whom becomes the other's proxy; what is granted changes and ends (PRX-1, 3, 4)."""

from datetime import timedelta
from typing import Any

import msgspec
import trio

from cards import terminal
from cards.terminal import Signed
from portal.wire import proxies
from portal.wire.moments import to_jst
from portal.wire.operation import Done, Nothing
from portal.wire.problems import Problem, ProblemCode
from portal.wire.proxies import (
    ChangeDelegation,
    Delegations,
    DelegationView,
    OneDelegation,
    Right,
    Scope,
    Terms,
)
from portal.wire.sign_in import Challenge
from scenarios.explorer.case import Errand
from scenarios.explorer.citizen import Citizen
from scenarios.explorer.deck_acts import Act
from scenarios.explorer.deck_proxies import Grant, Grants, Version
from scenarios.explorer.exploring import Exploration
from scenarios.explorer.registry import actor, arc, noticed, sometimes, step
from sim.world.chance import SeededChance

CODES = ("TM00000000000002", *(f"TM9000000000000{number}" for number in range(1, 7)))
"""Some kinds of information."""
_NOT_DONE = frozenset([ProblemCode.FORBIDDEN, ProblemCode.NOT_FOUND, ProblemCode.PERIOD_REFUSED])
"""After these a change was not carried out; a conflict may be one with its own first try."""

OWN_CARD = noticed("nobody is one's own proxy", "PRX-1")

REGISTERED = sometimes("proxy-registered", "代理人が、二人のカードで登録される")
BOTH_AT_ONCE = sometimes("both-end-at-once", "本人と代理人が、同時に代理を終える")


def grants_of(run: Exploration) -> Grants:
    grants: Grants = run.own.setdefault("grants", Grants())
    return grants


class Pair:
    """本人と代理人: the errand's resident, and another one."""

    def __init__(self, run: Exploration, errand: Errand, chance: SeededChance) -> None:
        self.run = run
        self.chance = chance
        count = len(run.residents)
        other = (errand.who + 1 + chance.integer(max(1, count - 1))) % count
        self.owner = Citizen(run, errand, chance.fork("owner"))
        self.proxy = Citizen(run, msgspec.structs.replace(errand, who=other), chance.fork("proxy"))
        self.is_two = self.owner.me is not self.proxy.me

    def __repr__(self) -> str:
        return f"<Pair {self.owner.me.name} and {self.proxy.me.name}>"

    def scope(self) -> Scope:
        rights = tuple(right for right in Right if self.chance.uniform() < 0.5) or (Right.RECORDS,)
        ticked = tuple(code for code in CODES if self.chance.uniform() < 0.5) or CODES[:1]
        mail = self.chance.uniform() < 0.5
        return Scope(rights, ticked if Right.SELF_INFORMATION in rights else (), mail)

    def grant(self) -> Grant | None:
        """One of theirs that may still be in force."""
        here = self.owner.me.index, self.proxy.me.index
        found = [each for each in grants_of(self.run).known.values() if (each.owner, each.proxy) == here]
        return found[-1] if found else None

    def sighted(self, view: DelegationView, act: Act) -> Grant:
        return grants_of(self.run).sighted(
            view.delegation_id,
            self.owner.me.index,
            self.proxy.me.index,
            view.scope,
            view.end,
            act,
        )


actor("pair", Pair)


async def with_account(citizen: Citizen) -> bool:
    if not await citizen.ensure_signed_in() or citizen.window is None:
        return False
    return citizen.window.is_joined or await citizen.register()


# Registering, changing, ending


@step("pair", "register", 8)
async def register(pair: Pair) -> None:
    await register_for(pair, pair.chance.integer(700))


async def register_for(pair: Pair, days: int) -> None:
    """Both cards in one session (PRX-1); for so many days from tomorrow on, and today."""
    if not await with_account(pair.proxy) or not await with_account(pair.owner):
        return
    run, owner, scope = pair.run, pair.owner, pair.scope()
    today = to_jst(run.portal_ms()).date()
    terms = Terms(scope, today, today + timedelta(days=days))
    asked = await owner.call(proxies.PREPARE_PROXY, terms, window=owner.window)
    if not isinstance(asked.outcome, Challenge):
        return
    await owner.wait(0.5, 20)
    card = pair.proxy.me
    card.card.power_on()
    signed = terminal.authenticate(card.card.transmit, card.pin, asked.outcome.digest_info)
    card.card.power_off()
    if not isinstance(signed, Signed):
        return
    wanted = proxies.Registration(
        terms.scope,
        terms.start,
        terms.end,
        True,
        asked.outcome.challenge,
        signed.signature,
        signed.certificate,
    )
    called = await owner.call(proxies.REGISTER_PROXY, wanted, window=owner.window)
    if isinstance(called.outcome, DelegationView):
        if not pair.is_two:
            run.breach(OWN_CARD, "refused", f"{card.name} is a proxy of {card.name}")
            return
        act = Act(called.began, called.ended, True)
        pair.sighted(called.outcome, act)
        run.reached(REGISTERED)


@step("pair", "change", 3)
async def change(pair: Pair) -> None:
    grant = pair.grant()
    if grant is None or not await with_account(pair.owner):
        return
    view = await _shown(pair, grant)
    if view is None or pair.owner.window is None:
        return
    version = Version(pair.scope(), Act(pair.run.tick()))
    grant.versions.append(version)
    wanted = ChangeDelegation(grant.delegation_id, version.scope, view.end, view.version)
    called = await pair.owner.call(proxies.CHANGE_PROXY, wanted, window=pair.owner.window)
    if isinstance(called.outcome, DelegationView):
        version.act.ended, version.act.is_certain = called.ended, True
    elif isinstance(called.outcome, Problem) and called.outcome.code in _NOT_DONE:
        grant.versions.remove(version)


async def _shown(pair: Pair, grant: Grant) -> DelegationView | None:
    """Their delegation on the owner's screen."""
    called = await pair.owner.call(proxies.LIST_PROXIES, Nothing(), window=pair.owner.window)
    if not isinstance(called.outcome, Delegations):
        return None
    return next((each for each in called.outcome.proxies if each.delegation_id == grant.delegation_id), None)


async def end_it(citizen: Citizen, grant: Grant, operation: Any) -> bool:
    act = Act(citizen.run.tick())
    grant.endings.append(act)
    called = await citizen.call(operation, OneDelegation(grant.delegation_id), window=citizen.window)
    if isinstance(called.outcome, Done):
        act.ended, act.is_certain = called.ended, True
    return act.is_certain


@step("pair", "end", 1)
async def end(pair: Pair) -> None:
    grant = pair.grant()
    if grant is not None and await with_account(pair.owner):
        await end_it(pair.owner, grant, proxies.END_PROXY)


@step("pair", "withdraw", 1)
async def withdraw(pair: Pair) -> None:
    grant = pair.grant()
    if grant is not None and await with_account(pair.proxy):
        await end_it(pair.proxy, grant, proxies.WITHDRAW_PROXY)


@step("pair", "both-end", 1)
async def both_end(pair: Pair) -> None:
    grant = pair.grant()
    if grant is None or not await with_account(pair.owner) or not await with_account(pair.proxy):
        return
    done: list[bool] = []

    async def go(citizen: Citizen, operation: Any) -> None:
        done.append(await end_it(citizen, grant, operation))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(go, pair.owner, proxies.END_PROXY)
        nursery.start_soon(go, pair.proxy, proxies.WITHDRAW_PROXY)
    if all(done):
        pair.run.reached(BOTH_AT_ONCE)


arc(
    "somebody-looks-after-another",
    0.12,
    ("citizen", ("sign-in",)),
    ("pair", ("wish-to-be-warned", "register", "act-and-look", "change", "act-and-look")),
    ("pair", ("register", "end-while-acting", "both-end")),
)
