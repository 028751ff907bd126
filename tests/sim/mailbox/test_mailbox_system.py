"""The mailbox: what was delivered is there, newest first, bounded; odd mails break nothing."""

from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import NamedTuple

import pytest
from sim_wiring import Wiring, code_of
from trio.testing import MockClock

from portal.store.store import StorageRefused
from portal.wire.mailbox import LIST_MAILS, READ_MAIL, ListMails, MailContent, Mails, OneMail
from portal.wire.problems import ProblemCode
from portal.wire.systems import System
from sim.mailbox import system as mailbox_system
from sim.mailbox.mailbox import Envelope, Mailbox

ANA, BO = "ana@mail.mynasim.invalid", "bo@mail.mynasim.invalid"
KEPT_MAX = 10


class Up(NamedTuple):
    wiring: Wiring
    mailbox: Mailbox

    async def list(self, to: str | None = None) -> list[str]:
        answer = await self.wiring.ask(LIST_MAILS, ListMails(to))
        assert isinstance(answer, Mails), answer
        return [mail.subject for mail in answer.mails]


@pytest.fixture
async def up() -> AsyncIterator[Up]:
    wiring = Wiring({System.MAILBOX: mailbox_system.SCHEMAS})
    surroundings = wiring.surroundings(System.MAILBOX)
    mailbox = Mailbox(surroundings, kept_max=KEPT_MAX)
    async with wiring.running(mailbox_system.build(surroundings, mailbox)):
        yield Up(wiring, mailbox)


def mail(subject: str, text: str = "本文です。\n") -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "no-reply@portal.mynasim.invalid", ANA, subject
    message.set_content(text)
    return message.as_bytes()


@pytest.mark.requirement("ACC-6")
async def test_a_mail_is_there_and_can_be_read(up: Up, autojump_clock: MockClock) -> None:
    await up.mailbox.deliver(mail("ログインのお知らせ"), Envelope("no-reply@portal.mynasim.invalid", (ANA,)))

    assert await up.list() == ["ログインのお知らせ"]
    listed = await up.wiring.ask(LIST_MAILS, ListMails())
    assert isinstance(listed, Mails)
    read = await up.wiring.ask(READ_MAIL, OneMail(listed.mails[0].mail_id))
    assert read == MailContent(listed.mails[0], "本文です。\n")


async def test_newest_first_and_by_recipient(up: Up, autojump_clock: MockClock) -> None:
    await up.mailbox.deliver(mail("一"), Envelope("s", (ANA,)))
    await up.mailbox.deliver(mail("二"), Envelope("s", (ANA, BO)))
    await up.mailbox.deliver(mail("三"), Envelope("s", (BO,)))

    assert await up.list() == ["三", "二", "二", "一"]
    assert await up.list(ANA) == ["二", "一"]
    assert await up.list(BO) == ["三", "二"]
    assert await up.list("nobody@mail.mynasim.invalid") == []


async def test_the_oldest_give_way(up: Up, autojump_clock: MockClock) -> None:
    for number in range(3 * KEPT_MAX):
        await up.mailbox.deliver(mail(str(number)), Envelope("s", (ANA,)))

    assert await up.list() == [str(number) for number in reversed(range(2 * KEPT_MAX, 3 * KEPT_MAX))]
    assert await up.mailbox.count() == KEPT_MAX


async def test_mails_outlive_a_restart(up: Up, autojump_clock: MockClock) -> None:
    await up.mailbox.deliver(mail("一"), Envelope("s", (ANA,)))

    again = Mailbox(up.wiring.surroundings(System.MAILBOX))

    assert [found.subject for found in await again.mails()] == ["一"]


async def test_no_false_success_when_the_disk_is_full(up: Up, autojump_clock: MockClock) -> None:
    up.wiring.stores[System.MAILBOX].refuse = "disk full"
    with pytest.raises(StorageRefused):
        await up.mailbox.deliver(mail("一"), Envelope("s", (ANA,)))
    up.wiring.stores[System.MAILBOX].refuse = None

    assert await up.list() == []


@pytest.mark.parametrize(
    ("raw", "subject", "text"),
    [
        (b"", "", ""),
        (b"\xff\xfe\x00", "", None),
        (b"Subject: =?utf-8?b?44GC?=\r\n\r\nhi\r\n", "あ", "hi\r\n"),
        (b"Subject: =?nonsense?q?x?=\r\nContent-Type: text/plain; charset=nonsense\r\n\r\nhi", None, None),
        (b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nnever ends", "", None),
        (b"Subject: a\r\n b\r\n\tc\r\n\r\n", "a b c", ""),
        (b"Subject: " + b"x" * 5000 + b"\r\n\r\n", "x" * 300, ""),
        (b"Content-Type: text/html\r\n\r\n<p>hi</p>", "", "<p>hi</p>"),
        (b"Content-Type: application/pdf\r\n\r\n%PDF", "", None),
    ],
)
async def test_odd_mails(
    up: Up, autojump_clock: MockClock, raw: bytes, subject: str | None, text: str | None
) -> None:
    await up.mailbox.deliver(raw, Envelope("s\udcff", ("r\udc80",)))

    listed = await up.wiring.ask(LIST_MAILS, ListMails())
    assert isinstance(listed, Mails)
    read = await up.wiring.ask(READ_MAIL, OneMail(listed.mails[0].mail_id))
    assert isinstance(read, MailContent)
    assert subject is None or read.mail.subject == subject
    assert text is None or read.text == text
    kept = await up.mailbox.raw(read.mail.mail_id)
    assert kept is not None and kept.raw == raw


async def test_a_mail_for_nobody_is_not_kept(up: Up, autojump_clock: MockClock) -> None:
    await up.mailbox.deliver(mail("一"), Envelope("s", ()))

    assert await up.list() == []


async def test_no_such_mail(up: Up, autojump_clock: MockClock) -> None:
    assert code_of(await up.wiring.ask(READ_MAIL, OneMail("nothing"))) is ProblemCode.NOT_FOUND
    assert code_of(await up.wiring.ask(READ_MAIL, OneMail("x" * 65))) is ProblemCode.UNPROCESSABLE
