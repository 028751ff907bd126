"""Proxies: two people at one terminal, one of whom acts for the other afterwards; what is granted changes and ends meanwhile.

What a proxy sees is held against what may have been granted at that moment, and all that a proxy does must stand in the
owner's history as the proxy's.
"""

from datetime import timedelta
from typing import Any, NamedTuple

import msgspec
import trio

from cards import terminal
from cards.terminal import Signed
from portal.links.link import Unreachable
from portal.wire import notices, proxies, records, self_information, sign_in
from portal.wire.history import SEARCH_HISTORY, Action, HistoryLines, HistoryQuery, Operator, Service
from portal.wire.moments import to_jst, to_ms
from portal.wire.operation import Done, Nothing
from portal.wire.problems import Problem, ProblemCode
from portal.wire.proxies import (
    ChangeDelegation,
    Delegations,
    DelegationState,
    DelegationView,
    OneDelegation,
    Right,
    Scope,
    Terms,
)
from portal.wire.records import OneRequest
from portal.wire.sign_in import Challenge
from scenarios.explorer.case import Errand
from scenarios.explorer.citizen import Citizen
from scenarios.explorer.deck import Act
from scenarios.explorer.deck_history import GONE_DAYS, KEPT_DAYS, SLACK_MS
from scenarios.explorer.deck_proxies import Grant, Grants, Kind, ProxyDeed, Version
from scenarios.explorer.exploring import LAST_LOOKS, Exploration
from scenarios.explorer.parts.disclosures import RECORDS
from scenarios.explorer.registry import actor, arc, noticed, sometimes, step
from sim.world.chance import SeededChance

DAY_MS = 86_400_000
CODES = ("TM00000000000002", *(f"TM9000000000000{number}" for number in range(1, 7)))
"""Some kinds of information."""
PAGES_MAX = 20
_NOT_DONE = frozenset([ProblemCode.FORBIDDEN, ProblemCode.NOT_FOUND, ProblemCode.PERIOD_REFUSED])
"""After these a change was not carried out; a conflict may be one with its own first try."""

NOT_GRANTED = noticed("a proxy never sees what was not granted", "FLD-1")
NEVER_A_PROXYS = noticed("what no proxy may do no proxy does", "PRX-3")
IN_HISTORY = noticed("everything a proxy does is in the owner's history", "PRX-7")
OWN_CARD = noticed("nobody is one's own proxy", "PRX-1")
TWO_CARDS = noticed("nobody acts who was never made a proxy", "PRX-1")

REGISTERED = sometimes("proxy-registered", "代理人が、二人のカードで登録される")
SAW = sometimes("proxy-saw-what-was-granted", "代理人が、まかされたものを見る")
KEPT_OUT = sometimes("proxy-kept-out", "代理人が、まかされていないものを断られる")
ENDED_MEANWHILE = sometimes("ended-while-the-proxy-is-signed-in", "代理人が見ている間に、本人が代理を終える")
BOTH_AT_ONCE = sometimes("both-end-at-once", "本人と代理人が、同時に代理を終える")
COMPARED = sometimes("deeds-of-proxies-compared", "代理人がしたことを、本人の履歴と比べる")


def grants_of(run: Exploration) -> Grants:
    grants: Grants = run.own.setdefault("grants", Grants())
    return grants


class Look(NamedTuple):
    """One thing that a proxy may try in somebody's folder."""

    operation: Any
    right: Right | None
    """None: no proxy may."""
    kinds: tuple[Kind, ...]
    """What stands in the history of it."""


_VIEWS = {
    Right.RECORDS: ((Service.RECORDS, Action.VIEW),),
    Right.SELF_INFORMATION: ((Service.SELF_INFORMATION, Action.VIEW),),
    Right.NOTICES: ((Service.NOTICES, Action.VIEW),),
}
LOOKS = tuple(
    Look(operation, right, _VIEWS[right])
    for operation, right in (
        (records.LIST_RECORDS_REQUESTS, Right.RECORDS),
        (self_information.LIST_SELF_INFORMATION_REQUESTS, Right.SELF_INFORMATION),
        (notices.LIST_NOTICES, Right.NOTICES),
    )
)
CLOSED = (sign_in.VIEW_ACCOUNT, SEARCH_HISTORY, proxies.LIST_PROXIES)
"""What is the owner's alone."""
_EMPTY = {notices.LIST_NOTICES: notices.ListNotices(), SEARCH_HISTORY: HistoryQuery()}


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
            act,
        )


actor("pair", Pair)


async def _with_account(citizen: Citizen) -> bool:
    if not await citizen.ensure_signed_in() or citizen.window is None:
        return False
    return citizen.window.is_joined or await citizen.register()


# Registering, changing, ending


