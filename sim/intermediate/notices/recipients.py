"""宛先ファイル: read as it comes, a part at a time, in memory of one part; CSV and JSON lines. No I/O.

Between two parts all that is to be remembered is :class:`Progress`. A mistake is named by its line and column, both
from 1: of a CSV file the column of the table, of JSON lines the byte.
"""

import csv
import re
from collections.abc import Callable
from typing import Final

import msgspec

from portal.wire.complaints import complaint
from portal.wire.limits import NOTICES_IN_BATCH_MAX
from portal.wire.notice_sending import Mistake, RecipientsFormat
from portal.wire.notices import OwnPart
from portal.wire.texts import with_line_feeds
from sim.intermediate.notices.model import wrong_own_part

LINE_BYTES_MAX: Final = 32 * 1024
MISTAKES_KEPT_MAX: Final = 20
CHUNK_BYTES_MAX: Final = 768 * 1024
"""Of the words for single recipients in one batch, so that it fits into one message."""
HEADINGS: Final[dict[str, str]] = {
    "宛名番号": "person", "person": "person",
    "件名": "title", "title": "title",
    "本文": "text", "text": "text",
    "支払いURL": "payment_url", "payment_url": "payment_url",
}  # fmt: skip
JAPANESE: Final = {"person": "宛名番号", "title": "件名", "text": "本文", "payment_url": "支払いURL"}
_NUMBER: Final = re.compile(r"[0-9]{1,15}\Z")
_BOM: Final = b"\xef\xbb\xbf"


class Recipient(msgspec.Struct, frozen=True, array_like=True):
    """One line: whom, and what is for this person alone."""

    person: int
    own: OwnPart | None = None


class Progress(msgspec.Struct, frozen=True, array_like=True):
    """How far a file was read."""

    line: int = 0
    """Whole lines so far."""
    rest: bytes = b""
    """Of a line that has not ended."""
    columns: tuple[str, ...] = ()
    """Of a CSV file, once its heading was read."""
    mistakes: int = 0
    first_mistakes: tuple[Mistake, ...] = ()


