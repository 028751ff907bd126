"""What goes wrong: how faults of each kind are drawn for a case, over wide ranges."""

from portal.wire.jpki import RevocationReason
from portal.wire.moments import DAY, HOUR, MINUTE, SECOND
from portal.wire.systems import System
from scenarios.explorer import people
from scenarios.explorer.case import Case
from scenarios.explorer.drawing import span_of
from scenarios.explorer.registry import drawn
from sim.faults import vocabulary as faults
from sim.faults.vocabulary import After, Fault, Planned, Shape, Way
from sim.nation.holdings import TAX, organisations_holding
from sim.nation.municipalities import municipality
from sim.nation.nation import Nation
from sim.world.chance import SeededChance

BEHIND = (System.JPKI, System.REGISTRY, System.NETWORK, System.INTERMEDIATE, System.MAILBOX)
ALL = (*BEHIND, System.PORTAL)
CONTROLLED = (System.JPKI, System.REGISTRY, System.NETWORK, System.INTERMEDIATE)
SKEW_MS_MAX = 2 * HOUR
LOOKS_LATER = 3
"""Somebody who comes back so often is there when paper is spoken of, and when the answer comes all the same."""
AT_MOMENTS = (
    "sign_in.challenge", "sign_in", "records.request", "self_information.request", "network.broker_self_information",
    "intermediate.provide_self_information", "self_information.deliver", "records.deliver", "sign_out",
    "network.disclose_records", "account.open",
)  # fmt: skip
"""Operations after which things go wrong at the worst moment."""
ANSWERS = (
    "jpki.ocsp", "jpki.linkage", "jpki.crl", "network.acquire_code", "network.catalogue", "network.find_holders",
    "network.disclose_records", "network.broker_self_information", "intermediate.provide_self_information",
    "self_information.deliver", "records.deliver",
)  # fmt: skip


def _pick(chance: SeededChance, among: tuple[System, ...]) -> System:
    return among[chance.integer(len(among))]


def _mostly_portal(chance: SeededChance) -> System:
    return System.PORTAL if chance.uniform() < 0.5 else _pick(chance, ALL)


def _log(chance: SeededChance, least: float, most: float) -> int:
    """Between the two, by its logarithm."""
    return int(least * (most / least) ** chance.uniform())


def _times(chance: SeededChance, case: Case, fault: Fault, *, lasts: bool = True) -> Planned:
    at_ms = chance.integer(span_of(case))
    after = None
    if chance.uniform() < 0.3:
        after = After(AT_MOMENTS[chance.integer(len(AT_MOMENTS))], 1 + chance.integer(3))
        at_ms = 0
    lasts_ms = _log(chance, 500, 40 * MINUTE) if lasts else 0
    return Planned(fault, at_ms, lasts_ms, after)  # type: ignore[arg-type]


def _several(chance: SeededChance, most: int) -> range:
    return range(1 + chance.integer(most))


def _of(chance: SeededChance) -> System | None:
    return None if chance.uniform() < 0.4 else _pick(chance, ALL)


@drawn("delay")
def delays(chance: SeededChance, case: Case) -> list[Planned]:
    shapes = tuple(Shape)
    found = []
    for _ in _several(chance, 3):
        most = _log(chance, 20, 20_000)
        fault = faults.Delay(shapes[chance.integer(3)], 0, most, _of(chance))
        found.append(_times(chance, case, fault))
    return found


@drawn("loss")
def losses(chance: SeededChance, case: Case) -> list[Planned]:
    return [
        _times(
            chance, case, faults.Loss(chance.uniform() ** 2 * 0.6, chance.uniform() ** 2 * 0.6, _of(chance))
        )
        for _ in _several(chance, 3)
    ]


@drawn("duplication")
def duplications(chance: SeededChance, case: Case) -> list[Planned]:
    late = _log(chance, 1, 10 * MINUTE) if chance.uniform() < 0.5 else 0
    return [_times(chance, case, faults.Duplication(0.02 + 0.5 * chance.uniform(), late, _of(chance)))]


@drawn("reset")
def resets(chance: SeededChance, case: Case) -> list[Planned]:
    return [
        _times(chance, case, faults.Reset(0.05 + 0.6 * chance.uniform(), _of(chance)))
        for _ in _several(chance, 2)
    ]


