"""A municipality's staff and system at its intermediate server: sends notices, looks what became of them (職員)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from portal.links.link import Unreachable
from portal.wire import intermediate_keeping as keeping
from portal.wire import notice_sending as sending
from portal.wire.disclosure import Attachment
from portal.wire.notice_sending import NoticeSend, RecipientsFormat, SendState
from portal.wire.notices import NoticeContent, Questionnaire, ServiceLink
from portal.wire.problems import Problem
from portal.wire.systems import Party, System
from scenarios.actors.resident import LATE_AT_MOST, Resident
from scenarios.checking import Mismatch, answered, equal
from scenarios.stage import Stage
from sim.nation.organisations import Organisation, of_municipality
from sim.nation.person import Person

NoAnswer = Problem | Unreachable
VACCINATION = "JM90000000000003"
EVENTS = "JM90000000000018"
"""An affair of no law, for which no notice may be sent."""
PART_BYTES = 64 * 1024


def words(
    title: str,
    kept_until: date,
    *,
    text: str = "対象の方にお知らせします。",
    service: ServiceLink | None = None,
    payment_url: str | None = None,
    attachments: tuple[Attachment, ...] = (),
    questionnaire: Questionnaire | None = None,
) -> NoticeContent:
    """The content of a notice."""
    return NoticeContent(title, text, kept_until, service, payment_url, attachments, questionnaire)


class Municipality:
    """市区町村: the body of a resident's home, or another organisation."""

    def __init__(self, stage: Stage, home: Person | Organisation) -> None:
        self._stage = stage
        self.body = home if isinstance(home, Organisation) else of_municipality(home.municipality_code)
        self._link = stage.link(Party.OPERATOR, System.INTERMEDIATE)
        self._keys = 0

    def __repr__(self) -> str:
        return f"Municipality({self.body.name})"

    @property
    def code(self) -> str:
        return self.body.code

    def in_days(self, days: int) -> date:
        """保存期限 so many days ahead."""
        return self._stage.today + timedelta(days=days)

    def moment(self, **ahead: float) -> datetime:
        return self._stage.now + timedelta(**ahead)

    def new_key(self) -> str:
        self._keys += 1
        return f"{self._stage.today:%Y%m%d}-{self._keys:04d}"

    async def call(self, operation: Any, request: Any) -> Any:
        """Any operation of the intermediate server, on behalf of this organisation."""
        return await self._link.call(operation, request, deadline_s=30.0)

    async def configure(self, profile: str) -> None:
        wanted = keeping.Configure(self.code, profile)
        answered(await self.call(keeping.CONFIGURE, wanted), keeping.Configuration, "機関の設定")

    # 送信

    async def try_to_send(
        self, to: Person, content: NoticeContent, *, affair: str = VACCINATION, key: str | None = None
    ) -> NoticeSend | NoAnswer:
        request = sending.SendNotice(self.code, key or self.new_key(), affair, to.n, content)
        outcome: NoticeSend | NoAnswer = await self.call(sending.SEND_NOTICE, request)
        return outcome

    async def send(self, to: Person | Resident, content: NoticeContent, **more: Any) -> NoticeSend:
        """個別送信, which must be taken."""
        person = to.person if isinstance(to, Resident) else to
        return answered(await self.try_to_send(person, content, **more), NoticeSend, "お知らせの個別送信")

    async def open_send(
        self, content: NoticeContent, *, form: RecipientsFormat = RecipientsFormat.CSV
    ) -> NoticeSend:
        request = sending.OpenSend(self.code, self.new_key(), VACCINATION, form, content)
        return answered(await self.call(sending.OPEN_SEND, request), NoticeSend, "一括送信の開始")

    async def put(self, send: NoticeSend, offset: int, part: bytes) -> NoticeSend | NoAnswer:
        outcome: NoticeSend | NoAnswer = await self.call(
            sending.PUT_PART, sending.PutPart(send.send_id, self.code, offset, part)
        )
        return outcome

    async def confirm(self, send: NoticeSend) -> NoticeSend:
        outcome = await self.call(sending.CONFIRM_SEND, sending.ConfirmSend(send.send_id, self.code))
        return answered(outcome, NoticeSend, "一括送信の確定")

    async def send_file(self, content: NoticeContent, file: bytes, **more: Any) -> NoticeSend:
        """一括送信: opened, the file in parts, confirmed; whether it goes out its state tells."""
        send = await self.open_send(content, **more)
        for offset in range(0, len(file), PART_BYTES):
            part = file[offset : offset + PART_BYTES]
            send = answered(await self.put(send, offset, part), NoticeSend, "宛先ファイルの続き")
        return await self.confirm(send)

    # 確認

    async def view(self, send: NoticeSend) -> NoticeSend:
        outcome = await self.call(sending.VIEW_SEND, self._this(send))
        return answered(outcome, NoticeSend, "送信の状況")

    async def cancel(self, send: NoticeSend) -> NoticeSend | NoAnswer:
        outcome: NoticeSend | NoAnswer = await self.call(sending.CANCEL_SEND, self._this(send))
        return outcome

    async def poll(self, send: NoticeSend) -> NoticeSend:
        """開封状況と回答の取り寄せ."""
        return answered(await self.call(sending.POLL_SEND, self._this(send)), NoticeSend, "開封状況")

    async def recipients(self, send: NoticeSend) -> tuple[sending.Recipient, ...]:
        """Every recipient, page by page."""
        found: list[sending.Recipient] = []
        while True:
            after = found[-1].position if found else -1
            outcome = await self.call(
                sending.LIST_RECIPIENTS, sending.ListRecipients(send.send_id, self.code, after)
            )
            page = answered(outcome, sending.Recipients, "宛先の一覧")
            found += page.recipients
            if not page.more:
                return tuple(found)

    async def have_folders(self, people: Sequence[Person]) -> tuple[bool, ...]:
        """フォルダーの有無 (NOT-2)."""
        outcome = await self.call(
            sending.CHECK_FOLDERS, sending.CheckFolders(self.code, tuple(each.n for each in people))
        )
        return answered(outcome, sending.FoldersFound, "フォルダーの有無").exist

    async def wait_for(
        self, send: NoticeSend, state: SendState, *, at_most: timedelta = LATE_AT_MOST
    ) -> NoticeSend:
        """Until the send has come to this state."""

        async def come() -> NoticeSend | None:
            seen = await self.view(send)
            return seen if seen.state is state else None

        return await self._stage.until(come, at_most=at_most, what=f"送信が「{state}」になる")

    def _this(self, send: NoticeSend) -> sending.SendOfOrganisation:
        return sending.SendOfOrganisation(send.send_id, self.code)


def laid(send: NoticeSend, delivered: int, without_folder: int = 0) -> None:
    """What must have become of its recipients."""
    equal(
        (send.delivered, send.without_folder), (delivered, without_folder), "届いた数と、フォルダーのない数"
    )
    if send.recipients != delivered + without_folder:
        raise Mismatch("宛先の数", delivered + without_folder, send.recipients)
