"""住民基本台帳ネットワークシステム: whose certificate it is, and whose code is asked for; to the core alone."""

from portal.links.link import Unreachable
from portal.serving.about import serve_about
from portal.serving.dispatcher import Dispatcher
from portal.serving.guards import Peers
from portal.serving.system import BuiltSystem, Surroundings
from portal.store.store import Schema
from portal.wire.jpki import OneSerial
from portal.wire.network import TAKE_ACQUISITION, TakeAcquisition
from portal.wire.operation import Done
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.registry import FORWARD_ACQUISITION, IDENTIFY_HOLDER, ForwardAcquisition, Holder
from portal.wire.systems import System
from sim import controls
from sim.controls import ControlDesk
from sim.entrance.entrance import entrance
from sim.jpki.serials import Serials
from sim.nation.nation import Nation

SCHEMAS: tuple[Schema, ...] = (controls.SCHEMA,)


def build(surroundings: Surroundings, nation: Nation, serials: Serials) -> BuiltSystem:
    """The registry of this nation, whose certificates bear these serials."""
    dispatcher = Dispatcher(System.REGISTRY)
    peers = Peers(surroundings.keys)
    network = surroundings.link(System.NETWORK)
    desk = ControlDesk(System.REGISTRY, surroundings.store, surroundings.clock)

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

    dispatcher.add(IDENTIFY_HOLDER, peers, identify)
    dispatcher.add(FORWARD_ACQUISITION, peers, forward)
    desk.serve(dispatcher, peers)
    serve_about(dispatcher, surroundings.clock)
    return BuiltSystem(dispatcher, desk.run, entrance(dispatcher, desk))
