"""Accounts: opening, finding, changing. One for each person (ACC-2)."""

from typing import NamedTuple

import msgspec

from portal.accounts import tables
from portal.accounts.model import Account, OpenedAccount
from portal.folder.sealing import Opener, Sealer
from portal.links.link import Link
from portal.seams.chance import Chance, identifier
from portal.seams.clock import Clock
from portal.store.remembering import Remembered
from portal.store.store import Conflict, Op, Query, Store, read_one
from portal.wire import jpki, network
from portal.wire.sign_in import AccountSettings


class Person(NamedTuple):
    """Whose certificate it is, as far as the portal may know: an account of ours, or the root of a new one."""

    root_serial: str
    account_id: str | None


class NoAnswer(NamedTuple):
    """JPKI could not be asked whose certificate this is."""


class Accounts:
    """アカウント管理."""

    def __init__(
        self, store: Store, sealer: Sealer, clock: Clock, chance: Chance, jpki_link: Link, network_link: Link
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self._chance = chance
        self._jpki = jpki_link
        self._network = network_link
        self._opened: Remembered[str, OpenedAccount] = Remembered(store)

    def __repr__(self) -> str:
        return "Accounts()"

    def _open(self, account: Account) -> OpenedAccount:
        raw = self._sealer.open(account.account_id, account.wrapped_key, "settings", account.settings)
        return OpenedAccount(account, msgspec.json.decode(raw, type=AccountSettings))

    async def _find(self, query: Query[Account], **params: str) -> OpenedAccount | None:
        account = await read_one(self._store, query, params)
        return None if account is None else self._open(account)

    async def by_id(self, account_id: str) -> OpenedAccount | None:
        opened = self._opened.get(account_id)
        if opened is None:
            opened = await self._find(tables.BY_ID, account_id=account_id)
            if opened is not None:
                self._opened.put(account_id, opened)
        return opened

    def forget(self, account_id: str) -> None:
        """Keep nothing of this account in memory: it was written, or its user has left."""
        self._opened.forget(account_id)

    async def by_root(self, root_serial: str) -> OpenedAccount | None:
        return await self._find(tables.BY_ROOT, root_serial=root_serial)

    async def person_of(self, serial: str) -> Person | NoAnswer:
        """Whose certificate this is. A certificate seen before is known; for a new one JPKI names the earlier ones."""
        known = await read_one(self._store, tables.BY_SERIAL, {"serial": serial})
        if known is not None:
            return Person(known.root_serial, known.account_id)
        linkage = await self._jpki.call(jpki.LINKAGE, jpki.OneSerial(serial))
        if not isinstance(linkage, jpki.Linkage):
            return NoAnswer()
        account = await read_one(self._store, tables.BY_ROOT, {"root_serial": linkage.root_serial})
        return Person(linkage.root_serial, None if account is None else account.account_id)

    def new(self, root_serial: str, settings: AccountSettings) -> OpenedAccount:
        """A new account, not written yet."""
        account_id = identifier(self._chance)
        wrapped = self._sealer.new_key(account_id)
        sealed = self._sealer.seal(account_id, wrapped, "settings", msgspec.json.encode(settings))
        account = Account(account_id, root_serial, wrapped, sealed, None, self._clock.now_ms())
        return OpenedAccount(account, settings)

    def opening_ops(self, opened: OpenedAccount, serial: str) -> list[Op]:
        """Opens the account unless its person has one."""
        account = opened.account
        return [
            tables.insert(account),
            tables.link_certificate(serial, account.account_id, account.opened_ms),
        ]

    async def change(self, opened: OpenedAccount, settings: AccountSettings) -> OpenedAccount | None:
        """The account with these settings; None when it was closed meanwhile."""
        account = opened.account
        sealed = self._sealer.seal(
            account.account_id, account.wrapped_key, "settings", msgspec.json.encode(settings)
        )
        outcome = await self._store.write([tables.set_settings(account.account_id, sealed)])
        self.forget(account.account_id)
        if isinstance(outcome, Conflict):
            return None
        return OpenedAccount(account._replace(settings=sealed), settings)

    async def code_of(self, opened: OpenedAccount) -> str | None:
        """開示システム用符号 of this account's person, acquired once; None while the network can't be asked."""
        account = opened.account
        if account.code is None:
            # Another task may have acquired it since this account was read.
            account = await read_one(self._store, tables.BY_ID, {"account_id": account.account_id}) or account
        if account.code is not None:
            return self._sealer.open(account.account_id, account.wrapped_key, "code", account.code).decode()
        answer = await self._network.call(
            network.ACQUIRE_CODE, network.AcquireCode(account.root_serial, identifier(self._chance))
        )
        if not isinstance(answer, network.AcquiredCode):
            return None
        sealed = self._sealer.seal(account.account_id, account.wrapped_key, "code", answer.code.encode())
        await self._store.write([tables.set_code(account.account_id, sealed)])
        self.forget(account.account_id)
        return answer.code

    def seal(self, account: Account, place: str, content: bytes) -> bytes:
        return self._sealer.seal(account.account_id, account.wrapped_key, place, content)

    def unseal(self, account: Account, place: str, sealed: bytes) -> bytes:
        return self._sealer.open(account.account_id, account.wrapped_key, place, sealed)

    def opener(self, account: Account) -> Opener:
        """:meth:`unseal` for many things of one account."""
        return self._sealer.opener(account.account_id, account.wrapped_key)
