"""What the virtual card costs: an APDU in process and over the socket, a signature, memory.

Each function returns rows `{"name", "value", "unit", "versus", "ratio"}`. `ratio` is how many times better than what
`versus` names: an aim of issue 3, or OpenSSL on the same core at the same time. Run alone, it prints JSON lines.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import TypedDict

import trio
from card_samples import AUTH_CERTIFICATE, JPKI, READ_256, VERIFY, key, sample_card
from cryptography.hazmat.primitives.asymmetric import rsa

from cards.pcsc.readers import Reader
from cards.pcsc.server import serve_socket
from sim.cards_desk.wallet import Wallet
from sim.jpki.authority import Authority
from sim.nation.nation import REFERENCE_DATE, Nation
from sim.world.chance import SeededChance

READS_PER_SECOND_AIM = 100_000.0
ROUND_TRIP_MS_AIM = 0.2
CARDS = 100_000
MEMORY_MB_AIM = 1000.0
SOCKETS = 2_000
ISSUED = 300
ISSUED_PER_SECOND_AIM = 500.0
_REPEATS = 5
_OPENSSL_SECONDS = 1


class Row(TypedDict):
    """One line of the ledger, but for what the ledger adds."""

    name: str
    value: float
    unit: str
    versus: str
    ratio: float


def read_binary() -> list[Row]:
    """READ BINARY of 256 bytes in the applet core, best of some runs."""
    card = sample_card()
    card.power_on()
    card.transmit(JPKI)
    card.transmit(AUTH_CERTIFICATE)
    transmit = card.transmit
    assert len(transmit(READ_256)) == 258
    rates = []
    for _ in range(_REPEATS):
        begun = perf_counter()
        for _ in range(50_000):
            transmit(READ_256)
        rates.append(50_000 / (perf_counter() - begun))
    rate = max(rates)
    aim = f"aim of {READS_PER_SECOND_AIM:,.0f}/s"
    return [
        Row(name="card.read_binary", value=rate, unit="1/s", versus=aim, ratio=rate / READS_PER_SECOND_AIM)
    ]


def _openssl_signatures_per_second() -> tuple[float, str]:
    command = ["openssl", "speed", "-mr", "-seconds", str(_OPENSSL_SECONDS), "rsa2048"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    version = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True).stdout
    # "+F2:2:2048:<signatures a second>:<verifications a second>"
    line = next(each for each in said.splitlines() if each.startswith("+F2:"))
    return float(line.split(":")[3]), " ".join(version.split()[:2])


def signatures() -> list[Row]:
    """COMPUTE DIGITAL SIGNATURE through the card on one core; OpenSSL before and after, so that both see one machine."""
    card = sample_card()
    card.power_on()
    card.transmit(JPKI)
    card.transmit(VERIFY)
    sign = bytes.fromhex("802A009733") + bytes(51) + b"\x00"
    assert len(card.transmit(sign)) == 258
    rates, others = [], []
    version = ""
    for _ in range(3):
        other, version = _openssl_signatures_per_second()
        others.append(other)
        count = 0
        begun = perf_counter()
        while perf_counter() - begun < _OPENSSL_SECONDS:
            card.transmit(sign)
            count += 1
        rates.append(count / (perf_counter() - begun))
    rate, other = max(rates), max(others)
    versus = f"openssl speed rsa2048 ({version}): {other:,.0f}/s"
    return [Row(name="card.sign", value=rate, unit="1/s", versus=versus, ratio=rate / other)]


def round_trip() -> list[Row]:
    """An APDU there and back by the real libpcsclite, in a process of its own."""
    apdus = [each.hex() for each in (JPKI, AUTH_CERTIFICATE, READ_256)]
    with tempfile.TemporaryDirectory() as folder:
        times = trio.run(_round_trips, Path(folder) / "pcsc", ["mynasim 00 00", "2000", "20000", *apdus])
    times.sort()
    median, high = statistics.median(times) / 1000, times[len(times) * 99 // 100] / 1000
    aim = f"aim of {ROUND_TRIP_MS_AIM} ms"
    return [
        Row(
            name="card.round_trip_p50", value=median, unit="ms", versus=aim, ratio=ROUND_TRIP_MS_AIM / median
        ),
        Row(name="card.round_trip_p99", value=high, unit="ms", versus=aim, ratio=ROUND_TRIP_MS_AIM / high),
    ]


async def _round_trips(path: Path, arguments: list[str]) -> list[float]:
    async with trio.open_nursery() as nursery:
        await nursery.start(serve_socket, path, [Reader("mynasim 00 00", sample_card())])
        client = Path(__file__).with_name("card_pcsc_client.py")
        done = await trio.run_process(
            [sys.executable, str(client), *arguments],
            env=dict(os.environ, PCSCLITE_CSOCK_NAME=str(path)),
            capture_stdout=True,
        )
        nursery.cancel_scope.cancel()
    times: list[float] = json.loads(done.stdout)
    return times


def _memory_mb() -> float:
    # In use now, not the highest so far: other benchmarks may have run in this process before.
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def memory() -> list[Row]:
    """100,000 cards of different people, in hand and with power."""
    sample_card()
    before = _memory_mb()
    cards = [sample_card(number) for number in range(CARDS)]
    for card in cards:
        card.power_on()
        card.transmit(JPKI)
    used = _memory_mb() - before
    return [
        Row(
            name=f"card.memory_of_{CARDS}",
            value=used,
            unit="MB",
            versus=f"aim of {MEMORY_MB_AIM:.0f} MB",
            ratio=MEMORY_MB_AIM / used,
        ),
    ]


class _ReadyKeys:
    """A key for every label at once: making 200,000 of them takes an hour and a half, and is not what is measured."""

    def private_key(self, seed: bytes, label: str) -> rsa.RSAPrivateKey:
        return key()


def issuing() -> list[Row]:
    """Contents of residents' cards, both certificates signed by JPKI, keys ready; by processor time, best of some runs."""
    wallet = _wallet()
    wallet.contents(0)
    rates = []
    for repeat in range(_REPEATS):
        first = 1 + repeat * ISSUED
        begun = process_time()
        for n in range(first, first + ISSUED):
            wallet.contents(n)
        rates.append(ISSUED / (process_time() - begun))
    rate = max(rates)
    aim = f"aim of {ISSUED_PER_SECOND_AIM:.0f}/s"
    return [Row(name="card.issued", value=rate, unit="1/s", versus=aim, ratio=rate / ISSUED_PER_SECOND_AIM)]


