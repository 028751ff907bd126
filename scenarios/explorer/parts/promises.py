"""Promises: what the portal has accepted is somebody's work until it ends, and what was read is gone with its reader (REC-3, FLD-3)."""

from typing import NamedTuple

from portal.store.store import Query
from portal.wire.moments import DAY
from portal.wire.systems import System
from scenarios.explorer.deck_acts import NEVER, Act
from scenarios.explorer.exploring import SIGNED_OUT, Citizenship, Exploration
from scenarios.explorer.registry import Broken, When, invariant, noticed

SURVIVORS = noticed("nothing read survives sign-out", "FLD-3")


class _Promise(NamedTuple):
    request_id: str
    state: str
    asks: int
    gives_up: int


_PROMISES = Query(
    "SELECT r.request_id, r.state, "
    "(SELECT COUNT(*) FROM outbox o WHERE o.key = r.request_id AND o.kind LIKE 'ask_%'), "
    "(SELECT COUNT(*) FROM outbox o WHERE o.key = r.request_id AND o.kind = 'give_up') "
    "FROM disclosure_requests r WHERE r.state IN ('asking', 'handed_over')",
    _Promise,
)


@invariant("every accepted request is somebody's work until it ends", "REC-3", When.OFTEN)
async def promises_are_kept(run: Exploration) -> Broken | None:
    for row in await run.world.stores[System.PORTAL].read(_PROMISES):
        if not row.gives_up or (row.state == "asking" and not row.asks):
            return Broken(
                "work in the outbox", f"{row.request_id} ({row.state}): {row.asks} and {row.gives_up}"
            )
    return None


class _Read(NamedTuple):
    request_id: str


_OF_ACCOUNT = Query("SELECT request_id FROM disclosure_requests WHERE read_ms IS NOT NULL", _Read)


async def _nothing_read_is_left(run: Exploration, resident: Citizenship, act: Act) -> None:
    gone = {
        asked.request_id
        for asked in resident.owner.asked
        for one in asked.reads
        if one.is_certain and one.ended < act.began
    }
    if not gone:
        return
    left = [row.request_id for row in await run.world.stores[System.PORTAL].read(_OF_ACCOUNT)]
    found = [each for each in left if each in gone]
    if found:
        run.breach(SURVIVORS, "deleted", f"{found[0]} of {resident.name} is in the store")


SIGNED_OUT.append(_nothing_read_is_left)


@invariant("every request ends", "REC-3", When.END)
async def requests_end(run: Exploration) -> Broken | None:
    rows = await run.world.stores[System.PORTAL].read(_PROMISES)
    if rows:
        return Broken("answered, refused or guided to paper", f"{rows[0].request_id} is {rows[0].state}")
    return None


class _Line(NamedTuple):
    about: str


_VIEWED = Query("SELECT DISTINCT about FROM history WHERE action IN ('view', 'download')", _Line)
HISTORY_KEPT_MS = 14 * 30 * DAY
"""HIS-3 keeps fifteen months; who read longer ago than this is not looked for."""


@invariant("every access is in the history", "HIS-2", When.OFTEN)
async def accesses_are_in_the_history(run: Exploration) -> Broken | None:
    """Before a year or more has gone by: what somebody certainly read, the owner's history has as viewed."""
    # The portal's own clock: it may have jumped since its owner saw it.
    now_ms = run.portal_ms()
    read = {
        asked.request_id: resident.name
        for resident in run.residents
        for asked in resident.owner.asked
        if any(one.is_certain for one in asked.reads)
        and max(now_ms, resident.owner.latest_ms) - asked.sent_ms < HISTORY_KEPT_MS
        and not resident.owner.may_have_closed(asked.act.began, NEVER)
    }
    if not read:
        return None
    lines = {row.about for row in await run.world.stores[System.PORTAL].read(_VIEWED)}
    missing = [f"{request_id} of {name}" for request_id, name in read.items() if request_id not in lines]
    return Broken("a line for each", f"none for {missing[0]}") if missing else None
