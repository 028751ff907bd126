"""How each system of a world is built: the one description from which a live and a simulated world are made."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from portal.app import SCHEMAS as PORTAL_SCHEMAS
from portal.serving.system import BuiltSystem, Surroundings
from portal.settings import PortalSettings
from portal.store.store import Schema
from portal.wire.systems import System
from sim.intermediate import system as intermediate
from sim.jpki import system as jpki
from sim.jpki.service import Jpki
from sim.mailbox import system as mailbox
from sim.network import system as network
from sim.registry import system as registry
from sim.world import front
from sim.world.facts import WorldFacts
from sim.world.settings import WorldSettings


class Description(NamedTuple):
    """世界の記述: everything that is decided before a world is made."""

    facts: WorldFacts
    world: WorldSettings
    portal: PortalSettings


SCHEMAS: dict[System, Sequence[Schema]] = {
    System.PORTAL: PORTAL_SCHEMAS,
    System.JPKI: jpki.SCHEMAS,
    System.REGISTRY: registry.SCHEMAS,
    System.NETWORK: network.SCHEMAS,
    System.INTERMEDIATE: intermediate.SCHEMAS,
    System.MAILBOX: mailbox.SCHEMAS,
    System.FRONT: front.SCHEMAS,
}
"""What each system keeps in its own store."""


def build_simulator(
    system: System,
    description: Description,
    surroundings: Surroundings,
    addresses: Mapping[System, str],
) -> BuiltSystem:
    """One of the simulators; the mailbox and the portal need more and are built where there is more.

    *addresses* is where the systems are, for pages that lead to others; empty in simulated time.
    """
    facts = description.facts
    match system:
        case System.JPKI:
            return jpki.build(surroundings, Jpki(surroundings, facts.authority, facts.nation.size))
        case System.REGISTRY:
            return registry.build(surroundings, facts.nation, facts.serials)
        case System.NETWORK:
            return network.build(surroundings, facts.nation, facts.codes)
        case System.INTERMEDIATE:
            return intermediate.build(surroundings, facts.nation, facts.codes)
        case System.FRONT:
            return front.build(surroundings, facts, addresses)
        case _:
            raise AssertionError(f"{system} is built elsewhere")
