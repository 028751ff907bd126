"""お知らせを書く: the form of a new notice, to one person or to many (NOT-1, 4, 5, 7)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from portal.seams.chance import identifier
from portal.wire.moments import day_of
from portal.wire.notice_sending import NoticeSend, OpenSend, RecipientsFormat, SendNotice
from portal.wire.problems import Problem
from sim.intermediate.notices import forms
from sim.intermediate.notices.staff_desk import NOTICES, StaffDesk
from sim.nation.notice_affairs import affairs_of
from sim.nation.organisations import Organisation

if TYPE_CHECKING:
    from quart_trio.wrappers import TrioResponse


class WritingPages:
    """お知らせを書く."""

    def __init__(self, at: StaffDesk) -> None:
        self._at = at

    def __repr__(self) -> str:
        return f"WritingPages({self._at!r})"

    def _form(
        self,
        body: Organisation,
        values: Mapping[str, Any],
        errors: Mapping[str, str],
        key: str,
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
        }
        status = 422 if errors else 200
        return self._at.look.show("intermediate/notice_form.html", context, status=status, here=NOTICES)

    async def blank(self) -> "TrioResponse":
        """A new notice; with the words of another one, if it is named."""
        from quart import request

        body = await self._at.body()
        if body is None:
            return self._at.no_body()
        values = forms.blank()
        if like := request.args.get("like", ""):
            send = await self._at.admit(body.code, lambda: self._at.desk.sending.view(body.code, like))
            content = await self._at.desk.sending.content(body.code, like)
            if isinstance(send, Problem):
                return self._at.tell(send, self._at.address(organisation=body.code))
            if isinstance(content, Problem):
                return self._at.tell(content, self._at.address(organisation=body.code))
            values = {**forms.of(content, send.affair), "to": "many" if send.bulk else "one"}
        return self._form(body, values, {}, identifier(self._at.desk.chance))

    async def send(self) -> "TrioResponse":
        from quart import request

        body = await self._at.body()
        if body is None:
            return self._at.no_body()
        if (refused := await self._at.refused()) is not None:
            return refused
        form, files = await request.form, await request.files
        given = files.get("attachment")
        content = None if given is None or not given.filename else (given.filename, given.read())
        filled = forms.read(form.to_dict(), content, self._at.person)
        key = form.get("key", "")
        key = key if key.isascii() and key.isalnum() and len(key) <= 40 else identifier(self._at.desk.chance)
        if filled.content is None:
            return self._form(body, filled.values, filled.errors, key)
        wanted = filled.content
        affair = filled.values["affair"]
        is_bulk = filled.values["to"] == "many"
        form_of = RecipientsFormat.JSON_LINES if filled.values["form"] == "jsonl" else RecipientsFormat.CSV
        sending = self._at.desk.sending

        async def take() -> NoticeSend | Problem:
            if is_bulk:
                return await sending.open(OpenSend(body.code, key, affair, form_of, wanted))
            person = self._at.person(filled.values["person"])
            assert person is not None, "the form was read"
            return await sending.send_one(SendNotice(body.code, key, affair, person, wanted))

        outcome = await self._at.admit(body.code, take)
        if isinstance(outcome, Problem):
            if outcome.field is None and outcome.status != 404:
                return self._at.tell(outcome, self._at.address("/new", organisation=body.code))
            where = "person" if outcome.status == 404 else forms.field_of(outcome)
            return self._form(body, filled.values, {where: outcome.detail}, key)
        return self._at.to(outcome, "opened" if is_bulk else "sent")
