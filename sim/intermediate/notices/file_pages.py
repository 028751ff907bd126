"""宛先ファイルを渡す: in parts by the page's script, or as whole files one after another, and confirmed (NOT-1)."""

from os import SEEK_END
from typing import TYPE_CHECKING

from portal.wire.notice_sending import PART_BYTES_MAX, ConfirmSend, NoticeSend, PutPart
from portal.wire.problems import Problem
from sim.intermediate.notices.staff_desk import StaffDesk

if TYPE_CHECKING:
    from quart_trio.wrappers import TrioResponse


class FilePages:
    """宛先ファイルを渡す."""

    def __init__(self, at: StaffDesk) -> None:
        self._at = at

    def __repr__(self) -> str:
        return f"FilePages({self._at!r})"

    async def add_file(self, send_id: str) -> "TrioResponse":
        """A whole file, or one more behind those that came before."""
        from quart import request

        body = await self._at.body()
        if body is None:
            return self._at.no_body()
        if (refused := await self._at.refused()) is not None:
            return refused
        given = (await request.files).get("file")
        back = self._at.address(f"/{send_id}", organisation=body.code)
        if given is None or not given.filename:
            return self._at.look.say(
                422,
                "ファイルを選んでください",
                ("宛先ファイルを選んでから、押してください。",),
                ("戻る", back),
            )
        send = await self._at.desk.sending.view(body.code, send_id)
        at = 0
        if isinstance(send, NoticeSend):
            if (await request.form).get("how") != "resume":
                at = send.received_bytes
            elif (size := given.seek(0, SEEK_END)) < send.received_bytes:
                return self._at.look.say(
                    409, "同じファイルではありません", (_shorter(size, send),), ("戻る", back)
                )
            given.seek(0)
        while isinstance(send, NoticeSend):
            part = given.read(PART_BYTES_MAX)
            if not part:
                return self._at.to(send, "added")
            # The same file once more comes from its beginning: what was received of it is compared, not taken again.
            send = await self._put(PutPart(send_id, body.code, at, part))
            at += len(part)
        return self._at.tell(send, back)

    async def _put(self, wanted: PutPart) -> NoticeSend | Problem:
        return await self._at.admit(wanted.organisation, lambda: self._at.desk.sending.put(wanted))

    async def add_part(self, send_id: str) -> "TrioResponse":
        """A part by the page's script: how far the file was received."""
        from quart import request

        body = await self._at.body()
        offset = request.args.get("offset", "")
        if (
            body is None
            or self._at.look.came_from_elsewhere()
            or not (offset.isdigit() and len(offset) <= 12)
        ):
            return self._at.look.respond(b"", 403, [("content-type", "text/plain")])
        content = await request.get_data()
        if not isinstance(content, bytes) or len(content) > PART_BYTES_MAX:
            return self._at.look.respond(b"", 413, [("content-type", "text/plain")])
        outcome = await self._put(PutPart(send_id, body.code, int(offset), content))
        if isinstance(outcome, Problem):
            return self._at.look.respond(
                outcome.detail.encode(), outcome.status, [("content-type", "text/plain; charset=utf-8")]
            )
        said = f"{outcome.received_bytes} {outcome.recipients} {outcome.mistakes}"
        return self._at.look.respond(said.encode(), 200, [("content-type", "text/plain")])

    async def confirm(self, send_id: str) -> "TrioResponse":
        return await self._at.do(
            send_id, "confirmed", lambda send, code: self._at.desk.sending.confirm(ConfirmSend(send, code))
        )


def _shorter(size: int, send: NoticeSend) -> str:
    return (
        f"選んだファイルは{size:,}バイトで、これまでに受け取った{send.received_bytes:,}バイトより短いものです。何も足していません。"
        "続きから渡すときは、同じファイルを選んでください。宛先を足すときは、渡しかたで「別のファイルを後ろに足す」を選んでください。"
    )
