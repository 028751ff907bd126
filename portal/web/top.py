"""トップメニュー: what can be done, and what is new."""

from quart import request
from quart_trio.wrappers import TrioResponse as Response

from portal.folder.model import Kind
from portal.folder.service import Folder
from portal.inquiries.service import InquiryBox
from portal.notices.service import NoticeBox
from portal.web.reception import Reception, User
from portal.wire.limits import NOTICES_COUNTED_MAX

DONE = {
    "opened": "アカウントと利用者フォルダーを作りました",
}


def add_pages(reception: Reception, folder: Folder, notices: NoticeBox, inquiries: InquiryBox) -> None:
    async def top(user: User) -> Response:
        tallies = await folder.tally(user.account)
        kinds = {"records": tallies[Kind.RECORDS], "self_information": tallies[Kind.SELF_INFORMATION]}
        unopened = await notices.unopened(user.account)
        context = {
            "nav": "top",
            "notices": {"count": unopened, "more": unopened >= NOTICES_COUNTED_MAX},
            "unread": {
                **{name: tally.unread for name, tally in kinds.items()},
                "inquiries": await inquiries.unread(user.account),
            },
            "waiting": {name: tally.waiting for name, tally in kinds.items()},
            "unconfirmed": list(user.account.unconfirmed),
            "message": DONE.get(request.args.get("done", "")),
        }
        return reception.show("top.html", user, context)

    reception.users("top", get=top)
