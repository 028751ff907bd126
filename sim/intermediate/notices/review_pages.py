"""送る前の確認: a notice to one person as its recipient will see it, then sent or written anew (NOT-1, 4, 5, 7).

What is sent bears the draft's key, so pressing twice sends once; and only what was looked at is sent.
"""

from typing import TYPE_CHECKING, Any

from portal.wire.moments import JST, day_of
from portal.wire.notice_sending import SendNotice
from portal.wire.notices import Question
from portal.wire.problems import Problem
from sim.intermediate.notices import forms
from sim.intermediate.notices.drafts import DRAFT_MINUTES_MAX, Draft, Drafts
from sim.intermediate.notices.staff_desk import NOTICES, StaffDesk
from sim.nation.notice_affairs import affairs_of
from sim.nation.organisations import Organisation

if TYPE_CHECKING:
    from quart_trio.wrappers import TrioResponse


class ReviewPages:
    """送る前の確認."""

    def __init__(self, at: StaffDesk, drafts: Drafts) -> None:
        self._at = at
        self._drafts = drafts

    def __repr__(self) -> str:
        return f"ReviewPages({self._at!r})"

    async def show(self) -> "TrioResponse":
        from quart import request

        body = await self._at.body()
        if body is None:
            return self._at.no_body()
        key = request.args.get("draft", "")
        draft = self._drafts.of(body.code, key)
        if draft is None or draft.content is None:
            return await self._at.no_draft(body.code, key)
        return self._page(body, key, draft)

    async def send(self) -> "TrioResponse":
        from quart import request

        body = await self._at.body()
        if body is None:
            return self._at.no_body()
        if (refused := await self._at.refused()) is not None:
            return refused
        form = await request.form
        key = form.get("key", "")
        sent = await self._at.desk.sending.sent_with(body.code, key)
        if sent is not None:
            return self._at.to(sent, "sent")
        draft = self._drafts.of(body.code, key)
        if draft is None or draft.content is None or draft.person is None:
            return await self._at.no_draft(body.code, key)
        if form.get("version") != draft.version:
            return self._page(body, key, draft, is_changed=True)
        wanted = SendNotice(body.code, key, draft.values["affair"], draft.person, draft.content)
        outcome = await self._at.admit(body.code, lambda: self._at.desk.sending.send_one(wanted))
        if isinstance(outcome, Problem):
            return self._at.tell(outcome, self._at.address("/review", organisation=body.code, draft=key))
        self._drafts.drop(body.code, key)
        return self._at.to(outcome, "sent")

    def _page(
        self, body: Organisation, key: str, draft: Draft, *, is_changed: bool = False
    ) -> "TrioResponse":
        content = draft.content
        assert content is not None and draft.person is not None, "a whole draft"
        asked, affair = content.questionnaire, draft.values["affair"]
        affairs = {each.code: each.name for each in affairs_of(self._at.desk.catalogue, body)}
        typed = draft.values["person"]
        context = {
            "name": body.name,
            "affair": affairs.get(affair, affair),
            "person": f"{draft.person:015d}",
            "typed": "" if typed.isdigit() else typed,
            "title": content.title,
            "paragraphs": content.text.split("\n\n"),
            "kept_until": content.kept_until,
            "service": content.service,
            "payment_url": content.payment_url,
            "attachments": [forms.shown(file) for file in content.attachments],
            "questionnaire": None
            if asked is None
            else {
                "deadline": asked.deadline.astimezone(JST),
                "collect_until": asked.collect_until.astimezone(JST),
                "questions": [_question(number, each) for number, each in enumerate(asked.questions)],
            },
            "example": day_of(self._at.desk.clock.now_ms()),
            "changed": is_changed,
            "minutes": DRAFT_MINUTES_MAX,
            "fields": {"key": key, "version": draft.version},
            "action": self._at.address("/review", organisation=body.code),
            "rewrite_url": self._at.address("/new", organisation=body.code, draft=key),
            "back_url": self._at.address(organisation=body.code),
        }
        status = 409 if is_changed else 200
        return self._at.look.show("intermediate/notice_review.html", context, status=status, here=NOTICES)


def _question(number: int, question: Question) -> dict[str, Any]:
    """As its recipient gets it, not yet answered."""
    return {
        "name": f"q{number}",
        "label": f"問{number + 1}　{question.text}",
        "kind": str(question.kind),
        "required": question.required,
        "options": [{"value": each, "label": each, "note": None} for each in question.choices],
        "chosen": [],
        "text": "",
        "day": {"year": "", "month": "", "day": ""},
    }
