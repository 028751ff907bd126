"""記録の突合: the records of three places against each other. A pure function; who fetches them is another matter."""

from collections.abc import Iterable, Mapping

from portal.wire.linkage import InquiryState, KeptRecord, Place
from portal.wire.network import Difference, DifferenceKind, Reconciliation
from sim.network.inquiries import MAY_BE, PLACES

COMPARED = (
    "inquirer", "provider", "affair", "procedure", "information", "version", "requested_at", "provided_at",
    "state", "reason", "inquirer_withholds", "provider_withholds",
)  # fmt: skip
"""Every field of a record but its number and its place."""


def reconcile(
    core: Iterable[KeptRecord], inquirer: Iterable[KeptRecord], provider: Iterable[KeptRecord]
) -> Reconciliation:
    """Where the two sides differ from the core, by number. What is still pending anywhere is underway, not different."""
    at_core = _by_number(core)
    at_sides = {Place.INQUIRER: _by_number(inquirer), Place.PROVIDER: _by_number(provider)}
    numbers = sorted(at_core.keys() | at_sides[Place.INQUIRER].keys() | at_sides[Place.PROVIDER].keys())
    differences: list[Difference] = []
    underway = 0
    for number in numbers:
        everywhere = [at_core.get(number), *(records.get(number) for records in at_sides.values())]
        if any(record is not None and record.state is InquiryState.PENDING for record in everywhere):
            underway += 1
            continue
        differences += _differences(number, at_core.get(number), at_sides)
    return Reconciliation(len(numbers), underway, tuple(differences))


def settled(first: Reconciliation, second: Reconciliation) -> Reconciliation:
    """What the first look found, less what the second did not find again just so: that is underway."""
    again = frozenset(second.differences)
    stand = tuple(each for each in first.differences if each in again)
    moved = {each.number for each in first.differences} - {each.number for each in stand}
    return Reconciliation(first.inquiries, first.underway + len(moved), stand)


def _by_number(records: Iterable[KeptRecord]) -> Mapping[str, KeptRecord]:
    return {record.number: record for record in records}


def _differences(
    number: str, core: KeptRecord | None, at_sides: Mapping[Place, Mapping[str, KeptRecord]]
) -> list[Difference]:
    if core is None:
        if number not in at_sides[Place.PROVIDER] and at_sides[Place.INQUIRER][number].state is (
            InquiryState.UNANSWERED
        ):
            # The core was away for as long as anybody waits: it never heard of this inquiry.
            return []
        return [Difference(number, Place.CORE, DifferenceKind.MISSING)]
    found: list[Difference] = []
    for side, records in at_sides.items():
        record = records.get(number)
        if record is None:
            if side in PLACES[core.state]:
                found.append(Difference(number, side, DifferenceKind.MISSING))
        elif side not in MAY_BE[core.state]:
            found.append(Difference(number, side, DifferenceKind.UNEXPECTED))
        else:
            found += [
                Difference(
                    number, side, DifferenceKind.DIFFERS, field, _text(core, field), _text(record, field)
                )
                for field in COMPARED
                if getattr(core, field) != getattr(record, field) and not _unheard(core, record, field)
            ]
    return found


def _unheard(core: KeptRecord, record: KeptRecord, field: str) -> bool:
    """The provider's flag, where nobody has told it: no difference, for nothing was said."""
    return field == "provider_withholds" and None in (core.provider_withholds, record.provider_withholds)


def _text(record: KeptRecord, field: str) -> str:
    value = getattr(record, field)
    return "" if value is None else str(value)
