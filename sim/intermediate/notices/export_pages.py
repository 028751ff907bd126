"""送信の結果を保存する: CSV files of a send, streamed by the page as they are made (NOT-4, 6)."""

from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from portal.web.design import security_headers
from portal.wire.notice_sending import CsvPage, ExportOfSend
from portal.wire.operation import CSV
from portal.wire.problems import Problem
from sim.intermediate.notices.exporting import Export
from sim.intermediate.notices.staff_desk import StaffDesk

if TYPE_CHECKING:
    from quart_trio.wrappers import TrioResponse

EXPORTS_AT_ONCE_MAX: Final = 4
"""Of all organisations: each holds one page of its file in memory."""
EXPORT_SECONDS_MAX: Final = 900


class ExportPages:
    """送信の結果を保存する."""

    def __init__(self, at: StaffDesk) -> None:
        self._at = at
        self.open = 0
        """Files on their way."""

    def __repr__(self) -> str:
        return f"ExportPages({self._at!r}, {self.open} open)"

    async def recipients(self, send_id: str) -> "TrioResponse":
        return await self._file(send_id, "recipients", self._at.desk.exporting.recipients)

    async def answers(self, send_id: str) -> "TrioResponse":
        return await self._file(send_id, "answers", self._at.desk.exporting.answers)

    async def _file(self, send_id: str, name: str, export: Export) -> "TrioResponse":
        body = await self._at.body()
        if body is None:
            return self._at.no_body()
        wanted = ExportOfSend(send_id, body.code)
        first = await self._at.admit(body.code, lambda: export(wanted))
        if isinstance(first, Problem):
            return self._at.tell(first, self._at.address(organisation=body.code))
        back = self._at.address(f"/{send_id}", organisation=body.code)
        if self.open >= EXPORTS_AT_ONCE_MAX:
            words = (
                f"同時に保存できるのは{EXPORTS_AT_ONCE_MAX}件までです。しばらく待ってから、もう一度お試しください。",
            )
            return self._at.look.say(503, "ただいま混み合っています", words, ("戻る", back))
        return self._streamed(_Pages(self, export, wanted, first), f"{send_id}-{name}.csv")

    def _streamed(self, pages: "_Pages", name: str) -> "TrioResponse":
        from quart_trio.wrappers import TrioResponse

        response = TrioResponse(pages.body(), status=200)
        response.headers.clear()
        saved = ("content-disposition", f'attachment; filename="{name}"')
        response.headers.extend([("content-type", CSV), saved, *security_headers()])
        response.timeout = EXPORT_SECONDS_MAX
        return response


class _Pages:
    """The pages of one file, each fetched when the one before has gone."""

    def __init__(self, of: ExportPages, export: Export, wanted: ExportOfSend, first: CsvPage) -> None:
        self._of = of
        self._export = export
        self._wanted = wanted
        self._first: CsvPage | None = first
        self._after: int | None = None
        """Of what was sent last, if there is more."""

    def __repr__(self) -> str:
        return f"_Pages({self._wanted!r})"

    def body(self) -> Any:
        from quart.wrappers.response import ResponseBody

        pages = self

        class Body(ResponseBody):
            async def __aenter__(self) -> "Body":
                pages._of.open += 1
                return self

            async def __aexit__(self, kind: type, error: BaseException, trace: TracebackType) -> None:
                pages._of.open -= 1

            def __aiter__(self) -> "Body":
                return self

            async def __anext__(self) -> bytes:
                return await pages.following()

        return Body()

    async def following(self) -> bytes:
        page, self._first = self._first, None
        if page is None:
            if self._after is None:
                raise StopAsyncIteration
            wanted = ExportOfSend(self._wanted.send_id, self._wanted.organisation, self._after)
            found = await self._export(wanted)
            if isinstance(found, Problem):
                # Half a file must not look like a whole one: the connection breaks off.
                raise ConnectionAbortedError(found.detail)
            page = found
        self._after = page.after if page.more else None
        return page.csv.encode("utf-8", "replace")
