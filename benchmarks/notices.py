"""Bulk notices end to end, live: from the recipients' file to sealed rows in folders, through three systems, durable.

The portal and the world are two processes on two cores; every recipient has a folder. What is reported beside the rate
is the CPU time of each process for one notice, and how much its memory grew, which a loaded machine does not change.
"""

import sqlite3
import time
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
import trio

from benchmarks.ledger import Row
from benchmarks.live import SEED, Live, cpu_seconds, live_world
from load.holders import facts_of
from portal.folder.sealing import Sealer
from portal.links.credentials import authorization_of
from portal.links.http import HttpCarrier
from portal.links.link import Link
from portal.seams.chance import LiveChance, identifier
from portal.seams.clock import LiveClock
from portal.wire import notice_sending as wire
from portal.wire.moments import day_of
from portal.wire.notice_sending import NoticeSend, RecipientsFormat, SendState
from portal.wire.notices import NoticeContent
from portal.wire.sign_in import AccountSettings
from portal.wire.systems import Party, System
from sim.nation.nation import Nation
from sim.nation.organisations import of_municipality
from sim.network.codes import DISCLOSURE_SYSTEM

RECIPIENTS = 100_000
PLACE = "141003"
"""横浜市: more residents than recipients."""
RATE_AIM = 5_000.0
MEMORY_AIM_MB = 64.0
"""Beyond caches that have a limit of their own."""
VACCINATION = "JM90000000000003"
WAIT_SECONDS_MAX = 600


class Figures(NamedTuple):
    """What one send came to."""

    seconds: float
    upload_seconds: float
    portal_cpu: float
    world_cpu: float
    grown_mb: float

    @property
    def rate(self) -> float:
        return RECIPIENTS / self.seconds


def _people() -> range:
    """The recipients: a municipality writes to its own residents, to each of them once."""
    return Nation(SEED).residents_of(PLACE)[:RECIPIENTS]


def _open_accounts(live: Live, keys: Path) -> None:
    """Accounts for the recipients, as if they had registered: written into the portal's store beside it."""
    sealer, codes = Sealer(live.secrets.master_key, LiveChance()), facts_of(SEED, keys).codes
    settings = msgspec.json.encode(AccountSettings("みかん", (), ()))
    accounts, marks = [], []
    for person in _people():
        account_id = identifier(LiveChance())
        key = sealer.new_key(account_id)
        code = codes.code_of(person, DISCLOSURE_SYSTEM)
        sealed = sealer.seal(account_id, key, "settings", settings)
        accounts.append(
            (account_id, str(person), key, sealed, sealer.seal(account_id, key, "code", code.encode()))
        )
        marks.append((sealer.mark(code), account_id))
    with sqlite3.connect(live.state / "portal.sqlite", timeout=30) as connection:
        connection.executemany("INSERT INTO accounts VALUES (?, ?, ?, ?, ?, 0)", accounts)
        connection.executemany("INSERT INTO account_codes VALUES (?, ?)", marks)


def _memory_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6


async def _send(live: Live, pids: tuple[int, int]) -> Figures:
    clock = LiveClock()
    carrier = HttpCarrier(live.url(System.INTERMEDIATE))
    link = Link(
        Party.OPERATOR, System.INTERMEDIATE, carrier, clock,
        authorization=authorization_of(live.secrets.link, Party.OPERATOR),
    )  # fmt: skip
    code = of_municipality(PLACE).code
    until = day_of(clock.now_ms()) + timedelta(days=30)
    file = "\n".join(["宛名番号", *(f"{n:015d}" for n in _people())]).encode()

    async def ask(operation: wire.Operation, request: object) -> NoticeSend:  # type: ignore[type-arg]
        answer = await link.call(operation, request, deadline_s=60.0)
        assert isinstance(answer, NoticeSend), answer
        return answer

    content = NoticeContent("予防接種のお知らせ", "本文" * 200, until)
    opened = wire.OpenSend(code, identifier(LiveChance()), VACCINATION, RecipientsFormat.CSV, content)
    send = await ask(wire.OPEN_SEND, opened)
    memory = [_memory_mb(pid) for pid in pids]
    cpu = [cpu_seconds(pid) for pid in pids]
    begun = time.monotonic()
    for offset in range(0, len(file), wire.PART_BYTES_MAX):
        part = file[offset : offset + wire.PART_BYTES_MAX]
        await ask(wire.PUT_PART, wire.PutPart(send.send_id, code, offset, part))
    await ask(wire.CONFIRM_SEND, wire.ConfirmSend(send.send_id, code))
    uploaded = time.monotonic()
    while True:
        seen = await ask(wire.VIEW_SEND, wire.SendOfOrganisation(send.send_id, code))
        if seen.state is SendState.SENT:
            break
        assert time.monotonic() - begun < WAIT_SECONDS_MAX, seen
        await trio.sleep(0.25)
    took = time.monotonic() - begun
    assert (seen.delivered, seen.without_folder) == (RECIPIENTS, 0), seen
    spent = [cpu_seconds(pid) - before for pid, before in zip(pids, cpu, strict=True)]
    grown = [_memory_mb(pid) - before for pid, before in zip(pids, memory, strict=True)]
    await carrier.aclose()
    return Figures(took, uploaded - begun, spent[0] / RECIPIENTS, spent[1] / RECIPIENTS, max(grown))


def rows(keys: Path, folder: Path, rounds: int) -> list[Row]:
    """The second of two sends at least: the first one fills the caches."""
    found: list[Figures] = []
    with live_world(folder / "state") as live:
        _open_accounts(live, keys)
        pids = (live.portal_pid, live.world_pid)
        for _ in range(max(2, min(rounds, 3))):
            found.append(trio.run(_send, live, pids))
    last = sorted(found[1:], key=lambda each: each.rate)[len(found[1:]) // 2]
    whole = (last.portal_cpu + last.world_cpu) * 1e6
    note = (
        f"{RECIPIENTS:,} recipients, all with folders, file {last.upload_seconds:.1f} s, whole {last.seconds:.1f} s; "
        f"portal {last.portal_cpu * 1e6:.0f} µs, world {last.world_cpu * 1e6:.0f} µs of CPU a notice"
    )
    return [
        Row("notices.bulk", last.rate, "notices/s", aim=RATE_AIM, note=note),
        Row("notices.bulk_cpu", whole, "µs", aim=2e6 / RATE_AIM, more_is_better=False, note="both processes"),
        Row("notices.bulk_memory", last.grown_mb, "MB", aim=MEMORY_AIM_MB, more_is_better=False,
            note="the larger growth of the two processes over a send"),
    ]  # fmt: skip
