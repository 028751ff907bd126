"""Who reads the mail: at the simulated mailbox, for any address."""

import re
from datetime import timedelta

from portal.wire.mailbox import LIST_MAILS, READ_MAIL, ListMails, MailContent, Mails, MailView, OneMail
from portal.wire.systems import Party, System
from scenarios.checking import Mismatch, answered
from scenarios.stage import Stage

CODE_MAIL = "メールアドレスの確認番号"
CODE = re.compile(r"^\s*(\d{6})\s*$", re.MULTILINE)
MAIL_AT_MOST = timedelta(minutes=10)


class MailReader:
    """メールを読む人."""

    def __init__(self, stage: Stage, address: str) -> None:
        self._stage = stage
        self.address = address
        self._mailbox = stage.link(Party.ANYONE, System.MAILBOX)

    def __repr__(self) -> str:
        return f"MailReader({self.address!r})"

    async def mails(self) -> tuple[MailView, ...]:
        """Newest first."""
        outcome = await self._mailbox.call(LIST_MAILS, ListMails(self.address))
        return answered(outcome, Mails, f"{self.address}の受信箱").mails

    async def wait_for(
        self, subject: str, *, count: int = 1, at_most: timedelta = MAIL_AT_MOST
    ) -> tuple[MailView, ...]:
        """The mails whose subject has these words; there must come exactly so many."""

        async def come() -> tuple[MailView, ...]:
            found = tuple(mail for mail in await self.mails() if subject in mail.subject)
            return found if len(found) >= count else ()

        found = await self._stage.until(
            come, at_most=at_most, what=f"件名に「{subject}」を含むメールが{count}通届く"
        )
        if len(found) > count:
            raise Mismatch(f"件名に「{subject}」を含むメール", f"{count}通", f"{len(found)}通")
        return found

    async def read(self, mail: MailView) -> str:
        """The words of the mail."""
        outcome = await self._mailbox.call(READ_MAIL, OneMail(mail.mail_id))
        return answered(outcome, MailContent, "メールの本文").text

    async def newest_code(self) -> str:
        """確認番号 of the newest mail that brought one; there must be one soon."""

        async def come() -> MailView | None:
            return next((mail for mail in await self.mails() if CODE_MAIL in mail.subject), None)

        mail = await self._stage.until(come, at_most=MAIL_AT_MOST, what=f"{self.address}に確認番号が届く")
        text = await self.read(mail)
        found = CODE.search(text)
        if found is None:
            raise Mismatch("確認番号のメール", "6けたの番号", text)
        return found[1]

    async def news(self) -> tuple[MailView, ...]:
        """The mails apart from those that brought a code."""
        return tuple(mail for mail in await self.mails() if CODE_MAIL not in mail.subject)
