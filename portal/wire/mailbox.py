"""Operations of the simulated mailbox."""

from datetime import datetime
from typing import Annotated

import msgspec

from portal.wire.operation import Message, Method, Operation
from portal.wire.problems import ProblemCode as P
from portal.wire.systems import Party, System

MAILS_IN_ANSWER_MAX = 200


class ListMails(Message, frozen=True):
    """Newest first."""

    to: Annotated[str, msgspec.Meta(max_length=254)] | None = None


class MailView(msgspec.Struct, frozen=True):
    mail_id: str
    received_at: datetime
    sender: str
    recipient: str
    subject: str


class Mails(msgspec.Struct, frozen=True):
    mails: tuple[MailView, ...]


class OneMail(Message, frozen=True):
    mail_id: Annotated[str, msgspec.Meta(max_length=64)]


class MailContent(msgspec.Struct, frozen=True):
    mail: MailView
    text: str


LIST_MAILS = Operation(
    "mailbox.list", System.MAILBOX, Method.GET, "/api/mails", ListMails, Mails,
    callers=[Party.ANYONE], repeatable=True, requirements=["ACC-6"], summary="届いたメールの一覧",
)  # fmt: skip

READ_MAIL = Operation(
    "mailbox.read", System.MAILBOX, Method.GET, "/api/mails/{mail_id}", OneMail, MailContent,
    callers=[Party.ANYONE], repeatable=True, requirements=["ACC-6"], summary="届いたメールを読む", problems=[P.NOT_FOUND],
)  # fmt: skip

OPERATIONS = (LIST_MAILS, READ_MAIL)
