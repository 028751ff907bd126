"""お知らせ in a folder: listed, opened, taken home, deleted by whoever it lies with (NOT-1, 4, FLD-5).

How they come there is `portal.notices.receiving`, how they go `portal.notices.retention`.
"""

from collections.abc import Sequence

import msgspec

from portal.accounts.model import OpenedAccount
from portal.accounts.service import Accounts
from portal.files.service import File, FileKind, Files
from portal.history.model import detail_of
from portal.history.service import History
from portal.notices import tables
from portal.notices.answers import Answers
from portal.notices.contents import Contents
from portal.notices.model import (
    LAST_NUMBER,
    NOT_HERE,
    SHOWN_AS,
    Event,
    NoticeRow,
    SharedContent,
    State,
    after,
    can_answer,
    version_of,
)
from portal.notices.sheet import sheet_of
from portal.seams.clock import Clock
from portal.store.store import Conflict, Op, Store, read_one
from portal.wire.disclosure import Attachment
from portal.wire.history import Action, Service
from portal.wire.moments import LAST_MS, to_jst
from portal.wire.notices import AttachmentName, ListNotices, Notices, NoticeView, OpenedNotice, OwnPart
from portal.wire.operation import Done
from portal.wire.problems import Problem, ProblemCode, problem


class OwnNotice(msgspec.Struct, frozen=True):
    """A notice of the folder's owner, with what is common to its send."""

    row: NoticeRow
    shared: SharedContent
    own: OwnPart
    state: State


