"""A key that stands twice in one JSON object: msgspec takes the last and says nothing, so that who sent it meant something else.

What msgspec made of a message, written again, is the message itself when one of our own clients has sent it, and always
holds each key once. So only other messages have to be read a second time, by Python's own parser, which shows every key.
"""

import json
from collections import Counter
from typing import Any, NamedTuple

__all__ = ["doubled_key"]


class _Twice(NamedTuple):
    """An object in which *key* stands more than once."""

    key: str


def doubled_key(body: bytes) -> str | None:
    """Where a key stands twice in this readable message, such as ``$.copies[0].person``; None when none does."""
    found: list[_Twice] = []

    def checked(pairs: list[tuple[str, Any]]) -> Any:
        content = dict(pairs)
        if len(content) == len(pairs):
            return content
        counts = Counter(key for key, _ in pairs)
        found.append(_Twice(next(key for key in counts if counts[key] > 1)))
        return found[-1]

    whole = json.loads(body, object_pairs_hook=checked)
    if not found:
        return None
    return _place(whole) or f"$..{found[0].key}"


def _place(content: Any, where: str = "$") -> str | None:
    if isinstance(content, _Twice):
        return f"{where}.{content.key}"
    inside: Any = ()
    if isinstance(content, dict):
        inside = ((f"{where}.{key}", value) for key, value in content.items())
    elif isinstance(content, list):
        inside = ((f"{where}[{number}]", value) for number, value in enumerate(content))
    return next((place for name, value in inside if (place := _place(value, name)) is not None), None)
