"""住民基本台帳ネットワークシステム: says whose certificate a serial number is, to the core system alone."""

from portal.serving.about import serve_about
from portal.serving.dispatcher import Dispatcher
from portal.serving.guards import Peers
from portal.serving.system import BuiltSystem, Surroundings
from portal.store.store import Schema
from portal.wire.jpki import OneSerial
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.registry import IDENTIFY_HOLDER, Holder
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
    desk = ControlDesk(System.REGISTRY, surroundings.store, surroundings.clock)

    async def identify(request: OneSerial, _: object) -> Holder | Problem:
        holder = serials.holder_of(int(request.serial))
        if holder is None or holder.n >= nation.size:
            return problem(ProblemCode.NOT_FOUND, "この発行番号の電子証明書を持つ人はいません。")
        return Holder(holder.n)

    dispatcher.add(IDENTIFY_HOLDER, peers, identify)
    desk.serve(dispatcher, peers)
    serve_about(dispatcher, surroundings.clock)
    return BuiltSystem(dispatcher, desk.run, entrance(dispatcher, desk))
