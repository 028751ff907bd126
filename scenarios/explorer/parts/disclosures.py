"""Records and self-information: people who ask, ask twice, read, leave while answers arrive, and look at what is not theirs."""

from datetime import date, timedelta
from typing import Any, NamedTuple

import msgspec
import trio

from portal.store.store import Query
from portal.wire import records, self_information
from portal.wire.disclosure import ProvisionRecord
from portal.wire.moments import DAY, day_of, to_ms
from portal.wire.operation import Nothing
from portal.wire.problems import Problem, ProblemCode
from portal.wire.records import (
    OneRequest,
    RecordsContent,
    RecordsRequest,
    RecordsRequests,
    RecordsRequestView,
)
from portal.wire.self_information import (
    Candidate,
    Candidates,
    Search,
    Selection,
    SelfInformationContent,
    SelfInformationRequest,
    SelfInformationRequests,
    SelfInformationRequestView,
)
from portal.wire.systems import System
from scenarios.explorer.citizen import Citizen
from scenarios.explorer.deck import GUIDED, NEVER, Act, Asked, Seen, View
from scenarios.explorer.deck_layouts import held, layouts_of
from scenarios.explorer.exploring import SIGNED_OUT, Citizenship, Exploration
from scenarios.explorer.parts.organisations import shelves_of
from scenarios.explorer.registry import Broken, When, arc, invariant, noticed, sometimes, step
from sim.nation.past import records_of

RECORDS, SELF = "records", "self_information"
LIST_TRIES = 3

OTHERS = noticed("nobody reaches another's folder", "FLD-1")
CONTENT = noticed("an answer is what the holder has about this person", "SELF-3")
RECORDS_TRUE = noticed("the records of a period are all records of this person in it", "REC-2")
ASKED_FOR = noticed("an answer is to what was asked", "SELF-3")
SURVIVORS = noticed("nothing read survives sign-out", "FLD-3")

LATE = sometimes("answered-later", "あとから回答が届く")
PAPER = sometimes("guided-to-paper", "回答がないまま、書面での請求が案内される")
PAPER_ANSWERED = sometimes("answered-after-paper", "書面を案内した後に、回答が届く")
READ_AND_LEAVE = sometimes(
    "read-and-sign-out-at-once", "一つの窓で読むのと、別の窓でログアウトするのが同時に起こる"
)
TWICE = sometimes("asked-twice-at-once", "同じ請求が、同時に二度送られる")
PRIED = sometimes("pried", "ほかの人の請求を見ようとする")
OLD_LAYOUT = sometimes("answer-in-the-old-layout", "前の版のままの副本が、本人に開示される")
READ_GONE = sometimes("gone-when-read", "読もうとしたら、消えていた")


# What the portal shows, in plain words


def view_of_records(view: RecordsRequestView) -> View:
    subject = (view.start.isoformat(), view.end.isoformat())
    answered = None if view.answered_at is None else view.answered_at.isoformat()
    return View(view.request_id, RECORDS, subject, Seen(view.state.value), answered, view.read)


def view_of_self(view: SelfInformationRequestView) -> View:
    subject = (view.information.code, view.organisation.code)
    answered = None if view.answered_at is None else view.answered_at.isoformat()
    return View(view.request_id, SELF, subject, Seen(view.state.value), answered, view.read)


def _note(citizen: Citizen, views: list[View]) -> None:
    known = {each.request_id: each.seen for each in citizen.owner.asked}
    for view in views:
        before = known.get(view.request_id)
        if view.state is Seen.ANSWERED and before is Seen.WAITING:
            citizen.run.reached(LATE)
        if view.state in GUIDED:
            citizen.run.reached(PAPER)
        if view.state is Seen.ANSWERED and before in GUIDED:
            citizen.run.reached(PAPER_ANSWERED)


# Asking


@step("citizen", "ask-records", 5)
async def ask_records(citizen: Citizen) -> None:
    if await citizen.ensure_signed_in():
        await _ask_records(citizen, _wanted_records(citizen))


@step("citizen", "ask-records-twice", 2)
async def ask_records_twice(citizen: Citizen) -> None:
    """A double click: the same request with the same key, twice at the same time."""
    if not await citizen.ensure_signed_in():
        return
    wanted = _wanted_records(citizen, keyed=True)
    citizen.run.reached(TWICE)
    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(_ask_records, citizen, wanted)


