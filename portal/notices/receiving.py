"""Notices as they come through the network: their content once, then batch after batch into the folders (NOT-1, 2, 3)."""

from collections.abc import Callable
from typing import Final

import msgspec

from portal.accounts.service import Accounts
from portal.folder.sealing import Sealer
from portal.mail.service import promise
from portal.notices import tables
from portal.notices.contents import Contents
from portal.notices.model import ContentRow, NoticeRow, SharedContent, kept_until_ms
from portal.proxies.tables import promise_mails_of_batch
from portal.seams.clock import Clock
from portal.serving.uploads import Scanner, unfit
from portal.store.store import Conflict, Op, Store, read_one
from portal.wire import notice_relaying as relaying
from portal.wire.moments import to_ms
from portal.wire.operation import Done
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.sign_in import MailEvent

BATCH_TRIES_MAX: Final = 3


class Receiving:
    """お知らせの受け取り: durable before it is acknowledged, and recognised when it comes again."""

    def __init__(
        self,
        store: Store,
        sealer: Sealer,
        accounts: Accounts,
        clock: Clock,
        scanner: Scanner,
        contents: Contents,
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._accounts = accounts
        self._clock = clock
        self._scanner = scanner
        self._contents = contents
        self.expect_work: Callable[[int], None] = lambda due_ms: None
        """Tells the outbox when something falls due; set once that exists."""

    def __repr__(self) -> str:
        return "Receiving()"

    async def receive_content(self, request: relaying.ReceiveContent) -> Done | Problem:
        """The common part of a send, durable on return. Its files are looked at again: the folder is ours."""
        for place, file in enumerate(request.content.attachments):
            if (wrong := unfit(file, f"$.content.attachments[{place}]", self._scanner)) is not None:
                return wrong
        content_id = request.content_id
        if await self._contents.row(content_id) is not None:
            return Done()
        key = self._sealer.new_key(content_id)
        files = request.content.attachments
        shared = SharedContent(
            request.sender,
            request.affair,
            msgspec.structs.replace(request.content, attachments=()),
            tuple((file.name, file.media_type, len(file.content)) for file in files),
        )
        questionnaire = request.content.questionnaire
        row = ContentRow(
            content_id,
            key,
            self._sealer.seal(content_id, key, "content", msgspec.msgpack.encode(shared)),
            kept_until_ms(request.content.kept_until),
            0 if questionnaire is None else to_ms(questionnaire.collect_until),
            0,
            request.recipients,
        )
        sealed = [
            self._sealer.seal(content_id, key, f"attachment/{place}", msgspec.msgpack.encode(file))
            for place, file in enumerate(files)
        ]
        # A conflict: the same content came twice at once, and the other one is written.
        await self._store.write(tables.insert_content(row, sealed))
        return Done()

    async def receive(self, request: relaying.ReceiveNotices) -> relaying.NoticesReceived | Problem:
        """One batch into its folders, all in one transaction; a batch that came before gets the same answer."""
        for _ in range(BATCH_TRIES_MAX):
            key = {"content_id": request.content_id, "batch": request.batch}
            if (known := await read_one(self._store, tables.BATCH, key)) is not None:
                undelivered = msgspec.msgpack.decode(known.undelivered, type=tuple[int, ...])
                return relaying.NoticesReceived(undelivered)
            content = await self._contents.row(request.content_id)
            if content is None:
                return problem(ProblemCode.NOT_FOUND, "このお知らせの内容は届いていません。")
            now = self._clock.now_ms()
            if content.withdrawn or content.kept_until_ms <= now:
                return relaying.NoticesReceived(_positions(request))
            ops, missing = await self._laying(request, content, now)
            if not isinstance(await self._store.write(ops), Conflict):
                # Some may have wished for a mail.
                self.expect_work(now)
                return relaying.NoticesReceived(missing)
            # An account was closed, or the send withdrawn, or the same batch was quicker: look again.
        return problem(ProblemCode.CONFLICT, "もう一度送ってください。")

    async def _laying(
        self, request: relaying.ReceiveNotices, content: ContentRow, now: int
    ) -> tuple[list[Op], tuple[int, ...]]:
        ops: list[Op] = []
        missing: list[int] = []
        for offset, entry in enumerate(request.entries):
            position, number = request.first + offset, request.number + offset
            owner = await self._accounts.by_code(entry.code)
            if owner is None:
                missing.append(position)
                continue
            own = None
            if entry.own is not None:
                own = self._accounts.seal(
                    owner.account, f"notice/{number}", msgspec.msgpack.encode(entry.own)
                )
            row = NoticeRow(
                owner.account_id, number, content.content_id, position, own, now, content.kept_until_ms,
                None, None, 0, int(content.collect_until_ms > 0),
            )  # fmt: skip
            ops.append(tables.insert(row))
            if owner.mails_about(MailEvent.NOTICE):
                ops.append(promise(MailEvent.NOTICE, owner.account_id, str(number), now))
        last = request.number + len(request.entries) - 1
        ops.append(promise_mails_of_batch(content.content_id, request.number, last, now))
        head = tables.insert_batch(content.content_id, request.batch, missing)
        return [head, *ops], tuple(missing)

    async def have_folders(self, codes: tuple[str, ...]) -> relaying.Folders:
        """NOT-2."""
        return relaying.Folders(tuple([await self._accounts.has_code(code) for code in codes]))


def _positions(request: relaying.ReceiveNotices) -> tuple[int, ...]:
    return tuple(range(request.first, request.first + len(request.entries)))
