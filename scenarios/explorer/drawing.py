"""Drawing a case from a seed: who takes part, what they do, what goes wrong; all from wide ranges (swarm testing).

Each kind of step and of fault is in play in some cases and absent from others, since what is rare among everything is
common among a few.
"""

from typing import Final

from portal.wire import limits
from scenarios.explorer import people, registry
from scenarios.explorer.case import Case, Errand, PortalTerms
from sim.faults.vocabulary import Plan
from sim.world.chance import SeededChance

RESIDENTS_MAX: Final = 5
ERRANDS_MAX: Final = 12
STEPS_MAX: Final = 9
SPAN_MS: Final = (60_000, 6 * 3_600_000)
"""Over how long people come, least and most; drawn by its logarithm."""
KIND_IN_PLAY: Final = 0.4
"""How often a kind of fault has part in a case."""
STEP_IN_PLAY: Final = 0.75
CALM: Final = 0.06
"""So many cases have no faults at all."""
CLERKS: Final = 0.5
ARC_GAP_MS: Final = (500, 120_000)
"""Between two errands of an arc, least and most."""


def draw(seed: int) -> Case:
    """The case of this seed."""
    registry.load()
    chance = SeededChance(seed, "case")
    span_ms = int(SPAN_MS[0] * (SPAN_MS[1] / SPAN_MS[0]) ** chance.uniform())
    residents = _some(people.pool(), 1 + chance.integer(RESIDENTS_MAX), chance)
    case = Case(
        seed,
        residents,
        _terms(chance.fork("terms")),
        _errands(chance.fork("errands"), len(residents), span_ms),
        (),
        chance.uniform() < 0.2,
    )
    return Case(
        case.seed,
        case.residents,
        case.terms,
        case.errands,
        _plan(chance.fork("plan"), case),
        case.is_year_long,
    )


def _some(pool: tuple[int, ...], count: int, chance: SeededChance) -> tuple[int, ...]:
    left = list(pool)
    return tuple(left.pop(chance.integer(len(left))) for _ in range(count))


def _terms(chance: SeededChance) -> PortalTerms:
    return PortalTerms(
        session_idle_seconds=(120, 300, limits.SESSION_IDLE_SECONDS)[chance.integer(3)],
        challenge_seconds=(30, limits.CHALLENGE_SECONDS)[chance.integer(2)],
        immediate_wait_seconds=(0.5, limits.IMMEDIATE_WAIT_SECONDS)[chance.integer(2)],
        crl_instead_of_ocsp=chance.uniform() < 0.5,
    )


def _errands(chance: SeededChance, residents: int, span_ms: int) -> tuple[Errand, ...]:
    errands: list[Errand] = []
    in_play: dict[str, list[registry.Step]] = {}
    for name in registry.ACTORS:
        steps = registry.steps_of(name)
        in_play[name] = [each for each in steps if chance.uniform() < STEP_IN_PLAY] or steps
    others = [name for name in registry.ACTORS if name != "citizen"]
    for number in range(1 + chance.integer(ERRANDS_MAX)):
        name = "citizen"
        if others and number and chance.uniform() < CLERKS / 2:
            name = others[chance.integer(len(others))]
        chosen = tuple(_weighted(in_play[name], chance).name for _ in range(1 + chance.integer(STEPS_MAX)))
        at_ms = chance.integer(span_ms)
        errands.append(Errand(number, name, chance.integer(residents), at_ms, chosen))
    for each in registry.ARCS.values():
        own = chance.fork(each.name)
        if own.uniform() >= each.share:
            continue
        who, at_ms = own.integer(residents), own.integer(span_ms)
        for name, what in each.errands:
            errands.append(Errand(len(errands), name, who, at_ms, what))
            at_ms += int(ARC_GAP_MS[0] * (ARC_GAP_MS[1] / ARC_GAP_MS[0]) ** own.uniform())
    return tuple(errands)


def _weighted(steps: list[registry.Step], chance: SeededChance) -> registry.Step:
    left = chance.uniform() * sum(each.weight for each in steps)
    for each in steps:
        left -= each.weight
        if left < 0:
            return each
    return steps[-1]


def _plan(chance: SeededChance, case: Case) -> Plan:
    if chance.uniform() < CALM:
        return ()
    planned = []
    for kind, make in registry.DRAWS.items():
        own = chance.fork(kind)
        if own.uniform() < KIND_IN_PLAY:
            planned += make(own, case)
    return tuple(planned)


def span_of(case: Case) -> int:
    """Until when people come, in milliseconds after the beginning."""
    return max((errand.at_ms for errand in case.errands), default=0) + 60_000
