"""お知らせ in the portal: laid into folders, listed, opened, answered, deleted (NOT-1…7, FLD-4, FLD-5)."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from portal.accounts.model import OpenedAccount
from portal.accounts.service import Accounts
from portal.files.service import File, FileKind, Files
from portal.folder.sealing import Sealer
from portal.history.model import detail_of
from portal.history.service import History
from portal.mail.service import promise
from portal.notices import tables
from portal.notices.model import (
    LAST_NUMBER,
    SHOWN_AS,
    ContentRow,
    Event,
    NoticeRow,
    SharedContent,
    State,
    after,
    can_answer,
    check_answers,
    kept_until_ms,
    version_of,
)
from portal.notices.sheet import sheet_of
from portal.notices.tables import Numbered
from portal.proxies.tables import promise_mails_of_batch
from portal.seams.clock import Clock
from portal.serving.uploads import Scanner, unfit
from portal.store import outbox
from portal.store.store import Conflict, Op, Store, read_one
from portal.wire import notice_relaying as relaying
from portal.wire.disclosure import Attachment
from portal.wire.history import Action, Service
from portal.wire.limits import MARKS_IN_ANSWER_MAX
from portal.wire.moments import LAST_MS, to_jst, to_ms
from portal.wire.notices import (
    AttachmentName,
    GiveAnswers,
    ListNotices,
    Notices,
    NoticeView,
    OpenedNotice,
    OwnPart,
)
from portal.wire.operation import Done
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.sign_in import MailEvent

WITHDRAW: Final = "notice_withdraw"
"""Outbox: take what was withdrawn out of the folders."""
ROWS_AT_ONCE_MAX: Final = 1_000
CONTENTS_SWEPT_MAX: Final = 100
CONTENTS_OPEN_MAX: Final = 256
"""Unsealed contents in memory: the page of a folder shows few, a bulk send one over and over."""
BATCH_TRIES_MAX: Final = 3

ANSWERED_ELSEWHERE: Final = problem(
    ProblemCode.CONFLICT,
    "この画面を開いたあとに、別の画面から回答が送られています。今回の回答は送っていません。"
    "いまの回答を確かめて、直すところがあれば、もう一度送ってください。",
)
NOT_HERE: Final = problem(
    ProblemCode.NOT_FOUND, "このお知らせはありません（保存期限が過ぎたか、取り消されたか、削除されました）。"
)
_WITHDRAWN: Final = problem(ProblemCode.CONFLICT, "このお知らせは、送り主が取り消しました。")


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
        sealer: Sealer,
        accounts: Accounts,
        clock: Clock,
        scanner: Scanner,
        history: History,
        files: Files,
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._accounts = accounts
        self._clock = clock
        self._scanner = scanner
        self._history = history
        self._files = files
        self._open: OrderedDict[str, SharedContent] = OrderedDict()
        self.works: dict[str, outbox.Work] = {WITHDRAW: self._withdraw}
        self.expect_work: Callable[[int], None] = lambda due_ms: None
        """Tells the outbox when something falls due; set once that exists."""

    def __repr__(self) -> str:
        return f"NoticeBox({len(self._open)} contents open)"

    # From the network

    async def receive_content(self, request: relaying.ReceiveContent) -> Done | Problem:
        """The common part of a send, durable on return. Its files are looked at again: the folder is ours."""
        for place, file in enumerate(request.content.attachments):
            if (wrong := unfit(file, f"$.content.attachments[{place}]", self._scanner)) is not None:
                return wrong
        content_id = request.content_id
        if await self._content(content_id) is not None:
            return Done()
        key = self._sealer.new_key(content_id)
        files = request.content.attachments
        shared = SharedContent(
            request.sender,
            request.affair,
            msgspec.structs.replace(request.content, attachments=()),
            tuple((file.name, file.media_type, len(file.content)) for file in files),
        )
        questionnaire = request.content.questionnaire
        row = ContentRow(
            content_id,
            key,
            self._sealer.seal(content_id, key, "content", msgspec.msgpack.encode(shared)),
            kept_until_ms(request.content.kept_until),
            0 if questionnaire is None else to_ms(questionnaire.collect_until),
            0,
            request.recipients,
        )
        sealed = [
            self._sealer.seal(content_id, key, f"attachment/{place}", msgspec.msgpack.encode(file))
            for place, file in enumerate(files)
        ]
        # A conflict: the same content came twice at once, and the other one is written.
        await self._store.write(tables.insert_content(row, sealed))
        return Done()

    async def receive(self, request: relaying.ReceiveNotices) -> relaying.NoticesReceived | Problem:
        """One batch into its folders, all in one transaction; a batch that came before gets the same answer."""
        for _ in range(BATCH_TRIES_MAX):
            key = {"content_id": request.content_id, "batch": request.batch}
            if (known := await read_one(self._store, tables.BATCH, key)) is not None:
                undelivered = msgspec.msgpack.decode(known.undelivered, type=tuple[int, ...])
                return relaying.NoticesReceived(undelivered)
            content = await self._content(request.content_id)
            if content is None:
                return problem(ProblemCode.NOT_FOUND, "このお知らせの内容は届いていません。")
            now = self._clock.now_ms()
            if content.withdrawn or content.kept_until_ms <= now:
                return relaying.NoticesReceived(_positions(request))
            ops, missing = await self._laying(request, content, now)
            if not isinstance(await self._store.write(ops), Conflict):
                # Some may have wished for a mail.
                self.expect_work(now)
                return relaying.NoticesReceived(missing)
            # An account was closed, or the send withdrawn, or the same batch was quicker: look again.
        return problem(ProblemCode.CONFLICT, "もう一度送ってください。")

    async def _laying(
        self, request: relaying.ReceiveNotices, content: ContentRow, now: int
    ) -> tuple[list[Op], tuple[int, ...]]:
        ops: list[Op] = []
        missing: list[int] = []
        for offset, entry in enumerate(request.entries):
            position, number = request.first + offset, request.number + offset
            owner = await self._accounts.by_code(entry.code)
            if owner is None:
                missing.append(position)
                continue
            own = None
            if entry.own is not None:
                own = self._accounts.seal(
                    owner.account, f"notice/{number}", msgspec.msgpack.encode(entry.own)
                )
            row = NoticeRow(
                owner.account_id, number, content.content_id, position, own, now, content.kept_until_ms,
                None, None, 0, int(content.collect_until_ms > 0),
            )  # fmt: skip
            ops.append(tables.insert(row))
            if owner.mails_about(MailEvent.NOTICE):
                ops.append(promise(MailEvent.NOTICE, owner.account_id, str(number), now))
        last = request.number + len(request.entries) - 1
        ops.append(promise_mails_of_batch(content.content_id, request.number, last, now))
        head = tables.insert_batch(content.content_id, request.batch, missing)
        return [head, *ops], tuple(missing)

    async def withdraw(self, content_id: str) -> Done:
        """取り消し: nobody can open it from now on; the folders are cleared one after another."""
        now = self._clock.now_ms()
        await self._store.write(
            [tables.withdraw(content_id), outbox.put(WITHDRAW, content_id, due_ms=now, now_ms=now)]
        )
        self.expect_work(now)
        return Done()

    async def _withdraw(self, row: outbox.Row) -> outbox.Finished | outbox.Again:
        await self._clear(row.key, withdrawn=True)
        return outbox.Finished()

    async def _clear(self, content_id: str, *, withdrawn: bool) -> None:
        last = 0
        while True:
            rows = await self._store.read(
                tables.LEFT_OF, {"content_id": content_id, "after": last, "most": ROWS_AT_ONCE_MAX}
            )
            if not rows:
                return
            event = Event.CANCELLATION if withdrawn else Event.RETENTION_END
            await self._store.write([_ending(row, event) for row in rows])
            last = rows[-1].number

    async def have_folders(self, codes: tuple[str, ...]) -> relaying.Folders:
        """NOT-2."""
        return relaying.Folders(tuple([await self._accounts.has_code(code) for code in codes]))

    async def read_marks(self, request: relaying.ReadMarks) -> relaying.Marks | Problem:
        """開封状況: which positions were opened, and when (NOT-4)."""
        if await self._content(request.content_id) is None:
            return NOT_HERE
        rows = await self._store.read(tables.MARKS, _since(request))
        marks = tuple(relaying.Mark(row.position, row.at_ms) for row in rows[:MARKS_IN_ANSWER_MAX])
        return relaying.Marks(marks, len(rows) > MARKS_IN_ANSWER_MAX)

    async def read_answers(self, request: relaying.ReadMarks) -> relaying.Collected | Problem:
        """回答の回収: as they stand now; after the time for it there are none."""
        content = await self._content(request.content_id)
        if content is None:
            return NOT_HERE
        if content.collect_until_ms <= self._clock.now_ms():
            return relaying.Collected((), False)
        rows = await self._store.read(tables.ANSWERS, _since(request))
        given: list[relaying.GivenAnswers] = []
        for row in rows[:MARKS_IN_ANSWER_MAX]:
            owner = await self._accounts.by_id(row.account_id)
            if owner is not None:
                answers = self._unsealed(owner, request.content_id, row)
                given.append(relaying.GivenAnswers(row.position, row.at_ms, answers))
        return relaying.Collected(tuple(given), len(rows) > MARKS_IN_ANSWER_MAX)

    def _unsealed(
        self, owner: OpenedAccount, content_id: str, row: tables.AnswerRow
    ) -> tuple[tuple[str, ...], ...]:
        raw = self._accounts.unseal(owner.account, _answers_place(content_id, row.position), row.sealed)
        return msgspec.msgpack.decode(raw, type=tuple[tuple[str, ...], ...])

    # For their owner

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
            shared = self._open.get(row.content_id) or here.get(row.content_id)
            if shared is None:
                content = await self._content(row.content_id)
                if content is None:
                    # Its retention ended between the two reads.
                    continue
                shared = here[row.content_id] = self._shared(content)
            views.append(_view(OwnNotice(row, shared, self._own_part(owner, row), row.state)))
        return tuple(views)

    def _own_part(self, owner: OpenedAccount, row: NoticeRow) -> OwnPart:
        if row.own is None:
            return OwnPart()
        raw = self._accounts.unseal(owner.account, f"notice/{row.number}", row.own)
        return msgspec.msgpack.decode(raw, type=OwnPart)

    async def unopened(self, owner: OpenedAccount) -> int:
        """How many; counted no further than NOTICES_COUNTED_MAX."""
        params = {"account_id": owner.account_id, "now": self._clock.now_ms()}
        return (await self._store.read(tables.UNOPENED, params))[0].total

    async def file(self, owner: OpenedAccount, notice_id: str, kind: FileKind) -> File | Problem:
        """To take home; that is opening it (FLD-5)."""
        opened = await self.open(owner, notice_id, Action.DOWNLOAD, kind.upper())
        return opened if isinstance(opened, Problem) else await self._files.make(sheet_of(opened), kind)

    async def open(
        self, owner: OpenedAccount, notice_id: str, action: Action = Action.VIEW, taken_as: str = ""
    ) -> OpenedNotice | Problem:
        """The notice, marked as opened before it is shown. Another's is as if it did not exist (FLD-1).

        What a proxy opens stays unopened: neither its sender nor its owner takes it for seen by the owner.
        """
        notice = await self._own(owner, notice_id)
        if isinstance(notice, Problem):
            return notice
        viewed = self._line(owner, action, notice, taken_as)
        if notice.state is State.UNOPENED and owner.by is None:
            now = self._clock.now_ms()
            await self._store.write([*tables.open_notice(notice.row, now), viewed])
            row = notice.row._replace(opened_ms=now)
            notice = msgspec.structs.replace(notice, row=row, state=State.OPENED)
        else:
            await self._store.write([viewed])
        content = notice.shared.content
        if notice.state is State.WITHDRAWN:
            return OpenedNotice(_view(notice), "", None, None, (), None, None, False)
        return OpenedNotice(
            _view(notice),
            notice.own.text or content.text,
            content.service,
            notice.own.payment_url or content.payment_url,
            tuple(AttachmentName(*each) for each in notice.shared.attachments),
            content.questionnaire,
            answers := await self._answers(owner, notice.row),
            can_answer(content.questionnaire, self._clock.now_ms()),
            "" if content.questionnaire is None else version_of(answers),
        )

    def _line(
        self, owner: OpenedAccount, action: Action, notice: OwnNotice, taken_as: str = "", of: str = ""
    ) -> Op:
        """In the history, with the notice's title and sender (HIS-2); *of* tells parts of one notice apart."""
        title = notice.own.title or notice.shared.content.title
        detail = detail_of(title, notice.shared.sender.name, taken_as)
        return self._history.line(owner, Service.NOTICES, action, f"{notice.row.number}{of}", detail=detail)

    async def _answers(self, owner: OpenedAccount, row: NoticeRow) -> tuple[tuple[str, ...], ...] | None:
        if row.answered_ms is None:
            return None
        params = {
            "content_id": row.content_id, "position": row.position, "account_id": owner.account_id,
        }  # fmt: skip
        found = await read_one(self._store, tables.ANSWER, params)
        return None if found is None else self._unsealed(owner, row.content_id, found)

    async def attachment(self, owner: OpenedAccount, notice_id: str, place: int) -> Attachment | Problem:
        """添付ファイル of a notice that was opened; it stands in the history before it is handed out (HIS-2)."""
        notice = await self._own(owner, notice_id)
        if isinstance(notice, Problem):
            return notice
        row = await self._content(notice.row.content_id)
        found = await read_one(
            self._store, tables.ATTACHMENT, {"content_id": notice.row.content_id, "place": place}
        )
        if row is None or found is None or notice.state is State.WITHDRAWN:
            return problem(ProblemCode.NOT_FOUND, "この添付ファイルはありません。")
        raw = self._sealer.open(row.content_id, row.wrapped_key, f"attachment/{place}", found.sealed)
        attachment = msgspec.msgpack.decode(raw, type=Attachment)
        taken = f"添付ファイル {attachment.name}"
        await self._store.write([self._line(owner, Action.DOWNLOAD, notice, taken, f"/{place}")])
        return attachment

    async def view(self, owner: OpenedAccount, notice_id: str) -> NoticeView | Problem:
        """What stands of it in the list: looking at that opens nothing."""
        notice = await self._own(owner, notice_id)
        return notice if isinstance(notice, Problem) else _view(notice)

    async def delete(self, owner: OpenedAccount, notice_id: str) -> Done | Problem:
        """削除 by hand (FLD-5). That it was opened, and what was answered, its sender still learns."""
        notice = await self._own(owner, notice_id)
        if isinstance(notice, Problem):
            return notice
        deleted = self._line(owner, Action.DELETE, notice)
        outcome = await self._store.write(
            [
                *tables.erase_own(owner.account_id, int(notice_id)),
                tables.delete(owner.account_id, int(notice_id)),
                deleted,
            ]
        )
        return NOT_HERE if isinstance(outcome, Conflict) else Done()

    async def answer(self, owner: OpenedAccount, wanted: GiveAnswers) -> NoticeView | Problem:
        """アンケートの回答, durable on return; the last one before the deadline counts.

        With a version, only in place of the answers that were shown: another window's are not overwritten unseen.
        """
        notice = await self._own(owner, wanted.notice_id)
        if isinstance(notice, Problem):
            return notice
        if notice.state is State.WITHDRAWN:
            return _WITHDRAWN
        questionnaire = notice.shared.content.questionnaire
        if questionnaire is None:
            return problem(ProblemCode.NOT_FOUND, "このお知らせにアンケートはありません。")
        now = self._clock.now_ms()
        if not can_answer(questionnaire, now):
            ended = to_jst(to_ms(questionnaire.deadline))
            return problem(
                ProblemCode.PERIOD_REFUSED,
                f"回答の期限（{ended:%Y年%m月%d日%H時%M分}）を過ぎたため、回答を受け付けられません。",
            )
        if after(notice.state, Event.ANSWER) is None:
            return problem(ProblemCode.CONFLICT, "お知らせを開いてから、回答してください。")
        if (wrong := check_answers(questionnaire, wanted.answers)) is not None:
            return wrong
        if (overtaken := await self._overtaken(owner, notice, wanted)) is not None:
            return overtaken
        if notice.row.answered_ms is not None:
            # Each answer has a moment of its own, also within one millisecond: by it a quicker window is seen.
            now = max(now, notice.row.answered_ms + 1)
        place = _answers_place(notice.row.content_id, notice.row.position)
        sealed = self._accounts.seal(owner.account, place, msgspec.msgpack.encode(wanted.answers))
        given = self._line(owner, Action.ANSWER, notice)
        ops = tables.answer(notice.row, sealed, now, unchanged=wanted.version is not None)
        if isinstance(await self._store.write([*ops, given]), Conflict):
            newer = await self._own(owner, wanted.notice_id)
            if isinstance(newer, Problem) or wanted.version is None:
                return NOT_HERE
            return await self._overtaken(owner, newer, wanted) or ANSWERED_ELSEWHERE
        row = notice.row._replace(answered_ms=now)
        return _view(msgspec.structs.replace(notice, row=row, state=State.ANSWERED))

    async def _overtaken(
        self, owner: OpenedAccount, notice: OwnNotice, wanted: GiveAnswers
    ) -> NoticeView | Problem | None:
        """When others were given than *wanted* was made from: a conflict, or what stands if that says the same."""
        if wanted.version is None:
            return None
        current = await self._answers(owner, notice.row)
        if version_of(current) == wanted.version:
            return None
        return _view(notice) if current == wanted.answers else ANSWERED_ELSEWHERE

    async def _own(self, owner: OpenedAccount, notice_id: str) -> OwnNotice | Problem:
        params = {"account_id": owner.account_id, "number": int(notice_id), "now": self._clock.now_ms()}
        row = await read_one(self._store, tables.OWN, params)
        notice = None if row is None else await self._made(owner, row)
        return notice or NOT_HERE

    async def _made(self, owner: OpenedAccount, row: NoticeRow) -> OwnNotice | None:
        """None when its sender has taken it back before it was opened."""
        content = await self._content(row.content_id)
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
            else OwnNotice(row, self._shared(content), self._own_part(owner, row), state)
        )

    async def _content(self, content_id: str) -> ContentRow | None:
        return await read_one(self._store, tables.CONTENT, {"content_id": content_id})

    def _shared(self, row: ContentRow) -> SharedContent:
        found = self._open.get(row.content_id)
        if found is None:
            raw = self._sealer.open(row.content_id, row.wrapped_key, "content", row.sealed)
            found = msgspec.msgpack.decode(raw, type=SharedContent)
            if row.recipients == 1:
                # For one person alone: nothing of it stays in memory when it is deleted.
                self._sealer.forget(row.content_id)
                return found
            self._open[row.content_id] = found
            if len(self._open) > CONTENTS_OPEN_MAX:
                self._open.popitem(last=False)
        return found

    # Retention

    async def sweep(self) -> None:
        """Delete what its sender's retention no longer covers, read or not (FLD-4), and answers past their time."""
        now = self._clock.now_ms()
        while ended := await self._store.read(tables.ENDED, {"now": now, "most": CONTENTS_SWEPT_MAX}):
            for content in ended:
                await self._clear(content.content_id, withdrawn=False)
                self._open.pop(content.content_id, None)
                self._sealer.forget(content.content_id)
        await self._store.write([tables.drop_answers(now), tables.drop_contents(now)])


def _positions(request: relaying.ReceiveNotices) -> tuple[int, ...]:
    return tuple(range(request.first, request.first + len(request.entries)))


def _ending(row: Numbered, event: Event) -> Op:
    state = State.UNOPENED if row.opened_ms is None else State.OPENED
    return tables.remove(row) if after(state, event) is State.GONE else tables.empty(row)


def _since(request: relaying.ReadMarks) -> dict[str, object]:
    return {
        "content_id": request.content_id,
        "since": request.since_ms,
        "after": request.after,
        "most": MARKS_IN_ANSWER_MAX + 1,
    }


def _answers_place(content_id: str, position: int) -> str:
    return f"answers/{content_id}/{position}"


def _view(notice: OwnNotice) -> NoticeView:
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
