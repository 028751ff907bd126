"""Layouts: organisations that still keep their copies in the old one, and others that ask them in the new one, or the old (SELF-6)."""

from datetime import timedelta
from typing import NamedTuple

from portal.links.link import Unreachable
from portal.wire.intermediate import (
    FETCH_RESULT,
    MAKE_INQUIRY,
    InquiryReceipt,
    InquiryResult,
    MakeInquiry,
    OneInquiry,
)
from portal.wire.intermediate_keeping import Configure
from portal.wire.linkage import InquiryState, Outcome
from portal.wire.moments import day_of, start_of
from portal.wire.problems import Problem
from portal.wire.self_information import SEARCH, Candidates, Search
from scenarios.explorer.case import Errand
from scenarios.explorer.citizen import Citizen
from scenarios.explorer.deck_layouts import GRACE, Read, has_changed, held, is_mismatch, layouts_of, read
from scenarios.explorer.exploring import LAST_WORK, Exploration
from scenarios.explorer.parts.disclosures import ask_for
from scenarios.explorer.parts.organisations import Clerk, configure, shelves_of
from scenarios.explorer.registry import arc, noticed, sometimes, step
from sim.nation.past import PastRecord

TRIES = 3
LATE_SHARE = 0.3

CONVERTED = noticed("an inquirer reads the holder's copy in the layout that it asked for", "SELF-6")

OLD_COPIES = sometimes("copies-in-the-old-layout", "機関の副本が、前の版のままになっている")
UP = sometimes("old-copy-read-in-the-new-layout", "前の版の副本が、新しい版に直して提供される")
DOWN = sometimes("new-copy-read-in-the-old-layout", "新しい版の副本が、前の版を読む機関に提供される")
MISMATCH = sometimes("layouts-do-not-match", "版が違いすぎて、提供されない")


class Sent(NamedTuple):
    """An inquiry that has a number, and what was asked."""

    number: str
    asked: MakeInquiry
    began: int
    began_ms: int


def _sent(run: Exploration) -> list[Sent]:
    sent: list[Sent] = run.own.setdefault("inquiries by layout", [])
    return sent


def _one(clerk: Clerk) -> PastRecord | None:
    """Of information whose layout has changed; mostly of who keeps old copies."""
    found = [each for each in clerk.past if has_changed(each.information)]
    old = [each for each in found if True in shelves_of(clerk.run).is_old(each.provider.code, 0, 1 << 60)]
    found = old if old and clerk.chance.uniform() < 0.7 else found
    return found[int(clerk.chance.uniform() * len(found))] if found else None


@step("clerk", "keep-old-copies", 1)
async def keep_old_copies(clerk: Clerk) -> None:
    """The organisation has not brought its copies into the present layout yet; now and then it does so."""
    like = _one(clerk)
    if like is None:
        return
    is_old = clerk.chance.uniform() < 0.8
    if await configure(clerk, Configure(like.provider.code, old_layouts=is_old)) and is_old:
        clerk.run.reached(OLD_COPIES)


@step("clerk", "inquire-by-layout", 2)
async def inquire_by_layout(clerk: Clerk) -> None:
    """In the present layout without saying so, or in one that is named."""
    run, like = clerk.run, _one(clerk)
    if like is None:
        return
    clerk.made += 1
    versions = (None, *(layout.version for layout in layouts_of(like.information)))
    wanted = MakeInquiry(
        f"clerk-{clerk.errand.number}-{clerk.made}",
        like.inquirer.code,
        clerk.resident.person.n,
        like.affair,
        like.procedure,
        like.provider.code,
        like.information,
        version=versions[int(clerk.chance.uniform() * len(versions))],
    )
    began, began_ms = run.tick(), run.now_ms()
    for _ in range(TRIES):
        outcome = await clerk.link.call(MAKE_INQUIRY, wanted)
        if isinstance(outcome, InquiryReceipt):
            _sent(run).append(Sent(outcome.number, wanted, began, began_ms))
        if not isinstance(outcome, (Problem, Unreachable)):
            return
        await run.pause(2)


