"""異動の届出: from the words of a report to an event of the nation, or to what is wrong with them."""

from datetime import date

from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.registry import EventKind, ReportEvent
from sim.nation.changes import Unfit
from sim.nation.life import NEWBORN_A_DAY_MAX, LifeEvent, LifeEventKind, newborn_of
from sim.nation.municipalities import UnknownMunicipality, municipality
from sim.nation.nation import UnknownResident
from sim.nation.organisations import Kind, UnknownOrganisation, organisation
from sim.nation.overlay import Overlay

UNFIT_SAID: dict[Unfit, str] = {
    Unfit.UNKNOWN: "この番号の住民は、その日にはいません。",
    Unfit.DEAD: "亡くなった住民の異動は届け出られません。",
    Unfit.NOT_SINGLE: "配偶者のいる住民は婚姻できません。",
    Unfit.UNDER_AGE: "18歳未満の住民は婚姻できません。",
    Unfit.SAME_HOUSEHOLD: "同じ世帯の住民どうしは婚姻できません。",
    Unfit.ALREADY_BORN: "この日に届け出られる出生の数を超えました。",
    Unfit.INCOMPLETE: "異動に必要な項目が足りません。",
}
_INSURERS = (Kind.MUNICIPALITY, Kind.HEALTH_ASSOCIATION, Kind.HEALTH_SOCIETY, Kind.MUTUAL_AID)


def event_of(overlay: Overlay, wanted: ReportEvent, today: date) -> LifeEvent | Problem:
    """What was reported, as an event; whether it can be true is the overlay's to say."""
    nation = overlay.nation
    try:
        n = nation.number_of(wanted.resident)
    except UnknownResident as error:
        return _wrong("$.resident", str(error))
    day = wanted.day or today
    if not nation.reference_date <= day <= today:
        return _wrong("$.day", f"異動の日は{nation.reference_date}から{today}までで指定してください。")
    match wanted.kind:
        case EventKind.DEATH:
            return LifeEvent(kind=LifeEventKind.DEATH, day=day, n=n)
        case EventKind.MOVE:
            return _move(overlay, wanted, n, day)
        case EventKind.MARRIAGE:
            try:
                partner = nation.number_of(wanted.partner or "")
            except UnknownResident as error:
                return _wrong("$.partner", str(error))
            if partner == n:
                return _wrong("$.partner", "自分自身とは婚姻できません。")
            return LifeEvent(kind=LifeEventKind.MARRIAGE, day=day, n=n, partner=partner)
        case EventKind.JOB:
            try:
                insurer = organisation(wanted.insurer or "")
            except UnknownOrganisation as error:
                return _wrong("$.insurer", str(error))
            if insurer.kind not in _INSURERS:
                return _wrong("$.insurer", f"{insurer.name}は医療保険の保険者ではありません。")
            return LifeEvent(kind=LifeEventKind.JOB, day=day, n=n, insurer=insurer)
        case EventKind.BIRTH:
            return _birth(overlay, n, day)


def _move(overlay: Overlay, wanted: ReportEvent, n: int, day: date) -> LifeEvent | Problem:
    try:
        target = municipality(wanted.to or "").code
    except UnknownMunicipality as error:
        return _wrong("$.to", str(error))
    home = overlay.household(n)
    members = (n,) if wanted.alone else tuple(sorted(each.n for each in home))
    return LifeEvent(kind=LifeEventKind.MOVE, day=day, n=n, municipality=target, members=members or (n,))


def _birth(overlay: Overlay, mother: int, day: date) -> LifeEvent | Problem:
    """A child of a woman; one in each year, because the numbers of children are drawn by mother and year."""
    nation = overlay.nation
    woman = overlay.person(mother)
    if woman.sex != 2 or not 15 <= woman.age(day) < 55:
        return _wrong("$.resident", "母の住民番号（15歳から54歳までの女性）を指定してください。")
    first = nation.size + (day - nation.reference_date).days * NEWBORN_A_DAY_MAX
    taken = {event.newborn.n for event in overlay.events if event.newborn is not None and event.day == day}
    # From the end of the day's numbers: those from the beginning are of whom life itself lets be born.
    free = next((n for n in range(first + NEWBORN_A_DAY_MAX - 1, first - 1, -1) if n not in taken), None)
    if free is None:
        return _wrong("$.day", UNFIT_SAID[Unfit.ALREADY_BORN])
    child = newborn_of(nation, free, mother, day)
    twin = any(e.newborn is not None and e.newborn.my_number == child.my_number for e in overlay.events)
    if twin:
        return _wrong(
            "$.resident", "この住民には、同じ年に生まれた子がもういます（双子と年子は模擬していません）。"
        )
    return LifeEvent(kind=LifeEventKind.BIRTH, day=day, n=mother, newborn=child)


def _wrong(field: str, said: str) -> Problem:
    return problem(ProblemCode.UNPROCESSABLE, said, field=field)
