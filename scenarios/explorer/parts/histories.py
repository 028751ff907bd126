"""The history: citizens who look at it, page by page or by service, and compare it with what they did (HIS-1, 2, 3)."""

from portal.wire.history import SEARCH_HISTORY, Action, HistoryLines, HistoryQuery, Service
from portal.wire.moments import to_ms
from scenarios.explorer.citizen import Citizen
from scenarios.explorer.deck import Act
from scenarios.explorer.deck_history import RULES, Kind, Line
from scenarios.explorer.exploring import LAST_LOOKS
from scenarios.explorer.registry import noticed, sometimes, step

PAGES_MAX = 20

ONWARD = noticed("the history is newest first, and each page goes on where the last one ended", "HIS-1")

LOOKED = sometimes("history-compared", "操作履歴を、したことと比べる")
PAGED = sometimes("history-of-several-pages", "操作履歴が、一度に見られる数を超える")

KINDS: tuple[Kind, ...] = tuple(sorted({kind for rule in RULES.values() for kind in rule.kinds}))


@step("citizen", "look-at-the-history", 4)
async def look(citizen: Citizen) -> None:
    if not await citizen.ensure_signed_in():
        return
    if citizen.picks(0.6):
        await compare(citizen)
    else:
        await compare(citizen, KINDS[int(len(KINDS) * citizen.chance.uniform())])


async def compare(citizen: Citizen, kind: Kind | None = None) -> None:
    """All pages of it, or of one kind of line, against the diary."""
    run, now_ms = citizen.run, citizen.run.portal_ms()
    service: Service | None = None if kind is None else kind[0]
    action: Action | None = None if kind is None else kind[1]
    act = Act(run.tick())
    lines: list[Line] = []
    onward: str | None = None
    for number in range(PAGES_MAX):
        if citizen.window is None:
            return
        query = HistoryQuery(service=service, action=action, before=onward)
        called = await citizen.call(SEARCH_HISTORY, query, window=citizen.window)
        if not isinstance(called.outcome, HistoryLines):
            return
        page = [Line(to_ms(one.at), (one.service, one.action), one.operator) for one in called.outcome.lines]
        moments = [line.at_ms for line in (*lines[-1:], *page)]
        if moments != sorted(moments, reverse=True):
            run.breach(ONWARD, "newest first", f"{moments[:5]} on page {number + 1}")
            return
        lines += page
        onward = called.outcome.next
        if onward is None:
            break
        run.reached(PAGED)
    else:
        return
    act.ended = run.tick()
    kinds = None if kind is None else frozenset([kind])
    run.reached(LOOKED)
    run.judge(citizen.me, citizen.me.diary.compare(lines, kinds, act, now_ms, int(run.own["skew_ms"])))


LAST_LOOKS.append(compare)
