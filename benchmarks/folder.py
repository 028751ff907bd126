"""The portal's pages, by the CPU time of its process; and a folder of ten thousand notices next to one of ten, live.

Both folders are of one portal and take turns, so that a neighbour on the machine slows both alike.
"""

import http.client
import sqlite3
import time
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import trio

from benchmarks.ledger import Row
from benchmarks.live import Live, card_case, cpu_seconds, live_world
from benchmarks.operations import session_of, target_of
from benchmarks.processes import Target
from benchmarks.serving import Server, in_turns
from portal.folder.sealing import Sealer
from portal.notices import tables
from portal.notices.model import ContentRow, NoticeRow, SharedContent, kept_until_ms
from portal.seams.chance import LiveChance
from portal.web.addresses import page
from portal.web.cookies import SESSION_COOKIE
from portal.wire.disclosure import Named
from portal.wire.inbox import LIST_INBOX, ListInbox
from portal.wire.moments import day_of
from portal.wire.notices import LIST_NOTICES, ListNotices, NoticeContent

FEW, MANY = 10, 10_000
SENDS = 50
"""The notices of a folder come from so many sends."""
CONNECTIONS = 4
PAGE_AIM_MS = 2.0
OPERATION_AIM_US = 100.0
RATIO_AIM = 1.2
PAGES = (
    "top",
    "folder",
    "notices",
    "history",
    "settings",
    "faq",
    "inquiries",
    "inquiries.new",
    "records",
    "self_information",
)


def _account_of(connection: sqlite3.Connection, number: int) -> str:
    rows = connection.execute("SELECT account_id FROM accounts ORDER BY opened_ms, account_id").fetchall()
    account_id: str = rows[number][0]
    return account_id


def _fill(live: Live, counts: tuple[int, ...]) -> None:
    """Lay so many notices into the folder of each account, in the order of their opening, as bulk sends would."""
    sealer, now = Sealer(live.secrets.master_key, LiveChance()), int(time.time() * 1000)
    until = day_of(now) + timedelta(days=90)
    with sqlite3.connect(live.state / "portal.sqlite", timeout=30) as connection:
        for send in range(SENDS):
            content_id = f"benchmark-{send}"
            key = sealer.new_key(content_id)
            shared = SharedContent(
                Named("1" * 16, "東京都千代田区"),
                Named("JM90000000000003", "予防接種の実施に関する事務"),
                NoticeContent(f"予防接種のお知らせ その{send}", "本文です。" * 100, until),
                (),
            )
            sealed = sealer.seal(content_id, key, "content", msgspec.msgpack.encode(shared))
            row = ContentRow(content_id, key, sealed, kept_until_ms(until), 0, 0, 1_000)
            for op in tables.insert_content(row, ()):
                connection.execute(op.sql, op.params)
        for which, count in enumerate(counts):
            account = _account_of(connection, which)
            for number in range(1, count + 1):
                row_of = NoticeRow(
                    account, number, f"benchmark-{number % SENDS}", number, None, now - count + number,
                    kept_until_ms(until), None, None, 0,
                )  # fmt: skip
                op = tables.insert(row_of)
                connection.execute(op.sql, op.params)


def _page(live: Live, name: str, session: str) -> Target:
    return Target(name, "GET", live.portal + page(name), {"cookie": f"{SESSION_COOKIE}={session}"})


def _checked(target: Target, status: int = 200) -> int:
    """How many bytes it answers with; what is not answered as it should be is not measured."""
    parts = urlsplit(target.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    connection.request(
        target.method, parts.path + (f"?{parts.query}" if parts.query else ""), headers=dict(target.headers)
    )
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == status, (target.url, answer.status)
    return len(body)


def rows(keys: Path, folder: Path, rounds: int, *, seconds: float = 2.0, many: int = MANY) -> list[Row]:
    """Pages and operations of a user with few notices and of one with many, in turns."""
    case = card_case(keys, 2)
    with live_world(folder / "state") as live:
        sessions = [trio.run(session_of, live, case, which) for which in range(2)]
        _fill(live, (FEW, many))
        targets: dict[str, Target] = {name: _page(live, name, sessions[1]) for name in PAGES}
        for name in ("folder", "notices"):
            targets[f"{name}, few"] = _page(live, name, sessions[0])
        for name, operation, request in (
            ("inbox.list", LIST_INBOX, ListInbox(most=10)),
            ("notices.list", LIST_NOTICES, ListNotices(most=10)),
        ):
            for which, size in enumerate((", few", "")):
                wire = operation.encode_request(request, f"Bearer {sessions[which]}")
                targets[name + size] = target_of(name, live.portal, operation, wire)
        sizes = {name: _checked(target) for name, target in targets.items()}
        servers = [Server(name, target, live.portal_pid) for name, target in targets.items()]
        begun, before = time.monotonic(), cpu_seconds(live.portal_pid)
        paces = in_turns(servers, rounds, seconds, CONNECTIONS, folder)
        busy = (cpu_seconds(live.portal_pid) - before) / (time.monotonic() - begun)
    cpu_ms = {name: 1_000 / found.per_second for name, found in paces.items()}
    slowest = max(PAGES, key=lambda name: cpu_ms[name])
    each = ", ".join(f"{name} {cpu_ms[name]:.2f}" for name in PAGES)
    how = f"{many:,} notices; {CONNECTIONS} connections; the portal had {busy:.0%} of a core"
    found = [
        Row("pages.slowest", cpu_ms[slowest], "ms of CPU", aim=PAGE_AIM_MS, more_is_better=False,
            note=f"{slowest}; {each}; {how}"),
    ]  # fmt: skip
    for name in ("folder", "notices"):
        ratio = cpu_ms[name] / cpu_ms[f"{name}, few"]
        note = f"first page {cpu_ms[name]:.2f} ms of CPU with {many:,} notices, {cpu_ms[f'{name}, few']:.2f} with {FEW}"
        found.append(
            Row(f"pages.{name}_full_next_to_ten", ratio, "times", aim=RATIO_AIM, more_is_better=False,
                note=f"{note}; {sizes[name]:,} and {sizes[f'{name}, few']:,} bytes")
        )  # fmt: skip
    for name in ("inbox.list", "notices.list"):
        spent, few = (cpu_ms[name + size] * 1_000 for size in ("", ", few"))
        found.append(
            Row(f"operations.{name}", spent, "µs of CPU", aim=OPERATION_AIM_US, more_is_better=False,
                note=f"ten lines of {many:,}; {few:.0f} of {FEW}; unsealing and TCP included; {how}")
        )  # fmt: skip
    return found
