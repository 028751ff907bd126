"""中間サーバー as a system: routes, workers, controls."""

from collections.abc import Awaitable, Callable
from typing import Any

import trio

from portal.serving.about import serve_about
from portal.serving.dispatcher import Dispatcher
from portal.serving.guards import Peers
from portal.serving.system import BuiltSystem, Surroundings
from portal.wire import intermediate as wire
from portal.wire import intermediate_keeping as keeping
from portal.wire.intermediate import PROVIDE_SELF_INFORMATION, Accepted, ProvideSelfInformation
from portal.wire.intermediate_keeping import Group
from portal.wire.network import RecordsOfPlace
from portal.wire.operation import Done, Operation
from portal.wire.problems import Problem
from portal.wire.registry import ResidentChange
from portal.wire.systems import System
from sim.controls import ControlDesk
from sim.entrance.entrance import entrance
from sim.entrance.look import Look
from sim.entrance.now import add_now
from sim.intermediate import sends, tables
from sim.intermediate.keeping_page import KEEPING, TITLE, keeping_page
from sim.intermediate.notices import pages as notice_pages
from sim.intermediate.now import now
from sim.intermediate.profiles import ALWAYS, PROFILES, group_of
from sim.intermediate.records_page import NAV, records_page
from sim.intermediate.service import IntermediateServers
from sim.intermediate.standing import Standing
from sim.nation.catalogue import CURRENT
from sim.nation.nation import Nation
from sim.nation.organisations import ORGANISATIONS
from sim.network.codes import LinkageCodes

SCHEMAS = tables.SCHEMAS
_CODES = frozenset(organisation.code for organisation in ORGANISATIONS)


def build(
    surroundings: Surroundings,
    nation: Nation,
    codes: LinkageCodes,
    *,
    profile: str = CURRENT,
    usual: str = ALWAYS.name,
) -> BuiltSystem:
    """The intermediate servers of all organisations of this nation.

    *usual* names the profile of servers that nobody has configured; KeyError when there is none.
    """
    dispatcher = Dispatcher(System.INTERMEDIATE)
    peers = Peers(surroundings.keys)
    desk = ControlDesk(
        System.INTERMEDIATE, surroundings.store, surroundings.clock, organisations=_CODES, has_outbox=True
    )
    servers = IntermediateServers(surroundings, nation, codes, desk, profile=profile, usual=PROFILES[usual])

    def wake() -> None:
        servers.outbox.wake()
        servers.notices.relaying.lanes.hurry()

    desk.wake = wake

    standing = servers.standing

    async def provide(request: ProvideSelfInformation, _: object) -> Accepted | Problem:
        return await servers.provide(request)

    dispatcher.add(PROVIDE_SELF_INFORMATION, peers, provide)
    # Through a connection of the organisation that the request names.
    for operation, named, work in _by_organisation(servers):
        dispatcher.add(operation, peers, _admitted(standing, group_of(operation.path), named, work))

    async def configure(request: keeping.Configure, _: object) -> keeping.Configuration | Problem:
        return await standing.configure(request)

    async def view(request: keeping.OneOrganisation, _: object) -> keeping.Configuration | Problem:
        return standing.view(request.organisation)

    async def view_groups(request: keeping.OneOrganisation, _: object) -> keeping.Groups | Problem:
        return standing.groups(request.organisation)

    async def records(request: keeping.ListRecords, _: object) -> RecordsOfPlace | Problem:
        return await servers.deciding.list_records(request)

    async def note_resident(request: ResidentChange, _: object) -> Done | Problem:
        return await servers.copies.note_resident(request)

    dispatcher.add(keeping.NOTE_RESIDENT, peers, note_resident)
    dispatcher.add(keeping.CONFIGURE, peers, configure)
    dispatcher.add(keeping.VIEW_CONFIGURATION, peers, view)
    dispatcher.add(keeping.VIEW_GROUPS, peers, view_groups)
    dispatcher.add(keeping.LIST_RECORDS, peers, records)
    desk.serve(dispatcher, peers)
    serve_about(dispatcher, surroundings.clock)

    async def run(*, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        await standing.load()
        await servers.residents.load()
        await servers.copies.load()
        await desk.load()
        async with trio.open_nursery() as nursery:
            await nursery.start(servers.notices.relaying.lanes.run)
            await servers.outbox.run(task_status=task_status)

    def more(look: Look) -> None:
        add_now(look, keeping_page(servers))
        add_now(look, records_page(servers))
        notice_pages.add_pages(look, servers.notices)

    pages = entrance(
        dispatcher,
        desk,
        now(surroundings.store, standing, desk),
        more=more,
        nav=((TITLE, KEEPING), NAV, notice_pages.NAV),
    )
    return BuiltSystem(dispatcher, run, pages)


Work = Callable[[Any], Awaitable[Any]]
"""From a declared request to its answer or a problem; the operation that stands beside it says of which types."""


def _by_organisation(
    servers: IntermediateServers,
) -> list[tuple[Operation[Any, Any], Callable[[Any], str], Work]]:
    """Operations, by which field a request names the organisation, and what is done."""
    store = servers.store

    def organisation(request: Any) -> str:
        code: str = request.organisation
        return code

    def inquirer(request: Any) -> str:
        code: str = request.inquirer
        return code

    def asked_provider(request: Any) -> str:
        code: str = request.asked.provider
        return code

    async def list_sends(request: keeping.OneOrganisation) -> keeping.Sends:
        return await sends.listed(store, request.organisation)

    async def list_questions(request: keeping.ListQuestions) -> keeping.Questions:
        return await servers.deciding.questions(request.organisation)

    return [
        (wire.MAKE_INQUIRY, inquirer, servers.inquiring.make),
        (wire.FETCH_RESULT, organisation, servers.inquiring.fetch),
        (wire.RECEIVE_ANSWER, inquirer, servers.inquiring.receive),
        (wire.SUBMIT_FILE, organisation, servers.filing.submit),
        (wire.FETCH_FILE_RESULT, organisation, servers.filing.result),
        (wire.NOTIFY_PROVIDER, asked_provider, servers.providing.notice),
        (wire.BEGIN_ACQUISITION, organisation, servers.acquiring.begin),
        (wire.VIEW_ACQUISITION, organisation, servers.acquiring.view),
        (wire.RECEIVE_CODE, organisation, servers.acquiring.receive),
        (keeping.ASK_DECISION, organisation, servers.deciding.ask),
        (keeping.LIST_QUESTIONS, organisation, list_questions),
        (keeping.DECIDE, organisation, servers.deciding.decide),
        (keeping.LIST_RECORDS_OF_PERSON, organisation, servers.own_records.of_person),
        (keeping.PROTECT, organisation, servers.standing.protect),
        (keeping.REGISTER_COPIES, organisation, servers.copies.register),
        (keeping.DELETE_COPY, organisation, servers.copies.delete),
        (keeping.REGISTER_DOCUMENT, organisation, servers.copies.register_document),
        (keeping.DELETE_DOCUMENT, organisation, servers.copies.delete_document),
        (keeping.WITHHOLD, organisation, servers.copies.withhold),
        (keeping.LIST_SENDS, organisation, list_sends),
        (keeping.BAR_USER, organisation, servers.standing.bar),
        *((operation, organisation, work) for operation, work in servers.notices.operations()),
    ]


def _admitted(
    standing: Standing, group: Group, named: Callable[[Any], str], work: Work
) -> Callable[[Any, Any], Awaitable[Any]]:
    async def handler(request: Any, _: object) -> Any:
        return await standing.admit(named(request), lambda: work(request), group)

    return handler
