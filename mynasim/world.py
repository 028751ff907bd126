"""``mynasim world``: every simulator, without the portal."""

from pathlib import Path

import trio

from mynasim import logs, place, running, running_links
from mynasim.settings import Settings
from portal.seams.chance import LiveChance
from portal.seams.clock import LiveClock
from portal.secrets import load_or_make
from portal.wire.moments import day_of
from portal.wire.systems import JAPANESE_NAMES, WORLD_SYSTEMS, System
from sim.world.building import Description
from sim.world.live import LiveWorld, Sockets


def run(settings: Settings, state: Path, *, json: bool, log_file: bool, verbose: bool) -> None:
    """Run until told to stop. Raises what keeps the world from starting, in words for people."""
    if log_file:
        logs.to_file(state / "world.log", verbose=verbose)
    else:
        logs.to_terminal(verbose=verbose)
    with place.held(state, "world"):
        trio.run(_main, settings, state, json)


async def _main(settings: Settings, state: Path, json: bool) -> None:
    chance, clock = LiveChance(), LiveClock()
    bounds = running.bind_all(settings, [*WORLD_SYSTEMS, running.SMTP])
    sockets = Sockets(
        {System(name): b for name, b in bounds.items() if name != running.SMTP}, bounds[running.SMTP]
    )

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            world = LiveWorld(
                description,
                state,
                secrets,
                sockets,
                addresses,
                smtp,
                clock,
                chance,
                nursery,
                limits=settings.limits,
            )
            for system in WORLD_SYSTEMS:
                await world.start(system)
            running_links.write_addresses(state, addresses)
            if json:
                running.say_json(
                    {system: bounds[system].url for system in WORLD_SYSTEMS}
                    | {"smtp": f"{smtp.host}:{smtp.port}"}
                )
            else:
                for system in WORLD_SYSTEMS:
                    bound = bounds[system]
                    moved = f"（ポート{bound.wanted}は使用中のため）" if bound.moved else ""
                    print(f"{JAPANESE_NAMES[system]}: {bound.url} {moved}")
                print(
                    f"メールの受け口（SMTP）: {smtp.host}:{smtp.port}\n止めるには Ctrl-C を押します。",
                    flush=True,
                )

    try:
        addresses = running.addresses(settings, bounds)
        smtp = running.smtp_address(settings, bounds)
        secrets = load_or_make(state, chance)
        facts = place.world_facts(state, settings.world, day_of(clock.now_ms()))
        place.write_trust(state, facts)
        description = Description(facts, settings.world, settings.portal, settings.addresses.portal_tls)
        await running.run_until_told(main)
    finally:
        for bound in bounds.values():
            bound.socket.close()
