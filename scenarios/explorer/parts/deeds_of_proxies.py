"""What proxies did: all of it stands in the owner's history as the proxy's, and nothing else does (PRX-7)."""

from portal.wire.history import SEARCH_HISTORY, Action, HistoryLines, HistoryQuery, Operator, Service
from portal.wire.moments import to_ms
from scenarios.explorer.citizen import Citizen
from scenarios.explorer.deck_acts import DAY_MS, Act
from scenarios.explorer.deck_history import GONE_DAYS, KEPT_DAYS, SLACK_MS
from scenarios.explorer.deck_proxies import Kind
from scenarios.explorer.deck_words import fits
from scenarios.explorer.exploring import LAST_LOOKS
from scenarios.explorer.parts.delegations import grants_of
from scenarios.explorer.registry import noticed, sometimes

PAGES_MAX = 20

IN_HISTORY = noticed("everything a proxy does is in the owner's history", "PRX-7")
END_IN_HISTORY = noticed("the end of a delegation is in the history of both sides", "PRX-7")
COMPARED = sometimes("deeds-of-proxies-compared", "代理人がしたことを、本人の履歴と比べる")


async def compare(citizen: Citizen) -> None:
    """The owner looks into the history: every proxy's deed is there, and nothing else stands there as a proxy's."""
    run, here = citizen.run, citizen.me.index
    deeds = [deed for deed in grants_of(run).deeds if deed.owner == here]
    if not deeds:
        return
    act, now_ms = Act(run.tick()), run.portal_ms()
    lines: list[tuple[int, Kind, str]] = []
    onward: str | None = None
    for _ in range(PAGES_MAX):
        if citizen.window is None:
            return
        query = HistoryQuery(operator=Operator.PROXY, before=onward)
        called = await citizen.call(SEARCH_HISTORY, query, window=citizen.window)
        if not isinstance(called.outcome, HistoryLines):
            return
        lines += [(to_ms(one.at), (one.service, one.action), one.detail) for one in called.outcome.lines]
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
            kind in deed.kinds
            and deed.since_ms - slack_ms <= at_ms <= deed.until_ms + slack_ms
            and fits(detail, (deed.words,))
            for at_ms, kind, detail in lines
        )
        if must and not there:
            run.breach(IN_HISTORY, f"a line for {deed.kinds} with {deed.words}", "none")
            return
    for at_ms, kind, detail in lines:
        if kind[0] is Service.PROXIES or now_ms - at_ms > GONE_DAYS * DAY_MS:
            continue
        if not any(
            kind in deed.kinds
            and deed.since_ms - slack_ms <= at_ms
            and (owner.has_late_copies or at_ms <= deed.until_ms + slack_ms)
            and fits(detail, (deed.words,))
            for deed in deeds
        ):
            run.breach(IN_HISTORY, "nothing that no proxy did", f"{kind} at {at_ms}: 「{detail}」")
            return


async def look_for_ends(citizen: Citizen) -> None:
    """When a delegation's time is over nobody does anything, and it stands in both histories."""
    run, owner = citizen.run, citizen.owner
    known = grants_of(run).run_out(citizen.me.index, run.portal_ms(), 2 * int(run.own["skew_ms"]))
    known = [
        each
        for each in known
        if run.portal_ms() - each.runs_out_ms < KEPT_DAYS * DAY_MS
        and not any(run.residents[side].owner.closings for side in (each.owner, each.proxy))
    ]
    if not known or owner.has_late_copies:
        return
    query = HistoryQuery(service=Service.PROXIES, action=Action.END)
    called = await citizen.call(SEARCH_HISTORY, query, window=citizen.window)
    if isinstance(called.outcome, HistoryLines) and len(called.outcome.lines) < len(known):
        run.breach(END_IN_HISTORY, f"{len(known)} lines", f"{len(called.outcome.lines)}")


LAST_LOOKS.append(compare)
LAST_LOOKS.append(look_for_ends)
