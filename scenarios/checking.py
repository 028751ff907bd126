"""How a scenario says what it expects: each check raises :class:`Mismatch` with what was expected and what was seen."""

from typing import Any, TypeVar

from portal.links.link import Unreachable
from portal.wire.problems import Problem, ProblemCode

T = TypeVar("T")


class Mismatch(AssertionError):
    """期待と違う結果."""

    def __init__(self, what: str, expected: object, seen: object) -> None:
        self.what = what
        self.expected = described(expected)
        self.seen = described(seen)
        super().__init__(f"{what}: 期待は {self.expected}、実際は {self.seen}")


def described(value: object) -> str:
    """In words that a report can show."""
    match value:
        case str():
            return value
        case Problem(code=code, status=status, detail=detail):
            return f"問題 {code}（{status}）「{detail}」"
        case Unreachable(reason=reason):
            return f"回答なし（{reason}）"
        case _:
            return repr(value)


def answered(outcome: Any, kind: type[T], what: str) -> T:
    """The outcome, which must be an answer of this kind."""
    if not isinstance(outcome, kind):
        raise Mismatch(what, kind.__name__, outcome)
    return outcome


def refused(outcome: Any, code: ProblemCode, what: str) -> Problem:
    """The outcome, which must be a problem of this code."""
    if not isinstance(outcome, Problem) or outcome.code is not code:
        raise Mismatch(what, f"問題 {code}", outcome)
    return outcome


def equal(seen: Any, expected: Any, what: str) -> None:
    if seen != expected:
        raise Mismatch(what, expected, seen)


def holds(condition: bool, what: str, *, expected: object, seen: object) -> None:
    """For what is no equality."""
    if not condition:
        raise Mismatch(what, expected, seen)
