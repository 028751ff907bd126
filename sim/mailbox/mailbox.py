"""模擬メールボックス: keeps every mail that came, whoever it was for, and shows it to anyone."""

import email
import email.policy
import re
from collections.abc import Sequence
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from functools import lru_cache
from typing import Final, NamedTuple

from portal.seams.chance import identifier
from portal.serving.system import Surroundings
from portal.store.store import Op, read_one
from portal.wire.mailbox import MAILS_IN_ANSWER_MAX, MailContent, MailView
from portal.wire.moments import to_utc
from sim.mailbox import tables

MAIL_BYTES_MAX = 1024 * 1024
RECIPIENTS_MAX = 100
HEADER_SHOWN_CHARACTERS_MAX = 300
TEXT_SHOWN_CHARACTERS_MAX = 200_000


class Envelope(NamedTuple):
    """封筒: who sent it to whom, as said to the server; the headers of the mail may say something else."""

    sender: str
    recipients: tuple[str, ...]


class RawMail(NamedTuple):
    """A mail as it came, and what is shown of its head."""

    view: MailView
    raw: bytes


class Mailbox:
    """The mailbox itself: what SMTP, the operations and the pages have in common."""

    def __init__(self, surroundings: Surroundings, *, kept_max: int = tables.MAILS_KEPT_MAX) -> None:
        self._store = surroundings.store
        self._clock = surroundings.clock
        self._chance = surroundings.chance
        self._kept_max = kept_max

    def __repr__(self) -> str:
        return f"Mailbox(kept_max={self._kept_max})"

    async def deliver(self, raw: bytes, envelope: Envelope) -> None:
        """Take this RFC 5322 message; it is durable when this returns.

        Raises ``StorageRefused`` or ``StoreOverloaded``, and then nothing of it was kept. A message without any
        recipient is nobody's. Mail has no request id: what was sent twice is here twice.
        """
        assert len(raw) <= MAIL_BYTES_MAX, len(raw)
        subject = subject_of(raw)
        now = self._clock.now_ms()
        ops: list[Op] = [
            tables.insert(
                tables.WholeMailRow(
                    identifier(self._chance), now, _clean(envelope.sender), _clean(recipient), subject, raw
                )
            )
            for recipient in envelope.recipients
        ]
        if ops:
            await self._store.write([*ops, tables.drop_oldest(self._kept_max)])

    async def mails(
        self, to: str | None = None, *, most: int = MAILS_IN_ANSWER_MAX, skip: int = 0
    ) -> Sequence[MailView]:
        """Newest first."""
        query = tables.NEWEST if to is None else tables.NEWEST_TO
        rows = await self._store.read(query, {"to": to, "most": most, "skip": skip})
        return [_view(row) for row in rows]

    async def count(self, to: str | None = None) -> int:
        query = tables.COUNT if to is None else tables.COUNT_TO
        return (await self._store.read(query, {"to": to}))[0].number

    async def read(self, mail_id: str) -> MailContent | None:
        found = await self.raw(mail_id)
        return None if found is None else MailContent(found.view, _text(_parse(found.raw)))

    async def raw(self, mail_id: str) -> RawMail | None:
        """The mail as it came, headers and all."""
        row = await read_one(self._store, tables.ONE, {"mail_id": mail_id})
        return None if row is None else RawMail(_view(tables.MailRow(*row[:-1])), row.raw)


def _view(row: tables.MailRow) -> MailView:
    return MailView(row.mail_id, to_utc(row.received_ms), row.sender, row.recipient, row.subject)


def _parse(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def _clean(text: str) -> str:
    """Without lone surrogates, which neither the store nor the wire can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _head(raw: bytes) -> EmailMessage:
    """What stands before the words of a mail; the words themselves are not looked at."""
    return BytesHeaderParser(policy=email.policy.default).parsebytes(raw)


_PLAIN_HEAD: Final = re.compile(rb"(?:[!-9;-~]+:[\t -~]*\r\n(?:[\t ][\t -~]*\r\n)*)*\r\n")
"""Nothing but fields (RFC 5322 2.2) and the empty line after them, in plain characters."""
_SUBJECT: Final = re.compile(rb"^subject:[\t -~]*\r\n(?:[\t ][\t -~]*\r\n)*", re.IGNORECASE | re.MULTILINE)


def subject_of(raw: bytes) -> str:
    """件名, as it is shown; none if the mail has none.

    The standard library takes 200 µs over a head; there are few subjects, so that of a plain head is read once.
    """
    head = _PLAIN_HEAD.match(raw)
    if head is None:
        return _header(_head(raw), "subject")
    subject = _SUBJECT.search(raw, 0, head.end())
    return "" if subject is None else _subject(subject[0])


@lru_cache(maxsize=64)
def _subject(field: bytes) -> str:
    return _header(_head(field + b"\r\n"), "subject")


def _header(message: EmailMessage, name: str) -> str:
    try:
        text = str(message.get(name, ""))
    except Exception:  # The parser of the standard library raises many things for headers that are none.
        text = ""
    return _clean(" ".join(text.split()))[:HEADER_SHOWN_CHARACTERS_MAX]


def _text(message: EmailMessage) -> str:
    """The words of a mail; for one that can't be read, why not."""
    try:
        body = message.get_body(preferencelist=("plain", "html"))
        text = body.get_content() if body is not None else ""
    except Exception:  # The same: a charset that nobody knows, a part that never ends.
        text = "（本文を読み取れません。もとのメールをご覧ください。）"
    if not isinstance(text, str):
        text = "（本文は文字ではありません。）"
    return _clean(text)[:TEXT_SHOWN_CHARACTERS_MAX]
