"""What the network costs, per core: linkage codes, the core's answer next to a WireMock stub of the same body, an inquiry's rules.

Each function of :data:`BENCHMARKS` returns rows `{"name", "value", "unit", "versus", "ratio"}`. Run alone, it prints
JSON lines. WireMock 3 comes from npm (its package ships the jar) and needs Java; without them there is no row of it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import process_time

import trio

from benchmarks.live import SEED, cpu_seconds, live_world
from benchmarks.nation_bench import Row
from benchmarks.processes import SERVER_CORES, Target, free_port, medians, pace, wait_for
from portal.links.credentials import SystemKeys, authorization_of
from portal.links.link import Link
from portal.links.memory import MemoryCarrier, Slot
from portal.seams.clock import LiveClock
from portal.serving.system import Surroundings
from portal.store.sqlite import SimulatedStore
from portal.wire.linkage import Asked
from portal.wire.moments import to_ms
from portal.wire.network import DISCLOSE_RECORDS, DiscloseRecords
from portal.wire.systems import System
from sim.nation.catalogue import catalogue
from sim.nation.holdings import TAX
from sim.nation.nation import Nation
from sim.nation.organisations import ORGANISATIONS
from sim.network import system as network
from sim.network.codes import DISCLOSURE_SYSTEM, LinkageCodes
from sim.network.inquiries import judge
from sim.network.traffic import TrafficPlan
from sim.world.chance import SeededChance
from sim.world.facts import secret_of
from sim.world.weather import FairWeather

CONVERSIONS_PER_SECOND_AIM = 200_000.0
WIREMOCK_RATIO_AIM = 10.0
WIREMOCK = "wiremock@3.13.2"
WIREMOCK_JAR_VARIABLE = "WIREMOCK_JAR"
CONNECTIONS = 16
PERIOD_DAYS = 365
_REPEATS = 5
_STRIDE = 7_919_017


def _best_seconds(work: Callable[[], object]) -> float:
    work()
    seconds = []
    for _ in range(_REPEATS):
        begun = process_time()
        work()
        seconds.append(process_time() - begun)
    return min(seconds)


def linkage() -> list[Row]:
    """`LinkageCodes.translate`: one organisation's code of a person into another's, of strangers one after another."""
    codes, count = LinkageCodes(b"benchmark"), 100_000
    some = [each.code for each in ORGANISATIONS[:: len(ORGANISATIONS) // 50]]
    pairs = [(some[n % len(some)], some[(n * 7 + 3) % len(some)]) for n in range(count)]
    asked = [
        (codes.code_of(n * _STRIDE % 126_146_099, one), one, other) for n, (one, other) in enumerate(pairs)
    ]
    translate = codes.translate
    rate = count / _best_seconds(lambda: [translate(code, one, other) for code, one, other in asked])
    aim = f"aim of {CONVERSIONS_PER_SECOND_AIM:,.0f}/s"
    return [
        Row(
            name="network: code conversion",
            value=rate,
            unit="conversions/s",
            versus=aim,
            ratio=rate / CONVERSIONS_PER_SECOND_AIM,
        )
    ]


def rules() -> list[Row]:
    """The permission check of one inquiry, and a second of background traffic at the actual rate, made up."""
    asked = Asked("0000114100300001", "0000113101600001", "JM90000000000001", "JT90000000000001", TAX)
    law, count = catalogue(), 20_000
    check = _best_seconds(lambda: [judge(asked, law) for _ in range(count)]) / count * 1e6
    plan = TrafficPlan(Nation(SEED), 1, 27.0)
    second = _best_seconds(lambda: plan.inquiries(1_775_000_000))
    return [
        Row(
            name="network: permission check",
            value=check,
            unit="µs",
            versus="a second's 27 inquiries",
            ratio=1e6 / 27 / check,
        ),
        Row(name="network: a second of traffic", value=second, unit="s", versus="a second", ratio=1 / second),
    ]


def _jar(folder: Path) -> Path | None:
    """WireMock's jar: where the environment says, else from npm."""
    told = os.environ.get(WIREMOCK_JAR_VARIABLE)
    if told:
        return Path(told)
    npm = shutil.which("npm")
    if npm is None:
        return None
    done = subprocess.run([npm, "pack", WIREMOCK], cwd=folder, capture_output=True, check=False, timeout=300)
    packed = next(iter(folder.glob("wiremock-*.tgz")), None)
    if done.returncode != 0 or packed is None:
        return None
    with tarfile.open(packed) as archive:
        archive.extractall(folder / "wiremock", filter="data")
    return next(iter((folder / "wiremock").rglob("wiremock-standalone-*.jar")), None)


@contextmanager
def _wiremock(jar: Path, folder: Path, body: bytes, path: str) -> Iterator[tuple[str, int]]:
    """A stub that answers every request at *path* with this body, on the servers' core."""
    java = shutil.which("java")
    assert java is not None
    mappings = folder / "stub" / "mappings"
    mappings.mkdir(parents=True)
    stub = {
        "request": {"method": "POST", "urlPath": path},
        "response": {
            "status": 200,
            "headers": {"content-type": "application/json"},
            "body": body.decode(),
        },
    }
    (mappings / "records.json").write_text(json.dumps(stub))
    port = free_port()
    command = [java, "-jar", str(jar), "--port", str(port), "--root-dir", str(folder / "stub")]
    command += ["--no-request-journal", "--disable-banner", "--async-response-enabled", "false"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, SERVER_CORES),
    )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(url)
        yield url, process.pid
    finally:
        process.terminate()
        process.wait(20)


