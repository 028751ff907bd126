"""What an owner does, in the reference model: acts in one order, and what breaks a rule.

An act has a beginning and an end in the order of all acts of a run; what overlaps may have happened either way.
"""

from dataclasses import dataclass
from typing import NamedTuple

NEVER = 1 << 60
DAY_MS = 86_400_000


class Wrong(NamedTuple):
    """What breaks the deck's rules: which rule, what was expected, what was seen."""

    rule: str
    expected: str
    seen: str


@dataclass(slots=True)
class Act:
    """Something that an owner did; its effect lies between beginning and end, if it had one."""

    began: int
    ended: int = NEVER
    is_certain: bool = False
