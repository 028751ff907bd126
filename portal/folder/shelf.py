"""What the features of a folder have in common: requests of one kind, shown, listed and read in their own words."""

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

import msgspec

from portal.accounts.model import OpenedAccount
from portal.folder.kinds import Ask, OfKind
from portal.folder.model import (
    GUIDANCE_REFUSED,
    Described,
    Kind,
    NotNow,
    Refused,
    Request,
    Treatment,
    treatment,
)
from portal.folder.service import Folder
from portal.links.link import Unreachable
from portal.wire.history import Action
from portal.wire.problems import Problem

A = TypeVar("A")
"""What is asked, as it is sealed."""
V = TypeVar("V")
"""A request as its owner sees it."""
C = TypeVar("C")
"""The answer's content."""


class Opened(NamedTuple, Generic[V, C]):
    """An answer, opened."""

    request: V
    content: C


class Shelf(Generic[A, V, C]):
    """棚: one kind of thing in the folder.

    *asked* and *content* are the types that are sealed; *shown* makes the view of a request, *described* its line in the
    list of everything, *ask* asks the network; *ticked_as* says by which 特定個人情報名コード a proxy may see it (PRX-4).
    """

    def __init__(
        self,
        folder: Folder,
        kind: Kind,
        asked: type[A],
        content: type[C],
        *,
        shown: Callable[[Request, A], V],
        described: Callable[[A], Described],
        ask: Ask,
        ticked_as: Callable[[A], str] | None = None,
    ) -> None:
        self._folder = folder
        self.kind = kind
        self._asked = msgspec.json.Decoder(asked)
        self._content = msgspec.json.Decoder(content)
        self._shown = shown
        tick = None if ticked_as is None else lambda sealed: ticked_as(self._asked.decode(sealed))
        folder.kinds[kind] = OfKind(ask, lambda sealed: described(self._asked.decode(sealed)), tick)

    def __repr__(self) -> str:
        return f"<Shelf {self.kind}>"

    def show(self, owner: OpenedAccount, request: Request) -> V:
        return self._shown(request, self._asked.decode(self._folder.asked(owner, request)))

    async def view(self, owner: OpenedAccount, request_id: str) -> V | Problem:
        request = await self._folder.own(owner, self.kind, request_id)
        return request if isinstance(request, Problem) else self.show(owner, request)

    async def listed(self, owner: OpenedAccount) -> tuple[V, ...]:
        """Newest first."""
        requests = await self._folder.listed(owner, self.kind)
        asked = map(self._asked.decode, self._folder.asked_each(owner, requests))
        return tuple(map(self._shown, requests, asked))

    async def read(
        self, owner: OpenedAccount, request_id: str, action: Action = Action.VIEW, taken_as: str = ""
    ) -> Opened[V, C] | Problem:
        """The answer, marked as read; *action* and *taken_as* are what the history says of it."""
        found = await self._folder.read(owner, self.kind, request_id, action, taken_as)
        if isinstance(found, Problem):
            return found
        request, content = found
        return Opened(self.show(owner, request), self._content.decode(content))

    async def peek(self, owner: OpenedAccount, request_id: str) -> C | Problem:
        """The answer's content for a purpose of the portal's own; nobody has read it by that."""
        found = await self._folder.peek(owner, self.kind, request_id)
        return found if isinstance(found, Problem) else self._content.decode(found)


def not_answered(outcome: Unreachable | Problem) -> Refused | NotNow:
    """What a call that was not answered means for the request: not now, or never."""
    match outcome:
        case Unreachable(reason):
            return NotNow(reason)
        case Problem(code=code):
            return Refused(GUIDANCE_REFUSED) if treatment(code) is Treatment.REFUSED else NotNow(code)
