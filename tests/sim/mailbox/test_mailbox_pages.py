"""The mailbox's pages."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
from sim_wiring import Browser, Wiring

from portal.wire.systems import System
from sim.mailbox import system as mailbox_system
from sim.mailbox.mailbox import Envelope, Mailbox
from sim.mailbox.pages import MAILS_ON_PAGE

ANA, BO = "ana@mail.mynasim.invalid", "bo@mail.mynasim.invalid"


class Up(NamedTuple):
    browser: Browser
    mailbox: Mailbox


@pytest.fixture
async def up() -> AsyncIterator[Up]:
    wiring = Wiring({System.MAILBOX: mailbox_system.SCHEMAS})
    surroundings = wiring.surroundings(System.MAILBOX)
    mailbox = Mailbox(surroundings)
    built = mailbox_system.build(surroundings, mailbox)
    async with wiring.running(built):
        yield Up(Browser(built), mailbox)


def raw(subject: str) -> bytes:
    return f"Subject: {subject}\r\n\r\n<b>hello</b> https://example.invalid/x\r\n".encode()


async def test_empty(up: Up) -> None:
    page = await up.browser.get("/")

    assert page.status == 200
    assert "メールはありません" in page.text


@pytest.mark.requirement("ACC-6")
async def test_inbox_and_one_mail(up: Up) -> None:
    await up.mailbox.deliver(raw("first"), Envelope("s@x.invalid", (ANA,)))
    await up.mailbox.deliver(raw("<script>alert(1)</script>"), Envelope("s@x.invalid", (BO,)))
    inbox = await up.browser.get("/")
    assert "first" in inbox.text and "<script>alert" not in inbox.text
    filtered = await up.browser.get("/", {"recipient": ANA})
    assert "first" in filtered.text and BO not in filtered.text

    (mail,) = await up.mailbox.mails(ANA)
    page = await up.browser.get(f"/mails/{mail.mail_id}")
    assert page.status == 200
    assert "&lt;b&gt;hello" in page.text
    whole = await up.browser.get(f"/mails/{mail.mail_id}/raw")
    assert whole.text.encode() == raw("first")
    assert whole.headers["content-type"].startswith("text/plain")


async def test_pages_of_the_inbox(up: Up) -> None:
    for number in range(MAILS_ON_PAGE + 1):
        await up.mailbox.deliver(raw(f"number-{number:03}"), Envelope("s@x.invalid", (ANA,)))

    assert "number-000" not in (await up.browser.get("/")).text
    for wanted in ("2", "999999"):
        assert "number-000" in (await up.browser.get("/", {"page": wanted, "recipient": ANA})).text
    for wanted in ("0", "-1", "x", "9" * 50):
        assert f"number-{MAILS_ON_PAGE:03}" in (await up.browser.get("/", {"page": wanted})).text


async def test_not_there(up: Up) -> None:
    assert (await up.browser.get("/mails/nothing")).status == 404
    assert (await up.browser.get("/mails/nothing/raw")).status == 404
    assert (await up.browser.get("/operations")).status == 200