def _wanted_records(citizen: Citizen, *, keyed: bool = False) -> RecordsRequest:
    last = day_of(citizen.run.portal_ms())
    if citizen.picks(0.4):
        last -= timedelta(days=int(60 * citizen.chance.uniform()))
    first = last - timedelta(days=int(700 * citizen.chance.uniform()))
    key = citizen.new_key() if keyed or citizen.picks(0.8) else None
    return RecordsRequest(first, last, key)


async def _ask_records(citizen: Citizen, wanted: RecordsRequest) -> None:
    """Ask, and ask again with the same key when no answer comes."""
    subject = (wanted.start.isoformat(), wanted.end.isoformat())
    for _ in range(2 if wanted.key is not None else 1):
        window = citizen.window
        if window is None:
            return
        asked = citizen.owner.ask(RECORDS, subject, wanted.key, citizen.run.portal_ms(), citizen.run.tick())
        called = await citizen.call(records.REQUEST_RECORDS, wanted, window=window)
        if isinstance(called.outcome, RecordsRequestView):
            view = view_of_records(called.outcome)
            _note(citizen, [view])
            citizen.run.judge(citizen.me, citizen.owner.accepted(asked, view, called.began, called.ended))
            return
        await citizen.wait(0.5, 10)


@step("citizen", "ask-self-information", 5)
async def ask_self_information(citizen: Citizen) -> None:
    """Search, choose one or some of what was found, ask for it."""
    if not await citizen.ensure_signed_in() or citizen.window is None:
        return
    called = await citizen.call(self_information.SEARCH, Search(), window=citizen.window)
    if not isinstance(called.outcome, Candidates) or not called.outcome.candidates:
        return
    found = called.outcome.candidates
    count = 1 + int(citizen.chance.uniform() ** 2 * min(4, len(found)))
    start = int(citizen.chance.uniform() * len(found))
    chosen = [found[(start + number) % len(found)] for number in range(count)]
    key = citizen.new_key() if citizen.picks(0.8) else None
    for _ in range(2 if key is not None else 1):
        if await _ask_self(citizen, chosen, key):
            return
        await citizen.wait(0.5, 10)


async def _ask_self(citizen: Citizen, chosen: list[Candidate], key: str | None) -> bool:
    window = citizen.window
    if window is None:
        return True
    subjects = [(each.information.code, each.organisation.code) for each in chosen]
    now_ms, at = citizen.run.portal_ms(), citizen.run.tick()
    asked = [
        citizen.owner.ask(SELF, subject, None if key is None else f"{key}#{number}", now_ms, at)
        for number, subject in enumerate(subjects)
    ]
    wanted = SelfInformationRequest(tuple(Selection(*subject) for subject in subjects), key)
    called = await citizen.call(self_information.REQUEST_SELF_INFORMATION, wanted, window=window)
    if not isinstance(called.outcome, SelfInformationRequests):
        return isinstance(called.outcome, Problem) and called.outcome.status < 500
    views = [view_of_self(view) for view in called.outcome.requests]
    _note(citizen, views)
    for one, view in zip(asked, views, strict=True):
        citizen.run.judge(citizen.me, citizen.owner.accepted(one, view, called.began, called.ended))
    return True


arc(
    "who-looks-again-and-again",
    0.15,
    (
        "citizen",
        ("ask-self-information", "ask-records", *(("look", "wait-long", "walk-away") * 4), "look", "read"),
    ),
)


# Looking and reading


@step("citizen", "look", 5)
async def look(citizen: Citizen) -> None:
    """Both lists, as somebody does who waits for something."""
    if not await citizen.ensure_signed_in():
        return
    await list_requests(citizen, RECORDS)
    await list_requests(citizen, SELF)