class NoticeBox:
    """お知らせ."""

    def __init__(
        self,
        store: Store,
        accounts: Accounts,
        clock: Clock,
        history: History,
        files: Files,
        contents: Contents,
        answers: Answers,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._clock = clock
        self._history = history
        self._files = files
        self._contents = contents
        self._answers = answers

    def __repr__(self) -> str:
        return "NoticeBox()"

    async def listed(self, owner: OpenedAccount, wanted: ListNotices) -> Notices:
        """Newest first, a page at a time."""
        before = LAST_NUMBER if wanted.before is None else int(wanted.before)
        rows = await self.page(owner, unopened=wanted.unopened, before=before, most=wanted.most + 1)
        return Notices(await self.views(owner, rows[: wanted.most]), len(rows) > wanted.most)

    async def page(
        self,
        owner: OpenedAccount,
        *,
        unopened: bool = False,
        asking: bool = False,
        since_ms: int = 0,
        until_ms: int = LAST_MS,
        before: int = LAST_NUMBER,
        most: int,
    ) -> list[NoticeRow]:
        """So many below this number that arrived in a period, newest first; *asking*: with a questionnaire."""
        params = {
            "account_id": owner.account_id,
            "before": before,
            "now": self._clock.now_ms(),
            "since": since_ms,
            "until": until_ms,
            "most": most,
        }
        return await self._store.read(tables.PAGE[unopened, asking], params)

    async def views(self, owner: OpenedAccount, rows: Sequence[NoticeRow]) -> tuple[NoticeView, ...]:
        """What stands in a list of rows that were just read."""
        views: list[NoticeView] = []
        # What is not kept in memory is unsealed once for this list.
        here: dict[str, SharedContent] = {}
        for row in rows:
            shared = self._contents.at_hand(row.content_id) or here.get(row.content_id)
            if shared is None:
                content = await self._contents.row(row.content_id)
                if content is None:
                    # Its retention ended between the two reads.
                    continue
                shared = here[row.content_id] = self._contents.opened(content)
            views.append(view_of(OwnNotice(row, shared, self._own_part(owner, row), row.state)))
        return tuple(views)

    async def unopened(self, owner: OpenedAccount) -> int:
        """How many; counted no further than NOTICES_COUNTED_MAX."""
        params = {"account_id": owner.account_id, "now": self._clock.now_ms()}
        return (await self._store.read(tables.UNOPENED, params))[0].total

    async def own(self, owner: OpenedAccount, notice_id: str) -> OwnNotice | Problem:
        """The owner's own notice, unopened by that. Another's is as if it did not exist (FLD-1)."""
        params = {"account_id": owner.account_id, "number": int(notice_id), "now": self._clock.now_ms()}
        row = await read_one(self._store, tables.OWN, params)
        notice = None if row is None else await self._made(owner, row)
        return notice or NOT_HERE

    async def _made(self, owner: OpenedAccount, row: NoticeRow) -> OwnNotice | None:
        """None when its sender has taken it back before it was opened."""
        content = await self._contents.row(row.content_id)
        if content is None:
            return None
        state = row.state
        if content.withdrawn:
            following = after(state, Event.CANCELLATION)
            assert following is not None, state
            state = following
        return (
            None
            if state is State.GONE
            else OwnNotice(row, self._contents.opened(content), self._own_part(owner, row), state)
        )

    def _own_part(self, owner: OpenedAccount, row: NoticeRow) -> OwnPart:
        if row.own is None:
            return OwnPart()
        raw = self._accounts.unseal(owner.account, f"notice/{row.number}", row.own)
        return msgspec.msgpack.decode(raw, type=OwnPart)

    async def view(self, owner: OpenedAccount, notice_id: str) -> NoticeView | Problem:
        """What stands of it in the list: looking at that opens nothing."""
        notice = await self.own(owner, notice_id)
        return notice if isinstance(notice, Problem) else view_of(notice)

    async def open(
        self, owner: OpenedAccount, notice_id: str, action: Action = Action.VIEW, taken_as: str = ""
    ) -> OpenedNotice | Problem:
        """The notice, marked as opened before it is shown. Another's is as if it did not exist (FLD-1).

        What a proxy opens stays unopened: neither its sender nor its owner takes it for seen by the owner.
        """
        notice = await self.own(owner, notice_id)
        if isinstance(notice, Problem):
            return notice
        viewed = self.line(owner, action, notice, taken_as)
        if notice.state is State.UNOPENED and owner.by is None:
            now = self._clock.now_ms()
            await self._store.write([*tables.open_notice(notice.row, now), viewed])
            row = notice.row._replace(opened_ms=now)
            notice = msgspec.structs.replace(notice, row=row, state=State.OPENED)
        else:
            await self._store.write([viewed])
        content = notice.shared.content
        if notice.state is State.WITHDRAWN:
            return OpenedNotice(view_of(notice), "", None, None, (), None, None, False)
        return OpenedNotice(
            view_of(notice),
            notice.own.text or content.text,
            content.service,
            notice.own.payment_url or content.payment_url,
            tuple(AttachmentName(*each) for each in notice.shared.attachments),
            content.questionnaire,
            answers := await self._answers.given(owner, notice.row),
            can_answer(content.questionnaire, self._clock.now_ms()),
            "" if content.questionnaire is None else version_of(answers),
        )

    async def file(self, owner: OpenedAccount, notice_id: str, kind: FileKind) -> File | Problem:
        """To take home; that is opening it (FLD-5)."""
        opened = await self.open(owner, notice_id, Action.DOWNLOAD, kind.upper())
        return opened if isinstance(opened, Problem) else await self._files.make(sheet_of(opened), kind)

    async def attachment(self, owner: OpenedAccount, notice_id: str, place: int) -> Attachment | Problem:
        """添付ファイル of a notice that was opened; it stands in the history before it is handed out (HIS-2)."""
        notice = await self.own(owner, notice_id)
        if isinstance(notice, Problem):
            return notice
        attachment = await self._contents.attachment(notice.row.content_id, place)
        if attachment is None or notice.state is State.WITHDRAWN:
            return problem(ProblemCode.NOT_FOUND, "この添付ファイルはありません。")
        taken = f"添付ファイル {attachment.name}"
        await self._store.write([self.line(owner, Action.DOWNLOAD, notice, taken, f"/{place}")])
        return attachment

    async def delete(self, owner: OpenedAccount, notice_id: str) -> Done | Problem:
        """削除 by hand (FLD-5). That it was opened, and what was answered, its sender still learns."""
        notice = await self.own(owner, notice_id)
        if isinstance(notice, Problem):
            return notice
        deleted = self.line(owner, Action.DELETE, notice)
        outcome = await self._store.write(
            [
                *tables.erase_own(owner.account_id, int(notice_id)),
                tables.delete(owner.account_id, int(notice_id)),
                deleted,
            ]
        )
        return NOT_HERE if isinstance(outcome, Conflict) else Done()

    def line(
        self, owner: OpenedAccount, action: Action, notice: OwnNotice, taken_as: str = "", of: str = ""
    ) -> Op:
        """In the history, with the notice's title and sender (HIS-2); *of* tells parts of one notice apart."""
        title = notice.own.title or notice.shared.content.title
        detail = detail_of(title, notice.shared.sender.name, taken_as)
        return self._history.line(owner, Service.NOTICES, action, f"{notice.row.number}{of}", detail=detail)


def view_of(notice: OwnNotice) -> NoticeView:
    """What stands of it in a list."""
    row, content = notice.row, notice.shared.content
    return NoticeView(
        str(row.number),
        SHOWN_AS[notice.state],
        notice.own.title or content.title,
        notice.shared.sender,
        notice.shared.affair,
        to_jst(row.arrived_ms),
        None if row.opened_ms is None else to_jst(row.opened_ms),
        content.kept_until,
        None if content.questionnaire is None else content.questionnaire.deadline,
        None if row.answered_ms is None else to_jst(row.answered_ms),
    )
