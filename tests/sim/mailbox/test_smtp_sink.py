"""The SMTP sink with the standard library's own client, over a real socket."""

import smtplib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
from sim_wiring import Wiring

from portal.serving.listen import bind
from portal.store.sqlite import open_sqlite
from portal.store.store import StorageRefused, StoreOverloaded
from portal.wire.systems import System
from sim.mailbox import system as mailbox_system
from sim.mailbox.mailbox import MAIL_BYTES_MAX, RECIPIENTS_MAX, Envelope, Mailbox
from sim.mailbox.smtp import serve_smtp

SENDER, ANA = "no-reply@portal.mynasim.invalid", "ana@mail.mynasim.invalid"


@asynccontextmanager
async def sink(mailbox: Mailbox) -> AsyncIterator[int]:
    bound = bind("127.0.0.1", 0)
    async with trio.open_nursery() as nursery:
        await nursery.start(serve_smtp, mailbox, bound)
        yield bound.port
        nursery.cancel_scope.cancel()


async def with_client(port: int, talk: Callable[[smtplib.SMTP], Any]) -> Any:
    def run() -> Any:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="test.invalid", timeout=10) as client:
            return talk(client)

    return await trio.to_thread.run_sync(run)


def mail(size: int = 0) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, ANA, "後日の回答が届きました"
    message.set_content("本文です。\n" + ("x" * 70 + "\n") * (size // 71))
    return message.as_bytes()


@pytest.fixture
def wiring() -> Wiring:
    return Wiring({System.MAILBOX: mailbox_system.SCHEMAS})


@pytest.mark.requirement("ACC-6")
@pytest.mark.real_client("smtplib")
async def test_a_mail_is_durable_when_250_is_said(wiring: Wiring, tmp_path: Path) -> None:
    path = tmp_path / "mailbox.sqlite"
    async with open_sqlite(path, mailbox_system.SCHEMAS) as store:
        mailbox = Mailbox(wiring.surroundings(System.MAILBOX)._replace(store=store))
        async with sink(mailbox) as port:
            for _ in range(3):
                await with_client(port, lambda client: client.sendmail(SENDER, [ANA], mail()))
            (newest, *rest) = await mailbox.mails()
    assert (newest.sender, newest.recipient, newest.subject) == (SENDER, ANA, "後日の回答が届きました")
    assert len(rest) == 2
    async with open_sqlite(path, mailbox_system.SCHEMAS) as store:
        again = Mailbox(wiring.surroundings(System.MAILBOX)._replace(store=store))
        assert await again.count(ANA) == 3


@pytest.mark.parametrize("refusal", [StorageRefused("disk full"), StoreOverloaded("full")])
async def test_452_when_the_store_refuses(
    wiring: Wiring, refusal: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox = Mailbox(wiring.surroundings(System.MAILBOX))

    async def refuse(_: bytes, __: Envelope) -> None:
        raise refusal

    monkeypatch.setattr(mailbox, "deliver", refuse)
    async with sink(mailbox) as port:
        with pytest.raises(smtplib.SMTPDataError) as raised:
            await with_client(port, lambda client: client.sendmail(SENDER, [ANA], mail()))

    assert raised.value.smtp_code == 452
    assert await mailbox.count() == 0


async def test_too_large_and_too_many(wiring: Wiring) -> None:
    mailbox = Mailbox(wiring.surroundings(System.MAILBOX))
    async with sink(mailbox) as port:
        with pytest.raises(smtplib.SMTPResponseException) as raised:
            await with_client(
                port, lambda client: client.sendmail(SENDER, [ANA], mail(MAIL_BYTES_MAX + 1000))
            )
        assert raised.value.smtp_code == 552
        many = [f"r{number}@mail.mynasim.invalid" for number in range(RECIPIENTS_MAX + 1)]
        refused = await with_client(port, lambda client: client.sendmail(SENDER, many, mail()))

    assert [code for code, _ in refused.values()] == [452]
    assert await mailbox.count() == RECIPIENTS_MAX


async def test_ends_while_clients_are_connected(wiring: Wiring) -> None:
    mailbox = Mailbox(wiring.surroundings(System.MAILBOX))
    client = smtplib.SMTP(local_hostname="test.invalid", timeout=10)
    with trio.fail_after(10):
        async with sink(mailbox) as port:
            await trio.to_thread.run_sync(partial(client.connect, "127.0.0.1", port))
            await trio.to_thread.run_sync(client.ehlo)
    client.close()


async def test_takes_the_next_port(wiring: Wiring) -> None:
    with bind("127.0.0.1", 0).socket as taken:
        port = taken.getsockname()[1]
        bound = bind("127.0.0.1", port)
        bound.socket.close()

    assert bound.moved
