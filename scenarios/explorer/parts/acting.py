"""Acting: a proxy in somebody else's folder, while what is granted changes, ends and runs out (PRX-3, 4, 7; FLD-1).

What a proxy sees is held against what may have been granted at that moment.
"""

from typing import Any, NamedTuple

from portal.links.link import Unreachable
from portal.wire import notices, proxies, records, self_information, sign_in
from portal.wire.history import SEARCH_HISTORY, Action, HistoryQuery, Service
from portal.wire.moments import SECOND, to_jst
from portal.wire.operation import Nothing
from portal.wire.problems import Problem, ProblemCode
from portal.wire.proxies import Delegations, DelegationState, OneDelegation, Right
from portal.wire.records import OneRequest
from portal.wire.sign_in import AccountView
from scenarios.explorer.case import Errand
from scenarios.explorer.citizen import Citizen
from scenarios.explorer.deck import Asked
from scenarios.explorer.deck_acts import NEVER, Act
from scenarios.explorer.deck_proxies import Grant, Kind, ProxyDeed, runs_out_ms
from scenarios.explorer.deck_words import Words, of_subject
from scenarios.explorer.exploring import LAST_WORK, Exploration
from scenarios.explorer.parts.delegations import Pair, end_it, grants_of, register_for, with_account
from scenarios.explorer.parts.disclosures import RECORDS, SELF, list_requests
from scenarios.explorer.parts.reading import SHOWN
from scenarios.explorer.registry import noticed, sometimes, step

NOT_GRANTED = noticed("a proxy never sees what was not granted", "FLD-1")
OWN = noticed("who stops acting is in the own folder again", "PRX-3")
AFTER_THE_END = noticed("nothing is reached by a delegation that is over", "PRX-3")
NEVER_A_PROXYS = noticed("what no proxy may do no proxy does", "PRX-3")
TWO_CARDS = noticed("nobody acts who was never made a proxy", "PRX-1")

SAW = sometimes("proxy-saw-what-was-granted", "代理人が、まかされたものを見る")
KEPT_OUT = sometimes("proxy-kept-out", "代理人が、まかされていないものを断られる")
REFUSED_AFTER = sometimes(
    "refused-what-was-read-before-the-end",
    "代理人が見たものを、代理が終わった後にもう一度見ようとして断られる",
)
RAN_OUT = sometimes("ran-out-while-acting", "代理人が見ている間に、代理の期間が終わる")
OWN_AGAIN = sometimes("own-folder-after-acting", "代理が終わった後、代理人が自分の画面に戻る")
ENDED_MEANWHILE = sometimes("ended-while-the-proxy-is-signed-in", "代理人が見ている間に、本人が代理を終える")


class Look(NamedTuple):
    """One thing that a proxy may try in somebody's folder."""

    operation: Any
    right: Right | None
    """None: no proxy may."""
    kinds: tuple[Kind, ...]
    """What stands in the history of it."""
    words: Words = ("一覧",)


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
    if pair.chance.uniform() < 0.6:
        await _look_around(pair, citizen, grant)
    if await with_account(pair.owner) and await end_it(pair.owner, grant, proxies.END_PROXY):
        pair.run.reached(ENDED_MEANWHILE)
    await _look_around(pair, citizen, grant)
    await _own_again(pair, citizen, grant)
    await _leave(citizen, grant)


@step("pair", "withdraw-while-acting", 1)
async def withdraw_while_acting(pair: Pair) -> None:
    """In another window of the proxy's own."""
    acting = await _act(pair)
    if acting is None:
        return
    citizen, grant = acting
    await _look_around(pair, citizen, grant)
    if await with_account(pair.proxy):
        await end_it(pair.proxy, grant, proxies.WITHDRAW_PROXY)
    await _look_around(pair, citizen, grant)
    await _own_again(pair, citizen, grant)
    await _leave(citizen, grant)


async def _act(pair: Pair) -> tuple[Citizen, Grant] | None:
    """In a window of its own, which is used for nothing else: nobody knows for sure for whom it is afterwards."""
    if not pair.is_two:
        return None
    citizen = pair.proxy.another_window()
    if not await with_account(citizen):
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
    deed.words = (citizen.me.name,)
    deed.act.ended, deed.until_ms = called.ended, pair.run.portal_ms()
    grants_of(pair.run).deeds.append(deed)
    if not isinstance(called.outcome, proxies.Acting):
        await citizen.sign_out()
        return None
    deed.is_certain = True
    if _is_over(pair.run, known, called.began, since_ms):
        pair.run.breach(AFTER_THE_END, "refused", f"{citizen.me.name} acts for another")
    return citizen, known


def _by(citizen: Citizen) -> Words:
    """Everybody's nickname begins with the name."""
    return (f"{citizen.me.name}-", "代理人")


def _is_over(run: Exploration, grant: Grant, began: int, since_ms: int) -> bool:
    """Whether it certainly was when a call began."""
    return grant.is_over(began) or grant.has_run_out(since_ms, 2 * int(run.own["skew_ms"]))


async def _look_around(pair: Pair, citizen: Citizen, grant: Grant) -> None:
    for look in LOOKS:
        await _look(citizen, grant, look, _EMPTY.get(look.operation, Nothing()), None)
        await citizen.wait(0.2, 10)
    for asked in list(pair.owner.owner.asked):
        if asked.request_id is None or citizen.window is None:
            continue
        await _look(citizen, grant, _reading(asked), OneRequest(asked.request_id), None)
    for operation in CLOSED:
        await _look(citizen, grant, Look(operation, None, ()), _EMPTY.get(operation, Nothing()), None)


