"""Reading our small TOML files so that every mistake is told with its line.

The standard library's parser knows lines only for what is no TOML at all; where a table or a key stands is found again
in the text, which is enough for files that people write: headers and keys at the beginning of a line.
"""

import re
import tomllib
from collections.abc import Callable, Iterable
from math import isfinite
from pathlib import Path
from typing import Any

FILE_BYTES_MAX = 1024 * 1024

_HEADER = re.compile(r"^\s*\[(\[)?([^\[\]]+)\]")
_KEY = re.compile(r"""^\s*("[^"]*"|'[^']*'|[A-Za-z0-9_.-]+)\s*=""")
_PART = re.compile(r"""\s*("[^"]*"|'[^']*'|[A-Za-z0-9_-]+)\s*(?:\.|$)""")

Place = tuple[str | int, ...]


class TomlMistake(ValueError):
    """What is wrong in a file, where, and what to do; for people."""


class Table:
    """表: one table of a file; takes out what is asked for, and finds what nobody asked for."""

    def __init__(self, file: str, lines: dict[Place, int], place: Place, content: dict[str, Any]) -> None:
        self._file = file
        self._lines = lines
        self._place = place
        self._left = dict(content)
        self._known: list[str] = []

    def __repr__(self) -> str:
        return f"<Table {self._file} {'.'.join(map(str, self._place))}>"

    def mistake(self, what: str, key: str | None = None) -> TomlMistake:
        place = self._place if key is None else (*self._place, key)
        while place and place not in self._lines:
            place = place[:-1]
        where = f"{self._lines.get(place, 1)}行目"
        return TomlMistake(f"{self._file} の{where}: {what}")

    @property
    def keys(self) -> tuple[str, ...]:
        """What has not been taken out yet."""
        return tuple(self._left)

    def __contains__(self, key: str) -> bool:
        return key in self._left

    def _take(self, key: str) -> Any:
        self._known.append(key)
        return self._left.pop(key, None)

    def number(
        self, key: str, default: float | None = None, *, least: float = 0.0, most: float = 1e12
    ) -> float | None:
        """A number between the two; *default* when it is not there."""
        value = self._take(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise self.mistake(f"「{key}」には数を書いてください（いまは {value!r}）。", key)
        if not least <= value <= most:
            raise self.mistake(f"「{key}」は{least:g}から{most:g}までです（いまは {value:g}）。", key)
        return float(value)

    def needed(self, key: str, *, least: float = 0.0, most: float = 1e12) -> float:
        value = self.number(key, least=least, most=most)
        if value is None:
            raise self.mistake(f"「{key}」がありません。")
        return value

    def text(
        self,
        key: str,
        default: str = "",
        *,
        among: Iterable[str] = (),
        read: Callable[[str], Any] | None = None,
    ) -> str:
        """A text; one of *among*, if that is not empty; one that *read* takes without a ``ValueError``."""
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self.mistake(f'「{key}」には文字列を "…" で書いてください（いまは {value!r}）。', key)
        allowed = tuple(among)
        if allowed and value not in allowed:
            raise self.mistake(f"「{key}」に書けるのは {'、'.join(allowed)} です（いまは {value!r}）。", key)
        if read is not None:
            try:
                read(value)
            except ValueError as error:
                raise self.mistake(f"「{key}」: {error}", key) from error
        return value

    def table(self, key: str) -> "Table | None":
        value = self._take(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.mistake(f"「{key}」は表です。[{key}] の下に書いてください。", key)
        return Table(self._file, self._lines, (*self._place, key), value)

    def tables(self, key: str) -> list["Table"]:
        """The tables of ``[[key]]``."""
        value = self._take(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise self.mistake(f"「{key}」は表の並びです。[[{key}]] の下に書いてください。", key)
        return [Table(self._file, self._lines, (*self._place, key, i), each) for i, each in enumerate(value)]

    def weights(self, key: str, among: Iterable[str]) -> dict[str, float]:
        """A table of names and how much each weighs; empty when it is not there."""
        table = self.table(key)
        if table is None:
            return {}
        found: dict[str, float] = {}
        for name in among:
            if name in table:
                found[name] = table.needed(name)
        table.end(known=among)
        if not sum(found.values()) > 0:
            raise self.mistake(f"「{key}」の重みの合計が0です。1つは0より大きくしてください。", key)
        return found

    def end(self, known: Iterable[str] = ()) -> None:
        """Raises :class:`TomlMistake` for what nobody took out."""
        for key in self._left:
            able = "、".join(dict.fromkeys([*self._known, *known]))
            raise self.mistake(f"「{key}」という項目はありません。書けるのは {able} です。", key)


def read_toml(path: Path, name: str | None = None) -> Table:
    """The file's outermost table. Raises :class:`TomlMistake`, also for a file that can't be read."""
    shown = name or str(path)
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise TomlMistake(f"{shown} を読めません（{error.strerror or error}）。") from error
    if len(raw) > FILE_BYTES_MAX:
        raise TomlMistake(f"{shown} が大きすぎます（{FILE_BYTES_MAX}バイトまで）。")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise TomlMistake(f"{shown} の{line}行目: UTF-8で書いてください。") from error
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line = int(said[1]) if said else text.count("\n") + 1
        reason = re.sub(r"\s*\(at .*\)", "", str(error))
        raise TomlMistake(f"{shown} の{line}行目: TOMLとして読めません（{reason}）。") from error
    return Table(shown, _lines_of(text), (), content)


def _lines_of(text: str) -> dict[Place, int]:
    """The line of each table and key."""
    found: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    here: Place = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            here = ()
            parts = [part.strip("\"'") for part in _PART.findall(header[2])]
            for part in parts[:-1]:
                here = (*here, part)
                if here in counts:
                    here = (*here, counts[here] - 1)
                found.setdefault(here, number)
            here = (*here, *parts[-1:])
            found.setdefault(here, number)
            if header[1]:
                counts[here] = counts.get(here, 0) + 1
                here = (*here, counts[here] - 1)
                found[here] = number
        elif key := _KEY.match(line):
            parts = [part.strip("\"'") for part in _PART.findall(key[1])]
            found.setdefault((*here, *parts), number)
    return found
