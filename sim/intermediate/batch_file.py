"""一括照会ファイル: the batch inquiry file of a municipality, read and written (DOMAIN.md 4). No I/O.

Name ``P640R110_YYYYMMDDHHmmss``, lines ended by CRLF, comma-joined fields of fixed width. What the public description
leaves open is **assumed**: ASCII only; blank means spaces throughout; the digit of 照会条件区分 is 1 without and 2 with a
period; of 照会年度区分 0 (none) to 2.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

NAME: Final = re.compile(r"P640R110_([0-9]{14})\Z")
LINE_END: Final = b"\r\n"


class Field(NamedTuple):
    """One field: its name, Japanese name, width, and what may stand in it (blanks padded to the width included)."""

    name: str
    japanese: str
    width: int
    form: re.Pattern[str]


def _field(name: str, japanese: str, width: int, form: str) -> Field:
    return Field(name, japanese, width, re.compile(f"(?:{form})\\Z"))


_TEXT20 = r"[!-+\--~]{0,20} *"
FIELDS: Final[tuple[Field, ...]] = (
    _field("numbering", "番号体系", 2, r"[0-9]{2}"),
    _field("person_number", "宛名番号", 15, r"[0-9]{15}"),
    _field("unified_number", "統合宛名番号", 15, r"[0-9]{15}| {15}"),
    _field("requested_at", "照会依頼日時", 17, r"[0-9]{17}"),
    _field("department", "部署コード", 20, _TEXT20),
    _field("user", "ユーザーID", 20, _TEXT20),
    _field("inquirer", "照会者機関コード", 16, r"[0-9]{16}"),
    _field("withheld", "照会側不開示コード", 1, r"[01]"),
    _field("affair", "事務コード", 16, r"JM[0-9]{14}"),
    _field("procedure", "事務手続コード", 16, r"JT[0-9]{14}"),
    _field("inquirer_delegator", "照会者委任元", 16, r"[0-9]{16}| {16}"),
    _field("provider_delegator", "提供者委任元", 16, r"[0-9]{16}| {16}"),
    _field("provider", "提供者機関コード", 16, r"[0-9]{16}"),
    _field("information", "特定個人情報名コード", 16, r"TM[0-9]{14}"),
    _field("condition", "照会条件区分", 1, r"[12]"),
    _field("fiscal_year", "照会年度区分", 1, r"[0-2]"),
    _field("start", "開始日", 8, r"[0-9]{8}| {8}"),
    _field("end", "終了日", 8, r"[0-9]{8}| {8}"),
)
LINE_WIDTH: Final = sum(field.width for field in FIELDS) + len(FIELDS) - 1


class Line(NamedTuple):
    """One inquiry of a file. Texts are without their padding; None stands for blank."""

    numbering: str
    person_number: int
    unified_number: int | None
    requested_at: datetime
    """Without time zone, as it stands there: Japan's time, to the millisecond."""
    department: str
    user: str
    inquirer: str
    withheld: bool
    affair: str
    procedure: str
    inquirer_delegator: str | None
    provider_delegator: str | None
    provider: str
    information: str
    condition: int
    fiscal_year: int
    start: date | None
    end: date | None

    @property
    def person(self) -> int:
        """The number by which the intermediate server knows the person: the unified one where there is one."""
        return self.person_number if self.unified_number is None else self.unified_number


class Malformed(NamedTuple):
    """Where a file is wrong, counted from 1, and what is wrong there. Column and field are None for a whole line."""

    line: int
    column: int | None
    field: str | None
    reason: str

    def __str__(self) -> str:
        place = f"{self.line}行目" + ("" if self.column is None else f"{self.column}桁目")
        return f"{place}{'' if self.field is None else f'（{self.field}）'}: {self.reason}"


def name_of(moment: datetime) -> str:
    """The name of a file that was made at this moment (Japan's time)."""
    return f"P640R110_{moment:%Y%m%d%H%M%S}"


def is_name(name: str) -> bool:
    """Whether a file may bear this name: the fixed part, and a moment that there is."""
    found = NAME.match(name)
    return found is not None and _moment(found[1] + "000") is not None


def read(content: bytes) -> tuple[Line, ...] | Malformed:
    """All lines, or the first place where the file is wrong. An empty file is wrong too."""
    if not content:
        return Malformed(1, None, None, "ファイルが空です。")
    if not content.endswith(LINE_END):
        last = content.count(LINE_END) + 1
        return Malformed(last, None, None, "行の終わりが改行（CRLF）ではありません。")
    lines: list[Line] = []
    for number, raw in enumerate(content[: -len(LINE_END)].split(LINE_END), 1):
        line = _line(number, raw)
        if isinstance(line, Malformed):
            return line
        lines.append(line)
    return tuple(lines)