@step("pair", "register", 8)
async def register(pair: Pair) -> None:
    """Both cards in one session (PRX-1)."""
    if not await _with_account(pair.proxy) or not await _with_account(pair.owner):
        return
    run, owner, scope = pair.run, pair.owner, pair.scope()
    today = to_jst(run.portal_ms()).date()
    terms = Terms(scope, today, today + timedelta(days=pair.chance.integer(700)))
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
    if grant is None or not await _with_account(pair.owner):
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


async def _end(citizen: Citizen, grant: Grant, operation: Any) -> bool:
    act = Act(citizen.run.tick())
    grant.endings.append(act)
    called = await citizen.call(operation, OneDelegation(grant.delegation_id), window=citizen.window)
    if isinstance(called.outcome, Done):
        act.ended, act.is_certain = called.ended, True
    return act.is_certain


@step("pair", "end", 1)
async def end(pair: Pair) -> None:
    grant = pair.grant()
    if grant is not None and await _with_account(pair.owner):
        await _end(pair.owner, grant, proxies.END_PROXY)


@step("pair", "withdraw", 1)
async def withdraw(pair: Pair) -> None:
    grant = pair.grant()
    if grant is not None and await _with_account(pair.proxy):
        await _end(pair.proxy, grant, proxies.WITHDRAW_PROXY)


@step("pair", "both-end", 1)
async def both_end(pair: Pair) -> None:
    grant = pair.grant()
    if grant is None or not await _with_account(pair.owner) or not await _with_account(pair.proxy):
        return
    done: list[bool] = []

    async def go(citizen: Citizen, operation: Any) -> None:
        done.append(await _end(citizen, grant, operation))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(go, pair.owner, proxies.END_PROXY)
        nursery.start_soon(go, pair.proxy, proxies.WITHDRAW_PROXY)
    if all(done):
        pair.run.reached(BOTH_AT_ONCE)


# Acting


@step("pair", "act-and-look", 8)
async def act_and_look(pair: Pair) -> None:
    acting = await _act(pair)
    if acting is not None:
        await _look_around(pair, *acting)
        await _leave(*acting)


@step("pair", "end-while-acting", 3)
async def end_while_acting(pair: Pair) -> None:
    acting = await _act(pair)
    if acting is None:
        return
    citizen, grant = acting
    if await _with_account(pair.owner) and await _end(pair.owner, grant, proxies.END_PROXY):
        pair.run.reached(ENDED_MEANWHILE)
    await _look_around(pair, citizen, grant)
    await _leave(citizen, grant)


async def _act(pair: Pair) -> tuple[Citizen, Grant] | None:
    """In a window of its own, which is used for nothing else: nobody knows for sure for whom it is afterwards."""
    if not pair.is_two:
        return None
    citizen = pair.proxy.another_window()
    if not await _with_account(citizen):
        return None
    listed = await citizen.call(proxies.LIST_PROXIES, Nothing(), window=citizen.window)
    if not isinstance(listed.outcome, Delegations) or citizen.window is None:
        return None
    known = pair.grant()
    mine = [view for view in listed.outcome.owners if view.state is DelegationState.ACTIVE]
    found = next(
        (view for view in mine if known is not None and view.delegation_id == known.delegation_id), None
    )
    if found is None or known is None:
        return None
    act = Act(pair.run.tick())
    since_ms = pair.run.portal_ms()
    called = await citizen.call(
        proxies.ACT_AS_PROXY, OneDelegation(known.delegation_id), window=citizen.window
    )
    deed = ProxyDeed(known.owner, ((Service.PROXIES, Action.SIGN_IN),), act, since_ms)
    deed.act.ended, deed.until_ms = called.ended, pair.run.portal_ms()
    grants_of(pair.run).deeds.append(deed)
    if not isinstance(called.outcome, proxies.Acting):
        await citizen.sign_out()
        return None
    deed.is_certain = True
    if known.is_over(called.began):
        pair.run.breach(NOT_GRANTED, "refused: it is over", f"{citizen.me.name} acts for another")
    return citizen, known


async def _look_around(pair: Pair, citizen: Citizen, grant: Grant) -> None:
    for look in LOOKS:
        await _look(citizen, grant, look, _EMPTY.get(look.operation, Nothing()), None)
        await citizen.wait(0.2, 10)
    for asked in list(pair.owner.owner.asked):
        if asked.request_id is None or citizen.window is None:
            continue
        if asked.kind == RECORDS:
            reading = Look(records.READ_RECORDS, Right.RECORDS, _VIEWS[Right.RECORDS])
        else:
            right = Right.SELF_INFORMATION
            reading = Look(self_information.READ_SELF_INFORMATION, right, _VIEWS[right])
        await _look(citizen, grant, reading, OneRequest(asked.request_id), None)
    for operation in CLOSED:
        await _look(citizen, grant, Look(operation, None, ()), _EMPTY.get(operation, Nothing()), None)


