"""What is written when a request is answered or ends: its answer sealed, the mail that was wished, no work left.

All of it is operations for one transaction; nothing here reads or writes by itself.
"""

from portal.accounts.model import OpenedAccount
from portal.accounts.service import Accounts
from portal.folder import tables
from portal.folder.kinds import ASK, GIVE_UP, MAIL_EVENTS
from portal.folder.model import Answered, AskOutcome, Ended, Kind, NotNow, Refused, Request, State, Taken
from portal.mail.model import MailKey, News
from portal.mail.service import promise, withdraw
from portal.proxies.tables import promise_mails
from portal.seams.clock import Clock
from portal.store import outbox
from portal.store.store import Op

WAITING_MARGIN_MS = 15_000
"""A user's wait begins after the network was asked, so it may end that much later."""


class Outcomes:
    """What comes of requests, as it is written down."""

    def __init__(self, accounts: Accounts, clock: Clock, *, wait_seconds: float | None) -> None:
        """*wait_seconds*: how long users wait, where an answer may come to another process than theirs; else None."""
        self._accounts = accounts
        self._clock = clock
        self.waiting_ms = 0 if wait_seconds is None else int(wait_seconds * 1000) + WAITING_MARGIN_MS
        """How long a mail about a late answer waits for a user who may see it on the screen."""

    def __repr__(self) -> str:
        return "Outcomes()"

    def of_asking(
        self, owner: OpenedAccount, request: Request, outcome: AskOutcome, *, late: bool
    ) -> list[Op]:
        match outcome:
            case Answered(content):
                return self.answered(owner, request, content, late=late)
            case Taken():
                # The answer may have overtaken the news that it would come: then this changes nothing.
                return [tables.take(request.request_id)._replace(changes=None)]
            case Refused(guidance):
                return self.ended(owner, request, Ended(State.REFUSED, guidance), late=late)
            case NotNow():
                return []

    def answered(self, owner: OpenedAccount, request: Request, content: bytes, *, late: bool) -> list[Op]:
        """*late*: nobody waits at a screen for it."""
        sealed = self._accounts.seal(owner.account, f"content/{request.request_id}", content)
        # Must change the request, or all is undone: of two answers that race, one is kept and one mail is sent.
        return [
            tables.answer(request.request_id, sealed, self._clock.now_ms()),
            *(self._mail_ops(owner, request, News.ANSWERED) if late else ()),
            _nothing_left(request),
        ]

    def ended(self, owner: OpenedAccount, request: Request, ended: Ended, *, late: bool) -> list[Op]:
        now = self._clock.now_ms()
        return [
            tables.end_without_answer(request.request_id, ended.state, ended.guidance, now),
            *(self._mail_ops(owner, request, News.ENDED) if late else ()),
            _nothing_left(request),
        ]

    def _mail_ops(self, owner: OpenedAccount, request: Request, news: News) -> list[Op]:
        """A mail about what came late, if it is wished (REC-3, SELF-7)."""
        now, due = self._clock.now_ms(), request.asked_ms + self.waiting_ms
        to_proxies = promise_mails(_mail(request, news), due, now)
        if not owner.mails_about(MAIL_EVENTS[Kind(request.kind)]):
            return [to_proxies]
        return [promise(*_mail(request, news), due_ms=due), to_proxies]


def no_mails(request: Request) -> list[Op]:
    """No mail of what is seen on the screen, or is no more."""
    return [withdraw(*_mail(request, news)) for news in News]


def _mail(request: Request, news: News) -> MailKey:
    event = MAIL_EVENTS[Kind(request.kind)]
    return MailKey(event, request.account_id, request.request_id, request.asked_ms, news)


def _nothing_left(request: Request) -> Op:
    """Nobody need ask for it again, and nobody end it."""
    return outbox.remove_two(ASK[Kind(request.kind)], GIVE_UP, request.request_id)
