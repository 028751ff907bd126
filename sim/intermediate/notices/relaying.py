"""お知らせの送り出し: batch by batch to the core, in the order in which an organisation confirmed its sends (NOT-1).

One step is one message. What was sent is noted after the core has acknowledged it; a crash in between sends it
once more, and the core recognises it. A send that the core refuses is refused visibly, and the ones behind it go on.
"""

from typing import Final

import msgspec
import structlog

from portal.serving.system import Surroundings
from portal.store.store import Op, Store, read_one
from portal.wire import notice_relaying as wire
from portal.wire.intermediate_keeping import Group
from portal.wire.moments import DAY, start_of
from portal.wire.notice_sending import (
    CheckFolders,
    FoldersFound,
    SendState,
)
from portal.wire.notices import NoticeContent
from portal.wire.operation import Done
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.systems import System
from sim.delivering import Pushed, pushed, reason_of
from sim.intermediate.notices import tables
from sim.intermediate.notices.model import Event, after
from sim.intermediate.notices.recipients import Recipient
from sim.intermediate.notices.tables import SendRow, key_of
from sim.intermediate.residents import Residents
from sim.intermediate.standing import Standing
from sim.lanes import Lanes, Step
from sim.network.codes import LinkageCodes

log = structlog.get_logger(__name__)

_EXPIRED: Final = "保存期限が過ぎたため、送りませんでした。"
NO_NETWORK: Final = problem(
    ProblemCode.UPSTREAM_UNAVAILABLE,
    "情報提供ネットワークから回答がありません。しばらく待ってから、もう一度お試しください。",
)


class Relaying:
    """お知らせの送り出しと、結果の取り寄せ."""

    def __init__(
        self, surroundings: Surroundings, codes: LinkageCodes, standing: Standing, residents: Residents
    ) -> None:
        self._store: Store = surroundings.store
        self._clock = surroundings.clock
        self._network = surroundings.link(System.NETWORK)
        self._codes = codes
        self._standing = standing
        self._residents = residents
        self.lanes = Lanes("intermediate notices", self._clock, self._relay_next, self._busy)

    def __repr__(self) -> str:
        return f"Relaying({self.lanes!r})"

    async def _busy(self) -> list[str]:
        return [lane.organisation for lane in await self._store.read(tables.LANES)]

    async def _relay_next(self, code: str) -> Step:
        if self._standing.closed(code, Group.OSR) is not None:
            return Step.AGAIN
        row = await read_one(self._store, tables.NEXT, {"organisation": code})
        if row is None:
            return Step.NOTHING
        if row.state == SendState.CANCELLING:
            return await self._relay_cancel(row)
        return await (self._relay_batch(row) if row.content_relayed else self._relay_content(row))

    async def _relay_content(self, row: SendRow) -> Step:
        found = await read_one(self._store, tables.CONTENT, key_of(row))
        assert found is not None, row.send_id
        content = msgspec.msgpack.decode(found.content, type=NoticeContent)
        if start_of(content.kept_until) + DAY <= self._clock.now_ms():
            return await self._refused(row, _EXPIRED)
        outcome = await self._network.call(
            wire.RELAY_CONTENT,
            wire.RelayContent(row.organisation, row.send_id, row.affair, content, row.recipients),
        )
        return await self._noted(row, outcome, tables.content_relayed(row))

    async def _relay_batch(self, row: SendRow) -> Step:
        batch = await read_one(self._store, tables.BATCH, {**key_of(row), "batch": row.batches_relayed})
        assert batch is not None, (row.send_id, row.batches_relayed)
        recipients = msgspec.msgpack.decode(batch.recipients, type=list[Recipient])
        code_of, code = self._codes.code_of, row.organisation
        entries = tuple(wire.Entry(code_of(each.person, code), each.own) for each in recipients)
        outcome = await self._network.call(
            wire.RELAY_BATCH, wire.RelayBatch(code, row.send_id, batch.batch, batch.first, entries)
        )
        return await self._noted(row, outcome, tables.batch_relayed(row, batch))

    async def _relay_cancel(self, row: SendRow) -> Step:
        outcome = await self._network.call(wire.RELAY_CANCEL, wire.OneSend(row.organisation, row.send_id))
        if isinstance(outcome, Problem) and outcome.code is ProblemCode.NOT_FOUND:
            # The core has forgotten it with its retention: nobody has it any more.
            outcome = Done()
        following = after(SendState(row.state), Event.TAKEN_BACK)
        assert following is not None
        return await self._noted(row, outcome, tables.step(row, following, changes=None))

    async def _noted(self, row: SendRow, outcome: object, op: Op) -> Step:
        if isinstance(outcome, Problem) and outcome.code is ProblemCode.NOT_PERMITTED:
            return await self._refused(row, outcome.detail)
        # Its own retention ends what can never be sent, not a number of tries.
        now = self._clock.now_ms()
        came_to = pushed(outcome, put_ms=now, now_ms=now)
        if came_to is Pushed.AGAIN:
            return Step.AGAIN
        if came_to is not Pushed.TAKEN:
            log.warning("notice_send_declined", reason=reason_of(outcome))
            return await self._refused(
                row, outcome.detail if isinstance(outcome, Problem) else reason_of(outcome)
            )
        await self._store.write([op])
        return Step.DONE

    async def _refused(self, row: SendRow, reason: str) -> Step:
        following = after(SendState(row.state), Event.MISTAKES)
        if following is None:
            return Step.AGAIN
        await self._store.write([tables.step(row, following, reason=reason, changes=None)])
        return Step.DONE

    # NOT-2

    async def check_folders(self, request: CheckFolders) -> FoldersFound | Problem:
        """利用者フォルダーの有無, in the order in which they were asked about."""
        for person in request.persons:
            if (nobody := self._standing.no_person(person)) is not None:
                return problem(nobody.code, f"宛名番号 {person} の人はいません。", field="$.persons")
        codes = tuple(self._codes.code_of(person, request.organisation) for person in request.persons)
        answer = await self._network.call(wire.ASK_FOLDERS, wire.AskFolders(request.organisation, codes))
        if not isinstance(answer, wire.Folders):
            return NO_NETWORK
        # Of residents of other places nothing is told: to them this organisation sends nothing either.
        not_of = self._residents.not_of(request.organisation)
        pairs = zip(request.persons, answer.exist, strict=True)
        return FoldersFound(tuple(exists and not_of(person) is None for person, exists in pairs))
