"""One statement text for both twins: what PostgreSQL wants to be said differently.

SQL is written once (``portal.store.store``). Here parameters become ``$n``, SQLite's column types PostgreSQL's, and
``/* postgresql: … */``, which SQLite takes for a comment, becomes part of the statement.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from portal.store.store import Params

_PIECES = re.compile(
    r"""
      (?P<quoted> '(?:[^']|'')*' | "(?:[^"]|"")*" )
    | /\*\s*postgresql:(?P<ours> .*? )\*/
    | (?P<comment> /\*.*?\*/ | --[^\n]* )
    | (?P<cast> :: )
    | :(?P<name> [A-Za-z_][A-Za-z0-9_]* )
    """,
    re.VERBOSE | re.DOTALL,
)
_TYPES = {"INTEGER": "BIGINT", "BLOB": "BYTEA", "TEXT": 'TEXT COLLATE "C"'}
"""SQLite's INTEGER has 64 bits, and its TEXT sorts by bytes."""
_TYPE_NAMES = re.compile(r"\b(" + "|".join(_TYPES) + r")\b")

TEXT_FORMAT, BINARY_FORMAT = 0, 1
_INTEGER_MAX = 2**63 - 1
_ESCAPE = "\ufdd0"
"""PostgreSQL's text has no NUL; this, which is no character and never will be, stands before what stands for it."""


class Statement(NamedTuple):
    """A statement as PostgreSQL prepares it."""

    sql: str
    names: tuple[str, ...]
    """Which parameter is ``$1``, ``$2``, …"""


def statement(sql: str) -> Statement:
    """A read or an operation."""
    numbers: dict[str, int] = {}

    def put(match: re.Match[str]) -> str:
        if match["name"] is not None:
            return f"${numbers.setdefault(match['name'], len(numbers) + 1)}"
        if match["ours"] is not None:
            return _PIECES.sub(put, match["ours"])
        return match[0]

    return Statement(_PIECES.sub(put, sql), tuple(numbers))


def held(plain: Statement) -> Statement:
    """The same operation, failing with a division by zero unless it changes as many rows as its last parameter says."""
    count = len(plain.names) + 1
    return Statement(
        f"WITH done AS ({plain.sql} RETURNING 1) "  # noqa: S608 - our own statement, every value is a parameter
        f"SELECT 1 / (CASE WHEN count(*) = ${count}::bigint THEN 1 ELSE 0 END) FROM done",
        plain.names,
    )


def schema_statements(step: str) -> list[str]:
    """The statements of one step of a schema."""
    whole = statement(step).sql
    return [
        _TYPE_NAMES.sub(lambda match: _TYPES[match[0]], part) for part in whole.split(";") if part.strip()
    ]


def values(names: Sequence[str], params: Params) -> tuple[list[bytes | None], list[int]]:
    """Parameters as they are sent, and each one's format. Raises what a statement's author did wrong."""
    sent: list[bytes | None] = []
    formats: list[int] = []
    for name in names:
        value = params[name]
        if isinstance(value, str):
            if "\0" in value or _ESCAPE in value:
                value = value.replace(_ESCAPE, _ESCAPE + "1").replace("\0", _ESCAPE + "0")
            sent.append(value.encode())
            formats.append(TEXT_FORMAT)
        elif value is None:
            sent.append(None)
            formats.append(TEXT_FORMAT)
        elif isinstance(value, int):
            if not -_INTEGER_MAX - 1 <= value <= _INTEGER_MAX:
                raise OverflowError(f"{name}: {value} has more than 64 bits")
            sent.append(b"%d" % value)
            formats.append(TEXT_FORMAT)
        elif isinstance(value, bytes | bytearray | memoryview):
            sent.append(bytes(value))
            formats.append(BINARY_FORMAT)
        elif isinstance(value, float):
            sent.append(repr(value).encode())
            formats.append(TEXT_FORMAT)
        else:
            raise TypeError(f"{name}: {type(value).__name__} can't be stored")
    return sent, formats


def text_back(value: object) -> object:
    """A value as it was given to :func:`values`."""
    if isinstance(value, str) and _ESCAPE in value:
        return value.replace(_ESCAPE + "0", "\0").replace(_ESCAPE + "1", _ESCAPE)
    return value
