"""What happens to a disclosure request and its answer, for records and self-information alike.

Asking is the same work whether it is done at once, while the user waits, or later from the outbox: the request is
written down first, and an outbox row stands for it until somebody has taken it.
"""

from collections.abc import Awaitable, Callable, Sequence
from operator import eq
from typing import NamedTuple

import msgspec
import structlog
import trio

from portal.accounts.model import OpenedAccount
from portal.accounts.service import Accounts
from portal.folder import tables
from portal.folder.model import (
    ENDINGS,
    GUIDANCE_UNANSWERED,
    OPEN_STATES,
    Counted,
    Described,
    Event,
    Kind,
    Request,
    State,
    Tally,
    after,
)
from portal.history.model import detail_of
from portal.history.service import History
from portal.mail.model import MailKey, News
from portal.mail.service import promise, withdraw
from portal.proxies.tables import promise_mails
from portal.seams.chance import Chance, identifier
from portal.seams.clock import Clock
from portal.store import outbox
from portal.store.store import Conflict, Op, StorageRefused, Store, StoreOverloaded, read_one
from portal.wire.history import Action, Service
from portal.wire.limits import REQUESTS_OPEN_MAX
from portal.wire.moments import DAY
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.proxies import Right
from portal.wire.sign_in import MailEvent

log = structlog.get_logger(__name__)

ASK = {Kind.RECORDS: "ask_records", Kind.SELF_INFORMATION: "ask_self_information"}
"""The outbox work that asks the network."""
GIVE_UP = "give_up"
"""The outbox work that ends a request which nobody has answered."""
WORK = (*ASK.values(), GIVE_UP)
"""All that can wait in the outbox for a request."""
ASKED_AGAIN_MS = 1_000
"""After the user's own task found that there is no answer now."""
ASKED_BY_HAND_MS = 10_000
"""The user's own task asks first; the outbox does it if that task has died by then."""
WAITING_MARGIN_MS = 15_000
"""A user's wait begins after the network was asked, so it may end that much later."""
ARRIVAL_LOOK_SECONDS: tuple[float, ...] = (0.02, 0.05, 0.1, 0.2)
"""How soon an answer that came to another process is seen by the user who waits; the last from then on."""
SWEEP_SECONDS = 10 * 60.0

SERVICES = {Kind.RECORDS: Service.RECORDS, Kind.SELF_INFORMATION: Service.SELF_INFORMATION}
"""As what they stand in the history."""
MAIL_EVENTS = {
    Kind.RECORDS: MailEvent.LATE_RECORDS,
    Kind.SELF_INFORMATION: MailEvent.LATE_SELF_INFORMATION,
}


RIGHTS = {Kind.RECORDS: Right.RECORDS, Kind.SELF_INFORMATION: Right.SELF_INFORMATION}
"""What a proxy must have been granted to see one."""


class Answered(NamedTuple):
    content: bytes


class Taken(NamedTuple):
    """The network owes the answer."""


class Refused(NamedTuple):
    guidance: str


class Ended(NamedTuple):
    """It came to an end without content."""

    state: State
    guidance: str


class NotNow(NamedTuple):
    """Ask again later."""

    reason: str


AskOutcome = Answered | Taken | Refused | NotNow
Ask = Callable[[OpenedAccount, Request, bytes], Awaitable[AskOutcome]]
"""Asks the network about an unsealed request."""
Tick = Callable[[bytes], str]
"""特定個人情報名コード of an unsealed request, without which a proxy does not see it (PRX-4)."""
Describe = Callable[[bytes], Described]
"""Says in the folder's list what an unsealed request is about."""


NOT_IN_FOLDER = problem(
    ProblemCode.NOT_FOUND,
    "利用者フォルダーに、これはありません。見終わったものはログアウトすると消えます。",
)


