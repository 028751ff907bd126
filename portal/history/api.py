"""The operations of 操作履歴."""

from portal.history.service import History
from portal.serving.dispatcher import Dispatcher
from portal.sessions.guard import AccountGuard, SignedIn
from portal.wire import history
from portal.wire.problems import Problem


def add_operations(dispatcher: Dispatcher, service: History, users: AccountGuard) -> None:
    async def search(query: history.HistoryQuery, user: SignedIn) -> history.HistoryLines | Problem:
        return await service.search(user.account, query)

    async def csv(query: history.HistoryQuery, user: SignedIn) -> bytes | Problem:
        made = await service.file(user.account, query)
        return made if isinstance(made, Problem) else made.content

    dispatcher.add(history.HISTORY_CSV, users, csv)
    dispatcher.add(history.SEARCH_HISTORY, users, search)
