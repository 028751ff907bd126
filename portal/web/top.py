"""トップメニュー: what can be done, and what is new."""

from quart import request
from quart_trio.wrappers import TrioResponse as Response

from portal.folder.model import Kind
from portal.folder.service import Folder
from portal.web.reception import Reception, User

DONE = {
    "opened": "アカウントと利用者フォルダーを作りました",
}


def add_pages(reception: Reception, folder: Folder) -> None:
    async def top(user: User) -> Response:
        tallies = await folder.tally(user.account)
        kinds = {"records": tallies[Kind.RECORDS], "self_information": tallies[Kind.SELF_INFORMATION]}
        context = {
            "nav": "top",
            "unread": {name: tally.unread for name, tally in kinds.items()},
            "waiting": {name: tally.waiting for name, tally in kinds.items()},
            "unconfirmed": list(user.account.unconfirmed),
            "message": DONE.get(request.args.get("done", "")),
        }
        return reception.show("top.html", user, context)

    reception.users("top", get=top)
