"""The mailbox's pages: what came, and one mail, also as it came."""

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from portal.serving.dispatcher import Dispatcher
from portal.serving.front import AsgiApp
from portal.web.design import Pagination, security_headers
from portal.wire.systems import System
from sim.entrance.entrance import operations_of
from sim.entrance.look import HOME, LazyPages, Look
from sim.mailbox.mailbox import Mailbox

if TYPE_CHECKING:
    from quart_trio.wrappers import TrioResponse

MAILS_ON_PAGE = 20
PAGE_DIGITS_MAX = 6
OPERATIONS_PAGE = "/operations"
_NAV = (("届いたメール", HOME), ("このシステムについて", OPERATIONS_PAGE))


def pages(dispatcher: Dispatcher, mailbox: Mailbox) -> LazyPages:
    """Pages that show this mailbox."""

    def make() -> AsgiApp:
        look = Look(System.MAILBOX, _NAV)
        _add_inbox(look, mailbox)
        _add_mail(look, mailbox)

        async def about() -> "TrioResponse":
            return look.show("entrance/entrance.html", operations_of(dispatcher), here=OPERATIONS_PAGE)

        look.app.add_url_rule(OPERATIONS_PAGE, "about", about, methods=["GET"])
        return look.asgi

    return LazyPages(make)


def _address(mail_id: str) -> str:
    return f"/mails/{quote(mail_id, safe='')}"


def _add_inbox(look: Look, mailbox: Mailbox) -> None:
    async def inbox() -> "TrioResponse":
        from quart import request

        recipient = request.args.get("recipient", "").strip()
        to = recipient or None
        count = await mailbox.count(to)
        text = request.args.get("page", "1")
        wanted = int(text) if text.isascii() and text.isdigit() and len(text) <= PAGE_DIGITS_MAX else 1
        last = max(1, -(-count // MAILS_ON_PAGE))
        number = max(1, min(wanted, last))
        before = urlencode({**({"recipient": recipient} if recipient else {}), "page": ""})
        found = await mailbox.mails(to, most=MAILS_ON_PAGE, skip=(number - 1) * MAILS_ON_PAGE)
        context = {
            "mails": [
                {
                    "url": _address(mail.mail_id),
                    "received_at": mail.received_at,
                    "sender": mail.sender,
                    "recipient": mail.recipient,
                    "subject": mail.subject,
                }
                for mail in found
            ],
            "recipient": recipient,
            "action": HOME,
            "pagination": Pagination(number, MAILS_ON_PAGE, count, f"{HOME}?{before}"),
        }
        return look.show("mailbox/inbox.html", context, here=HOME)

    look.app.add_url_rule(HOME, "inbox", inbox, methods=["GET"])


def _add_mail(look: Look, mailbox: Mailbox) -> None:
    def none() -> "TrioResponse":
        return look.say(
            404, "このメールはありません", ("古いメールから順に消えます。",), ("届いたメールに戻る", HOME)
        )

    async def one(mail_id: str) -> "TrioResponse":
        found = await mailbox.read(mail_id)
        if found is None:
            return none()
        mail = {
            "received_at": found.mail.received_at,
            "sender": found.mail.sender,
            "recipient": found.mail.recipient,
            "subject": found.mail.subject,
            "body": found.text,
        }
        context = {"mail": mail, "raw_url": f"{_address(mail_id)}/raw", "back_url": HOME}
        return look.show("mailbox/mail.html", context)

    async def raw(mail_id: str) -> "TrioResponse":
        found = await mailbox.raw(mail_id)
        if found is None:
            return none()
        # As text, never as what it says it is: a mail may hold anything.
        return look.respond(
            found.raw, 200, [("content-type", "text/plain; charset=utf-8"), *security_headers()]
        )

    look.app.add_url_rule("/mails/<mail_id>", "one", one, methods=["GET"])
    look.app.add_url_rule("/mails/<mail_id>/raw", "raw", raw, methods=["GET"])