async def list_requests(citizen: Citizen, kind: str) -> list[View] | None:
    """The portal's list of one kind, compared with the model; None when it did not come."""
    window = citizen.window
    if window is None:
        return None
    operation: Any = records.LIST_RECORDS_REQUESTS
    if kind == SELF:
        operation = self_information.LIST_SELF_INFORMATION_REQUESTS
    called = await citizen.call(operation, Nothing(), window=window)
    match called.outcome:
        case RecordsRequests(requests):
            views = [view_of_records(view) for view in requests]
        case SelfInformationRequests(found):
            views = [view_of_self(view) for view in found]
        case _:
            return None
    _note(citizen, views)
    citizen.run.judge(citizen.me, citizen.owner.listed(kind, views, called.began, called.ended))
    return views


@step("citizen", "read", 7)
async def read(citizen: Citizen) -> None:
    """Read one of what has come."""
    asked = one_that_has_come(citizen)
    if asked is not None and await citizen.ensure_signed_in():
        await read_one(citizen, asked)


def one_that_has_come(citizen: Citizen) -> Asked | None:
    come = [each for each in citizen.owner.asked if each.request_id is not None]
    return come[int(citizen.chance.uniform() * len(come))] if come else None


async def read_one(citizen: Citizen, asked: Asked) -> None:
    window = citizen.window
    if window is None or asked.request_id is None:
        return
    act = Act(citizen.run.tick())
    asked.reads.append(act)
    operation: Any = records.READ_RECORDS if asked.kind == RECORDS else self_information.READ_SELF_INFORMATION
    request_id = asked.request_id
    called = await citizen.call(operation, OneRequest(request_id), window=window)
    act.began = called.began
    run, owner = citizen.run, citizen.owner
    match called.outcome:
        case RecordsContent(request, content):
            act.ended = called.ended
            run.judge(citizen.me, owner.read(asked, _canonical(content), act))
            _check_records(citizen, asked, view_of_records(request), content)
            shown = run.own.setdefault("shown", set())
            shown.update((request_id, record.record_id) for record in content)
        case SelfInformationContent(request, content):
            act.ended = called.ended
            run.judge(citizen.me, owner.read(asked, msgspec.json.encode(content), act))
            _check_self(citizen, asked, content, request_id)
        case Problem(code=ProblemCode.NOT_FOUND):
            # Reading is tried again when the word of it is lost: the first try may have read what is gone by the second.
            act.ended = called.ended
            run.reached(READ_GONE)
            run.judge(citizen.me, owner.missed(asked, called.began, called.ended))
        case Problem(code=ProblemCode.CONFLICT):
            _in_vain(citizen, asked, act, called.ended)
            run.judge(citizen.me, owner.unreadable(asked, act))
        case Problem(status=status) if status < 500:
            _in_vain(citizen, asked, act, called.ended)


def _in_vain(citizen: Citizen, asked: Asked, act: Act, ended: int) -> None:
    """The portal says that nothing was read. Where copies come late, one of this may still read what comes meanwhile."""
    if not citizen.owner.has_late_copies:
        act.ended = ended
        asked.reads.remove(act)


def _canonical(content: tuple[ProvisionRecord, ...]) -> bytes:
    return msgspec.json.encode(content)


def _check_records(citizen: Citizen, asked: Asked, view: View, content: tuple[ProvisionRecord, ...]) -> None:
    """All of the past in these days, and of this run's inquiries only those about this person."""
    run, person = citizen.run, citizen.me.person
    start, end = (msgspec.convert(day, type=date) for day in view.subject)
    past = records_of(run.facts.nation, person, start, end)
    known = {record.record_id for record in past}
    happened_ms = asked.sent_ms - 2 * int(run.own["skew_ms"])
    expected = {record.record_id for record in past if to_ms(record.requested_at) <= happened_ms}
    seen = {record.record_id for record in content}
    if len(seen) != len(content):
        run.breach(RECORDS_TRUE, "each record once", f"{len(content)} records with {len(seen)} numbers")
    oldest = run.facts.nation.reference_date - timedelta(days=5 * 365)
    if start >= oldest and expected - seen:
        run.breach(
            RECORDS_TRUE, f"{len(expected)} records of the past", f"without {sorted(expected - seen)[:3]}"
        )
    numbers = run.own.get("numbers", {})
    strangers = [each for each in seen - known if numbers.get(each, person.n) != person.n]
    strangers += [each for each in seen - known if len(each) != NUMBER_DIGITS]
    if strangers:
        run.breach(RECORDS_TRUE, f"records of {citizen.me.name}", f"{sorted(strangers)[:3]}")