@drawn("reordering")
def reorderings(chance: SeededChance, case: Case) -> list[Planned]:
    return [
        _times(
            chance,
            case,
            faults.Reordering(0.1 + 0.5 * chance.uniform(), _log(chance, 10, 8_000), _of(chance)),
        )
    ]


@drawn("partition")
def partitions(chance: SeededChance, case: Case) -> list[Planned]:
    found = []
    ways = tuple(Way)
    for _ in _several(chance, 2):
        apart = tuple(system for system in ALL if chance.uniform() < 0.3) or (_pick(chance, ALL),)
        found.append(_times(chance, case, faults.Partition(apart, ways[chance.integer(3)])))
    return found


@drawn("cut-off")
def cut_offs(chance: SeededChance, case: Case) -> list[Planned]:
    way = tuple(Way)[chance.integer(3)]
    nation = Nation(people.NATION_SEED)
    resident = nation.person(case.residents[chance.integer(len(case.residents))])
    match chance.integer(3):
        case 0:
            holders = organisations_holding(nation, resident, TAX)
            fault = faults.CutOff(organisation=holders[0].code, way=way)
        case 1:
            prefecture = municipality(resident.municipality_code).code[:2]
            fault = faults.CutOff(prefecture=prefecture, way=way)
        case _:
            fault = faults.CutOff(lgwan=True, way=way)
    return [_times(chance, case, fault)]


@drawn("malformed")
def malformed(chance: SeededChance, case: Case) -> list[Planned]:
    name = ANSWERS[chance.integer(len(ANSWERS))]
    return [_times(chance, case, faults.Malformed(name, 0.2 + 0.8 * chance.uniform()))]


@drawn("stale-answer")
def stale(chance: SeededChance, case: Case) -> list[Planned]:
    name = "jpki.ocsp" if chance.uniform() < 0.5 else ANSWERS[chance.integer(len(ANSWERS))]
    fault = faults.StaleAnswer(name, 0.3 + 0.7 * chance.uniform())
    # It must have heard an answer before it can repeat it.
    return [Planned(fault, 0, span_of(case))]


@drawn("mislinked-copy")
def mislinked(chance: SeededChance, case: Case) -> list[Planned]:
    return [Planned(faults.MislinkedCopy(0.3 + 0.7 * chance.uniform()), 0, span_of(case))]


@drawn("crash")
def crashes(chance: SeededChance, case: Case) -> list[Planned]:
    found = []
    for _ in _several(chance, 4):
        system = _mostly_portal(chance)
        again = tuple(chance.integer(6) for _ in range(chance.integer(4))) if chance.uniform() < 0.4 else ()
        fault = faults.Crash(
            system, chance.integer(12), chance.uniform() < 0.5, _log(chance, 10, 15 * MINUTE), again
        )
        found.append(_times(chance, case, fault, lasts=False))
    return found


@drawn("crash-with-a-slow-disk")
def crashes_while_writing(chance: SeededChance, case: Case) -> list[Planned]:
    """Writes wait for a slow disk, and the process dies before all of them are durable."""
    if chance.uniform() < 0.7:
        return []
    system = _mostly_portal(chance)
    span = span_of(case)
    found = [Planned(faults.SlowDisk(system, _log(chance, 50, 8_000)), 0, span)]
    for _ in _several(chance, 3):
        crash = faults.Crash(system, 1 + chance.integer(40), False, _log(chance, 10, MINUTE))
        found.append(Planned(crash, chance.integer(span)))
    return found


@drawn("stopped")
def stops(chance: SeededChance, case: Case) -> list[Planned]:
    nation = Nation(people.NATION_SEED)
    found = []
    for _ in _several(chance, 2):
        organisation = None
        system = _pick(chance, CONTROLLED)
        if system is System.INTERMEDIATE and chance.uniform() < 0.5:
            resident = nation.person(case.residents[chance.integer(len(case.residents))])
            organisation = organisations_holding(nation, resident, TAX)[0].code
        found.append(_times(chance, case, faults.Stopped(system, organisation)))
    return found


@drawn("late")
def late(chance: SeededChance, case: Case) -> list[Planned]:
    return [_times(chance, case, faults.Late(_log(chance, 1, 3_600)))]


@drawn("stuck")
def stuck(chance: SeededChance, case: Case) -> list[Planned]:
    return [_times(chance, case, faults.Stuck(_pick(chance, ALL)))]


@drawn("overload")
def overloads(chance: SeededChance, case: Case) -> list[Planned]:
    return [_times(chance, case, faults.Overload(_mostly_portal(chance), chance.integer(3)))]


