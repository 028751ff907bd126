"""What must hold in every run, as named checks: used by tests, and by whoever hunts for faults.

:func:`gather` reads the evidence from the stores; what was answered at once, and what the stores say as text, is added
by those who saw it. A check returns what breaks it, one line each, and nothing when it holds.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol, TypeVar

from portal.store.store import Params, Query
from portal.wire.linkage import InquiryState, KeptRecord, Place
from portal.wire.moments import DAY, HOUR
from portal.wire.network import RecordsAnswer, RecordsOutcome
from sim.delivering import GIVE_UP_MS
from sim.nation.catalogue import CURRENT, catalogue
from sim.nation.nation import Nation
from sim.nation.organisations import UnknownOrganisation
from sim.network.codes import LinkageCodes
from sim.network.disclosing import DECISION_MS_MAX
from sim.network.inquiries import ANSWER_MS_MAX, PLACES, permission_of
from sim.network.records import tables as records
from sim.network.records.reconciliation import reconcile

Row = TypeVar("Row")

SLACK_MS: Final = HOUR
"""A deadline is kept by an outbox that looks once a minute; a system that is down keeps none until it is back."""
CODES_COMPARED_MAX: Final = 5_000


class Unended(NamedTuple):
    """A request that was accepted and is not answered."""

    kind: str
    request_id: str
    accepted_ms: int


class Evidence(NamedTuple):
    """証拠: what a run has left behind."""

    now_ms: int
    profile: str
    nation: Nation
    codes: LinkageCodes
    kept: Sequence[records.Row]
    """Records of all three places."""
    unended: Sequence[Unended]
    immediate: Sequence[RecordsAnswer] = ()
    """Answers of the core to the portal, as somebody saw them."""
    texts: Sequence[str] = ()
    """What the stores of network and intermediate servers hold, as text."""

    def of(self, place: Place) -> list[records.Row]:
        return [row for row in self.kept if row.place == place]

    def at(self, place: Place) -> list[KeptRecord]:
        return [row.kept() for row in self.of(place)]


class Invariant(NamedTuple):
    """不変条件."""

    name: str
    requirement: str
    check: Callable[[Evidence], list[str]]


_DISCLOSURES = Query(
    "SELECT 'disclosure', request_id, accepted_ms FROM disclosures WHERE done_ms IS NULL", Unended
)
_PROVISIONS = Query(
    "SELECT 'provision', request_id, accepted_ms FROM provisions WHERE done_ms IS NULL", Unended
)


class Readable(Protocol):
    """A store, or a copy of one."""

    async def read(self, query: Query[Row], params: Params = {}) -> list[Row]: ...  # noqa: B006 - never written to


async def gather(
    network: Readable,
    intermediate: Readable,
    nation: Nation,
    codes: LinkageCodes,
    *,
    now_ms: int,
    profile: str = CURRENT,
    immediate: Sequence[RecordsAnswer] = (),
    texts: Sequence[str] = (),
) -> Evidence:
    """The evidence that the two stores hold at this moment."""
    kept = [*await network.read(records.EVERY), *await intermediate.read(records.EVERY)]
    unended = [
        *await network.read(_DISCLOSURES),
        *await network.read(_PROVISIONS),
        *await intermediate.read(_PROVISIONS),
    ]
    return Evidence(now_ms, profile, nation, codes, kept, unended, immediate, texts)


def no_my_number(evidence: Evidence) -> list[str]:
    """Neither the network nor an intermediate server holds a My Number, whole and by itself."""
    found = {
        number for text in evidence.texts for number in re.findall(r"(?<![0-9])[0-9]{12}(?![0-9])", text)
    }
    holders = ((number, evidence.nation.by_my_number(number)) for number in sorted(found))
    return [f"a My Number is kept, of person {person}" for _, person in holders if person is not None]


def codes_differ(evidence: Evidence) -> list[str]:
    """Codes of two organisations for one person are never equal, nor those of two persons anywhere."""
    pairs = {(row.person, side) for row in evidence.of(Place.CORE) for side in (row.inquirer, row.provider)}
    owners: dict[str, tuple[int, str]] = {}
    found = []
    for person, organisation in sorted(pairs)[:CODES_COMPARED_MAX]:
        if person == records.NOBODY:
            continue
        code = evidence.codes.code_of(person, organisation)
        other = owners.setdefault(code, (person, organisation))
        if other != (person, organisation):
            found.append(f"{organisation} and {other[1]} have one code for persons {person} and {other[0]}")
    return found


def permitted(evidence: Evidence) -> list[str]:
    """No inquiry was passed on without a row of the permission table."""
    rows = catalogue(evidence.profile).permissions
    passed_on = [row for row in evidence.of(Place.CORE) if row.state != InquiryState.REFUSED]
    found = []
    for row in [*passed_on, *evidence.of(Place.PROVIDER)]:
        try:
            is_permitted = permission_of(row.asked) in rows
        except UnknownOrganisation:
            is_permitted = False
        if not is_permitted:
            found.append(f"{row.number} was passed on at {row.place} without a permission")
    return found


def three_records(evidence: Evidence) -> list[str]:
    """Every inquiry that has ended has its record in each place that must have one, and they agree.

    What was passed on has three. What the core refused has two, the inquirer's and the core's: the provider is not
    notified of it (DOMAIN.md 1), and must have none. What nobody answered has those two, and the provider's if the
    notice had arrived (`inquiries.PLACES`).
    """
    answer = reconcile(evidence.at(Place.CORE), evidence.at(Place.INQUIRER), evidence.at(Place.PROVIDER))
    found = [f"{each.number}: {each.place} {each.kind} {each.field or ''}" for each in answer.differences]
    places: defaultdict[str, set[Place]] = defaultdict(set)
    for row in evidence.kept:
        places[row.number].add(Place(row.place))
    for row in evidence.of(Place.CORE):
        if row.state in (InquiryState.PROVIDED, InquiryState.NOT_PROVIDED):
            missing = PLACES[InquiryState(row.state)] - places[row.number]
            found += [f"{row.number} is not at {place}" for place in missing]
    return found


def flagged_not_at_once(evidence: Evidence) -> list[str]:
    """A record that either side has flagged, wherever that is known, stands in no immediate answer."""
    flagged = {row.number for row in evidence.kept if row.flagged}
    return [
        f"{record.record_id} is flagged and was shown at once"
        for answer in evidence.immediate
        if answer.outcome is RecordsOutcome.ANSWERED
        for record in answer.records
        if record.record_id in flagged
    ]


def requests_end(evidence: Evidence) -> list[str]:
    """Nothing is pending for longer than its deadline."""
    found = [
        f"{row.number} is pending at {row.place}"
        for row in evidence.kept
        if row.state == InquiryState.PENDING and row.requested_ms + ANSWER_MS_MAX + SLACK_MS < evidence.now_ms
    ]
    waited = {"disclosure": DECISION_MS_MAX + GIVE_UP_MS, "provision": 2 * GIVE_UP_MS + DAY}
    return found + [
        f"{each.kind} {each.request_id} has no answer"
        for each in evidence.unended
        if each.accepted_ms + waited[each.kind] + SLACK_MS < evidence.now_ms
    ]


INVARIANTS: Final[tuple[Invariant, ...]] = (
    Invariant("no My Number beyond the organisation's own number", "FLD-2", no_my_number),
    Invariant("codes of two organisations for one person are never equal", "REC-2", codes_differ),
    Invariant("no inquiry without a permission row", "REC-2", permitted),
    Invariant(
        "every inquiry has its records: three when passed on, two when refused", "REC-2", three_records
    ),
    Invariant("a flagged record is never in an immediate answer", "REC-5", flagged_not_at_once),
    Invariant("every request ends", "REC-3", requests_end),
)


def broken(evidence: Evidence) -> list[str]:
    """All that does not hold, each with the name of its invariant."""
    return [f"{each.name}: {line}" for each in INVARIANTS for line in each.check(evidence)]
