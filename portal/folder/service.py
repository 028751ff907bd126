"""利用者フォルダー: what lies in it, looked at, read, deleted (FLD-1, 3, 5), for records and self-information alike.

How it comes there is `portal.folder.asking` and `portal.folder.arrivals`.
"""

from collections.abc import Callable, Sequence

import msgspec

from portal.accounts.model import OpenedAccount
from portal.accounts.service import Accounts
from portal.folder import tables
from portal.folder.kinds import ASK, GIVE_UP, RIGHTS, SERVICES, OfKind
from portal.folder.model import OPEN_STATES, Counted, Described, Kind, Request, State, Tally
from portal.folder.outcomes import no_mails
from portal.history.service import History
from portal.seams.clock import Clock
from portal.store import outbox
from portal.store.store import Conflict, Store, read_one
from portal.wire.history import Action
from portal.wire.problems import Problem, ProblemCode, problem

SWEEP_SECONDS = 10 * 60.0

NOT_IN_FOLDER = problem(
    ProblemCode.NOT_FOUND,
    "利用者フォルダーに、これはありません。見終わったものはログアウトすると消えます。",
)


class Folder:
    """利用者フォルダー."""

    def __init__(self, store: Store, clock: Clock, accounts: Accounts, history: History) -> None:
        self._store = store
        self._clock = clock
        self._accounts = accounts
        self._history = history
        self.kinds: dict[Kind, OfKind] = {}
        """What each feature brings along for the things of its kind; put there by its shelf."""
        self.changed: Callable[[str], None] = lambda account_id: None
        """Tells whoever watches an account that something in its folder is different; set once somebody does."""

    def __repr__(self) -> str:
        return "Folder()"

    def _in_reach(self, owner: OpenedAccount, request: Request) -> bool:
        """Whether the hand that holds this folder may see this (FLD-1, PRX-3, 4); its owner's may see all."""
        if owner.by is None:
            return True
        kind = Kind(request.kind)
        tick = self.kinds[kind].tick
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

    async def of_any_kind(self, owner: OpenedAccount, request_id: str) -> Request | Problem:
        """Without its content. Another's is as if it did not exist (FLD-1)."""
        params = {"request_id": request_id, "account_id": owner.account_id}
        found = await read_one(self._store, tables.OF_ANY_KIND, params)
        return NOT_IN_FOLDER if found is None or not self._in_reach(owner, found) else found

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

    # What was asked, and what came

    def asked(self, owner: OpenedAccount, request: Request) -> bytes:
        """What was asked."""
        return self._accounts.unseal(owner.account, f"asked/{request.request_id}", request.asked)

    def asked_each(self, owner: OpenedAccount, requests: Sequence[Request]) -> list[bytes]:
        """:meth:`asked` of many requests of one owner."""
        opened = self._accounts.opener(owner.account)
        return [opened(f"asked/{request.request_id}", request.asked) for request in requests]

    def described(self, owner: OpenedAccount, request: Request) -> Described:
        return self.kinds[Kind(request.kind)].describe(self.asked(owner, request))

    async def everything(self, owner: OpenedAccount) -> list[tuple[Request, Described]]:
        """All that lies in the folder, of every kind; what came last first."""
        requests = await self._store.read(tables.EVERYTHING, {"account_id": owner.account_id})
        if owner.by is not None:
            requests = [each for each in requests if self._in_reach(owner, each)]
        each = zip(requests, self.asked_each(owner, requests), strict=True)
        return [(request, self.kinds[Kind(request.kind)].describe(asked)) for request, asked in each]

    def detail(self, kind: Kind, asked: bytes, taken_as: str = "") -> str:
        """What the history says of a request (HIS-2)."""
        return self.kinds[kind].detail(kind, asked, taken_as)

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
        detail = self.detail(kind, self.asked(owner, request), taken_as)
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

    # Deleting

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
            *no_mails(request),
            self._history.line(
                owner,
                SERVICES[kind],
                Action.DELETE,
                request_id,
                detail=self.detail(kind, self.asked(owner, request)),
            ),
        ]
        return NOT_IN_FOLDER if isinstance(await self._store.write(ops), Conflict) else None

    async def sweep(self) -> None:
        """Delete what was not read for a year (FLD-3)."""
        await self._store.write([tables.delete_outdated(self._clock.now_ms())])

    # Counting

    async def unread(self, owner: OpenedAccount) -> Counted:
        rows = await self._store.read(tables.UNREAD, {"account_id": owner.account_id})
        return msgspec.convert({row.kind: row.total for row in rows}, Counted)

    async def tally(self, owner: OpenedAccount) -> dict[Kind, Tally]:
        """Of every kind, also of those of which there is none."""
        if owner.by is not None:
            return await self._tally_in_reach(owner)
        rows = await self._store.read(tables.TALLY, {"account_id": owner.account_id})
        return {kind: Tally(kind, 0, 0, 0) for kind in Kind} | {Kind(row.kind): row for row in rows}

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

    async def stamp(self, owner: OpenedAccount) -> str:
        """What is different when something has come, ended or gone; it says nothing of what."""
        (row,) = await self._store.read(tables.STAMP, {"account_id": owner.account_id})
        return f"{row.total}-{row.open}-{row.answered_ms}"
