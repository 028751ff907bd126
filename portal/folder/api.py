"""The operations of the whole folder, whatever lies in it."""

from portal.folder.model import Described, Request
from portal.folder.service import Folder
from portal.serving.dispatcher import Dispatcher
from portal.sessions.guard import AccountGuard, SignedIn
from portal.wire import folder as wire
from portal.wire.moments import day_of, to_jst
from portal.wire.operation import Done, Nothing
from portal.wire.problems import Problem


def add_operations(dispatcher: Dispatcher, folder: Folder, users: AccountGuard) -> None:
    async def listed(_: Nothing, user: SignedIn) -> wire.FolderItems:
        return wire.FolderItems(tuple(item_of(*found) for found in await folder.everything(user.account)))

    async def delete(one: wire.OneItem, user: SignedIn) -> Done | Problem:
        return await folder.delete(user.account, one.item_id) or Done()

    dispatcher.add(wire.LIST_FOLDER, users, listed)
    dispatcher.add(wire.DELETE_ITEM, users, delete)


def item_of(request: Request, described: Described) -> wire.FolderItem:
    kept = request.kept_until_ms
    return wire.FolderItem(
        request.request_id,
        str(request.kind),
        described.title,
        described.sender,
        request.shown_as,
        to_jst(request.asked_ms),
        None if request.answered_ms is None else to_jst(request.answered_ms),
        request.read_ms is not None,
        None if kept is None else day_of(kept),
        request.read_ms is not None,
    )
