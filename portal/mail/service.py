"""Sends what stands in the outbox as ``mail`` rows, if the account still wishes it when its turn comes."""

import structlog

from portal.accounts.model import OpenedAccount
from portal.accounts.service import Accounts
from portal.folder.sealing import Unreadable
from portal.mail.carriers import Mail, MailCarrier, NotNow, Undeliverable
from portal.mail.composing import compose
from portal.mail.model import CAUTIONS, CODE_TEXT, WORK, MailKey, News, Text
from portal.seams.clock import Clock
from portal.store import outbox
from portal.store.store import Op
from portal.wire.limits import MAIL_CODE_SECONDS
from portal.wire.moments import DAY, to_jst
from portal.wire.sign_in import MailEvent

log = structlog.get_logger(__name__)

TRYING_MS_MAX = 5 * DAY
"""RFC 5321 4.5.4.1: give up after four to five days."""


class MailService:
    """通知メール (ACC-4, ACC-6)."""

    def __init__(self, accounts: Accounts, carrier: MailCarrier, clock: Clock, sender: str) -> None:
        self._accounts = accounts
        self._carrier = carrier
        self._clock = clock
        self._sender = sender

    def __repr__(self) -> str:
        return f"<MailService by {self._carrier!r}>"

    async def work(self, row: outbox.Row) -> outbox.Finished | outbox.Again:
        """Send one mail to each address of the account; a mail may come twice, never not at all."""
        key = MailKey.parse(row.key)
        account = await self._accounts.by_id(key.account_id)
        if account is None or key.event not in account.kept.mail_events:
            return outbox.Finished()
        body = key.words.body.format(nickname=account.kept.nickname, moment=words_of(key.moment_ms))
        return await self.send_each(row, account, Text(key.words.subject, body), key.name)

    async def send_each(
        self, row: outbox.Row, account: OpenedAccount, text: Text, name: str
    ) -> outbox.Finished | outbox.Again:
        """This mail to each address of the account; the same mail sent twice can be told by its *name*."""
        failures: list[str] = []
        for index, address in enumerate(account.confirmed_addresses):
            message = self._compose(address, text.subject, text.body, f"{name}.{index}")
            outcome = await self._carrier.send(Mail(self._sender, address, message))
            if isinstance(outcome, NotNow):
                failures.append(outcome.reason)
            elif isinstance(outcome, Undeliverable):
                log.warning("mail_undeliverable", account=account.account_id, mail=row.kind)
        if failures and self._clock.now_ms() - row.put_ms < TRYING_MS_MAX:
            return outbox.Again("; ".join(failures))
        return outbox.Finished()

    async def work_parting(self, row: outbox.Row) -> outbox.Finished | outbox.Again:
        """Send a caution to an address that its account no longer has."""
        try:
            found = self._accounts.parting(row.key)
        except Unreadable:
            log.error("caution_unreadable")
            return outbox.Finished()
        text = CAUTIONS[found.caution]
        body = text.body.format(nickname=found.reader.nickname, moment=words_of(found.moment_ms))
        message = self._compose(found.reader.address, text.subject, body, f"caution.{found.name}")
        outcome = await self._carrier.send(Mail(self._sender, found.reader.address, message))
        if isinstance(outcome, NotNow) and self._clock.now_ms() - row.put_ms < TRYING_MS_MAX:
            return outbox.Again(outcome.reason)
        if isinstance(outcome, Undeliverable):
            log.warning("mail_undeliverable", mail=row.kind)
        return outbox.Finished()

    async def work_code(self, row: outbox.Row) -> outbox.Finished | outbox.Again:
        """Send a code to the address that waits for it, unless that is over or nobody waits any more (ACC-4)."""
        account_id, _, confirmation_id = row.key.partition("/")
        account = await self._accounts.by_id(account_id)
        waiting = () if account is None else account.kept.waiting
        found = next((each for each in waiting if each.confirmation_id == confirmation_id), None)
        if account is None or found is None or found.over(self._clock.now_ms()):
            return outbox.Finished()
        until = to_jst(found.sent_ms + MAIL_CODE_SECONDS * 1000)
        body = CODE_TEXT.body.format(
            nickname=account.kept.nickname, code=found.code, until=f"{until:%Y年%m月%d日 %H時%M分}"
        )
        message = self._compose(found.address, CODE_TEXT.subject, body, f"code.{confirmation_id}")
        outcome = await self._carrier.send(Mail(self._sender, found.address, message))
        if isinstance(outcome, NotNow):
            return outbox.Again(outcome.reason)
        if isinstance(outcome, Undeliverable):
            log.warning("mail_undeliverable", account=account_id, mail_event="code")
        return outbox.Finished()

    def _compose(self, address: str, subject: str, body: str, name: str) -> bytes:
        return compose(self._sender, address, subject, body, name, to_jst(self._clock.now_ms()))


def words_of(moment_ms: int) -> str:
    """A moment as a mail says it."""
    return f"{to_jst(moment_ms):%Y年%m月%d日 %H時%M分}"


def promise(
    event: MailEvent,
    account_id: str,
    about: str,
    now_ms: int,
    news: News = News.ANSWERED,
    *,
    due_ms: int | None = None,
) -> Op:
    """The operation that promises this mail; whether it is wished is looked up when it is sent."""
    key = MailKey(event, account_id, about, now_ms, news).text()
    return outbox.put(WORK, key, due_ms=now_ms if due_ms is None else due_ms, now_ms=now_ms)


def withdraw(event: MailEvent, account_id: str, about: str, now_ms: int, news: News) -> Op:
    """The operation that takes this promise back, if the mail has not been sent."""
    return outbox.remove(WORK, MailKey(event, account_id, about, now_ms, news).text())
