"""Moves: residents who report at a counter that they live elsewhere now, in the middle of whatever they are doing."""

from typing import NamedTuple

import msgspec

from portal.links.link import Unreachable
from portal.store.store import Query
from portal.wire.moments import day_of
from portal.wire.problems import Problem
from portal.wire.registry import REPORT_EVENT, EventKind, EventTaken, ReportEvent, ResidentChange
from portal.wire.systems import Party, System
from scenarios.explorer.citizen import Citizen
from scenarios.explorer.exploring import Exploration
from scenarios.explorer.registry import Broken, When, arc, invariant, sometimes, step
from sim.nation.changed import Changed, changed_circumstances, members_of
from sim.nation.life import LifeEvent, LifeEventKind
from sim.nation.municipalities import MUNICIPALITIES
from sim.nation.overlay import Overlay
from sim.nation.person import Member

TRIES = 3

MOVED = sometimes("moved-between-two-steps", "手続きの途中で住所が変わり、署名用電子証明書が失効する")


@step("citizen", "move-house", 1.5)
async def move_house(citizen: Citizen) -> None:
    """転出・転入 to another municipality, alone, once in a run. Who hears nothing reports it again.

    The registry tells JPKI, which revokes the signature certificate, and the offices; signing in goes on as before.
    """
    run, me = citizen.run, citizen.me
    moves: dict[int, str] = run.own.setdefault("moves", {})
    if me.person.n in moves:
        return
    nation, today = run.facts.nation, day_of(run.now_ms())
    target = MUNICIPALITIES[int(len(MUNICIPALITIES) * citizen.chance.uniform())].code
    if target == me.person.municipality_code:
        return
    event = LifeEvent(
        kind=LifeEventKind.MOVE, day=today, n=me.person.n, municipality=target, members=(me.person.n,)
    )
    overlay = Overlay(nation, [event])
    resident = overlay.resident(me.person.n)
    home = [Member(p.n, p.n, p.birth_date, p.sex, p.role) for p in overlay.household(me.person.n)]
    moved = Changed(
        me.person.n,
        today,
        resident.person.address,
        resident.person.household,
        members_of(home),
        moved_from=resident.moved_from,
        moved_on=resident.moved_on,
    )
    me.owner.has_moved = True
    me.lives.append(changed_circumstances(nation, moved))
    wanted = ReportEvent(
        f"move-{citizen.errand.number}",
        nation.resident_id(me.person.n),
        EventKind.MOVE,
        today,
        to=target,
        alone=True,
    )
    link = run.link(Party.OPERATOR, System.REGISTRY)
    moves[me.person.n] = ""
    for _ in range(TRIES):
        outcome = await link.call(REPORT_EVENT, wanted)
        if isinstance(outcome, EventTaken):
            moves[me.person.n] = target
            run.reached(MOVED)
            return
        assert isinstance(outcome, (Problem, Unreachable)), outcome
        await citizen.wait(1, 5)


arc(
    "a-move-between-two-steps",
    0.03,
    ("citizen", ("ask-self-information", "move-house", "ask-self-information", "look", "read", "read")),
)


class _Resident(NamedTuple):
    person: int
    body: bytes


_RESIDENTS = Query("SELECT person, body FROM residents", _Resident)


@invariant("who has moved is known to have moved where copies are made", "USE-2", When.END)
async def offices_know(run: Exploration) -> Broken | None:
    moves = {n: target for n, target in run.own.get("moves", {}).items() if target}
    if not moves:
        return None
    rows = await run.world.stores[System.INTERMEDIATE].read(_RESIDENTS)
    known = {row.person: msgspec.json.decode(row.body, type=ResidentChange).municipality for row in rows}
    for n, target in moves.items():
        if known.get(n) != target:
            return Broken(f"{n} in {target}", f"{n} in {known.get(n, 'the old place')}")
    return None
