"""What a signed-in session costs: ``python -m benchmarks.session_memory COUNT`` prints two figures, bytes of memory each.

Accounts and sessions are written into a portal's store in a file and each is asked for once, as with a request; the
rest is how much larger the process is then: right after that, and when the portal's sweep has come by, as it does
every ten minutes. People sign in without a card here: what that leaves is the same.
"""

import gc
import sys
import tempfile
from pathlib import Path

import trio

from portal.app import SCHEMAS, Portal, PortalSecrets, build
from portal.links.credentials import SystemKeys
from portal.links.link import Link
from portal.links.memory import MemoryCarrier, Slot
from portal.mail.carriers import SmtpCarrier
from portal.seams.chance import LiveChance, token
from portal.seams.clock import LiveClock
from portal.serving.system import Surroundings
from portal.sessions import tables
from portal.sessions.model import SESSION_CREDENTIAL, Session, token_hash
from portal.settings import PortalSettings
from portal.store.sqlite import SqliteStore, open_sqlite
from portal.wire.operation import WireRequest
from portal.wire.problems import Problem
from portal.wire.records import LIST_RECORDS_REQUESTS
from portal.wire.sign_in import AccountSettings
from portal.wire.systems import System
from sim.world.chance import SeededChance
from sim.world.weather import FairWeather

PAGE_BYTES = 4096
IDLE_MS = 900_000
IDLE_FOR_EACH = 4


def _resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


class _House:
    """A portal over this store, without anybody around it."""

    def __init__(self, store: SqliteStore) -> None:
        self._store, self._clock, self._chance = store, LiveClock(), LiveChance()
        self._portal: Portal = build(
            Surroundings(self._clock, self._chance, store, self._link, SystemKeys(bytes(32))),
            PortalSettings(),
            PortalSecrets(bytes(32), bytes(32), bytes(32)),
            [],
            SmtpCarrier("127.0.0.1", 1),
        )[1]

    def _link(self, to: System) -> Link:
        carrier = MemoryCarrier(System.PORTAL, Slot(to), FairWeather(SeededChance(1)))
        return Link(System.PORTAL, to, carrier, self._clock)

    async def sweep(self) -> None:
        await self._portal.sessions.expire()

    async def sign_in(self, name: str) -> None:
        """Somebody new, who asks for something and then thinks."""
        opened = self._portal.accounts.new(name, AccountSettings("たろう"))
        now, secret = self._clock.now_ms(), token(self._chance)
        session = Session(
            token_hash(secret), opened.account_id, name, name, "pc", now, now + IDLE_MS, now + IDLE_MS
        )
        await self._store.write(
            [*self._portal.accounts.opening_ops(opened, name, ""), tables.insert(session)]
        )
        request = WireRequest("GET", LIST_RECORDS_REQUESTS.path, "", SESSION_CREDENTIAL + secret)
        admitted = await self._portal.users.admit(LIST_RECORDS_REQUESTS, request)
        assert not isinstance(admitted, Problem), admitted


async def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with open_sqlite(Path(folder) / "portal.sqlite", SCHEMAS) as store:
            house = _House(store)
            # What the first ones bring along is not theirs.
            for number in range(count // 4):
                await house.sign_in(f"warm/{number}")
            before = _resident()
            for number in range(count):
                await house.sign_in(f"at work/{number}")
            sys.stdout.write(f"{(_resident() - before) / count}\n")
            # From here on there is room for so many, which the sweep gives back.
            await house.sweep()
            before = _resident()
            for minute in range(IDLE_FOR_EACH):
                for number in range(count):
                    await house.sign_in(f"idle/{minute}/{number}")
                await house.sweep()
            sys.stdout.write(f"{(_resident() - before) / count / IDLE_FOR_EACH}\n")


if __name__ == "__main__":
    trio.run(main, int(sys.argv[1]))
