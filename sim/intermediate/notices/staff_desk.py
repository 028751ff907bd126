"""職員の机: what all pages of notice sending share: the organisation at work, its connection, ways back (NOT-1…6)."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlencode

from portal.wire.intermediate_keeping import Group
from portal.wire.notice_sending import NoticeSend, SendState
from portal.wire.problems import Problem
from sim.entrance.look import Look
from sim.intermediate.notices.desk import NoticeDesk
from sim.intermediate.notices.drafts import DRAFT_MINUTES_MAX, DRAFTS_OF_ORGANISATION_MAX
from sim.nation.municipalities import UnknownMunicipality, municipality
from sim.nation.organisations import Organisation, UnknownOrganisation, of_municipality, organisation

if TYPE_CHECKING:
    from quart_trio.wrappers import TrioResponse

Taken = TypeVar("Taken")

NOTICES: Final = "/notices"
NAV: Final = ("お知らせの送信", NOTICES)
PERSON_MAX: Final = (1 << 27) - 1
"""A larger number is nobody's either."""
_STATES: Final = {
    SendState.RECEIVING: ("info", "宛先の受付中", "waiting"),
    SendState.REFUSED: ("error", "受け付けていません", None),
    SendState.SENDING: ("info", "送信中", "waiting"),
    SendState.SENT: ("success", "送信済み", None),
    SendState.CANCELLING: ("warning", "取り消し中", "waiting"),
    SendState.CANCELLED: ("neutral", "取り消しました", None),
}


class StaffDesk:
    """職員の机."""

    def __init__(self, look: Look, desk: NoticeDesk) -> None:
        self.look = look
        self.desk = desk

    def __repr__(self) -> str:
        return f"StaffDesk({self.desk!r})"

    def address(self, path: str = "", **query: str) -> str:
        return f"{NOTICES}{path}?{urlencode(query)}"

    async def body(self) -> Organisation | None:
        """The organisation that is at work here: by its code, or a municipality by its shorter one."""
        from quart import request

        text = request.args.get("organisation", "").strip()
        try:
            return of_municipality(municipality(text).code) if len(text) == 6 else organisation(text)
        except (UnknownOrganisation, UnknownMunicipality):
            return None

    async def admit(self, code: str, work: Callable[[], Awaitable[Taken | Problem]]) -> Taken | Problem:
        return await self.desk.standing.admit(code, work, Group.OSR)

    def tell(self, problem: Problem, back: str) -> "TrioResponse":
        return self.look.say(problem.status, problem.title, (problem.detail,), ("戻る", back))

    async def no_draft(self, code: str, key: str) -> "TrioResponse":
        """There is nothing to look over or to write anew: it was sent, or kept long enough."""
        sent = await self.desk.sending.sent_with(code, key)
        if sent is not None:
            said = (
                "同じお知らせは、もう一度送られません。別のお知らせは、送信の一覧から新しく書いてください。"
            )
            there = self.address(f"/{sent.send_id}", organisation=code)
            return self.look.say(409, "このお知らせは送信済みです", (said,), ("送信の状況を見る", there))
        lines = (
            f"書いたお知らせが残るのは{DRAFT_MINUTES_MAX}分、機関ごとに{DRAFTS_OF_ORGANISATION_MAX}件までです。",
            "お知らせは送られていません。もういちど書いてください。",
        )
        there = self.address("/new", organisation=code)
        return self.look.say(404, "下書きが残っていません", lines, ("新しいお知らせを書く", there))

    def no_body(self) -> "TrioResponse":
        return self.look.go(NOTICES)

    def person(self, typed: str) -> int | None:
        """By number, or as the world's pages name residents."""
        if typed.isascii() and typed.isdigit() and len(typed) <= 15:
            return min(int(typed), PERSON_MAX)
        return self.desk.number_of(typed)

    async def refused(self) -> "TrioResponse | None":
        return await self.look.refused_form(("戻る", NOTICES))

    def line(self, send: NoticeSend) -> dict[str, Any]:
        kind, label, sign = _STATES[send.state]
        if send.state is SendState.RECEIVING and send.mistakes:
            kind, label, sign = "error", "宛先ファイルに誤りがあります", None
        return {
            "url": self.address(f"/{send.send_id}", organisation=send.organisation),
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

    def to(self, send: NoticeSend, done: str) -> "TrioResponse":
        return self.look.go(self.address(f"/{send.send_id}", organisation=send.organisation, done=done))

    async def do(self, send_id: str, done: str, work: Any) -> "TrioResponse":
        body = await self.body()
        if body is None:
            return self.no_body()
        if (refused := await self.refused()) is not None:
            return refused
        outcome = await self.admit(body.code, lambda: work(send_id, body.code))
        if isinstance(outcome, Problem):
            return self.tell(outcome, self.address(f"/{send_id}", organisation=body.code))
        return self.to(outcome, "" if outcome.state is SendState.REFUSED else done)
