"""受信箱: merges what lies in the folder's tables into one list, page by page (FLD-3, 4, 5)."""

from collections.abc import Awaitable, Callable
from heapq import merge
from typing import NamedTuple

from portal.accounts.model import OpenedAccount
from portal.folder.model import Kind, Request, State
from portal.folder.service import Folder
from portal.inbox.model import Cursor, Place, Wanted, read_cursor, says, wanted_of, words_of
from portal.inquiries.model import KINDS, Inquiry
from portal.inquiries.model import State as InquiryPlace
from portal.inquiries.model import kept_until_ms as inquiry_kept_until_ms
from portal.inquiries.service import InquiryBox
from portal.notices.model import NoticeRow
from portal.notices.service import NoticeBox
from portal.seams.clock import Clock
from portal.wire.inbox import InboxItem, InboxItems, InboxKind, InboxState, ListInbox
from portal.wire.limits import INBOX_SEARCHED_MAX
from portal.wire.moments import day_of, to_jst
from portal.wire.notices import NoticeState, NoticeView
from portal.wire.problems import Problem, ProblemCode, problem

OPERATOR = "マイナポータル運用者"
_REQUESTS = {InboxKind.RECORDS: Kind.RECORDS, InboxKind.SELF_INFORMATION: Kind.SELF_INFORMATION}
_NOTICES = frozenset([InboxKind.NOTICE, InboxKind.QUESTIONNAIRE])
_NOTICE_STATES = {
    NoticeState.UNOPENED: InboxState.UNREAD,
    NoticeState.OPENED: InboxState.READ,
    NoticeState.WITHDRAWN: InboxState.WITHDRAWN,
}


class Head(NamedTuple):
    """One thing, as it is found in its table: it is unsealed only when it is shown."""

    at_ms: int
    after: Callable[[Cursor], Cursor]
    """Where the list stands once this was shown."""
    shown: Callable[[], Awaitable[InboxItem | None]]
    """None when it went meanwhile."""