SHOWN = (RecordsContent, RecordsRequestView, SelfInformationContent, SelfInformationRequestView)
NUMBER_DIGITS = 20
"""処理通番 of an inquiry in this run."""


def _check_self(citizen: Citizen, asked: Asked, content: Any, request_id: str) -> None:
    run = citizen.run
    seen = (content.information.code, content.organisation.code)
    if seen != asked.subject:
        run.breach(ASKED_FOR, f"{asked.subject}", f"{seen}")
        return
    if request_id in run.world.weather.mislinked:
        # The holder's own mistake, which nobody can see who does not know the person.
        return
    items = tuple((item.name, item.value) for item in content.items)
    # Where somebody has moved, the holder may have heard of it or not.
    versions = shelves_of(run).versions(seen[1], seen[0], asked.act.began, run.tick())
    for life in citizen.me.lives:
        for version in versions:
            if items == held(run.facts.nation, seen[1], life, seen[0], version):
                if version != layouts_of(seen[0])[-1].version:
                    run.reached(OLD_LAYOUT)
                return
    run.breach(CONTENT, "the holder's copy", f"{items[:2]}… for {citizen.me.name}")


@step("citizen", "read-and-sign-out-at-once", 3)
async def read_and_sign_out(citizen: Citizen) -> None:
    """Read in one window while the other one signs out."""
    asked = one_that_has_come(citizen)
    if asked is None or not await citizen.ensure_signed_in():
        return
    other = citizen.another_window()
    if not await other.sign_in():
        return

    async def leave() -> None:
        await citizen.run.pause(0.001 * int(60 * citizen.chance.uniform()))
        if citizen.me.in_flight[records.READ_RECORDS.name] or citizen.me.in_flight["self_information.read"]:
            citizen.run.reached(READ_AND_LEAVE)
        await other.sign_out()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read_one, citizen, asked)
        nursery.start_soon(leave)


@step("citizen", "ask-and-sign-out", 3)
async def ask_and_sign_out(citizen: Citizen) -> None:
    """Ask, and sign out at once in another window, while the answer is on its way."""
    if not await citizen.ensure_signed_in():
        return
    other = citizen.another_window()
    if not await other.sign_in():
        return

    async def leave() -> None:
        await citizen.run.pause(0.001 * int(3_000 * citizen.chance.uniform()))
        await other.sign_out()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask_self_information, citizen)
        nursery.start_soon(leave)


@step("citizen", "pry", 1)
async def pry(citizen: Citizen) -> None:
    """Look at the request of somebody else, by its number."""
    others = [
        asked
        for resident in citizen.run.residents
        if resident is not citizen.me
        for asked in resident.owner.asked
        if asked.request_id is not None
    ]
    if not others or not await citizen.ensure_signed_in():
        return
    asked = others[int(citizen.chance.uniform() * len(others))]
    assert asked.request_id is not None
    tries: list[Any] = [records.READ_RECORDS, records.VIEW_RECORDS_REQUEST]
    if asked.kind == SELF:
        tries = [self_information.READ_SELF_INFORMATION, self_information.VIEW_SELF_INFORMATION_REQUEST]
    citizen.run.reached(PRIED)
    for operation in tries:
        window = citizen.window
        if window is None:
            return
        called = await citizen.call(operation, OneRequest(asked.request_id), window=window)
        if isinstance(called.outcome, SHOWN):
            citizen.run.breach(OTHERS, "not-found", f"{citizen.me.name} saw {operation.name} of another")


# What the store must hold


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
    read = {
        asked.request_id: resident.name
        for resident in run.residents
        for asked in resident.owner.asked
        if any(one.is_certain for one in asked.reads)
        and resident.owner.latest_ms - asked.sent_ms < HISTORY_KEPT_MS
        and not resident.owner.may_have_closed(asked.act.began, NEVER)
    }
    if not read:
        return None
    lines = {row.about for row in await run.world.stores[System.PORTAL].read(_VIEWED)}
    missing = [f"{request_id} of {name}" for request_id, name in read.items() if request_id not in lines]
    return Broken("a line for each", f"none for {missing[0]}") if missing else None
