"""Organisations: clerks who inquire about residents, flag records, decide; and what must hold in the network."""

from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from portal.links.link import Unreachable
from portal.store.store import Query
from portal.wire.intermediate import MAKE_INQUIRY, MakeInquiry
from portal.wire.intermediate_keeping import (
    CONFIGURE,
    DECIDE,
    LIST_QUESTIONS,
    PROTECT,
    Configure,
    Decide,
    DecisionPolicy,
    ListQuestions,
    Protect,
    Questions,
)
from portal.wire.linkage import Decision, Place
from portal.wire.operation import Done
from portal.wire.problems import Problem
from portal.wire.systems import Party, System
from scenarios.explorer.case import Errand
from scenarios.explorer.deck_layouts import Shelves
from scenarios.explorer.exploring import Exploration
from scenarios.explorer.registry import INVARIANTS, Broken, When, actor, arc, invariant, sometimes, step
from sim.nation.nation import Nation
from sim.nation.past import PastRecord, records_of
from sim.nation.person import Person
from sim.network import invariants as network
from sim.network.disclosing import sides_of
from sim.network.records import tables as records
from sim.world.chance import SeededChance

FLAGGED = sometimes("flagged-record", "不開示フラグのある記録ができる")
DECIDED = sometimes("decided-about-a-flagged-record", "機関が、不開示の記録を開示するかどうかを決める")
INQUIRED = sometimes("inquired-while-people-look", "利用者が見ている間に、機関どうしの照会が行われる")


def shelves_of(run: Exploration) -> Shelves:
    """In which layout whose copies are, as the model knows."""
    shelves: Shelves = run.own.setdefault("shelves", Shelves())
    return shelves


async def configure(clerk: "Clerk", wanted: Configure) -> bool:
    """Set up an organisation's server; whether it said that it is so."""
    run = clerk.run
    told = shelves_of(run).tell(wanted.organisation, run.tick(), is_old=wanted.old_layouts)
    outcome = await clerk.link.call(CONFIGURE, wanted)
    if isinstance(outcome, (Problem, Unreachable)):
        return False
    told.act.ended, told.act.is_certain = run.tick(), True
    return True


def concerned(run: Exploration) -> dict[str, None]:
    """Organisations that have had to do with a resident in this run, by code."""
    codes: dict[str, None] = run.own.setdefault("concerned", {})
    return codes


DECIDING_DAYS = 12
ORGANISATIONS_LOOKED_AT = 12


@lru_cache(maxsize=64)
def _past(nation: Nation, person: Person, today: date) -> list[PastRecord]:
    """Everybody in the explorer's pool is looked up again and again."""
    return records_of(nation, person, today - timedelta(days=1500), today)


class Clerk:
    """職員 of an organisation that has asked about this resident before, or was asked."""

    def __init__(self, run: Exploration, errand: Errand, chance: SeededChance) -> None:
        self.run = run
        self.chance = chance
        self.errand = errand
        self.resident = run.residents[errand.who % len(run.residents)]
        today = run.facts.nation.reference_date
        person = self.resident.person
        self.past = _past(run.facts.nation, person, today)
        self.link = run.link(Party.OPERATOR, System.INTERMEDIATE)
        self.made = 0
        self._at_hand: list[PastRecord] = []

    def __repr__(self) -> str:
        return f"<Clerk about {self.resident.name}, errand {self.errand.number}>"

    def one(self) -> PastRecord | None:
        """An inquiry like one of the past; often one that is at hand already."""
        likes = self._at_hand if self._at_hand and self.chance.uniform() < 0.6 else self.past
        if not likes:
            return None
        like = likes[int(self.chance.uniform() * len(likes))]
        self._at_hand.append(like)
        for each in (like.inquirer.code, like.provider.code):
            concerned(self.run)[each] = None
        return like


actor("clerk", Clerk)


@step("clerk", "inquire", 4)
async def inquire(clerk: Clerk) -> None:
    """Ask another organisation about the resident; who hears nothing asks again with the same number."""
    like = clerk.one()
    if like is None:
        return
    clerk.made += 1
    wanted = MakeInquiry(
        f"clerk-{clerk.errand.number}-{clerk.made}",
        like.inquirer.code,
        clerk.resident.person.n,
        like.affair,
        like.procedure,
        like.provider.code,
        like.information,
        withheld=clerk.chance.uniform() < 0.15,
    )
    clerk.run.reached(INQUIRED)
    for _ in range(2):
        outcome = await clerk.link.call(MAKE_INQUIRY, wanted)
        if not isinstance(outcome, (Problem, Unreachable)):
            return
        await clerk.run.pause(2)


@step("clerk", "protect", 1)
async def protect(clerk: Clerk) -> None:
    """Records about the resident bear the flag of one organisation from now on, or of two, or no longer."""
    like = clerk.one()
    if like is None:
        return
    on = clerk.chance.uniform() < 0.8
    sides = (like.provider.code, like.inquirer.code)
    both, first, second = sides, sides[:1], sides[1:]
    for code in (both, first, second)[int(3 * clerk.chance.uniform())]:
        outcome = await clerk.link.call(PROTECT, Protect(code, clerk.resident.person.n, on))
        if isinstance(outcome, Done) and on:
            clerk.run.reached(FLAGGED)


