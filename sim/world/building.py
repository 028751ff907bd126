"""How each system of a world is built: the one description from which a live and a simulated world are made."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from portal.app import SCHEMAS as PORTAL_SCHEMAS
from portal.links.link import Link
from portal.serving.system import BuiltSystem, Surroundings
from portal.settings import PortalSettings
from portal.store.store import Schema
from portal.wire.systems import System
from sim.cards_desk import system as cards_desk
from sim.cards_desk.desk import Desk
from sim.cards_desk.wallet import Issue
from sim.intermediate import system as intermediate
from sim.jpki import system as jpki
from sim.jpki.service import Jpki
from sim.mailbox import system as mailbox
from sim.mailbox.mailbox import Mailbox
from sim.nation.changes import Resident
from sim.nation.person import Person
from sim.network import system as network
from sim.network.traffic_desk import Source
from sim.registry import system as registry
from sim.registry.service import STILL, Registry, everyday_life
from sim.world import front
from sim.world.facts import WorldFacts
from sim.world.settings import WorldSettings


class Description(NamedTuple):
    """世界の記述: everything that is decided before a world is made."""

    facts: WorldFacts
    world: WorldSettings
    portal: PortalSettings
    portal_origin: str = ""
    """Where browsers find the portal, if not at the address that systems call."""


SCHEMAS: dict[System, Sequence[Schema]] = {
    System.PORTAL: PORTAL_SCHEMAS,
    System.JPKI: jpki.SCHEMAS,
    System.REGISTRY: registry.SCHEMAS,
    System.NETWORK: network.SCHEMAS,
    System.INTERMEDIATE: intermediate.SCHEMAS,
    System.MAILBOX: mailbox.SCHEMAS,
    System.CARD_DESK: cards_desk.SCHEMAS,
    System.FRONT: front.SCHEMAS,
}
"""What each system keeps in its own store."""


class Simulators:
    """Builds the simulators of one world, and knows what they have in common.

    *addresses* is where the systems are, for pages that lead to others; empty in simulated time. *operator* is the line
    of whoever speaks for an organisation to a system.
    """

    def __init__(
        self,
        description: Description,
        addresses: Mapping[System, str],
        operator: Callable[[System], Link],
    ) -> None:
        self._description = description
        self._addresses = addresses
        self._operator = operator
        self._jpki: Jpki | None = None
        self._registry: Registry | None = None
        self.wallet = description.facts.wallet.in_world(self._resident_on)
        """Cards of this world's residents, as life has changed them."""
        self.mailbox: Mailbox | None = None
        """The one that was built last."""

    def __repr__(self) -> str:
        return f"Simulators({self._description.facts!r})"

    def build(self, system: System, surroundings: Surroundings) -> BuiltSystem:
        """A simulator, anew: after a stop it is built again on what its store holds."""
        facts = self._description.facts
        match system:
            case System.JPKI:
                first_issue = facts.wallet.first_issue
                self._jpki = Jpki(
                    surroundings,
                    facts.authority,
                    facts.nation.size,
                    first_issue=first_issue,
                    refresh_every=timedelta(seconds=self._description.world.ocsp_refresh_seconds),
                )
                return jpki.build(surroundings, self._jpki)
            case System.REGISTRY:
                life = everyday_life(facts.nation, self._description.world.life_places)
                self._registry = registry.new_registry(
                    surroundings, facts.nation, life if self._description.world.life == "on" else STILL
                )
                return registry.build(surroundings, facts.nation, facts.serials, self._registry)
            case System.NETWORK:
                return network.build(
                    surroundings,
                    facts.nation,
                    facts.codes,
                    paper_only=self._description.world.paper_organisations,
                    traffic=self._traffic(),
                )
            case System.INTERMEDIATE:
                return intermediate.build(
                    surroundings,
                    facts.nation,
                    facts.codes,
                    usual=self._description.world.server_profile,
                )
            case System.MAILBOX:
                self.mailbox = Mailbox(surroundings)
                return mailbox.build(surroundings, self.mailbox)
            case System.CARD_DESK:
                origins = [self._addresses[System.PORTAL], self._description.portal_origin]
                desk = Desk(
                    surroundings,
                    facts.nation,
                    self.wallet,
                    portal_origins=origins,
                    issued_to=self._issued_to,
                )
                return cards_desk.build(surroundings, desk)
            case System.FRONT:
                return front.build(surroundings, facts, self._addresses, self._operator)
            case System.PORTAL:
                raise AssertionError("the portal is no simulator")

    def _resident_on(self, n: int, on: date) -> Person:
        """住民票, from the registry in the same process; where there is none, nobody has changed."""
        if self._registry is None:
            return self._description.facts.nation.person(n)
        return self._registry.resident_on(n, on)

    def _traffic(self) -> Source:
        """What other organisations ask meanwhile; some of it about the residents whom people look at."""
        watched = tuple(person.n for person in self._description.facts.nation.examples())
        rate = self._description.world.traffic_rate
        return Source(rate, self._operator(System.INTERMEDIATE), watched)

    def serial_of(self, person: int) -> int:
        """発行番号 of the user-authentication certificate that this person has now."""
        assert self._jpki is not None, "JPKI has not been built"
        return self._jpki.serial(person)

    def resident(self, person: int) -> Resident:
        """How this person is registered now, with what life has changed."""
        assert self._registry is not None, "the registry has not been built"
        return self._registry.overlay.resident(person)

    def issued_to(self, person: int) -> Issue | None:
        """What this person got after the first certificates; None when nothing."""
        return self._issued_to(person)

    def _issued_to(self, person: int) -> Issue | None:
        """Who got a new card, from JPKI in the same process."""
        return None if self._jpki is None else self._jpki.issued_to(person)
