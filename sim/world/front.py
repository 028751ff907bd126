"""世界の入口: one page that says where everything is and who lives here."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from portal.links.link import Link
from portal.serving.about import serve_about
from portal.serving.dispatcher import Dispatcher
from portal.serving.front import AsgiApp
from portal.serving.system import BuiltSystem, Surroundings, no_workers
from portal.store.store import Schema
from portal.wire.about import Health, health
from portal.wire.moments import to_jst
from portal.wire.operation import Nothing
from portal.wire.systems import JAPANESE_NAMES, System
from sim.entrance.look import HOME, LazyPages, Look
from sim.nation.municipalities import municipality
from sim.nation.organisations import of_municipality
from sim.nation.person import Person
from sim.vaccination import pages as vaccination
from sim.vaccination import tables as vaccination_tables
from sim.vaccination.office import VaccinationOffice
from sim.world.facts import WorldFacts

if TYPE_CHECKING:
    from quart_trio.wrappers import TrioResponse

SCHEMAS: tuple[Schema, ...] = (vaccination_tables.SCHEMA,)
VACCINATING: Final = "194433"
"""丹波山村: small enough to look at everybody whom its vaccination campaign is about."""
LOOK_SECONDS = 1.0
"""How long the page waits for a system to say that it is there."""

_ROLES: dict[System, str] = {
    System.PORTAL: "住民が使うポータル",
    System.CARD_DESK: "カードと暗証番号でログインするときの、カードリーダーの代わり",
    System.MAILBOX: "ポータルが送ったメールが届くところ",
    System.JPKI: "電子証明書の発行と失効の確認",
    System.REGISTRY: "電子証明書の持ち主の確認",
    System.NETWORK: "符号、やりとりの記録、提供要求の取り次ぎ",
    System.INTERMEDIATE: "各機関の副本からの回答",
}


def build(
    surroundings: Surroundings,
    facts: WorldFacts,
    addresses: Mapping[System, str],
    operator: Callable[[System], Link],
) -> BuiltSystem:
    """The pages, for the systems at these addresses; *operator* is the line of whoever speaks for an organisation."""
    dispatcher = Dispatcher(System.FRONT)
    serve_about(dispatcher, surroundings.clock)

    def make() -> AsgiApp:
        look = Look(System.FRONT, (("入口", HOME), vaccination.NAV))
        town = of_municipality(VACCINATING)
        office = VaccinationOffice(
            surroundings.store, surroundings.clock, facts.nation, town, operator(System.INTERMEDIATE)
        )
        vaccination.add_pages(look, office, facts.wallet, addresses)
        residents = [_resident(facts, person) for person in facts.nation.examples()]

        async def show() -> "TrioResponse":
            lines: list[dict[str, str]] = []
            for system, role in _ROLES.items():
                state = await _state_of(surroundings, system)
                lines.append(
                    {"name": JAPANESE_NAMES[system], "role": role, "url": addresses[system], "state": state}
                )
            context = {
                "portal_url": addresses[System.PORTAL],
                "mailbox_url": addresses[System.MAILBOX],
                "reader_url": addresses[System.CARD_DESK],
                "systems": lines,
                "residents": residents,
                "vaccination_url": vaccination.VACCINATION,
                "stop": "起動した画面で Ctrl-C を押します。",
                "seed": str(facts.seed),
                "now": to_jst(surroundings.clock.now_ms()),
            }
            return look.show("world/front.html", context, here=HOME)

        look.app.add_url_rule(HOME, "front", show, methods=["GET"])
        return look.asgi

    return BuiltSystem(dispatcher, no_workers, LazyPages(make))


async def _state_of(surroundings: Surroundings, system: System) -> str:
    """Whether it is there, as it says itself."""
    answer = await surroundings.link(system).call(health(system), Nothing(), deadline_s=LOOK_SECONDS)
    return "up" if isinstance(answer, Health) else "down"


def _resident(facts: WorldFacts, person: Person) -> dict[str, str]:
    pins = facts.wallet.pins(person.n)
    children = len(facts.nation.children(person))
    family = f"・子ども{children}人" if children else ""
    return {
        "id": person.resident_id,
        "place": municipality(person.municipality_code).full_name,
        "about": f"{person.age(facts.nation.reference_date)}歳{family}",
        "pin": pins.auth,
        "sign_pin": pins.sign,
    }
