"""The operations of あなたの情報."""

import msgspec

from portal.files.service import FileKind
from portal.records.service import Records
from portal.self_information.service import SelfInformations
from portal.serving.dispatcher import Dispatcher
from portal.serving.guards import Peers
from portal.sessions.guard import AccountGuard, SignedIn
from portal.sessions.terminals import kind_of
from portal.wire import deliveries
from portal.wire import self_information as wire
from portal.wire.operation import Done, Nothing
from portal.wire.problems import Problem
from portal.wire.records import InformationOfRecord, OneRequest
from portal.wire.systems import Caller


def add_operations(
    dispatcher: Dispatcher, service: SelfInformations, records: Records, users: AccountGuard, peers: Peers
) -> None:
    async def catalogue(_: Nothing, __: SignedIn) -> wire.Catalogue | Problem:
        return await service.catalogue()

    async def search(wanted: wire.Search, user: SignedIn) -> wire.Candidates | Problem:
        return await service.search(user.account, wanted)

    async def request(
        wanted: wire.SelfInformationRequest, user: SignedIn
    ) -> wire.SelfInformationRequests | Problem:
        return await service.request(user.account, wanted)

    async def listed(_: Nothing, user: SignedIn) -> wire.SelfInformationRequests:
        return await service.listed(user.account)

    async def view(one: OneRequest, user: SignedIn) -> wire.SelfInformationRequestView | Problem:
        return await service.view(user.account, one.request_id)

    async def read(one: OneRequest, user: SignedIn) -> wire.SelfInformationContent | Problem:
        found = await service.read(user.account, one.request_id)
        if isinstance(found, Problem) or not kind_of(user.session.terminal).shared:
            return found
        # Nothing is left behind there: neither a document, nor its content in the answer that names it.
        content = msgspec.structs.replace(found.content, attachments=())
        return msgspec.structs.replace(found, content=content)

    async def deliver(delivered: deliveries.DeliveredSelfInformation, _: Caller) -> Done | Problem:
        outcome = await service.deliver(
            delivered.request_id, delivered.content, delivered.guidance, delivered.why
        )
        return outcome or Done()

    async def csv(one: OneRequest, user: SignedIn) -> bytes | Problem:
        made = await service.file(user.account, one.request_id, FileKind.CSV)
        return made if isinstance(made, Problem) else made.content

    async def pdf(one: OneRequest, user: SignedIn) -> bytes | Problem:
        made = await service.file(user.account, one.request_id, FileKind.PDF)
        return made if isinstance(made, Problem) else made.content

    async def request_of_record(
        wanted: InformationOfRecord, user: SignedIn
    ) -> wire.SelfInformationRequestView | Problem:
        record = await records.record(user.account, wanted.request_id, wanted.record_id)
        if isinstance(record, Problem):
            return record
        return await service.request_recorded(user.account, record, wanted.key)

    dispatcher.add(wire.VIEW_CATALOGUE, users, catalogue)
    dispatcher.add(wire.SEARCH, users, search)
    dispatcher.add(wire.REQUEST_SELF_INFORMATION, users, request)
    dispatcher.add(wire.LIST_SELF_INFORMATION_REQUESTS, users, listed)
    dispatcher.add(wire.VIEW_SELF_INFORMATION_REQUEST, users, view)
    dispatcher.add(wire.READ_SELF_INFORMATION, users, read)
    dispatcher.add(wire.SELF_INFORMATION_CSV, users, csv)
    dispatcher.add(wire.SELF_INFORMATION_PDF, users, pdf)
    dispatcher.add(wire.REQUEST_INFORMATION_OF_RECORD, users, request_of_record)
    dispatcher.add(deliveries.DELIVER_SELF_INFORMATION, peers, deliver)
