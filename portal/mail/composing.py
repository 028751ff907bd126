"""A mail as it travels (RFC 5322), seven bits wide.

The standard library's message takes a millisecond, nearly all of it over a head that is the same from mail to mail. So the
lines that it makes are kept, and what differs is put between them by itself, as long as it is plain; a test holds both ways
to the same bytes.
"""

import re
from base64 import encodebytes
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from typing import Final

DOMAIN: Final = "portal.mynasim.invalid"
LINE_CHARACTERS_MAX: Final = 78
"""RFC 5322 2.1.1; how longer lines are folded is the library's business."""
_POLICY = SMTP.clone(cte_type="7bit")
_ATOMS = r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*"
_PLAIN_ADDRESS = re.compile(rf"{_ATOMS}@{_ATOMS}")
_PLAIN_NAME = re.compile(_ATOMS)
_END: Final = (
    b"Auto-Submitted: auto-generated\r\n"
    b'Content-Type: text/plain; charset="utf-8"\r\n'
    b"Content-Transfer-Encoding: base64\r\n"
    b"MIME-Version: 1.0\r\n"
    b"\r\n"
)


def compose(sender: str, address: str, subject: str, body: str, name: str, moment: datetime) -> bytes:
    """*name* tells this mail from others: it stands in its Message-ID."""
    to = f"To: {address}\r\n"
    is_plain = _PLAIN_ADDRESS.fullmatch(address) and _PLAIN_NAME.fullmatch(name)
    if not is_plain or len(to) > LINE_CHARACTERS_MAX + 2:
        return by_library(sender, address, subject, body, name, moment)
    lines = f"Date: {format_datetime(moment)}\r\nMessage-ID:{_folded(f'<{name}@{DOMAIN}>')}\r\n"
    text = b"\r\n".join(body.encode().splitlines()) + b"\r\n"
    return b"".join(
        (
            _line("From", sender),
            to.encode(),
            _line("Subject", subject),
            lines.encode(),
            _END,
            encodebytes(text).replace(b"\n", b"\r\n"),
        )
    )


def _folded(message_id: str) -> str:
    """On the field's line, on the next one if only there it fits, and where it is when it fits on none."""
    fits_here = len("Message-ID: ") + len(message_id) <= LINE_CHARACTERS_MAX
    fits_below = 1 + len(message_id) <= LINE_CHARACTERS_MAX
    return f"\r\n {message_id}" if fits_below and not fits_here else f" {message_id}"


def by_library(sender: str, address: str, subject: str, body: str, name: str, moment: datetime) -> bytes:
    """The same by way of the standard library alone, whatever is in it."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = address
    message["Subject"] = subject
    message["Date"] = format_datetime(moment)
    message["Message-ID"] = f"<{name}@{DOMAIN}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body, cte="base64")
    return message.as_bytes()


@lru_cache(maxsize=64)
def _line(field: str, value: str) -> bytes:
    """A line of the head, encoded and folded; there are few senders and subjects."""
    message = EmailMessage(policy=_POLICY)
    message[field] = value
    return message.as_bytes().removesuffix(b"\r\n")
