"""The end of a run: when all faults are over and everything has had its time, everybody comes once more and looks."""

from typing import NamedTuple

from portal.store.store import Query
from portal.wire.moments import DAY, HOUR
from portal.wire.problems import Problem, ProblemCode
from portal.wire.sign_in import SignedIn
from portal.wire.systems import System
from scenarios import privacy
from scenarios.explorer.case import Errand
from scenarios.explorer.citizen import Citizen
from scenarios.explorer.deck import Seen
from scenarios.explorer.exploring import LAST_LOOKS, LAST_WORK, Exploration
from scenarios.explorer.parts import accounts, disclosures, organisations, reading
from scenarios.explorer.registry import noticed, sometimes

DECISIONS_MS = 31 * DAY
"""Longer than organisations may take to decide, and than the portal asks before it guides to paper."""
SESSIONS_OVER_MS = 13 * HOUR
SETTLE_SECONDS = 1_500.0
"""Two sweeps of the portal, and what was put off by a failure."""
YEAR_MS = 367 * DAY

LATER = noticed("everybody can sign in when all is well", "ACC-1")
WAITING = noticed("everybody who asked has an answer in the end", "REC-3")
READ_LEFT = noticed("nothing read is kept when its reader is gone", "FLD-3")
UNREAD_LEFT = noticed("nothing unread is kept for longer than a year", "FLD-3")
NOTHING_PERSONAL = noticed("the portal's store holds nothing that names a person", "FLD-2")
WORK_LEFT = noticed("no work is left when everything has ended", "REC-3")

YEAR_PASSED = sometimes("unread-for-a-year", "読まれなかった回答が、一年たって消える")
WAITED_FOR_DECISION = sometimes("waited-for-a-decision", "機関の判断を、日をまたいで待つ")
READ_BY_TIME = sometimes("read-and-left-by-time", "読んだまま立ち去り、時間でログアウトして消える")


class _Count(NamedTuple):
    total: int


class _Open(NamedTuple):
    request_id: str


_READ = Query("SELECT COUNT(*) FROM disclosure_requests WHERE read_ms IS NOT NULL", _Count)
_ALL = Query("SELECT COUNT(*) FROM disclosure_requests", _Count)
_OPEN = Query("SELECT request_id FROM disclosure_requests WHERE state IN ('asking', 'handed_over')", _Open)
_WORK = Query("SELECT COUNT(*) FROM outbox WHERE kind <> 'mail'", _Count)


async def _count(run: Exploration, query: Query[_Count], system: System = System.PORTAL) -> int:
    return (await run.world.stores[system].read(query))[0].total


async def _pass(run: Exploration, ms: int) -> None:
    """So much time goes by at once, and then what falls due is done."""
    run.move_clock(ms)
    await run.pause(SETTLE_SECONDS)


async def end(run: Exploration) -> None:
    """All that is looked at when everything is over, in the order of time."""
    await organisations.note_numbers(run)
    if await run.world.stores[System.PORTAL].read(_OPEN) and await _somebody_decides(run):
        run.reached(WAITED_FOR_DECISION)
        await _pass(run, DECISIONS_MS)
    for work in LAST_WORK:
        await work(run)
    await _everybody_looks(run)
    if run.breached is not None:
        return
    if await _count(run, _READ):
        run.reached(READ_BY_TIME)
    await _pass(run, SESSIONS_OVER_MS + 2 * int(run.own["skew_ms"]))
    left = await _count(run, _READ)
    if left:
        run.breach(READ_LEFT, "0", f"{left} requests")
        return
    if await _count(run, _WORK):
        run.breach(WORK_LEFT, "0", f"{await _count(run, _WORK)} rows in the portal's outbox")
        return
    people = [resident.person for resident in run.residents]
    findings = privacy.findings(people, run.world.stores[System.PORTAL].connection)
    if findings:
        run.breach(NOTHING_PERSONAL, "nothing", "、".join(map(str, findings[:3])))
        return
    if run.case.is_year_long:
        if await _count(run, _ALL):
            run.reached(YEAR_PASSED)
        await _pass(run, YEAR_MS)
        left = await _count(run, _ALL)
        if left:
            run.breach(UNREAD_LEFT, "0", f"{left} requests")


async def _somebody_decides(run: Exploration) -> bool:
    asked = await run.world.stores[System.NETWORK].read(organisations.PENDING_QUESTIONS)
    # Also one that was asked for but not put yet: its records wait for an answer of the other place.
    return bool(asked[0][0]) or bool(run.own["flagged"]) or bool(run.own["numbers"])


async def _everybody_looks(run: Exploration) -> None:
    """Each resident signs in, with a new card where the old one is worth nothing, looks at all and reads half of it."""
    for index, resident in enumerate(run.residents):
        if resident.owner.opened is None and not resident.owner.asked:
            continue
        errand = Errand(10_000 + index, "citizen", index, 0, ())
        citizen = Citizen(run, errand, run.chance.fork(f"end/{index}"))
        if resident.revoked_at is not None or resident.expires_ms < run.now_ms():
            await accounts.get_new_card(citizen)
        challenge = await citizen.ask_challenge()
        outcome = None if challenge is None else await citizen.present(challenge)
        if isinstance(outcome, Problem) and outcome.code is ProblemCode.CERTIFICATE_REVOKED:
            # Revoked, though nobody was told: the word of it was lost.
            await accounts.get_new_card(citizen)
            challenge = await citizen.ask_challenge()
            outcome = None if challenge is None else await citizen.present(challenge)
        if not isinstance(outcome, SignedIn):
            run.breach(LATER, "signed in", f"{resident.name}: {getattr(outcome, 'code', outcome)}")
            return
        if outcome.nickname is None and not await citizen.register():
            continue
        for kind in (disclosures.RECORDS, disclosures.SELF):
            views = await disclosures.list_requests(citizen, kind)
            waiting = [view for view in views or [] if view.state is Seen.WAITING]
            if views is None or waiting:
                run.breach(WAITING, "an answer", f"{resident.name}: {waiting or 'no list'}")
                return
        for look in LAST_LOOKS:
            await look(citizen)
        for number, asked in enumerate(list(resident.owner.asked)):
            if asked.seen is Seen.ANSWERED and number % 2:
                await reading.read_one(citizen, asked)
        if index % 2:
            await citizen.sign_out()
