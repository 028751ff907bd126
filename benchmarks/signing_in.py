"""What a sign-in costs the portal beyond its RSA work: CPU time of the live portal's process, signatures checked alone."""

import statistics
from collections.abc import Iterator
from pathlib import Path
from time import process_time

import trio
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from benchmarks.ledger import Row
from benchmarks.live import Live, card_case, cpu_seconds, live_world
from benchmarks.visiting import Tally, carry_out
from load.holders import Holder
from load.journeys import Visit
from load.parts import enter
from portal.links.http import HttpCarrier
from portal.links.link import Link
from portal.seams.clock import LiveClock
from portal.wire.moments import day_of
from portal.wire.systems import Party, System

VERIFICATIONS = 3
"""RSA work of one sign-in: the certificate's signature, the card's, and that of the OCSP answer."""
CLIENTS = 16
"""At the same time: what counts is what a busy portal spends, and a busy one shares its commits and wake-ups."""
AIM_MS = 1.0


def verification_seconds(count: int = 3000) -> float:
    """One RSA-2048 verification, alone."""
    key = rsa.generate_private_key(65537, 2048)
    signature = key.sign(b"message", padding.PKCS1v15(), hashes.SHA256())
    public = key.public_key()
    begun = process_time()
    for _ in range(count):
        public.verify(signature, b"message", padding.PKCS1v15(), hashes.SHA256())
    return (process_time() - begun) / count


async def _sign_ins(live: Live, holders: list[Holder], rounds: int) -> list[float]:
    """CPU seconds of the portal for one sign-in (challenge and sign-in), one figure a round."""
    carrier = HttpCarrier(live.portal)
    clock = LiveClock()
    link = Link(Party.CITIZEN, System.PORTAL, carrier, clock, deadline_s=30.0)
    today = day_of(clock.now_ms())
    tally = Tally()
    for holder in holders:  # the accounts, which are opened once
        await carry_out(enter(Visit(holder.nickname, today, 0)), link, holder, tally)
    costs: list[float] = []

    async def client(waiting: Iterator[Holder]) -> None:
        for holder in waiting:
            await carry_out(enter(Visit(holder.nickname, today, 1)), link, holder, tally)

    for _ in range(rounds):
        before = cpu_seconds(live.portal_pid)
        waiting = iter(holders)
        async with trio.open_nursery() as nursery:
            for _ in range(CLIENTS):
                nursery.start_soon(client, waiting)
        costs.append((cpu_seconds(live.portal_pid) - before) / len(holders))
    await carrier.aclose()
    assert not tally.failures, tally.failures[:5]
    return costs


def rows(keys: Path, folder: Path, rounds: int, *, count: int = 200) -> list[Row]:
    case = card_case(keys, count)
    holders = [case.holder(index) for index in range(count)]
    with live_world(folder / "state") as live:
        costs = trio.run(_sign_ins, live, holders, rounds)
    whole = statistics.median(costs) * 1000
    signatures = VERIFICATIONS * verification_seconds() * 1000
    beyond = whole - signatures
    return [
        Row(
            "portal.sign_in_cpu_beyond_rsa",
            beyond,
            "ms",
            f"aim of {AIM_MS:g} ms",
            AIM_MS / beyond,
            aim=AIM_MS,
            more_is_better=False,
            note=f"{whole:.3f} ms in all, of which {VERIFICATIONS} RSA verifications {signatures:.3f} ms; "
            f"challenge and sign-in with its session, {CLIENTS} clients, all threads of the portal's process",
        )
    ]
