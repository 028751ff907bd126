"""アンケートの回答: sealed with their giver's key, given and changed until the deadline, collected by their sender (NOT-7)."""

import msgspec

from portal.accounts.model import OpenedAccount
from portal.accounts.service import Accounts
from portal.notices import tables
from portal.notices.contents import Contents
from portal.notices.model import NOT_HERE, NoticeRow
from portal.seams.clock import Clock
from portal.store.store import Store, read_one
from portal.wire import notice_relaying as relaying
from portal.wire.limits import MARKS_IN_ANSWER_MAX
from portal.wire.problems import Problem

Given = tuple[tuple[str, ...], ...]
"""For each question what was chosen or written; nothing where it was left out."""


class Answers:
    """回答, as they are kept."""

    def __init__(self, store: Store, clock: Clock, accounts: Accounts, contents: Contents) -> None:
        self._store = store
        self._clock = clock
        self._accounts = accounts
        self._contents = contents

    def __repr__(self) -> str:
        return "Answers()"

    def sealed(self, owner: OpenedAccount, row: NoticeRow, given: Given) -> bytes:
        """For the place of this notice, in its owner's folder."""
        place = _place(row.content_id, row.position)
        return self._accounts.seal(owner.account, place, msgspec.msgpack.encode(given))

    def _unsealed(self, owner: OpenedAccount, content_id: str, row: tables.AnswerRow) -> Given:
        raw = self._accounts.unseal(owner.account, _place(content_id, row.position), row.sealed)
        return msgspec.msgpack.decode(raw, type=Given)

    async def given(self, owner: OpenedAccount, row: NoticeRow) -> Given | None:
        """What its owner has answered last, if anything."""
        if row.answered_ms is None:
            return None
        params = {
            "content_id": row.content_id, "position": row.position, "account_id": owner.account_id,
        }  # fmt: skip
        found = await read_one(self._store, tables.ANSWER, params)
        return None if found is None else self._unsealed(owner, row.content_id, found)

    # What the sender learns

    async def marks(self, request: relaying.ReadMarks) -> relaying.Marks | Problem:
        """開封状況: which positions were opened, and when (NOT-4)."""
        if await self._contents.row(request.content_id) is None:
            return NOT_HERE
        rows = await self._store.read(tables.MARKS, _since(request))
        marks = tuple(relaying.Mark(row.position, row.at_ms) for row in rows[:MARKS_IN_ANSWER_MAX])
        return relaying.Marks(marks, len(rows) > MARKS_IN_ANSWER_MAX)

    async def collected(self, request: relaying.ReadMarks) -> relaying.Collected | Problem:
        """回答の回収: as they stand now; after the time for it there are none."""
        content = await self._contents.row(request.content_id)
        if content is None:
            return NOT_HERE
        if content.collect_until_ms <= self._clock.now_ms():
            return relaying.Collected((), False)
        rows = await self._store.read(tables.ANSWERS, _since(request))
        given: list[relaying.GivenAnswers] = []
        for row in rows[:MARKS_IN_ANSWER_MAX]:
            owner = await self._accounts.by_id(row.account_id)
            if owner is not None:
                answers = self._unsealed(owner, request.content_id, row)
                given.append(relaying.GivenAnswers(row.position, row.at_ms, answers))
        return relaying.Collected(tuple(given), len(rows) > MARKS_IN_ANSWER_MAX)


def _since(request: relaying.ReadMarks) -> dict[str, object]:
    return {
        "content_id": request.content_id,
        "since": request.since_ms,
        "after": request.after,
        "most": MARKS_IN_ANSWER_MAX + 1,
    }


def _place(content_id: str, position: int) -> str:
    return f"answers/{content_id}/{position}"
