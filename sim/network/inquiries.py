"""情報照会: the rules of an inquiry between two organisations, apart from storage and from the wire.

An inquiry has one life, :data:`TRANSITIONS`, which each of the three places goes through with its own record: the
inquirer's server, the core, the provider's server. :func:`judge` is the permission check of the core; it says why not.
"""

from enum import StrEnum
from hashlib import sha256
from typing import Final

from portal.wire.linkage import Asked, InquiryState, Outcome, Place, Refusal
from portal.wire.moments import DAY
from sim.nation.catalogue import Catalogue, Permission
from sim.nation.check_digits import municipality_check_digit
from sim.nation.organisations import UnknownOrganisation, organisation

ANSWER_DAYS_MAX: Final = 7
"""Assumed: so long after its request an inquiry without any answer counts as unanswered. A later one is still taken."""
ANSWER_MS_MAX: Final = ANSWER_DAYS_MAX * DAY
RESULT_KEPT_DAYS: Final = 30
"""Assumed: how long the inquirer's server keeps the content of a result."""

_NUMBER_DIGITS = 20
_NATIONAL_AREA = "000000"


class Event(StrEnum):
    """What can happen to an inquiry."""

    REFUSAL = "refusal"
    """The core does not pass it on."""
    PROVISION = "provision"
    """The provider answers with content."""
    NO_PROVISION = "no_provision"
    """The provider answers without."""
    DEADLINE = "deadline"
    """Nobody has answered for :data:`ANSWER_DAYS_MAX` days."""


_STATE = InquiryState
TRANSITIONS: Final[dict[tuple[InquiryState, Event], InquiryState]] = {
    (_STATE.PENDING, Event.REFUSAL): _STATE.REFUSED,
    (_STATE.PENDING, Event.PROVISION): _STATE.PROVIDED,
    (_STATE.PENDING, Event.NO_PROVISION): _STATE.NOT_PROVIDED,
    (_STATE.PENDING, Event.DEADLINE): _STATE.UNANSWERED,
    # The core or the provider was away for longer than anybody waits; its word still counts.
    (_STATE.UNANSWERED, Event.REFUSAL): _STATE.REFUSED,
    (_STATE.UNANSWERED, Event.PROVISION): _STATE.PROVIDED,
    (_STATE.UNANSWERED, Event.NO_PROVISION): _STATE.NOT_PROVIDED,
}
"""All that is not here changes nothing: the same answer again, a deadline after an answer."""

PLACES: Final[dict[InquiryState, frozenset[Place]]] = {
    _STATE.PENDING: frozenset(Place),
    _STATE.PROVIDED: frozenset(Place),
    _STATE.NOT_PROVIDED: frozenset(Place),
    # The core did not notify the provider, who therefore knows nothing of it (DOMAIN.md 1).
    _STATE.REFUSED: frozenset([Place.INQUIRER, Place.CORE]),
    # The notice may never have arrived.
    _STATE.UNANSWERED: frozenset([Place.INQUIRER, Place.CORE]),
}
"""Where a record must be, by what the core says of it. An unanswered one may be at the provider as well."""
MAY_BE: Final[dict[InquiryState, frozenset[Place]]] = {
    **PLACES,
    _STATE.UNANSWERED: frozenset(Place),
}


def after(state: InquiryState, event: Event) -> InquiryState | None:
    """The state that follows, or None when this event changes nothing in this state."""
    return TRANSITIONS.get((state, event))


def sources(event: Event) -> tuple[InquiryState, ...]:
    """The states in which this event does something."""
    return tuple(state for state, of in TRANSITIONS if of is event)


def event_of(outcome: Outcome) -> Event:
    return Event.PROVISION if outcome is Outcome.PROVIDED else Event.NO_PROVISION


def number_of(organisation_code: str, request_id: str) -> str:
    """処理通番 of an organisation's request: the same request has the same number, whenever it comes again."""
    digest = sha256(f"{organisation_code}/{request_id}".encode()).digest()
    return f"{int.from_bytes(digest[:16]) % 10**_NUMBER_DIGITS:0{_NUMBER_DIGITS}d}"


def wrong_organisation(code: str) -> Refusal | None:
    """What is wrong with a sixteen-digit organisation code; the municipality code in it has a check digit."""
    area = code[5:11]
    if area != _NATIONAL_AREA and municipality_check_digit(area[:5]) != area[5]:
        return Refusal.WRONG_CHECK_DIGIT
    try:
        organisation(code)
    except UnknownOrganisation:
        return Refusal.UNKNOWN_ORGANISATION
    return None


def judge(
    asked: Asked, catalogue: Catalogue, *, person_known: bool = True, assessed: bool = True
) -> Refusal | None:
    """許可照合: why this inquiry must not be passed on, or None. The first reason counts, from form to law."""
    for code in (asked.inquirer, asked.provider):
        if (wrong := wrong_organisation(code)) is not None:
            return wrong
    if not person_known:
        return Refusal.UNKNOWN_PERSON
    affair = catalogue.affairs.get(asked.affair)
    procedure = catalogue.procedures.get(asked.procedure)
    information = catalogue.information.get(asked.information)
    if affair is None:
        return Refusal.UNKNOWN_AFFAIR
    if procedure is None:
        return Refusal.UNKNOWN_PROCEDURE
    if procedure.affair != affair.code:
        return Refusal.PROCEDURE_OF_ANOTHER_AFFAIR
    if information is None:
        return Refusal.UNKNOWN_INFORMATION
    if asked.version is not None and all(asked.version != layout.version for layout in information.layouts):
        return Refusal.UNKNOWN_LAYOUT
    if not assessed:
        return Refusal.ASSESSMENT_MISSING
    inquirer = organisation(asked.inquirer)
    if inquirer.kind not in affair.inquirers:
        return Refusal.AFFAIR_NOT_ALLOWED
    if permission_of(asked) not in catalogue.permissions or asked.inquirer == asked.provider:
        return Refusal.NOT_PERMITTED
    return None


def permission_of(asked: Asked) -> Permission:
    """The row of the permission table that this inquiry needs. Raises `UnknownOrganisation`."""
    return Permission(
        organisation(asked.inquirer).kind,
        asked.affair,
        asked.procedure,
        organisation(asked.provider).kind,
        asked.information,
    )
