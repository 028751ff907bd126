"""中間サーバー as a system: routes, workers, controls."""

import trio

from portal.serving.about import serve_about
from portal.serving.dispatcher import Dispatcher
from portal.serving.guards import Peers
from portal.serving.system import BuiltSystem, Surroundings
from portal.wire.intermediate import PROVIDE_SELF_INFORMATION, Accepted, ProvideSelfInformation
from portal.wire.problems import Problem
from portal.wire.systems import System
from sim.controls import ControlDesk
from sim.entrance.entrance import entrance
from sim.intermediate import tables
from sim.intermediate.service import IntermediateServers
from sim.nation.catalogue import CURRENT
from sim.nation.nation import Nation
from sim.nation.organisations import ORGANISATIONS
from sim.network.codes import LinkageCodes

SCHEMAS = tables.SCHEMAS
_CODES = frozenset(organisation.code for organisation in ORGANISATIONS)


def build(
    surroundings: Surroundings, nation: Nation, codes: LinkageCodes, *, profile: str = CURRENT
) -> BuiltSystem:
    """The intermediate servers of all organisations of this nation."""
    dispatcher = Dispatcher(System.INTERMEDIATE)
    peers = Peers(surroundings.keys)
    desk = ControlDesk(
        System.INTERMEDIATE, surroundings.store, surroundings.clock, organisations=_CODES, has_outbox=True
    )
    servers = IntermediateServers(surroundings, nation, codes, desk, profile=profile)
    desk.wake = servers.outbox.wake

    async def provide(request: ProvideSelfInformation, _: object) -> Accepted | Problem:
        return await servers.provide(request)

    dispatcher.add(PROVIDE_SELF_INFORMATION, peers, provide)
    desk.serve(dispatcher, peers)
    serve_about(dispatcher, surroundings.clock)

    async def run(*, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        await desk.load()
        await servers.outbox.run(task_status=task_status)

    return BuiltSystem(dispatcher, run, entrance(dispatcher, desk))
