"""Inquiries: sent, answered by the operator, read by whoever asked, with mail if wished (FAQ-2, ACC-6)."""

from collections.abc import Callable, Sequence

from portal.accounts.model import OpenedAccount
from portal.accounts.service import Accounts
from portal.history.service import History
from portal.inquiries import tables
from portal.inquiries.model import KINDS, Inquiry, State, check_text, kept_until_ms
from portal.mail.service import promise
from portal.seams.chance import Chance, identifier
from portal.seams.clock import Clock
from portal.store.store import Conflict, Op, Store, read_one
from portal.web.design import wareki
from portal.wire.history import Action, Service
from portal.wire.inquiries import (
    DeskInquiries,
    DeskInquiry,
    Inquiries,
    InquiryContent,
    InquiryKind,
    InquiryView,
    SendInquiry,
)
from portal.wire.limits import INQUIRIES_OF_ACCOUNT_MAX
from portal.wire.moments import day_of, to_jst
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.sign_in import MailEvent

DESK_ROWS_MAX = 100
"""Inquiries that the desk sees at a time."""

_NOT_HERE = problem(
    ProblemCode.NOT_FOUND, "このお問い合わせはありません（削除されたか、保存期間が過ぎました）。"
)


class InquiryBox:
    """お問い合わせ."""

    def __init__(
        self, store: Store, clock: Clock, chance: Chance, accounts: Accounts, history: History
    ) -> None:
        self._store = store
        self._clock = clock
        self._chance = chance
        self._accounts = accounts
        self._history = history
        self.expect_work: Callable[[int], None] = lambda due_ms: None
        """Tells the outbox when something falls due; set once that exists."""

    def __repr__(self) -> str:
        return "InquiryBox()"

    # For whoever asks

    async def send(self, owner: OpenedAccount, wanted: SendInquiry) -> InquiryView | Problem:
        """Durable on return; the same key is the same inquiry, however often it is sent."""
        wrong = check_text(wanted.text)
        if wrong is not None:
            return wrong
        total = await self._store.read(tables.TOTAL_OF, {"account_id": owner.account_id})
        if total[0].total >= INQUIRIES_OF_ACCOUNT_MAX:
            return problem(
                ProblemCode.TOO_MANY,
                f"お問い合わせは{INQUIRIES_OF_ACCOUNT_MAX}件までです。済んだものを削除してから送ってください。",
            )
        inquiry_id = identifier(self._chance)
        sealed = self._accounts.seal(owner.account, _place(inquiry_id, "text"), wanted.text.encode())
        inquiry = Inquiry(
            inquiry_id, owner.account_id, str(wanted.kind), sealed, self._clock.now_ms(), None, None, None
        )
        key = wanted.key or inquiry_id
        line = self._line(owner, Action.SEND, inquiry)
        if isinstance(await self._store.write([tables.insert(inquiry, key), line]), Conflict):
            params = {"account_id": owner.account_id, "client_key": key}
            earlier = await read_one(self._store, tables.OWN_BY_KEY, params)
            if earlier is None or self._text(owner, earlier) != wanted.text or earlier.kind != wanted.kind:
                return problem(
                    ProblemCode.CONFLICT,
                    "同じ key で、内容の違うお問い合わせがすでにあります。新しい key を付けてください。",
                    field="$.key",
                )
            inquiry = earlier
        return _view(inquiry)

    def _line(self, owner: OpenedAccount, action: Action, inquiry: Inquiry) -> Op:
        """In the history, with its kind and the day on which it was sent (HIS-2)."""
        detail = f"{KINDS[InquiryKind(inquiry.kind)]}（{wareki(day_of(inquiry.sent_ms))}に送信）"
        return self._history.line(owner, Service.INQUIRIES, action, inquiry.inquiry_id, detail=detail)

    def _text(self, owner: OpenedAccount, inquiry: Inquiry) -> str:
        return self._accounts.unseal(owner.account, _place(inquiry.inquiry_id, "text"), inquiry.text).decode()

    def _answer(self, owner: OpenedAccount, inquiry: Inquiry) -> str | None:
        if inquiry.answer is None:
            return None
        place = _place(inquiry.inquiry_id, "answer")
        return self._accounts.unseal(owner.account, place, inquiry.answer).decode()

    async def listed(self, owner: OpenedAccount) -> Inquiries:
        rows = await self._store.read(tables.OF_OWNER, {"account_id": owner.account_id})
        return Inquiries(tuple(map(_view, rows)))

    async def page(
        self,
        owner: OpenedAccount,
        *,
        unread: bool,
        since_ms: int,
        until_ms: int,
        at_ms: int,
        after: str,
        most: int,
    ) -> list[Inquiry]:
        """So many, what came last first: those of a period after the one of this moment and name."""
        params = {
            "account_id": owner.account_id,
            "since": since_ms,
            "until": until_ms,
            "before": at_ms,
            "behind": after,
            "most": most,
        }
        return await self._store.read(tables.PAGE[unread], params)

    async def unread(self, owner: OpenedAccount) -> int:
        """How many answers wait to be read."""
        return (await self._store.read(tables.UNREAD_OF, {"account_id": owner.account_id}))[0].total

    async def read(self, owner: OpenedAccount, inquiry_id: str) -> InquiryContent | Problem:
        """What was asked and answered, marked as read before it is shown. Another's does not exist (FLD-1)."""
        inquiry = await self._own(owner, inquiry_id)
        if isinstance(inquiry, Problem):
            return inquiry
        ops: list[Op] = [self._line(owner, Action.VIEW, inquiry)]
        if inquiry.state is State.ANSWERED:
            now = self._clock.now_ms()
            ops.append(tables.mark_read(inquiry_id, now))
            inquiry = inquiry._replace(read_ms=now)
        await self._store.write(ops)
        return InquiryContent(_view(inquiry), self._text(owner, inquiry), self._answer(owner, inquiry))

    async def view(self, owner: OpenedAccount, inquiry_id: str) -> InquiryView | Problem:
        """Without reading it."""
        inquiry = await self._own(owner, inquiry_id)
        return inquiry if isinstance(inquiry, Problem) else _view(inquiry)

    async def _own(self, owner: OpenedAccount, inquiry_id: str) -> Inquiry | Problem:
        params = {"inquiry_id": inquiry_id, "account_id": owner.account_id}
        return await read_one(self._store, tables.OWN, params) or _NOT_HERE

    async def delete(self, owner: OpenedAccount, inquiry_id: str) -> Problem | None:
        """By hand (FLD-5)."""
        inquiry = await self._own(owner, inquiry_id)
        if isinstance(inquiry, Problem):
            return inquiry
        line = self._line(owner, Action.DELETE, inquiry)
        outcome = await self._store.write([tables.delete(inquiry_id, owner.account_id), line])
        return _NOT_HERE if isinstance(outcome, Conflict) else None

    # For the desk

    async def for_desk(self, *, answered: bool) -> DeskInquiries:
        """What waits, oldest first; or what was answered, newest first."""
        rows = await self._store.read(
            tables.ANSWERED if answered else tables.WAITING, {"most": DESK_ROWS_MAX}
        )
        shown: list[DeskInquiry] = []
        for row in rows:
            owner = await self._accounts.by_id(row.account_id)
            if owner is not None:
                shown.append(self._for_desk(owner, row))
        waiting = (await self._store.read(tables.TOTAL_WAITING))[0].total
        return DeskInquiries(tuple(shown), waiting)

    async def one_for_desk(self, inquiry_id: str) -> DeskInquiry | Problem:
        row = await read_one(self._store, tables.BY_ID, {"inquiry_id": inquiry_id})
        owner = None if row is None else await self._accounts.by_id(row.account_id)
        return _NOT_HERE if row is None or owner is None else self._for_desk(owner, row)

    def _for_desk(self, owner: OpenedAccount, row: Inquiry) -> DeskInquiry:
        return DeskInquiry(
            row.inquiry_id,
            InquiryKind(row.kind),
            to_jst(row.sent_ms),
            None if row.answered_ms is None else to_jst(row.answered_ms),
            self._text(owner, row),
            self._answer(owner, row),
        )

    async def answer(self, inquiry_id: str, text: str, ops: Sequence[Op] = ()) -> Problem | None:
        """The operator's answer, to the folder and by mail if wished; *ops* are written with it."""
        wrong = check_text(text)
        if wrong is not None:
            return wrong
        row = await read_one(self._store, tables.BY_ID, {"inquiry_id": inquiry_id})
        owner = None if row is None else await self._accounts.by_id(row.account_id)
        if row is None or owner is None:
            return _NOT_HERE
        now = self._clock.now_ms()
        sealed = self._accounts.seal(owner.account, _place(inquiry_id, "answer"), text.encode())
        answering = [tables.answer(inquiry_id, sealed, now, kept_until_ms(now)), *ops]
        if owner.mails_about(MailEvent.INQUIRY_ANSWERED):
            answering.append(promise(MailEvent.INQUIRY_ANSWERED, owner.account_id, inquiry_id, now))
        if isinstance(await self._store.write(answering), Conflict):
            return problem(ProblemCode.CONFLICT, "このお問い合わせには、もう答えがあるか、削除されました。")
        self.expect_work(now)
        return None

    async def sweep(self) -> None:
        """Delete what has been kept long enough."""
        await self._store.write([tables.delete_outdated(self._clock.now_ms())])


def _place(inquiry_id: str, part: str) -> str:
    return f"inquiry/{inquiry_id}/{part}"


def _view(row: Inquiry) -> InquiryView:
    return InquiryView(
        row.inquiry_id,
        InquiryKind(row.kind),
        row.shown_as,
        to_jst(row.sent_ms),
        None if row.answered_ms is None else to_jst(row.answered_ms),
        row.read_ms is not None,
    )
