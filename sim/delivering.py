"""Pushing an answer until it is taken: what a peer's answer means for an outbox row, by one table.

Network and intermediate servers promise their answers; the promise ends when the answer was taken, when the one who
asked no longer knows of the request, or when :data:`ASKING_AGAIN_DAYS_MAX` days have passed without any success (by
then the portal has guided the user to paper).
"""

from enum import StrEnum
from typing import Final

from portal.links.link import Unreachable
from portal.wire.limits import ASKING_AGAIN_DAYS_MAX
from portal.wire.moments import DAY
from portal.wire.problems import Problem, ProblemCode

GIVE_UP_MS: Final = ASKING_AGAIN_DAYS_MAX * DAY


class Pushed(StrEnum):
    """What came of one attempt."""

    TAKEN = "taken"
    DECLINED = "declined"
    """The receiver does not know the request (any more): there is nobody to answer."""
    AGAIN = "again"
    GIVEN_UP = "given_up"
    """Tried for as long as anybody waits."""


_FINAL: Final = frozenset([ProblemCode.NOT_FOUND, ProblemCode.TOO_LARGE, ProblemCode.UNPROCESSABLE])
"""Asking again with the same words can't change these."""


def pushed(outcome: object, *, put_ms: int, now_ms: int) -> Pushed:
    """What this outcome of a call means for an answer that was promised at *put_ms*."""
    if not isinstance(outcome, (Problem, Unreachable)):
        return Pushed.TAKEN
    if isinstance(outcome, Problem) and outcome.code in _FINAL:
        return Pushed.DECLINED
    return Pushed.GIVEN_UP if now_ms - put_ms > GIVE_UP_MS else Pushed.AGAIN


def reason_of(outcome: object) -> str:
    """For the log."""
    if isinstance(outcome, Problem):
        return str(outcome.code)
    if isinstance(outcome, Unreachable):
        return str(outcome.reason)
    return "ok"