def _reading(asked: Asked) -> Look:
    if asked.kind == RECORDS:
        right = Right.RECORDS
        return Look(records.READ_RECORDS, right, _VIEWS[right], of_subject(asked.subject))
    right = Right.SELF_INFORMATION
    return Look(self_information.READ_SELF_INFORMATION, right, _VIEWS[right], of_subject(asked.subject))


async def _own_again(pair: Pair, citizen: Citizen, grant: Grant) -> None:
    """Back to the own screens: they show the own folder alone, and nothing of what was seen in the other's."""
    run, window = citizen.run, citizen.window
    if window is None:
        return
    called = await citizen.call(proxies.STOP_ACTING, Nothing(), window=window)
    if not isinstance(called.outcome, proxies.Acting):
        return
    seen = await citizen.call(sign_in.VIEW_ACCOUNT, Nothing(), window=window)
    if isinstance(seen.outcome, Problem) and seen.outcome.code is ProblemCode.FORBIDDEN:
        run.breach(OWN, "the own account", "forbidden, as for a proxy")
        return
    if isinstance(seen.outcome, AccountView):
        run.reached(OWN_AGAIN)
        if not seen.outcome.nickname.startswith(f"{citizen.me.name}-"):
            run.breach(OWN, f"the account of {citizen.me.name}", seen.outcome.nickname)
            return
    await list_requests(citizen, RECORDS)
    await list_requests(citizen, SELF)
    for asked in list(pair.owner.owner.asked):
        if asked.request_id is None or citizen.window is None:
            continue
        tried = await citizen.call(
            _reading(asked).operation, OneRequest(asked.request_id), window=citizen.window
        )
        if isinstance(tried.outcome, SHOWN):
            what = f"{citizen.me.name} read what is {pair.owner.me.name}'s without acting"
            run.breach(AFTER_THE_END, "not-found", what)
            return


async def _look(citizen: Citizen, grant: Grant, look: Look, request: Any, information: str | None) -> None:
    """Try it, and hold what comes of it against what may have been granted."""
    run, window = citizen.run, citizen.window
    if window is None or not window.acts_for_another:
        return
    since_ms = run.portal_ms()
    deed = ProxyDeed(grant.owner, look.kinds, Act(run.tick()), since_ms)
    deed.words = (*_by(citizen), *look.words)
    grants_of(run).deeds.append(deed)
    called = await citizen.call(look.operation, request, window=window)
    outcome = called.outcome
    if not isinstance(outcome, Unreachable) and not (isinstance(outcome, Problem) and outcome.status >= 500):
        deed.act.ended, deed.until_ms = called.ended, run.portal_ms()
    if isinstance(outcome, (Problem, Unreachable)):
        if isinstance(outcome, Problem) and outcome.code is ProblemCode.FORBIDDEN:
            run.reached(KEPT_OUT)
            if _is_over(run, grant, called.began, since_ms) and (look, request) in grant.shown:
                run.reached(REFUSED_AFTER)
            if grant.has_run_out(since_ms, 2 * int(run.own["skew_ms"])):
                run.reached(RAN_OUT)
        return
    deed.is_certain = bool(look.kinds)
    what = f"{look.operation.name} answered {citizen.me.name}"
    if look.right is None:
        run.breach(NEVER_A_PROXYS, "forbidden", what)
        return
    run.reached(SAW)
    grant.shown.append((look, request))
    if _is_over(run, grant, called.began, since_ms):
        run.breach(AFTER_THE_END, "refused", what)
        return
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
    if not others or not await with_account(pair.owner):
        return
    one = OneDelegation(others[pair.chance.integer(len(others))].delegation_id)
    called = await pair.owner.call(proxies.VIEW_ACTING, Nothing(), window=pair.owner.window)
    window = pair.owner.another_window()
    if isinstance(called.outcome, proxies.Acting) and await with_account(window):
        tried = await window.call(proxies.ACT_AS_PROXY, one, window=window.window)
        if isinstance(tried.outcome, proxies.Acting):
            pair.run.breach(TWO_CARDS, "not-found", f"{pair.owner.me.name} acts by another's delegation")
        await window.sign_out()


# In the end


BEFORE_MIDNIGHT_MS = 100 * SECOND
"""So long before it they begin; no session lasts unused for much longer in every case."""


async def _runs_out(run: Exploration) -> None:
    """When all is calm: a delegation until today, whose proxy is in the other's folder at midnight."""
    known = list(grants_of(run).known.values())
    if not known:
        return
    today = to_jst(run.portal_ms() + BEFORE_MIDNIGHT_MS).date()
    midnight_ms = runs_out_ms(today)
    run.move_clock(midnight_ms - BEFORE_MIDNIGHT_MS - run.portal_ms())
    errand = Errand(30_000, "pair", known[-1].owner, 0, ())
    pair = Pair(run, errand, run.chance.fork("runs out"))
    earlier = pair.grant()
    if earlier is not None and not earlier.is_over(NEVER) and await with_account(pair.owner):
        await end_it(pair.owner, earlier, proxies.END_PROXY)
    await register_for(pair, 0)
    acting = await _act(pair)
    if acting is None:
        return
    citizen, grant = acting
    await _look_around(pair, citizen, grant)
    run.move_clock(max(0, midnight_ms + SECOND - run.portal_ms()))
    await _look_around(pair, citizen, grant)
    await _own_again(pair, citizen, grant)
    await _leave(citizen, grant)
    if pair.chance.uniform() < 0.5:
        # At once, before anything has been swept up.
        await register_for(pair, 5)


LAST_WORK.append(_runs_out)