@step("clerk", "decide-by-hand", 1)
async def decide_by_hand(clerk: Clerk) -> None:
    """An organisation decides about its flagged records by hand from now on, or after some days."""
    like = clerk.one()
    if like is None:
        return
    for code in (like.inquirer.code, like.provider.code):
        wanted = Configure(code, decision=DecisionPolicy.BY_HAND)
        if clerk.chance.uniform() < 0.4:
            days = int(DECIDING_DAYS * clerk.chance.uniform())
            wanted = Configure(code, decision=DecisionPolicy.DISCLOSE, decision_seconds=days * 86_400)
        await configure(clerk, wanted)


@step("clerk", "decide", 2)
async def decide(clerk: Clerk) -> None:
    """Answer the questions that wait at the organisations that have had to do with residents."""
    for code in tuple(concerned(clerk.run))[-ORGANISATIONS_LOOKED_AT:]:
        listed = await clerk.link.call(LIST_QUESTIONS, ListQuestions(code))
        if not isinstance(listed, Questions):
            continue
        for question in listed.questions:
            if question.decision is not None:
                continue
            word = Decision.DISCLOSE if clerk.chance.uniform() < 0.6 else Decision.WITHHOLD
            outcome = await clerk.link.call(DECIDE, Decide(question.question_id, code, word))
            if isinstance(outcome, Done):
                clerk.run.reached(DECIDED)


arc(
    "a-record-that-must-be-decided-about",
    0.12,
    ("clerk", ("protect", "decide-by-hand", "inquire", "inquire")),
    ("citizen", ("ask-records", "look", "wait-a-little", "look")),
    ("clerk", ("wait", "decide", "wait", "decide")),
)
arc(
    "a-record-that-nobody-decides-about",
    0.03,
    ("clerk", ("decide-by-hand", "protect", "inquire", "inquire")),
    ("citizen", ("ask-records", "look")),
)


@step("clerk", "wait", 2)
async def wait(clerk: Clerk) -> None:
    await clerk.run.pause(1 + int(120_000 * clerk.chance.uniform()) / 1000)


async def note_numbers(run: Exploration) -> dict[str, int]:
    """Which inquiry of this run is about whom, by the network's own records."""
    rows = []
    for system in (System.NETWORK, System.INTERMEDIATE):
        rows += await run.world.stores[system].read(records.EVERY)
    numbers = {row.number: row.person for row in rows}
    run.own["numbers"] = numbers
    run.own["flagged"] = {
        row.number: tuple(str(side) for side in sides_of(row))
        for row in rows
        if row.place == Place.CORE and row.flagged
    }
    return numbers


async def _evidence(run: Exploration) -> network.Evidence:
    stores = run.world.stores
    return await network.gather(
        stores[System.NETWORK],
        stores[System.INTERMEDIATE],
        run.facts.nation,
        run.facts.codes,
        now_ms=run.now_ms(),
        texts=[text for system in (System.NETWORK, System.INTERMEDIATE) for text in stores[system].dump()],
    )


def _register() -> None:
    """Each invariant of the network becomes one of the explorer's, under its own name."""
    for one in network.INVARIANTS:

        async def check(run: Exploration, one: network.Invariant = one) -> Broken | None:
            evidence = run.own.get("evidence")
            if evidence is None:
                evidence = run.own["evidence"] = await _evidence(run)
            found = one.check(evidence)
            return Broken("nothing", "; ".join(found[:3])) if found else None

        name = f"network: {one.name}"
        assert name not in INVARIANTS
        invariant(name, one.requirement, When.END)(check)


_register()


class _Word(NamedTuple):
    request_id: str
    number: str
    side: str
    decision: str | None


_WORDS = Query("SELECT request_id, number, side, decision FROM questions", _Word)


@invariant("a flagged record is shown only if both its sides disclose it", "REC-5", When.END)
async def flagged_records(run: Exploration) -> Broken | None:
    flagged = run.own.get("flagged", {})
    words = await run.world.stores[System.NETWORK].read(_WORDS)
    said = {(word.request_id, word.number, word.side): word.decision for word in words}
    for request_id, number in sorted(run.own.get("shown", set())):
        for side in flagged.get(number, ()):
            word = said.get((request_id, number, side))
            if word != Decision.DISCLOSE:
                return Broken(f"disclosed by the {side}", f"{number} was shown; its {side} said {word}")
    return None


class _Pending(tuple[int]):
    def __new__(cls, total: int) -> "_Pending":
        return super().__new__(cls, (total,))


PENDING_QUESTIONS = Query("SELECT COUNT(*) FROM questions WHERE decision IS NULL", _Pending)
"""At the network: somebody has not decided yet."""
