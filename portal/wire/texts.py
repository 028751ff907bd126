"""What written words may hold when they cross a border: every script and emoji, nothing that hides or turns text around."""

import re
import unicodedata
from typing import Final

_JOINERS: Final = "\u200c\u200d"
"""Invisible, but parts of words in some scripts and of many emoji."""
_TAGS: Final = range(0xE0020, 0xE0080)
"""In the flags of England, Scotland and Wales."""
_REFUSED: Final = frozenset(["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"])
_LOOKS_BLANK: Final = frozenset(
    "\u2800\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
)
"""Letters and marks by their category, and nothing to be seen; the last ones only choose a form of what stands before."""
_PLAIN: Final = re.compile(r"[\x20-\x7e\u3000-\u303e\u3041-\u3096\u3099-\u30ff\u4e00-\u9fff\uff01-\uff9f]*\Z")
"""What nearly all of our texts consist of; they need no closer look."""
_URL: Final = re.compile(r"https?://[A-Za-z0-9.\-]{1,253}(?::[0-9]{1,5})?(?:/[!-~]*)?\Z")


def forbidden_in(text: str, *, lines: bool) -> int | None:
    """The place of the first character that may not stand there, counted from 0; None when all may.

    With *lines* line feeds and tabs may stand there too.
    """
    if _PLAIN.match(text):
        return None
    for place, character in enumerate(text):
        if lines and character in "\n\t":
            continue
        if character in _JOINERS or ord(character) in _TAGS:
            continue
        if unicodedata.category(character) in _REFUSED:
            return place
    return None


def is_blank(text: str) -> bool:
    """Whether nobody would see anything of it: blanks of every width, and what only looks blank (Hangul fillers, empty Braille)."""
    return all(
        character.isspace() or character in _LOOKS_BLANK or unicodedata.category(character) in ("Cf", "Zs")
        for character in text
    )


def is_web_address(text: str) -> bool:
    """``http`` or ``https``, with a host, without a user or password, in ASCII."""
    return _URL.match(text) is not None


def with_line_feeds(text: str) -> str:
    """Line ends of every kind as line feeds."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
