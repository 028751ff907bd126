"""The portal under test, with pages in front, in a simulated world."""

from typing import NamedTuple

from page_browser import Browser

from portal.accounts.model import OpenedAccount
from portal.app import Portal
from portal.serving.front import Front
from portal.serving.system import BuiltSystem
from portal.store.sqlite import SimulatedStore
from portal.store.store import Query
from portal.wire.controls import Control, Controls, Mode, control
from portal.wire.systems import Party, System
from sim.nation.examples import examples
from sim.world.simulated import SimulatedWorld

ORIGIN = "http://portal.test:8600"
STAFF_PASSWORD = "sample-password"
READER = "http://portal.test:8611"


class _Id(NamedTuple):
    account_id: str


_FIRST = Query("SELECT account_id FROM accounts ORDER BY opened_ms LIMIT 1", _Id)


class House:
    """The portal under test: the same as the world's own, with pages in front."""

    def __init__(
        self, world: SimulatedWorld, built: BuiltSystem, portal: Portal, store: SimulatedStore
    ) -> None:
        self.world = world
        self.portal = portal
        self.store = store
        self.built = built
        self.front = Front(built.dispatcher, built.pages)
        self.residents = [person.n for person in examples(world.facts.nation)]

    def browser(self) -> Browser:
        return Browser(self.front, ORIGIN)

    async def signed_in(self, resident: int = 0, nickname: str = "はなこ") -> Browser:
        """A browser with a signed-in user; the first time, the account is opened."""
        browser = self.browser()
        await browser.sign_in(self.world, self.residents[resident])
        if browser.path == "/first-time":
            await browser.press("登録する", nickname=nickname)
        assert browser.path == "/", browser
        return browser

    async def owner(self) -> OpenedAccount:
        """The account of the first resident, who must have signed in."""
        (row,) = await self.store.read(_FIRST, {})
        account = await self.portal.accounts.by_id(row.account_id)
        assert account is not None
        return account

    async def control(self, system: System, mode: Mode, *, late_seconds: int = 60) -> None:
        """A tester's hand at a simulator."""
        link = self.world.link(Party.OPERATOR, system)
        done = await link.call(control(system), Control(mode, late_seconds=late_seconds))
        assert isinstance(done, Controls), done
