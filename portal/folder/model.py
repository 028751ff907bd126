"""利用者フォルダー: disclosure requests and what came of them. The rules, apart from storage.

A request (開示請求) is the same thing for records and for self-information: it is accepted, handed over to the
network, answered now or later, or it ends with guidance. :data:`TRANSITIONS` is its whole life.

What else may lie in a folder one day has another life; what all kinds share is :class:`Described`, by which the folder's
page names a thing without knowing its kind.
"""

from enum import StrEnum
from typing import NamedTuple

import msgspec

from portal.wire.limits import UNREAD_KEPT_YEARS
from portal.wire.moments import add_years
from portal.wire.problems import ProblemCode
from portal.wire.records import RequestState


class Kind(StrEnum):
    RECORDS = "records"
    """情報提供等記録"""
    SELF_INFORMATION = "self_information"
    """自己情報"""


class State(StrEnum):
    """Where a request is."""

    ASKING = "asking"
    """Accepted and written down; nobody has taken it yet."""
    HANDED_OVER = "handed_over"
    """The network has taken it and owes the answer."""
    ANSWERED = "answered"
    REFUSED = "refused"
    PAPER = "paper"
    WITHHELD = "withheld"
    NOT_HELD = "not_held"
    UNANSWERED = "unanswered"
    """Nobody answered in time."""


class Event(StrEnum):
    """What can happen to a request."""

    TAKEN = "taken"
    """The network will answer later."""
    ANSWER = "answer"
    """The answer is here, at once or late."""
    REFUSAL = "refusal"
    NOT_ELECTRONIC = "not_electronic"
    """The holder answers on paper only (SELF-5)."""
    WITHHOLDING = "withholding"
    """The holder withholds all of it (SELF-9)."""
    ABSENCE = "absence"
    """The holder has none."""
    DEADLINE = "deadline"
    """Nobody answered in time."""


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.ASKING, Event.TAKEN): State.HANDED_OVER,
    (State.ASKING, Event.ANSWER): State.ANSWERED,
    (State.ASKING, Event.REFUSAL): State.REFUSED,
    (State.ASKING, Event.NOT_ELECTRONIC): State.PAPER,
    (State.ASKING, Event.WITHHOLDING): State.WITHHELD,
    (State.ASKING, Event.ABSENCE): State.NOT_HELD,
    (State.ASKING, Event.DEADLINE): State.UNANSWERED,
    (State.HANDED_OVER, Event.TAKEN): State.HANDED_OVER,
    (State.HANDED_OVER, Event.ANSWER): State.ANSWERED,
    (State.HANDED_OVER, Event.REFUSAL): State.REFUSED,
    (State.HANDED_OVER, Event.NOT_ELECTRONIC): State.PAPER,
    (State.HANDED_OVER, Event.WITHHOLDING): State.WITHHELD,
    (State.HANDED_OVER, Event.ABSENCE): State.NOT_HELD,
    (State.HANDED_OVER, Event.DEADLINE): State.UNANSWERED,
    # Nobody had answered in time, or the holder has thought better of it: an answer that comes all the same is welcome.
    (State.UNANSWERED, Event.ANSWER): State.ANSWERED,
    (State.UNANSWERED, Event.NOT_ELECTRONIC): State.PAPER,
    (State.UNANSWERED, Event.WITHHOLDING): State.WITHHELD,
    (State.UNANSWERED, Event.ABSENCE): State.NOT_HELD,
    (State.PAPER, Event.ANSWER): State.ANSWERED,
    (State.WITHHELD, Event.ANSWER): State.ANSWERED,
    (State.NOT_HELD, Event.ANSWER): State.ANSWERED,
}
"""All that is not here changes nothing: a second answer, a refusal after an answer."""

OPEN_STATES = frozenset([State.ASKING, State.HANDED_OVER])

SHOWN_AS: dict[str, RequestState] = {
    State.ASKING: RequestState.WAITING,
    State.HANDED_OVER: RequestState.WAITING,
    State.ANSWERED: RequestState.ANSWERED,
    State.REFUSED: RequestState.REFUSED,
    State.PAPER: RequestState.PAPER,
    State.WITHHELD: RequestState.WITHHELD,
    State.NOT_HELD: RequestState.NOT_HELD,
    State.UNANSWERED: RequestState.UNANSWERED,
}

