"""Reading: what has come is what the holder has, for this person and for nobody else, also while somebody signs out (SELF-3, REC-2)."""

from datetime import date, timedelta
from typing import Any

import msgspec
import trio

from portal.wire import records, self_information
from portal.wire.disclosure import ProvisionRecord
from portal.wire.moments import to_ms
from portal.wire.problems import Problem, ProblemCode
from portal.wire.records import (
    OneRequest,
    RecordsContent,
    RecordsRequestView,
)
from portal.wire.self_information import (
    SelfInformationContent,
    SelfInformationRequestView,
)
from scenarios.explorer.citizen import Citizen
from scenarios.explorer.deck import Asked, View
from scenarios.explorer.deck_acts import Act
from scenarios.explorer.deck_layouts import held, layouts_of
from scenarios.explorer.parts.disclosures import RECORDS, SELF, view_of_records
from scenarios.explorer.parts.organisations import shelves_of
from scenarios.explorer.registry import noticed, sometimes, step
from sim.nation.past import records_of

OTHERS = noticed("nobody reaches another's folder", "FLD-1")
CONTENT = noticed("an answer is what the holder has about this person", "SELF-3")
RECORDS_TRUE = noticed("the records of a period are all records of this person in it", "REC-2")
ASKED_FOR = noticed("an answer is to what was asked", "SELF-3")

READ_AND_LEAVE = sometimes(
    "read-and-sign-out-at-once", "一つの窓で読むのと、別の窓でログアウトするのが同時に起こる"
)
PRIED = sometimes("pried", "ほかの人の請求を見ようとする")
OLD_LAYOUT = sometimes("answer-in-the-old-layout", "前の版のままの副本が、本人に開示される")
READ_GONE = sometimes("gone-when-read", "読もうとしたら、消えていた")


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
