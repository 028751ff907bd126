"""The operations of やりとり履歴."""

from portal.files.service import FileKind
from portal.records.service import Records
from portal.serving.dispatcher import Dispatcher
from portal.serving.guards import Peers
from portal.sessions.guard import AccountGuard, SignedIn
from portal.wire import deliveries, records
from portal.wire.operation import Done, Nothing
from portal.wire.problems import Problem
from portal.wire.systems import Caller


def add_operations(dispatcher: Dispatcher, service: Records, users: AccountGuard, peers: Peers) -> None:
    async def request(wanted: records.RecordsRequest, user: SignedIn) -> records.RecordsRequestView | Problem:
        return await service.request(user.account, wanted)

    async def listed(_: Nothing, user: SignedIn) -> records.RecordsRequests:
        return await service.listed(user.account)

    async def view(one: records.OneRequest, user: SignedIn) -> records.RecordsRequestView | Problem:
        return await service.view(user.account, one.request_id)

    async def read(one: records.OneRequest, user: SignedIn) -> records.RecordsContent | Problem:
        return await service.read(user.account, one.request_id)

    async def csv(one: records.OneRequest, user: SignedIn) -> bytes | Problem:
        made = await service.file(user.account, one.request_id, FileKind.CSV)
        return made if isinstance(made, Problem) else made.content

    async def pdf(one: records.OneRequest, user: SignedIn) -> bytes | Problem:
        made = await service.file(user.account, one.request_id, FileKind.PDF)
        return made if isinstance(made, Problem) else made.content

    async def deliver(delivered: deliveries.DeliveredRecords, _: Caller) -> Done | Problem:
        return await service.deliver(delivered.request_id, delivered.records) or Done()

    dispatcher.add(records.REQUEST_RECORDS, users, request)
    dispatcher.add(records.LIST_RECORDS_REQUESTS, users, listed)
    dispatcher.add(records.VIEW_RECORDS_REQUEST, users, view)
    dispatcher.add(records.READ_RECORDS, users, read)
    dispatcher.add(records.RECORDS_CSV, users, csv)
    dispatcher.add(records.RECORDS_PDF, users, pdf)
    dispatcher.add(deliveries.DELIVER_RECORDS, peers, deliver)
