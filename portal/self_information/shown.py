"""あなたの情報 as its pages show it: from the operations' answers to what the templates take."""

from collections.abc import Mapping, Sequence
from typing import Any

from portal.folder.model import kept_until_ms
from portal.wire.moments import day_of, to_ms
from portal.wire.records import RequestState
from portal.wire.self_information import (
    Candidate,
    Catalogue,
    SelfInformationContent,
    SelfInformationRequestView,
)

ENTRY_STATES = frozenset([RequestState.ANSWERED, RequestState.PAPER])
"""What lies in the folder: an answer, or the words that ask for a request on paper (SELF-5)."""
NATIONAL = "000000"
"""Stands where a municipality's code would, in the code of a national body (DOMAIN.md 4)."""


def choices(catalogue: Catalogue) -> dict[str, Any]:
    """Fields, detail fields by field, and names to offer while one types."""
    details: dict[str, dict[str, None]] = {}
    for kind in catalogue.kinds:
        details.setdefault(kind.field, {}).setdefault(kind.detail)
    return {
        "fields": [{"value": field, "label": field} for field in details],
        "details": [
            {"label": field, "options": [{"value": detail, "label": detail} for detail in of_field]}
            for field, of_field in details.items()
        ],
        "suggestions": sorted({kind.information.name for kind in catalogue.kinds}),
    }


def by_organisation(candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    """What was found, one group for each organisation, in the order in which the network named them."""
    groups: dict[str, dict[str, Any]] = {}
    for found in candidates:
        organisation = found.organisation
        national = organisation.code[5:11] == NATIONAL
        group = groups.setdefault(
            organisation.code,
            {
                "name": organisation.name,
                "kind": "国などの機関" if national else "地方公共団体",
                "entries": [],
            },
        )
        value = f"{found.information.code}.{organisation.code}"
        note = f"{found.field}・{found.detail}"
        group["entries"].append({"value": value, "label": found.information.name, "note": note})
    return list(groups.values())


def read_value(value: str) -> Mapping[str, str]:
    """A ticked box of :func:`by_organisation`, as a selection that is still to be checked."""
    information, _, organisation = value.partition(".")
    return {"information": information, "organisation": organisation}


def _state(view: SelfInformationRequestView) -> str:
    if view.state is RequestState.ANSWERED:
        return "read" if view.read else "unread"
    return str(view.state)


def part(view: SelfInformationRequestView) -> dict[str, Any]:
    """One line of a request's state."""
    return {
        "organisation": view.organisation.name,
        "information": view.information.name,
        "state": _state(view),
        "reason": view.guidance,
        "item_id": view.request_id if view.state in ENTRY_STATES else None,
    }


def asking(views: Sequence[SelfInformationRequestView]) -> dict[str, Any]:
    """One line for all that was asked for at once."""
    return {
        "id": views[0].request_id,
        "asked_at": views[0].asked_at,
        "information": sorted({view.information.name for view in views}),
        "organisations": sorted({view.organisation.name for view in views}),
        "state": _state_of_all({view.state for view in views}),
    }


def _state_of_all(states: set[RequestState]) -> str:
    if RequestState.WAITING in states:
        return "waiting" if states == {RequestState.WAITING} else "part_answered"
    for state in (RequestState.ANSWERED, RequestState.PAPER):
        if state in states:
            return str(state)
    return str(RequestState.REFUSED)


def entry(view: SelfInformationRequestView) -> dict[str, Any]:
    """One line of what lies in the folder."""
    assert view.answered_at is not None, view
    kept = None if view.read else day_of(kept_until_ms(to_ms(view.answered_at)))
    return {
        "id": view.request_id,
        "information": view.information.name,
        "organisation": view.organisation.name,
        "received_at": view.answered_at,
        "state": _state(view),
        "kept_until": kept,
    }


def content(read: SelfInformationContent) -> dict[str, Any]:
    """An answer, opened."""
    items = read.content.items
    return {
        **entry(read.request),
        "organisation": read.content.organisation.name,
        "as_of": read.content.as_of,
        "state": "read" if items else "none",
        "sections": [{"title": None, "pairs": [(item.name, item.value) for item in items]}],
        "message": None,
    }
