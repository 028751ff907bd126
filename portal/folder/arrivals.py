"""Answers that come to the folder from outside, early or late, and users who wait for them (REC-3, SELF-6, SELF-7)."""

from collections.abc import Callable

import trio

from portal.accounts.model import OpenedAccount
from portal.accounts.service import Accounts
from portal.folder import tables
from portal.folder.model import ENDINGS, Answered, Ended, Event, Kind, State, after
from portal.folder.outcomes import Outcomes, no_mails
from portal.folder.service import Folder
from portal.seams.clock import Clock
from portal.store.store import Store, read_one
from portal.wire.problems import Problem, ProblemCode, problem

LOOK_SECONDS: tuple[float, ...] = (0.02, 0.05, 0.1, 0.2)
"""How soon an answer that came to another process is seen by the user who waits; the last from then on."""


class Arrivals:
    """届いた回答."""

    def __init__(
        self, folder: Folder, outcomes: Outcomes, store: Store, clock: Clock, accounts: Accounts
    ) -> None:
        self._folder = folder
        self._outcomes = outcomes
        self._store = store
        self._clock = clock
        self._accounts = accounts
        self._expected: dict[str, trio.Event] = {}
        self.expect_work: Callable[[int], None] = lambda due_ms: None
        """Tells the outbox when something falls due; set once that exists."""

    def __repr__(self) -> str:
        return f"<Arrivals: {len(self._expected)} expected>"

    async def deliver(
        self,
        request_id: str,
        kind: Kind,
        come: Answered | Ended,
        wrong_for: Callable[[bytes], Problem | None] | None = None,
    ) -> Problem | None:
        """What came of a request, from outside: durable on return, and recognised when it comes again.

        *wrong_for* says, given what was asked, why this is no answer to it, if it is none.
        """
        request = await read_one(self._store, tables.BY_ID, {"request_id": request_id})
        owner = None if request is None else await self._accounts.by_id(request.account_id)
        if request is None or owner is None or request.kind != kind:
            return problem(
                ProblemCode.NOT_FOUND, "この請求はありません（取り下げられたか、保存期間が過ぎました）。"
            )
        wrong = None if wrong_for is None else wrong_for(self._folder.asked(owner, request))
        if wrong is not None:
            return wrong
        arrival = self._expected.get(request_id)
        is_late = arrival is None
        if isinstance(come, Answered):
            event = Event.ANSWER
            ops = self._outcomes.answered(owner, request, come.content, late=is_late)
        else:
            event = ENDINGS[come.state]
            ops = self._outcomes.ended(owner, request, come, late=is_late)
        if after(State(request.state), event) is not None:
            # A conflict means that another delivery of the same answer was quicker: just as well.
            await self._store.write(ops)
            if is_late:
                # What came late may have promised a mail.
                self.expect_work(max(self._clock.now_ms(), request.asked_ms + self._outcomes.waiting_ms))
            self._folder.changed(owner.account_id)
        if arrival is not None:
            arrival.set()
        return None

    def expect(self, request_id: str) -> trio.Event:
        """An event that is set when this answer comes, for a user who is waiting; see :meth:`expect_no_more`."""
        return self._expected.setdefault(request_id, trio.Event())

    def expect_no_more(self, request_id: str) -> None:
        self._expected.pop(request_id, None)

    async def wait_for(self, owner: OpenedAccount, kind: Kind, request_id: str, arrival: trio.Event) -> None:
        """Wait until somebody who has taken this request has answered it, here or to another process."""
        looks = 0
        while True:
            current = await self._folder.own(owner, kind, request_id)
            # Only what somebody has taken is on its way.
            if isinstance(current, Problem) or current.state != State.HANDED_OVER:
                break
            if not self._outcomes.waiting_ms:
                await arrival.wait()
                return
            with trio.move_on_after(LOOK_SECONDS[min(looks, len(LOOK_SECONDS) - 1)]):
                await arrival.wait()
            looks += 1
        if self._outcomes.waiting_ms and not arrival.is_set() and not isinstance(current, Problem):
            # It came elsewhere, where nobody knew that its user waits: no mail of what is seen on the screen.
            await self._store.write(no_mails(current))
