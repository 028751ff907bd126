"""The operation of the whole folder as one list."""

from portal.inbox.service import Inbox
from portal.serving.dispatcher import Dispatcher
from portal.sessions.guard import AccountGuard, SignedIn
from portal.wire import inbox as wire
from portal.wire.problems import Problem


def add_operations(dispatcher: Dispatcher, inbox: Inbox, users: AccountGuard) -> None:
    async def listed(query: wire.ListInbox, user: SignedIn) -> wire.InboxItems | Problem:
        return await inbox.listed(user.account, query)

    dispatcher.add(wire.LIST_INBOX, users, listed)
