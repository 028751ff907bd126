"""住民基本台帳ネットワークシステム: whose certificate it is, whose code is asked for, and what happens to residents."""

import trio

from portal.links.link import Unreachable
from portal.serving.about import serve_about
from portal.serving.dispatcher import Dispatcher
from portal.serving.guards import Peers
from portal.serving.system import BuiltSystem, Surroundings
from portal.wire.jpki import OneSerial
from portal.wire.network import TAKE_ACQUISITION, TakeAcquisition
from portal.wire.operation import Done
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.registry import (
    FORWARD_ACQUISITION,
    IDENTIFY_HOLDER,
    REPORT_EVENT,
    EventTaken,
    ForwardAcquisition,
    Holder,
    ReportEvent,
)
from portal.wire.systems import System
from sim.controls import ControlDesk
from sim.entrance.entrance import entrance
from sim.jpki.serials import Serials
from sim.nation.nation import Nation
from sim.registry import tables
from sim.registry.now import now
from sim.registry.service import STILL, Life, Registry

SCHEMAS = tables.SCHEMAS


def new_registry(surroundings: Surroundings, nation: Nation, life: Life = STILL) -> Registry:
    """The registry of this nation, on whatever its store holds; *life* says where it goes on by itself."""
    desk = ControlDesk(System.REGISTRY, surroundings.store, surroundings.clock, has_outbox=True)
    registry = Registry(surroundings, nation, desk, life)
    desk.wake = registry.outbox.wake
    return registry


def build(
    surroundings: Surroundings, nation: Nation, serials: Serials, registry: Registry | None = None
) -> BuiltSystem:
    """What stands before a registry (a still one by default), whose certificates bear these serials."""
    registry = registry or new_registry(surroundings, nation)
    dispatcher = Dispatcher(System.REGISTRY)
    peers = Peers(surroundings.keys)
    network = surroundings.link(System.NETWORK)
    desk = registry.desk

    async def identify(request: OneSerial, _: object) -> Holder | Problem:
        holder = serials.holder_of(int(request.serial))
        if holder is None or holder.n >= nation.size:
            return problem(ProblemCode.NOT_FOUND, "この発行番号の電子証明書を持つ人はいません。")
        return Holder(holder.n)

    async def forward(request: ForwardAcquisition, _: object) -> Done | Problem:
        """Nothing is kept here: who asks again asks the core again, which knows the number."""
        person = nation.by_resident_code(request.resident_code)
        if person is None:
            return problem(ProblemCode.NOT_FOUND, "この住民票コードの人はいません。", field="$.resident_code")
        taken = await network.call(
            TAKE_ACQUISITION, TakeAcquisition(request.organisation, request.acquisition_number, person)
        )
        if isinstance(taken, Unreachable):
            return problem(
                ProblemCode.UPSTREAM_UNAVAILABLE,
                "情報提供ネットワークから回答がありません。しばらく待ってから、もう一度お試しください。",
            )
        return taken

    async def report(request: ReportEvent, _: object) -> EventTaken | Problem:
        return await registry.report(request)

    dispatcher.add(IDENTIFY_HOLDER, peers, identify)
    dispatcher.add(REPORT_EVENT, peers, report)
    dispatcher.add(FORWARD_ACQUISITION, peers, forward)
    desk.serve(dispatcher, peers)
    serve_about(dispatcher, surroundings.clock)

    async def run(*, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        await registry.load()
        await desk.load()
        async with trio.open_nursery() as nursery:
            await nursery.start(registry.outbox.run)
            nursery.start_soon(registry.live)
            task_status.started()

    return BuiltSystem(dispatcher, run, entrance(dispatcher, desk, now(registry, surroundings)))
