"""Which organisation a message of the intermediate servers is of, and whether it lies in an area that is cut off."""

import re
from collections.abc import Callable

from portal.wire.operation import AnyOperation, WireRequest
from portal.wire.systems import Caller, Party, System
from sim.faults.vocabulary import CutOff, Way
from sim.nation.organisations import ORGANISATIONS, Kind, Organisation

_BY_CODE = {organisation.code.encode(): organisation for organisation in ORGANISATIONS}

FIELDS: dict[str, tuple[str, str]] = {
    "intermediate.receive_answer": ("provider", "inquirer"),
    "network.inquire": ("inquirer", ""),
    "network.report_provision": ("provider", ""),
    "self_information.deliver": ("organisation", ""),
    "intermediate.notify_provider": ("", "provider"),
    "network.note_holding": ("organisation", ""),
}
"""By operation: which field names the sending organisation and which the receiving one. Others name the receiver
``organisation``."""
_RECEIVER = ("", "organisation")
_PATTERNS: dict[str, re.Pattern[bytes]] = {}


def concerns(fault: CutOff, organisation: Organisation) -> bool:
    """Whether this organisation is cut off."""
    if fault.organisation is not None:
        return organisation.code == fault.organisation
    area = organisation.municipality
    if area is None:
        return False
    if fault.lgwan:
        return organisation.kind is Kind.MUNICIPALITY
    return fault.prefecture is not None and area.startswith(fault.prefecture)


def _named(field: str, body: bytes) -> Organisation | None:
    """The organisation that a field of the body names, as a code or with code and name."""
    if not field:
        return None
    pattern = _PATTERNS.get(field)
    if pattern is None:
        pattern = _PATTERNS[field] = re.compile(
            rb'"' + field.encode() + rb'":\s*(?:\{"code":\s*)?"([0-9]{16})"'
        )
    found = pattern.search(body)
    return None if found is None else _BY_CODE.get(found.group(1))


def stops(
    fault: CutOff, sender: Caller, receiver: System, operation: AnyOperation
) -> Callable[[WireRequest], bool] | None:
    """Tells of a message whether it ends at the border of the area; None when no organisation has part in it."""
    if System.INTERMEDIATE not in (sender, receiver) or isinstance(sender, Party):
        # An organisation's own side sits beside its server.
        return None
    sending, receiving = FIELDS.get(operation.name, _RECEIVER)

    def is_stopped(request: WireRequest) -> bool:
        # A path may name the organisation as well as a body.
        text = request.body or request.target.encode()
        out = _named(sending, text) if fault.way is not Way.IN else None
        into = _named(receiving, text) if fault.way is not Way.OUT else None
        return any(each is not None and concerns(fault, each) for each in (out, into))

    return is_stopped
