"""利用者フォルダー: everything in one list, and deleting by hand (FLD-3, FLD-5)."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from quart import request
from quart_trio.wrappers import TrioResponse as Response

from portal.folder.model import OPEN_STATES, Described, Kind, Request, State
from portal.folder.service import Folder
from portal.web.addresses import page
from portal.web.reception import Reception, User, rows_of
from portal.wire.moments import day_of, to_jst
from portal.wire.problems import Problem


class Shown(NamedTuple):
    """How the folder's page names a kind, and where a thing of that kind is opened."""

    label: str
    address: Callable[[str], str]


DONE = {"deleted": "利用者フォルダーから削除しました", "withdrawn": "請求を取り下げました"}


def add_pages(reception: Reception, folder: Folder, kinds: Mapping[Kind, Shown]) -> None:
    async def everything(user: User) -> Response:
        every = await folder.everything(user.account)
        at = reception.pagination(len(every))
        context = {
            "nav": "folder",
            "items": [_line(kinds[Kind(one.kind)], one, named) for one, named in rows_of(at, every)],
            "pagination": at,
            "message": DONE.get(request.args.get("done", "")),
        }
        return reception.show("folder/folder.html", user, context)

    async def ask(user: User, item_id: str) -> Response:
        found = await folder.of_any_kind(user.account, item_id)
        if isinstance(found, Problem):
            return reception.tell(found, user)
        named = folder.described(user.account, found)
        is_open = found.state in OPEN_STATES
        happens = [
            f"{kinds[Kind(found.kind)].label}：{named.title}（{named.sender}）",
            "問い合わせをやめます。このあと届く回答は、受け取れません。"
            if is_open
            else "利用者フォルダーから、いますぐ消えます。必要になったら、もういちど請求してください。",
        ]
        context = {
            "nav": "folder",
            "title": "この請求を取り下げますか" if is_open else "利用者フォルダーから削除しますか",
            "happens": happens,
            "action": page("folder.delete", item_id=item_id),
            "fields": {"was_open": "1"} if is_open else {},
            "label": "取り下げる" if is_open else "削除する",
            "back": {"label": "やめて、利用者フォルダーに戻る", "url": page("folder")},
        }
        return reception.show("confirm.html", user, context)

    async def delete(user: User, item_id: str) -> Response:
        was_open = (await request.form).get("was_open") == "1"
        refused = await folder.delete(user.account, item_id, only_open=was_open)
        if refused is not None:
            if was_open and not isinstance(await folder.of_any_kind(user.account, item_id), Problem):
                # The answer came while the question stood on the screen: nobody agreed to throw that away.
                return reception.go("folder.delete", item_id=item_id)
            return reception.tell(refused, user)
        return reception.go("folder", {"done": "withdrawn" if was_open else "deleted"})

    reception.users("folder", get=everything)
    reception.users("folder.delete", get=ask, post=delete)


def _line(shown: Shown, one: Request, named: Described) -> dict[str, Any]:
    kept = one.kept_until_ms
    state = str(one.shown_as)
    if one.state == State.ANSWERED:
        state = "unread" if one.read_ms is None else "read"
    return {
        "id": one.request_id,
        "url": shown.address(one.request_id),
        "kind": shown.label,
        "title": named.title,
        "sender": named.sender,
        "state": state,
        "asked_at": to_jst(one.asked_ms),
        "answered_at": None if one.answered_ms is None else to_jst(one.answered_ms),
        "stay": "waiting" if one.answered_ms is None else "sign_out" if kept is None else "day",
        "kept_until": None if kept is None else day_of(kept),
    }