async def _look(citizen: Citizen, grant: Grant, look: Look, request: Any, information: str | None) -> None:
    """Try it, and hold what comes of it against what may have been granted."""
    run, window = citizen.run, citizen.window
    if window is None or not window.acts_for_another:
        return
    deed = ProxyDeed(grant.owner, look.kinds, Act(run.tick()), run.portal_ms())
    grants_of(run).deeds.append(deed)
    called = await citizen.call(look.operation, request, window=window)
    outcome = called.outcome
    if not isinstance(outcome, Unreachable) and not (isinstance(outcome, Problem) and outcome.status >= 500):
        deed.act.ended, deed.until_ms = called.ended, run.portal_ms()
    if isinstance(outcome, (Problem, Unreachable)):
        if isinstance(outcome, Problem) and outcome.code is ProblemCode.FORBIDDEN:
            run.reached(KEPT_OUT)
        return
    deed.is_certain = bool(look.kinds)
    what = f"{look.operation.name} answered {citizen.me.name}"
    if look.right is None:
        run.breach(NEVER_A_PROXYS, "forbidden", what)
        return
    run.reached(SAW)
    if not grant.may_grant(look.right, information, called.began, called.ended):
        run.breach(NOT_GRANTED, "forbidden", what)
        return
    for code in _information_in(outcome):
        if not grant.may_grant(Right.SELF_INFORMATION, code, called.began, called.ended):
            run.breach(NOT_GRANTED, "not shown", f"{what} with {code}")
            return


def _information_in(outcome: Any) -> list[str]:
    """特定個人情報名コード of what an answer shows."""
    match outcome:
        case self_information.SelfInformationRequests(requests=requests):
            return [each.information.code for each in requests]
        case self_information.SelfInformationContent(request=request):
            return [request.information.code]
        case _:
            return []


async def _leave(citizen: Citizen, _: Grant) -> None:
    await citizen.sign_out()


@step("pair", "pry", 1)
async def pry(pair: Pair) -> None:
    """Somebody who is not the proxy tries to act by a delegation of others."""
    me = pair.owner.me.index
    others = [each for each in grants_of(pair.run).known.values() if each.proxy != me]
    if not others or not await _with_account(pair.owner):
        return
    one = OneDelegation(others[pair.chance.integer(len(others))].delegation_id)
    called = await pair.owner.call(proxies.VIEW_ACTING, Nothing(), window=pair.owner.window)
    window = pair.owner.another_window()
    if isinstance(called.outcome, proxies.Acting) and await _with_account(window):
        tried = await window.call(proxies.ACT_AS_PROXY, one, window=window.window)
        if isinstance(tried.outcome, proxies.Acting):
            pair.run.breach(TWO_CARDS, "not-found", f"{pair.owner.me.name} acts by another's delegation")
        await window.sign_out()


# In the end


async def compare(citizen: Citizen) -> None:
    """The owner looks into the history: every proxy's deed is there, and nothing else stands there as a proxy's."""
    run, here = citizen.run, citizen.me.index
    deeds = [deed for deed in grants_of(run).deeds if deed.owner == here]
    if not deeds:
        return
    act, now_ms = Act(run.tick()), run.portal_ms()
    lines: list[tuple[int, Kind]] = []
    onward: str | None = None
    for _ in range(PAGES_MAX):
        if citizen.window is None:
            return
        query = HistoryQuery(operator=Operator.PROXY, before=onward)
        called = await citizen.call(SEARCH_HISTORY, query, window=citizen.window)
        if not isinstance(called.outcome, HistoryLines):
            return
        lines += [(to_ms(one.at), (one.service, one.action)) for one in called.outcome.lines]
        onward = called.outcome.next
        if onward is None:
            break
    else:
        return
    act.ended = run.tick()
    run.reached(COMPARED)
    slack_ms = 2 * int(run.own["skew_ms"]) + SLACK_MS
    owner = citizen.owner
    for deed in deeds:
        must = (
            deed.is_certain
            and deed.until_ms + slack_ms <= now_ms
            and owner.latest_ms - deed.since_ms < KEPT_DAYS * DAY_MS
            and not owner.may_have_closed(0, act.ended)
        )
        there = any(
            kind in deed.kinds and deed.since_ms - slack_ms <= at_ms <= deed.until_ms + slack_ms
            for at_ms, kind in lines
        )
        if must and not there:
            run.breach(IN_HISTORY, f"a line for {deed.kinds}", "none")
            return
    for at_ms, kind in lines:
        if kind[0] is Service.PROXIES or now_ms - at_ms > GONE_DAYS * DAY_MS:
            continue
        if not any(
            kind in deed.kinds
            and deed.since_ms - slack_ms <= at_ms
            and (owner.has_late_copies or at_ms <= deed.until_ms + slack_ms)
            for deed in deeds
        ):
            run.breach(IN_HISTORY, "nothing that no proxy did", f"{kind} at {at_ms}")
            return


LAST_LOOKS.append(compare)
arc(
    "somebody-looks-after-another",
    0.12,
    ("citizen", ("sign-in",)),
    ("pair", ("register", "act-and-look", "change", "act-and-look")),
    ("pair", ("register", "end-while-acting", "both-end")),
)