class _Json(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    person: int
    title: str | None = None
    text: str | None = None
    payment_url: str | None = None


_json = msgspec.json.Decoder(_Json)


class _Wrong(Exception):
    def __init__(self, column: int | None, field: str | None, reason: str) -> None:
        super().__init__(reason)
        self.column, self.field, self.reason = column, field, reason


class Reader:
    """Reads the next part of a file.

    *not_ours* tells what is wrong with a number as a recipient's, *number_of* what else names a person.
    """

    def __init__(
        self,
        form: RecipientsFormat,
        progress: Progress,
        not_ours: Callable[[int], str | None],
        number_of: Callable[[str], int | None] = lambda text: None,
    ) -> None:
        self._is_csv = form is RecipientsFormat.CSV
        self._line = progress.line
        self._rest = progress.rest
        self._columns = progress.columns
        self._mistakes = progress.mistakes
        self._first = list(progress.first_mistakes)
        self._first_line = progress.line + 1
        """Of the record at hand: within quotes it may go over several."""
        self._not_ours = not_ours
        self._number_of = number_of
        self._lines: list[int] = []
        """Where each of the recipients stands that this reader has found."""
        self._alone = progress.columns == ("person",)

    def __repr__(self) -> str:
        return f"Reader(line={self._line}, mistakes={self._mistakes})"

    @property
    def progress(self) -> Progress:
        return Progress(self._line, self._rest, self._columns, self._mistakes, tuple(self._first))

    def feed(self, part: bytes) -> list[Recipient]:
        """The recipients of the lines that end in this part."""
        lines = (self._rest + part).split(b"\n")
        self._rest = lines.pop()
        found: list[Recipient] = []
        held = b""
        for number, raw in enumerate(lines):
            if held:
                raw = held + b"\n" + raw
                held = b""
            if self._is_csv and b'"' in raw and raw.count(b'"') % 2 and len(raw) <= LINE_BYTES_MAX:
                # A line break within quotes: the line goes on.
                held = raw
                if number == len(lines) - 1:
                    self._rest = held + b"\n" + self._rest
                continue
            self._take(raw.removesuffix(b"\r"), found)
        if len(self._rest) > LINE_BYTES_MAX:
            self._first_line = self._line + 1
            self._note(_Wrong(None, None, f"1行は{LINE_BYTES_MAX}バイトまでです。"))
            self._rest = b""
        return found

    def end(self) -> list[Recipient]:
        """The file has ended: its last line may lack its end."""
        found: list[Recipient] = []
        rest, self._rest = self._rest, b""
        if rest.strip():
            self._take(rest.removesuffix(b"\n").removesuffix(b"\r"), found)
        elif self._line == 0:
            self._note(_Wrong(None, None, "ファイルが空です。"))
        return found

    def without(self, again: list[int], found: list[Recipient]) -> list[Recipient]:
        """All that this reader has found but those at these places, which the file has named before: mistakes."""
        if not again:
            return found
        column = self._columns.index("person") + 1 if self._is_csv else None
        for place in again:
            self._first_line = self._lines[place]
            self._note(_Wrong(column, "person", "この人は、前の行にもあります。1人1行にしてください。"))
        left_out = frozenset(again)
        return [each for place, each in enumerate(found) if place not in left_out]

    def _take(self, raw: bytes, found: list[Recipient]) -> None:
        self._first_line = self._line + 1
        self._line += 1 + raw.count(b"\n")
        try:
            if self._alone and raw.isdigit() and len(raw) <= 15:
                person = int(raw)
                if (reason := self._not_ours(person)) is not None:
                    raise _Wrong(1, "person", reason)
                found.append(Recipient(person))
                self._lines.append(self._first_line)
                return
            recipient = self._csv(raw) if self._is_csv else self._json(raw)
            if recipient is not None:
                found.append(recipient)
                self._lines.append(self._first_line)
        except _Wrong as wrong:
            self._note(wrong)

    def _note(self, wrong: _Wrong) -> None:
        self._mistakes += 1
        if len(self._first) < MISTAKES_KEPT_MAX or self._first_line < self._first[-1].line:
            field = None if wrong.field is None else JAPANESE.get(wrong.field, wrong.field)
            self._first.append(Mistake(self._first_line, wrong.column, field, wrong.reason))
            self._first.sort(key=lambda each: each.line)
            del self._first[MISTAKES_KEPT_MAX:]

    def _csv(self, raw: bytes) -> Recipient | None:
        if self._first_line == 1:
            raw = raw.removeprefix(_BOM)
        text = _decoded(raw)
        if '"' in text:
            try:
                cells = next(csv.reader([text], strict=True))
            except (csv.Error, StopIteration) as error:
                raise _Wrong(None, None, '「"」の使い方を直してください。') from error
        else:
            cells = text.split(",")
        if not self._columns:
            self._heading(cells)
            return None
        if not text:
            raise _Wrong(None, None, "空の行です。取り除いてください。")
        if len(cells) != len(self._columns):
            place = min(len(cells), len(self._columns)) + 1
            raise _Wrong(place, None, f"見出しは{len(self._columns)}列ですが、この行は{len(cells)}列です。")
        given = dict(zip(self._columns, cells, strict=True))
        number = given.pop("person").strip()
        person = int(number) if _NUMBER.match(number) else self._number_of(number)
        if person is None:
            raise self._at("person", "15桁までの数字で入れてください。")
        words = {name: with_line_feeds(text) for name, text in given.items() if text}
        return self._recipient(person, words, self._at)

    def _heading(self, cells: list[str]) -> None:
        columns: list[str] = []
        for place, cell in enumerate(cells, 1):
            name = HEADINGS.get(cell.strip())
            if name is None or name in columns:
                said = (
                    "同じ見出しが二つあります。"
                    if name
                    else "見出しにできるのは、宛名番号・件名・本文・支払いURLです。"
                )
                self._columns = ("person",)
                raise _Wrong(place, None, said)
            columns.append(name)
        self._columns = tuple(columns)
        self._alone = self._columns == ("person",)
        if "person" not in columns:
            self._columns = ("person",)
            raise _Wrong(1, "person", "見出しに「宛名番号」がありません。")

    def _at(self, name: str, reason: str) -> _Wrong:
        return _Wrong(self._columns.index(name) + 1, name, reason)

    def _json(self, raw: bytes) -> Recipient:
        if not raw.strip():
            raise _Wrong(None, None, "空の行です。取り除いてください。")
        if self._first_line == 1:
            raw = raw.removeprefix(_BOM)
        if len(raw) > LINE_BYTES_MAX:
            raise _Wrong(None, None, f"1行は{LINE_BYTES_MAX}バイトまでです。")
        try:
            row = _json.decode(raw)
        except msgspec.ValidationError as error:
            field = re.search(r"\$\.(\w+)", str(error))
            name = field[1] if field else None
            at = None if name is None else raw.find(f'"{name}"'.encode()) + 1 or None
            raise _Wrong(at, name, f"項目の内容を直してください。{complaint(error)[0]}。") from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            place = re.search(r"\(byte (\d+)\)", str(error))
            column = int(place[1]) + 1 if place else None
            raise _Wrong(column, None, f"JSONとして読み取れません（{complaint(error)[0]}）。") from error
        words = {
            name: with_line_feeds(text)
            for name in ("title", "text", "payment_url")
            if (text := getattr(row, name)) is not None
        }
        return self._recipient(
            row.person, words, lambda name, reason: _Wrong(raw.find(f'"{name}"'.encode()) + 1, name, reason)
        )

    def _recipient(
        self, person: int, words: dict[str, str], wrong: Callable[[str, str], _Wrong]
    ) -> Recipient:
        if (reason := self._not_ours(person)) is not None:
            raise wrong("person", reason)
        if not words:
            return Recipient(person)
        try:
            own = msgspec.convert(words, OwnPart)
        except msgspec.ValidationError as error:
            field = re.search(r"\$\.(\w+)", str(error))
            name = field[1] if field else next(iter(words))
            raise wrong(name, f"長さを直してください。{complaint(error)[0]}。") from error
        mistake = wrong_own_part(own)
        if mistake is not None:
            raise wrong(*mistake)
        return Recipient(person, own)


def chunks_of(recipients: list[Recipient]) -> list[list[Recipient]]:
    """In batches that each fit into one message."""
    found: list[list[Recipient]] = []
    chunk: list[Recipient] = []
    size = 0
    for recipient in recipients:
        own = recipient.own
        more = 0 if own is None else len(own.text or "") * 4 + len(own.title or "") * 4 + 2_000
        if chunk and (len(chunk) == NOTICES_IN_BATCH_MAX or size + more > CHUNK_BYTES_MAX):
            found.append(chunk)
            chunk, size = [], 0
        chunk.append(recipient)
        size += more
    if chunk:
        found.append(chunk)
    return found


def _decoded(raw: bytes) -> str:
    if len(raw) > LINE_BYTES_MAX:
        raise _Wrong(None, None, f"1行は{LINE_BYTES_MAX}バイトまでです。")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        column = raw[: error.start].count(b",") + 1
        raise _Wrong(column, None, "UTF-8の文字ではありません。UTF-8で保存してください。") from error
