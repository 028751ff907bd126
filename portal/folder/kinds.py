"""What each kind of request brings along: how it is asked for, named, granted, and called elsewhere in the portal."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from portal.accounts.model import OpenedAccount
from portal.folder.model import AskOutcome, Described, Kind, Request
from portal.history.model import detail_of
from portal.wire.history import Service
from portal.wire.proxies import Right
from portal.wire.sign_in import MailEvent

ASK = {Kind.RECORDS: "ask_records", Kind.SELF_INFORMATION: "ask_self_information"}
"""The outbox work that asks the network."""
GIVE_UP = "give_up"
"""The outbox work that ends a request which nobody has answered."""
WORK = (*ASK.values(), GIVE_UP)
"""All that can wait in the outbox for a request."""

SERVICES = {Kind.RECORDS: Service.RECORDS, Kind.SELF_INFORMATION: Service.SELF_INFORMATION}
"""As what they stand in the history."""
MAIL_EVENTS = {
    Kind.RECORDS: MailEvent.LATE_RECORDS,
    Kind.SELF_INFORMATION: MailEvent.LATE_SELF_INFORMATION,
}
RIGHTS = {Kind.RECORDS: Right.RECORDS, Kind.SELF_INFORMATION: Right.SELF_INFORMATION}
"""What a proxy must have been granted to see one."""

Ask = Callable[[OpenedAccount, Request, bytes], Awaitable[AskOutcome]]
"""Asks the network about an unsealed request."""
Tick = Callable[[bytes], str]
"""特定個人情報名コード of an unsealed request, without which a proxy does not see it (PRX-4)."""
Describe = Callable[[bytes], Described]
"""Says in the folder's list what an unsealed request is about."""


class OfKind(NamedTuple):
    """What a feature brings along for the things of its kind."""

    ask: Ask
    describe: Describe
    tick: Tick | None = None

    def detail(self, kind: Kind, asked: bytes, taken_as: str = "") -> str:
        """What the history says of a request (HIS-2): a period, or information and who has it."""
        title, sender = self.describe(asked)
        # All records come from the same place.
        return detail_of(title, "" if kind is Kind.RECORDS else sender, taken_as)