def write(lines: Iterable[Line]) -> bytes:
    """The file of these inquiries. Raises ValueError for a value that does not fit its field."""
    return b"".join(_written(line) + LINE_END for line in lines)


def _line(number: int, raw: bytes) -> Line | Malformed:
    for column, byte in enumerate(raw, 1):
        if not 0x20 <= byte < 0x7F:
            return Malformed(
                number, column, _name_at(column), "使えない文字です。半角の英数字と記号だけが使えます。"
            )
    text = raw.decode("ascii")
    values: list[str] = []
    column = 1
    for place, field in enumerate(FIELDS):
        value = text[column - 1 : column - 1 + field.width]
        if len(value) < field.width:
            return Malformed(
                number,
                len(text) + 1,
                field.japanese,
                f"行が短すぎます（{LINE_WIDTH}桁のところ{len(text)}桁）。",
            )
        if not field.form.match(value):
            return Malformed(number, column, field.japanese, f"「{value}」は、この項目の形ではありません。")
        values.append(value)
        column += field.width
        if place < len(FIELDS) - 1:
            if text[column - 1 : column] != ",":
                return Malformed(number, column, field.japanese, "項目の区切り（,）がありません。")
            column += 1
    if len(text) > LINE_WIDTH:
        return Malformed(
            number, LINE_WIDTH + 1, None, f"行が長すぎます（{LINE_WIDTH}桁のところ{len(text)}桁）。"
        )
    return _meaning(number, dict(zip((field.name for field in FIELDS), values, strict=True)))


def _meaning(number: int, values: dict[str, str]) -> Line | Malformed:
    requested_at = _moment(values["requested_at"])
    if requested_at is None:
        return wrong(number, "requested_at", "この日時はありません。")
    days: dict[str, date | None] = {}
    for name in ("start", "end"):
        days[name] = _day(values[name])
        if days[name] is None and values[name].strip():
            return wrong(number, name, "この日はありません。")
    start, end = days["start"], days["end"]
    if (start is None) != (values["condition"] == "1") or (end is None) != (start is None):
        return wrong(number, "start", "照会条件区分が2のときだけ、開始日と終了日を入れてください。")
    if start is not None and end is not None and end < start:
        return wrong(number, "end", "終了日が開始日より前です。")
    return Line(
        values["numbering"],
        int(values["person_number"]),
        int(values["unified_number"]) if values["unified_number"].strip() else None,
        requested_at,
        values["department"].rstrip(),
        values["user"].rstrip(),
        values["inquirer"],
        values["withheld"] == "1",
        values["affair"],
        values["procedure"],
        values["inquirer_delegator"].strip() or None,
        values["provider_delegator"].strip() or None,
        values["provider"],
        values["information"],
        int(values["condition"]),
        int(values["fiscal_year"]),
        start,
        end,
    )


def _written(line: Line) -> bytes:
    milliseconds = line.requested_at.microsecond // 1000
    moment = line.requested_at
    texts: Sequence[str] = (
        line.numbering,
        f"{line.person_number:015d}",
        " " * 15 if line.unified_number is None else f"{line.unified_number:015d}",
        f"{moment.year:04d}{moment:%m%d%H%M%S}{milliseconds:03d}",
        line.department.ljust(20),
        line.user.ljust(20),
        line.inquirer,
        str(int(line.withheld)),
        line.affair,
        line.procedure,
        (line.inquirer_delegator or "").ljust(16),
        (line.provider_delegator or "").ljust(16),
        line.provider,
        line.information,
        str(line.condition),
        str(line.fiscal_year),
        " " * 8 if line.start is None else f"{line.start.year:04d}{line.start:%m%d}",
        " " * 8 if line.end is None else f"{line.end.year:04d}{line.end:%m%d}",
    )
    for field, text in zip(FIELDS, texts, strict=True):
        if len(text) != field.width or not field.form.match(text):
            raise ValueError(f"{field.japanese}: 「{text}」は、この項目の形ではありません。")
    return ",".join(texts).encode("ascii")


def wrong(number: int, name: str, reason: str) -> Malformed:
    """What is wrong in the field of this name of a line."""
    column = 1
    for field in FIELDS:
        if field.name == name:
            return Malformed(number, column, field.japanese, reason)
        column += field.width + 1
    raise AssertionError(name)


def _name_at(column: int) -> str | None:
    end = 0
    for field in FIELDS:
        end += field.width + 1
        if column < end:
            return field.japanese
    return None


def _moment(digits: str) -> datetime | None:
    try:
        whole = datetime.strptime(digits[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        return whole.replace(microsecond=int(digits[14:]) * 1000, tzinfo=None)
    except ValueError:
        return None


def _day(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
