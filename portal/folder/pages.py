"""利用者フォルダー: deleting by hand what was asked for, and taking a request back (FLD-5)."""

from collections.abc import Mapping

from quart import request
from quart_trio.wrappers import TrioResponse as Response

from portal.folder.model import OPEN_STATES, Kind
from portal.folder.service import Folder
from portal.web.addresses import page
from portal.web.reception import Reception, User
from portal.wire.problems import Problem


def add_pages(reception: Reception, folder: Folder, labels: Mapping[Kind, str]) -> None:
    async def ask(user: User, item_id: str) -> Response:
        found = await folder.of_any_kind(user.account, item_id)
        if isinstance(found, Problem):
            return reception.tell(found, user)
        named = folder.described(user.account, found)
        is_open = found.state in OPEN_STATES
        happens = [
            f"{labels[Kind(found.kind)]}：{named.title}（{named.sender}）",
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

    reception.users("folder.delete", get=ask, post=delete)
