"""お知らせの送信の画面, at a staff's terminal: pick the organisation, write, hand over recipients, look, cancel (NOT-1…6).

It stands for a terminal in the municipality's own network, so it asks for no password. A recipients' file larger than a
form takes comes in parts by the page's script; without scripts several files may be added one after another.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from os import SEEK_END
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlencode

from portal.seams.chance import identifier
from portal.web.design import answer_ja, security_headers
from portal.wire.intermediate_keeping import Group
from portal.wire.moments import day_of
from portal.wire.notice_sending import (
    PART_BYTES_MAX,
    CheckFolders,
    ConfirmSend,
    ListRecipients,
    ListSends,
    NoticeSend,
    OpenSend,
    PutPart,
    Recipients,
    RecipientsFormat,
    RecipientState,
    SendNotice,
    SendOfOrganisation,
    SendState,
)
from portal.wire.notices import Question
from portal.wire.problems import Problem
from sim.entrance.look import Look
from sim.intermediate.notices import forms
from sim.intermediate.notices.desk import NoticeDesk
from sim.nation.municipalities import UnknownMunicipality, municipality
from sim.nation.notice_affairs import affairs_of
from sim.nation.organisations import Organisation, UnknownOrganisation, of_municipality, organisation

if TYPE_CHECKING:
    from quart_trio.wrappers import TrioResponse

Taken = TypeVar("Taken")

NOTICES: Final = "/notices"
NAV: Final = ("お知らせの送信", NOTICES)
PERSON_MAX: Final = (1 << 27) - 1
"""A larger number is nobody's either."""
UPLOAD_BYTES_MAX: Final = 3_500_000
"""Of a form with a file; the connection takes 4 MiB."""
FORM_SECONDS_MAX: Final = 60
REFRESH_SECONDS: Final = 3
EVENT_SECONDS: Final = 0.5
"""How often a stream looks how far a send is."""
STREAMS_OF_ORGANISATION_MAX: Final = 8
_STATES: Final = {
    SendState.RECEIVING: ("info", "宛先の受付中", "waiting"),
    SendState.REFUSED: ("error", "受け付けていません", None),
    SendState.SENDING: ("info", "送信中", "waiting"),
    SendState.SENT: ("success", "送信済み", None),
    SendState.CANCELLING: ("warning", "取り消し中", "waiting"),
    SendState.CANCELLED: ("neutral", "取り消しました", None),
}
_MOVING: Final = frozenset([SendState.SENDING, SendState.CANCELLING])
"""Changes without anybody pressing anything."""
_RECIPIENTS: Final = {
    RecipientState.WAITING: "送信待ち",
    RecipientState.DELIVERED: "届いた（未開封）",
    RecipientState.WITHOUT_FOLDER: "フォルダーなし",
    RecipientState.OPENED: "開封",
    RecipientState.ANSWERED: "回答あり",
}
_DONE: Final = {
    "sent": "お知らせを受け付けました",
    "opened": "一括送信を始めました。次に、宛先ファイルを渡してください",
    "added": "宛先ファイルを受け取りました",
    "confirmed": "一括送信を確定しました",
    "cancelled": "取り消しを受け付けました",
    "polled": "開封状況と回答を取り寄せました",
}


def add_pages(look: Look, desk: NoticeDesk) -> None:
    """The pages of notices, on this simulator's look."""
    look.app.config.update(
        MAX_CONTENT_LENGTH=UPLOAD_BYTES_MAX + 64 * 1024,
        MAX_FORM_MEMORY_SIZE=256 * 1024,
        MAX_FORM_PARTS=80,
        BODY_TIMEOUT=FORM_SECONDS_MAX,
    )
    pages = _Pages(look, desk)
    rules = (
        (NOTICES, "notices", pages.overview, "GET"),
        (f"{NOTICES}/new", "notices new", pages.blank, "GET"),
        (f"{NOTICES}/new", "notices send", pages.send, "POST"),
        (f"{NOTICES}/folder", "notices folder", pages.check_folder, "POST"),
        (f"{NOTICES}/<send_id>", "notices one", pages.one, "GET"),
        (f"{NOTICES}/<send_id>/events", "notices events", pages.events, "GET"),
        (f"{NOTICES}/<send_id>/file", "notices file", pages.add_file, "POST"),
        (f"{NOTICES}/<send_id>/part", "notices part", pages.add_part, "POST"),
        (f"{NOTICES}/<send_id>/confirm", "notices confirm", pages.confirm, "POST"),
        (f"{NOTICES}/<send_id>/poll", "notices poll", pages.poll, "POST"),
        (f"{NOTICES}/<send_id>/cancel", "notices ask to cancel", pages.ask_to_cancel, "GET"),
        (f"{NOTICES}/<send_id>/cancel", "notices cancel", pages.cancel, "POST"),
    )
    for rule, name, view, method in rules:
        look.app.add_url_rule(rule, name, view, methods=[method])


