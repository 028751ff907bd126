"""``mynasim up``: the portal and the world, two processes, watched over; everything a newcomer needs on one screen."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio
from rich.console import Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from mynasim import place, running
from mynasim.output import console
from mynasim.settings import Settings, to_environment
from mynasim.watching import Place, Watch, worker_places
from portal.seams.chance import LiveChance
from portal.seams.clock import LiveClock, stopwatch_ns
from portal.secrets import load_or_make
from portal.serving.hosting import OverTls
from portal.serving.listen import Bound
from portal.staff.model import OPERATOR_ID
from portal.wire.moments import day_of
from portal.wire.systems import JAPANESE_NAMES, WORLD_SYSTEMS, System
from sim.nation.municipalities import municipality
from sim.world.facts import WorldFacts

if TYPE_CHECKING:
    from portal.serving.tls import Identity


def run(settings: Settings, state: Path, settings_file: Path | None, *, json: bool, verbose: bool) -> None:
    """Run until Ctrl-C. Raises what keeps it from starting, in words for people."""
    with place.held(state, "up"), _portal_held(state, settings.portal.workers):
        trio.run(_main, settings, state, settings_file, json, verbose)


def _portal_held(state: Path, workers: int) -> AbstractContextManager[None]:
    """One portal holds its part of the state itself; several have us do it for them all."""
    return place.held(state, "portal") if workers > 1 else nullcontext()


async def _main(
    settings: Settings, state: Path, settings_file: Path | None, json: bool, verbose: bool
) -> None:
    began = stopwatch_ns()
    password = load_or_make(state, LiveChance()).operator_password
    facts = place.world_facts(state, settings.world, day_of(LiveClock().now_ms()))
    place.write_trust(state, facts)
    workers = settings.portal.workers
    bounds = running.bind_all(
        settings, dict.fromkeys([*running.portal_doors(settings), *System, running.SMTP])
    )
    over_tls = running.over_tls(settings, bounds)
    addresses = running.addresses(settings, bounds)
    smtp = running.smtp_address(settings, bounds)
    environment = to_environment(
        {
            "addresses": {
                **{str(s): url for s, url in addresses.items()},
                "smtp": f"{smtp.host}:{smtp.port}",
            },
            "world": {"traffic": settings.world.traffic_rate},
            "portal": {"store": settings.portal.store, "workers": workers, "tls": settings.portal.tls},
        }
    )
    doors = {name: bounds[name] for name in running.portal_doors(settings)}
    identity = None
    if over_tls is not None:
        from portal.serving.tls import load_or_make as certificate

        environment |= to_environment({"addresses": {running.PORTAL_TLS: over_tls.origin}})
        identity = certificate(state, over_tls.hosts, LiveClock(), LiveChance())
    watch = Watch(state, settings_file, environment, verbose=verbose)
    world = Place({name: bounds[name] for name in (*WORLD_SYSTEMS, running.SMTP)})
    portals = worker_places(doors, workers)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            async with trio.open_nursery() as starting:
                starting.start_soon(nursery.start, watch.keep, "world", world)
                for number, portal in enumerate(portals, 1):
                    worker = number if workers > 1 else None
                    starting.start_soon(nursery.start, watch.keep, "portal", portal, worker)
            seconds = (stopwatch_ns() - began) / 1e9
            _tell(settings, state, facts, bounds, addresses, seconds, password, over_tls, identity, json=json)

    try:
        await running.run_until_told(main)
    finally:
        for served in (world, *portals):
            served.close()
    if not json:
        print("止めました。")


def _residents(facts: WorldFacts) -> list[dict[str, Any]]:
    today = facts.nation.reference_date
    shown: list[dict[str, Any]] = []
    for person in facts.nation.examples():
        pins = facts.wallet.pins(person.n)
        place_name = municipality(person.municipality_code)
        shown.append(
            {
                "resident": person.resident_id,
                "municipality": f"{place_name.prefecture}{place_name.name}",
                "age": person.age(today),
                "pin": pins.auth,
                "sign_password": pins.sign,
            }
        )
    return shown


def _tell(
    settings: Settings,
    state: Path,
    facts: WorldFacts,
    bounds: dict[str, Bound],
    addresses: dict[System, str],
    seconds: float,
    password: str,
    over_tls: OverTls | None,
    identity: "Identity | None",
    *,
    json: bool,
) -> None:
    home = addresses[System.PORTAL] if over_tls is None else over_tls.origin
    residents = _residents(facts)
    smtp = bounds[running.SMTP]
    if json:
        running.say_json(
            {
                "ready": True,
                "seconds": round(seconds, 2),
                "portal": home,
                **(
                    {}
                    if identity is None
                    else {
                        "portal_for_systems": addresses[System.PORTAL],
                        "tls": {"authority": str(identity.authority), "fingerprint": identity.fingerprint},
                    }
                ),
                "systems": {str(system): addresses[system] for system in WORLD_SYSTEMS},
                "smtp": f"{smtp.host}:{smtp.port}",
                "residents": residents,
                "desk": {"url": f"{home}/desk", "id": OPERATOR_ID, "password": password},
                "state": str(state),
                "pid": os.getpid(),
            }
        )
        return
    out = console()
    moved = [bound for bound in bounds.values() if bound.moved]
    for bound in moved:
        out.print(f"[yellow]ポート{bound.wanted}は使用中のため、{bound.port}を使います。[/yellow]")
    out.print(
        Panel.fit(
            shown(state, addresses, residents, smtp, password, home, identity),
            title="mynasim",
            subtitle=f"{seconds:.1f}秒で起動",
        )
    )


def shown(
    state: Path,
    addresses: dict[System, str],
    residents: Sequence[dict[str, Any]],
    smtp: Bound,
    password: str,
    home: str,
    identity: "Identity | None",
) -> Any:
    where = Table.grid(padding=(0, 2))
    where.add_row("[bold]マイナポータル（模擬）[/bold]", f"[bold]{escape(home)}[/bold]")
    for system in WORLD_SYSTEMS:
        where.add_row(JAPANESE_NAMES[system], escape(addresses[system]))
    where.add_row("メールの受け口（SMTP）", escape(f"{smtp.host}:{smtp.port}"))
    people = Table(
        "住民",
        "住んでいるところ",
        "年齢",
        "暗証番号",
        "署名用パスワード",
        title="ログインできる住民",
        title_justify="left",
    )
    for one in residents:
        shown = (one["resident"], one["municipality"], str(one["age"]), one["pin"], one["sign_password"])
        people.add_row(*map(escape, shown))
    trusted = [] if identity is None else [
        "",
        f"TLSの証明書の指紋（SHA-256）: {identity.fingerprint}",
        f"ブラウザーに信頼させるには、認証局の証明書として {escape(str(identity.authority))} を取り込みます。",
        f"ほかのシステム用の入口（平文、利用者は使えません）: {escape(addresses[System.PORTAL])}",
    ]  # fmt: skip
    return Group(
        where,
        *trusted,
        "",
        people,
        "",
        f"届いたメール: {escape(addresses[System.MAILBOX])}",
        f"運用者の窓口: {escape(home)}/desk （ID: {OPERATOR_ID}、パスワード: {escape(password)}）",
        f"状態と記録: {escape(str(state))}",
        "止めるには Ctrl-C を押します。",
    )
