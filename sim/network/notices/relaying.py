"""お知らせの中継: what the core takes from a sender's server, and how it comes to the portal in order, exactly once.

Taken means durable. Each message bears a key (send, kind, batch); one that comes again is acknowledged and nothing
more. The core gives numbers in the order of taking; each organisation's items go to the portal one after another.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Final

import msgspec
import structlog

from portal.links.link import Unreachable
from portal.serving.system import Surroundings
from portal.store.store import Conflict, read_one
from portal.wire import notice_relaying as wire
from portal.wire.disclosure import Named
from portal.wire.limits import NOTICES_IN_BATCH_MAX
from portal.wire.moments import DAY, start_of, to_ms
from portal.wire.notices import NoticeContent
from portal.wire.operation import Done
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.systems import System
from sim.controls import ControlDesk
from sim.delivering import Pushed, pushed, reason_of
from sim.lanes import Lanes, Step
from sim.nation.catalogue import Catalogue
from sim.nation.notice_affairs import affair_of, may_send
from sim.nation.organisations import organisation
from sim.network.codes import DISCLOSURE_SYSTEM, LinkageCodes
from sim.network.inquiries import wrong_organisation
from sim.network.notices import tables
from sim.network.notices.tables import BATCH, CANCEL, CONTENT, Item, SendRow

log = structlog.get_logger(__name__)

ITEMS_WAITING_MAX: Final = 64
"""Items of one organisation that wait for the portal; one more is told to come again."""
KEPT_AFTER_MS: Final = 40 * DAY
"""A send is recognised for so long after its notices have gone."""

_UNKNOWN_SEND: Final = problem(ProblemCode.NOT_FOUND, "この送信番号のお知らせは受け付けていません。")
_NO_PORTAL: Final = problem(
    ProblemCode.UPSTREAM_UNAVAILABLE,
    "マイナポータルから回答がありません。しばらく待ってから、もう一度お試しください。",
)


class NoticeRelay:
    """お知らせの中継 at the core."""

    def __init__(
        self,
        surroundings: Surroundings,
        catalogue: Catalogue,
        codes: LinkageCodes,
        desk: ControlDesk,
        knows_person: Callable[[int], bool],
    ) -> None:
        self._store = surroundings.store
        self._clock = surroundings.clock
        self._portal = surroundings.link(System.PORTAL)
        self._intermediate = surroundings.link(System.INTERMEDIATE)
        self._catalogue = catalogue
        self._codes = codes
        self._desk = desk
        self._knows_person = knows_person
        self._last = 0
        self.lanes = Lanes("network notices", self._clock, self._push_next, self._busy)

    def __repr__(self) -> str:
        return f"NoticeRelay(last={self._last})"

    async def load(self) -> None:
        """Go on counting where it was left off. Raises ``StorageRefused``."""
        (counter,) = await self._store.read(tables.COUNTER)
        self._last = counter.last

    # Taking

    async def take_content(self, request: wire.RelayContent) -> Done | Problem:
        """The content of a send; the law is asked again here, whatever its own server has said."""
        code = request.organisation
        if wrong_organisation(code) is not None:
            return problem(
                ProblemCode.NOT_FOUND, "この機関コードの機関はありません。", field="$.organisation"
            )
        refused = may_send(self._catalogue, organisation(code), request.affair)
        if refused is not None:
            return problem(ProblemCode.NOT_PERMITTED, refused, field="$.affair")
        now = self._clock.now_ms()
        ends = start_of(request.content.kept_until) + DAY
        questionnaire = request.content.questionnaire
        if questionnaire is not None:
            ends = max(ends, to_ms(questionnaire.collect_until))
        content = msgspec.msgpack.encode((request.recipients, request.content))
        row = SendRow(
            code, request.send_id, request.affair, sha256(content).hexdigest(), ends + KEPT_AFTER_MS
        )
        known = await self._send(code, request.send_id)
        if known is not None:
            if known[:4] != row[:4]:
                return problem(
                    ProblemCode.CONFLICT, "この送信番号は、別のお知らせに使われています。", field="$.send_id"
                )
            return Done()
        item = Item(self._number(), code, request.send_id, CONTENT, 0, content, now)
        ops = [tables.forget_sends(now), tables.insert_send(row), *tables.put_item(item)]
        if isinstance(await self._store.write(ops), Conflict):
            return problem(ProblemCode.CONFLICT, "もう一度送ってください。")
        self.lanes.call(code)
        return Done()

    async def take_batch(self, request: wire.RelayBatch) -> Done | Problem:
        """Recipients, turned from the sender's codes into the portal's. A code of nobody stays one of nobody."""
        if await self._send(request.organisation, request.send_id) is None:
            return _UNKNOWN_SEND
        key = (request.organisation, request.send_id, BATCH, request.batch)
        if await self._has(*key):
            return Done()
        if (crowded := await self._crowded(request.organisation)) is not None:
            return crowded
        entries = tuple(self._translated(request.organisation, entry) for entry in request.entries)
        body = msgspec.msgpack.encode((request.first, entries))
        return await self._take(Item(self._number(), *key, body, self._clock.now_ms()))

    async def take_cancel(self, request: wire.OneSend) -> Done | Problem:
        """取り消し (NOT-6): behind what was taken of this send before."""
        if await self._send(request.organisation, request.send_id) is None:
            return _UNKNOWN_SEND
        key = (request.organisation, request.send_id, CANCEL, 0)
        if await self._has(*key):
            return Done()
        return await self._take(Item(self._number(), *key, b"", self._clock.now_ms()))

    async def _take(self, item: Item) -> Done:
        # A conflict: the same came twice at once, and the other one is written.
        await self._store.write(tables.put_item(item))
        self.lanes.call(item.organisation)
        return Done()

    def _translated(self, code: str, entry: wire.Entry) -> wire.Entry:
        person = self._codes.person_of(entry.code, code)
        if person is None or not self._knows_person(person):
            return wire.Entry(NOBODY, entry.own)
        return wire.Entry(self._codes.code_of(person, DISCLOSURE_SYSTEM), entry.own)

    def _number(self) -> int:
        self._last += 1
        return self._last

    async def _send(self, code: str, send_id: str) -> SendRow | None:
        return await read_one(self._store, tables.SEND, {"organisation": code, "send_id": send_id})

    async def _has(self, code: str, send_id: str, kind: str, batch: int) -> bool:
        params = {"organisation": code, "send_id": send_id, "kind": kind, "batch": batch}
        (count,) = await self._store.read(tables.TAKEN, params)
        return count.total > 0

    async def _crowded(self, code: str) -> Problem | None:
        (waiting,) = await self._store.read(
            tables.WAITING, {"organisation": code, "most": ITEMS_WAITING_MAX + 1}
        )
        if waiting.total < ITEMS_WAITING_MAX:
            return None
        return problem(
            ProblemCode.OVERLOADED, "前のお知らせがまだ届いていません。しばらく待ってから送ってください。"
        )

    # Pushing

    async def _busy(self) -> list[str]:
        return [lane.organisation for lane in await self._store.read(tables.LANES)]

    async def _push_next(self, code: str) -> Step:
        if self._desk.stopped:
            return Step.AGAIN
        item = await read_one(self._store, tables.NEXT, {"organisation": code})
        if item is None:
            return Step.NOTHING
        push = {CONTENT: self._push_content, BATCH: self._push_batch, CANCEL: self._push_cancel}[item.kind]
        outcome = await push(item)
        now = self._clock.now_ms()
        # Word of a batch is never given up: its sender waits for it, however long one of them was away. Nor is a
        # cancellation: what was said to be cancelled may not lie in a folder for ever.
        came_to = pushed(outcome, put_ms=item.put_ms if item.kind == CONTENT else now, now_ms=now)
        if came_to is Pushed.AGAIN:
            log.info("notice_again", kind=item.kind, reason=reason_of(outcome))
            return Step.AGAIN
        if came_to is not Pushed.TAKEN:
            log.warning("notice_not_taken", kind=item.kind, came_to=str(came_to), reason=reason_of(outcome))
        await self._store.write([tables.remove_item(item.sequence)])
        return Step.DONE

    async def _push_content(self, item: Item) -> object:
        send = await self._send(item.organisation, item.send_id)
        if send is None:
            return Done()
        sender = organisation(item.organisation)
        affair = affair_of(self._catalogue, send.affair)
        recipients, content = msgspec.msgpack.decode(item.body, type=tuple[int, NoticeContent])
        return await self._portal.call(
            wire.RECEIVE_CONTENT,
            wire.ReceiveContent(
                content_id(item),
                Named(sender.code, sender.name),
                affair,
                content,
                recipients,
            ),
        )

    async def _push_batch(self, item: Item) -> object:
        """To the portal, then word of it to the sender's server; both recognise a batch that comes again."""
        first, entries = msgspec.msgpack.decode(item.body, type=tuple[int, tuple[wire.Entry, ...]])
        number = item.sequence * NOTICES_IN_BATCH_MAX + 1
        received = await self._portal.call(
            wire.RECEIVE_NOTICES,
            wire.ReceiveNotices(content_id(item), item.batch, number, first, entries),
        )
        undelivered: tuple[int, ...] = tuple(range(first, first + len(entries)))
        if isinstance(received, wire.NoticesReceived):
            undelivered = received.undelivered
        elif pushed(received, put_ms=item.put_ms, now_ms=self._clock.now_ms()) is Pushed.AGAIN:
            return received
        return await self._intermediate.call(
            wire.RECEIVE_RESULTS,
            wire.ReceiveResults(item.organisation, item.send_id, item.batch, undelivered),
        )

    async def _push_cancel(self, item: Item) -> object:
        return await self._portal.call(wire.WITHDRAW_NOTICES, wire.OneContent(content_id(item)))

    # Asking

    async def ask_folders(self, request: wire.AskFolders) -> wire.Folders | Problem:
        """NOT-2: the portal is asked in its own codes; of nobody there is no folder."""
        entries = [self._translated(request.organisation, wire.Entry(code)) for code in request.codes]
        answer = await self._portal.call(
            wire.HAVE_FOLDERS, wire.HaveFolders(tuple(entry.code for entry in entries))
        )
        return _NO_PORTAL if isinstance(answer, (Problem, Unreachable)) else answer

    async def ask_marks(self, request: wire.AskMarks) -> wire.Marks | Problem:
        if await self._send(request.organisation, request.send_id) is None:
            return _UNKNOWN_SEND
        answer = await self._portal.call(wire.READ_MARKS, _read(request))
        return _NO_PORTAL if _is_none(answer) else answer  # type: ignore[return-value]

    async def ask_answers(self, request: wire.AskMarks) -> wire.Collected | Problem:
        if await self._send(request.organisation, request.send_id) is None:
            return _UNKNOWN_SEND
        answer = await self._portal.call(wire.READ_ANSWERS, _read(request))
        return _NO_PORTAL if _is_none(answer) else answer  # type: ignore[return-value]


NOBODY: Final = "0" * 32
"""Stands for a code that is nobody's: the portal finds no folder for it."""


def content_id(item: Item) -> str:
    return f"{item.organisation}.{item.send_id}"


def _read(request: wire.AskMarks) -> wire.ReadMarks:
    return wire.ReadMarks(f"{request.organisation}.{request.send_id}", request.since_ms, request.after)


def _is_none(answer: object) -> bool:
    """No answer; that there is nothing yet is one."""
    return isinstance(answer, Unreachable) or (
        isinstance(answer, Problem) and answer.code is not ProblemCode.NOT_FOUND
    )
