"""送信の結果を持ち帰る: the state of every recipient, and the collected answers, as CSV by the page (NOT-4, 6).

The pages put together are one file. What is in memory is one of them, so a send to a million costs no more than one to
ten thousand. What changes while pages are fetched stands in those that come later.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from portal.serving.system import Surroundings
from portal.store.store import Store, read_one
from portal.wire.csv_lines import BYTE_ORDER_MARK, csv_lines
from portal.wire.moments import to_jst
from portal.wire.notice_sending import CsvPage, ExportOfSend, RecipientState
from portal.wire.notices import NoticeContent
from portal.wire.problems import Problem, ProblemCode, problem
from sim.intermediate.notices import tables
from sim.intermediate.notices.recipients import Recipient
from sim.intermediate.notices.sending import Sending
from sim.intermediate.notices.tables import AnswersRow, BatchRow

ROWS_ON_PAGE: Final = 10_000
"""Then a page ends, with the batch it is in."""
CHARACTERS_ON_PAGE: Final = 300_000
"""Of answers: then a page ends, with the group of answers it is in."""
ANSWERS_AT_ONCE: Final = 100
STATES_JA: Final = {
    RecipientState.WAITING: "送信待ち",
    RecipientState.DELIVERED: "届いた（未開封）",
    RecipientState.WITHOUT_FOLDER: "フォルダーなし",
    RecipientState.OPENED: "開封",
    RecipientState.ANSWERED: "回答あり",
}
_RECIPIENTS: Final = ("番号", "宛名番号", "状態", "送達結果の受信日時", "開封日時", "回答日時")
_ANSWERS: Final = ("番号", "宛名番号", "回答日時")
_NOT_ASKED: Final = problem(ProblemCode.NOT_FOUND, "この送信には、アンケートが付いていません。")

Export = Callable[[ExportOfSend], Awaitable[CsvPage | Problem]]


class Exporting:
    """送信の結果のファイル."""

    def __init__(self, surroundings: Surroundings, sending: Sending) -> None:
        self._store: Store = surroundings.store
        self._sending = sending

    def __repr__(self) -> str:
        return "Exporting()"

    async def recipients(self, request: ExportOfSend) -> CsvPage | Problem:
        """宛先ごとの状態: a line for each recipient, in the order of the file."""
        key = {"organisation": request.organisation, "send_id": request.send_id}
        row = await read_one(self._store, tables.ONE, key)
        if row is None:
            return await self._missing(request)
        text, position, rows = _heading(request, _RECIPIENTS), request.after + 1, 0
        while rows < ROWS_ON_PAGE:
            batch = await read_one(self._store, tables.BATCH_AT, {**key, "position": position})
            if batch is None or batch.first + batch.total <= position:
                return CsvPage(text, position - 1, False)
            lines = await self._states(key, batch, position)
            text += csv_lines(lines)
            rows += len(lines)
            position = batch.first + batch.total
        return CsvPage(text, position - 1, position < row.recipients)

    async def _states(self, key: dict[str, str], batch: BatchRow, position: int) -> list[Sequence[str]]:
        span = {**key, "first": position, "end": batch.first + batch.total}
        opened = {
            each.position: each.opened_ms for each in await self._store.read(tables.OPENED_BETWEEN, span)
        }
        answered = {
            each.position: each.answered_ms for each in await self._store.read(tables.ANSWERED_BETWEEN, span)
        }
        without: frozenset[int] = frozenset()
        is_known = batch.undelivered is not None
        if batch.undelivered is not None:
            without = frozenset(msgspec.msgpack.decode(batch.undelivered, type=tuple[int, ...]))
        recipients = msgspec.msgpack.decode(batch.recipients, type=list[Recipient])
        return [
            (
                str(at + 1),
                f"{each.person:015d}",
                STATES_JA[state_of(is_known, at in without, at in opened, at in answered)],
                _moment(batch.known_ms),
                _moment(opened.get(at)),
                _moment(answered.get(at)),
            )
            for at, each in enumerate(recipients[position - batch.first :], position)
        ]

    async def answers(self, request: ExportOfSend) -> CsvPage | Problem:
        """アンケートの回答: a line for each recipient whose answers were collected, a column for each question."""
        key = {"organisation": request.organisation, "send_id": request.send_id}
        found = await read_one(self._store, tables.CONTENT, key)
        if found is None:
            return await self._missing(request)
        asked = msgspec.msgpack.decode(found.content, type=NoticeContent).questionnaire
        if asked is None:
            return _NOT_ASKED
        questions = [f"問{number}　{each.text}" for number, each in enumerate(asked.questions, 1)]
        text, after = _heading(request, (*_ANSWERS, *questions)), request.after
        more = True
        while more:
            given = await self._store.read(
                tables.ANSWERS_AFTER, {**key, "after": after, "most": ANSWERS_AT_ONCE}
            )
            text += csv_lines(await self._answered(key, given, len(questions)))
            after = given[-1].position if given else after
            more = len(given) == ANSWERS_AT_ONCE
            if len(text) >= CHARACTERS_ON_PAGE:
                break
        return CsvPage(text, after, more)

    async def _answered(
        self, key: dict[str, str], given: Sequence[AnswersRow], questions: int
    ) -> list[Sequence[str]]:
        lines: list[Sequence[str]] = []
        first, people = 0, list[Recipient]()
        for each in given:
            if not first <= each.position < first + len(people):
                batch = await read_one(self._store, tables.BATCH_AT, {**key, "position": each.position})
                assert batch is not None, each.position
                first, people = batch.first, msgspec.msgpack.decode(batch.recipients, type=list[Recipient])
            answers = msgspec.msgpack.decode(each.answers, type=tuple[tuple[str, ...], ...])
            # A choice has no line break in it, so several of them can be told apart; days stay as spreadsheets read them.
            cells = ["\n".join(answer) for answer in answers]
            cells += [""] * (questions - len(cells))
            person = people[each.position - first].person
            lines.append((str(each.position + 1), f"{person:015d}", _moment(each.answered_ms), *cells))
        return lines

    async def _missing(self, request: ExportOfSend) -> Problem:
        outcome = await self._sending.view(request.organisation, request.send_id)
        assert isinstance(outcome, Problem), outcome
        return outcome


def state_of(is_known: bool, is_without: bool, is_opened: bool, is_answered: bool) -> RecipientState:
    """宛先の状態, by what is known of it."""
    if is_answered:
        return RecipientState.ANSWERED
    if is_opened:
        return RecipientState.OPENED
    if is_known:
        return RecipientState.WITHOUT_FOLDER if is_without else RecipientState.DELIVERED
    return RecipientState.WAITING


def _heading(request: ExportOfSend, columns: Sequence[str]) -> str:
    return BYTE_ORDER_MARK + csv_lines([columns]) if request.after < 0 else ""


def _moment(at_ms: int | None) -> str:
    """In Japan's time, as spreadsheets read it."""
    return "" if at_ms is None else f"{to_jst(at_ms):%Y-%m-%d %H:%M:%S}"
