"""お知らせを書く: the form of a new notice, to one person or to many (NOT-1, 4, 5, 7)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from portal.seams.chance import identifier
from portal.wire.disclosure import Attachment
from portal.wire.limits import NOTICE_ATTACHMENT_BYTES_MAX
from portal.wire.moments import day_of
from portal.wire.notice_sending import OpenSend, RecipientsFormat, SendNotice
from portal.wire.notices import NoticeContent
from portal.wire.problems import Problem
from sim.intermediate.notices import forms
from sim.intermediate.notices.drafts import Draft, Drafts
from sim.intermediate.notices.staff_desk import NOTICES, StaffDesk
from sim.nation.notice_affairs import affairs_of
from sim.nation.organisations import Organisation

if TYPE_CHECKING:
    from quart_trio.wrappers import TrioResponse


class WritingPages:
    """お知らせを書く."""

    def __init__(self, at: StaffDesk, drafts: Drafts) -> None:
        self._at = at
        self._drafts = drafts

    def __repr__(self) -> str:
        return f"WritingPages({self._at!r})"

    def _form(
        self,
        body: Organisation,
        values: Mapping[str, Any],
        errors: Mapping[str, str],
        key: str,
        attachment: Attachment | None = None,
    ) -> "TrioResponse":
        affairs = affairs_of(self._at.desk.catalogue, body)
        context = {
            "name": body.name,
            "action": self._at.address("/new", organisation=body.code),
            "back_url": self._at.address(organisation=body.code),
            "affairs": [{"value": each.code, "label": each.name} for each in affairs],
            "kinds": [{"value": value, "label": label} for value, label in forms.KINDS],
            "cap": self._at.desk.sending.cap(body.code),
            "values": values,
            "errors": errors,
            "example": day_of(self._at.desk.clock.now_ms()),
            "key": key,
            "attached": None if attachment is None else forms.shown(attachment),
        }
        status = 422 if errors else 200
        return self._at.look.show("intermediate/notice_form.html", context, status=status, here=NOTICES)

    async def blank(self) -> "TrioResponse":
        """A new notice; with the words of another one, or of a draft that is written anew, if it is named."""
        from quart import request

        body = await self._at.body()
        if body is None:
            return self._at.no_body()
        values = forms.blank()
        if key := request.args.get("draft", ""):
            draft = self._drafts.of(body.code, key)
            if draft is None:
                return await self._at.no_draft(body.code, key)
            return self._form(body, draft.values, {}, key, draft.attachment)
        if like := request.args.get("like", ""):
            send = await self._at.admit(body.code, lambda: self._at.desk.sending.view(body.code, like))
            content = await self._at.desk.sending.content(body.code, like)
            if isinstance(send, Problem):
                return self._at.tell(send, self._at.address(organisation=body.code))
            if isinstance(content, Problem):
                return self._at.tell(content, self._at.address(organisation=body.code))
            values = {**forms.of(content, send.affair), "to": "many" if send.bulk else "one"}
        return self._form(body, values, {}, identifier(self._at.desk.chance))

    async def write(self) -> "TrioResponse":
        """What is for one person is looked over next; a bulk send is opened, and waits for its recipients."""
        from quart import request

        body = await self._at.body()
        if body is None:
            return self._at.no_body()
        if (refused := await self._at.refused()) is not None:
            return refused
        form, files = await request.form, await request.files
        given = files.get("attachment")
        file = None if given is None or not given.filename else (given.filename, given.read())
        key = form.get("key", "")
        key = key if key.isascii() and key.isalnum() and len(key) <= 40 else identifier(self._at.desk.chance)
        known = None if form.get("detach") else self._drafts.of(body.code, key)
        kept = None if known is None else known.attachment
        filled = forms.read(form.to_dict(), file, self._at.person, kept)
        if filled.content is None:
            return self._again(body, filled, filled.errors, key)
        if filled.values["to"] == "many":
            return await self._open(body, filled, filled.content, key)
        person = self._at.person(filled.values["person"])
        assert person is not None, "the form was read"
        if await self._at.desk.sending.sent_with(body.code, key) is not None:
            return await self._at.no_draft(body.code, key)
        wanted = SendNotice(body.code, key, filled.values["affair"], person, filled.content)

        async def look() -> Problem | None:
            return self._at.desk.sending.refusal(wanted)

        wrong = await self._at.admit(body.code, look)
        if wrong is not None:
            return self._refused(body, filled, wrong, key)
        self._drafts.keep(body.code, key, Draft(filled.values, filled.attachment, filled.content, person))
        return self._at.look.go(self._at.address("/review", organisation=body.code, draft=key))

    async def _open(
        self, body: Organisation, filled: forms.Filled, content: NoticeContent, key: str
    ) -> "TrioResponse":
        form_of = RecipientsFormat.JSON_LINES if filled.values["form"] == "jsonl" else RecipientsFormat.CSV
        wanted = OpenSend(body.code, key, filled.values["affair"], form_of, content)
        outcome = await self._at.admit(body.code, lambda: self._at.desk.sending.open(wanted))
        if isinstance(outcome, Problem):
            return self._refused(body, filled, outcome, key)
        self._drafts.drop(body.code, key)
        return self._at.to(outcome, "opened")

    def _refused(self, body: Organisation, filled: forms.Filled, wrong: Problem, key: str) -> "TrioResponse":
        if wrong.field is None and wrong.status != 404:
            return self._at.tell(wrong, self._at.address("/new", organisation=body.code))
        where = "person" if wrong.status == 404 else forms.field_of(wrong)
        return self._again(body, filled, {where: wrong.detail}, key)

    def _again(
        self, body: Organisation, filled: forms.Filled, errors: Mapping[str, str], key: str
    ) -> "TrioResponse":
        """The form with what is wrong. A browser does not give a file twice by itself, so the good one is kept here."""
        file = filled.attachment
        if file is not None and ("attachment" in errors or len(file.content) > NOTICE_ATTACHMENT_BYTES_MAX):
            file = None
        if file is None:
            self._drafts.drop(body.code, key)
        else:
            self._drafts.keep(body.code, key, Draft(filled.values, file))
        return self._form(body, filled.values, errors, key, file)
