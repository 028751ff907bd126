"""送信の状況: how far one send is, its recipients, opened marks and answers, taking it back (NOT-4, 6)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from portal.web.design import answer_ja, security_headers
from portal.wire.notice_sending import (
    PART_BYTES_MAX,
    ListRecipients,
    Recipients,
    SendOfOrganisation,
    SendState,
)
from portal.wire.notices import Question
from portal.wire.problems import Problem
from sim.intermediate.notices.exporting import STATES_JA
from sim.intermediate.notices.staff_desk import NOTICES, StaffDesk

if TYPE_CHECKING:
    from quart_trio.wrappers import TrioResponse

REFRESH_SECONDS: Final = 3
EVENT_SECONDS: Final = 0.5
"""How often a stream looks how far a send is."""
STREAMS_OF_ORGANISATION_MAX: Final = 8
_MOVING: Final = frozenset([SendState.SENDING, SendState.CANCELLING])
"""Changes without anybody pressing anything."""
_DONE: Final = {
    "sent": "お知らせを受け付けました",
    "opened": "一括送信を始めました。次に、宛先ファイルを渡してください",
    "added": "宛先ファイルを受け取りました",
    "confirmed": "一括送信を確定しました",
    "cancelled": "取り消しを受け付けました",
    "polled": "開封状況と回答を取り寄せました",
}


class SendPages:
    """送信の状況."""

    def __init__(self, at: StaffDesk) -> None:
        from portal.serving.event_stream import Streams

        self._at = at
        self._streams = Streams(most=64, of_one=STREAMS_OF_ORGANISATION_MAX)

    def __repr__(self) -> str:
        return f"SendPages({self._at!r})"

    async def one(self, send_id: str) -> "TrioResponse":
        from quart import request

        body = await self._at.body()
        if body is None:
            return self._at.no_body()
        send = await self._at.admit(body.code, lambda: self._at.desk.sending.view(body.code, send_id))
        if isinstance(send, Problem):
            return self._at.tell(send, self._at.address(organisation=body.code))
        after = request.args.get("after", "")
        known = int(after) if after.isascii() and after.isdigit() and len(after) <= 9 else -1
        found = await self._at.desk.polling.recipients(ListRecipients(send_id, body.code, known))
        recipients = found if isinstance(found, Recipients) else Recipients((), False)
        shown = recipients.recipients[:100]
        more = recipients.more or len(recipients.recipients) > len(shown)
        content = await self._at.desk.sending.content(body.code, send_id)
        if isinstance(content, Problem):
            return self._at.tell(content, self._at.address(organisation=body.code))
        questionnaire = content.questionnaire
        questions = () if questionnaire is None else questionnaire.questions
        known_mistakes = [
            (each.line, each.column or "", each.field or "", each.reason) for each in send.first_mistakes
        ]
        path = f"/{send.send_id}"
        context = {
            "name": body.name,
            "send": {
                **self._at.line(send),
                "key": send.key,
                "reason": send.reason,
                "polled_at": send.polled_at,
            },
            "state": str(send.state),
            "share": 0
            if not send.recipients
            else (send.delivered + send.without_folder) * 100 // send.recipients,
            "received_bytes": send.received_bytes,
            "mistakes": [[str(cell) for cell in row] for row in known_mistakes],
            "mistakes_more": send.mistakes - len(known_mistakes),
            "cap": send.cap,
            "bulk": send.bulk,
            "asked": questionnaire is not None,
            "rows": [
                [
                    str(each.position + 1),
                    f"{each.person:015d}",
                    STATES_JA[each.state],
                    _said(questions, each.answers),
                ]
                for each in shown
            ],
            "more_url": self._at.address(path, organisation=body.code, after=str(shown[-1].position))
            if more and shown
            else None,
            "urls": {
                name: self._at.address(f"{path}/{name}", organisation=body.code)
                for name in (
                    "file",
                    "part",
                    "confirm",
                    "poll",
                    "cancel",
                    "events",
                    "recipients.csv",
                    "answers.csv",
                )
            },
            "back_url": self._at.address(organisation=body.code),
            "again_url": self._at.address("/new", organisation=body.code, like=send_id)
            if send.state is SendState.REFUSED or send.mistakes
            else None,
            "can_cancel": send.state in (SendState.RECEIVING, SendState.SENDING, SendState.SENT),
            "refresh_seconds": REFRESH_SECONDS if send.state in _MOVING else 0,
            "part_bytes": PART_BYTES_MAX,
            "message": None if send.mistakes else _DONE.get(request.args.get("done", "")),
        }
        return self._at.look.show("intermediate/notice_send.html", context, here=NOTICES)

    async def events(self, send_id: str) -> "TrioResponse":
        """How far a send is, told as it goes on, until it is through."""
        from portal.serving.event_stream import Seen, wants_events

        body = await self._at.body()
        if body is None:
            return self._at.no_body()
        if not wants_events():
            return self._at.look.go(self._at.address(f"/{send_id}", organisation=body.code))

        async def look() -> Seen | None:
            send = await self._at.desk.sending.view(body.code, send_id)
            if isinstance(send, Problem):
                return None
            share = f"{send.delivered + send.without_folder}/{send.recipients}"
            return Seen(f"{send.state} {share}", EVENT_SECONDS, send.state not in _MOVING)

        answer = self._streams.answer(look, about=send_id, reader=body.code, headers=security_headers())
        if answer is None:
            return self._at.look.respond(b"", 429, [("content-type", "text/plain")])
        return answer

    async def poll(self, send_id: str) -> "TrioResponse":
        return await self._at.do(
            send_id, "polled", lambda send, code: self._at.desk.polling.poll(SendOfOrganisation(send, code))
        )

    async def cancel(self, send_id: str) -> "TrioResponse":
        return await self._at.do(
            send_id,
            "cancelled",
            lambda send, code: self._at.desk.sending.cancel(SendOfOrganisation(send, code)),
        )

    async def ask_to_cancel(self, send_id: str) -> "TrioResponse":
        body = await self._at.body()
        if body is None:
            return self._at.no_body()
        send = await self._at.desk.sending.view(body.code, send_id)
        if isinstance(send, Problem):
            return self._at.tell(send, self._at.address(organisation=body.code))
        context = {
            "title": send.title,
            "action": self._at.address(f"/{send_id}/cancel", organisation=body.code),
            "back_url": self._at.address(f"/{send_id}", organisation=body.code),
        }
        return self._at.look.show("intermediate/notice_cancel.html", context, here=NOTICES)


def _said(
    questions: Sequence[Question], answers: tuple[tuple[str, ...], ...] | None
) -> list[tuple[str, str]]:
    """Each question with what was answered to it."""
    return [
        (f"問{number}　{question.text}", answer_ja(question, answer))
        for number, (question, answer) in enumerate(zip(questions, answers or (), strict=False), 1)
    ]
