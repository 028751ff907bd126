"""Asking for what a folder's owner requests: written down first, asked at once, asked again, given up (REC-3, SELF-7).

Asking is the same work whether it is done at once, while the user waits, or later from the outbox: the request is
written down first, and an outbox row stands for it until somebody has taken it.
"""

from collections.abc import Callable
from operator import eq

import structlog

from portal.accounts.model import OpenedAccount
from portal.accounts.service import Accounts
from portal.folder import tables
from portal.folder.kinds import ASK, GIVE_UP, SERVICES
from portal.folder.model import (
    GUIDANCE_UNANSWERED,
    OPEN_STATES,
    AskOutcome,
    Ended,
    Kind,
    NotNow,
    Request,
    State,
    Taken,
)
from portal.folder.outcomes import Outcomes
from portal.folder.service import Folder
from portal.history.service import History
from portal.seams.chance import Chance, identifier
from portal.seams.clock import Clock
from portal.store import outbox
from portal.store.store import Conflict, StorageRefused, Store, StoreOverloaded, read_one
from portal.wire.history import Action
from portal.wire.limits import REQUESTS_OPEN_MAX
from portal.wire.moments import DAY
from portal.wire.problems import Problem, ProblemCode, problem

log = structlog.get_logger(__name__)

ASKED_AGAIN_MS = 1_000
"""After the user's own task found that there is no answer now."""
ASKED_BY_HAND_MS = 10_000
"""The user's own task asks first; the outbox does it if that task has died by then."""


class Asking:
    """開示請求をする: from the form to the network, and again until somebody has taken it."""

    def __init__(
        self,
        folder: Folder,
        outcomes: Outcomes,
        store: Store,
        clock: Clock,
        chance: Chance,
        accounts: Accounts,
        history: History,
        *,
        asking_again_days_max: int,
    ) -> None:
        self._folder = folder
        self._outcomes = outcomes
        self._store = store
        self._clock = clock
        self._chance = chance
        self._accounts = accounts
        self._history = history
        self._giving_up_ms = asking_again_days_max * DAY
        self.expect_work: Callable[[int], None] = lambda due_ms: None
        """Tells the outbox when something falls due; set once that exists."""

    def __repr__(self) -> str:
        return "Asking()"

    def works(self) -> dict[str, outbox.Work]:
        """What the outbox does for requests."""
        return {**dict.fromkeys(ASK.values(), self._ask_again), GIVE_UP: self._give_up}

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
                    owner,
                    SERVICES[kind],
                    Action.REQUEST,
                    request_id,
                    detail=self._folder.detail(kind, content),
                ),
            ]
            if isinstance(await self._store.write(ops), Conflict):
                params = {"account_id": owner.account_id, "kind": kind, "client_key": key}
                earlier = await read_one(self._store, tables.OWN_BY_KEY, params)
                if earlier is None:
                    return problem(ProblemCode.CONFLICT, "もう一度お試しください。")
                if not is_same(self._folder.asked(owner, earlier), content):
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
        ops = self._outcomes.of_asking(owner, request, outcome, late=False)
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
        self._folder.changed(owner.account_id)

    async def _ask(self, owner: OpenedAccount, request: Request) -> AskOutcome:
        ask = self._folder.kinds[Kind(request.kind)].ask
        return await ask(owner, request, self._folder.asked(owner, request))

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
        return outbox.Finished(tuple(self._outcomes.of_asking(owner, request, outcome, late=True)))

    async def _give_up(self, row: outbox.Row) -> outbox.Finished | outbox.Again:
        request = await read_one(self._store, tables.BY_ID, {"request_id": row.key})
        if request is None or request.state not in OPEN_STATES:
            return outbox.Finished()
        owner = await self._accounts.by_id(request.account_id)
        if owner is None:
            return outbox.Finished()
        ended = Ended(State.UNANSWERED, GUIDANCE_UNANSWERED)
        return outbox.Finished(tuple(self._outcomes.ended(owner, request, ended, late=True)))