@step("citizen", "ask-for-what-has-changed", 0.5)
async def ask_for_what_has_changed(citizen: Citizen) -> None:
    """For all information that there is an older layout of."""
    if not await citizen.ensure_signed_in() or citizen.window is None:
        return
    called = await citizen.call(SEARCH, Search(), window=citizen.window)
    if isinstance(called.outcome, Candidates):
        chosen = [each for each in called.outcome.candidates if has_changed(each.information.code)]
        if chosen:
            await ask_for(citizen, chosen, citizen.new_key())


@step("clerk", "fetch-results", 1)
async def fetch_results(clerk: Clerk) -> None:
    for sent in list(_sent(clerk.run)):
        one = OneInquiry(sent.number, sent.asked.inquirer)
        outcome = await clerk.link.call(FETCH_RESULT, one)
        if isinstance(outcome, InquiryResult):
            _check(clerk.run, sent, outcome)


def _check(run: Exploration, sent: Sent, result: InquiryResult) -> None:
    """What came is one of the holder's possible copies, as this inquirer reads it."""
    asked = sent.asked
    wanted = asked.version or layouts_of(asked.information)[-1].version
    holds = shelves_of(run).versions(asked.provider, asked.information, sent.began, run.tick())
    skew_ms = int(run.own["skew_ms"])
    days = {day_of(sent.began_ms - skew_ms), day_of(run.now_ms() + skew_ms)}
    late = {is_mismatch(asked.information, version, wanted, day) for version in holds for day in days}
    what = f"{asked.information} of {asked.provider} in {wanted}, kept in {' or '.join(holds)}"
    if result.reason == Outcome.LAYOUT_MISMATCH:
        run.reached(MISMATCH)
        if True not in late:
            run.breach(CONVERTED, f"{what}: its items", "a mismatch")
        return
    if result.state is not InquiryState.PROVIDED or result.content is None:
        return
    content = result.content
    items = tuple((item.name, item.value) for item in content.items)
    seen = Read(content.version, content.converted_from, items)
    if seen.converted_from is not None:
        run.reached(UP if seen.converted_from < wanted else DOWN)
    resident = next(each for each in run.residents if each.person.n == asked.person)
    may = []
    for version in holds:
        # Each is too late only if it was so from the beginning to the end.
        if all(is_mismatch(asked.information, version, wanted, day) for day in days):
            continue
        for life in resident.lives:
            copy = held(run.facts.nation, asked.provider, life, asked.information, version)
            if copy is not None:
                may.append(read(asked.information, copy, version, wanted))
    if seen not in may:
        run.breach(CONVERTED, f"{what}: {may[:1]}", f"{seen}")


async def _fetch_all(run: Exploration) -> None:
    """When all is calm; in some cases once more when nobody converts old copies any more."""
    sent = _sent(run)
    if not sent:
        return
    who = next(each.index for each in run.residents if each.person.n == sent[-1].asked.person)
    clerk = Clerk(run, Errand(40_000, "clerk", who, 0, ()), run.chance.fork("layouts/end"))
    await fetch_results(clerk)
    if clerk.chance.uniform() < LATE_SHARE:
        (changed,) = {layouts_of(each.asked.information)[-1].valid_from for each in sent}
        late_ms = start_of(changed + GRACE + timedelta(days=2))
        run.move_clock(max(0, late_ms - run.now_ms()))
        await inquire_by_layout(clerk)
        await run.pause(60)
        await fetch_results(clerk)


LAST_WORK.append(_fetch_all)
arc(
    "who-keeps-old-copies",
    0.06,
    ("clerk", ("keep-old-copies", "inquire-by-layout", "inquire-by-layout", "wait", "fetch-results")),
    ("citizen", ("ask-for-what-has-changed", "look", "wait-a-little", "look", "read", "read")),
    ("clerk", ("inquire-by-layout", "keep-old-copies", "inquire-by-layout", "wait", "fetch-results")),
)
