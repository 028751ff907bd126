"""How a mail goes out: by SMTP, live; in simulated time the world hands the same bytes over in memory."""

import smtplib
from typing import NamedTuple, Protocol

import trio

SMTP_SECONDS_MAX = 10.0
SMTP_AT_ONCE_MAX = 4
"""Threads that talk SMTP at the same time."""


class Mail(NamedTuple):
    """One mail on its way: the envelope and the message (RFC 5322)."""

    sender: str
    recipient: str
    message: bytes


class Sent(NamedTuple):
    """The next hop has taken it."""


class NotNow(NamedTuple):
    """Worth trying again."""

    reason: str


class Undeliverable(NamedTuple):
    """The next hop refuses this mail for good."""

    reason: str


class MailCarrier(Protocol):
    async def send(self, mail: Mail) -> Sent | NotNow | Undeliverable: ...


class SmtpCarrier:
    """By SMTP to one host, with the standard library's client in a thread."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._limiter = trio.CapacityLimiter(SMTP_AT_ONCE_MAX)

    def __repr__(self) -> str:
        return f"SmtpCarrier({self._host}:{self._port})"

    async def send(self, mail: Mail) -> Sent | NotNow | Undeliverable:
        return await trio.to_thread.run_sync(self._send, mail, limiter=self._limiter)

    def _send(self, mail: Mail) -> Sent | NotNow | Undeliverable:
        try:
            with smtplib.SMTP(
                self._host, self._port, local_hostname="portal.mynasim.invalid", timeout=SMTP_SECONDS_MAX
            ) as client:
                client.sendmail(mail.sender, [mail.recipient], mail.message)
        except smtplib.SMTPRecipientsRefused as refused:
            code, text = next(iter(refused.recipients.values()))
            reason = f"{code} {text!r}"
            return Undeliverable(reason) if code >= 500 else NotNow(reason)
        except smtplib.SMTPResponseException as error:
            reason = f"{error.smtp_code} {error.smtp_error!r}"
            return Undeliverable(reason) if error.smtp_code >= 500 else NotNow(reason)
        except (smtplib.SMTPException, OSError) as error:
            return NotNow(str(error))
        return Sent()
