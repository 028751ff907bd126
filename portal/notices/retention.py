"""When notices go: their sender's retention ends, read or not (FLD-4), or their sender takes them back (NOT-6)."""

from collections.abc import Callable
from typing import Final

from portal.notices import tables
from portal.notices.contents import Contents
from portal.notices.model import Event, State, after
from portal.notices.tables import Numbered
from portal.seams.clock import Clock
from portal.store import outbox
from portal.store.store import Op, Store
from portal.wire.operation import Done

WITHDRAW: Final = "notice_withdraw"
"""Outbox: take what was withdrawn out of the folders."""
ROWS_AT_ONCE_MAX: Final = 1_000
CONTENTS_SWEPT_MAX: Final = 100


class Retention:
    """お知らせの保存期限と取り消し."""

    def __init__(self, store: Store, clock: Clock, contents: Contents) -> None:
        self._store = store
        self._clock = clock
        self._contents = contents
        self.works: dict[str, outbox.Work] = {WITHDRAW: self._withdraw}
        self.expect_work: Callable[[int], None] = lambda due_ms: None
        """Tells the outbox when something falls due; set once that exists."""

    def __repr__(self) -> str:
        return "Retention()"

    async def withdraw(self, content_id: str) -> Done:
        """取り消し: nobody can open it from now on; the folders are cleared one after another."""
        now = self._clock.now_ms()
        await self._store.write(
            [tables.withdraw(content_id), outbox.put(WITHDRAW, content_id, due_ms=now, now_ms=now)]
        )
        self.expect_work(now)
        return Done()

    async def _withdraw(self, row: outbox.Row) -> outbox.Finished | outbox.Again:
        await self._clear(row.key, withdrawn=True)
        return outbox.Finished()

    async def sweep(self) -> None:
        """Delete what its sender's retention no longer covers, read or not (FLD-4), and answers past their time."""
        now = self._clock.now_ms()
        while ended := await self._store.read(tables.ENDED, {"now": now, "most": CONTENTS_SWEPT_MAX}):
            for content in ended:
                await self._clear(content.content_id, withdrawn=False)
                self._contents.forget(content.content_id)
        await self._store.write([tables.drop_answers(now), tables.drop_contents(now)])

    async def _clear(self, content_id: str, *, withdrawn: bool) -> None:
        last = 0
        while True:
            rows = await self._store.read(
                tables.LEFT_OF, {"content_id": content_id, "after": last, "most": ROWS_AT_ONCE_MAX}
            )
            if not rows:
                return
            event = Event.CANCELLATION if withdrawn else Event.RETENTION_END
            await self._store.write([_ending(row, event) for row in rows])
            last = rows[-1].number


def _ending(row: Numbered, event: Event) -> Op:
    state = State.UNOPENED if row.opened_ms is None else State.OPENED
    return tables.remove(row) if after(state, event) is State.GONE else tables.empty(row)
