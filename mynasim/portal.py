"""``mynasim portal``: the portal alone, as one runs it under a debugger, beside another world, or on many machines."""

import os
from functools import partial
from pathlib import Path

import trio

from mynasim import logs, place, running
from mynasim.settings import Settings, to_environment
from mynasim.watching import Watch, worker_places
from portal.live import read_trust, run_portal
from portal.seams.chance import LiveChance
from portal.seams.clock import LiveClock
from portal.secrets import load_or_make
from portal.serving.hosting import OverTls
from portal.serving.listen import Bound
from portal.wire.systems import System


def run(
    settings: Settings, state: Path, settings_file: Path | None, *, json: bool, log_file: bool, verbose: bool
) -> None:
    """Run until told to stop. Raises what keeps the portal from starting, in words for people."""
    worker = os.environ.get(running.WORKER_VARIABLE)
    name = "portal" if worker is None else f"portal-{int(worker)}"
    if log_file:
        logs.to_file(state / f"{name}.log", verbose=verbose)
    else:
        logs.to_terminal(verbose=verbose)
    with place.held(state, name):
        if worker is None and settings.portal.workers > 1:
            trio.run(_watch_over, settings, state, settings_file, json, verbose)
        else:
            trio.run(_main, settings, state, json)


async def _main(settings: Settings, state: Path, json: bool) -> None:
    chance, clock = LiveChance(), LiveClock()
    bounds = running.bind_all(settings, running.portal_doors(settings))
    bound = bounds[System.PORTAL]
    over_tls = running.over_tls(settings, bounds)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            portal = partial(run_portal, limits=settings.limits, over_tls=over_tls)
            await nursery.start(
                portal, settings.portal, secrets, trust, addresses, smtp, bound, state, clock, chance
            )
            _tell(bound, over_tls, json=json)

    try:
        addresses = running.addresses(settings, bounds)
        smtp = running.smtp_address(settings, bounds)
        secrets = load_or_make(state, chance)
        trust = read_trust(Path(settings.portal.trust_folder or state / "trust"))
        await running.run_until_told(main)
    finally:
        for each in bounds.values():
            each.socket.close()


async def _watch_over(
    settings: Settings, state: Path, settings_file: Path | None, json: bool, verbose: bool
) -> None:
    """Several portals at one port; whoever dies is started again."""
    workers = settings.portal.workers
    bounds = running.bind_all(settings, running.portal_doors(settings))
    bound = bounds[System.PORTAL]
    over_tls = running.over_tls(settings, bounds)
    addresses = running.addresses(settings, bounds)
    told = {str(System.PORTAL): addresses[System.PORTAL]}
    if over_tls is not None:
        told[running.PORTAL_TLS] = over_tls.origin
    environment = to_environment(
        {
            "addresses": told,
            "portal": {"store": settings.portal.store, "workers": workers, "tls": settings.portal.tls},
        }
    )
    watch = Watch(state, settings_file, environment, verbose=verbose)
    places = worker_places(bounds, workers)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            async with trio.open_nursery() as starting:
                for number, served in enumerate(places, 1):
                    starting.start_soon(nursery.start, watch.keep, "portal", served, number)
            _tell(bound, over_tls, json=json)

    try:
        load_or_make(state, LiveChance())
        await running.run_until_told(main)
    finally:
        for served in places:
            served.close()


def _tell(bound: Bound, over_tls: OverTls | None, *, json: bool) -> None:
    if json:
        running.say_json({"portal": bound.url} | ({} if over_tls is None else {"https": over_tls.origin}))
    else:
        if over_tls is not None:
            print(f"利用者の入口（TLS）: {over_tls.origin}")
        moved = f"（ポート{bound.wanted}は使用中のため）" if bound.moved else ""
        print(f"マイナポータル（模擬）: {bound.url} {moved}\n止めるには Ctrl-C を押します。", flush=True)
