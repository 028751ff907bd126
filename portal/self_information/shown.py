"""あなたの情報 as its pages show it: from the operations' answers to what the templates take."""

from collections.abc import Mapping, Sequence
from typing import Any

from portal.files.handing_out import kind_of
from portal.folder.model import kept_until_ms
from portal.web.addresses import page
from portal.wire.disclosure import Attachment
from portal.wire.limits import ATTACHMENT_BYTES_MAX, ATTACHMENTS_SHOWN_MAX
from portal.wire.moments import day_of, to_ms
from portal.wire.records import RequestState
from portal.wire.self_information import (
    Candidate,
    Catalogue,
    SelfInformationContent,
    SelfInformationRequestView,
)

ENTRY_STATES = frozenset(RequestState) - {RequestState.WAITING, RequestState.REFUSED}
"""What lies in the folder: an answer, or words in its place, such as a request to ask on paper (SELF-5)."""
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


_WEIGHT = (
    RequestState.ANSWERED,
    RequestState.PAPER,
    RequestState.UNANSWERED,
    RequestState.WITHHELD,
    RequestState.NOT_HELD,
    RequestState.REFUSED,
)
"""What is said of several at once when none is awaited any more: the first of these that there is."""


def _state_of_all(states: set[RequestState]) -> str:
    if RequestState.WAITING in states:
        return "waiting" if states == {RequestState.WAITING} else "part_answered"
    return next(str(state) for state in _WEIGHT if state in states)


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


def guidance(view: SelfInformationRequestView) -> dict[str, Any]:
    """Words in the place of an answer."""
    return {**_EMPTY, **entry(view), "message": view.guidance}


_EMPTY: Mapping[str, Any] = {
    "as_of": None, "items": (), "withheld": 0, "attachments": (), "attachments_more": 0, "message": None,
}  # fmt: skip


def content(read: SelfInformationContent) -> dict[str, Any]:
    """An answer, opened."""
    answer = read.content
    item_id = read.request.request_id
    is_empty = not answer.items and not answer.withheld_items and not answer.attachments
    return {
        **_EMPTY,
        **entry(read.request),
        "organisation": answer.organisation.name,
        "as_of": answer.as_of,
        "state": "not_held" if is_empty else "read",
        "items": answer.items,
        "withheld": answer.withheld_items,
        "attachments": [
            _attachment(item_id, number, document)
            for number, document in enumerate(answer.attachments[:ATTACHMENTS_SHOWN_MAX], 1)
        ],
        "attachments_more": max(0, len(answer.attachments) - ATTACHMENTS_SHOWN_MAX),
    }


def _attachment(item_id: str, number: int, document: Attachment) -> dict[str, Any]:
    """関連書類 (SELF-8): its name, what kind of file it is, how large, and where it can be had."""
    is_handed_out = len(document.content) <= ATTACHMENT_BYTES_MAX
    return {
        "name": document.name,
        "kind": kind_of(document.media_type),
        "size": size_ja(len(document.content)),
        "url": page("self_information.attachment", item_id=item_id, number=str(number))
        if is_handed_out
        else None,
    }


def size_ja(count: int) -> str:
    """``12KB``: rounded up, so that nothing is 0."""
    if count < 1024:
        return f"{count}バイト"
    return f"{-(-count // 1024):,}KB" if count < 1024 * 1024 else f"{count / (1024 * 1024):.1f}MB"
