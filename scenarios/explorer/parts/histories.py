"""The history: citizens who look at it, page by page or by service, and compare it with what they did (HIS-1, 2, 3)."""

from typing import NamedTuple

from portal.store.store import Query
from portal.wire.history import SEARCH_HISTORY, Action, HistoryLines, HistoryQuery, Service
from portal.wire.moments import to_ms
from portal.wire.systems import System
from scenarios.explorer.citizen import Citizen
from scenarios.explorer.deck_acts import Act
from scenarios.explorer.deck_history import RULES, Kind, Line
from scenarios.explorer.exploring import LAST_LOOKS, Exploration
from scenarios.explorer.registry import Broken, When, invariant, noticed, sometimes, step

PAGES_MAX = 20

TRUE = noticed("the history says what was done, and with what", "HIS-2")
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
        page = [
            Line(to_ms(one.at), (one.service, one.action), one.operator, one.detail)
            for one in called.outcome.lines
        ]
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
    wrong = citizen.me.diary.compare(lines, kinds, act, now_ms, int(run.own["skew_ms"]))
    if wrong is not None:
        run.breach(TRUE, wrong.expected, f"{wrong.seen} ({citizen.me.name})", detail=wrong.rule)


LAST_LOOKS.append(compare)


class _Detail(NamedTuple):
    detail: bytes


_DETAILS = Query("SELECT detail FROM history WHERE detail IS NOT NULL", _Detail)


@invariant("the words of the history lie sealed", "HIS-2", When.END)
async def words_are_sealed(run: Exploration) -> Broken | None:
    for row in await run.world.stores[System.PORTAL].read(_DETAILS):
        # What is sealed is no text but by a chance of one in millions.
        if _is_text(row.detail):
            return Broken("sealed", row.detail.decode())
    return None


def _is_text(cell: bytes) -> bool:
    try:
        cell.decode()
    except UnicodeDecodeError:
        return False
    return True