ENDINGS: dict[State, Event] = {
    State.REFUSED: Event.REFUSAL,
    State.PAPER: Event.NOT_ELECTRONIC,
    State.WITHHELD: Event.WITHHOLDING,
    State.NOT_HELD: Event.ABSENCE,
    State.UNANSWERED: Event.DEADLINE,
}
"""How a request ends without an answer, and by what."""


def after(state: State, event: Event) -> State | None:
    """The state that follows, or None when this event changes nothing in this state."""
    return TRANSITIONS.get((state, event))


def sources(event: Event) -> tuple[State, ...]:
    """The states in which this event does something."""
    return tuple(state for state, of in TRANSITIONS if of is event)


class Answered(NamedTuple):
    """What asking for a request came to: the answer itself."""

    content: bytes


class Taken(NamedTuple):
    """The network owes the answer."""


class Refused(NamedTuple):
    guidance: str


class Ended(NamedTuple):
    """It came to an end without content."""

    state: State
    guidance: str


class NotNow(NamedTuple):
    """Ask again later."""

    reason: str


AskOutcome = Answered | Taken | Refused | NotNow


class Treatment(StrEnum):
    """What becomes of a request whose asking met a problem."""

    AGAIN = "again"
    """Cannot answer now: ask again later."""
    REFUSED = "refused"
    """No use in asking again."""


_FINAL: frozenset[ProblemCode] = frozenset(
    [
        ProblemCode.NOT_PERMITTED,
        ProblemCode.UNPROCESSABLE,
        ProblemCode.PERIOD_REFUSED,
        ProblemCode.TOO_LARGE,
    ]
)


def treatment(code: ProblemCode) -> Treatment:
    """Only what the law or the request itself forbids is final; all else may be better tomorrow."""
    return Treatment.REFUSED if code in _FINAL else Treatment.AGAIN


def kept_until_ms(answered_ms: int) -> int:
    """When what was not read is deleted (FLD-3)."""
    return add_years(answered_ms, UNREAD_KEPT_YEARS)


class Request(NamedTuple):
    """開示請求 as it is stored; *asked* and *content* are sealed."""

    request_id: str
    account_id: str
    kind: Kind
    state: State
    asked: bytes
    asked_ms: int
    answered_ms: int | None
    read_ms: int | None
    guidance: str | None
    content: bytes | None

    @property
    def shown_as(self) -> RequestState:
        # As it comes from the store, a state is plain text; the two are equal.
        return SHOWN_AS[self.state]

    @property
    def kept_until_ms(self) -> int | None:
        """When it is deleted; None while an answer is awaited, and for what goes at sign-out (FLD-3)."""
        is_kept = self.answered_ms is not None and self.read_ms is None
        return kept_until_ms(self.answered_ms) if is_kept and self.answered_ms is not None else None


class Described(NamedTuple):
    """What stands in the folder's list for a thing of any kind."""

    title: str
    sender: str


class Unread(NamedTuple):
    kind: str
    total: int


class Tally(NamedTuple):
    """How many requests of one kind are where."""

    kind: Kind
    waiting: int
    unread: int
    read: int
    """Gone at the next sign-out (FLD-3)."""


class Counted(msgspec.Struct, frozen=True):
    """How many answers wait to be read."""

    records: int = 0
    self_information: int = 0


GUIDANCE_PAPER = "この機関は、電子での回答をしていません。お手数ですが、情報を持っている機関の窓口へ、書面で開示を請求してください。"
GUIDANCE_UNANSWERED = (
    "期限までに回答が得られませんでした。お手数ですが、情報を持っている機関の窓口へ、書面で開示を請求してください。"
    "あとから回答が届くこともあります。"
)
GUIDANCE_REFUSED = (
    "この請求は受け付けられませんでした。内容を確かめて、もう一度請求するか、窓口にお問い合わせください。"
)