class Inbox:
    """受信箱."""

    def __init__(self, folder: Folder, notices: NoticeBox, inquiries: InquiryBox, clock: Clock) -> None:
        self._clock = clock
        self._folder = folder
        self._notices = notices
        self._inquiries = inquiries

    def __repr__(self) -> str:
        return "Inbox()"

    async def listed(self, owner: OpenedAccount, query: ListInbox) -> InboxItems | Problem:
        """So many things, what came last first."""
        wanted = wanted_of(query)
        if isinstance(wanted, Problem):
            return wanted
        cursor = Cursor(self._clock.now_ms() + 1) if query.before is None else read_cursor(query.before)
        if cursor is None:
            return problem(
                ProblemCode.UNPROCESSABLE, "before には、前の回答の next を入れてください。", field="$.before"
            )
        wanted = wanted._replace(until_ms=min(wanted.until_ms, cursor.until_ms))
        words = words_of(query.text)
        scanned_max = INBOX_SEARCHED_MAX if words else query.most
        # One more than is looked at tells whether there are more.
        heads = await self._heads(owner, wanted, cursor, scanned_max + 1)
        found: list[InboxItem] = []
        for scanned, head in enumerate(heads):
            if len(found) == query.most or scanned == scanned_max:
                return InboxItems(tuple(found), cursor.text())
            cursor = head.after(cursor)
            item = await head.shown()
            if item is not None and says(words, item.title, item.sender):
                found.append(item)
        return InboxItems(tuple(found), None)

    async def _heads(self, owner: OpenedAccount, wanted: Wanted, cursor: Cursor, most: int) -> list[Head]:
        sources: list[list[Head]] = []
        kind = wanted.kind
        if kind is None or kind in _REQUESTS:
            sources.append(await self._requests(owner, wanted, cursor.requests, most))
        if kind is None or kind in _NOTICES:
            sources.append(await self._of_notices(owner, wanted, cursor.notices, most))
        if kind is None or kind is InboxKind.INQUIRY:
            sources.append(await self._of_inquiries(owner, wanted, cursor.inquiries, most))
        merged = merge(*sources, key=lambda head: head.at_ms, reverse=True)
        return [head for head, _ in zip(merged, range(most), strict=False)]

    async def _requests(self, owner: OpenedAccount, wanted: Wanted, place: Place, most: int) -> list[Head]:
        rows = await self._folder.page(
            owner,
            None if wanted.kind is None else _REQUESTS[wanted.kind],
            unread=wanted.unread,
            since_ms=wanted.since_ms,
            until_ms=wanted.until_ms,
            at_ms=place.at_ms,
            after=place.name,
            most=most,
        )

        def head(row: Request) -> Head:
            at_ms = row.asked_ms if row.answered_ms is None else row.answered_ms
            place = Place(at_ms, row.request_id)

            async def shown() -> InboxItem:
                named = self._folder.described(owner, row)
                return _of_request(row, at_ms, named.title, named.sender)

            return Head(at_ms, lambda cursor: cursor._replace(requests=place), shown)

        return [head(row) for row in rows]

    async def _of_notices(self, owner: OpenedAccount, wanted: Wanted, before: int, most: int) -> list[Head]:
        rows = await self._notices.page(
            owner,
            unopened=wanted.unread,
            asking=wanted.kind is InboxKind.QUESTIONNAIRE,
            since_ms=wanted.since_ms,
            until_ms=wanted.until_ms,
            before=before,
            most=most,
        )

        def head(row: NoticeRow) -> Head:
            async def shown() -> InboxItem | None:
                views = await self._notices.views(owner, [row])
                return _of_notice(views[0]) if views else None

            return Head(row.arrived_ms, lambda cursor: cursor._replace(notices=row.number), shown)

        return [head(row) for row in rows]

    async def _of_inquiries(
        self, owner: OpenedAccount, wanted: Wanted, place: Place, most: int
    ) -> list[Head]:
        rows = await self._inquiries.page(
            owner,
            unread=wanted.unread,
            since_ms=wanted.since_ms,
            until_ms=wanted.until_ms,
            at_ms=place.at_ms,
            after=place.name,
            most=most,
        )

        def head(row: Inquiry) -> Head:
            at_ms = row.sent_ms if row.answered_ms is None else row.answered_ms
            place = Place(at_ms, row.inquiry_id)

            async def shown() -> InboxItem:
                return _of_inquiry(row, at_ms)

            return Head(at_ms, lambda cursor: cursor._replace(inquiries=place), shown)

        return [head(row) for row in rows]


def _of_request(row: Request, at_ms: int, title: str, sender: str) -> InboxItem:
    state = InboxState(str(row.shown_as)) if row.state != State.ANSWERED else _seen(row.read_ms)
    kept = row.kept_until_ms
    kind = InboxKind.RECORDS if row.kind == Kind.RECORDS else InboxKind.SELF_INFORMATION
    return InboxItem(
        kind,
        row.request_id,
        title,
        sender,
        state,
        to_jst(at_ms),
        None if kept is None else day_of(kept),
        row.read_ms is not None,
    )


def _of_notice(view: NoticeView) -> InboxItem:
    return InboxItem(
        InboxKind.NOTICE if view.deadline is None else InboxKind.QUESTIONNAIRE,
        view.notice_id,
        view.title,
        view.sender.name,
        _NOTICE_STATES[view.state],
        view.arrived_at,
        view.kept_until,
        False,
        view.deadline,
        view.answered_at,
    )


def _of_inquiry(row: Inquiry, at_ms: int) -> InboxItem:
    waits = row.state is InquiryPlace.SENT
    kept = None if row.answered_ms is None else day_of(inquiry_kept_until_ms(row.answered_ms))
    return InboxItem(
        InboxKind.INQUIRY,
        row.inquiry_id,
        f"「{_KIND_NAMES[row.kind]}」のお問い合わせ",
        OPERATOR,
        InboxState.WAITING if waits else _seen(row.read_ms),
        to_jst(at_ms),
        kept,
        False,
    )


_KIND_NAMES: dict[str, str] = {str(kind): name for kind, name in KINDS.items()}


def _seen(read_ms: int | None) -> InboxState:
    return InboxState.UNREAD if read_ms is None else InboxState.READ