@drawn("writes-refused")
def refusals(chance: SeededChance, case: Case) -> list[Planned]:
    return [_times(chance, case, faults.WritesRefused(_pick(chance, ALL)))]


@drawn("disk-full")
def full_disks(chance: SeededChance, case: Case) -> list[Planned]:
    return [_times(chance, case, faults.DiskFull(_pick(chance, ALL)))]


@drawn("slow-disk")
def slow_disks(chance: SeededChance, case: Case) -> list[Planned]:
    return [
        _times(chance, case, faults.SlowDisk(_pick(chance, ALL), _log(chance, 5, 6_000)))
        for _ in _several(chance, 2)
    ]


@drawn("clock-jump")
def jumps(chance: SeededChance, case: Case) -> list[Planned]:
    found = []
    for _ in _several(chance, 2):
        by_ms = _log(chance, MINUTE, 400 * DAY)
        found.append(_times(chance, case, faults.ClockJump(by_ms), lasts=False))
    return found


@drawn("clock-skew")
def skews(chance: SeededChance, case: Case) -> list[Planned]:
    found = []
    for _ in _several(chance, 2):
        by_ms = _log(chance, SECOND, SKEW_MS_MAX) * (1 if chance.uniform() < 0.5 else -1)
        found.append(_times(chance, case, faults.ClockSkew(_pick(chance, ALL), by_ms)))
    return found


@drawn("certificate-revoked")
def revocations(chance: SeededChance, case: Case) -> list[Planned]:
    person = case.residents[chance.integer(len(case.residents))]
    reasons = (RevocationReason.CERTIFICATE_HOLD, RevocationReason.CESSATION_OF_OPERATION)
    fault = faults.CertificateRevoked(person, reasons[chance.integer(2)])
    if chance.uniform() < 0.5:
        return [Planned(fault, 0, 0, After("sign_in.challenge", 1 + chance.integer(4)))]
    return [_times(chance, case, fault, lasts=False)]


@drawn("long-outage")
def long_outages(chance: SeededChance, case: Case) -> list[Planned]:
    """The network is gone for days, then the intermediate servers: until the portal guides to paper, or almost."""
    if chance.uniform() < 0.5:
        return []
    patient = [each for each in case.errands if each.steps.count("wait-long") >= LOOKS_LATER]
    if patient:
        return _while_somebody_waits(chance, case, patient[0].at_ms)
    span = max(10 * MINUTE, span_of(case))
    first, second = span // 3, 2 * span // 3
    return [
        Planned(faults.Partition((System.NETWORK,)), 0, first),
        Planned(faults.ClockJump(chance.integer(6) * DAY + DAY), first - SECOND),
        Planned(faults.Stopped(System.INTERMEDIATE), 0, span),
        Planned(faults.ClockJump(25 * DAY + chance.integer(5) * DAY), second),
    ]


def _while_somebody_waits(chance: SeededChance, case: Case, asked_ms: int) -> list[Planned]:
    """Around somebody who asks and comes back again and again: guided to paper first, then answered after all.

    The core hands the request over days after it took it, and no municipality can send out what it has: the portal's
    patience ends before theirs.
    """
    pause = case.terms.session_idle_seconds * SECOND + 35 * SECOND
    return [
        Planned(faults.Late(60), max(0, asked_ms - 5 * SECOND), 20 * SECOND),
        Planned(faults.CutOff(lgwan=True, way=Way.OUT), 0, asked_ms + int(2.5 * pause)),
        Planned(faults.ClockJump(chance.integer(6) * DAY + DAY), asked_ms + 20 * SECOND),
        Planned(faults.ClockJump(25 * DAY + chance.integer(5) * DAY), asked_ms + pause),
    ]


@drawn("jpki-away")
def jpki_away(chance: SeededChance, case: Case) -> list[Planned]:
    """A certificate is revoked, then JPKI can't be asked for days: the portal must not believe an old list for ever."""
    if chance.uniform() < 0.6:
        return []
    span = span_of(case)
    person = case.residents[chance.integer(len(case.residents))]
    away = Planned(faults.Partition((System.JPKI,)), span // 4 + SECOND, span)
    revoked = Planned(faults.CertificateRevoked(person), span // 4)
    days = faults.ClockJump((1 + chance.integer(8)) * DAY)
    return [revoked, away, Planned(days, span // 2)]
