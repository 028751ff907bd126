"""What must hold: the network's and the portal's named invariants, cheap ones each month and all of them at the end.

Names are those under which the explorer and the tests know them.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from portal.store.store import Query
from portal.wire.limits import ASKING_AGAIN_DAYS_MAX
from portal.wire.moments import DAY, HOUR
from portal.wire.systems import System
from scenarios import privacy
from sim.network import invariants as network

if TYPE_CHECKING:
    from scenarios.years.running import Years

SESSIONS_OVER_MS: Final = 13 * HOUR
UNREAD_GONE_MS: Final = 367 * DAY
REQUESTS_OVER_MS: Final = (ASKING_AGAIN_DAYS_MAX + 1) * DAY
PEOPLE_LOOKED_FOR_MAX: Final = 5
"""Of so many residents the portal's store is searched for names: each costs a pass over all that it keeps."""


class Breach(NamedTuple):
    """違反: an invariant that did not hold."""

    invariant: str
    requirement: str
    expected: str
    seen: str
    moment_ms: int


class Broken(NamedTuple):
    expected: str
    seen: str


class Check(NamedTuple):
    """検査."""

    name: str
    requirement: str
    monthly: bool
    look: Callable[["Years"], Awaitable[Broken | None]]


class _Count(NamedTuple):
    total: int


class _Root(NamedTuple):
    serial: str


class _Certificate(NamedTuple):
    serial: str
    account_id: str


async def _none(
    years: "Years", system: System, query: Query[_Count], what: str, **params: int
) -> Broken | None:
    found = await years.world.stores[system].read(query, params)
    return Broken("0", f"{found[0].total} {what}") if found[0].total else None


_READ_LONG_AGO = Query("SELECT COUNT(*) FROM disclosure_requests WHERE read_ms < :before", _Count)
_UNREAD_LONG = Query(
    "SELECT COUNT(*) FROM disclosure_requests WHERE read_ms IS NULL AND answered_ms < :before", _Count
)
_OPEN_LONG = Query(
    "SELECT COUNT(*) FROM disclosure_requests WHERE state IN ('asking', 'handed_over') AND asked_ms < :before",
    _Count,
)
_ACCOUNTS = Query("SELECT root_serial FROM accounts ORDER BY root_serial", _Root)
_CERTIFICATES = Query("SELECT serial, account_id FROM account_certificates ORDER BY serial", _Certificate)
_WORK = Query("SELECT COUNT(*) FROM outbox", _Count)


async def _read_is_gone(years: "Years") -> Broken | None:
    before = years.now_ms() - SESSIONS_OVER_MS
    return await _none(
        years, System.PORTAL, _READ_LONG_AGO, "requests were read and are still there", before=before
    )


async def _unread_is_gone(years: "Years") -> Broken | None:
    before = years.now_ms() - UNREAD_GONE_MS
    return await _none(years, System.PORTAL, _UNREAD_LONG, "requests are older", before=before)


async def _requests_end(years: "Years") -> Broken | None:
    before = years.now_ms() - REQUESTS_OVER_MS
    return await _none(years, System.PORTAL, _OPEN_LONG, "requests wait for longer", before=before)


async def _no_errors(years: "Years") -> Broken | None:
    found = [name for name in years.counting.errors if name.endswith(": internal")]
    return Broken("a refusal or an answer", "、".join(found[:3])) if found else None


async def _one_account(years: "Years") -> Broken | None:
    """Of each account the holder of its first certificate; and everybody who registered has one."""
    serials, owners = years.world.facts.serials, set()
    for (root,) in await years.world.stores[System.PORTAL].read(_ACCOUNTS):
        holder = serials.holder_of(int(root))
        if holder is None or holder.n in owners:
            return Broken("one account of each resident", f"{root} of {holder}")
        owners.add(holder.n)
    missing = [each.n for each in years.crowd.known if each.has_account and each.n not in owners]
    return Broken("an account", f"none of resident {missing[0]}") if missing else None


async def _certificates(years: "Years") -> Broken | None:
    owners: dict[str, int] = {}
    for serial, account in await years.world.stores[System.PORTAL].read(_CERTIFICATES):
        holder = years.world.facts.serials.holder_of(int(serial))
        if holder is None or owners.setdefault(account, holder.n) != holder.n:
            return Broken("certificates of one resident", f"{serial} opens {account}")
    return None


async def _told(years: "Years") -> Broken | None:
    return await _none(years, System.REGISTRY, _WORK, "rows in the registry's outbox")


async def _nothing_personal(years: "Years") -> Broken | None:
    people = [years.world.simulators.resident(n).person for n in years.crowd.users[:PEOPLE_LOOKED_FOR_MAX]]
    found = privacy.findings(people, years.world.stores[System.PORTAL].connection)
    return Broken("nothing", "、".join(map(str, found[:3]))) if found else None


async def evidence(years: "Years") -> network.Evidence:
    stores = years.world.stores
    return await network.gather(
        stores[System.NETWORK],
        stores[System.INTERMEDIATE],
        years.world.facts.nation,
        years.world.facts.codes,
        now_ms=years.now_ms(),
        texts=[text for system in (System.NETWORK, System.INTERMEDIATE) for text in stores[system].dump()],
    )


CHECKS: Final = (
    Check("nothing read is kept when its reader is gone", "FLD-3", True, _read_is_gone),
    Check("nothing unread is kept for longer than a year", "FLD-3", True, _unread_is_gone),
    Check("everybody who asked has an answer in the end", "REC-3", True, _requests_end),
    Check("no request ends in an error of the portal's own", "ACC-1", True, _no_errors),
    Check("one account for each person", "ACC-2", True, _one_account),
    Check("certificates of an account are one person's", "ACC-2", True, _certificates),
    Check("whoever must hear of a life event has heard of it", "ACC-2", False, _told),
    Check("the portal's store holds nothing that names a person", "FLD-2", False, _nothing_personal),
)


async def check(years: "Years", *, at_end: bool) -> Breach | None:
    """The first that does not hold."""
    for each in CHECKS:
        if not (each.monthly or at_end):
            continue
        broken = await each.look(years)
        if broken is not None:
            return Breach(each.name, each.requirement, *broken, years.now_ms())
    if at_end:
        found = await evidence(years)
        for one in network.INVARIANTS:
            lines = one.check(found)
            if lines:
                return Breach(
                    f"network: {one.name}", one.requirement, "nothing", "; ".join(lines[:3]), years.now_ms()
                )
    return None
