"""One citizen's and one simulator's operation on a core, next to the same on FastAPI + uvicorn + sqlite3."""

import base64
import json
import sqlite3
import urllib.request
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import trio

from benchmarks.ledger import Row
from benchmarks.live import SEED, Live, card_case, live_world
from benchmarks.processes import Pace, Target, generator_name, medians
from benchmarks.serving import Server, in_turns, row, uvicorn
from benchmarks.visiting import Tally, carry_out
from load.holders import CardCase, facts_of
from load.journeys import Visit
from load.parts import PERIOD_DAYS, enter, look_at_records
from load.steps import Steps
from portal.links.credentials import authorization_of
from portal.links.http import HttpCarrier
from portal.links.link import Link
from portal.seams.clock import LiveClock
from portal.wire.moments import day_of
from portal.wire.network import DISCLOSE_RECORDS, DiscloseRecords
from portal.wire.operation import AnyOperation, Nothing, WireRequest
from portal.wire.records import LIST_RECORDS_REQUESTS
from portal.wire.systems import Party, System
from sim.network.codes import DISCLOSURE_SYSTEM

CONNECTIONS = 16
REQUESTS_IN_FOLDER = 5
RIVAL = "FastAPI + uvicorn (httptools, uvloop) + sqlite3"
AIM_CITIZEN = 6.0
"""Times the rival."""
TUNED_RIVAL = "raw ASGI, sqlite3 in the loop, uvicorn (httptools, uvloop)"
AIM_CITIZEN_TUNED = 1.5


async def session_of(live: Live, case: CardCase, which: int = 0) -> str:
    """The bearer token of a resident who is signed in and has some requests in the folder."""
    carrier, clock, holder, tally = HttpCarrier(live.portal), LiveClock(), case.holder(which), Tally()
    link = Link(Party.CITIZEN, System.PORTAL, carrier, clock, deadline_s=30.0)
    visit = Visit(holder.nickname, day_of(clock.now_ms()), which)

    def steps() -> Steps[str | None]:
        session = yield from enter(visit)
        for _ in range(REQUESTS_IN_FOLDER if session else 0):
            yield from look_at_records(visit, session or "")
        return session

    session = await carry_out(steps(), link, holder, tally)
    await carrier.aclose()
    assert session is not None and not tally.failures, tally.failures
    return session


def target_of(name: str, base: str, operation: AnyOperation, wire: WireRequest) -> Target:
    headers = {"authorization": wire.authorization}
    if wire.content_type:
        headers["content-type"] = wire.content_type
    return Target(name, operation.method, base + wire.target, headers, wire.body)


def _copy(source: Path, target: Path) -> Path:
    """A copy as it is now, whatever its owner is writing."""
    with sqlite3.connect(source) as theirs, sqlite3.connect(target) as ours:
        theirs.backup(ours)
    return target


def _same(one: Target, other: Target, key: str) -> None:
    """Both sides answer the same; otherwise they can't be compared."""
    answers = []
    for target in (one, other):
        request = urllib.request.Request(
            target.url, target.body or None, dict(target.headers), method=target.method
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            answers.append(json.load(answer)[key])
    assert len(answers[0]) == len(answers[1]) > 0
    names = [[each.get("request_id") or each["record_id"] for each in answer] for answer in answers]
    assert names[0] == names[1]


def citizen(
    keys: Path, folder: Path, rounds: int, *, seconds: float = 3.0, connections: int = CONNECTIONS
) -> list[Row]:
    """Session check, store read, unsealing, list of requests: `records.list` of a signed-in user."""
    case = card_case(keys, 1)
    with ExitStack() as stack:
        live = stack.enter_context(live_world(folder / "state"))
        session = trio.run(session_of, live, case)
        wire = LIST_RECORDS_REQUESTS.encode_request(Nothing(), f"Bearer {session}")
        environment = {
            "RIVAL_DATABASE": str(_copy(live.state / "portal.sqlite", folder / "rival.sqlite")),
            "RIVAL_MASTER_KEY": base64.b64encode(live.secrets.master_key).decode(),
        }
        rival, rival_pid = stack.enter_context(uvicorn("benchmarks.rivals:citizen", environment))
        ours = target_of("ours", live.portal, LIST_RECORDS_REQUESTS, wire)
        tuned_rival, tuned_pid = stack.enter_context(uvicorn("benchmarks.tuned_rival:citizen", environment))
        theirs = ours._replace(name="theirs", url=f"{rival}/requests")
        tuned = ours._replace(name="tuned", url=f"{tuned_rival}/requests")
        _same(ours, theirs, "requests")
        _same(ours, tuned, "requests")
        pids = (live.portal_pid, rival_pid, tuned_pid)
        servers = [
            Server(each.name, each, pid) for each, pid in zip((ours, theirs, tuned), pids, strict=True)
        ]
        paces = in_turns(servers, rounds, seconds, connections, folder)
    what = f"records.list with {REQUESTS_IN_FOLDER} sealed requests; {connections} connections"
    return [
        row("portal.citizen_operation", paces, "theirs", RIVAL, AIM_CITIZEN, what),
        row("portal.citizen_operation_next_to_tuned", paces, "tuned", TUNED_RIVAL, AIM_CITIZEN_TUNED, what),
    ]


def simulator(
    keys: Path, folder: Path, rounds: int, *, seconds: float = 3.0, connections: int = CONNECTIONS
) -> list[Row]:
    """A year's records of one resident: `network.disclose_records`."""
    facts = facts_of(SEED, keys)
    person = facts.nation.examples()[0].n
    today = facts.nation.reference_date
    with ExitStack() as stack:
        live = stack.enter_context(live_world(folder / "state"))
        code = facts.codes.code_of(person, DISCLOSURE_SYSTEM)
        credential = authorization_of(live.secrets.link, System.PORTAL)
        wanted = DiscloseRecords("benchmark", code, today - timedelta(days=PERIOD_DAYS), today)
        wire = DISCLOSE_RECORDS.encode_request(wanted, credential)
        environment = {
            "RIVAL_DATABASE": str(_copy(live.state / "network.sqlite", folder / "rival.sqlite")),
            "RIVAL_CREDENTIAL": credential,
            "RIVAL_SEED": str(SEED),
        }
        rival, _ = stack.enter_context(uvicorn("benchmarks.rivals:simulator", environment))
        ours = target_of("ours", live.url(System.NETWORK), DISCLOSE_RECORDS, wire)
        theirs = ours._replace(name="theirs", url=f"{rival}/disclosures")
        _same(ours, theirs, "records")
        paces = medians([ours, theirs], rounds, seconds, connections, folder)
    return [
        _row(
            "simulator.operation",
            paces,
            None,
            f"network.disclose_records; both compute the records from the nation; {connections} connections",
        )
    ]


def _row(name: str, paces: dict[str, Pace], aim: float | None, what: str) -> Row:
    ours, theirs = paces["ours"], paces["theirs"]
    assert ours.errors == theirs.errors == 0, paces
    return Row(
        name,
        ours.per_second,
        "1/s per core",
        f"{RIVAL}: {theirs.per_second:,.0f}/s, p99 {theirs.p99_ms:.1f} ms",
        ours.per_second / theirs.per_second,
        aim=None if aim is None else aim * theirs.per_second,
        note=f"{what}; p50 {ours.p50_ms:.2f} ms, p99 {ours.p99_ms:.2f} ms; load by {generator_name()}",
    )
