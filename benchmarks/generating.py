"""Load generators by the CPU time they cost: the disclosure journey without and with its RSA signatures, against canned answers.

Ours is the product's own locustfile with everything it records; next to it Locust's FastHttpUser and k6, each with the
journey written by its documentation. The answers are those of the real portal to one resident, kept and repeated by a
server on the other core that looks at nothing but the first line.
"""

import base64
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import NamedTuple

import trio
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchmarks.ledger import Row
from benchmarks.live import SEED, Live, card_case, live_world
from benchmarks.processes import LOAD_CORES, ROOT, free_port, on_core, python, wait_for
from benchmarks.visiting import Tally, carry_out
from load.holders import CardCase
from load.journeys import Visit, journeys
from load.measuring import JOURNEY, REPORT_VARIABLE, REQUEST, Report
from portal.links.http import HttpCarrier
from portal.links.link import Link, Unreachable
from portal.seams.clock import LiveClock
from portal.wire.about import health
from portal.wire.moments import day_of
from portal.wire.operation import AnyOperation, Nothing, WireRequest, WireResponse
from portal.wire.systems import Party, System

AIM = 4.0
"""Times FastHttpUser, without signatures."""
USERS = 16
REQUESTS = 9
"""Of one journey of a resident who has an account."""


class _Keeping:
    """Carries over HTTP and keeps what was answered."""

    def __init__(self, url: str) -> None:
        self._carrier = HttpCarrier(url)
        self.answers: dict[str, tuple[int, str]] = {}

    async def carry(
        self, operation: AnyOperation, request: WireRequest, within_s: float = 60.0
    ) -> WireResponse | Unreachable:
        answer = await self._carrier.carry(operation, request, within_s)
        if isinstance(answer, WireResponse):
            self.answers[f"{request.method} {request.target}"] = (answer.status, answer.body.decode())
        return answer

    async def aclose(self) -> None:
        await self._carrier.aclose()


async def _answers(live: Live, case: CardCase) -> dict[str, tuple[int, str]]:
    """Of a resident's second visit, who has an account by then."""
    keeping, clock, holder = _Keeping(live.portal), LiveClock(), case.holder(0)
    link = Link(Party.CITIZEN, System.PORTAL, keeping, clock, deadline_s=30.0)
    for number in range(2):
        keeping.answers.clear()
        tally = Tally()
        visit = Visit(holder.nickname, day_of(clock.now_ms()), 0)
        await carry_out(journeys()["disclosure"].steps(visit), link, holder, tally)
        assert not tally.failures, tally.failures
        assert number == 0 or tally.requested == REQUESTS, tally.requests
    await link.call(health(System.PORTAL), Nothing())
    await keeping.aclose()
    return keeping.answers


class Pace(NamedTuple):
    requests: float
    """For each second of CPU time that the generator spent while it ran."""
    failures: int


def _locust(file: str, url: str, seconds: int, environment: dict[str, str], *arguments: str) -> list[str]:
    return [
        sys.executable, "-m", "locust", "-f", f"benchmarks/generators/{file}", "--headless", "--host", url,
        "--users", str(USERS), "--spawn-rate", "100", "--run-time", f"{seconds}s", "--only-summary", "--json",
        "--loglevel", "ERROR", *arguments, "Disclosure",
    ]  # fmt: skip


def ours(url: str, seconds: int, signs: bool) -> Pace:
    reading, writing = os.pipe()
    environment = {**os.environ, "BENCH_SIGNS": str(int(signs)), REPORT_VARIABLE: str(writing)}
    command = _locust(
        "ours.py", url, seconds, environment, "--pause", "0", "--residents-each", "1", "--nation", str(SEED)
    )
    with on_core(LOAD_CORES), os.fdopen(reading, "rb") as heard:
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, pass_fds=(writing,), stdout=subprocess.DEVNULL
        ) as process:
            os.close(writing)
            said = [json.loads(line) for line in heard]
        assert process.returncode == 0
    report = Report.decode(said[-1]["report"])
    assert report.total(JOURNEY).count
    per_second = report.total(REQUEST).count / report.seconds
    return Pace(per_second / report.watched[0].cpu_share, report.failures)


