"""利用者フォルダー: everything in one list, found by kind, period, words, and whether it was seen (FLD-3, 4, 5)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from quart import request
from quart_trio.wrappers import TrioResponse as Response

from portal.inbox.service import Inbox
from portal.seams.clock import Clock
from portal.web.addresses import page
from portal.web.design import read_date
from portal.web.reception import Reception, User, typed
from portal.wire.inbox import InboxItem, InboxItems, InboxKind, InboxState, ListInbox
from portal.wire.limits import SEARCH_TEXT_CHARACTERS_MAX
from portal.wire.moments import day_of, to_jst, to_ms
from portal.wire.problems import Problem

KINDS: Mapping[InboxKind, str] = {
    InboxKind.RECORDS: "やりとり履歴",
    InboxKind.SELF_INFORMATION: "あなたの情報",
    InboxKind.NOTICE: "お知らせ",
    InboxKind.QUESTIONNAIRE: "アンケート",
    InboxKind.INQUIRY: "お問い合わせ",
}
_DONE = {"deleted": "利用者フォルダーから削除しました", "withdrawn": "請求を取り下げました"}
_DAYS = {"first_day": ("start", "はじめの日"), "last_day": ("end", "おわりの日")}
_PARTS = ("year", "month", "day")
_OPENED = {
    InboxKind.RECORDS: ("records.list", "request_id"),
    InboxKind.SELF_INFORMATION: ("self_information.item", "item_id"),
    InboxKind.NOTICE: ("notices.item", "notice_id"),
    InboxKind.QUESTIONNAIRE: ("notices.item", "notice_id"),
    InboxKind.INQUIRY: ("inquiries.one", "inquiry_id"),
}
_DELETED = {
    InboxKind.RECORDS: ("folder.delete", "item_id"),
    InboxKind.SELF_INFORMATION: ("folder.delete", "item_id"),
    InboxKind.NOTICE: ("notices.delete", "notice_id"),
    InboxKind.QUESTIONNAIRE: ("notices.delete", "notice_id"),
    InboxKind.INQUIRY: ("inquiries.delete", "inquiry_id"),
}
ROWS_ON_PAGE = 10
"""A few screens of a phone; and a full folder opens as fast as one of ten."""
FROM_HERE = "?from=folder"
"""Says to the question before a deletion that its answer leads back to this list."""


def add_pages(reception: Reception, inbox: Inbox, clock: Clock) -> None:
    async def everything(user: User) -> Response:
        asked, values, errors = _asked()
        found: InboxItems | Problem = InboxItems((), None)
        if not errors:
            found = await inbox.listed(user.account, _query(asked))
        if isinstance(found, Problem):
            if found.field == "$.end":
                errors["last_day_year"] = found.detail
            # A cursor that nobody has written: nothing goes on from there.
            found = InboxItems((), None)
        kept = {
            name: value for name, value in request.args.items() if value and name not in ("before", "done")
        }
        context = {
            "nav": "folder",
            "items": [_line(item, clock.now_ms()) for item in found.items],
            "values": values,
            "errors": errors,
            "example": day_of(clock.now_ms()),
            "kinds": [{"value": str(kind), "label": label} for kind, label in KINDS.items()],
            "searched": bool(kept),
            "unread": values["unread"] and len(kept) == 1,
            "first": "before" not in request.args,
            "here": _address(kept),
            "older": None if found.next is None else _address({**kept, "before": found.next}),
            "message": _DONE.get(request.args.get("done", "")),
        }
        return reception.show("inbox/folder.html", user, context, status=422 if errors else 200)

    reception.users("folder", get=everything)


def _asked() -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """What the address asks for, what was typed, and what is wrong with it."""
    args = request.args
    text, kind = typed(args, "text"), typed(args, "kind")
    values: dict[str, Any] = {"text": text, "kind": kind, "unread": args.get("unread") == "1"}
    asked: dict[str, Any] = {"unread": values["unread"], "most": ROWS_ON_PAGE}
    errors: dict[str, str] = {}
    for name, (field, label) in _DAYS.items():
        parts = {part: typed(args, f"{name}_{part}") for part in _PARTS}
        values[name] = parts
        day = read_date(**parts)
        if day is not None:
            asked[field] = day
        elif any(parts.values()):
            errors[f"{name}_year"] = f"「{label}」に、ない日付が入っています。年は西暦4けたで入れてください。"
    if len(text) > SEARCH_TEXT_CHARACTERS_MAX:
        errors["text"] = f"{SEARCH_TEXT_CHARACTERS_MAX}文字までにしてください。"
    elif text:
        asked["text"] = text
    # A choice that is not on the list was typed into the address: as if nothing had been chosen.
    if kind in list(KINDS):
        asked["kind"] = kind
    if "before" in args:
        asked["before"] = args["before"]
    return asked, values, errors


def _query(asked: Mapping[str, Any]) -> ListInbox:
    try:
        return msgspec.convert(asked, ListInbox)
    except msgspec.ValidationError:
        return ListInbox(most=ROWS_ON_PAGE)


def _address(query: Mapping[str, str]) -> str:
    return f"{page('folder')}?{urlencode(query)}" if query else page("folder")


def _line(item: InboxItem, now_ms: int) -> dict[str, Any]:
    opened, its_name = _OPENED[item.kind]
    deleted, name_there = _DELETED[item.kind]
    waits = item.state is InboxState.WAITING
    is_request = deleted == "folder.delete"
    answering = None
    if item.deadline is not None and item.state is not InboxState.WITHDRAWN:
        if item.answered_at is not None:
            answering = "given"
        else:
            answering = "to_answer" if now_ms < to_ms(item.deadline) else "closed"
    return {
        "id": item.item_id,
        "url": page(opened, **{its_name: item.item_id}),
        "delete_url": page(deleted, **{name_there: item.item_id}) + ("" if is_request else FROM_HERE),
        "kind": KINDS[item.kind],
        "title": item.title,
        "sender": item.sender,
        "state": str(item.state),
        "answering": answering,
        "deadline": None if item.deadline is None else to_jst(to_ms(item.deadline)),
        "at": item.at,
        "withdraws": waits and is_request,
        "stay": "sign_out" if item.goes_at_sign_out else "waiting" if item.kept_until is None else "day",
        "kept_until": item.kept_until,
    }
