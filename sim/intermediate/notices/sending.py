"""お知らせの送信: one at a time or in bulk, checked, kept, lined up (NOT-1, 2, 5, 6, 7).

A bulk send's file comes in parts and is read as it comes: what is in memory is one part of it. How far it was read is
written down with the recipients that were found, so after a crash its sender asks where it stands and goes on there.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Final

import msgspec

from portal.seams.chance import identifier
from portal.serving.system import Surroundings
from portal.serving.uploads import KnownSignatures, Scanner
from portal.store.store import Conflict, Op, Store, read_one
from portal.wire import notice_sending as wire
from portal.wire.intermediate_keeping import Group
from portal.wire.moments import DAY, start_of, to_jst, to_ms
from portal.wire.notice_relaying import ReceiveResults
from portal.wire.notice_sending import NoticeSend, RecipientsFormat, SendState
from portal.wire.notices import NoticeContent
from portal.wire.operation import Done
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.texts import with_line_feeds
from sim.intermediate.notices import tables
from sim.intermediate.notices.model import Event, after, check, wrong_own_part
from sim.intermediate.notices.received import grown, is_the_same
from sim.intermediate.notices.recipients import Progress, Reader, Recipient, chunks_of
from sim.intermediate.notices.repeats import repeated
from sim.intermediate.notices.tables import BatchRow, SendRow, key_of
from sim.intermediate.residents import Residents
from sim.intermediate.standing import Standing
from sim.nation.catalogue import Catalogue
from sim.nation.notice_affairs import may_send
from sim.nation.organisations import organisation

SENDS_LISTED_MAX: Final = 50
KEPT_AFTER_MS: Final = 40 * DAY
"""A send is listed for so long after its notices have gone from the folders."""
_LAST_ID: Final = "~"

_NOT_HERE: Final = problem(ProblemCode.NOT_FOUND, "この送信番号の送信は、この機関にありません。")
_ANOTHER_FILE: Final = problem(
    ProblemCode.CONFLICT,
    "これまでに受け取った宛先ファイルと、内容が違います。同じファイルをはじめから渡してください。"
    "宛先を間違えたときは、この送信を取り消して、新しい送信で送ってください。渡されたものは足していません。",
    field="$.content",
)
_ONCE_MORE: Final = problem(
    ProblemCode.CONFLICT, "ほかの操作と重なりました。送信の状況を確かめて、もう一度お試しください。"
)


class Sending:
    """お知らせの送信 of all organisations."""

    def __init__(
        self,
        surroundings: Surroundings,
        catalogue: Catalogue,
        standing: Standing,
        residents: Residents,
        call: Callable[[str], None],
        number_of: Callable[[str], int | None],
        scanner: Scanner | None = None,
    ) -> None:
        """*call* wakes an organisation's lane; *number_of* knows residents by another name than their number."""
        self._store: Store = surroundings.store
        self._clock = surroundings.clock
        self._chance = surroundings.chance
        self._catalogue = catalogue
        self._standing = standing
        self._residents = residents
        self._call = call
        self._number_of = number_of
        self._scanner = scanner or KnownSignatures()

    def __repr__(self) -> str:
        return "Sending()"

    def cap(self, code: str) -> int:
        """一回の送信の上限 of this organisation's server, which its staff can see."""
        return self._standing.per_send(code, Group.OSR)

    # Taking

    async def send_one(self, request: wire.SendNotice) -> NoticeSend | Problem:
        """個別送信: durable on return, and on its way."""
        content = _tidy(request.content)
        digest = _digest(request)
        if (known := await self._known(request.organisation, request.key, digest)) is not None:
            return known
        if (wrong := self.refusal(request)) is not None:
            return wrong
        row = self._new(request, content, digest, SendState.SENDING, RecipientsFormat.JSON_LINES, bulk=False)
        row = row._replace(recipients=1, batches=1)
        batch = _batch(0, 0, [Recipient(request.person, request.own)])
        ops = [
            tables.forget(row.opened_ms),
            *tables.insert(row, content),
            tables.insert_batch(row, batch),
            tables.line_up(row, row.opened_ms),
        ]
        taken = await self._take(row, ops)
        self._call(request.organisation)
        return taken

    def refusal(self, request: wire.SendNotice) -> Problem | None:
        """Why such a notice would not be taken, if so: asked before a clerk looks it over."""
        wrong = self._wrong(request.organisation, request.affair, _tidy(request.content))
        if wrong is not None:
            return wrong
        if (said := self._residents.not_of(request.organisation)(request.person)) is not None:
            return problem(ProblemCode.NOT_FOUND, said, field="$.person")
        if request.own is not None and (own := wrong_own_part(request.own)) is not None:
            return problem(ProblemCode.UNPROCESSABLE, own[1], field=f"$.own.{own[0]}")
        return None

    async def sent_with(self, code: str, key: str) -> NoticeSend | None:
        """The send that bears this key, if there is one."""
        row = await read_one(self._store, tables.BY_KEY, {"organisation": code, "key": key})
        return None if row is None else self._view(row)

    async def open(self, request: wire.OpenSend) -> NoticeSend | Problem:
        """一括送信の開始: its content is checked before anybody sends a long file."""
        content = _tidy(request.content)
        digest = _digest(request)
        if (known := await self._known(request.organisation, request.key, digest)) is not None:
            return known
        if (wrong := self._wrong(request.organisation, request.affair, content)) is not None:
            return wrong
        row = self._new(request, content, digest, SendState.RECEIVING, request.format, bulk=True)
        return await self._take(row, [tables.forget(row.opened_ms), *tables.insert(row, content)])

    def _wrong(self, code: str, affair: str, content: NoticeContent) -> Problem | None:
        refused = may_send(self._catalogue, organisation(code), affair)
        if refused is not None:
            return problem(ProblemCode.NOT_PERMITTED, refused, field="$.affair")
        return check(content, self._scanner, self._clock.now_ms())

    async def _known(self, code: str, key: str, digest: str) -> NoticeSend | Problem | None:
        row = await read_one(self._store, tables.BY_KEY, {"organisation": code, "key": key})
        if row is None:
            return None
        if row.digest != digest:
            return problem(
                ProblemCode.CONFLICT,
                "同じ key で、別の内容のお知らせを受け付けています。新しい送信には新しい key を付けてください。",
                field="$.key",
            )
        return self._view(row)

    def _new(
        self,
        request: wire.SendNotice | wire.OpenSend,
        content: NoticeContent,
        digest: str,
        state: SendState,
        form: RecipientsFormat,
        *,
        bulk: bool,
    ) -> SendRow:
        now = self._clock.now_ms()
        ends = start_of(content.kept_until) + DAY
        if content.questionnaire is not None:
            ends = max(ends, to_ms(content.questionnaire.collect_until))
        return SendRow(
            request.organisation, identifier(self._chance), request.key, digest, request.affair, request.user,
            int(bulk), str(form), content.title, str(state), now, None, None, ends + KEPT_AFTER_MS, 0,
            msgspec.msgpack.encode(Progress()), 0, 0, 0, 0, 0, 0, 0, None, 0, 0, None, b"", b"",
        )  # fmt: skip

    async def _take(self, row: SendRow, ops: list[Op]) -> NoticeSend | Problem:
        if isinstance(await self._store.write(ops), Conflict):
            # The same key came twice at once; whoever was first decides.
            return await self._known(row.organisation, row.key, row.digest) or _ONCE_MORE
        return self._view(await self._row(row.organisation, row.send_id) or row)

    async def put(self, request: wire.PutPart) -> NoticeSend | Problem:
        """宛先ファイルの続き: read and written down. What came before changes nothing, and must be the same."""
        row = await self._row(request.organisation, request.send_id)
        if row is None:
            return _NOT_HERE
        if row.state == SendState.REFUSED:
            return self._view(row)
        if row.state != SendState.RECEIVING:
            return problem(ProblemCode.CONFLICT, "この送信は、宛先の受付を終えています。")
        if request.offset > row.received_bytes:
            return problem(
                ProblemCode.CONFLICT,
                f"{row.received_bytes}バイト目までを受け取っています。その続きから送ってください。",
                field="$.offset",
            )
        known = row.received_bytes - request.offset
        again, part = request.content[:known], request.content[known:]
        if again and not await is_the_same(self._store, row, request.offset, again):
            return _ANOTHER_FILE
        if not part:
            return self._view(row)
        reader = self._reader(row)
        recipients = reader.feed(part)
        return await self._keep(row, reader, recipients, part)

    def _reader(self, row: SendRow) -> Reader:
        progress = msgspec.msgpack.decode(row.progress, type=Progress)
        return Reader(
            RecipientsFormat(row.format),
            progress,
            self._residents.not_of(row.organisation),
            self._number_of,
        )

    async def _keep(
        self, row: SendRow, reader: Reader, recipients: list[Recipient], part: bytes
    ) -> NoticeSend | Problem:
        """The recipients in batches, and how far the file was read, in one transaction."""
        again, ops = await repeated(self._store, row, [each.person for each in recipients])
        recipients = reader.without(again, recipients)
        number, first = row.batches, row.recipients
        progress = reader.progress
        total = row.recipients + len(recipients)
        if not progress.mistakes:
            # Once there is a mistake nothing of this send will go out: there is nothing more to keep of it.
            for chunk in chunks_of(recipients):
                batch = _batch(number, first, chunk)
                ops.append(tables.insert_batch(row, batch))
                number, first = number + 1, first + batch.total
        tail, blocks = grown(row, part)
        ops += blocks
        kept = row._replace(
            received_bytes=row.received_bytes + len(part),
            tail=tail,
            progress=msgspec.msgpack.encode(progress),
            recipients=total,
            batches=number,
        )
        ops.append(tables.received(kept, row.received_bytes))
        cap = self.cap(row.organisation)
        if total > cap:
            ops += self._refusing(kept, f"一回の送信は{cap:,}件までです。宛先を分けて送ってください。")
        if isinstance(await self._store.write(ops), Conflict):
            return _ONCE_MORE
        return await self.view(row.organisation, row.send_id)

    def _refusing(self, row: SendRow, reason: str) -> list[Op]:
        return [
            tables.step(row, SendState.REFUSED, reason=reason),
            tables.drop_batches(row),
            *tables.forget_file(row),
        ]

    async def confirm(self, request: wire.ConfirmSend) -> NoticeSend | Problem:
        """確定: from here on it goes out, or it is refused with the places of its mistakes."""
        row = await self._row(request.organisation, request.send_id)
        if row is None:
            return _NOT_HERE
        if row.state != SendState.RECEIVING:
            return self._view(row)
        reader = self._reader(row)
        last = reader.end()
        kept = await self._keep(row, reader, last, b"")
        row = await self._row(request.organisation, request.send_id)
        if row is None or isinstance(kept, Problem):
            return kept
        if row.state != SendState.RECEIVING:
            return kept
        progress = reader.progress
        ops: list[Op]
        if progress.mistakes:
            ops = self._refusing(
                row,
                f"宛先ファイルに誤りが{progress.mistakes:,}件あるため、1件も送っていません。直して、新しい送信で送ってください。",
            )
        elif not row.recipients:
            ops = self._refusing(row, "宛先が1件もありません。")
        elif request.recipients is not None and request.recipients != row.recipients:
            return problem(
                ProblemCode.CONFLICT,
                f"宛先は{row.recipients:,}件です（確定しようとしたのは{request.recipients:,}件）。",
                field="$.recipients",
            )
        else:
            now = self._clock.now_ms()
            ops = [tables.step(row, SendState.SENDING), tables.line_up(row, now), *tables.forget_file(row)]
        if isinstance(await self._store.write(ops), Conflict):
            return _ONCE_MORE
        self._call(request.organisation)
        return await self.view(request.organisation, request.send_id)

    async def cancel(self, request: wire.SendOfOrganisation) -> NoticeSend | Problem:
        """取り消し (NOT-6): at once while nothing has left, through the network afterwards."""
        row = await self._row(request.organisation, request.send_id)
        if row is None:
            return _NOT_HERE
        state = SendState(row.state)
        if state in (SendState.CANCELLED, SendState.CANCELLING):
            return self._view(row)
        event = Event.CANCELLATION if row.content_relayed else Event.RECALL
        following = after(state, event)
        if following is None:
            return problem(ProblemCode.CONFLICT, "受け付けなかった送信は、取り消すまでもなく送られません。")
        ops = [tables.step(row, following), *tables.forget_file(row)]
        if event is Event.RECALL:
            # The content may be on its way at this very moment; then it is too late for a recall.
            ops.append(
                Op(
                    "UPDATE notice_sends SET relayed = relayed WHERE organisation = :organisation "
                    "AND send_id = :send_id AND content_relayed = 0",
                    key_of(row),
                )
            )
        if isinstance(await self._store.write(ops), Conflict):
            return _ONCE_MORE
        self._call(request.organisation)
        return await self.view(request.organisation, request.send_id)

    # Looking

    async def _row(self, code: str, send_id: str) -> SendRow | None:
        return await read_one(self._store, tables.ONE, {"organisation": code, "send_id": send_id})

    async def view(self, code: str, send_id: str) -> NoticeSend | Problem:
        row = await self._row(code, send_id)
        return _NOT_HERE if row is None else self._view(row)

    async def content(self, code: str, send_id: str) -> NoticeContent | Problem:
        """What its recipients read."""
        row = await read_one(self._store, tables.CONTENT, {"organisation": code, "send_id": send_id})
        return _NOT_HERE if row is None else msgspec.msgpack.decode(row.content, type=NoticeContent)

    async def listed(self, request: wire.ListSends) -> wire.NoticeSends | Problem:
        """Newest first."""
        code = request.organisation
        opened_ms, send_id = 1 << 62, _LAST_ID
        if request.before is not None:
            before = await self._row(code, request.before)
            if before is None:
                return _NOT_HERE
            opened_ms, send_id = before.opened_ms, before.send_id
        rows = await self._store.read(
            tables.LISTED,
            {
                "organisation": code,
                "opened_ms": opened_ms,
                "send_id": send_id,
                "most": SENDS_LISTED_MAX + 1,
            },
        )
        views = tuple(self._view(row) for row in rows[:SENDS_LISTED_MAX])
        return wire.NoticeSends(views, self.cap(code), len(rows) > SENDS_LISTED_MAX)

    def _view(self, row: SendRow) -> NoticeSend:
        progress = msgspec.msgpack.decode(row.progress, type=Progress)
        return NoticeSend(
            row.send_id, row.organisation, row.key, row.affair, row.title, SendState(row.state), bool(row.bulk),
            to_jst(row.opened_ms), None if row.confirmed_ms is None else to_jst(row.confirmed_ms),
            row.received_bytes, row.recipients, row.relayed, row.delivered, row.without_folder, row.opened,
            row.answered, progress.mistakes, progress.first_mistakes, row.reason, self.cap(row.organisation),
            None if row.polled_ms is None else to_jst(row.polled_ms),
        )  # fmt: skip

    async def take_results(self, request: ReceiveResults) -> Done | Problem:
        """送達結果 from the core; the same again changes nothing."""
        row = await self._row(request.organisation, request.send_id)
        batch = await read_one(
            self._store,
            tables.BATCH,
            {"organisation": request.organisation, "send_id": request.send_id, "batch": request.batch},
        )
        if row is None or batch is None:
            return problem(ProblemCode.NOT_FOUND, "この送信の、この分の宛先はありません。")
        now = self._clock.now_ms()
        await self._store.write(tables.results(row, request.batch, batch.total, request.undelivered, now))
        return Done()


def _tidy(content: NoticeContent) -> NoticeContent:
    return msgspec.structs.replace(content, text=with_line_feeds(content.text))


def _digest(request: wire.SendNotice | wire.OpenSend) -> str:
    return sha256(msgspec.msgpack.encode(request)).hexdigest()


def _batch(number: int, first: int, recipients: list[Recipient]) -> BatchRow:
    return BatchRow(number, first, len(recipients), msgspec.msgpack.encode(recipients), None)
