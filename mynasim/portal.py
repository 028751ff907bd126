"""``mynasim portal``: the portal alone, as one runs it under a debugger or beside another world."""

from functools import partial
from pathlib import Path

import trio

from mynasim import logs, place, running
from mynasim.settings import Settings
from portal.live import read_trust, run_portal
from portal.seams.chance import LiveChance
from portal.seams.clock import LiveClock
from portal.secrets import load_or_make
from portal.wire.systems import System


def run(settings: Settings, state: Path, *, json: bool, log_file: bool, verbose: bool) -> None:
    """Run until told to stop. Raises what keeps the portal from starting, in words for people."""
    if log_file:
        logs.to_file(state / "portal.log", verbose=verbose)
    else:
        logs.to_terminal(verbose=verbose)
    with place.held(state, "portal"):
        trio.run(_main, settings, state, json)


async def _main(settings: Settings, state: Path, json: bool) -> None:
    chance, clock = LiveChance(), LiveClock()
    bounds = running.bind_all(settings, [System.PORTAL])
    bound = bounds[System.PORTAL]

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            portal = partial(run_portal, limits=settings.limits)
            await nursery.start(
                portal, settings.portal, secrets, trust, addresses, smtp, bound, state, clock, chance
            )
            if json:
                running.say_json({"portal": bound.url})
            else:
                moved = f"（ポート{bound.wanted}は使用中のため）" if bound.moved else ""
                print(
                    f"マイナポータル（模擬）: {bound.url} {moved}\n止めるには Ctrl-C を押します。", flush=True
                )

    try:
        addresses = running.addresses(settings, bounds)
        smtp = running.smtp_address(settings, bounds)
        secrets = load_or_make(state, chance)
        trust = read_trust(Path(settings.portal.trust_folder or state / "trust"))
        await running.run_until_told(main)
    finally:
        bound.socket.close()
