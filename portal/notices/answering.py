"""Answering the questionnaire of a notice, and answering it anew until its deadline (NOT-7)."""

from typing import Final

import msgspec

from portal.accounts.model import OpenedAccount
from portal.notices import tables
from portal.notices.answers import Answers
from portal.notices.model import NOT_HERE, Event, State, after, can_answer, check_answers, version_of
from portal.notices.service import NoticeBox, OwnNotice, view_of
from portal.seams.clock import Clock
from portal.store.store import Conflict, Store
from portal.wire.history import Action
from portal.wire.moments import to_jst, to_ms
from portal.wire.notices import GiveAnswers, NoticeView
from portal.wire.problems import Problem, ProblemCode, problem

ANSWERED_ELSEWHERE: Final = problem(
    ProblemCode.CONFLICT,
    "この画面を開いたあとに、別の画面から回答が送られています。今回の回答は送っていません。"
    "いまの回答を確かめて、直すところがあれば、もう一度送ってください。",
)
_WITHDRAWN: Final = problem(ProblemCode.CONFLICT, "このお知らせは、送り主が取り消しました。")


class Answering:
    """アンケートに答える."""

    def __init__(self, box: NoticeBox, answers: Answers, store: Store, clock: Clock) -> None:
        self._box = box
        self._answers = answers
        self._store = store
        self._clock = clock

    def __repr__(self) -> str:
        return "Answering()"

    async def answer(self, owner: OpenedAccount, wanted: GiveAnswers) -> NoticeView | Problem:
        """アンケートの回答, durable on return; the last one before the deadline counts.

        With a version, only in place of the answers that were shown: another window's are not overwritten unseen.
        """
        notice = await self._box.own(owner, wanted.notice_id)
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
        sealed = self._answers.sealed(owner, notice.row, wanted.answers)
        given = self._box.line(owner, Action.ANSWER, notice)
        ops = tables.answer(notice.row, sealed, now, unchanged=wanted.version is not None)
        if isinstance(await self._store.write([*ops, given]), Conflict):
            newer = await self._box.own(owner, wanted.notice_id)
            if isinstance(newer, Problem) or wanted.version is None:
                return NOT_HERE
            return await self._overtaken(owner, newer, wanted) or ANSWERED_ELSEWHERE
        row = notice.row._replace(answered_ms=now)
        return view_of(msgspec.structs.replace(notice, row=row, state=State.ANSWERED))

    async def _overtaken(
        self, owner: OpenedAccount, notice: OwnNotice, wanted: GiveAnswers
    ) -> NoticeView | Problem | None:
        """When others were given than *wanted* was made from: a conflict, or what stands if that says the same."""
        if wanted.version is None:
            return None
        current = await self._answers.given(owner, notice.row)
        if version_of(current) == wanted.version:
            return None
        return view_of(notice) if current == wanted.answers else ANSWERED_ELSEWHERE