class Folder:
    """利用者フォルダー."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        chance: Chance,
        accounts: Accounts,
        history: History,
        *,
        asking_again_days_max: int,
        wait_seconds: float,
    ) -> None:
        self._store = store
        self._clock = clock
        self._chance = chance
        self._accounts = accounts
        self._history = history
        # An answer may come to another process than the one where its user waits.
        self._waiting_ms = int(wait_seconds * 1000) + WAITING_MARGIN_MS if not store.sole_writer else 0
        self._giving_up_ms = asking_again_days_max * DAY
        self._asks: dict[Kind, Ask] = {}
        self._describes: dict[Kind, Describe] = {}
        self._ticks: dict[Kind, Tick] = {}
        self._arrivals: dict[str, trio.Event] = {}
        self.expect_work: Callable[[int], None] = lambda due_ms: None
        """Tells the outbox when something falls due; set once that exists."""
        self.changed: Callable[[str], None] = lambda account_id: None
        """Tells whoever watches an account that something in its folder is different; set once somebody does."""

    def __repr__(self) -> str:
        return "Folder()"

    def add_kind(self, kind: Kind, ask: Ask, describe: Describe, tick: Tick | None = None) -> None:
        """What a feature brings along for the things of its kind."""
        if tick is not None:
            self._ticks[kind] = tick
        self._asks[kind] = ask
        self._describes[kind] = describe

    def works(self) -> dict[str, outbox.Work]:
        """The folder's outbox work."""
        return {
            ASK[Kind.RECORDS]: self._ask_again,
            ASK[Kind.SELF_INFORMATION]: self._ask_again,
            GIVE_UP: self._give_up,
        }

    # Asking

    async def accept(
        self,
        owner: OpenedAccount,
        kind: Kind,
        contents: list[tuple[str | None, bytes]],
        is_same: Callable[[bytes, bytes], bool] = eq,
    ) -> list[Request] | Problem:
        """Write these requests down (client key, what is asked); a key that was used before finds its request.

        The same key for something else (*is_same* tells) is refused: its sender would take one answer for another.
        """
        total = await self._store.read(tables.TOTAL_OF, {"account_id": owner.account_id})
        if total[0].total + len(contents) > REQUESTS_OPEN_MAX:
            return problem(
                ProblemCode.CONFLICT,
                f"フォルダーに入る請求は{REQUESTS_OPEN_MAX}件までです。読んだものはログアウトすると消えます。",
            )
        now = self._clock.now_ms()
        requests: list[Request] = []
        for client_key, content in contents:
            request_id = identifier(self._chance)
            sealed = self._accounts.seal(owner.account, f"asked/{request_id}", content)
            request = Request(
                request_id, owner.account_id, kind, State.ASKING, sealed, now, None, None, None, None
            )
            key = client_key if client_key is not None else request_id
            ops = [
                tables.insert(request, key),
                outbox.put_two(
                    ASK[kind],
                    GIVE_UP,
                    request_id,
                    due_ms=now + ASKED_BY_HAND_MS,
                    due_2_ms=now + self._giving_up_ms,
                    now_ms=now,
                ),
                self._history.line(
                    owner, SERVICES[kind], Action.REQUEST, request_id, detail=self._detail(kind, content)
                ),
            ]
            if isinstance(await self._store.write(ops), Conflict):
                params = {"account_id": owner.account_id, "kind": kind, "client_key": key}
                earlier = await read_one(self._store, tables.OWN_BY_KEY, params)
                if earlier is None:
                    return problem(ProblemCode.CONFLICT, "もう一度お試しください。")
                if not is_same(self.asked(owner, earlier), content):
                    return problem(
                        ProblemCode.CONFLICT,
                        "同じ key で、内容の違う請求がすでにあります。新しい請求には新しい key を付けてください。",
                        field="$.key",
                    )
                request = earlier
            requests.append(request)
        self.expect_work(now + ASKED_BY_HAND_MS)
        return requests

    async def ask_now(self, owner: OpenedAccount, request: Request) -> None:
        """Ask while the user waits. Whatever goes wrong here, the outbox asks again."""
        if request.state is not State.ASKING:
            return
        outcome = await self._ask(owner, request)
        now = self._clock.now_ms()
        ops = self._ops_of(owner, request, outcome, late=False)
        if isinstance(outcome, NotNow):
            ops.append(outbox.hurry(ASK[request.kind], request.request_id, now_ms=now + ASKED_AGAIN_MS))
        elif isinstance(outcome, Taken):
            ops.append(outbox.remove(ASK[request.kind], request.request_id))
        try:
            if isinstance(await self._store.write(ops), Conflict):
                # Answered meanwhile from elsewhere; the outbox finds nothing left to do.
                log.info("answered_meanwhile", request=request.request_id)
        except (StorageRefused, StoreOverloaded) as refusal:
            # The request itself is safe, and so is its outbox row.
            log.error("answer_not_written", request=request.request_id, reason=str(refusal))
        if isinstance(outcome, NotNow):
            self.expect_work(now + ASKED_AGAIN_MS)
        self.changed(owner.account_id)

    async def _ask(self, owner: OpenedAccount, request: Request) -> AskOutcome:
        asked = self._accounts.unseal(owner.account, f"asked/{request.request_id}", request.asked)
        return await self._asks[Kind(request.kind)](owner, request, asked)

    async def _ask_again(self, row: outbox.Row) -> outbox.Finished | outbox.Again:
        request = await read_one(self._store, tables.BY_ID, {"request_id": row.key})
        if request is None or request.state != State.ASKING:
            return outbox.Finished()
        owner = await self._accounts.by_id(request.account_id)
        if owner is None:
            return outbox.Finished()
        outcome = await self._ask(owner, request)
        if isinstance(outcome, NotNow):
            return outbox.Again(outcome.reason)
        return outbox.Finished(tuple(self._ops_of(owner, request, outcome, late=True)))

    def _ops_of(self, owner: OpenedAccount, request: Request, outcome: AskOutcome, *, late: bool) -> list[Op]:
        now = self._clock.now_ms()
        match outcome:
            case Answered(content):
                return self._answer_ops(owner, request, content, now, late=late)
            case Taken():
                # The answer may have overtaken the news that it would come: then this changes nothing.
                return [tables.take(request.request_id)._replace(changes=None)]
            case Refused(guidance):
                return self._ending_ops(owner, request, Ended(State.REFUSED, guidance), now, late=late)
            case NotNow():
                return []

    def _answer_ops(
        self, owner: OpenedAccount, request: Request, content: bytes, now: int, *, late: bool
    ) -> list[Op]:
        sealed = self._accounts.seal(owner.account, f"content/{request.request_id}", content)
        # Must change the request, or all is undone: of two answers that race, one is kept and one mail is sent.
        return [
            tables.answer(request.request_id, sealed, now),
            *(self._mail_ops(owner, request, News.ANSWERED) if late else ()),
            _nothing_left(request),
        ]

    def _ending_ops(
        self, owner: OpenedAccount, request: Request, ended: Ended, now: int, *, late: bool
    ) -> list[Op]:
        return [
            tables.end_without_answer(request.request_id, ended.state, ended.guidance, now),
            *(self._mail_ops(owner, request, News.ENDED) if late else ()),
            _nothing_left(request),
        ]

    def _mail_ops(self, owner: OpenedAccount, request: Request, news: News) -> list[Op]:
        """A mail about what came late, if it is wished (REC-3, SELF-7)."""
        now, due = self._clock.now_ms(), request.asked_ms + self._waiting_ms
        to_proxies = promise_mails(MailKey(*self._mail(request), news), due, now)
        if not owner.mails_about(MAIL_EVENTS[Kind(request.kind)]):
            return [to_proxies]
        return [promise(*self._mail(request), news, due_ms=due), to_proxies]

    def _mail(self, request: Request) -> tuple[MailEvent, str, str, int]:
        return MAIL_EVENTS[Kind(request.kind)], request.account_id, request.request_id, request.asked_ms

    async def _give_up(self, row: outbox.Row) -> outbox.Finished | outbox.Again:
        request = await read_one(self._store, tables.BY_ID, {"request_id": row.key})
        if request is None or request.state not in OPEN_STATES:
            return outbox.Finished()
        owner = await self._accounts.by_id(request.account_id)
        if owner is None:
            return outbox.Finished()
        ended = Ended(State.UNANSWERED, GUIDANCE_UNANSWERED)
        ops = self._ending_ops(owner, request, ended, self._clock.now_ms(), late=True)
        return outbox.Finished(tuple(ops))

    # Answers that come to the folder

    async def deliver(self, request_id: str, kind: Kind, come: Answered | Ended) -> Problem | None:
        """What came of a request, from outside: durable on return, and recognised when it comes again."""
        request = await read_one(self._store, tables.BY_ID, {"request_id": request_id})
        owner = None if request is None else await self._accounts.by_id(request.account_id)
        if request is None or owner is None or request.kind != kind:
            return problem(
                ProblemCode.NOT_FOUND, "この請求はありません（取り下げられたか、保存期間が過ぎました）。"
            )
        now = self._clock.now_ms()
        arrival = self._arrivals.get(request_id)
        is_late = arrival is None
        if isinstance(come, Answered):
            event = Event.ANSWER
            ops = self._answer_ops(owner, request, come.content, now, late=is_late)
        else:
            event = ENDINGS[come.state]
            ops = self._ending_ops(owner, request, come, now, late=is_late)
        if after(State(request.state), event) is not None:
            # A conflict means that another delivery of the same answer was quicker: just as well.
            await self._store.write(ops)
            if is_late:
                # What came late may have promised a mail.
                self.expect_work(max(now, request.asked_ms + self._waiting_ms))
            self.changed(owner.account_id)
        if arrival is not None:
            arrival.set()
        return None

    def expect(self, request_id: str) -> trio.Event:
        """An event that is set when this answer comes, for a user who is waiting; see :meth:`expect_no_more`."""
        return self._arrivals.setdefault(request_id, trio.Event())

    def expect_no_more(self, request_id: str) -> None:
        self._arrivals.pop(request_id, None)

    async def wait_for(self, owner: OpenedAccount, kind: Kind, request_id: str, arrival: trio.Event) -> None:
        """Wait until somebody who has taken this request has answered it, here or to another process."""
        looks = 0
        while True:
            current = await self.own(owner, kind, request_id)
            # Only what somebody has taken is on its way.
            if isinstance(current, Problem) or current.state != State.HANDED_OVER:
                break
            if not self._waiting_ms:
                await arrival.wait()
                return
            with trio.move_on_after(ARRIVAL_LOOK_SECONDS[min(looks, len(ARRIVAL_LOOK_SECONDS) - 1)]):
                await arrival.wait()
            looks += 1
        if self._waiting_ms and not arrival.is_set() and not isinstance(current, Problem):
            # It came elsewhere, where nobody knew that its user waits: no mail of what is seen on the screen.
            await self._store.write([withdraw(*self._mail(current), news) for news in News])

    # Reading

    def _in_reach(self, owner: OpenedAccount, request: Request) -> bool:
        """Whether the hand that holds this folder may see this (FLD-1, PRX-3, 4); its owner's may see all."""
        if owner.by is None:
            return True
        kind = Kind(request.kind)
        tick = self._ticks.get(kind)
        return RIGHTS[kind] in owner.by.rights and (
            tick is None or tick(self.asked(owner, request)) in owner.by.information
        )

    async def own(self, owner: OpenedAccount, kind: Kind, request_id: str) -> Request | Problem:
        """The owner's own request. Another's is as if it did not exist (FLD-1)."""
        params = {"request_id": request_id, "account_id": owner.account_id, "kind": kind}
        request = await read_one(self._store, tables.OWN, params)
        if request is None or not self._in_reach(owner, request):
            return problem(
                ProblemCode.NOT_FOUND, "この請求はありません。読んだ回答はログアウトすると消えます。"
            )
        return request

    async def listed(self, owner: OpenedAccount, kind: Kind) -> list[Request]:
        """Newest first, without contents."""
        requests = await self._store.read(tables.LISTED, {"account_id": owner.account_id, "kind": kind})
        return requests if owner.by is None else [each for each in requests if self._in_reach(owner, each)]

    async def read(
        self,
        owner: OpenedAccount,
        kind: Kind,
        request_id: str,
        action: Action = Action.VIEW,
        taken_as: str = "",
    ) -> tuple[Request, bytes] | Problem:
        """The answer, marked as read, and in the history as viewed or taken home (as what), before it is handed out.

        What a proxy reads stays unread: its owner has not seen it, and must find it when they come (FLD-3).
        """
        request = await self.own(owner, kind, request_id)
        if isinstance(request, Problem):
            return request
        content = self._opened(owner, request)
        if isinstance(content, Problem):
            return content
        now = self._clock.now_ms()
        detail = self._detail(kind, self.asked(owner, request), taken_as)
        ops = [self._history.line(owner, SERVICES[kind], action, request_id, detail=detail)]
        if request.read_ms is None and owner.by is None:
            ops.append(tables.mark_read(request_id, owner.account_id, now))
            request = request._replace(read_ms=now)
        await self._store.write(ops)
        return request, content

    async def peek(self, owner: OpenedAccount, kind: Kind, request_id: str) -> bytes | Problem:
        """The answer, for a purpose of the portal's own: it is not marked as read."""
        request = await self.own(owner, kind, request_id)
        return request if isinstance(request, Problem) else self._opened(owner, request)

    def _opened(self, owner: OpenedAccount, request: Request) -> bytes | Problem:
        if request.content is None:
            return problem(
                ProblemCode.CONFLICT, request.guidance or "まだ回答が届いていません。届くまでお待ちください。"
            )
        return self._accounts.unseal(owner.account, f"content/{request.request_id}", request.content)

    async def asked_under(self, request_id: str, kind: Kind) -> bytes | None:
        """What was asked in this request, whoever's it is; None when there is none. For checking what is delivered."""
        request = await read_one(self._store, tables.BY_ID, {"request_id": request_id})
        owner = None if request is None else await self._accounts.by_id(request.account_id)
        if request is None or owner is None or request.kind != kind:
            return None
        return self.asked(owner, request)

    def asked(self, owner: OpenedAccount, request: Request) -> bytes:
        """What was asked."""
        return self._accounts.unseal(owner.account, f"asked/{request.request_id}", request.asked)

    def asked_each(self, owner: OpenedAccount, requests: Sequence[Request]) -> list[bytes]:
        """:meth:`asked` of many requests of one owner."""
        opened = self._accounts.opener(owner.account)
        return [opened(f"asked/{request.request_id}", request.asked) for request in requests]

    async def everything(self, owner: OpenedAccount) -> list[tuple[Request, Described]]:
        """All that lies in the folder, of every kind; what came last first."""
        requests = await self._store.read(tables.EVERYTHING, {"account_id": owner.account_id})
        if owner.by is not None:
            requests = [each for each in requests if self._in_reach(owner, each)]
        each = zip(requests, self.asked_each(owner, requests), strict=True)
        return [(request, self._describes[Kind(request.kind)](asked)) for request, asked in each]

    async def page(
        self,
        owner: OpenedAccount,
        kind: Kind | None,
        *,
        unread: bool,
        since_ms: int,
        until_ms: int,
        at_ms: int,
        after: str,
        most: int,
    ) -> list[Request]:
        """So many, what came last first, without contents: those of a period after the one of this moment and name."""
        params: dict[str, object] = {
            "account_id": owner.account_id,
            "since": since_ms,
            "until": until_ms,
            "before": at_ms,
            "behind": after,
            "most": most,
        }
        if kind is not None:
            params["kind"] = kind
        requests = await self._store.read(tables.PAGE[kind is not None, unread], params)
        return requests if owner.by is None else [each for each in requests if self._in_reach(owner, each)]

    def described(self, owner: OpenedAccount, request: Request) -> Described:
        return self._describes[Kind(request.kind)](self.asked(owner, request))

    def _detail(self, kind: Kind, asked: bytes, taken_as: str = "") -> str:
        """What the history says of a request (HIS-2): a period, or information and who has it."""
        title, sender = self._describes[kind](asked)
        # All records come from the same place.
        return detail_of(title, "" if kind is Kind.RECORDS else sender, taken_as)

    async def of_any_kind(self, owner: OpenedAccount, request_id: str) -> Request | Problem:
        """Without its content. Another's is as if it did not exist (FLD-1)."""
        params = {"request_id": request_id, "account_id": owner.account_id}
        found = await read_one(self._store, tables.OF_ANY_KIND, params)
        return NOT_IN_FOLDER if found is None or not self._in_reach(owner, found) else found

    async def delete(
        self, owner: OpenedAccount, request_id: str, *, only_open: bool = False
    ) -> Problem | None:
        """By hand (FLD-5): with it goes all work that was still to be done for it; an answer to come finds nothing.

        *only_open*: nothing is deleted once an answer has come.
        """
        request = await self.of_any_kind(owner, request_id)
        if isinstance(request, Problem):
            return request
        kind = Kind(request.kind)
        ops = [
            tables.delete(request_id, owner.account_id, only_open=only_open),
            outbox.remove(ASK[kind], request_id),
            outbox.remove(GIVE_UP, request_id),
            *(withdraw(*self._mail(request), news) for news in News),
            self._history.line(
                owner,
                SERVICES[kind],
                Action.DELETE,
                request_id,
                detail=self._detail(kind, self.asked(owner, request)),
            ),
        ]
        return NOT_IN_FOLDER if isinstance(await self._store.write(ops), Conflict) else None

    async def unread(self, owner: OpenedAccount) -> Counted:
        rows = await self._store.read(tables.UNREAD, {"account_id": owner.account_id})
        return msgspec.convert({row.kind: row.total for row in rows}, Counted)

    async def tally(self, owner: OpenedAccount) -> dict[Kind, Tally]:
        """Of every kind, also of those of which there is none."""
        if owner.by is not None:
            return await self._tally_in_reach(owner)
        rows = await self._store.read(tables.TALLY, {"account_id": owner.account_id})
        return {kind: Tally(kind, 0, 0, 0) for kind in Kind} | {Kind(row.kind): row for row in rows}

    async def stamp(self, owner: OpenedAccount) -> str:
        """What is different when something has come, ended or gone; it says nothing of what."""
        (row,) = await self._store.read(tables.STAMP, {"account_id": owner.account_id})
        return f"{row.total}-{row.open}-{row.answered_ms}"

    async def _tally_in_reach(self, owner: OpenedAccount) -> dict[Kind, Tally]:
        """Counted one by one: also how many there are of something is not everybody's business (PRX-4)."""
        every = {kind: await self.listed(owner, kind) for kind in Kind}
        return {
            kind: Tally(
                kind,
                sum(each.state in OPEN_STATES for each in requests),
                sum(each.state == State.ANSWERED and each.read_ms is None for each in requests),
                sum(each.read_ms is not None for each in requests),
            )
            for kind, requests in every.items()
        }

    async def sweep(self) -> None:
        """Delete what was not read for a year (FLD-3)."""
        await self._store.write([tables.delete_outdated(self._clock.now_ms())])


def _nothing_left(request: Request) -> Op:
    """Nobody need ask for it again, and nobody end it."""
    return outbox.remove_two(ASK[Kind(request.kind)], GIVE_UP, request.request_id)
