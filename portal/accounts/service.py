"""Accounts: opening, finding, changing. One for each person (ACC-2)."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec
import structlog

from portal.accounts import mail_confirmation, tables
from portal.accounts.mail_confirmation import Confirmation, Try
from portal.accounts.model import Account, KeptSettings, OpenedAccount, changed_in
from portal.folder.sealing import Opener, Sealer
from portal.history.service import History
from portal.links.link import Link
from portal.mail import cautions
from portal.mail.model import Caution
from portal.seams.chance import Chance, identifier
from portal.seams.clock import Clock
from portal.store import outbox
from portal.store.remembering import Remembered
from portal.store.store import Conflict, Op, Query, StorageRefused, Store, StoreOverloaded, read_one
from portal.wire import jpki, network
from portal.wire.history import Action, Service
from portal.wire.limits import MAIL_CODE_PAUSE_SECONDS, MAIL_CODE_TRIES_MAX, MAIL_CODES_A_DAY_MAX
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.sign_in import AccountSettings

MAIL_CODE = "mail_code"
"""The outbox work that sends a code to an address that waits for it."""
ALTERED_AT_ONCE_MAX = 20
"""How often a change is begun anew because another window's came in between."""
log = structlog.get_logger(__name__)

ACQUIRE_CODE = "acquire_code"
"""Outbox: acquire the account's code, so that notices find its folder from the first day on."""
CODES_PROMISED_MAX = 10_000
"""Of accounts without a code, at one start."""


class Person(NamedTuple):
    """Whose certificate it is, as far as the portal may know: an account of ours, or the root of a new one."""

    root_serial: str
    account_id: str | None
    is_new_certificate: bool = False
    """There is an account, and this certificate has not been seen at it."""


class Altered(NamedTuple):
    """What a rule makes of the settings, and what it says to whoever asked."""

    kept: KeptSettings
    said: Problem | None = None
    to_send: tuple[Confirmation, ...] = ()
    """Whose codes are to go out with this change."""
    done: Action | None = Action.CHANGE
    """As what it stands in the history; None: it is no deed."""
    detail: str = ""
    """What of the settings, in words; never what it was or is."""
    caution: Caution | None = None
    """What is to be cautioned about, at the addresses that the account had before (ACC-4)."""


class NoAnswer(NamedTuple):
    """JPKI could not be asked whose certificate this is."""


