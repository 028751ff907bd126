"""Records and self-information: people who ask, ask twice, look again and again, and leave while answers arrive (REC-1, SELF-1)."""

from datetime import timedelta
from typing import Any

import trio

from portal.wire import records, self_information
from portal.wire.moments import day_of
from portal.wire.operation import Nothing
from portal.wire.problems import Problem
from portal.wire.records import (
    RecordsRequest,
    RecordsRequests,
    RecordsRequestView,
)
from portal.wire.self_information import (
    Candidate,
    Candidates,
    Search,
    Selection,
    SelfInformationRequest,
    SelfInformationRequests,
    SelfInformationRequestView,
)
from scenarios.explorer.citizen import Citizen
from scenarios.explorer.deck import GUIDED, Seen, View
from scenarios.explorer.registry import arc, sometimes, step

RECORDS, SELF = "records", "self_information"

LATE = sometimes("answered-later", "あとから回答が届く")
PAPER = sometimes("guided-to-paper", "回答がないまま、書面での請求が案内される")
PAPER_ANSWERED = sometimes("answered-after-paper", "書面を案内した後に、回答が届く")
TWICE = sometimes("asked-twice-at-once", "同じ請求が、同時に二度送られる")


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
        if await ask_for(citizen, chosen, key):
            return
        await citizen.wait(0.5, 10)


async def ask_for(citizen: Citizen, chosen: list[Candidate], key: str | None) -> bool:
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


# Looking


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
