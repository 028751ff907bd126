"""一括照会: a batch inquiry file is taken as a whole or not at all; its results are fetched as a file of our own form.

The real form of a result file is not public; ours is CSV in UTF-8 with a heading, in the order of the inquiry file.
"""

import csv
import io
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from portal.serving.system import Surroundings
from portal.store.store import Conflict, Op, Query, Store
from portal.wire.intermediate import FileResult, MakeInquiry, OneFile, SubmitFile
from portal.wire.intermediate_keeping import Group, SendState, SendView
from portal.wire.linkage import InquiryState, ProvidedContent
from portal.wire.problems import Problem, ProblemCode, problem
from sim.intermediate import sends
from sim.intermediate.batch_file import LINE_END, Line, Malformed, is_name, read, wrong
from sim.intermediate.inquiring import Inquiring
from sim.intermediate.standing import Standing

HEADING = ("行", "処理通番", "統合宛名番号", "結果", "理由", "版", "基準日", "内容")
_WORDS = {
    InquiryState.PENDING: "処理中",
    InquiryState.PROVIDED: "提供",
    InquiryState.NOT_PROVIDED: "不提供",
    InquiryState.REFUSED: "照会不可",
    InquiryState.UNANSWERED: "回答なし",
}


class _Line(NamedTuple):
    line: int
    number: str
    person: int
    state: str
    reason: str | None
    content: bytes | None


_LINES = Query(
    "SELECT f.line, f.number, l.person, l.state, l.reason, r.content FROM file_lines f "
    "JOIN linkage_records l ON l.number = f.number AND l.place = 'inquirer' "
    "LEFT JOIN results r ON r.number = f.number "
    "WHERE f.organisation = :organisation AND f.name = :name ORDER BY f.line",
    _Line,
)


class Filing:
    """一括照会ファイルの受付と結果."""

    def __init__(
        self,
        surroundings: Surroundings,
        inquiring: Inquiring,
        standing: Standing,
        wake: Callable[[], None],
    ) -> None:
        self._store: Store = surroundings.store
        self._clock = surroundings.clock
        self._inquiring = inquiring
        self._standing = standing
        self._wake = wake

    def __repr__(self) -> str:
        return "Filing()"

    async def submit(self, request: SubmitFile) -> SendView | Problem:
        """Every inquiry of the file in one transaction, or none; where it is wrong is said by line and column."""
        code, name = request.organisation, request.name
        if not is_name(name):
            return problem(
                ProblemCode.UNPROCESSABLE,
                "ファイル名は P640R110_ に年月日時分秒（14桁）を続けてください。",
                field="$.name",
            )
        digest = sends.digest_of(request.content)
        before = await sends.known(self._store, code, sends.INQUIRY_FILE, name)
        if before is not None and (answer := sends.repeated(before, digest)) is not None:
            return answer
        entries = request.content.count(LINE_END)
        row = sends.SendRow(
            code, sends.INQUIRY_FILE, name, digest, str(SendState.ACCEPTED), entries, self._clock.now_ms()
        )
        # Before it is read: a file far over the cap would hold up the others for nothing.
        refused = sends.too_many(entries, self._standing.per_send(code, Group.SKI))
        if refused is not None:
            return await sends.refuse(self._store, row, refused)
        lines = read(request.content)
        if isinstance(lines, Malformed):
            return await sends.refuse(self._store, row, _unfit(lines))
        for number, line in enumerate(lines, 1):
            refused = refused or await self._unfit(code, number, line)
        if refused is not None:
            return await sends.refuse(self._store, row, refused)
        ops = [sends.insert(row)]
        for number, line in enumerate(lines, 1):
            record = await self._inquiring.row_of(_inquiry(name, number, line))
            ops += self._inquiring.taking(record)
            ops.append(_insert_line(code, name, number, record.number))
        if isinstance(await self._store.write(ops), Conflict):
            # The same file came twice at once; the other one was first.
            first = await sends.known(self._store, code, sends.INQUIRY_FILE, name)
            answer = None if first is None else sends.repeated(first, digest)
            return answer or problem(ProblemCode.CONFLICT, "もう一度送ってください。")
        self._wake()
        return row.view

    async def _unfit(self, code: str, number: int, line: Line) -> Problem | None:
        """What only the server can know to be wrong."""
        if line.inquirer != code:
            return _unfit(wrong(number, "inquirer", "送った機関のコードではありません。"))
        if self._standing.no_person(line.person) is not None:
            where = "person_number" if line.unified_number is None else "unified_number"
            return _unfit(wrong(number, where, "この番号の人はいません。"))
        if line.user and await self._standing.bars(code, line.user):
            return _unfit(wrong(number, "user", "この利用者は照会できません。"))
        return None

    async def result(self, request: OneFile) -> FileResult | Problem:
        """結果ファイル: as far as the inquiries have come."""
        key = (request.organisation, sends.INQUIRY_FILE, request.name)
        row = await sends.known(self._store, *key)
        if row is None or row.state == SendState.REFUSED:
            return problem(ProblemCode.NOT_FOUND, "この名前のファイルは受け付けていません。")
        lines = await self._store.read(_LINES, {"organisation": request.organisation, "name": request.name})
        waiting = sum(line.state == InquiryState.PENDING for line in lines)
        return FileResult(request.name, len(lines), waiting, _table(lines))


def _inquiry(name: str, number: int, line: Line) -> MakeInquiry:
    return MakeInquiry(
        f"{name}/{number}", line.inquirer, line.person, line.affair, line.procedure, line.provider,
        line.information, withheld=line.withheld, user=line.user or None,
    )  # fmt: skip


def _insert_line(organisation: str, name: str, line: int, number: str) -> Op:
    return Op(
        "INSERT INTO file_lines (organisation, name, line, number) VALUES (:organisation, :name, :line, :number)",
        {"organisation": organisation, "name": name, "line": line, "number": number},
    )


def _unfit(where: Malformed) -> Problem:
    return problem(ProblemCode.UNPROCESSABLE, str(where), field="$.content")


def _table(lines: list[_Line]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEADING)
    for line in lines:
        content = None if line.content is None else msgspec.json.decode(line.content, type=ProvidedContent)
        writer.writerow(
            [
                line.line,
                line.number,
                f"{line.person:015d}",
                _WORDS[InquiryState(line.state)],
                line.reason or "",
                content.version if content else "",
                content.as_of.isoformat() if content else "",
                "|".join(f"{item.name}={item.value}" for item in content.items) if content else "",
            ]
        )
    return text.getvalue().encode()