class Accounts:
    """アカウント管理."""

    def __init__(
        self,
        store: Store,
        sealer: Sealer,
        clock: Clock,
        chance: Chance,
        jpki_link: Link,
        network_link: Link,
        history: History,
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self._chance = chance
        self._jpki = jpki_link
        self._network = network_link
        self._history = history
        self._opened: Remembered[str, OpenedAccount] = Remembered(store)
        self.expect_work: Callable[[int], None] = lambda due_ms: None
        """Tells the outbox when something falls due; set once that exists."""
        self.works: dict[str, outbox.Work] = {ACQUIRE_CODE: self._acquire_code}

    def __repr__(self) -> str:
        return "Accounts()"

    def _open(self, account: Account) -> OpenedAccount:
        raw = self._sealer.open(account.account_id, account.wrapped_key, "settings", account.settings)
        return OpenedAccount(account, msgspec.json.decode(raw, type=KeptSettings))

    async def _find(self, query: Query[Account], **params: str) -> OpenedAccount | None:
        account = await read_one(self._store, query, params)
        return None if account is None else self._open(account)

    def at_hand(self, account_id: str) -> OpenedAccount | None:
        """What :meth:`by_id` would find without asking the store; None says nothing."""
        return self._opened.get(account_id)

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

    def forget_all(self) -> None:
        """Keep nothing of any account in memory, also no key: who is at work is opened again with the next request."""
        self._opened.forget_all()
        self._sealer.forget_all()

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
        return Person(
            linkage.root_serial, None if account is None else account.account_id, account is not None
        )

    def new(self, root_serial: str, settings: AccountSettings) -> OpenedAccount:
        """A new account, not written yet; its addresses wait for their codes."""
        account_id = identifier(self._chance)
        wrapped = self._sealer.new_key(account_id)
        kept = self._renewed(KeptSettings("", (), ()), settings).kept
        sealed = self._sealed_settings(account_id, wrapped, kept)
        account = Account(account_id, root_serial, wrapped, sealed, None, self._clock.now_ms())
        return OpenedAccount(account, kept)

    def _sealed_settings(self, account_id: str, wrapped_key: bytes, kept: KeptSettings) -> bytes:
        return self._sealer.seal(account_id, wrapped_key, "settings", msgspec.json.encode(kept))

    def opening_ops(self, opened: OpenedAccount, serial: str, where: str) -> list[Op]:
        """Opens the account unless its person has one; *where* is the terminal's kind in words (HIS-2)."""
        account = opened.account
        return [
            tables.insert(account),
            tables.link_certificate(serial, account.account_id, account.opened_ms),
            self._history.line(opened, Service.SIGN_IN, Action.SIGN_IN, detail=where),
            self._history.line(opened, Service.ACCOUNT, Action.REGISTER),
            *self._code_ops(account.account_id, opened.kept.waiting, account.opened_ms),
            self._promise_code(account.account_id),
        ]

    def _code_ops(self, account_id: str, waiting: tuple[Confirmation, ...], now_ms: int) -> list[Op]:
        keys = [f"{account_id}/{each.confirmation_id}" for each in waiting]
        return [outbox.put(MAIL_CODE, key, due_ms=now_ms, now_ms=now_ms) for key in keys]

    def _promise_code(self, account_id: str) -> Op:
        now = self._clock.now_ms()
        return outbox.put(ACQUIRE_CODE, account_id, due_ms=now, now_ms=now)

    async def promise_missing_codes(self) -> None:
        """For accounts that were opened before codes were acquired at once, and for what a stop left undone."""
        try:
            missing = await self._store.read(tables.WITHOUT_CODE, {"most": CODES_PROMISED_MAX})
            if missing:
                await self._store.write([self._promise_code(row.account_id) for row in missing])
        except (StorageRefused, StoreOverloaded) as refusal:
            # The portal starts all the same; the next start, or the account's first question, makes up for it.
            log.error("codes_not_promised", reason=str(refusal))

    async def _acquire_code(self, row: outbox.Row) -> outbox.Finished | outbox.Again:
        opened = await self.by_id(row.key)
        if opened is None:
            return outbox.Finished()
        code = await self.code_of(opened)
        if code is None:
            return outbox.Again("no code yet")
        mark = self._sealer.mark(code)
        if await read_one(self._store, tables.HAS_CODE, {"mark": mark}) is None:
            account = await read_one(self._store, tables.BY_ID, {"account_id": row.key})
            if account is not None and account.code is not None:
                return outbox.Finished(tuple(tables.set_code(row.key, account.code, mark)))
        return outbox.Finished()

    # Changing (ACC-4, ACC-5)

    async def change(
        self, opened: OpenedAccount, settings: AccountSettings
    ) -> OpenedAccount | Problem | None:
        """The account with these settings; None when it was closed meanwhile."""
        return await self._alter(opened, lambda kept: self._renewed(kept, settings))

    def _renewed(self, kept: KeptSettings, wanted: AccountSettings) -> Altered:
        """New addresses wait for their codes; the others stand where they stood."""
        now = self._clock.now_ms()
        known = [kept.confirmation_of(address) for address in wanted.mail_addresses]
        new = tuple(
            mail_confirmation.begin(self._chance, address, now)
            for address in wanted.mail_addresses
            if address not in kept.mail_addresses
        )
        if not mail_confirmation.may_send(kept.codes_sent, now, len(new)):
            return Altered(kept, _too_many("$.mail_addresses"))
        waiting = (*(each for each in known if each is not None), *new)
        renewed = KeptSettings(
            wanted.nickname,
            wanted.mail_addresses,
            wanted.mail_events,
            waiting,
            _with_sent(kept, now, len(new)),
        )
        moved = wanted.mail_addresses != kept.mail_addresses
        return Altered(
            renewed,
            to_send=new,
            detail="、".join(changed_in(kept, renewed)),
            caution=Caution.ADDRESSES_CHANGED if moved else None,
        )

    async def confirm_mail(
        self, opened: OpenedAccount, address: str, code: str
    ) -> OpenedAccount | Problem | None:
        """A code was typed in. A wrong one is counted before anything is said."""

        def rule(kept: KeptSettings) -> Altered:
            confirmation = kept.confirmation_of(address)
            if confirmation is None:
                # Confirmed before, from another window or by the same button: just as well.
                return Altered(kept, None if address in kept.mail_addresses else _NO_SUCH_ADDRESS)
            outcome, tried = mail_confirmation.attempt(confirmation, code, self._clock.now_ms())
            others = tuple(each for each in kept.waiting if each is not confirmation)
            match outcome:
                case Try.RIGHT:
                    return Altered(
                        msgspec.structs.replace(kept, waiting=others),
                        done=Action.CONFIRM,
                        detail="メールアドレス",
                    )
                case Try.WRONG:
                    left = MAIL_CODE_TRIES_MAX - tried.tries
                    counted = msgspec.structs.replace(kept, waiting=(*others, tried))
                    locked = Caution.CODE_LOCKED if left == 0 else None
                    return Altered(counted, _wrong_code(left), done=None, caution=locked)
                case Try.OVER:
                    return Altered(kept, _CODE_OVER)

        return await self._alter(opened, rule)

    async def send_code(self, opened: OpenedAccount, address: str) -> OpenedAccount | Problem | None:
        """Another code to an address that waits for one; the earlier code is good for nothing from now on."""

        def rule(kept: KeptSettings) -> Altered:
            now = self._clock.now_ms()
            confirmation = kept.confirmation_of(address)
            if confirmation is None:
                confirmed = address in kept.mail_addresses
                return Altered(kept, _CONFIRMED_ALREADY if confirmed else _NO_SUCH_ADDRESS)
            if mail_confirmation.too_soon(confirmation, now):
                return Altered(kept, _TOO_SOON)
            if not mail_confirmation.may_send(kept.codes_sent, now):
                return Altered(kept, _too_many("$.address"))
            new = mail_confirmation.begin(self._chance, address, now)
            waiting = tuple(new if each is confirmation else each for each in kept.waiting)
            sent = _with_sent(kept, now, 1)
            renewed = msgspec.structs.replace(kept, waiting=waiting, codes_sent=sent)
            return Altered(renewed, to_send=(new,), done=None)

        return await self._alter(opened, rule)

    async def _alter(
        self, opened: OpenedAccount, rule: Callable[[KeptSettings], Altered]
    ) -> OpenedAccount | Problem | None:
        """Change the settings by this rule, upon what they are now: two windows never undo each other's change."""
        for _ in range(ALTERED_AT_ONCE_MAX):
            account = opened.account
            altered = rule(opened.kept)
            if altered.kept == opened.kept:
                return altered.said or opened
            sealed = self._sealed_settings(account.account_id, account.wrapped_key, altered.kept)
            now = self._clock.now_ms()
            ops = [
                tables.set_settings(account.account_id, account.settings, sealed),
                *self._code_ops(account.account_id, altered.to_send, now),
            ]
            warned: list[Op] = []
            if altered.caution is not None:
                # By what was wished before this change: whoever takes an account over also changes the wishes.
                warned = cautions.parting(self._sealer, self._chance, opened, altered.caution, now)
            ops += warned
            if altered.done is not None:
                ops.append(self._history.line(opened, Service.ACCOUNT, altered.done, detail=altered.detail))
            outcome = await self._store.write(ops)
            self.forget(account.account_id)
            if not isinstance(outcome, Conflict):
                if altered.to_send or warned:
                    self.expect_work(now)
                return altered.said or OpenedAccount(account._replace(settings=sealed), altered.kept)
            again = await self.by_id(account.account_id)
            if again is None:
                return None
            opened = again
        return problem(ProblemCode.CONFLICT, "ほかの画面からの変更と重なりました。もう一度お試しください。")

    async def close(self, opened: OpenedAccount, ops: list[Op]) -> None:
        """The account is gone, with its folder and the key that everything in it was sealed with (ACC-5).

        *ops* take away what others keep of it, in the same transaction.
        """
        now = self._clock.now_ms()
        warned = cautions.parting(self._sealer, self._chance, opened, Caution.CLOSED, now)
        await self._store.write([*ops, *warned, tables.delete(opened.account_id)])
        self.forget(opened.account_id)
        self._sealer.forget(opened.account_id)
        self.expect_work(now)

    def parting(self, row_key: str) -> cautions.Parting:
        """A caution that stands in the outbox for itself. Raises :class:`portal.folder.sealing.Unreadable`."""
        return cautions.read_parting(self._sealer, row_key)

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
        mark = self._sealer.mark(answer.code)
        await self._store.write(tables.set_code(account.account_id, sealed, mark))
        self.forget(account.account_id)
        return answer.code

    async def by_code(self, code: str) -> OpenedAccount | None:
        """The account of the person whom the network calls so (NOT-1)."""
        return await self._find(tables.BY_CODE, mark=self._sealer.mark(code))

    async def has_code(self, code: str) -> bool:
        """Whether there is an account of this person (NOT-2)."""
        return await read_one(self._store, tables.HAS_CODE, {"mark": self._sealer.mark(code)}) is not None

    def seal(self, account: Account, place: str, content: bytes) -> bytes:
        return self._sealer.seal(account.account_id, account.wrapped_key, place, content)

    def unseal(self, account: Account, place: str, sealed: bytes) -> bytes:
        return self._sealer.open(account.account_id, account.wrapped_key, place, sealed)

    def opener(self, account: Account) -> Opener:
        """:meth:`unseal` for many things of one account."""
        return self._sealer.opener(account.account_id, account.wrapped_key)


def _with_sent(kept: KeptSettings, now_ms: int, count: int) -> tuple[int, ...]:
    return (*mail_confirmation.sent_today(kept.codes_sent, now_ms), *[now_ms] * count)


def _wrong_code(left: int) -> Problem:
    if left == 0:
        return problem(
            ProblemCode.CODE_OVER,
            f"確認番号を{MAIL_CODE_TRIES_MAX}回間違えたので、この番号は使えなくなりました。新しい番号を送ってください。",
            field="$.code",
        )
    return problem(
        ProblemCode.CODE_REFUSED,
        f"確認番号が違います。届いたメールを確かめて、もう一度入力してください（あと{left}回）。",
        field="$.code",
    )


def _too_many(field: str) -> Problem:
    return problem(
        ProblemCode.TOO_MANY,
        f"確認番号を送れるのは、1日に{MAIL_CODES_A_DAY_MAX}回までです。あすになってからお試しください。",
        field=field,
    )


_CODE_OVER = problem(
    ProblemCode.CODE_OVER,
    "この確認番号は、時間が過ぎたか、間違いが続いたため使えません。新しい番号を送ってください。",
    field="$.code",
)
_TOO_SOON = problem(
    ProblemCode.TOO_MANY,
    f"いま送ったばかりです。{MAIL_CODE_PAUSE_SECONDS}秒ほど待って、届かないときにもう一度送ってください。",
    field="$.address",
)
_NO_SUCH_ADDRESS = problem(
    ProblemCode.NOT_FOUND, "このメールアドレスは登録されていません。", field="$.address"
)
_CONFIRMED_ALREADY = problem(
    ProblemCode.CONFLICT, "このメールアドレスは、もう確認が済んでいます。", field="$.address"
)