class _Pages:
    def __init__(self, look: Look, desk: NoticeDesk) -> None:
        from portal.serving.event_stream import Streams

        self._look = look
        self._desk = desk
        self._streams = Streams(most=64, of_one=STREAMS_OF_ORGANISATION_MAX)

    def _address(self, path: str = "", **query: str) -> str:
        return f"{NOTICES}{path}?{urlencode(query)}"

    async def _body(self) -> Organisation | None:
        """The organisation that is at work here: by its code, or a municipality by its shorter one."""
        from quart import request

        text = request.args.get("organisation", "").strip()
        try:
            return of_municipality(municipality(text).code) if len(text) == 6 else organisation(text)
        except (UnknownOrganisation, UnknownMunicipality):
            return None

    async def _admit(self, code: str, work: Callable[[], Awaitable[Taken | Problem]]) -> Taken | Problem:
        return await self._desk.standing.admit(code, work, Group.OSR)

    def _tell(self, problem: Problem, back: str) -> "TrioResponse":
        return self._look.say(problem.status, problem.title, (problem.detail,), ("戻る", back))

    def _no_body(self) -> "TrioResponse":
        return self._look.go(NOTICES)

    def _person(self, typed: str) -> int | None:
        """By number, or as the world's pages name residents."""
        if typed.isascii() and typed.isdigit() and len(typed) <= 15:
            return min(int(typed), PERSON_MAX)
        return self._desk.number_of(typed)

    async def _refused(self) -> "TrioResponse | None":
        return await self._look.refused_form(("戻る", NOTICES))

    async def overview(self, folder: dict[str, str] | None = None, status: int = 200) -> "TrioResponse":
        from quart import request

        body = await self._body()
        typed = request.args.get("organisation", "").strip()
        listed: list[dict[str, Any]] = []
        cap = 0
        errors: dict[str, str] = {}
        if body is not None:
            found = await self._admit(body.code, lambda: self._desk.sending.listed(ListSends(body.code)))
            if isinstance(found, Problem):
                return self._tell(found, NOTICES)
            cap = found.cap
            listed = [self._line(send) for send in found.sends]
        elif typed:
            errors = {"organisation": "機関コード（16桁）か市区町村コード（6桁）を、数字で入れてください。"}
        context = {
            "organisation": typed if body is None else body.code,
            "name": None if body is None else body.name,
            "sends": listed,
            "cap": cap,
            "action": NOTICES,
            "new_url": None if body is None else self._address("/new", organisation=body.code),
            "folder_action": None if body is None else self._address("/folder", organisation=body.code),
            "folder": folder or {"person": "", "said": "", "error": ""},
            "errors": errors,
        }
        status = 422 if errors else status
        return self._look.show("intermediate/notices.html", context, status=status, here=NOTICES)

    def _line(self, send: NoticeSend) -> dict[str, Any]:
        kind, label, sign = _STATES[send.state]
        if send.state is SendState.RECEIVING and send.mistakes:
            kind, label, sign = "error", "宛先ファイルに誤りがあります", None
        return {
            "url": self._address(f"/{send.send_id}", organisation=send.organisation),
            "title": send.title,
            "kind": kind,
            "label": label,
            "sign": sign,
            "opened_at": send.opened_at,
            "recipients": send.recipients,
            "delivered": send.delivered,
            "without_folder": send.without_folder,
            "opened": send.opened,
            "answered": send.answered,
        }

    async def check_folder(self) -> "TrioResponse":
        """NOT-2, for one person."""
        from quart import request

        body = await self._body()
        if body is None:
            return self._no_body()
        if (refused := await self._refused()) is not None:
            return refused
        typed = (await request.form).get("person", "").strip()
        said = {"person": typed, "said": "", "error": ""}
        person = self._person(typed)
        if person is None:
            return await self.overview({**said, "error": forms.PERSON_SAID}, 422)
        wanted = CheckFolders(body.code, (person,))
        found = await self._admit(body.code, lambda: self._desk.relaying.check_folders(wanted))
        if isinstance(found, Problem):
            return await self.overview({**said, "error": found.detail}, found.status)
        words = "フォルダーがあります。" if found.exist[0] else "フォルダーがありません。"
        return await self.overview({**said, "said": f"宛名番号 {typed} の人には、{words}"})

    def _form(
        self,
        body: Organisation,
        values: Mapping[str, Any],
        errors: Mapping[str, str],
        key: str,
    ) -> "TrioResponse":
        affairs = affairs_of(self._desk.catalogue, body)
        context = {
            "name": body.name,
            "action": self._address("/new", organisation=body.code),
            "back_url": self._address(organisation=body.code),
            "affairs": [{"value": each.code, "label": each.name} for each in affairs],
            "kinds": [{"value": value, "label": label} for value, label in forms.KINDS],
            "cap": self._desk.sending.cap(body.code),
            "values": values,
            "errors": errors,
            "example": day_of(self._desk.clock.now_ms()),
            "key": key,
        }
        status = 422 if errors else 200
        return self._look.show("intermediate/notice_form.html", context, status=status, here=NOTICES)

    async def blank(self) -> "TrioResponse":
        """A new notice; with the words of another one, if it is named."""
        from quart import request

        body = await self._body()
        if body is None:
            return self._no_body()
        values = forms.blank()
        if like := request.args.get("like", ""):
            send = await self._admit(body.code, lambda: self._desk.sending.view(body.code, like))
            content = await self._desk.sending.content(body.code, like)
            if isinstance(send, Problem):
                return self._tell(send, self._address(organisation=body.code))
            if isinstance(content, Problem):
                return self._tell(content, self._address(organisation=body.code))
            values = {**forms.of(content, send.affair), "to": "many" if send.bulk else "one"}
        return self._form(body, values, {}, identifier(self._desk.chance))

    async def send(self) -> "TrioResponse":
        from quart import request

        body = await self._body()
        if body is None:
            return self._no_body()
        if (refused := await self._refused()) is not None:
            return refused
        form, files = await request.form, await request.files
        given = files.get("attachment")
        content = None if given is None or not given.filename else (given.filename, given.read())
        filled = forms.read(form.to_dict(), content, self._person)
        key = form.get("key", "")
        key = key if key.isascii() and key.isalnum() and len(key) <= 40 else identifier(self._desk.chance)
        if filled.content is None:
            return self._form(body, filled.values, filled.errors, key)
        wanted = filled.content
        affair = filled.values["affair"]
        is_bulk = filled.values["to"] == "many"
        form_of = RecipientsFormat.JSON_LINES if filled.values["form"] == "jsonl" else RecipientsFormat.CSV
        sending = self._desk.sending

        async def take() -> NoticeSend | Problem:
            if is_bulk:
                return await sending.open(OpenSend(body.code, key, affair, form_of, wanted))
            person = self._person(filled.values["person"])
            assert person is not None, "the form was read"
            return await sending.send_one(SendNotice(body.code, key, affair, person, wanted))

        outcome = await self._admit(body.code, take)
        if isinstance(outcome, Problem):
            if outcome.field is None and outcome.status != 404:
                return self._tell(outcome, self._address("/new", organisation=body.code))
            where = "person" if outcome.status == 404 else forms.field_of(outcome)
            return self._form(body, filled.values, {where: outcome.detail}, key)
        return self._to(outcome, "opened" if is_bulk else "sent")

    def _to(self, send: NoticeSend, done: str) -> "TrioResponse":
        return self._look.go(self._address(f"/{send.send_id}", organisation=send.organisation, done=done))

    async def one(self, send_id: str) -> "TrioResponse":
        from quart import request

        body = await self._body()
        if body is None:
            return self._no_body()
        send = await self._admit(body.code, lambda: self._desk.sending.view(body.code, send_id))
        if isinstance(send, Problem):
            return self._tell(send, self._address(organisation=body.code))
        after = request.args.get("after", "")
        known = int(after) if after.isascii() and after.isdigit() and len(after) <= 9 else -1
        found = await self._desk.polling.recipients(ListRecipients(send_id, body.code, known))
        recipients = found if isinstance(found, Recipients) else Recipients((), False)
        shown = recipients.recipients[:100]
        more = recipients.more or len(recipients.recipients) > len(shown)
        questions: tuple[Question, ...] = ()
        if any(each.answers is not None for each in shown):
            content = await self._desk.sending.content(body.code, send_id)
            if isinstance(content, Problem):
                return self._tell(content, self._address(organisation=body.code))
            questions = () if content.questionnaire is None else content.questionnaire.questions
        known_mistakes = [
            (each.line, each.column or "", each.field or "", each.reason) for each in send.first_mistakes
        ]
        path = f"/{send.send_id}"
        context = {
            "name": body.name,
            "send": {**self._line(send), "key": send.key, "reason": send.reason, "polled_at": send.polled_at},
            "state": str(send.state),
            "share": 0
            if not send.recipients
            else (send.delivered + send.without_folder) * 100 // send.recipients,
            "received_bytes": send.received_bytes,
            "mistakes": [[str(cell) for cell in row] for row in known_mistakes],
            "mistakes_more": send.mistakes - len(known_mistakes),
            "cap": send.cap,
            "bulk": send.bulk,
            "rows": [
                [
                    str(each.position + 1),
                    f"{each.person:015d}",
                    _RECIPIENTS[each.state],
                    _said(questions, each.answers),
                ]
                for each in shown
            ],
            "more_url": self._address(path, organisation=body.code, after=str(shown[-1].position))
            if more and shown
            else None,
            "urls": {
                name: self._address(f"{path}/{name}", organisation=body.code)
                for name in ("file", "part", "confirm", "poll", "cancel", "events")
            },
            "back_url": self._address(organisation=body.code),
            "again_url": self._address("/new", organisation=body.code, like=send_id)
            if send.state is SendState.REFUSED or send.mistakes
            else None,
            "can_cancel": send.state in (SendState.RECEIVING, SendState.SENDING, SendState.SENT),
            "refresh_seconds": REFRESH_SECONDS if send.state in _MOVING else 0,
            "part_bytes": PART_BYTES_MAX,
            "message": None if send.mistakes else _DONE.get(request.args.get("done", "")),
        }
        return self._look.show("intermediate/notice_send.html", context, here=NOTICES)

    async def events(self, send_id: str) -> "TrioResponse":
        """How far a send is, told as it goes on, until it is through."""
        from portal.serving.event_stream import Seen, wants_events

        body = await self._body()
        if body is None:
            return self._no_body()
        if not wants_events():
            return self._look.go(self._address(f"/{send_id}", organisation=body.code))

        async def look() -> Seen | None:
            send = await self._desk.sending.view(body.code, send_id)
            if isinstance(send, Problem):
                return None
            share = f"{send.delivered + send.without_folder}/{send.recipients}"
            return Seen(f"{send.state} {share}", EVENT_SECONDS, send.state not in _MOVING)

        answer = self._streams.answer(look, about=send_id, reader=body.code, headers=security_headers())
        if answer is None:
            return self._look.respond(b"", 429, [("content-type", "text/plain")])
        return answer

    async def add_file(self, send_id: str) -> "TrioResponse":
        """A whole file, or one more behind those that came before."""
        from quart import request

        body = await self._body()
        if body is None:
            return self._no_body()
        if (refused := await self._refused()) is not None:
            return refused
        given = (await request.files).get("file")
        back = self._address(f"/{send_id}", organisation=body.code)
        if given is None or not given.filename:
            return self._look.say(
                422,
                "ファイルを選んでください",
                ("宛先ファイルを選んでから、押してください。",),
                ("戻る", back),
            )
        send = await self._desk.sending.view(body.code, send_id)
        at = 0
        if isinstance(send, NoticeSend):
            if (await request.form).get("how") != "resume":
                at = send.received_bytes
            elif (size := given.seek(0, SEEK_END)) < send.received_bytes:
                return self._look.say(
                    409, "同じファイルではありません", (_shorter(size, send),), ("戻る", back)
                )
            given.seek(0)
        while isinstance(send, NoticeSend):
            part = given.read(PART_BYTES_MAX)
            if not part:
                return self._to(send, "added")
            # The same file once more comes from its beginning: what was received of it is compared, not taken again.
            send = await self._put(PutPart(send_id, body.code, at, part))
            at += len(part)
        return self._tell(send, back)

    async def _put(self, wanted: PutPart) -> NoticeSend | Problem:
        return await self._admit(wanted.organisation, lambda: self._desk.sending.put(wanted))

    async def add_part(self, send_id: str) -> "TrioResponse":
        """A part by the page's script: how far the file was received."""
        from quart import request

        body = await self._body()
        offset = request.args.get("offset", "")
        if body is None or self._look.came_from_elsewhere() or not (offset.isdigit() and len(offset) <= 12):
            return self._look.respond(b"", 403, [("content-type", "text/plain")])
        content = await request.get_data()
        if not isinstance(content, bytes) or len(content) > PART_BYTES_MAX:
            return self._look.respond(b"", 413, [("content-type", "text/plain")])
        outcome = await self._put(PutPart(send_id, body.code, int(offset), content))
        if isinstance(outcome, Problem):
            return self._look.respond(
                outcome.detail.encode(), outcome.status, [("content-type", "text/plain; charset=utf-8")]
            )
        said = f"{outcome.received_bytes} {outcome.recipients} {outcome.mistakes}"
        return self._look.respond(said.encode(), 200, [("content-type", "text/plain")])

    async def _do(self, send_id: str, done: str, work: Any) -> "TrioResponse":
        body = await self._body()
        if body is None:
            return self._no_body()
        if (refused := await self._refused()) is not None:
            return refused
        outcome = await self._admit(body.code, lambda: work(send_id, body.code))
        if isinstance(outcome, Problem):
            return self._tell(outcome, self._address(f"/{send_id}", organisation=body.code))
        return self._to(outcome, "" if outcome.state is SendState.REFUSED else done)

    async def confirm(self, send_id: str) -> "TrioResponse":
        return await self._do(
            send_id, "confirmed", lambda send, code: self._desk.sending.confirm(ConfirmSend(send, code))
        )

    async def poll(self, send_id: str) -> "TrioResponse":
        return await self._do(
            send_id, "polled", lambda send, code: self._desk.polling.poll(SendOfOrganisation(send, code))
        )

    async def cancel(self, send_id: str) -> "TrioResponse":
        return await self._do(
            send_id, "cancelled", lambda send, code: self._desk.sending.cancel(SendOfOrganisation(send, code))
        )

    async def ask_to_cancel(self, send_id: str) -> "TrioResponse":
        body = await self._body()
        if body is None:
            return self._no_body()
        send = await self._desk.sending.view(body.code, send_id)
        if isinstance(send, Problem):
            return self._tell(send, self._address(organisation=body.code))
        context = {
            "title": send.title,
            "action": self._address(f"/{send_id}/cancel", organisation=body.code),
            "back_url": self._address(f"/{send_id}", organisation=body.code),
        }
        return self._look.show("intermediate/notice_cancel.html", context, here=NOTICES)


def _shorter(size: int, send: NoticeSend) -> str:
    return (
        f"選んだファイルは{size:,}バイトで、これまでに受け取った{send.received_bytes:,}バイトより短いものです。何も足していません。"
        "続きから渡すときは、同じファイルを選んでください。宛先を足すときは、渡しかたで「別のファイルを後ろに足す」を選んでください。"
    )


def _said(
    questions: Sequence[Question], answers: tuple[tuple[str, ...], ...] | None
) -> list[tuple[str, str]]:
    """Each question with what was answered to it."""
    return [
        (f"問{number}　{question.text}", answer_ja(question, answer))
        for number, (question, answer) in enumerate(zip(questions, answers or (), strict=False), 1)
    ]
