"""世界の入口: one page that says where everything is and who lives here."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from quart import Response
from quart_trio import QuartTrio

from portal.serving.about import serve_about
from portal.serving.dispatcher import Dispatcher
from portal.serving.front import AsgiApp
from portal.serving.system import BuiltSystem, Surroundings, no_workers
from portal.store.store import Schema
from portal.web.design import environment, render, security_headers, static_files
from portal.wire.about import health
from portal.wire.moments import to_jst
from portal.wire.operation import Nothing
from portal.wire.systems import JAPANESE_NAMES, System
from sim.nation.municipalities import municipality
from sim.world.facts import WorldFacts

SCHEMAS: tuple[Schema, ...] = ()
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


def build(surroundings: Surroundings, facts: WorldFacts, addresses: Mapping[System, str]) -> BuiltSystem:
    """The page, for the systems at these addresses."""
    dispatcher = Dispatcher(System.FRONT)
    serve_about(dispatcher, surroundings.clock)
    templates = environment(Path(__file__).parents[1])
    app = QuartTrio("sim.world.front")
    people = [
        {
            "id": person.resident_id,
            "place": municipality(person.municipality_code).full_name,
            "about": f"{person.age(facts.nation.reference_date)}歳",
            "pin": facts.wallet.pins(person.n).auth,
            "sign_pin": facts.wallet.pins(person.n).sign,
        }
        for person in facts.nation.examples()
    ]

    async def state_of(system: System) -> str:
        answer = await surroundings.link(system).call(health(system), Nothing(), deadline_s=LOOK_SECONDS)
        return "up" if getattr(answer, "status", "") == "up" else "down"

    @app.get("/")
    async def show() -> Response:
        lines = [
            {
                "name": JAPANESE_NAMES[system],
                "role": role,
                "url": addresses[system],
                "state": await state_of(system),
            }
            for system, role in _ROLES.items()
        ]
        body = render(
            templates,
            "world/front.html",
            {
                "system": {
                    "name": "世界の入口",
                    "plays": "どこに何があるかを示すページ",
                    "home": "/",
                    "nav": [],
                    "real": [],
                    "assumed": ["住民・番号・書類は、すべて種から計算した作りものです。"],
                    "refused": [],
                },
                "errors": {},
                "portal_url": addresses[System.PORTAL],
                "mailbox_url": addresses[System.MAILBOX],
                "reader_url": addresses[System.CARD_DESK],
                "systems": lines,
                "residents": people,
                "stop": "起動した画面で Ctrl-C を押します。",
                "seed": str(facts.seed),
                "now": to_jst(surroundings.clock.now_ms()),
            },
        )
        return Response(body, content_type="text/html; charset=utf-8", headers=dict(security_headers()))

    @app.get("/static/<path:name>")
    async def static_file(name: str) -> Response:
        file = static_files().get(name)
        if file is None:
            return Response("ありません。", 404)
        return Response(file.body, headers=dict(file.headers(None)))

    return BuiltSystem(dispatcher, no_workers, cast(AsgiApp, app))