def records_answer_in(folder: Path, rounds: int, seconds: float = 3.0) -> list[Row]:
    """`network.disclose_records` of a year over sockets, next to WireMock with the very same body as a fixed stub.

    Ours computes its answer each time; WireMock's stands in its mapping. Both have one core, in turns.
    """
    jar = _jar(folder) if shutil.which("java") else None
    nation = Nation(SEED)
    person, today = nation.examples()[0].n, nation.reference_date
    with live_world(folder / "state") as live:
        codes = LinkageCodes(secret_of(SEED, "linkage codes"))
        wanted = DiscloseRecords(
            "benchmark", codes.code_of(person, DISCLOSURE_SYSTEM), today - timedelta(days=PERIOD_DAYS), today
        )
        wire = DISCLOSE_RECORDS.encode_request(wanted, authorization_of(live.secrets.link, System.PORTAL))
        headers = {"authorization": wire.authorization, "content-type": wire.content_type}
        ours = Target("ours", wire.method, live.url(System.NETWORK) + wire.target, headers, wire.body)
        request = urllib.request.Request(ours.url, ours.body, headers, method=ours.method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            body = answer.read()
        if jar is None:
            alone = medians([ours], rounds, seconds, CONNECTIONS, folder)["ours"]
            return [
                Row(
                    name="network: records answer",
                    value=alone.per_second,
                    unit="answers/s",
                    versus="nothing: neither WireMock nor Java here",
                    ratio=1.0,
                )
            ]
        world = _sibling(live.portal_pid, "world")
        with _wiremock(jar, folder, body, wire.path) as (url, java):
            theirs = ours._replace(name="theirs", url=url + wire.target)
            # Java is warm only after some seconds of load.
            medians([theirs], 1, 5.0, CONNECTIONS, folder)
            mine, stub = [], []
            for _ in range(rounds):
                mine.append(_per_cpu_second(ours, world, seconds, folder))
                stub.append(_per_cpu_second(theirs, java, seconds, folder))
    value, other = median(mine), median(stub)
    return [
        Row(
            name="network: records answer",
            value=value,
            unit="answers/s",
            versus=f"WireMock 3 stub of the same {len(body)} bytes: {other:,.0f}/s, both by a second of CPU",
            ratio=value / other,
        )
    ]


def _per_cpu_second(target: Target, pid: int, seconds: float, folder: Path) -> float:
    """Answers for each second of CPU that the server used: its neighbours on the core do not count."""
    before = cpu_seconds(pid)
    found = pace(target, seconds, CONNECTIONS, folder)
    used = cpu_seconds(pid) - before
    assert found.errors == 0, found
    # wrk measures in whole seconds.
    return found.per_second * max(1, round(seconds)) / used


def _sibling(pid: int, command: str) -> int:
    """Another process of the one that watches over this one."""
    watcher = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    for task in Path(f"/proc/{watcher}/task").iterdir():
        for child in (task / "children").read_text().split():
            if command.encode() in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
                return int(child)
    raise AssertionError(f"no {command} beside {pid}")


def strangers() -> list[Row]:
    """The core's answer in process, from bytes to bytes: to somebody it has never seen, and to the same one again."""
    return trio.run(_strangers)


async def _strangers() -> list[Row]:
    nation, codes, keys = Nation(SEED), LinkageCodes(b"benchmark"), SystemKeys(b"benchmark")
    clock = LiveClock()
    clock.move(to_ms(datetime(2026, 4, 1, tzinfo=UTC)) - clock.now_ms())
    store = SimulatedStore(network.SCHEMAS)

    def link(to: System) -> Link:
        return Link(
            System.NETWORK, to, MemoryCarrier(System.NETWORK, Slot(to), FairWeather(SeededChance(1))), clock
        )

    core = network.build(Surroundings(clock, SeededChance(1), store, link, keys), nation, codes)
    today, count = nation.reference_date, 400
    wires = [
        DISCLOSE_RECORDS.encode_request(
            DiscloseRecords(
                f"r{n}",
                codes.code_of(n * _STRIDE % nation.size, DISCLOSURE_SYSTEM),
                today - timedelta(days=PERIOD_DAYS),
                today,
            ),
            authorization_of(b"benchmark", System.PORTAL),
        )
        for n in range(count * _REPEATS)
    ]
    costs: dict[str, list[float]] = {"a stranger": [], "the same again": []}
    async with trio.open_nursery() as nursery:
        await nursery.start(core.run)
        for start in range(0, len(wires), count):
            for seconds in costs.values():
                begun = process_time()
                for wire in wires[start : start + count]:
                    answer = await core.dispatcher.answer(wire)
                    assert answer.status == 200
                seconds.append((process_time() - begun) / count * 1e6)
        nursery.cancel_scope.cancel()
    store.close()
    first, again = (min(seconds) for seconds in costs.values())
    return [
        Row(
            name="network: answer to a stranger",
            value=first,
            unit="µs",
            versus="the same again",
            ratio=again / first,
        ),
        Row(
            name="network: answer to the same",
            value=again,
            unit="µs",
            versus="a stranger",
            ratio=first / again,
        ),
    ]


def records_answer() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        return records_answer_in(Path(folder), rounds=3)


BENCHMARKS: tuple[Callable[[], list[Row]], ...] = (linkage, rules, strangers, records_answer)


def main() -> None:
    for benchmark in BENCHMARKS:
        for row in benchmark():
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
