"""受信箱: merges what lies in the folder's tables into one list, page by page (FLD-3, 4, 5)."""

from collections.abc import Sequence
from heapq import merge
from itertools import islice

from portal.accounts.model import OpenedAccount
from portal.folder.model import Described, Kind, Request, State
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


Row = Request | NoticeRow | Inquiry


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
        shown = await self._shown(owner, heads[:scanned_max])
        found: list[InboxItem] = []
        for scanned, item in enumerate(shown):
            if item is None or not says(words, item.title, item.sender):
                continue
            found.append(item)
            if len(found) == query.most and scanned + 1 < len(heads):
                return InboxItems(tuple(found), _after(cursor, heads[: scanned + 1]).text())
        more = len(heads) > scanned_max
        return InboxItems(tuple(found), _after(cursor, heads[:scanned_max]).text() if more else None)

    async def _heads(self, owner: OpenedAccount, wanted: Wanted, cursor: Cursor, most: int) -> list[Row]:
        """The next so many rows of all tables, still sealed; each table in its own order."""
        tables: list[Sequence[Row]] = []
        kind, unread, since, until = wanted
        if kind is None or kind in _REQUESTS:
            place = cursor.requests
            asked_for = None if kind is None else _REQUESTS[kind]
            requests = await self._folder.page(
                owner, asked_for, unread=unread, since_ms=since, until_ms=until,
                at_ms=place.at_ms, after=place.name, most=most,
            )  # fmt: skip
            tables.append(requests)
        if kind is None or kind in _NOTICES:
            notices = await self._notices.page(
                owner, unopened=unread, asking=kind is InboxKind.QUESTIONNAIRE, since_ms=since, until_ms=until,
                before=cursor.notices, most=most,
            )  # fmt: skip
            tables.append(notices)
        if kind is None or kind is InboxKind.INQUIRY:
            place = cursor.inquiries
            inquiries = await self._inquiries.page(
                owner, unread=unread, since_ms=since, until_ms=until,
                at_ms=place.at_ms, after=place.name, most=most,
            )  # fmt: skip
            tables.append(inquiries)
        filled = [table for table in tables if table]
        if len(filled) == 1:
            return list(filled[0][:most])
        return list(islice(merge(*filled, key=_at_ms, reverse=True), most))

    async def _shown(self, owner: OpenedAccount, heads: Sequence[Row]) -> list[InboxItem | None]:
        """What stands in the list for these; None for what went meanwhile."""
        notices = [head for head in heads if isinstance(head, NoticeRow)]
        views = {int(view.notice_id): view for view in await self._notices.views(owner, notices)}
        shown: list[InboxItem | None] = []
        for head in heads:
            match head:
                case NoticeRow():
                    view = views.get(head.number)
                    shown.append(None if view is None else _of_notice(view))
                case Request():
                    shown.append(_of_request(head, self._folder.described(owner, head)))
                case Inquiry():
                    shown.append(_of_inquiry(head))
        return shown


def _at_ms(row: Row) -> int:
    """When it came; when it was asked for, as long as nothing has come."""
    if isinstance(row, NoticeRow):
        return row.arrived_ms
    if row.answered_ms is not None:
        return row.answered_ms
    return row.asked_ms if isinstance(row, Request) else row.sent_ms


def _after(cursor: Cursor, shown: Sequence[Row]) -> Cursor:
    """Where the list stands once these were shown: the last of each table."""
    notices, requests, inquiries = None, None, None
    for row in shown:
        if isinstance(row, NoticeRow):
            notices = row
        elif isinstance(row, Request):
            requests = row
        else:
            inquiries = row
    return Cursor(
        cursor.until_ms,
        cursor.notices if notices is None else notices.number,
        cursor.requests if requests is None else Place(_at_ms(requests), requests.request_id),
        cursor.inquiries if inquiries is None else Place(_at_ms(inquiries), inquiries.inquiry_id),
    )


def _of_request(row: Request, named: Described) -> InboxItem:
    state = InboxState(str(row.shown_as)) if row.state != State.ANSWERED else _seen(row.read_ms)
    kept = row.kept_until_ms
    kind = InboxKind.RECORDS if row.kind == Kind.RECORDS else InboxKind.SELF_INFORMATION
    return InboxItem(
        kind,
        row.request_id,
        named.title,
        named.sender,
        state,
        to_jst(_at_ms(row)),
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


def _of_inquiry(row: Inquiry) -> InboxItem:
    waits = row.state is InquiryPlace.SENT
    kept = None if row.answered_ms is None else day_of(inquiry_kept_until_ms(row.answered_ms))
    return InboxItem(
        InboxKind.INQUIRY,
        row.inquiry_id,
        f"「{_KIND_NAMES[row.kind]}」のお問い合わせ",
        OPERATOR,
        InboxState.WAITING if waits else _seen(row.read_ms),
        to_jst(_at_ms(row)),
        kept,
        False,
    )


_KIND_NAMES: dict[str, str] = {str(kind): name for kind, name in KINDS.items()}


def _seen(read_ms: int | None) -> InboxState:
    return InboxState.UNREAD if read_ms is None else InboxState.READ
