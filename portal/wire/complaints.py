"""What msgspec finds wrong with a message, in Japanese: the one place that knows its English words.

What it says names types and limits; here they become words for whoever sent the message. A test goes through every
declared request and looks for English that is left.
"""

import re
from collections.abc import Callable
from typing import Final

_TYPES: Final = {
    "int": "整数",
    "float": "数",
    "str": "文字列",
    "bool": "true か false",
    "null": "null",
    "array": "配列",
    "object": "オブジェクト",
    "bytes": "バイト列（base64）",
    "date": "日付（例：2026-04-01）",
    "datetime": "日時（例：2026-04-01T09:00:00+09:00）",
    "time": "時刻（例：09:00:00）",
}
_UNITS: Final = {"str": "文字", "array": "件", "object": "項目", "bytes": "バイト"}
_BOUNDS: Final = {"<=": "以下", ">=": "以上", "<": "未満", ">": "より大きい数"}
_CHARACTERS: Final = {"[0-9]": "数字", "[0-9a-f]": "16進数（小文字）の数字"}
_NO_LINE_BREAK: Final = r"(?!\n)"
_SHAPE: Final = re.compile(
    r"\^(?P<prefix>[A-Z]*)(?P<of>\[0-9\]|\[0-9a-f\])\{(?P<least>\d+)(?:,(?P<most>\d+))?\}\$(?:\(\?!\\n\))?\Z"
)


def _type(name: str) -> str:
    return _TYPES.get(name, name)


def _types(names: str) -> str:
    return "または".join(_type(name.strip()) for name in names.split("|"))


def _pattern(quoted: str) -> str:
    """A pattern in words where it is one of ours: so many digits, perhaps behind letters."""
    pattern = quoted[1:-1].replace("\\\\", "\\")
    found = _SHAPE.match(pattern)
    if found is None:
        return f"決まった形（正規表現 {pattern.removesuffix(_NO_LINE_BREAK)}）の文字列にしてください"
    count = found["least"] if found["most"] is None else f"{found['least']}から{found['most']}"
    before = f"「{found['prefix']}」に続く" if found["prefix"] else ""
    return f"{before}{_CHARACTERS[found['of']]}{count}桁にしてください"


def _length(found: re.Match[str]) -> str:
    least, most = found["bound"] == ">=", found["count"]
    if found["type"] in ("str", "bytes") and least and most == "1":
        return "空にはできません"
    if least and most == "1":
        return "1件以上が必要です"
    return f"{most}{_UNITS.get(found['type'], '')}{'以上' if least else 'まで'}にしてください"


_TRUNCATED: Final = "Input data was truncated"
_LONE: Final = "対になっていないサロゲート（\\ud800 など）があります。文字として読めません"
_LONE_SURROGATE: Final = re.compile(
    rb"(?<!\\)(?:\\\\)*\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})(?=[^\\]|\\[^u]|\\u[0-9a-fA-F]{4})"
)
"""Half a character in a JSON text, and the text goes on behind it."""

_RULES: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]] = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"Object missing required field `(.*)`\Z", lambda m: f"項目「{m[1]}」がありません"),
        (
            r"Object contains unknown field `(.*)`\Z",
            lambda m: f"項目「{m[1]}」はありません。取り除いてください",
        ),
        (r"Expected `str` matching regex (.*)\Z", lambda m: _pattern(m[1])),
        (
            r"Expected `(?P<type>str|array|object|bytes)` of length (?P<bound><=|>=) (?P<count>\d+)\Z",
            _length,
        ),
        (
            r"Expected `array` of (?:at least )?length (\d+)(?: to (\d+))?(?:, got \d+)?\Z",
            lambda m: f"{m[1]}{f'から{m[2]}' if m[2] else ''}件にしてください",
        ),
        (
            r"Expected `array` of at most length (\d+)(?:, got \d+)?\Z",
            lambda m: f"{m[1]}件までにしてください",
        ),
        (
            r"Expected `(?:int|float)` (<=|>=|<|>) (\S+)\Z",
            lambda m: f"{m[2]}{_BOUNDS[m[1]]}にしてください",
        ),
        (r"Expected `(?:int|float)` that's a multiple of (\S+)\Z", lambda m: f"{m[1]}の倍数にしてください"),
        (
            r"Expected `datetime` with a timezone component\Z",
            lambda m: "時差（+09:00 など）を付けてください。例：2026-04-01T09:00:00+09:00",
        ),
        (r"Expected `(.*)`, got `(.*)`\Z", lambda m: f"{_types(m[1])}にしてください（{_type(m[2])}でした）"),
        (r"Expected `(.*)`\Z", lambda m: f"{_types(m[1])}にしてください"),
        (r"Invalid enum value (.*)\Z", lambda m: f"{m[1]} は選べません"),
        (r"Invalid value (.*)\Z", lambda m: f"{m[1]} は選べません"),
        (r"Invalid RFC3339 encoded date\Z", lambda m: "ない日付です。2026-04-01 の形で指定してください"),
        (
            r"Invalid RFC3339 encoded datetime\Z",
            lambda m: "ない日時です。2026-04-01T09:00:00+09:00 の形で指定してください",
        ),
        (r"Invalid RFC3339 encoded time\Z", lambda m: "ない時刻です。09:00:00 の形で指定してください"),
        (r"Invalid epoch timestamp\Z", lambda m: "ない日時です"),
        (r"Timestamp is out of range\s*\Z", lambda m: "ない日時です"),
        (r"Invalid base64 encoded string\Z", lambda m: "base64として読めません"),
        (r"(?:Integer value|Number) out of range\Z", lambda m: "数が大きすぎます"),
        (r"Input data was truncated\Z", lambda m: "途中で終わっています"),
        (
            r"JSON is malformed: .*utf-16 surrogate pair \(byte (\d+)\)\Z",
            lambda m: f"{int(m[1]) + 1}バイト目までに、{_LONE}",
        ),
        (r"JSON is malformed: .*\(byte (\d+)\)\Z", lambda m: f"{int(m[1]) + 1}バイト目が読めません"),
    )
)
_JAPANESE: Final = re.compile(r"[ぁ-んァ-ヶ一-龠]")
_UNREADABLE: Final = "形が正しくありません"


def in_words(reason: str) -> str:
    """What msgspec said, without the place, as a Japanese clause without a full stop at its end."""
    for pattern, words in _RULES:
        if (found := pattern.match(reason)) is not None:
            return words(found)
    # What one of our own types found wrong is in words already.
    return reason.removesuffix("。") if _JAPANESE.search(reason) else _UNREADABLE


def complaint(error: Exception, body: bytes = b"") -> tuple[str, str]:
    """What is wrong, in words, and where as a JSON path; ``$`` when it is the whole.

    With the *body* that was read, half a character shortly before its end is not called an end that came too early.
    """
    reason, _, where = str(error).partition(" - at `")
    if reason == _TRUNCATED and _LONE_SURROGATE.search(body):
        return _LONE, "$"
    # Of a key of an object it says ``key` in `$.fields``.
    return in_words(reason), where.rpartition("`")[0].rpartition("`")[2] or "$"