def fast_http(url: str, seconds: int, signs: bool) -> Pace:
    environment = {**os.environ, "BENCH_SIGNS": str(int(signs))}
    with on_core(LOAD_CORES):
        done = subprocess.run(
            _locust("fast_http.py", url, seconds, environment),
            cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
    stats = json.loads(done.stdout[done.stdout.index("[") :])
    spent = re.search(r"CPU ([\d.]+)", done.stderr)
    assert spent is not None, done.stderr
    count = sum(each["num_requests"] for each in stats)
    return Pace(count / float(spent[1]), sum(each["num_failures"] for each in stats))


def k6(url: str, seconds: int, signs: bool) -> Pace:
    environment = {
        **os.environ, "BASE": url, "BENCH_SIGNS": str(int(signs)), "VUS": str(USERS), "SECONDS": str(seconds),
        "K6_NO_USAGE_REPORT": "true", "GOMAXPROCS": "1", "BENCH_KEY": _key(),
    }  # fmt: skip
    before = _children_cpu()
    program = shutil.which("k6") or str(Path(sys.executable).with_name("k6"))
    with on_core(LOAD_CORES):
        done = subprocess.run(
            [program, "run", "--quiet", "benchmarks/generators/k6.js"],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
    # With its start, some tenths of a second: it has no other way to tell.
    spent = _children_cpu() - before
    count = re.search(r"http_reqs[.:\s]+(\d+)", done.stdout)
    failed = re.search(r"http_req_failed\S*\s+[\d.]+%\s+(\d+) out of", done.stdout)
    assert count is not None, done.stdout + done.stderr
    return Pace(int(count[1]) / spent, int(failed[1]) if failed else 0)


@cache
def _key() -> str:
    """One for all of k6's visitors: PKCS#8 in base64."""
    der = rsa.generate_private_key(65537, 2048).private_bytes(
        Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
    )
    return base64.b64encode(der).decode()


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


GENERATORS = {"ours": ours, "FastHttpUser": fast_http, "k6": k6}


def rows(keys: Path, folder: Path, rounds: int, *, seconds: int = 5) -> list[Row]:
    case = card_case(keys, USERS)
    with live_world(folder / "state") as live:
        answers = trio.run(_answers, live, case)
    table = folder / "answers.json"
    table.write_text(json.dumps(answers), encoding="utf-8")
    found: dict[tuple[str, bool], list[Pace]] = {}
    with ExitStack() as stack:
        port = free_port()
        stack.enter_context(python("-m", "benchmarks.canned_portal", str(port), str(table)))
        url = f"http://127.0.0.1:{port}"
        wait_for(url)
        for _ in range(rounds):
            for name, run in GENERATORS.items():
                for signs in (False, True):
                    found.setdefault((name, signs), []).append(run(url, seconds, signs))
    return [_row(found, signs) for signs in (False, True)]


def _row(found: dict[tuple[str, bool], list[Pace]], signs: bool) -> Row:
    paces = {name: statistics.median(pace.requests for pace in found[name, signs]) for name in GENERATORS}
    failures = {name: sum(pace.failures for pace in found[name, signs]) for name in GENERATORS}
    assert not any(failures.values()), failures
    own, fast = paces["ours"], paces["FastHttpUser"]
    others = "; ".join(f"{name} {pace:,.0f}/s" for name, pace in paces.items() if name != "ours")
    what = "with an RSA-2048 signature a journey" if signs else "without signatures"
    return Row(
        "generator.disclosure_signed" if signs else "generator.disclosure",
        own,
        "requests/CPU s",
        others,
        own / fast,
        aim=None if signs else AIM * fast,
        note=f"the disclosure journey, {REQUESTS} requests, {what}; {USERS} connections; canned answers of the portal; "
        f"ratio to FastHttpUser; to k6 {own / paces['k6']:.2f}",
    )