def wallet_memory() -> list[Row]:
    """100,000 residents' cards as actors get them from the wallet, in hand, with power, an application selected."""
    wallet, chance = _wallet(), SeededChance(1)
    wallet.card(0, chance)
    before = _memory_mb()
    cards = []
    for n in range(1, CARDS + 1):
        card = wallet.card(n, chance)
        card.power_on()
        card.transmit(JPKI)
        cards.append(card)
    used = _memory_mb() - before
    aim = f"aim of {MEMORY_MB_AIM:.0f} MB"
    name = f"card.memory_of_{len(cards)}_issued"
    return [Row(name=name, value=used, unit="MB", versus=aim, ratio=MEMORY_MB_AIM / used)]


def _wallet() -> Wallet:
    keys = _ReadyKeys()
    return Wallet(Nation(1), Authority(b"benchmark", keys), keys, REFERENCE_DATE)


def sockets() -> list[Row]:
    """2,000 sockets in one process, a reader and a card each."""
    with tempfile.TemporaryDirectory() as folder:
        used = trio.run(_sockets, Path(folder))
    return [
        Row(
            name=f"card.memory_of_{SOCKETS}_sockets",
            value=used,
            unit="MB",
            versus="60 MB a thousand, of the prototype",
            ratio=60 * SOCKETS / 1000 / used,
        )
    ]


async def _sockets(folder: Path) -> float:
    before = _memory_mb()
    async with trio.open_nursery() as nursery:
        for number in range(SOCKETS):
            reader = Reader("mynasim 00 00", sample_card(number))
            await nursery.start(serve_socket, folder / str(number), [reader])
        used = _memory_mb() - before
        nursery.cancel_scope.cancel()
    return used


BENCHMARKS: tuple[Callable[[], list[Row]], ...] = (
    read_binary,
    signatures,
    round_trip,
    sockets,
    issuing,
    memory,
    wallet_memory,
)


def main(names: list[str]) -> None:
    """All of them, or those named."""
    for benchmark in BENCHMARKS:
        if not names or benchmark.__name__ in names:
            for row in benchmark():
                sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
