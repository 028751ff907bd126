"""トップメニュー: what can be done, and what is new."""

from quart import request
from quart_trio.wrappers import TrioResponse as Response

from portal.folder.model import Kind
from portal.folder.service import Folder
from portal.inquiries.service import InquiryBox
from portal.notices.service import NoticeBox
from portal.proxies.service import Proxies
from portal.proxies.shown import line
from portal.web.reception import Reception, User
from portal.wire.limits import NOTICES_COUNTED_MAX

DONE = {
    "opened": "アカウントと利用者フォルダーを作りました",
}


def add_pages(
    reception: Reception, folder: Folder, notices: NoticeBox, inquiries: InquiryBox, proxies: Proxies
) -> None:
    async def top(user: User) -> Response:
        if user.account.by is not None:
            # What may be looked at, without what there is: that is looked at there.
            return reception.show("proxies/top.html", user, {"nav": "top"})
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
            "ending": [line(view) for view in await proxies.ending_soon(user.account)],
            "message": DONE.get(request.args.get("done", "")),
        }
        return reception.show("top.html", user, context)

    reception.users("top", get=top)
